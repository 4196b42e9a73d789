package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/mds"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/attestation/metadata"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// stopped is a clock.
type stopped time.Time

func (s stopped) Now() time.Time { return time.Time(s) }

// testKey is the model in the tests' metadata, and began when its authority did.
var (
	testKey = uuid.MustParse("0d4b1c5e-6f3a-4e5b-9a1d-2c3b4a596877")
	began   = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
)

// described is what the virtual half says about a key of its own.
func described(t *testing.T, authority *attestation.Authority) metadata.Entry {
	t.Helper()
	device := virtualauth.New(virtualauth.Model{AAGUID: testKey, Attestation: attestation.FormatPacked, AttestationType: attestation.Basic,
		UVTokens: true, CredentialManagement: true, Extensions: []string{"credProtect", "hmac-secret"}},
		virtualauth.World{Clock: stopped(began), Rand: rand.NewChaCha8([32]byte{}), Authority: authority})
	answer, err := device.Exchange(t.Context(), []byte{byte(ctap2.CommandGetInfo)})
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
	entry, err := metadata.Describe(metadata.Model{GetInfo: info, Description: "A key for tests", Since: began,
		AttestationTypes: []attestation.Type{attestation.Basic}, Roots: []*x509.Certificate{root}})
	if err != nil {
		t.Fatal(err)
	}
	return entry
}

