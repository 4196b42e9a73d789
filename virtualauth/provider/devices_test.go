package provider_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

func newAuthenticator(m virtualauth.Model) *virtualauth.Authenticator {
	return virtualauth.New(m, virtualauth.World{Clock: still(time.Unix(1772366400, 0)), Rand: rand.NewChaCha8([32]byte{})})
}

// Each device, through a client: it registers a passkey and signs in with a verified user, once it has a PIN if it takes one. A
// U2F key, which has neither passkeys nor verification, does so as a second factor.
func TestDevicesServeAClient(t *testing.T) {
	for _, c := range []struct {
		device  provider.Provider
		pin     bool
		before  string // options that say what can be set up
		after   string
		remains uint // discoverable credentials that still fit; 0 when it does not tell
	}{
		{provider.PINSecurityKey(), true, "clientPin:false", "clientPin:true", 99},
		{provider.FingerprintSecurityKey(), true, "clientPin:false uv:false", "clientPin:true uv:false", 99},
		{provider.Laptop(), false, "uv:true", "uv:true", 0},
		{provider.SmallSecurityKey(), true, "clientPin:false", "clientPin:true", 0}, // CTAP 2.0 has no way to tell
		{provider.U2FKey(), false, "no getInfo", "no getInfo", 0},
	} {
		t.Run(c.device.Name, func(t *testing.T) {
			a := newAuthenticator(c.device.Model)
			cl := &client.Client{Origin: "https://login.example", Device: a, PIN: func(context.Context, client.PINPrompt) (string, error) { return "7315", nil }}
			if got := setUp(t, a); got != c.before {
				t.Errorf("options %s, want %s", got, c.before)
			}
			if c.pin {
				if err := cl.SetPIN(t.Context(), "7315"); err != nil {
					t.Fatal(err)
				}
			}
			signIn(t, cl, !c.device.Model.NonDiscoverableOnly)
			if got := setUp(t, a); got != c.after {
				t.Errorf("options %s, want %s", got, c.after)
			}
			info, err := ctap2.GetInfo(t.Context(), a)
			if errors.Is(err, ctap2.InvalidCommand) {
				info = new(ctap2.GetInfoResponse)
			} else if err != nil {
				t.Fatal(err)
			}
			if left := info.RemainingDiscoverable; (left == nil) != (c.remains == 0) || left != nil && *left != c.remains {
				t.Errorf("remaining %v, want %d", left, c.remains)
			}
		})
	}
}

// signIn registers and signs in, with a passkey of a verified user or with a second factor.
func signIn(t *testing.T, cl *client.Client, passkey bool) {
	t.Helper()
	selection, verification, handle := `{"residentKey":"required","userVerification":"required"}`, "required", "AA"
	if !passkey {
		selection, verification, handle = `{"userVerification":"discouraged"}`, "discouraged", ""
	}
	answer, err := cl.Create(t.Context(), fmt.Appendf(nil, `{"rp":{"name":"x"},"user":{"id":"AA","name":"ada","displayName":"Ada"},"challenge":"AA",
		"pubKeyCredParams":[{"type":"public-key","alg":-7}],"authenticatorSelection":%s,"attestation":"direct"}`, selection))
	var made, signed struct {
		ID       string
		Response struct{ UserHandle string }
	}
	if err == nil {
		err = json.Unmarshal(answer, &made)
	}
	if err != nil {
		t.Fatal(err)
	}
	allowed := "[]"
	if !passkey {
		allowed = fmt.Sprintf(`[{"type":"public-key","id":%q}]`, made.ID)
	}
	answer, err = cl.Get(t.Context(), fmt.Appendf(nil, `{"challenge":"AA","userVerification":%q,"allowCredentials":%s}`, verification, allowed))
	if err == nil {
		err = json.Unmarshal(answer, &signed)
	}
	if err != nil || signed.ID != made.ID || signed.Response.UserHandle != handle {
		t.Errorf("%s: %v", answer, err)
	}
}

// setUp are the options clientPin and uv, where they are present, or that the device does not know getInfo.
func setUp(t *testing.T, a ctap2.Transport) (text string) {
	t.Helper()
	info, err := ctap2.GetInfo(t.Context(), a)
	if errors.Is(err, ctap2.InvalidCommand) {
		return "no getInfo"
	} else if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"clientPin", "uv"} {
		if value, present := info.Options[id]; present {
			text += fmt.Sprintf(" %s:%v", id, value)
		}
	}
	return text[1:]
}

// The small one refuses what is more than it has room for, each with its status.
func TestTheSmallKeyIsSmall(t *testing.T) {
	m := provider.SmallSecurityKey().Model
	m.VerifyToCreate, m.PIN = false, virtualauth.PINModel{} // so that the limits are met without a PIN
	a := newAuthenticator(m)
	request := func(user byte) *ctap2.MakeCredentialRequest {
		return &ctap2.MakeCredentialRequest{
			ClientDataHash: make([]byte, 32), RP: ctap2.RelyingParty{ID: "login.example"}, User: ctap2.User{ID: []byte{user}, Name: "ada"},
			Parameters: []ctap2.Parameters{{Algorithm: -7, Type: ctap2.PublicKey}}, Options: &ctap2.Options{ResidentKey: new(true)},
		}
	}
	entry := ctap2.Descriptor{ID: []byte{1, 2, 3}, Type: ctap2.PublicKey}
	long, strange, large := request(1), request(1), request(1)
	long.ExcludeList = []ctap2.Descriptor{entry, entry}
	strange.Parameters[0].Algorithm = -8
	large.User.DisplayName = string(make([]byte, 1024))
	for _, step := range []struct {
		name    string
		request *ctap2.MakeCredentialRequest
		want    ctap2.Status
	}{
		{"two entries in a list", long, ctap2.LimitExceeded}, {"another algorithm", strange, ctap2.UnsupportedAlgorithm},
		{"a large message", large, ctap2.RequestTooLarge}, {"one passkey", request(1), ctap2.OK}, {"a second", request(2), ctap2.OK},
		{"a third", request(3), ctap2.KeyStoreFull},
	} {
		_, err := ctap2.MakeCredential(t.Context(), a, step.request)
		if got, _ := ctap2.StatusOf(err); got != step.want {
			t.Errorf("%s: %v, want %v", step.name, got, step.want)
		}
	}
}

func TestTheU2FKeyClaimsNothingElse(t *testing.T) {
	m := provider.U2FKey().Model
	if !slices.Equal(m.Versions, []string{"U2F_V2"}) || m.AAGUID != uuid.Nil || !m.NonDiscoverableOnly || m.PIN.Supported || len(m.Extensions) > 0 {
		t.Errorf("model %+v", m)
	}
	_, err := ctap2.GetInfo(t.Context(), newAuthenticator(m))
	if got, _ := ctap2.StatusOf(err); got != ctap2.InvalidCommand {
		t.Errorf("getInfo: %v, want INVALID_COMMAND", err)
	}
}

func TestDevicesHaveNamesOfTheirOwn(t *testing.T) {
	names, aaguids := map[string]bool{}, map[uuid.UUID]bool{}
	for _, d := range append(provider.All(), provider.Devices()...) {
		if names[d.Name] || aaguids[d.Model.AAGUID] {
			t.Errorf("%s with %v is not unique", d.Name, d.Model.AAGUID)
		}
		names[d.Name], aaguids[d.Model.AAGUID] = true, true
		if found, err := provider.ByName(d.Name); err != nil || found.Name != d.Name {
			t.Errorf("ByName(%q): %v, %v", d.Name, found.Name, err)
		}
	}
}
