package apdu_test

import (
	"bytes"
	"context"
	"errors"
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