// written is metadata of the virtual half in a file, and its root in another. The key has the status that it is described
// with, unless one is given.
func written(t *testing.T, blob metadata.BLOB, status ...metadata.StatusReport) (token, root string) {
	t.Helper()
	authority := attestation.NewAuthority(nil, began)
	entry := described(t, authority)
	if len(status) > 0 {
		entry.Status = status
	}
	blob.Entries = append(blob.Entries, entry)
	signed, err := blob.Sign(authority)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := authority.MetadataRoot()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	token, root = filepath.Join(dir, "blob.jwt"), filepath.Join(dir, "root.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})
	if err := errors.Join(os.WriteFile(token, signed, 0o600), os.WriteFile(root, block, 0o600)); err != nil {
		t.Fatal(err)
	}
	return token, root
}

func TestTheRelyingPartySaysWhichMetadataItKnows(t *testing.T) {
	token, root := written(t, metadata.BLOB{Number: 7, NextUpdate: time.Date(2126, 1, 31, 0, 0, 0, 0, time.UTC)})
	dir := t.TempDir()
	_, printed, failed, stop := served(t, "--data="+dir, "--mds="+token, "--mds-root="+root)
	if code := stop(); code != exitGood || failed.String() != "" {
		t.Errorf("exit code %d, %q", code, failed)
	}
	want := "Metadata number 7 of " + token + " is loaded; models listed: 1; next update by 2126-01-31\n"
	if !strings.Contains(printed.String(), want) {
		t.Errorf("the console does not say %q:\n%s", want, printed)
	}
	// The data folder keeps it for when the source is gone.
	if err := os.Remove(token); err != nil {
		t.Fatal(err)
	}
	var warned output
	service, err := metadataOptions{location: token, root: root}.open(t.Context(), dir, logger(&warned, newConsole(&output{}, false), false))
	if err != nil {
		t.Fatal(err)
	}
	if text := describeMetadata(service, time.Now()); text != want || !strings.Contains(warned.String(), "the cached one is used") {
		t.Errorf("from the cache: %q, log %s", text, &warned)
	}
}

func TestTheRelyingPartyAsksTheMetadataAboutModels(t *testing.T) {
	open := func(status ...metadata.StatusReport) rp.Metadata {
		token, root := written(t, metadata.BLOB{Number: 7, NextUpdate: began}, status...)
		service, err := metadataOptions{location: token, root: root}.open(t.Context(), t.TempDir(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return knownModels(service)
	}
	authority := attestation.NewAuthority(nil, began)
	own, err := authority.Root()
	if err != nil {
		t.Fatal(err)
	}
	other, err := authority.MetadataRoot()
	if err != nil {
		t.Fatal(err)
	}
	certified := metadata.StatusReport{Status: "FIDO_CERTIFIED_L1", EffectiveDate: "2026-01-01"}
	stolen := func(batch *x509.Certificate) metadata.StatusReport {
		return metadata.StatusReport{Status: "ATTESTATION_KEY_COMPROMISE", EffectiveDate: "2026-02-01", BatchCertificate: batch.Raw}
	}
	for name, test := range map[string]struct {
		known                  rp.Metadata
		certified, compromised bool
	}{
		"certified": {open(certified), true, false}, "not certified": {open(), false, false},
		"revoked":                  {open(certified, metadata.StatusReport{Status: "REVOKED", EffectiveDate: "2026-02-01"}), false, true},
		"its batch is compromised": {open(certified, stolen(own)), true, true}, "another batch is": {open(certified, stolen(other)), true, false},
	} {
		model, listed := test.known.Model(t.Context(), testKey, []*x509.Certificate{own})
		if !listed || model.Name != "A key for tests" || model.Roots == nil || model.Certified != test.certified || model.Compromised != test.compromised ||
			!model.UserVerification || !model.ResidentKeys || !model.Secrets {
			t.Errorf("%s: %+v, %v", name, model, listed)
		}
		if model, listed := test.known.Model(t.Context(), uuid.New(), nil); listed {
			t.Errorf("%s: a stranger is %+v", name, model)
		}
	}
	if knownModels(nil) != nil {
		t.Error("without metadata there is somebody to ask")
	}
}

func TestOverdueMetadataIsSaidToBe(t *testing.T) {
	token, root := written(t, metadata.BLOB{Number: 7, NextUpdate: time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)})
	o := metadataOptions{location: token, root: root}
	service, err := o.open(t.Context(), t.TempDir(), logger(&output{}, newConsole(&output{}, false), false))
	if err != nil {
		t.Fatal(err)
	}
	if text := describeMetadata(service, time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)); !strings.Contains(text, "2026-01-31, which is overdue") {
		t.Errorf("got %q", text)
	}
}

func TestMetadataThatCannotBeUsedIsNamed(t *testing.T) {
	token, root := written(t, metadata.BLOB{Number: 7, NextUpdate: began})
	for want, o := range map[string]metadataOptions{
		"say which with --mds":                {root: root},
		"--mds-root: ":                        {location: token, root: token + ".none"},
		"neither PEM":                         {location: token, root: token},
		"neither a file nor an http or https": {location: "ftp://mds.test/"},
		"no such file":                        {location: token + ".none"},
		"is valid for mds.passkeylab.test, not mds.fidoalliance.org": {location: token},
		"expected three parts with dots":                             {location: root},
	} {
		if _, err := o.open(context.Background(), t.TempDir(), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to say %q", err, want)
		}
	}
}

// What one half signs the other reads, and each lie about it is caught by the step that it breaks.
func TestTheTwoHalvesAgreeOnMetadata(t *testing.T) {
	tests := []struct {
		name string
		lies metadata.Misbehaviour
		step mds.Step // empty: accepted
	}{
		{"honest", metadata.Misbehaviour{}, ""},
		{"a spoilt signature", metadata.Misbehaviour{BadSignature: true}, mds.StepSignature},
		{"another root of the same name", metadata.Misbehaviour{ForeignRoot: true}, mds.StepChain},
		{"a gap in the chain", metadata.Misbehaviour{OmitIntermediate: true}, mds.StepChain},
		{"no chain", metadata.Misbehaviour{OmitChain: true}, mds.StepChain},
		{"an expired signer", metadata.Misbehaviour{Expired: true}, mds.StepChain},
		{"another signer", metadata.Misbehaviour{Host: "evil.passkeylab.test"}, mds.StepChain},
		{"no signature", metadata.Misbehaviour{Algorithm: "none"}, mds.StepAlgorithm},
		{"a certificate as a secret", metadata.Misbehaviour{Algorithm: "HS256"}, mds.StepAlgorithm},
		{"a chain elsewhere", metadata.Misbehaviour{X5U: "https://evil.passkeylab.test/"}, mds.StepChain},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			tokenFile, rootFile := written(t, metadata.BLOB{Number: 1, NextUpdate: began, Misbehave: test.lies})
			token, err := os.ReadFile(tokenFile)
			if err != nil {
				t.Fatal(err)
			}
			block, err := os.ReadFile(rootFile)
			if err != nil {
				t.Fatal(err)
			}
			roots, err := mds.ParseRoots(block)
			if err != nil {
				t.Fatal(err)
			}
			verifier := mds.Verifier{Roots: roots, Signer: metadata.Host, Now: func() time.Time { return began.AddDate(1, 0, 0) }}
			blob, err := verifier.Read(token)
			var refused *mds.BLOBError
			switch {
			case test.step != "":
				if !errors.As(err, &refused) || refused.Step != test.step {
					t.Errorf("got %v, want %s", err, test.step)
				}
			case err != nil:
				t.Fatal(err)
			default:
				entry, found := blob.Entry(testKey)
				if !found || len(blob.Problems) > 0 || !entry.VerifiesUser() || !entry.KeepsPasskeys() || !entry.DerivesSecrets() || entry.Roots() == nil {
					t.Errorf("got %+v, %v", entry, blob.Problems)
				}
			}
		})
	}
}
