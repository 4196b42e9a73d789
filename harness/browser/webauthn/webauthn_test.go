package webauthn_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/browser/webauthn"
)

// The one browser and the one site of this package's tests.
var (
	chromium *browser.Browser
	site     *httptest.Server
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	b, err := browser.Launch(ctx, browser.Options{Path: os.Getenv("PASSKEYLAB_BROWSER_PATH")})
	if err != nil {
		fmt.Fprintln(os.Stderr, "these tests need a real browser:", err)
		return 1
	}
	defer b.Close()
	chromium = b
	site = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<!doctype html><html lang="en"><title>site</title><p>A page.`)
	}))
	defer site.Close()
	return m.Run()
}

func limit(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// open returns a page and its environment.
func open(t *testing.T) (*browser.Page, *webauthn.Environment) {
	t.Helper()
	c, err := chromium.NewContext(limit(t), browser.ContextOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	p, err := c.NewPage(limit(t))
	if err != nil {
		t.Fatal(err)
	}
	env, err := webauthn.Enable(limit(t), p.Rod)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Goto(limit(t), strings.Replace(site.URL, "127.0.0.1", "va.localhost", 1)); err != nil {
		t.Fatal(err)
	}
	return p, env
}

func add(t *testing.T, env *webauthn.Environment, o webauthn.Options) *webauthn.Authenticator {
	t.Helper()
	a, err := env.Add(limit(t), o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// outcome is what the scripts return.
type outcome struct {
	Name, ID, AuthData, Signature string
	SignCount                     int
}

const (
	register = `navigator.credentials.create({ publicKey: { timeout: 400, rp: { name: "Site" }, user: { id: new Uint8Array([1, 2, 3]), name: "ada", displayName: "Ada" },
		challenge: new Uint8Array(32), pubKeyCredParams: [{ type: "public-key", alg: -7 }], authenticatorSelection: { residentKey: "required", userVerification: "required" } } })
		.then((c) => ({ id: c.id, authData: c.toJSON().response.authenticatorData }), (e) => ({ name: e.name }))`
	signIn = `navigator.credentials.get({ publicKey: { timeout: 400, challenge: new Uint8Array(32), userVerification: "discouraged" } })
		.then((c) => ({ id: c.id, authData: c.toJSON().response.authenticatorData, signature: c.toJSON().response.signature }), (e) => ({ name: e.name }))`
)

func do(t *testing.T, p *browser.Page, script string) outcome {
	t.Helper()
	var out outcome
	if err := p.Evaluate(limit(t), script, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// flags returns the flags byte of authenticator data (WebAuthn L3 §6.1).
func (o outcome) flags(t *testing.T) byte {
	t.Helper()
	data, err := base64.RawURLEncoding.DecodeString(o.AuthData)
	if err != nil || len(data) < 37 {
		t.Fatalf("%+v: %v", o, err)
	}
	return data[32]
}

const up, uv, be, bs = 1 << 0, 1 << 2, 1 << 3, 1 << 4

func TestCredentialsAndTheirProperties(t *testing.T) {
	t.Parallel()
	p, env := open(t)
	a := add(t, env, webauthn.Platform())
	made := do(t, p, register)
	if made.Name != "" || made.flags(t)&(up|uv|be|bs) != up|uv|be|bs {
		t.Fatalf("%+v", made)
	}
	if aaguid := strings.ReplaceAll(webauthn.AAGUID, "-", ""); !strings.Contains(fmt.Sprintf("%x", must(base64.RawURLEncoding.DecodeString(made.AuthData))), aaguid) {
		t.Error("the AAGUID is another")
	}
	kept, err := a.Credentials(limit(t))
	if err != nil || len(kept) != 1 {
		t.Fatalf("%d credentials, %v", len(kept), err)
	}
	one, err := a.Credential(limit(t), kept[0].CredentialID)
	if err != nil || one.UserName != "ada" || one.UserDisplayName != "Ada" || one.RPID != "va.localhost" || one.SignCount != 1 ||
		string(one.UserHandle) != "\x01\x02\x03" || base64.RawURLEncoding.EncodeToString(one.CredentialID) != made.ID {
		t.Errorf("%+v, %v", one, err)
	}
	no, count := false, int64(40)
	if err := a.SetProperties(limit(t), one.CredentialID, webauthn.Properties{BackupState: &no, SignCount: &count}); err != nil {
		t.Fatal(err)
	}
	if one, err = a.Credential(limit(t), one.CredentialID); err != nil || one.SignCount != 40 || *one.BackupState || !*one.BackupEligibility {
		t.Errorf("%+v, %v", one, err)
	}
	if got := do(t, p, signIn); got.flags(t)&(be|bs) != be {
		t.Errorf("false was not sent: flags %08b", got.flags(t))
	}
	if err := a.SetOverrides(limit(t), webauthn.Overrides{BogusSignature: true, BadUP: true, BadUV: true}); err != nil {
		t.Fatal(err)
	}
	if got := do(t, p, signIn); got.Signature != "AA" || got.flags(t)&(up|uv) != 0 {
		t.Errorf("%+v, flags %08b", got, got.flags(t))
	}
	if err := a.SetOverrides(limit(t), webauthn.Overrides{}); err != nil {
		t.Fatal(err)
	}
	if got := do(t, p, signIn); got.Signature == "AA" || got.flags(t)&up == 0 {
		t.Errorf("still spoilt: %+v", got)
	}
	if err := a.RemoveCredential(limit(t), one.CredentialID); err != nil {
		t.Fatal(err)
	}
	if err := a.AddCredential(limit(t), one); err != nil {
		t.Errorf("adding back what was read: %v", err)
	}
	if err := a.ClearCredentials(limit(t)); err != nil {
		t.Fatal(err)
	}
	if kept, err := a.Credentials(limit(t)); err != nil || len(kept) != 0 {
		t.Errorf("%d credentials, %v", len(kept), err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestFalseIsSent(t *testing.T) {
	t.Parallel()
	p, env := open(t)
	no := false
	o := webauthn.Platform()
	o.AutomaticPresenceSimulation = &no
	a := add(t, env, o)
	if got := do(t, p, register); got.Name != "NotAllowedError" {
		t.Errorf("nobody touched, and yet %+v", got)
	}
	if err := a.SetPresence(limit(t), true); err != nil {
		t.Fatal(err)
	}
	if got := do(t, p, register); got.Name != "" {
		t.Errorf("%+v", got)
	}
	if err := a.SetUserVerified(limit(t), false); err != nil {
		t.Fatal(err)
	}
	if got := do(t, p, register); got.Name != "NotAllowedError" {
		t.Errorf("nobody was verified, and yet %+v", got)
	}
	if err := a.Remove(limit(t)); err != nil {
		t.Fatal(err)
	}
	var refused *webauthn.Error
	if err := a.Remove(limit(t)); !errors.As(err, &refused) || refused.Command != "removeVirtualAuthenticator" || refused.Code == 0 || refused.Reason == "" {
		t.Errorf("%v", err)
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	p, env := open(t)
	ctx, cancel := context.WithCancel(limit(t))
	defer cancel()
	events := env.Events(ctx)
	next := func() webauthn.Event {
		t.Helper()
		select {
		case e := <-events:
			return e
		case <-time.After(30 * time.Second):
			t.Fatal("no event in 30 s")
			return nil
		}
	}
	a := add(t, env, webauthn.Platform())
	made := do(t, p, register)
	if e, ok := next().(*webauthn.CredentialAdded); !ok || e.AuthenticatorID != a.ID || e.Credential.UserName != "ada" {
		t.Errorf("%+v", e)
	}
	do(t, p, signIn)
	if e, ok := next().(*webauthn.CredentialAsserted); !ok || e.Credential.SignCount != 2 {
		t.Errorf("%+v", e)
	}
	do(t, p, `PublicKeyCredential.signalCurrentUserDetails({ rpId: location.hostname, userId: "AQID", name: "ada2", displayName: "Ada 2" }).then(() => ({}))`)
	if e, ok := next().(*webauthn.CredentialUpdated); !ok || e.Credential.UserName != "ada2" {
		t.Errorf("%+v", e)
	}
	do(t, p, fmt.Sprintf(`PublicKeyCredential.signalUnknownCredential({ rpId: location.hostname, credentialId: %q }).then(() => ({}))`, made.ID))
	if e, ok := next().(*webauthn.CredentialDeleted); !ok || base64.RawURLEncoding.EncodeToString(e.CredentialID) != made.ID {
		t.Errorf("%+v", e)
	}
	cancel()
	if _, open := <-events; open {
		t.Error("an event after the end")
	}
}

func TestEveryOptionIsAccepted(t *testing.T) {
	t.Parallel()
	_, env := open(t)
	yes, no := true, false
	for _, o := range []webauthn.Options{
		{Protocol: webauthn.U2F, Transport: webauthn.USB},
		{Transport: webauthn.NFC, CTAP2Version: webauthn.CTAP20, HasPRF: &yes, HasHMACSecret: &no},
		{Transport: webauthn.BLE, CTAP2Version: webauthn.CTAP21, HasResidentKey: &yes, HasLargeBlob: &yes, HasCredBlob: &yes, HasMinPinLength: &yes},
		{Transport: webauthn.Cable, CTAP2Version: webauthn.CTAP22, HasResidentKey: &yes, HasHMACSecret: &yes, HasHMACSecretMC: &yes, HasCMTGKey: &yes},
		{Transport: webauthn.Hybrid, DefaultBackupEligibility: &no, DefaultBackupState: &yes},
		{Transport: webauthn.SmartCard, HasUserVerification: &yes, IsUserVerified: &no, AutomaticPresenceSimulation: &no},
		webauthn.SecurityKey(), webauthn.Platform(),
	} {
		if _, err := env.Add(limit(t), o); err != nil {
			t.Errorf("%+v: %v", o, err)
		}
	}
	for name, o := range map[string]webauthn.Options{
		"second internal": webauthn.Platform(), "protocol": {Protocol: "ctap1/u2f"}, "version": {CTAP2Version: "ctap2_9"},
	} {
		var refused *webauthn.Error
		if _, err := env.Add(limit(t), o); !errors.As(err, &refused) || refused.Code != -32602 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := env.Disable(limit(t)); err != nil {
		t.Error(err)
	}
	if _, err := env.Add(limit(t), webauthn.SecurityKey()); err == nil {
		t.Error("an authenticator without an environment")
	}
}

func TestSeededCredential(t *testing.T) {
	t.Parallel()
	p, _ := open(t)
	env, err := webauthn.EnableWithUI(limit(t), p.Rod)
	if err != nil {
		t.Fatal(err)
	}
	a := add(t, env, webauthn.Platform())
	key := must(x509.MarshalPKCS8PrivateKey(must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))))
	seed := webauthn.Credential{CredentialID: []byte{9, 9}, IsResidentCredential: true, RPID: "va.localhost", PrivateKey: key,
		UserHandle: []byte{1}, SignCount: -1, UserName: "bo"}
	if err := a.AddCredential(limit(t), seed); err != nil {
		t.Fatal(err)
	}
	if got := do(t, p, signIn); got.ID != "CQk" {
		t.Errorf("%+v", got)
	}
	if err := a.AddCredential(limit(t), seed); err == nil {
		t.Error("the same credential twice")
	}
}

// TestOptionsSpellTheProtocol compares our JSON names with the protocol of Chromium 156.
func TestOptionsSpellTheProtocol(t *testing.T) {
	known, err := os.ReadFile("../webauthn156.txt")
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Fields(string(known))
	for name, v := range map[string]any{"VirtualAuthenticatorOptions": webauthn.Options{}, "Credential": webauthn.Credential{}} {
		var ours, theirs []string
		for _, part := range parts {
			if property, ok := strings.CutPrefix(part, "type:"+name+"."); ok {
				theirs = append(theirs, property)
			}
		}
		kind := reflect.TypeOf(v)
		for i := range kind.NumField() {
			tag, _, _ := strings.Cut(kind.Field(i).Tag.Get("json"), ",")
			ours = append(ours, tag)
		}
		slices.Sort(ours)
		slices.Sort(theirs)
		if !slices.Equal(ours, theirs) {
			t.Errorf("%s: ours %q, Chromium's %q", name, ours, theirs)
		}
	}
	no := false
	if data := must(json.Marshal(webauthn.Options{IsUserVerified: &no})); !strings.Contains(string(data), `"isUserVerified":false`) {
		t.Errorf("%s", data)
	}
}

// TestLocalhostAsRPID shows which RP IDs Chromium accepts below localhost: package client must agree.
func TestLocalhostAsRPID(t *testing.T) {
	t.Parallel()
	p, env := open(t)
	add(t, env, webauthn.Platform())
	for id, want := range map[string]string{"va.localhost": "NotAllowedError", "localhost": "SecurityError"} {
		got := do(t, p, fmt.Sprintf(`navigator.credentials.get({ publicKey: { rpId: %q, challenge: new Uint8Array(8) } }).catch((e) => ({ name: e.name }))`, id))
		if got.Name != want {
			t.Errorf("%s: %+v", id, got)
		}
	}
}
