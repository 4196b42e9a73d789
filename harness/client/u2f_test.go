package client_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"slices"
	"testing"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/client/ctap1"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// A toucher is the user of a U2F key, who leaves it alone for a while before each touch.
type toucher struct {
	ignores int // questions yet to be left without a touch
	asked   int
}

func (u *toucher) Consent(context.Context, virtualauth.Prompt) (virtualauth.Consent, error) {
	u.asked++
	u.ignores--
	return virtualauth.Consent{Present: u.ignores < 0}, nil
}

// oldKey is a U2F key in the hands of its user, and a client for it.
func oldKey() (*virtualauth.Authenticator, *toucher, *client.Client) {
	user := new(toucher)
	device := virtualauth.New(provider.U2FKey().Model, virtualauth.World{Clock: clock{}, Rand: rand.Reader, User: user})
	return device, user, &client.Client{Origin: origin, Device: device}
}

// secondFactor are creation options that a U2F key can satisfy.
func secondFactor() options {
	return creation().with("authenticatorSelection", options{"userVerification": "discouraged"}).with("attestation", "direct")
}

func allowing(ids ...string) options {
	return assertion().with("userVerification", "discouraged").with("allowCredentials", list(ids...))
}

func list(ids ...string) (out []options) {
	for _, id := range ids {
		out = append(out, options{"type": "public-key", "id": id})
	}
	return out
}

// registerU2F makes a credential at an AppID by the commands of U2F, as browsers did before WebAuthn, and returns its key handle
// and its public key, a point.
func registerU2F(t *testing.T, device ctap1.Device, appID string) (handle string, point []byte) {
	t.Helper()
	application := sha256.Sum256([]byte(appID))
	response, status, err := device.U2F(t.Context(), 1, 0, slices.Concat(make([]byte, 32), application[:]))
	if err != nil || status != 0x9000 {
		t.Fatalf("register: %04x, %v", status, err)
	}
	return b64(response[67:][:response[66]]), response[1:66]
}

