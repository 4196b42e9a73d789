package mds_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/rp/mds"
)

func TestAnHonestBLOBIsRead(t *testing.T) {
	s, m := newService(t), newMaker(t, "maker")
	blob, err := s.verifier().Read(append([]byte("\n "), append(s.sign(t, list(7, entry(model, m.root))), '\n')...))
	if err != nil {
		t.Fatal(err)
	}
	if blob.Number != 7 || len(blob.Entries) != 1 || len(blob.Problems) != 0 || !blob.NextUpdate.Equal(time.Date(2031, 7, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("got %+v", blob)
	}
}

// Each sentence breaks one thing, and names the step that must notice.
func TestABLOBIsRefused(t *testing.T) {
	s := newService(t)
	foreign := issue(t, authority("root"), authority("root"), key("foreign").Public(), key("foreign"))
	other := issue(t, template("other.test"), s.intermediate, key("leaf").Public(), key("intermediate"))
	old := template("mds.test")
	old.NotAfter = now.Add(-time.Hour)
	expired := issue(t, old, s.intermediate, key("leaf").Public(), key("intermediate"))
	honest := s.sign(t, list(1))
	tests := []struct {
		name  string
		step  mds.Step
		token []byte
	}{
		{"it is empty", mds.StepForm, nil},
		{"it is a web page", mds.StepForm, []byte("<!DOCTYPE html>")},
		{"it has a fourth part", mds.StepForm, append(bytes.Clone(honest), ".AA"...)},
		{"its header is no base64url", mds.StepForm, append([]byte("?"), honest...)},
		{"its header is no JSON", mds.StepForm, seal(t, "{", list(1), jwt.SigningMethodEdDSA, key("leaf"))},
		{"its header names a parameter that is critical", mds.StepForm, seal(t, with(s.header(), "crit", []string{"exp"}), list(1), jwt.SigningMethodEdDSA, key("leaf"))},
		{"its header is larger than any chain", mds.StepSize, seal(t, with(s.header(), "pad", strings.Repeat("x", 1<<16)), list(1), jwt.SigningMethodEdDSA, key("leaf"))},
		{"it has no signature, as alg none says", mds.StepAlgorithm, seal(t, with(s.header(), "alg", "none"), list(1), jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType)},
		{"it is signed with the certificate as an HMAC key", mds.StepAlgorithm, seal(t, with(s.header(), "alg", "HS256"), list(1), jwt.SigningMethodHS256, s.leaf.Raw)},
		{"its algorithm has no name", mds.StepAlgorithm, seal(t, with(s.header(), "alg", nil), list(1), jwt.SigningMethodEdDSA, key("leaf"))},
		{"its algorithm is not that of the key", mds.StepAlgorithm, seal(t, with(s.header(), "alg", "ES256"), list(1), jwt.SigningMethodEdDSA, key("leaf"))},
		{"it has no chain", mds.StepChain, seal(t, with(s.header(), "x5c", nil), list(1), jwt.SigningMethodEdDSA, key("leaf"))},
		{"its chain is somewhere else", mds.StepChain, seal(t, with(s.header(), "x5u", "https://mds.test/chain"), list(1), jwt.SigningMethodEdDSA, key("leaf"))},
		{"its chain is long", mds.StepChain, seal(t, with(s.header(), "x5c", [][]byte{{}, {}, {}, {}, {}, {}, {}, {}, {}}), list(1), jwt.SigningMethodEdDSA, key("leaf"))},
		{"its chain is no certificates", mds.StepChain, seal(t, with(s.header(), "x5c", [][]byte{{1}}), list(1), jwt.SigningMethodEdDSA, key("leaf"))},
		{"its chain has a gap", mds.StepChain, seal(t, with(s.header(), "x5c", [][]byte{s.leaf.Raw}), list(1), jwt.SigningMethodEdDSA, key("leaf"))},
		{"its chain leads to another root of the same name", mds.StepChain, seal(t, with(s.header(), "x5c", [][]byte{foreign.Raw}), list(1), jwt.SigningMethodEdDSA, key("foreign"))},
		{"its signer's certificate has expired", mds.StepChain, seal(t, with(s.header(), "x5c", [][]byte{expired.Raw, s.intermediate.Raw}), list(1), jwt.SigningMethodEdDSA, key("leaf"))},
		{"its signer is somebody else below the same root", mds.StepChain, seal(t, with(s.header(), "x5c", [][]byte{other.Raw, s.intermediate.Raw}), list(1), jwt.SigningMethodEdDSA, key("leaf"))},
		{"it is signed with another key", mds.StepSignature, seal(t, s.header(), list(1), jwt.SigningMethodEdDSA, key("thief"))},
		{"its payload was changed", mds.StepSignature, bytes.Replace(honest, encode(t, list(1)), encode(t, list(2)), 1)},
		{"its signature goes over two lines", mds.StepForm, append(append(bytes.Clone(honest[:len(honest)-4]), '\n'), honest[len(honest)-4:]...)},
		{"its signature is no base64url", mds.StepForm, append(bytes.Clone(honest), '=')},
		{"what is signed is no object", mds.StepPayload, s.sign(t, "[]")},
		{"something follows what is signed", mds.StepPayload, s.sign(t, `{"no":1,"nextUpdate":"2031-07-01","entries":[]} {}`)},
		{"it has two numbers", mds.StepPayload, s.sign(t, `{"no":1,"no":2,"nextUpdate":"2031-07-01","entries":[]}`)},
		{"it has no number", mds.StepPayload, s.sign(t, with(list(1), "no", nil))},
		{"its number is a fraction", mds.StepPayload, s.sign(t, with(list(1), "no", 1.5))},
		{"its number is negative", mds.StepPayload, s.sign(t, list(-1))},
		{"it has no day of the next update", mds.StepPayload, s.sign(t, with(list(1), "nextUpdate", nil))},
		{"the day of its next update is none", mds.StepPayload, s.sign(t, with(list(1), "nextUpdate", "soon"))},
		{"it has no entries", mds.StepPayload, s.sign(t, with(list(1), "entries", nil))},
		{"its entries are no list", mds.StepPayload, s.sign(t, with(list(1), "entries", "all"))},
		{"its entries are too many", mds.StepPayload, s.sign(t, `{"no":1,"nextUpdate":"2031-07-01","entries":[`+strings.Repeat("{},", 20_000)+`{}]}`)},
		{"an entry is nested deeply", mds.StepPayload, s.sign(t, `{"no":1,"nextUpdate":"2031-07-01","entries":[`+strings.Repeat("[", 1<<20)+strings.Repeat("]", 1<<20)+`]}`)},
		{"what nobody reads is nested deeply", mds.StepPayload, s.sign(t, `{"x":`+strings.Repeat(`{"x":`, 1<<18)+"1"+strings.Repeat("}", 1<<18)+`}`)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { wantStep(t, s.verifier(), test.token, test.step) })
	}
}

func wantStep(t *testing.T, v mds.Verifier, token []byte, step mds.Step) {
	t.Helper()
	_, err := v.Read(token)
	var refused *mds.BLOBError
	if !errors.As(err, &refused) || refused.Step != step {
		t.Fatalf("got %v, want a refusal at the step %q", err, step)
	}
	if len(err.Error()) > 400 {
		t.Errorf("the error repeats %d bytes", len(err.Error()))
	}
}

func TestABLOBAboveTheLimitIsNotRead(t *testing.T) {
	s := newService(t)
	v := s.verifier()
	v.MaxBytes = 100
	wantStep(t, v, s.sign(t, list(1)), mds.StepSize)
}

func TestAlgorithmsFitTheirKeys(t *testing.T) {
	s := newService(t)
	strong, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		method jwt.SigningMethod
		key    any
		public any
		ok     bool
	}{
		{jwt.SigningMethodRS256, strong, strong.Public(), true},
		{jwt.SigningMethodPS512, strong, strong.Public(), true},
		{jwt.SigningMethodRS256, weak, weak.Public(), false},
		{jwt.SigningMethodES256, p256, p256.Public(), true},
		{jwt.SigningMethodEdDSA, key("leaf"), key("leaf").Public(), true},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%s %v", test.method.Alg(), test.ok), func(t *testing.T) {
			leaf := issue(t, template("mds.test"), s.intermediate, test.public, key("intermediate"))
			header := object{"alg": test.method.Alg(), "x5c": [][]byte{leaf.Raw, s.intermediate.Raw}}
			token := seal(t, header, list(1), test.method, test.key)
			if test.ok {
				if _, err := s.verifier().Read(token); err != nil {
					t.Fatal(err)
				}
				return
			}
			wantStep(t, s.verifier(), token, mds.StepAlgorithm)
		})
	}
	leaf := issue(t, template("mds.test"), s.intermediate, p256.Public(), key("intermediate"))
	wantStep(t, s.verifier(), seal(t, object{"alg": "ES384", "x5c": [][]byte{leaf.Raw, s.intermediate.Raw}}, list(1), jwt.SigningMethodES256, p256), mds.StepAlgorithm)
	huge := &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 9000, 1), E: 65537}
	slow := issue(t, template("mds.test"), s.intermediate, huge, key("intermediate"))
	wantStep(t, s.verifier(), seal(t, with(s.header(), "x5c", [][]byte{slow.Raw, s.intermediate.Raw}), list(1), jwt.SigningMethodEdDSA, key("leaf")), mds.StepChain)
}

