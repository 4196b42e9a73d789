package client_test

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"testing"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

const oldName = "https://accounts.example.org/app-id.json"

// legacy makes a credential under an AppID, as the U2F API of browsers did, and returns its key handle.
func legacy(t *testing.T, device ctap2.Transport) string {
	t.Helper()
	made, err := ctap2.MakeCredential(t.Context(), device, &ctap2.MakeCredentialRequest{
		ClientDataHash: make([]byte, 32), RP: ctap2.RelyingParty{ID: oldName}, User: ctap2.User{ID: []byte{1}, Name: "ada"},
		Parameters: []ctap2.Parameters{{Type: ctap2.PublicKey, Algorithm: cose.ES256}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b64(parsed(t, made.AuthData).Credential.ID)
}

func TestAppID(t *testing.T) {
	device := authenticator(roaming())
	c := &client.Client{Origin: origin, Device: device}
	handle, made := legacy(t, device), create(t, c, creation())
	for name, c2 := range map[string]struct {
		id, appID, hashOf, outputs string
	}{
		"a key handle of old":            {handle, oldName, oldName, `{"appid":true}`},
		"a credential of today":          {made.ID, oldName, "example.org", `{"appid":false}`},
		"an AppID that it was not for":   {made.ID, "https://example.org", "example.org", `{"appid":false}`},
		"an empty AppID, the origin":     {made.ID, "", "example.org", `{"appid":false}`},
		"a sibling of the origin's host": {handle, oldName, oldName, `{"appid":true}`},
	} {
		t.Run(name, func(t *testing.T) {
			list := []options{{"type": "public-key", "id": "AAAA"}, {"type": "public-key", "id": c2.id}}
			got := get(t, c, assertion().with("allowCredentials", list).with("extensions", options{"appid": c2.appID}))
			if hash := parsed(t, raw(t, got.Response.AuthenticatorData)).RPIDHash; got.ID != c2.id || hash != authdata.HashRPID(c2.hashOf) || got.outputs(t) != c2.outputs {
				t.Errorf("%s signed for %x with %s", got.ID, hash, got.outputs(t))
			}
		})
	}
	list := []options{{"type": "public-key", "id": handle}}
	_, err := c.Get(t.Context(), assertion().with("allowCredentials", list).json())
	rejected(t, err, client.NotAllowedError) // without the extension the key handle is a stranger
	_, err = c.Get(t.Context(), assertion().with("allowCredentials", []options{{"type": "public-key", "id": "AAAA"}}).with("extensions", options{"appid": oldName}).json())
	rejected(t, err, client.NotAllowedError)
	if got := get(t, c, assertion().with("extensions", options{"appid": oldName})); got.outputs(t) != `{"appid":false}` {
		t.Errorf("without a list %s", got.outputs(t))
	}
}

func TestAppIDExclude(t *testing.T) {
	device := authenticator(since21())
	w := &witness{Transport: device}
	c := &client.Client{Origin: origin, Device: w}
	list := []options{{"type": "public-key", "id": "AAAA"}, {"type": "public-key", "id": legacy(t, device)}}
	o := extensions(options{"appidExclude": oldName}).with("excludeCredentials", list)
	_, err := c.Create(t.Context(), o.json())
	if rejected(t, err, client.InvalidStateError); !errors.Is(err, ctap2.CredentialExcluded) || !slices.Contains(w.commands, ctap2.CommandSelection) || slices.Contains(w.commands, ctap2.CommandMakeCredential) {
		t.Errorf("%v after %v: the user must consent before the page learns", err, w.commands)
	}
	c.Device = authenticator(since21())
	if got := create(t, c, o).outputs(t); got != `{"appidExclude":true}` {
		t.Errorf("another device: %s", got)
	}
	consents := 1 // one for the credential of old, none for telling of it
	shy := virtualauth.New(since21(), virtualauth.World{Clock: clock{}, Rand: rand.Reader, User: virtualauth.UserFunc(
		func(context.Context, virtualauth.Prompt) (virtualauth.Consent, error) {
			consents--
			return virtualauth.Consent{Present: consents >= 0, Refused: consents < 0}, nil
		})})
	c.Device = shy
	list[1]["id"] = legacy(t, shy)
	_, err = c.Create(t.Context(), o.json())
	rejected(t, err, client.NotAllowedError)
}

func TestIgnoredAppIDExclude(t *testing.T) {
	device := authenticator(roaming())
	list := []options{{"type": "public-key", "id": legacy(t, device)}}
	liar := &client.Client{Origin: origin, Device: device, Misbehave: client.Misbehaviour{IgnoreExcludeList: true}}
	create(t, liar, extensions(options{"appidExclude": oldName}).with("excludeCredentials", list))
}

// On localhost pages need no https, and neither do their AppIDs; other schemes name nobody.
func TestAppIDOnLocalhost(t *testing.T) {
	for claimed, want := range map[string]string{
		"http://ada.localhost:8080/app-id.json": "", "https://ada.localhost/app-id.json": "", "ftp://ada.localhost/": client.SecurityError,
		"http://bo.localhost/": client.SecurityError, "http://localhost.evil.example/": client.SecurityError,
	} {
		c := &client.Client{Origin: "http://ada.localhost:8080", Device: authenticator(roaming())}
		_, err := c.Create(t.Context(), extensions(options{"appidExclude": claimed}).with("rp", options{"name": "x"}).json())
		if want == "" && err != nil {
			t.Errorf("%s: %v", claimed, err)
		} else if want != "" {
			rejected(t, err, want)
		}
	}
}

// Without the extension nobody is asked about AppIDs.
func TestNoAppIDNoQuestions(t *testing.T) {
	w := &witness{Transport: authenticator(roaming())}
	c := &client.Client{Origin: origin, Device: w}
	made := create(t, c, creation())
	w.commands = nil
	get(t, c, assertion().with("allowCredentials", []options{{"type": "public-key", "id": made.ID}}))
	if want := []ctap2.Command{ctap2.CommandGetInfo, ctap2.CommandGetAssertion}; !slices.Equal(w.commands, want) {
		t.Errorf("commands %v, want %v", w.commands, want)
	}
}
