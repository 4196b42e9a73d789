package client_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

type clock struct{}

func (clock) Now() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

func authenticator(m virtualauth.Model) *virtualauth.Authenticator {
	return virtualauth.New(m, virtualauth.World{Clock: clock{}, Rand: rand.Reader})
}

// roaming is a security key with packed self attestation.
func roaming() virtualauth.Model { return provider.USBSecurityKey().Model }

// since21 is one with what CTAP 2.1 §9 demands.
func since21() virtualauth.Model {
	model := roaming()
	model.UVTokens, model.CredentialManagement, model.Extensions = true, true, []string{"credProtect", "hmac-secret"}
	return model
}

const origin = "https://login.example.org"

// options are creation or request options as a map, so that a test changes one member.
type options map[string]any

func creation() options {
	return options{
		"rp":               options{"name": "Example", "id": "example.org"},
		"user":             options{"id": "dXNlcg", "name": "ada", "displayName": "Ada"},
		"challenge":        "Y2hhbGxlbmdl",
		"pubKeyCredParams": []options{{"type": "public-key", "alg": -7}},
		"authenticatorSelection": options{
			"residentKey": "required", "userVerification": "required",
		},
		"extensions": options{"credProps": true},
	}
}

func assertion() options {
	return options{"rpId": "example.org", "challenge": "Y2hhbGxlbmdl", "userVerification": "required"}
}

func (o options) with(name string, value any) options {
	o[name] = value
	return o
}

func (o options) json() []byte {
	data, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return data
}

// credential is a response, registration or authentication.
type credential struct {
	ID, RawID, Type, AuthenticatorAttachment string
	ClientExtensionResults                   map[string]any
	Response                                 struct {
		ClientDataJSON, AttestationObject, AuthenticatorData, PublicKey, Signature string
		UserHandle                                                                 *string
		PublicKeyAlgorithm                                                         int
		Transports                                                                 []string
	}
}

func (c credential) clientData(t *testing.T) (d struct {
	Type, Challenge, Origin, TopOrigin string
	CrossOrigin                        *bool
}) {
	t.Helper()
	if err := json.Unmarshal(raw(t, c.Response.ClientDataJSON), &d); err != nil {
		t.Fatalf("client data: %v", err)
	}
	return d
}

func (c credential) attestation(t *testing.T) (o struct {
	Fmt      string          `cbor:"fmt"`
	AttStmt  cbor.RawMessage `cbor:"attStmt"`
	AuthData []byte          `cbor:"authData"`
}) {
	t.Helper()
	if err := cbor.Unmarshal(raw(t, c.Response.AttestationObject), &o); err != nil {
		t.Fatalf("attestation object: %v", err)
	}
	return o
}

// signed is the authenticator data inside the attestation object.
func (c credential) signed(t *testing.T) authdata.Data {
	t.Helper()
	return parsed(t, c.attestation(t).AuthData)
}

