package virtualauth_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"github.com/fxamacker/cbor/v2"
	"slices"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// This file holds what the tests of the managing commands share: tokens, and requests under them.

// securityKey is a security key that offers everything that can be managed.
func securityKey() virtualauth.Model {
	return virtualauth.Model{
		Verification: virtualauth.VerificationMissing,
		Extensions: []string{
			"credProtect", "credBlob", "largeBlobKey", "minPinLength", "pinComplexityPolicy",
			"hmac-secret", "hmac-secret-mc", "thirdPartyPayment",
		},
		LargeBlobs: 2048, CredentialManagement: true, PersistentTokens: true, Fingerprints: 5,
		PIN:    virtualauth.PINModel{Supported: true, Complex: func(pin string) bool { return pin != "1111" }, AlwaysComplex: true},
		Config: virtualauth.ConfigModel{SetMinPINLength: true, MaxRPIDs: 2},
	}
}

// uvToken is a PIN/UV auth token as its platform holds it.
type uvToken struct {
	protocol uint
	value    []byte
}

// thePIN is that of every authenticator here that has one.
const thePIN = "4821"

// token gets one with these permissions by PIN, which is set first if it is not.
func (s *stage) token(permissions pinuv.Permissions, rpID string) uvToken {
	s.t.Helper()
	p := s.platform(pinuv.Two)
	if !s.info().Options["clientPin"] {
		s.must("set the PIN", p.setPIN(thePIN))
	}
	value, err := p.tokenByPIN(thePIN, wanted{permissions, rpID})
	s.must("get a token", err)
	return uvToken{2, value}
}

// mac authenticates a message by hand (CTAP 2.3 §6.5.7: protocol two takes all of HMAC-SHA-256, protocol one half of it).
func (k uvToken) mac(message []byte) []byte {
	if k.value == nil {
		return nil
	}
	mac := hmac.New(sha256.New, k.value)
	mac.Write(message)
	return mac.Sum(nil)[:16*k.protocol]
}

// number is that of its protocol, nil without a token.
func (k uvToken) number() *uint {
	if k.value == nil {
		return nil
	}
	return &k.protocol
}

// noToken stands for a platform without one.
var noToken uvToken

// encoded is the canonical encoding of parameters, nil for none.
func encoded(t testing.TB, parameters any) []byte {
	t.Helper()
	if parameters == nil {
		return nil
	}
	raw, err := ctap2.Marshal(parameters)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// managed is a request of credential management under a token.
func (s *stage) managed(k uvToken, sub ctap2.CredentialManagementSubCommand, parameters any) *ctap2.CredentialManagementRequest {
	s.t.Helper()
	raw := encoded(s.t, parameters)
	return &ctap2.CredentialManagementRequest{
		SubCommand: &sub, Parameters: raw, PINUVAuthProtocol: k.number(),
		PINUVAuthParam: k.mac(slices.Concat([]byte{byte(sub)}, raw)),
	}
}

// manage sends it.
func (s *stage) manage(k uvToken, sub ctap2.CredentialManagementSubCommand, parameters any) (*ctap2.CredentialManagementResponse, error) {
	s.t.Helper()
	return ctap2.CredentialManagement(s.t.Context(), s, s.managed(k, sub, parameters))
}

// ofRP are the parameters that name a relying party.
func ofRP(rpID string) ctap2.CredentialManagementParameters {
	hash := sha256.Sum256([]byte(rpID))
	return ctap2.CredentialManagementParameters{RPIDHash: hash[:]}
}

// ofCredential are the parameters that name a credential.
func ofCredential(id []byte) ctap2.CredentialManagementParameters {
	return ctap2.CredentialManagementParameters{Credential: &ctap2.Descriptor{ID: id, Type: ctap2.PublicKey}}
}

// must insists on success.
func (s *stage) must(what string, err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("%s: %v", what, err)
	}
}

