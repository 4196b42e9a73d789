package virtualauth

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

type stopped struct{}

func (stopped) Now() time.Time { return time.Unix(0, 0) }

// The persistent token authorizes reading, and nothing else.
func TestThePersistentTokenOnlyReads(t *testing.T) {
	a := New(Model{PIN: PINModel{Supported: true}, PersistentTokens: true},
		World{Clock: stopped{}, Rand: rand.NewChaCha8([32]byte{1})})
	token, err := a.persistentToken()
	if err != nil {
		t.Fatal(err)
	}
	message := []byte("message")
	for _, protocol := range []pinuv.Protocol{pinuv.One, pinuv.Two} {
		auth := authorization{
			protocol: new(uint(protocol)), param: protocol.Authenticate(token, message), message: message, permission: pinuv.CM, readOnly: true,
		}
		if boundTo, err := a.verifyToken(auth); err != nil || boundTo != "" {
			t.Errorf("protocol %d, to read: bound to %q, %v", protocol, boundTo, err)
		}
		auth.message = []byte("massage")
		if _, err := a.verifyToken(auth); !errors.Is(err, ctap2.PINAuthInvalid) {
			t.Errorf("protocol %d, another message: %v", protocol, err)
		}
		auth.message, auth.readOnly = message, false
		if _, err := a.verifyToken(auth); !errors.Is(err, ctap2.PINAuthInvalid) {
			t.Errorf("protocol %d, to write: %v", protocol, err)
		}
		a.settings.PersistentToken, auth.readOnly = nil, true
		if _, err := a.verifyToken(auth); !errors.Is(err, ctap2.PINAuthInvalid) {
			t.Errorf("protocol %d, without a persistent token: %v", protocol, err)
		}
		a.settings.PersistentToken = token
	}
}

// After a ceremony the token in use is good for large blobs, if it ever was, and proves nothing about the user.
func TestTheEndOfAGesture(t *testing.T) {
	a := New(Model{PIN: PINModel{Supported: true}}, World{Clock: stopped{}, Rand: rand.NewChaCha8([32]byte{1})})
	for _, protocol := range []uint{1, 2} {
		end, err := a.end(protocol)
		if err != nil {
			t.Fatal(err)
		}
		wanted := grant{permissions: pinuv.MC | pinuv.GA | pinuv.CM | pinuv.LBW, rpID: "login.example", present: true}
		if _, err := a.issue(end, wanted); err != nil {
			t.Fatal(err)
		}
		token := &end.Token
		if !token.UserPresentFlag() || !token.UserVerifiedFlag() || !token.Has(pinuv.MC|pinuv.LBW) {
			t.Errorf("protocol %d, before: %+v", protocol, token)
		}
		a.endGesture()
		if token.UserPresentFlag() || token.UserVerifiedFlag() || token.Has(pinuv.MC) || token.Has(pinuv.CM) || !token.Has(pinuv.LBW) {
			t.Errorf("protocol %d, after: %+v", protocol, token)
		}
	}
}
