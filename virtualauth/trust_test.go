package virtualauth_test

import (
	"crypto/x509"
	"encoding/base64"
	"testing"

	"github.com/fxamacker/cbor/v2"
	gometadata "github.com/go-webauthn/webauthn/metadata"
	"github.com/go-webauthn/webauthn/metadata/providers/memory"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncbor"

	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/attestation/metadata"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// judged registers ada and lets go-webauthn judge with every check of metadata turned on: the model's own statement, made of
// its answer to getInfo and signed by its authority.
func judged(t *testing.T, s *stage, types []attestation.Type, edit func(*ctap2.MakeCredentialRequest)) (*ctap2.MakeCredentialResponse, error) {
	t.Helper()
	request := registration("ada")
	if edit != nil {
		edit(request)
	}
	response, err := ctap2.MakeCredential(t.Context(), s, request)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := cbor.Marshal(map[string]any{"fmt": response.Format, "attStmt": response.Statement, "authData": response.AuthData})
	if err != nil {
		t.Fatal(err)
	}
	var object protocol.AttestationObject
	if err := webauthncbor.Unmarshal(encoded, &object); err != nil {
		t.Fatal(err)
	}
	if err := object.AuthData.Unmarshal(object.RawAuthData); err != nil {
		t.Fatal(err)
	}
	return response, object.VerifyAttestation(dataHash[:], trusting(t, s, types), protocol.AttestationPolicy{}, protocol.SignaturePolicy{})
}

// trusting is go-webauthn's metadata provider with every check turned on, which knows the stage's model.
func trusting(t *testing.T, s *stage, types []attestation.Type) gometadata.Provider {
	t.Helper()
	answer, err := s.Exchange(t.Context(), []byte{byte(ctap2.CommandGetInfo)})
	if err != nil {
		t.Fatal(err)
	}
	info, err := metadata.ParseGetInfo(answer[1:])
	if err != nil {
		t.Fatal(err)
	}
	root, err := authority.Root()
	if err != nil {
		t.Fatal(err)
	}
	model := metadata.Model{GetInfo: info, Description: "A model of the tests", AttestationTypes: types, Roots: []*x509.Certificate{root}}
	entry, err := metadata.Describe(model)
	if err != nil {
		t.Fatal(err)
	}
	parsed := loaded(t, metadata.BLOB{Number: 1, Entries: []metadata.Entry{entry}})
	p, err := memory.New(memory.WithMetadata(parsed.ToMap()), memory.WithValidateEntry(true), memory.WithValidateTrustAnchor(true),
		memory.WithValidateAttestationTypes(true), memory.WithValidateAAGUID(true), memory.WithValidateAttestationFormats(true),
		memory.WithValidateAlgorithms(true), memory.WithValidateUserVerification(true))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// loaded is a list of metadata, signed by the authority and read by go-webauthn.
func loaded(t *testing.T, blob metadata.BLOB) *gometadata.Metadata {
	t.Helper()
	jwt, err := blob.Sign(authority)
	if err != nil {
		t.Fatal(err)
	}
	metadataRoot, err := authority.MetadataRoot()
	if err != nil {
		t.Fatal(err)
	}
	decoder, err := gometadata.NewDecoder(gometadata.WithRootCertificate(base64.StdEncoding.EncodeToString(metadataRoot.Raw)))
	if err != nil {
		t.Fatal(err)
	}
	payload, err := decoder.DecodeBytes(jwt)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := decoder.Parse(payload)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}
