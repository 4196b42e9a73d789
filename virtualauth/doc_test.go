package virtualauth_test

import (
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth"
)

// TestThePackageDocumentationTellsWhatThereIs compares the table in the package comment with the tables in the code.
func TestThePackageDocumentationTellsWhatThereIs(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(file.Doc.Text(), "What there is, by section of CTAP 2.3; a Model chooses from it:\n\n")
	if !found {
		t.Fatal("the package comment has no table")
	}
	table, _, _ = strings.Cut(table, "\n\n")
	var told []string
	for line := range strings.Lines(table) {
		told = append(told, strings.TrimPrefix(strings.TrimRight(line, "\n"), "\t"))
	}
	if there := virtualauth.Implemented(); !slices.Equal(told, there) {
		t.Errorf("the package comment tells\n%s\n\nwhile there is\n%s", strings.Join(told, "\n"), strings.Join(there, "\n"))
	}
}