// parsedCreation reads a registration as a relying party's library does.
func parsedCreation(t *testing.T, c *client.Client, o options) *protocol.ParsedCredentialCreationData {
	t.Helper()
	data, err := c.Create(t.Context(), o.json())
	if err != nil {
		t.Fatal(err)
	}
	made, err := protocol.ParseCredentialCreationResponseBytes(data)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// accept is what that library says of a registration.
func accept(made *protocol.ParsedCredentialCreationData) error {
	parameters := []protocol.CredentialParameter{{Type: protocol.PublicKeyCredentialType, Algorithm: -7}}
	_, err := made.Verify("Y2hhbGxlbmdl", "example.org", []string{origin}, nil, nil, protocol.TopOriginExplicitVerificationMode, false, false, true, nil,
		parameters, protocol.AttestationPolicy{}, protocol.SignaturePolicy{})
	return err
}

// acceptAssertion gets an assertion and returns what the library says of it.
func acceptAssertion(t *testing.T, c *client.Client, o options, appID string, key []byte) (*protocol.ParsedCredentialAssertionData, error) {
	t.Helper()
	data, err := c.Get(t.Context(), o.json())
	if err != nil {
		t.Fatal(err)
	}
	signed, err := protocol.ParseCredentialRequestResponseBytes(data)
	if err != nil {
		t.Fatal(err)
	}
	return signed, signed.Verify("Y2hhbGxlbmdl", "example.org", appID, []string{origin}, nil, nil, protocol.TopOriginExplicitVerificationMode, false, false, true,
		key, protocol.SignaturePolicy{})
}

func TestU2FKeyThroughALibrary(t *testing.T) {
	_, user, c := oldKey()
	made := parsedCreation(t, c, secondFactor())
	if err := accept(made); err != nil {
		t.Errorf("registration: %v", err)
	}
	object := made.Response.AttestationObject
	if object.Format != "fido-u2f" || uuid.UUID(object.AuthData.AttData.AAGUID) != uuid.Nil || byte(object.AuthData.Flags) != byte(authdata.UP|authdata.AT) || object.AuthData.Counter != 0 {
		t.Errorf("%s with %+v", object.Format, object.AuthData)
	}
	if user.asked != 1 {
		t.Errorf("%d questions to register", user.asked)
	}
	key := object.AuthData.AttData.CredentialPublicKey
	for count := uint32(1); count < 3; count++ {
		signed, err := acceptAssertion(t, c, allowing("AAAA", made.ID), "", key)
		if data := signed.Response.AuthenticatorData; err != nil || data.Counter != count || byte(data.Flags) != byte(authdata.UP) || signed.ID != made.ID || signed.Response.UserHandle != nil {
			t.Errorf("assertion %d: %+v, %v", count, data, err)
		}
	}
	if user.asked != 3 {
		t.Errorf("%d questions in all", user.asked)
	}
	c.Misbehave.SpoilSignature = true
	if _, err := acceptAssertion(t, c, allowing(made.ID), "", key); err == nil {
		t.Error("a spoilt signature was accepted")
	}
	c.Misbehave.CredentialID = []byte("another key handle")
	if err := accept(parsedCreation(t, c, secondFactor())); err == nil {
		t.Error("another key handle than was attested was accepted")
	}
}

func TestWhatAPageLearnsOfAU2FKey(t *testing.T) {
	_, _, c := oldKey()
	made := create(t, c, secondFactor().with("attestation", "none").with("authenticatorSelection", options{"residentKey": "preferred"}))
	if made.attestation(t).Fmt != "none" || made.AuthenticatorAttachment != "cross-platform" || len(made.Response.Transports) > 0 {
		t.Errorf("made %+v in format %s", made, made.attestation(t).Fmt)
	}
	if got := made.outputs(t); got != `{"credProps":{"rk":false}}` {
		t.Errorf("outputs %s", got)
	}
}

// What a U2F key cannot do is refused before its user is asked.
func TestWhatAU2FKeyCannot(t *testing.T) {
	device, user, c := oldKey()
	held, _ := registerU2F(t, device, "example.org")
	selection := func(name, value string) options {
		return secondFactor().with("authenticatorSelection", options{"userVerification": "discouraged"}.with(name, value))
	}
	for name, o := range map[string]options{
		"a discoverable credential":   selection("residentKey", "required"),
		"a verified user":             selection("userVerification", "required"),
		"a part of the platform":      selection("authenticatorAttachment", "platform"),
		"another algorithm":           secondFactor().with("pubKeyCredParams", []options{{"type": "public-key", "alg": -8}, {"type": "public-key", "alg": -257}}),
		"a place for blobs":           secondFactor().with("extensions", options{"largeBlob": options{"support": "required"}}),
		"protection that is enforced": secondFactor().with("extensions", options{"credentialProtectionPolicy": "userVerificationRequired", "enforceCredentialProtectionPolicy": true}),
	} {
		if _, err := c.Create(t.Context(), o.json()); err == nil {
			t.Errorf("%s: made", name)
		} else {
			rejected(t, err, client.NotAllowedError)
		}
	}
	for name, o := range map[string]options{
		"a verified user":       allowing(held).with("userVerification", "required"),
		"a passkey":             assertion().with("userVerification", "discouraged"),
		"ids longer than U2F's": allowing(b64(make([]byte, 256))),
	} {
		if _, err := c.Get(t.Context(), o.json()); err == nil {
			t.Errorf("%s: signed", name)
		} else {
			rejected(t, err, client.NotAllowedError)
		}
	}
	if err := c.SetPIN(t.Context(), rightPIN); err == nil {
		t.Error("a PIN was set")
	}
	if user.asked != 1 { // to make the one that was not used
		t.Errorf("%d questions", user.asked)
	}
}

func TestU2FExcludeList(t *testing.T) {
	_, user, c := oldKey()
	made := create(t, c, secondFactor())
	strangers := []string{"AAAA", b64(make([]byte, 255)), b64(make([]byte, 256))}
	o := secondFactor().with("excludeCredentials", list(append(strangers, made.ID)...))
	_, err := c.Create(t.Context(), o.json())
	if rejected(t, err, client.InvalidStateError); !errors.Is(err, ctap2.CredentialExcluded) || user.asked != 2 {
		t.Errorf("%v after %d questions: the user must touch the key before the page learns", err, user.asked)
	}
	user.ignores = 1
	_, err = c.Create(t.Context(), o.json())
	if rejected(t, err, client.NotAllowedError); user.asked != 3 {
		t.Errorf("%d questions", user.asked)
	}
	create(t, c, o.with("excludeCredentials", list(strangers...)))
	_, err = c.Get(t.Context(), allowing(strangers...).json())
	if rejected(t, err, client.NotAllowedError); !errors.Is(err, ctap2.NoCredentials) || user.asked != 5 {
		t.Errorf("%v after %d questions: the user must touch the key before the page learns", err, user.asked)
	}
}

func TestU2FAppID(t *testing.T) {
	device, user, c := oldKey()
	old, point := registerU2F(t, device, oldName)
	made := parsedCreation(t, c, secondFactor())
	for _, example := range []struct {
		name, id, appID string // the AppID that must have been used; empty for the RP ID
		key             []byte
	}{{"a key handle of old", old, oldName, point}, {"a credential of today", made.ID, "", made.Response.AttestationObject.AuthData.AttData.CredentialPublicKey}} {
		o := allowing("AAAA", b64(make([]byte, 256)), example.id).with("extensions", options{"appid": oldName})
		signed, err := acceptAssertion(t, c, o, example.appID, example.key)
		if used := signed.ClientExtensionResults.AppID; err != nil || used == nil || *used != (example.appID != "") || signed.ID != example.id {
			t.Errorf("%s: %+v, %v", example.name, signed.ClientExtensionResults, err)
		}
	}
	_, err := c.Get(t.Context(), allowing(old).json())
	rejected(t, err, client.NotAllowedError) // without the extension the key handle is a stranger
	before := user.asked
	o := secondFactor().with("extensions", options{"appidExclude": oldName}).with("excludeCredentials", list("AAAA", old))
	_, err = c.Create(t.Context(), o.json())
	if rejected(t, err, client.InvalidStateError); user.asked != before+1 {
		t.Errorf("%d questions to tell of an old key", user.asked-before)
	}
	user.ignores = 1
	_, err = c.Create(t.Context(), o.json())
	rejected(t, err, client.NotAllowedError)
	if got := create(t, c, o.with("excludeCredentials", list("AAAA"))).outputs(t); got != `{"appidExclude":true}` {
		t.Errorf("outputs %s", got)
	}
}

// A key that does not wait for its user is asked until she touches it, or somebody gives up.
func TestU2FKeyAwaitsATouch(t *testing.T) {
	_, user, c := oldKey()
	polls, gaveUp := 0, errors.New("gave up")
	c.Poll = func(context.Context) error {
		if polls++; polls > 5 {
			return gaveUp
		}
		return nil
	}
	user.ignores = 3
	made := create(t, c, secondFactor())
	user.ignores = 2
	get(t, c, allowing(made.ID))
	if polls != 5 || user.asked != 7 {
		t.Errorf("%d polls, %d questions", polls, user.asked)
	}
	user.ignores = 1
	_, err := c.Get(t.Context(), allowing(made.ID).json())
	if rejected(t, err, client.NotAllowedError); !errors.Is(err, gaveUp) {
		t.Errorf("the cause is lost: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	c.Poll = func(context.Context) error { cancel(); return nil }
	user.ignores = 9
	_, err = c.Get(ctx, allowing(made.ID).json())
	if rejected(t, err, client.AbortError); user.ignores != 8 {
		t.Errorf("asked %d times", 9-user.ignores)
	}
	c.Poll, user.ignores = nil, 1
	_, err = c.Get(t.Context(), allowing(made.ID).json())
	if rejected(t, err, client.NotAllowedError); !errors.Is(err, ctap2.OperationDenied) || !errors.Is(err, ctap1.Status(0x6985)) {
		t.Errorf("cause %v", err)
	}
}

// counted counts the commands of U2F.
type counted struct {
	*virtualauth.Authenticator
	commands int
}

func (d *counted) U2F(ctx context.Context, instruction, p1 byte, data []byte) ([]byte, uint16, error) {
	d.commands++
	return d.Authenticator.U2F(ctx, instruction, p1, data)
}

func TestWhoIsAU2FKey(t *testing.T) {
	key, _, _ := oldKey()
	neither := authenticator(virtualauth.Model{Versions: []string{"U2F_V2"}, AlwaysVerify: true}) // which switches U2F off
	for _, device := range []ctap2.Transport{struct{ ctap2.Transport }{key}, neither} {
		c := &client.Client{Origin: origin, Device: device}
		_, err := c.Create(t.Context(), secondFactor().json())
		if rejected(t, err, client.NotAllowedError); !errors.Is(err, ctap2.InvalidCommand) {
			t.Errorf("%T: %v", device, err)
		}
	}
	device := &counted{Authenticator: authenticator(provider.PINSecurityKey().Model)} // which has U2F as well
	c := &client.Client{Origin: origin, Device: device}
	if create(t, c, secondFactor()); device.commands > 0 {
		t.Errorf("%d commands of U2F to a device of CTAP2", device.commands)
	}
}

// A long list costs one command for each entry, and the version before and the registration behind it.
func TestU2FKeyIsAskedOnceAboutEach(t *testing.T) {
	key, _, _ := oldKey()
	device := &counted{Authenticator: key}
	c := &client.Client{Origin: origin, Device: device}
	if create(t, c, secondFactor().with("excludeCredentials", list("AAAA", "AAAB", "AAAC"))); device.commands != 1+3+1 {
		t.Errorf("%d commands", device.commands)
	}
}
