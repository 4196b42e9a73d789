package hybrid_test

import (
	"bytes"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

type fixedClock struct{}

func (fixedClock) Now() time.Time { return moment }

// ceremonies registers a passkey and signs in with it, and returns the authenticator data of both.
func ceremonies(t *testing.T, transport ctap2.Transport) [2][]byte {
	t.Helper()
	hash := sha256.Sum256([]byte("client data"))
	made, err := ctap2.MakeCredential(t.Context(), transport, &ctap2.MakeCredentialRequest{
		ClientDataHash: hash[:], RP: ctap2.RelyingParty{ID: "login.example"}, User: ctap2.User{ID: []byte{1}, Name: "mia"},
		Parameters: []ctap2.Parameters{{Algorithm: cose.ES256, Type: ctap2.PublicKey}},
		Options:    &ctap2.Options{ResidentKey: new(true), UserVerification: new(true)},
	})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := ctap2.GetAssertion(t.Context(), transport, &ctap2.GetAssertionRequest{
		RPID: "login.example", ClientDataHash: hash[:], Options: &ctap2.Options{UserVerification: new(true)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return [2][]byte{made.AuthData, signed.AuthData}
}

// A-HYB-020: an authenticator answers by hybrid as it does in process, and its UV flag gets through.
func TestAnAuthenticatorByHybridIsTheOneInProcess(t *testing.T) {
	authenticator := func() *virtualauth.Authenticator {
		return virtualauth.New(virtualauth.Model{}, virtualauth.World{Clock: fixedClock{}, Rand: &endless{seed: 5}})
	}
	want := ceremonies(t, authenticator())
	p := newPair(t)
	remote := authenticator()
	info, err := remote.Exchange(t.Context(), []byte{byte(ctap2.CommandGetInfo)})
	if err != nil {
		t.Fatal(err)
	}
	p.info = info[1:]
	link, _ := p.mustMeet(t, remote)
	if got, err := link.Exchange(t.Context(), []byte{byte(ctap2.CommandGetInfo)}); err != nil || !bytes.Equal(got, info) {
		t.Errorf("getInfo is %x, %v", got, err)
	}
	for i, got := range ceremonies(t, link) {
		if !bytes.Equal(got, want[i]) {
			t.Errorf("the authenticator data is\n%x, not\n%x", got, want[i])
		}
		data, err := authdata.Parse(got)
		if err != nil || data.Flags&authdata.UV == 0 {
			t.Errorf("flags %v, %v", data.Flags, err)
		}
	}
}
