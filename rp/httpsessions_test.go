package rp_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/rp"
)

// What the cookie layer keeps while a session starts is kept together with the session, or neither is, and the passkey can be
// tried again.
func TestCookieAndSessionAreKeptTogether(t *testing.T) {
	p := newLab(t).signedIn("mia")
	d := newDevice(appAndroid)
	made := p.register(d)
	h := p.HTTPSessions()
	before := len(must(p.Sessions(p.ctx, p.user.ID)))
	options, err := p.BeginSignIn(p.ctx, rp.SignInStart{Binding: "b"})
	if err != nil {
		t.Fatal(err)
	}
	in := rp.SignInResponse{Binding: "b", Body: d.get(t, optionsJSON(t, options), made)}
	broken := errors.New("broken")
	in.Started = func(ctx context.Context, _ *rp.SignedIn) error {
		return errors.Join(h.CommitCtx(ctx, "cookie", []byte("data"), time.Time{}), broken)
	}
	if _, err := p.FinishSignIn(p.ctx, in); !errors.Is(err, broken) {
		t.Fatalf("got %v, want the error of Started", err)
	}
	if _, found, err := h.Find("cookie"); found || err != nil {
		t.Errorf("the cookie is kept without its session: %v", err)
	}
	if got := len(must(p.Sessions(p.ctx, p.user.ID))); got != before {
		t.Errorf("%d sessions, want %d: one is kept without its cookie", got, before)
	}
	in.Started = func(ctx context.Context, in *rp.SignedIn) error {
		return errors.Join(h.DeleteCtx(ctx, "old"), h.CommitCtx(ctx, "cookie", []byte(in.Session.ID), time.Time{}))
	}
	signedIn, err := p.FinishSignIn(p.ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	if data, found, err := h.Find("cookie"); !found || err != nil || string(data) != signedIn.Session.ID {
		t.Errorf("the cookie's data is %q, %v", data, err)
	}
}
