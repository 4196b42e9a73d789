package metadata_test

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	gometadata "github.com/go-webauthn/webauthn/metadata"
	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/attestation/metadata"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// entryOf describes a device by what it answers; one that answers to nothing but U2F, by its certificate.
func entryOf(t *testing.T, authority *attestation.Authority, p provider.Provider) metadata.Entry {
	t.Helper()
	root, err := authority.Root()
	if err != nil {
		t.Fatal(err)
	}
	model := metadata.Model{
		Description: p.Name, Since: start, Roots: []*x509.Certificate{root}, AttestationTypes: []attestation.Type{attestation.Basic},
	}
	for _, algorithm := range p.Model.Algorithms {
		model.Algorithms = append(model.Algorithms, metadata.Parameters{Algorithm: int(algorithm)})
	}
	device := virtualauth.New(p.Model, virtualauth.World{Clock: still(start), Rand: rand.NewChaCha8([32]byte{}), Authority: authority})
	answer, err := device.Exchange(t.Context(), []byte{byte(ctap2.CommandGetInfo)})
	if err != nil {
		t.Fatal(err)
	}
	if slices.Equal(p.Model.Versions, []string{"U2F_V2"}) {
		signer, err := authority.U2FSigner()
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(signer.Chain[0])
		if err != nil {
			t.Fatal(err)
		}
		model.Certificates = []*x509.Certificate{leaf}
	} else if model.GetInfo, err = metadata.ParseGetInfo(answer[1:]); err != nil {
		t.Fatalf("%s: %v", p.Name, err)
	}
	entry, err := metadata.Describe(model)
	if err != nil {
		t.Fatalf("%s: %v", p.Name, err)
	}
	return entry
}

// TestEveryModelHasItsStatement: one list of all models there are, with statements that are well formed and consistent
// (A-MTA-001 to A-MTA-028).
func TestEveryModelHasItsStatement(t *testing.T) {
	authority := attestation.NewAuthority(nil, start)
	blob := metadata.BLOB{Number: 1, NextUpdate: start}
	for _, p := range append(provider.All(), provider.Devices()...) {
		entry := entryOf(t, authority, p)
		checkConsistent(t, p, entry)
		blob.Entries = append(blob.Entries, entry)
	}
	if len(blob.Entries) < 12 {
		t.Fatalf("only %d models", len(blob.Entries))
	}
	parsed, err := load(t, authority, blob)
	if err != nil || len(parsed.Parsed.Entries) != len(blob.Entries) || len(parsed.Unparsed) != 0 {
		t.Errorf("go-webauthn read %d of %d: %v", len(parsed.Parsed.Entries), len(blob.Entries), err)
	}
}

// checkConsistent looks at what the members of one statement say about each other, and that they are all known members.
func checkConsistent(t *testing.T, p provider.Provider, entry metadata.Entry) {
	t.Helper()
	encoded, err := json.Marshal(entry)
	if err != nil {
		t.Fatal(err)
	}
	known := json.NewDecoder(bytes.NewReader(encoded))
	known.DisallowUnknownFields()
	var read gometadata.EntryJSON
	if err := known.Decode(&read); err != nil {
		t.Fatalf("%s: %v", p.Name, err)
	}
	s := read.MetadataStatement
	for what, holds := range map[string]bool{
		"legal header":        s.LegalHeader != "",
		"description":         s.Description == p.Name,
		"schema":              s.Schema == 3,
		"family and versions": (s.ProtocolFamily == "u2f") == (len(s.AuthenticatorGetInfo.Versions) == 0) && len(s.Upv) > 0,
		"identifiers":         (s.AaGUID == "") == (len(s.AttestationCertificateKeyIdentifiers) > 0) && s.AaGUID == read.AaGUID,
		"algorithms":          len(s.AuthenticationAlgorithms) > 0 && len(s.PublicKeyAlgAndEncodings) == 1,
		"user verification":   len(s.UserVerificationDetails) > 0,
		"protection":          len(s.KeyProtection) > 0 && len(s.MatcherProtection) > 0 && s.CryptoStrength == 128,
		"attachment":          len(s.AttachmentHint) > 0,
		"no display":          len(s.TcDisplay) == 0 && s.TcDisplayContentType == "",
		"roots":               len(s.AttestationRootCertificates) == 1 && len(s.EcdaaTrustAnchors) == 0,
		"icon":                strings.HasPrefix(s.Icon, "data:image/png;base64,"),
		"version":             s.AuthenticatorVersion == uint32(p.Model.FirmwareVersion),
	} {
		if !holds {
			t.Errorf("%s: %s: %s", p.Name, what, encoded)
		}
	}
	if s.ProtocolFamily == "fido2" && (s.AaGUID != p.Model.AAGUID.String() || uuid.MustParse(s.AuthenticatorGetInfo.AaGUID) != p.Model.AAGUID) {
		t.Errorf("%s: AAGUID %s and %s, want %v", p.Name, s.AaGUID, s.AuthenticatorGetInfo.AaGUID, p.Model.AAGUID)
	}
	if want := max(len(p.Model.Algorithms), 1); len(s.AuthenticationAlgorithms) != want {
		t.Errorf("%s: algorithms %v of %v", p.Name, s.AuthenticationAlgorithms, p.Model.Algorithms)
	}
}
