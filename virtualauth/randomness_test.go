package virtualauth_test

import (
	"errors"
	"io"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// TestRandomnessThatEndsAnywhere lets the randomness of a session end at each place where it can: what needs it then fails with
// the reader's error, never with a status that a platform would believe, and everything before it has worked.
func TestRandomnessThatEndsAnywhere(t *testing.T) {
	const enough, step = 1200, 11 // bytes; no draw is shorter than 16
	ended := map[ctap2.Command]bool{}
	for length := int64(0); length <= enough; length += step {
		if failed, err := session(t, io.LimitReader(seeded(1), length)); err == nil && length < 400 {
			t.Fatalf("a session was made of %d bytes", length)
		} else if err != nil {
			ended[failed] = true
			if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%d bytes: %v: %v", length, failed, err)
			}
		}
	}
	if _, err := session(t, seeded(1)); err != nil {
		t.Errorf("with all the randomness there is: %v", err)
	}
	for _, command := range []ctap2.Command{ctap2.CommandClientPIN, ctap2.CommandMakeCredential, ctap2.CommandGetInfo} {
		if !ended[command] {
			t.Errorf("%v never ran out", command)
		}
	}
}

// session sets a PIN, tells it wrong once, changes it, gets tokens, registers, and asks for getInfo. It returns the command that
// failed and its error.
func session(t *testing.T, random io.Reader) (failed ctap2.Command, err error) {
	model := everything
	model.PIN.Supported = true
	a := virtualauth.New(model, virtualauth.World{Clock: &clock{}, Rand: random})
	p := &platform{stage: &stage{Authenticator: a, t: t}, protocol: pinuv.Two, random: seeded(2)}
	key := func() (platformKey []byte, secret *pinuv.Secret, err error) {
		response, err := p.call(ctap2.GetKeyAgreement, ctap2.ClientPINRequest{})
		if err != nil {
			return nil, nil, err
		}
		return p.protocol.Encapsulate(p.random, response.KeyAgreement)
	}
	token := func(pin string, w wanted) ([]byte, error) {
		r := w.request()
		platformKey, secret, err := key()
		if err != nil {
			return nil, err
		}
		r.KeyAgreement, r.PINHashEnc = platformKey, p.encrypt(secret, pinHash(pin))
		response, err := p.call(ctap2.GetTokenUsingPIN, r)
		if err != nil {
			return nil, err
		}
		return secret.Decrypt(response.PINUVAuthToken)
	}
	platformKey, secret, err := key()
	if err != nil {
		return ctap2.CommandClientPIN, err
	}
	newPIN := p.encrypt(secret, padded(pin))
	if _, err := p.call(ctap2.SetPIN, ctap2.ClientPINRequest{
		KeyAgreement: platformKey, NewPINEnc: newPIN, PINUVAuthParam: secret.Authenticate(newPIN),
	}); err != nil {
		return ctap2.CommandClientPIN, err
	}
	if _, err := token(wrong, toCreate); !errors.Is(err, ctap2.PINInvalid) {
		return ctap2.CommandClientPIN, err
	}
	if _, err := token(pin, wanted{permissions: pinuv.PCMR}); err != nil {
		return ctap2.CommandClientPIN, err
	}
	create, err := token(pin, toCreate)
	if err != nil {
		return ctap2.CommandClientPIN, err
	}
	if _, err := p.create(create, "ada"); err != nil {
		return ctap2.CommandMakeCredential, err
	}
	_, err = ctap2.GetInfo(t.Context(), p)
	return ctap2.CommandGetInfo, err
}
