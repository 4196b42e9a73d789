package lab

import (
	"context"
	"encoding/hex"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/harness/dialog"
	"github.com/passkeylab/passkeylab/virtualauth/hybrid/tunnel"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

// bound ends a test that would hang for ever; nothing is measured by it.
func bound(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// eventually polls until what holds is true.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for ctx := bound(t); !holds(); {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("did not happen in a minute: %s", what)
		}
	}
}

// raiseReach raises a stage with a phone, on a page of its relying party.
func raiseReach(t *testing.T, l *Lab, id string) *Stage {
	t.Helper()
	s, err := l.Raise(t.Context(), StageOptions{ID: id, Hybrid: true})
	t.Cleanup(func() { // a stage may be closed twice
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Reach.Phone.Change(func(s *phone.Settings) { *s = phone.Android() }); err != nil {
		t.Fatal(err)
	}
	// The sign-in page would ask for a passkey of its own.
	if err := s.Page.Goto(bound(t), s.Origin+"/help/faq"); err != nil {
		t.Fatal(err)
	}
	return s
}

// asks lets the page ask for a new passkey on a phone; window.learned will be what it learns.
func asks(t *testing.T, s *Stage) {
	t.Helper()
	evaluate(t, s, `(() => {
		const stop = new AbortController();
		window.giveUp = () => stop.abort();
		const hex = (id) => Array.from(new Uint8Array(id), (b) => b.toString(16).padStart(2, "0")).join("");
		window.learned = navigator.credentials.create({signal: stop.signal, publicKey: {
			rp: {name: "Larkspur"}, challenge: new Uint8Array(32), hints: ["hybrid"],
			user: {id: crypto.getRandomValues(new Uint8Array(16)), name: "mia", displayName: "Mia"},
			pubKeyCredParams: [{type: "public-key", alg: -7}],
			authenticatorSelection: {residentKey: "required", userVerification: "required", authenticatorAttachment: "cross-platform"},
		}}).then((made) => hex(made.rawId), (refusal) => refusal.name);
		return "";
	})()`)
}

// learns waits for what became of the page's request: the id of a passkey in hexadecimal digits, or the name of an exception.
func learns(t *testing.T, s *Stage) string {
	t.Helper()
	return evaluate(t, s, `window.learned`)
}

// givesUp lets the page abort its request.
func givesUp(t *testing.T, s *Stage) {
	t.Helper()
	evaluate(t, s, `(window.giveUp(), "")`)
}

func evaluate(t *testing.T, s *Stage, expression string) (text string) {
	t.Helper()
	if err := s.Page.Evaluate(bound(t), expression, &text); err != nil {
		t.Fatal(err)
	}
	return text
}

// scans lets a person point the phone's camera at the browser's window. The channel gets what came of it.
func scans(t *testing.T, s *Stage, mia phone.Person) <-chan phone.Outcome {
	t.Helper()
	ctx, came := bound(t), make(chan phone.Outcome, 1)
	go func() {
		outcome, err := mia.Scan(ctx, s.Reach.Phone, s.Reach.Camera())
		if err != nil {
			t.Error(err)
		}
		came <- outcome
	}()
	return came
}

// shows waits until the phone shows a screen.
func shows(t *testing.T, s *Stage, screen phone.Screen) {
	t.Helper()
	ctx, view := bound(t), s.Reach.Phone.View()
	for view.Screen != screen {
		var err error
		if view, err = s.Reach.Phone.Await(ctx, view.Revision); err != nil {
			t.Fatalf("the phone shows %s, want %s: %v", view.Screen, screen, err)
		}
	}
}

// arrives waits until the browser's dialog comes to a step.
func arrives(t *testing.T, s *Stage, step dialog.Step) {
	t.Helper()
	if _, err := s.Reach.Dialog.AwaitState(bound(t), step); err != nil {
		t.Fatal(err)
	}
}

// holds reports whether the phone holds the passkey of a ceremony, and nothing else that it did not hold before.
func holds(t *testing.T, s *Stage, before int, id string) {
	t.Helper()
	held := s.Reach.Phone.Passkeys()
	if id == "" && len(held) != before {
		t.Errorf("the phone holds %d passkeys, want %d as before", len(held), before)
	}
	if id != "" && (len(held) != before+1 || hex.EncodeToString(held[before].ID) != id) {
		t.Errorf("the phone holds %d passkeys, want %d and the last one to be %q", len(held), before+1, id)
	}
}

// succeeds carries out a whole ceremony, in which nothing goes wrong.
func succeeds(t *testing.T, s *Stage) {
	t.Helper()
	before := len(s.Reach.Phone.Passkeys())
	asks(t, s)
	outcome := <-scans(t, s, phone.Person{})
	if outcome.Err != nil || !outcome.Sent {
		t.Fatalf("the next ceremony failed on the phone: %+v", outcome)
	}
	holds(t, s, before, learns(t, s))
	arrives(t, s, dialog.Closed)
}

// spoils sets the faults of the tunnel server, and undoes them when the test ends.
func spoils(t *testing.T, s *Stage, faults tunnel.Faults) {
	t.Helper()
	set := func(faults tunnel.Faults) {
		if err := s.Reach.Tunnel.SetFaults(faults); err != nil {
			t.Error(err)
		}
	}
	set(faults)
	t.Cleanup(func() { set(tunnel.Faults{}) })
}
