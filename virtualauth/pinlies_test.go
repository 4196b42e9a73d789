package virtualauth_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// Each lie about PINs and tokens is told beside the honest answer to the same question.

const pin = "2580"

var (
	toCreate = wanted{pinuv.MC, rpID}
	toSignIn = wanted{pinuv.GA, rpID}
)

// askBoth asks a question of an honest authenticator and of one that lies, and wants a status from each.
func askBoth(t *testing.T, model virtualauth.Model, m virtualauth.Misbehaviour, question func(*platform) error, honest, lying ctap2.Status) {
	t.Helper()
	for _, c := range []struct {
		name      string
		misbehave virtualauth.Misbehaviour
		want      ctap2.Status
	}{{"honest", virtualauth.Misbehaviour{}, honest}, {"lying", m, lying}} {
		t.Run(c.name, func(t *testing.T) {
			p := withPIN(t, model, pin)
			p.Misbehave = c.misbehave
			p.expect("the question", question(p), c.want)
		})
	}
}

func TestIgnorePermissions(t *testing.T) {
	askBoth(t, virtualauth.Model{}, virtualauth.Misbehaviour{IgnorePermissions: true}, func(p *platform) error {
		_, err := p.create(p.must(p.tokenByPIN(pin, toSignIn)), "ada")
		return err
	}, ctap2.PINAuthInvalid, ctap2.OK)
}

// Whatever else is ignored, a gesture serves one ceremony: the user verified flag is clear after it.
func TestIgnoredPermissionsMakeNoNewGesture(t *testing.T) {
	p := withPIN(t, virtualauth.Model{}, pin)
	p.Misbehave = virtualauth.Misbehaviour{IgnorePermissions: true}
	token := p.must(p.tokenByPIN(pin, toCreate))
	_, err := p.create(token, "ada")
	p.expect("the first", err, ctap2.OK)
	_, err = p.create(token, "bea")
	p.expect("the second", err, ctap2.PINAuthInvalid)
}

func TestIgnoreTokenRPID(t *testing.T) {
	askBoth(t, virtualauth.Model{}, virtualauth.Misbehaviour{IgnoreTokenRPID: true}, func(p *platform) error {
		_, err := p.create(p.must(p.tokenByPIN(pin, wanted{pinuv.MC, "other.example"})), "ada")
		return err
	}, ctap2.PINAuthInvalid, ctap2.OK)
}

func TestKeepPermissions(t *testing.T) {
	askBoth(t, virtualauth.Model{}, virtualauth.Misbehaviour{KeepPermissions: true}, func(p *platform) error {
		token := p.must(p.tokenByPIN(pin, toCreate))
		if _, err := p.create(token, "ada"); err != nil {
			t.Fatal(err)
		}
		_, err := p.create(token, "bea")
		return err
	}, ctap2.PINAuthInvalid, ctap2.OK)
}

func TestKeepUVRetries(t *testing.T) {
	askBoth(t, virtualauth.Model{UVRetries: 1}, virtualauth.Misbehaviour{KeepUVRetries: true}, func(p *platform) error {
		p.person.consent = onlyTouches
		_, err := p.tokenByUV(toCreate)
		p.expect("the first attempt", err, map[bool]ctap2.Status{true: ctap2.UVInvalid, false: ctap2.UVBlocked}[p.Misbehave.KeepUVRetries])
		p.person.consent = agrees
		_, err = p.tokenByUV(toCreate)
		return err
	}, ctap2.UVBlocked, ctap2.OK)
}

func TestKeepPINRetries(t *testing.T) {
	askBoth(t, virtualauth.Model{PIN: virtualauth.PINModel{Retries: 2}}, virtualauth.Misbehaviour{KeepPINRetries: true}, func(p *platform) error {
		for range 2 {
			_, _ = p.legacyToken("0000")
		}
		_, err := p.legacyToken(pin)
		return err
	}, ctap2.PINBlocked, ctap2.OK)
}

func TestNeverLockPIN(t *testing.T) {
	askBoth(t, virtualauth.Model{}, virtualauth.Misbehaviour{NeverLockPIN: true}, func(p *platform) error {
		for range 3 {
			_, _ = p.legacyToken("0000")
		}
		_, err := p.legacyToken(pin)
		return err
	}, ctap2.PINAuthBlocked, ctap2.OK)
}

func TestAcceptAnyPIN(t *testing.T) {
	askBoth(t, virtualauth.Model{}, virtualauth.Misbehaviour{AcceptAnyPIN: true}, func(p *platform) error {
		return p.changePIN(pin, "1")
	}, ctap2.PINPolicyViolation, ctap2.OK)
}

func TestIgnoreForcedChange(t *testing.T) {
	model := virtualauth.Model{Config: virtualauth.ConfigModel{SetMinPINLength: true}}
	askBoth(t, model, virtualauth.Misbehaviour{IgnoreForcedChange: true}, func(p *platform) error {
		token := p.must(p.tokenByPIN(pin, wanted{permissions: pinuv.ACFG}))
		if err := p.config(token, ctap2.SetMinPINLength, ctap2.MinPINLengthParameters{ForceChangePIN: new(true)}); err != nil {
			t.Fatal(err)
		}
		_, err := p.legacyToken(pin)
		return err
	}, ctap2.PINInvalid, ctap2.OK)
}

func TestResetAnyTime(t *testing.T) {
	askBoth(t, virtualauth.Model{}, virtualauth.Misbehaviour{ResetAnyTime: true}, func(p *platform) error {
		p.clock.Move(time.Minute)
		return ctap2.Reset(t.Context(), p)
	}, ctap2.NotAllowed, ctap2.OK)
}

func TestLiesOfThePINUVAuthProtocol(t *testing.T) {
	p := withPIN(t, virtualauth.Model{}, pin)
	key := func() []byte {
		response, err := p.call(ctap2.GetKeyAgreement, ctap2.ClientPINRequest{})
		if err != nil {
			t.Fatal(err)
		}
		return response.KeyAgreement
	}
	before := key()
	p.Misbehave.PINUV = pinuv.Misbehaviour{KeepKey: true}
	_, _ = p.legacyToken("0000")
	if !bytes.Equal(before, key()) {
		t.Error("the lie did not reach the protocol")
	}
	p.Misbehave.PINUV = pinuv.Misbehaviour{}
	_, _ = p.legacyToken("0000")
	if bytes.Equal(before, key()) {
		t.Error("the lie did not end")
	}
}