func TestOnlyACRLOfTheIssuerRevokesTheSigner(t *testing.T) {
	s := newService(t)
	honest := s.sign(t, list(1))
	crl := func(issuer *x509.Certificate, signer ed25519.PrivateKey, revoked *x509.Certificate) *x509.RevocationList {
		der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
			Number: big.NewInt(1), ThisUpdate: now.AddDate(-1, 0, 0), NextUpdate: now.AddDate(0, -1, 0), // outdated, and it counts
			RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: revoked.SerialNumber, RevocationTime: now.AddDate(-1, 0, 0)}},
		}, issuer, signer)
		if err != nil {
			t.Fatal(err)
		}
		list, err := x509.ParseRevocationList(der)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	forger := issue(t, authority("intermediate"), authority("intermediate"), key("forger").Public(), key("forger"))
	tests := []struct {
		name    string
		list    *x509.RevocationList
		revoked bool
	}{
		{"the signer is listed by its issuer", crl(s.intermediate, key("intermediate"), s.leaf), true},
		{"the intermediate is listed by the root", crl(s.root, key("root"), s.intermediate), true},
		{"somebody of the issuer's name lists the signer", crl(forger, key("forger"), s.leaf), false},
		{"the root lists the serial number of a signer that it did not issue", crl(s.root, key("root"), s.leaf), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := s.verifier()
			v.CRLs = []*x509.RevocationList{test.list}
			if test.revoked {
				wantStep(t, v, honest, mds.StepRevocation)
			} else if _, err := v.Read(honest); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestTheRootsOfFIDOAreThoseItNames(t *testing.T) {
	roots, err := mds.FIDORoots()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{ // as GlobalSign publishes them
		"4fa3126d8d3a11d1c4855a4f807cbad6cf919d3a5a88b03bea2c6372d93c40c9",
		"cbb522d7b7f127ad6a0113865bdf1cd4102e7d0759af635a7cf4720dc963c53b",
	}
	for i, root := range roots {
		if sum := sha256.Sum256(root.Raw); i >= len(want) || hex.EncodeToString(sum[:]) != want[i] {
			t.Errorf("root %d, %s: %x", i, root.Subject, sum)
		}
	}
	if len(roots) != len(want) {
		t.Errorf("got %d roots", len(roots))
	}
	// Without roots, FIDO's are used: the tests' service is a stranger to them.
	s := newService(t)
	wantStep(t, mds.Verifier{Now: func() time.Time { return now }}, s.sign(t, list(1)), mds.StepChain)
}

func TestRootsAreReadFromPEMAndDER(t *testing.T) {
	s := newService(t)
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.root.Raw})
	for name, content := range map[string][]byte{"PEM": block, "two in PEM": append(block, block...), "DER": s.root.Raw} {
		if roots, err := mds.ParseRoots(content); err != nil || !roots[0].Equal(s.root) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, content := range map[string][]byte{"nothing": nil, "a key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY"}), "no certificate": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE"})} {
		if _, err := mds.ParseRoots(content); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestEntriesThatCannotBeReadAreLeftOut(t *testing.T) {
	s, m := newService(t), newMaker(t, "maker")
	good, twin := uuid.MustParse("aaaaaaaa-0000-4000-8000-000000000001"), uuid.MustParse("aaaaaaaa-0000-4000-8000-000000000002")
	keyed := with(with(entry(uuid.Nil), "aaguid", nil), "attestationCertificateKeyIdentifiers", []string{strings.Repeat("ab", 20)})
	blob := read(t, s, list(1,
		entry(good, m.root),
		entry(twin, m.root), with(entry(twin, m.root), "statusReports", []object{report("REVOKED", "2031-01-01")}),
		keyed, with(keyed, "attestationCertificateKeyIdentifiers", []string{strings.Repeat("AB", 20)}),
		with(entry(model), "aaguid", "nobody"), with(entry(model), "timeOfLastStatusChange", ""),
		with(entry(model), "metadataStatement", object{"aaguid": good.String()}),
		with(keyed, "attestationCertificateKeyIdentifiers", []string{"abc"}),
	))
	if len(blob.Entries) != 1 || blob.Entries[0].AAGUID != good {
		t.Errorf("got %d entries", len(blob.Entries))
	}
	if len(blob.Problems) != 8 {
		t.Errorf("got %d problems: %v", len(blob.Problems), blob.Problems)
	}
	duplicates := 0
	for _, problem := range blob.Problems {
		var located *mds.EntryError
		if !errors.As(problem, &located) {
			t.Errorf("%T", problem)
		}
		if errors.Is(problem, mds.ErrDuplicate) {
			duplicates++
		}
	}
	if duplicates != 4 {
		t.Errorf("%d duplicates", duplicates)
	}
	if _, found := blob.Entry(twin); found {
		t.Error("one of two contradicting entries counts")
	}
}

// FuzzRead feeds tokens; none may be accepted that the service did not sign.
func FuzzRead(f *testing.F) {
	s := newService(f)
	honest := s.sign(f, list(1, entry(model, newMaker(f, "maker").root)))
	f.Add(honest)
	f.Add([]byte("e30.e30."))
	f.Add(seal(f, with(s.header(), "alg", "none"), list(1), jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType))
	f.Fuzz(func(t *testing.T, token []byte) {
		_, err := s.verifier().Read(token)
		if err == nil && !bytes.Equal(bytes.TrimSpace(token), honest) {
			t.Fatal("a BLOB was accepted that nobody signed")
		}
		var refused *mds.BLOBError
		if err != nil && !errors.As(err, &refused) {
			t.Fatalf("%T: %v", err, err)
		}
	})
}

// FuzzPayload signs whatever comes, as a service that has lost its mind would.
func FuzzPayload(f *testing.F) {
	s := newService(f)
	for _, payload := range []any{list(1, entry(model, s.root)), list(2, entry(model), entry(model))} {
		text, err := json.Marshal(payload)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"no":1,"nextUpdate":"2031-07-01","entries":[[[[{}]]]]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) == 0 {
			return
		}
		blob, err := s.verifier().Read(s.sign(t, string(text)))
		var refused *mds.BLOBError
		if err != nil && !errors.As(err, &refused) {
			t.Fatalf("%T: %v", err, err)
		}
		if err != nil {
			return
		}
		for _, e := range blob.Entries {
			_, _, _ = e.Icon(), e.Algorithms(), e.Level(now)
			if found, listed := blob.Entry(e.AAGUID); listed && found != e {
				t.Fatal("an entry hides another")
			}
			_, err := blob.Trust(e.AAGUID, []*x509.Certificate{s.leaf}, mds.Requirements{}, now)
			var refusal *mds.Refusal
			if err != nil && !errors.As(err, &refusal) {
				t.Fatalf("%T: %v", err, err)
			}
		}
	})
}
