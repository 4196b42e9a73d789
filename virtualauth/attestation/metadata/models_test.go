package metadata_test

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"

	gometadata "github.com/go-webauthn/webauthn/metadata"

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

// TestEveryModelHasItsStatement: one list of all models there are, with statements that are well formed and consistent.
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

// checkConsistent holds a statement against the rules, as another library reads it, which also refuses unknown members
// (A-MTA-028). Of a model of U2F only those count that are not of FIDO2.
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
	told := &statement{StatementJSON: read.MetadataStatement, model: p}
	var members struct{ MetadataStatement map[string]any }
	if err := json.Unmarshal(encoded, &members); err != nil {
		t.Fatal(err)
	}
	told.members = members.MetadataStatement
	if told.info = entry.Statement.GetInfo; told.info == nil {
		told.info = new(metadata.GetInfo)
	}
	if read.AaGUID != told.AaGUID {
		t.Errorf("%s: the entry is of %q, its statement of %q", p.Name, read.AaGUID, told.AaGUID)
	}
	for _, rule := range statementRules {
		if (told.ProtocolFamily == "fido2" || rule.always) && !rule.holds(told) {
			t.Errorf("%s: %s %s: %s", p.Name, rule.ids, rule.says, encoded)
		}
	}
}
