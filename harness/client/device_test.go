package client_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// These tests play whole ceremonies between the client and the authenticators of the catalogue: what one end makes of CTAP, the
// other must understand.

const rightPIN = "7315"

// withPIN is a client whose user knows the PIN, which is set.
func withPIN(t *testing.T, device ctap2.Transport) *client.Client {
	t.Helper()
	c := &client.Client{Origin: origin, Device: device, PIN: func(context.Context, client.PINPrompt) (string, error) { return rightPIN, nil }}
	if err := c.SetPIN(t.Context(), rightPIN); err != nil {
		t.Fatal(err)
	}
	return c
}

// result finds a member of the client extension outputs, as JSON.
func (c credential) result(t *testing.T, extension, member string) string {
	t.Helper()
	outputs, _ := c.ClientExtensionResults[extension].(map[string]any)
	data, err := json.Marshal(outputs[member])
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestPRFOfRealDevices(t *testing.T) {
	eval := options{"prf": options{"eval": options{"first": "AQ", "second": "Ag"}}}
	for name, c := range map[string]struct {
		model    virtualauth.Model
		atOnce   bool // results at creation
		protocol uint
	}{
		"security key": {provider.PINSecurityKey().Model, true, 2},
		"small key":    {provider.SmallSecurityKey().Model, false, 1},
		"laptop":       {provider.Laptop().Model, true, 2},
	} {
		t.Run(name, func(t *testing.T) {
			device := authenticator(c.model)
			cl := &client.Client{Origin: origin, Device: device}
			if c.model.PIN.Supported {
				cl = withPIN(t, device)
			}
			made := create(t, cl, extensions(eval))
			first := get(t, cl, assertion().with("extensions", eval)).result(t, "prf", "results")
			second := get(t, cl, assertion().with("extensions", eval)).result(t, "prf", "results")
			if first != second || len(first) < 80 {
				t.Errorf("first %s, then %s", first, second)
			}
			if got := made.result(t, "prf", "enabled"); got != "true" {
				t.Errorf("enabled is %s", got)
			}
			if got := made.result(t, "prf", "results"); c.atOnce && got != first || !c.atOnce && got != "null" {
				t.Errorf("at creation %s, at sign-in %s", got, first)
			}
			swapped := options{"prf": options{"eval": options{"first": "Ag", "second": "AQ"}}}
			var one, two struct{ First, Second string }
			for text, into := range map[string]any{first: &one, get(t, cl, assertion().with("extensions", swapped)).result(t, "prf", "results"): &two} {
				if err := json.Unmarshal([]byte(text), into); err != nil {
					t.Fatal(err)
				}
			}
			if one.First != two.Second || one.Second != two.First || one.First == one.Second {
				t.Errorf("%+v and, inputs swapped, %+v", one, two)
			}
		})
	}
}

func TestBlobsOfRealDevices(t *testing.T) {
	for name, c := range map[string]virtualauth.Model{"large-blob array": provider.PINSecurityKey().Model, "large-blob extension": provider.Laptop().Model} {
		t.Run(name, func(t *testing.T) {
			device := authenticator(c)
			cl := &client.Client{Origin: origin, Device: device}
			if c.PIN.Supported {
				cl = withPIN(t, device)
			}
			made := create(t, cl, extensions(options{"largeBlob": options{"support": "required"}}))
			other := create(t, cl, extensions(options{"largeBlob": options{"support": "preferred"}}).with("user", options{"id": "b3RoZXI", "name": "b", "displayName": "B"}))
			if made.outputs(t) != `{"largeBlob":{"supported":true}}` || other.outputs(t) != made.outputs(t) {
				t.Fatalf("outputs %s, %s", made.outputs(t), other.outputs(t))
			}
			for _, blob := range []string{"a certificate", "a longer certificate that takes its place", ""} {
				if got := get(t, cl, made.writes([]byte(blob))).outputs(t); got != `{"largeBlob":{"written":true}}` {
					t.Fatalf("write %q: %s", blob, got)
				}
				mine := assertion().with("allowCredentials", []options{{"type": "public-key", "id": made.ID}}).with("extensions", reads)
				if got := get(t, cl, mine).result(t, "largeBlob", "blob"); got != `"`+b64([]byte(blob))+`"` {
					t.Errorf("read %s, want %q", got, blob)
				}
			}
			others := assertion().with("allowCredentials", []options{{"type": "public-key", "id": other.ID}}).with("extensions", reads)
			if got := get(t, cl, others).outputs(t); got != `{"largeBlob":{}}` {
				t.Errorf("the other credential reads %s", got)
			}
		})
	}
}

func TestCredentialExtensionsOfRealDevices(t *testing.T) {
	cl := withPIN(t, authenticator(provider.PINSecurityKey().Model))
	made := create(t, cl, extensions(options{
		"credBlob": "AQID", "minPinLength": true, "credentialProtectionPolicy": "userVerificationRequired", "enforceCredentialProtectionPolicy": true,
	}))
	var signed map[string]any
	if err := ctap2.Unmarshal(made.signed(t).Extensions, &signed); err != nil || signed["credProtect"] != uint64(3) || signed["credBlob"] != true {
		t.Errorf("signed outputs %v, %v", signed, err)
	}
	if got := get(t, cl, assertion().with("extensions", options{"getCredBlob": true})).outputs(t); got != `{"getCredBlob":"AQID"}` {
		t.Errorf("outputs %s", got)
	}
	// Protected like this, it is not there for who does not verify, and it is for silent questions under a token.
	list := []options{{"type": "public-key", "id": made.ID}}
	_, err := cl.Get(t.Context(), assertion().with("userVerification", "discouraged").with("allowCredentials", list).json())
	rejected(t, err, client.NotAllowedError)
	for i := range 20 {
		list = slices.Insert(list, 0, options{"type": "public-key", "id": b64([]byte{byte(i), 1, 2, 3})})
	}
	get(t, cl, assertion().with("allowCredentials", list))
	_, err = cl.Create(t.Context(), creation().with("excludeCredentials", list).json())
	rejected(t, err, client.InvalidStateError)
}

// A list of long ids does not fit a message of 1024 bytes, and travels one by one.
func TestLongListsOnASmallDevice(t *testing.T) {
	cl := withPIN(t, authenticator(provider.SmallSecurityKey().Model))
	made := create(t, cl, creation())
	var list []options
	for i := range 12 {
		list = append(list, options{"type": "public-key", "id": b64(append(make([]byte, 200), byte(i)))})
	}
	list = append(list, options{"type": "public-key", "id": made.ID})
	if got := get(t, cl, assertion().with("allowCredentials", list)); got.ID != made.ID {
		t.Errorf("signed by %s", got.ID)
	}
	_, err := cl.Create(t.Context(), creation().with("excludeCredentials", list).json())
	rejected(t, err, client.InvalidStateError)
}

// Entries may be few and still too large together: sizes count as well as numbers.
func TestListsThatAreTooLarge(t *testing.T) {
	model := roaming()
	model.MaxMessageSize, model.MaxCredentialsInList = 1024, 20
	cl := &client.Client{Origin: origin, Device: authenticator(model)}
	made := create(t, cl, creation())
	var list []options
	for i := range 10 {
		list = append(list, options{"type": "public-key", "id": b64(append(make([]byte, 150), byte(i)))})
	}
	list = append(list, options{"type": "public-key", "id": made.ID})
	if got := get(t, cl, assertion().with("allowCredentials", list)); got.ID != made.ID {
		t.Errorf("signed by %s", got.ID)
	}
	_, err := cl.Create(t.Context(), creation().with("excludeCredentials", list).json())
	rejected(t, err, client.InvalidStateError)
	create(t, cl, creation().with("excludeCredentials", list[:10]).with("user", options{"id": "b3RoZXI", "name": "b", "displayName": "B"}))
}

// Each question holds as many entries as the device takes.
func TestQuestionsAreFew(t *testing.T) {
	model := since21()
	model.MaxCredentialsInList = 8
	w := &witness{Transport: authenticator(model)}
	cl := &client.Client{Origin: origin, Device: w}
	var list []options
	for i := range 20 {
		list = append(list, options{"type": "public-key", "id": b64([]byte{byte(i), 1, 2, 3})})
	}
	create(t, cl, creation().with("excludeCredentials", list))
	want := []ctap2.Command{
		ctap2.CommandGetInfo, ctap2.CommandClientPIN, ctap2.CommandClientPIN, // a token for the whole ceremony
		ctap2.CommandGetAssertion, ctap2.CommandGetAssertion, ctap2.CommandGetAssertion, ctap2.CommandMakeCredential,
	}
	if !slices.Equal(w.commands, want) || len(w.excluded) != 4 {
		t.Errorf("commands %v, %d entries in the end", w.commands, len(w.excluded))
	}
}

// hand is a person with fingers, one of which is on the sensor.
type hand struct{ finger string }

func (h *hand) Consent(_ context.Context, p virtualauth.Prompt) (virtualauth.Consent, error) {
	return virtualauth.Consent{Present: true, Verified: p.Verify, Finger: h.finger}, nil
}

// enrols takes the finger on the sensor into the device, under a token by PIN.
func enrols(t *testing.T, device ctap2.Transport) {
	t.Helper()
	protocol := uint(pinuv.Two)
	agreed, err := ctap2.ClientPIN(t.Context(), device, &ctap2.ClientPINRequest{Protocol: &protocol, SubCommand: new(ctap2.GetKeyAgreement)})
	if err != nil {
		t.Fatal(err)
	}
	key, secret, err := pinuv.Two.Encapsulate(rand.Reader, agreed.KeyAgreement)
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256Of(rightPIN)[:16]
	encrypted, err := secret.Encrypt(hash)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := ctap2.ClientPIN(t.Context(), device, &ctap2.ClientPINRequest{
		Protocol: &protocol, SubCommand: new(ctap2.GetTokenUsingPIN), KeyAgreement: key, PINHashEnc: encrypted, Permissions: new(uint(pinuv.BE)),
	})
	if err != nil {
		t.Fatal(err)
	}
	token, err := secret.Decrypt(answer.PINUVAuthToken)
	if err != nil {
		t.Fatal(err)
	}
	request := &ctap2.BioEnrollmentRequest{Modality: ctap2.ModalityFingerprint, SubCommand: new(ctap2.EnrollBegin), PINUVAuthProtocol: &protocol}
	for {
		request.PINUVAuthParam = pinuv.Two.Authenticate(token, request.Message())
		got, err := ctap2.BioEnrollment(t.Context(), device, request)
		if err != nil {
			t.Fatal(err)
		}
		if *got.RemainingSamples == 0 {
			return
		}
		if got.TemplateID != nil {
			if request.Parameters, err = ctap2.Marshal(ctap2.BioEnrollmentParameters{TemplateID: got.TemplateID}); err != nil {
				t.Fatal(err)
			}
		}
		request.SubCommand = new(ctap2.EnrollCaptureNextSample)
	}
}

func sha256Of(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

func TestFingersAndPINOfARealDevice(t *testing.T) {
	ada := &hand{finger: "right thumb"}
	device := virtualauth.New(provider.FingerprintSecurityKey().Model, virtualauth.World{Clock: clock{}, Rand: rand.Reader, User: ada})
	cl := withPIN(t, device)
	enrols(t, device)
	typed := &person{types: []string{"0000", rightPIN, rightPIN}}
	cl.PIN = typed.PIN
	if made := create(t, cl, creation()); !made.signed(t).Flags.Has(authdata.UV) || len(typed.asked) > 0 {
		t.Errorf("flags %v after %v: the finger should have been enough", made.signed(t).Flags, typed.asked)
	}
	ada.finger = "left thumb" // which the device does not know
	if !get(t, cl, assertion()).verified(t) {
		t.Error("not verified")
	}
	want := []client.PINPrompt{{RPID: "example.org", Retries: 8}, {RPID: "example.org", Wrong: true, Retries: 7}}
	if !slices.Equal(typed.asked, want) {
		t.Errorf("asked %+v, want %+v", typed.asked, want)
	}
}

func TestPINOfARealDeviceIsBlocked(t *testing.T) {
	device := authenticator(provider.PINSecurityKey().Model)
	cl := withPIN(t, device)
	typed := &person{types: slices.Repeat([]string{"0000"}, 20)}
	cl.PIN = typed.PIN
	var causes []ctap2.Status
	for range 4 {
		_, err := cl.Create(t.Context(), creation().json())
		rejected(t, err, client.NotAllowedError)
		var status ctap2.Status
		errors.As(err, &status)
		causes = append(causes, status)
		device.PowerCycle()
	}
	if want := []ctap2.Status{ctap2.PINAuthBlocked, ctap2.PINAuthBlocked, ctap2.PINBlocked, ctap2.PINBlocked}; !slices.Equal(causes, want) || len(typed.asked) != 8 {
		t.Errorf("causes %v after %d questions, want %v after 8", causes, len(typed.asked), want)
	}
}

// A client leaves out ids that are longer than the authenticator says it holds: one that has imported a longer one has to say so.
func TestImportedCredentialsWithLongIDs(t *testing.T) {
	model := roaming()
	model.Backup, model.MaxCredentialsInList = virtualauth.NotBackedUpYet, 8
	model.Versions = []string{"FIDO_2_1"} // older ones do not tell; it demands the rest
	model.Extensions, model.UVTokens = []string{ctap2.ExtensionCredProtect, ctap2.ExtensionHMACSecret}, true
	model.CredentialManagement = true
	from := authenticator(model)
	from.Misbehave.CredentialIDLength = 64
	made := create(t, &client.Client{Origin: origin, Device: from}, creation())
	if got := len(from.Credentials()[0].ID); got != 64 {
		t.Fatalf("an id of %d bytes proves nothing", got)
	}
	portable, err := from.Export(t.Context(), from.Credentials()[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	to := authenticator(model)
	if err := to.Import(t.Context(), portable); err != nil {
		t.Fatal(err)
	}
	if info, err := ctap2.GetInfo(t.Context(), to); err != nil || info.MaxCredentialIDLength == 0 {
		t.Fatalf("nothing is told, which proves nothing: %v", err)
	}
	c := &client.Client{Origin: origin, Device: to}
	list := []options{{"type": "public-key", "id": made.ID}}
	if got := get(t, c, assertion().with("allowCredentials", list)); got.ID != made.ID {
		t.Errorf("signed in with %s, want %s", got.ID, made.ID)
	}
	other := creation().with("user", options{"id": "b3RoZXI", "name": "bo", "displayName": "Bo"})
	_, err = c.Create(t.Context(), other.with("excludeCredentials", list).json())
	rejected(t, err, client.InvalidStateError)
	if len(to.Credentials()) != 1 {
		t.Errorf("%d credentials", len(to.Credentials()))
	}
}