// registerAt registers a user at a relying party without verification by the authenticator itself: by a token if there is a PIN.
func (s *stage) registerAt(rpID, user string, edits ...func(*ctap2.MakeCredentialRequest)) (*ctap2.MakeCredentialResponse, error) {
	s.t.Helper()
	request := registration(user)
	request.RP.ID = rpID
	request.Options = &ctap2.Options{ResidentKey: new(true)}
	for _, edit := range edits {
		edit(request)
	}
	if s.info().Options["clientPin"] {
		k := s.token(pinuv.MC, rpID)
		request.PINUVAuthParam, request.PINUVAuthProtocol = k.mac(request.ClientDataHash), k.protocol
	}
	return ctap2.MakeCredential(s.t.Context(), s, request)
}

// enrolled registers a user at a relying party, which must succeed, and returns the credential's id.
func (s *stage) enrolled(rpID, user string, edits ...func(*ctap2.MakeCredentialRequest)) []byte {
	s.t.Helper()
	response, err := s.registerAt(rpID, user, edits...)
	s.must("register "+user+" at "+rpID, err)
	return s.view(response.AuthData).id
}

// inputs are extension inputs, encoded.
func inputs(t testing.TB, values map[string]any) map[string]cbor.RawMessage {
	t.Helper()
	raw := map[string]cbor.RawMessage{}
	for identifier, value := range values {
		raw[identifier] = encoded(t, value)
	}
	return raw
}

// FuzzManagement sends anything at all to an authenticator that can be managed, and that asks for no token.
func FuzzManagement(f *testing.F) {
	model := securityKey()
	s := newStage(f, model)
	s.Misbehave.ManageWithoutToken = true
	s.enrolled(rpID, "ada", withInputs(f, map[string]any{"largeBlobKey": true, "hmac-secret": true, "credBlob": []byte("blob")}))
	for _, seed := range []struct {
		command ctap2.Command
		request any
	}{
		{ctap2.CommandCredentialManagement, s.managed(noToken, ctap2.EnumerateRPsBegin, nil)},
		{ctap2.CommandCredentialManagement, s.managed(noToken, ctap2.EnumerateRPsGetNextRP, nil)},
		{ctap2.CommandCredentialManagement, s.managed(noToken, ctap2.EnumerateCredentialsBegin, ofRP(rpID))},
		{ctap2.CommandCredentialManagement, s.managed(noToken, ctap2.DeleteCredential, ofCredential([]byte{1}))},
		{ctap2.CommandLargeBlobs, fragment(noToken, arrayOf(30), 0, new(uint(30)))},
		{ctap2.CommandLargeBlobs, &ctap2.LargeBlobsRequest{Get: new(uint(17)), Offset: new(uint(0))}},
		{ctap2.CommandBioEnrollment, &ctap2.BioEnrollmentRequest{GetModality: true}},
		{ctap2.CommandBioEnrollment, s.enrolment(noToken, ctap2.EnrollBegin, ofFinger([]byte{1}))},
		{ctap2.CommandGetAssertion, assertion(nil, inputs(f, map[string]any{"credBlob": true, "largeBlobKey": true}))},
		{ctap2.CommandGetAssertion, assertion(nil, inputs(f, map[string]any{"hmac-secret": s.agreed(pinuv.Two).ask(f, salt1)}))},
	} {
		encoded, err := ctap2.EncodeRequest(seed.command, seed.request)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(encoded)
	}
	f.Fuzz(func(t *testing.T, request []byte) {
		response, err := s.Exchange(t.Context(), request)
		if err != nil || len(response) == 0 {
			t.Fatalf("%x was answered with %x, %v", request, response, err)
		}
		var body any
		if len(response) > 1 && (ctap2.Status(response[0]) != ctap2.OK || cbor.Unmarshal(response[1:], &body) != nil) {
			t.Errorf("%x was answered with %x", request, response)
		}
	})
}
