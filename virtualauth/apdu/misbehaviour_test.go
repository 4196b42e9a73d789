package apdu_test

import (
	"bytes"
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/apdu"
)

// Each lie is told beside its honest twin, and the client notices the lie alone.

func TestVersion(t *testing.T) {
	for _, version := range []string{"", "FIDO_9_9"} {
		card := &apdu.Card{CTAP: &device{}, Misbehave: apdu.Misbehaviour{Version: version}}
		if _, err := (&apdu.Reader{Card: card}).Select(t.Context()); errors.Is(err, apdu.ErrNoApplet) != (version != "") {
			t.Errorf("lying %q: %v", version, err)
		}
	}
}

func TestAnswerUnselected(t *testing.T) {
	for lying, want := range map[bool]apdu.Status{false: apdu.CommandNotAllowed, true: apdu.OK} {
		card := &apdu.Card{CTAP: &device{}, Misbehave: apdu.Misbehaviour{AnswerUnselected: lying}}
		if got := talk(t, card, "80100000 01 04"); got.Status != want {
			t.Errorf("lying %v: %v", lying, got.Status)
		}
	}
}

func TestHideRest(t *testing.T) {
	for lying, want := range map[bool]int{false: 401, true: 256} {
		card := &apdu.Card{CTAP: &device{}, Misbehave: apdu.Misbehaviour{HideRest: lying}}
		reader := apdu.Reader{Card: card, Short: true}
		if _, err := reader.Select(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, err := reader.Exchange(t.Context(), make([]byte, 400)); err != nil || len(got) != want {
			t.Errorf("lying %v: %d bytes, %v", lying, len(got), err)
		}
	}
}

func TestIgnoreCancel(t *testing.T) {
	for _, lying := range []bool{false, true} {
		p := newPatience()
		card := &apdu.Card{CTAP: &device{wait: make(chan struct{})}, After: p.After, Misbehave: apdu.Misbehaviour{IgnoreCancel: lying}}
		ctx, cancel := context.WithCancel(t.Context())
		reader := apdu.Reader{Card: card, Update: func(apdu.Progress) {
			cancel()
			if lying {
				go p.ring()
			}
		}}
		if _, err := reader.Select(t.Context()); err != nil {
			t.Fatal(err)
		}
		go p.ring()
		got, err := reader.Exchange(ctx, []byte{4})
		if lying && !errors.Is(err, context.Canceled) || !lying && (err != nil || !bytes.Equal(got, []byte{cancelled})) {
			t.Errorf("lying %v: %x, %v", lying, got, err)
		}
		if err := card.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestEveryMisbehaviourIsReadOnceAndTested reads this package's source: each lie is documented with its clause, read at one
// line, and set by a test.
func TestEveryMisbehaviourIsReadOnceAndTested(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	read, set, comments := map[string]int{}, map[string]int{}, map[string]string{}
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if of, is := n.X.(*ast.SelectorExpr); is && of.Sel.Name == "Misbehave" && !strings.HasSuffix(name, "_test.go") {
					read[n.Sel.Name]++
				}
			case *ast.KeyValueExpr:
				if key, is := n.Key.(*ast.Ident); is && strings.HasSuffix(name, "_test.go") {
					set[key.Name]++
				}
			case *ast.TypeSpec:
				if n.Name.Name == "Misbehaviour" {
					for _, f := range n.Type.(*ast.StructType).Fields.List {
						comments[f.Names[0].Name] = f.Doc.Text()
					}
				}
			}
			return true
		})
	}
	if len(comments) < 4 {
		t.Fatalf("found %d misbehaviours: the walk itself is broken", len(comments))
	}
	for name, comment := range comments {
		if read[name] != 1 || set[name] == 0 {
			t.Errorf("%s is read at %d lines and set %d times by tests", name, read[name], set[name])
		}
		if !strings.HasPrefix(comment, name+" ") || !strings.Contains(comment, "CTAP 2.3 §") {
			t.Errorf("the comment of %s does not start with its name, or cites no clause", name)
		}
	}
}
