package journeys

import (
	"context"
	"crypto/sha256"
	"encoding/json"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/browser/webauthn"
	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/lab"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// device is a DevTools authenticator whose requests are watched.
type device struct {
	*webauthn.Authenticator
	spy      *browser.Spy
	autofill bool // Chromium offers autofill only where the device itself keeps passkeys
}

// hasPasskeyOnThisDevice gives the window an authenticator and walks the
// wizard once, so that the authenticator and the store hold one passkey.
func (p *Person) hasPasskeyOnThisDevice(o webauthn.Options) device {
	GinkgoHelper()
	authenticator := p.plugsIn(o)
	spy := p.spiesOnCeremonies()
	p.isSignedIn()
	method := anyPasskey
	if o.Transport != webauthn.Internal {
		method = securityKey
	}
	p.addsAPasskey(method, android)
	p.findsStored(1)
	return device{Authenticator: authenticator, spy: spy, autofill: o.Transport == webauthn.Internal}
}

// signsOutAndLeaves signs out without touching the authenticator, so that the
// sign-in page's autofill request stays open, as it does until a person picks
// an entry. Touches count again afterwards.
func (p *Person) signsOutAndLeaves(d device) {
	GinkgoHelper()
	p.takesTheHandOff(d.Authenticator)
	asked := d.spy.Count("get")
	p.signsOut()
	if d.autofill {
		p.comesToFind("the page waits for autofill", func(context.Context) (any, error) { return d.spy.Count("get"), nil }, gomega.BeNumerically(">", asked))
	}
	p.does("is ready to touch the authenticator", func(ctx context.Context) error { return d.SetPresence(ctx, true) })
}

// takesTheHandOff leaves the authenticator alone: a sign-in page that opens now
// waits for autofill instead of having it answered at once.
func (p *Person) takesTheHandOff(authenticator *webauthn.Authenticator) {
	GinkgoHelper()
	p.does("takes the hand off the authenticator", func(ctx context.Context) error { return authenticator.SetPresence(ctx, false) })
}

// pressesPasskey presses the passkey button of the sign-in page that is open.
func (p *Person) pressesPasskey() {
	GinkgoHelper()
	p.sees(page.SignIn)
	p.presses("Sign in with a passkey")
}

// spoils makes the authenticator's next answers wrong in one way.
func (p *Person) spoils(d device, o webauthn.Overrides) {
	GinkgoHelper()
	p.does("has an authenticator that answers wrongly", func(ctx context.Context) error { return d.SetOverrides(ctx, o) })
}

// heldBy returns the one credential that the authenticator holds.
func (p *Person) heldBy(d device) webauthn.Credential {
	GinkgoHelper()
	var held []webauthn.Credential
	p.does("looks into the authenticator", func(ctx context.Context) error {
		var err error
		if held, err = d.Credentials(ctx); err != nil {
			return err
		}
		return holds("the authenticator's credentials", held, gomega.HaveLen(1))
	})
	return held[0]
}

// sets gives the authenticator's credential another counter; -1 means that it never counts.
func (p *Person) sets(d device, counter int64) {
	GinkgoHelper()
	id := p.heldBy(d).CredentialID
	p.does("has a passkey whose counter was changed", func(ctx context.Context) error {
		return d.SetProperties(ctx, id, webauthn.Properties{SignCount: &counter})
	})
}

// findsToldIfHere finds that the browser was told once that a passkey is unknown when it is on this very device, and never
// when it is on another one, which no signal reaches.
func (p *Person) findsToldIfHere(signals *browser.Spy, held virtualauth.Credential) {
	GinkgoHelper()
	told := unknownSignals(signals)
	if p.phone.Scope() != rp.ScopeThisDevice {
		p.finds("no device was told that it is unknown", told, gomega.BeEmpty())
		return
	}
	hash := sha256.Sum256(held.ID)
	p.finds("this device was told once", told, gomega.HaveLen(1))
	p.finds("the signal names the passkey", told[0].names(hash[:]), gomega.BeTrue())
}

// findsStoredAs finds the one stored passkey just as it was.
func (p *Person) findsStoredAs(before lab.Passkey) {
	GinkgoHelper()
	p.finds("the stored passkey is as it was", p.findsStored(1)[0], gomega.Equal(before))
}

// mediations returns the mediation of each watched call of navigator.credentials.get.
func mediations(spy *browser.Spy) []string {
	var list []string
	for _, call := range spy.Calls() {
		var args []struct{ Mediation string }
		if call.Name == "get" && json.Unmarshal(call.Args, &args) == nil && len(args) > 0 {
			list = append(list, args[0].Mediation)
		}
	}
	return list
}

// notBackedUp are the options of a device's own authenticator whose passkeys may sync and do not yet.
func notBackedUp() webauthn.Options {
	no := false
	o := webauthn.Platform()
	o.DefaultBackupState = &no
	return o
}

// backsUp makes the authenticator's credential one that has been copied elsewhere.
func (p *Person) backsUp(d device) {
	GinkgoHelper()
	id, yes := p.heldBy(d).CredentialID, true
	p.does("has a passkey that has been backed up", func(ctx context.Context) error {
		return d.SetProperties(ctx, id, webauthn.Properties{BackupEligibility: &yes, BackupState: &yes})
	})
}

// signsInOverTheAPI signs in with what a provider holds, by a client that lies as told, in a browser of its own that nobody watches.
func (p *Person) signsInOverTheAPI(in provider.Provider, lie client.Misbehaviour) *lab.Reply {
	GinkgoHelper()
	visitor, c := p.visits(), p.clientOf(in)
	c.Misbehave = lie
	var reply *lab.Reply
	p.does("signs in with the passkey in "+in.Name, func(ctx context.Context) error {
		asked, err := visitor.PostJSON(ctx, "/sign-in/options", []byte("{}"))
		if err != nil {
			return err
		}
		var options struct{ PublicKey json.RawMessage }
		if err := json.Unmarshal(asked.Body, &options); err != nil {
			return err
		}
		answer, err := c.Get(ctx, options.PublicKey)
		if err != nil {
			return err
		}
		reply, err = visitor.PostJSON(ctx, "/sign-in/verify", answer)
		return err
	})
	return reply
}