func parsed(t *testing.T, data []byte) authdata.Data {
	t.Helper()
	d, err := authdata.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func raw(t *testing.T, s string) []byte {
	t.Helper()
	data, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return data
}

func create(t *testing.T, c *client.Client, o options) credential {
	t.Helper()
	data, err := c.Create(t.Context(), o.json())
	return decode(t, data, err)
}

func get(t *testing.T, c *client.Client, o options) credential {
	t.Helper()
	data, err := c.Get(t.Context(), o.json())
	return decode(t, data, err)
}

func decode(t *testing.T, data []byte, err error) (out credential) {
	t.Helper()
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// rejected checks the name of a DOMError.
func rejected(t *testing.T, err error, name string) {
	t.Helper()
	var dom *client.DOMError
	if !errors.As(err, &dom) || dom.Name != name {
		t.Errorf("got %v, want %s", err, name)
	}
}

func TestHonestCeremonies(t *testing.T) {
	a := authenticator(roaming())
	c := &client.Client{Origin: origin, Device: a, Transports: []string{"usb"}}
	made := create(t, c, creation())
	d := made.clientData(t)
	if d.Type != "webauthn.create" || d.Challenge != "Y2hhbGxlbmdl" || d.Origin != origin || d.CrossOrigin == nil || *d.CrossOrigin || d.TopOrigin != "" {
		t.Errorf("client data %+v", d)
	}
	data := made.signed(t)
	if data.RPIDHash != authdata.HashRPID("example.org") || !data.Flags.Has(authdata.UP|authdata.UV|authdata.AT) {
		t.Errorf("authenticator data %+v", data)
	}
	if made.ID != made.RawID || string(raw(t, made.ID)) != string(data.Credential.ID) || made.Type != "public-key" || made.AuthenticatorAttachment != "cross-platform" {
		t.Errorf("credential %+v", made)
	}
	if made.Response.AuthenticatorData != base64.RawURLEncoding.EncodeToString(made.attestation(t).AuthData) {
		t.Error("the copy of the authenticator data differs")
	}
	if rk := made.ClientExtensionResults["credProps"].(map[string]any)["rk"]; rk != true {
		t.Errorf("credProps.rk is %v", rk)
	}
	if fmt.Sprint(made.Response.Transports) != "[usb]" || made.Response.PublicKeyAlgorithm != -7 {
		t.Errorf("response %+v", made.Response)
	}
	key, err := x509.ParsePKIXPublicKey(raw(t, made.Response.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	signed := get(t, c, assertion())
	if got := signed.clientData(t); got.Type != "webauthn.get" || signed.ID != made.ID || *signed.Response.UserHandle != "dXNlcg" {
		t.Errorf("assertion %+v, client data %+v", signed, got)
	}
	if !verifies(t, key.(*ecdsa.PublicKey), signed) {
		t.Error("the signature does not verify")
	}
}

func verifies(t *testing.T, key *ecdsa.PublicKey, c credential) bool {
	t.Helper()
	hash := sha256.Sum256(raw(t, c.Response.ClientDataJSON))
	message := sha256.Sum256(append(raw(t, c.Response.AuthenticatorData), hash[:]...))
	return ecdsa.VerifyASN1(key, message[:], raw(t, c.Response.Signature))
}

func TestConveyance(t *testing.T) {
	key := roaming().AAGUID
	phone := provider.GooglePasswordManager().Model
	selfAttesting := roaming()
	selfAttesting.AAGUID = uuid.Nil
	attestingPhone := provider.GooglePasswordManager().Model
	attestingPhone.Attestation = attestation.FormatPacked
	for name, c := range map[string]struct {
		model      virtualauth.Model
		transports []string
		conveyance string
		format     string
		aaguid     uuid.UUID
	}{
		"none from a key":                  {roaming(), nil, "none", "none", uuid.Nil},
		"absent from a key":                {roaming(), nil, "", "none", uuid.Nil},
		"unknown from a key":               {roaming(), nil, "someday", "none", uuid.Nil},
		"direct from a key":                {roaming(), nil, "direct", "packed", key},
		"indirect from a key":              {roaming(), nil, "indirect", "packed", key},
		"none from a phone":                {phone, nil, "none", "none", phone.AAGUID},
		"none from an attesting phone":     {attestingPhone, nil, "none", "none", phone.AAGUID},
		"none from a phone over NFC":       {attestingPhone, []string{"nfc"}, "none", "none", uuid.Nil},
		"none from a phone over hybrid":    {attestingPhone, []string{"hybrid"}, "none", "none", phone.AAGUID},
		"none where a key identifies none": {selfAttesting, nil, "none", "packed", uuid.Nil},
	} {
		t.Run(name, func(t *testing.T) {
			device := ctap2.Transport(authenticator(c.model))
			if name == "none where a key identifies none" {
				device = deaf{device} // it attests although it was asked not to
			}
			cl := &client.Client{Origin: origin, Device: device, Transports: c.transports}
			made := create(t, cl, creation().with("attestation", c.conveyance))
			if got := made.attestation(t); got.Fmt != c.format || got.Fmt == "none" && string(got.AttStmt) != "\xa0" {
				t.Errorf("format %s, statement %x, want %s", got.Fmt, got.AttStmt, c.format)
			}
			if got := made.signed(t).Credential.AAGUID; got != c.aaguid {
				t.Errorf("AAGUID %s, want %s", got, c.aaguid)
			}
		})
	}
}

func TestEnterpriseAttestation(t *testing.T) {
	for name, c := range map[string]struct {
		conveyance string
		enabled    bool
		managed    []string
		want       uint
	}{
		"not asked for":   {"direct", true, []string{"example.org"}, 0},
		"not enabled":     {"enterprise", false, []string{"example.org"}, 0},
		"by the maker":    {"enterprise", true, []string{"other.example"}, 1},
		"by the platform": {"enterprise", true, []string{"example.org"}, 2},
	} {
		device := newExtended(t, authenticator(roaming()))
		device.options["ep"] = c.enabled
		create(t, &client.Client{Origin: origin, Device: device, EnterpriseRPIDs: c.managed}, creation().with("attestation", c.conveyance))
		if got := device.enterprise; (got == nil) != (c.want == 0) || got != nil && *got != c.want {
			t.Errorf("%s: asked for type %v, want %d", name, got, c.want)
		}
	}
}

// deaf is a device that does not know the parameter attestationFormats of CTAP 2.2.
type deaf struct{ ctap2.Transport }

func (d deaf) Exchange(ctx context.Context, request []byte) ([]byte, error) {
	if ctap2.Command(request[0]) == ctap2.CommandMakeCredential {
		var r ctap2.MakeCredentialRequest
		if err := ctap2.Unmarshal(request[1:], &r); err != nil {
			return nil, err
		}
		r.AttestationFormats = nil
		var err error
		if request, err = ctap2.EncodeRequest(ctap2.CommandMakeCredential, r); err != nil {
			return nil, err
		}
	}
	return d.Transport.Exchange(ctx, request)
}

func TestExcludedAndRefused(t *testing.T) {
	a := authenticator(roaming())
	c := &client.Client{Origin: origin, Device: a, Transports: []string{"usb"}}
	made := create(t, c, creation())
	// Far more entries than the authenticator takes at once, the known one in the middle.
	var list []options
	for i := range 20 {
		id := base64.RawURLEncoding.EncodeToString([]byte{byte(i), 1, 2, 3})
		if i == 11 {
			id = made.ID
		}
		list = append(list, options{"type": "public-key", "id": id, "transports": []string{"usb"}})
	}
	_, err := c.Create(t.Context(), creation().with("excludeCredentials", list).json())
	rejected(t, err, client.InvalidStateError)
	if !errors.Is(err, ctap2.CredentialExcluded) {
		t.Errorf("the cause is lost: %v", err)
	}
	if got := get(t, c, assertion().with("allowCredentials", list)); got.ID != made.ID {
		t.Errorf("signed in with %s, want %s", got.ID, made.ID)
	}
	_, err = c.Get(t.Context(), assertion().with("allowCredentials", list[:5]).json())
	rejected(t, err, client.NotAllowedError)
	list[11]["type"] = "unknown"
	if len(a.Credentials()) != 1 {
		t.Fatalf("%d credentials", len(a.Credentials()))
	}
	other := creation().with("user", options{"id": "b3RoZXI", "name": "bo", "displayName": "Bo"})
	create(t, c, other.with("excludeCredentials", list)) // the type is not known: it excludes nothing
	for name, o := range map[string]options{
		"only unknown types": assertion().with("allowCredentials", list[11:12]),
		"other transports": assertion().with("allowCredentials", []options{
			{"type": "public-key", "id": made.ID, "transports": []string{"internal"}}}),
	} {
		_, err = c.Get(t.Context(), o.json())
		if rejected(t, err, client.NotAllowedError); t.Failed() {
			t.Fatal(name)
		}
	}
}

func TestPolicyAgainstAuthenticator(t *testing.T) {
	unable := virtualauth.Model{Verification: virtualauth.VerificationMissing, NonDiscoverableOnly: true}
	phone := provider.GooglePasswordManager().Model
	selection := func(members ...string) options {
		o := options{}
		for i := 0; i < len(members); i += 2 {
			o[members[i]] = members[i+1]
		}
		return creation().with("authenticatorSelection", o)
	}
	for name, c := range map[string]struct {
		model virtualauth.Model
		o     options
		want  string // the error, or the flag UV
	}{
		"UV required, able":         {roaming(), selection("userVerification", "required"), "UV"},
		"UV preferred, able":        {roaming(), selection("userVerification", "preferred"), "UV"},
		"UV by default, able":       {roaming(), selection(), "UV"},
		"UV discouraged":            {roaming(), selection("userVerification", "discouraged"), ""},
		"UV discouraged, RK needs":  {roaming(), selection("userVerification", "discouraged", "residentKey", "required"), "UV"},
		"UV required, unable":       {unable, selection("userVerification", "required"), "NotAllowedError"},
		"UV preferred, unable":      {unable, selection("userVerification", "preferred"), ""},
		"RK required, unable":       {unable, selection("residentKey", "required"), "NotAllowedError"},
		"RK preferred, unable":      {unable, selection("residentKey", "preferred"), ""},
		"platform wanted, is one":   {phone, selection("authenticatorAttachment", "platform"), "UV"},
		"platform wanted, is none":  {roaming(), selection("authenticatorAttachment", "platform"), "NotAllowedError"},
		"roaming wanted, is none":   {phone, selection("authenticatorAttachment", "cross-platform"), "NotAllowedError"},
		"unknown attachment":        {roaming(), selection("authenticatorAttachment", "glued"), "UV"},
		"no common algorithm":       {roaming(), creation().with("pubKeyCredParams", []options{{"type": "public-key", "alg": -36}}), "NotAllowedError"},
		"default algorithms":        {roaming(), creation().with("pubKeyCredParams", []options{}), "UV"},
		"no known credential type":  {roaming(), creation().with("pubKeyCredParams", []options{{"type": "x", "alg": -7}}), "NotSupportedError"},
		"one known credential type": {roaming(), creation().with("pubKeyCredParams", []options{{"type": "x", "alg": -8}, {"type": "public-key", "alg": -7}}), "UV"},
	} {
		t.Run(name, func(t *testing.T) {
			data, err := (&client.Client{Origin: origin, Device: authenticator(c.model)}).Create(t.Context(), c.o.json())
			if strings.HasSuffix(c.want, "Error") {
				rejected(t, err, c.want)
				return
			}
			if got := decode(t, data, err).signed(t).Flags.Has(authdata.UV); got != (c.want == "UV") {
				t.Errorf("UV is %v", got)
			}
		})
	}
	_, err := (&client.Client{Origin: origin, Device: authenticator(unable)}).Get(t.Context(), assertion().json())
	rejected(t, err, client.NotAllowedError)
}

func TestCredProps(t *testing.T) {
	for name, c := range map[string]struct {
		model       virtualauth.Model
		residentKey string
		want        string
	}{
		"made":    {roaming(), "preferred", "map[rk:true]"},
		"unknown": {roaming(), "discouraged", "map[]"},
		"unable":  {virtualauth.Model{NonDiscoverableOnly: true}, "preferred", "map[rk:false]"},
	} {
		t.Run(name, func(t *testing.T) {
			o := creation().with("authenticatorSelection", options{"residentKey": c.residentKey})
			made := create(t, &client.Client{Origin: origin, Device: authenticator(c.model)}, o)
			if got := fmt.Sprint(made.ClientExtensionResults["credProps"]); got != c.want {
				t.Errorf("credProps %s, want %s", got, c.want)
			}
		})
	}
	plain := create(t, &client.Client{Origin: origin, Device: authenticator(roaming())}, creation().with("extensions", options{}))
	if len(plain.ClientExtensionResults) != 0 {
		t.Errorf("nobody asked for %v", plain.ClientExtensionResults)
	}
}

func TestSeveralAccounts(t *testing.T) {
	a := authenticator(roaming())
	var offered []ctap2.User
	c := &client.Client{Origin: origin, Device: a, Choose: func(_ context.Context, accounts []ctap2.User) (int, error) {
		offered = accounts
		return len(accounts) - 1, nil
	}}
	first := create(t, c, creation())
	create(t, c, creation().with("user", options{"id": "b3RoZXI", "name": "bo", "displayName": "Bo"}))
	if got := get(t, c, assertion()); got.ID != first.ID || len(offered) != 2 || offered[1].Name != "ada" {
		t.Errorf("chose %s among %v", got.ID, offered)
	}
	c.Choose = func(context.Context, []ctap2.User) (int, error) { return 7, nil }
	_, err := c.Get(t.Context(), assertion().json())
	rejected(t, err, client.NotAllowedError)
	c.Choose = nil
	if got := get(t, c, assertion()); got.ID == first.ID {
		t.Error("without Choose the newest is taken")
	}
}

func TestWaiting(t *testing.T) {
	var asked atomic.Int32
	patient := virtualauth.New(roaming(), virtualauth.World{Clock: clock{}, Rand: rand.Reader, User: virtualauth.UserFunc(
		func(ctx context.Context, _ virtualauth.Prompt) (virtualauth.Consent, error) {
			asked.Add(1)
			<-ctx.Done()
			return virtualauth.Consent{}, nil
		})})
	c := &client.Client{Origin: origin, Device: patient}
	_, err := c.Create(t.Context(), creation().with("timeout", 1).json())
	rejected(t, err, client.NotAllowedError)
	before := asked.Load() // the time may have been up before anybody was asked
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for asked.Load() == before { // until the person is asked
			select {
			case <-t.Context().Done():
				return
			case <-time.After(time.Millisecond):
			}
		}
		cancel()
	}()
	_, err = c.Create(ctx, creation().json())
	rejected(t, err, client.AbortError)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the cause is lost: %v", err)
	}
}

func TestBridgeTellsTheOrigin(t *testing.T) {
	told := options{"remoteDesktopClientOverride": options{"origin": "http://ada.localhost:8080", "sameOriginWithAncestors": false}}
	c := &client.Client{Device: authenticator(roaming())}
	o := creation().with("extensions", told)
	o["rp"] = options{"name": "x"}
	d := create(t, c, o).clientData(t)
	if d.Origin != "http://ada.localhost:8080" || !*d.CrossOrigin {
		t.Errorf("client data %+v", d)
	}
	c.TopOrigin = "https://top.example"
	if d := create(t, c, o).clientData(t); d.TopOrigin != "https://top.example" || !*d.CrossOrigin {
		t.Errorf("client data %+v", d)
	}
}

func TestAlgorithmsOfAuthenticator(t *testing.T) {
	c := &client.Client{Origin: origin, Device: authenticator(roaming())}
	made := create(t, c, creation().with("pubKeyCredParams", []options{{"type": "public-key", "alg": -8}, {"type": "public-key", "alg": -7}}))
	if made.Response.PublicKeyAlgorithm != int(cose.EdDSA) {
		t.Errorf("algorithm %d", made.Response.PublicKeyAlgorithm)
	}
	if _, err := x509.ParsePKIXPublicKey(raw(t, made.Response.PublicKey)); err != nil {
		t.Error(err)
	}
}

// witness notes what reaches a device.
type witness struct {
	ctap2.Transport
	commands []ctap2.Command
	excluded []ctap2.Descriptor
}

func (w *witness) Exchange(ctx context.Context, request []byte) ([]byte, error) {
	w.commands = append(w.commands, ctap2.Command(request[0]))
	if ctap2.Command(request[0]) == ctap2.CommandMakeCredential {
		var r ctap2.MakeCredentialRequest
		if err := ctap2.Unmarshal(request[1:], &r); err != nil {
			return nil, err
		}
		w.excluded = r.ExcludeList
	}
	return w.Transport.Exchange(ctx, request)
}

// TestUnsuitableDevicesAreNotAsked shows that the client itself judges, and bothers nobody for what cannot succeed.
func TestUnsuitableDevicesAreNotAsked(t *testing.T) {
	unable := virtualauth.Model{Verification: virtualauth.VerificationMissing, NonDiscoverableOnly: true}
	for name, ceremony := range map[string]func(*client.Client) ([]byte, error){
		"resident key": func(c *client.Client) ([]byte, error) {
			return c.Create(t.Context(), creation().with("authenticatorSelection", options{"residentKey": "required"}).json())
		},
		"verification at creation": func(c *client.Client) ([]byte, error) {
			return c.Create(t.Context(), creation().with("authenticatorSelection", options{"userVerification": "required"}).json())
		},
		"verification at sign-in": func(c *client.Client) ([]byte, error) { return c.Get(t.Context(), assertion().json()) },
	} {
		w := &witness{Transport: authenticator(unable)}
		_, err := ceremony(&client.Client{Origin: origin, Device: w})
		if rejected(t, err, client.NotAllowedError); len(w.commands) != 1 || w.commands[0] != ctap2.CommandGetInfo {
			t.Errorf("%s: the device was sent %v", name, w.commands)
		}
	}
}

func TestUnknownTypesAreNotSent(t *testing.T) {
	w := &witness{Transport: authenticator(roaming())}
	create(t, &client.Client{Origin: origin, Device: w}, creation().with("excludeCredentials", []options{{"type": "unknown", "id": "AAAA"}}))
	if len(w.excluded) != 0 {
		t.Errorf("the device was sent %v", w.excluded)
	}
}

func TestTopOriginOnlyWhenFramed(t *testing.T) {
	c := &client.Client{Origin: origin, TopOrigin: origin, Device: authenticator(roaming())}
	if d := create(t, c, creation()).clientData(t); d.TopOrigin != "" || *d.CrossOrigin {
		t.Errorf("client data %+v", d)
	}
}
