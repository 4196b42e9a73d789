package attest_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncbor"

	"github.com/passkeylab/passkeylab/rp/attest"
)

func verifier(roots attest.Roots) attest.Verifier {
	return attest.Verifier{Roots: roots, Now: func() time.Time { return now }}
}

func TestHonestStatements(t *testing.T) {
	ca := newAuthority(t)
	for format, want := range map[string]attest.Result{
		"apple": {Type: attest.AnonCA, Trusted: true}, "android-key": {Type: attest.Basic, Trusted: true},
		"android-safetynet": {Type: attest.Basic, Trusted: true}, "packed": {Type: attest.Basic, Trusted: true},
		"self": {Type: attest.Self}, "none": {Type: attest.None},
	} {
		t.Run(format, func(t *testing.T) {
			d := newDraft(t, ca)
			got, err := verifier(attest.All(ca.pool())).Verify(d.object(format), d.clientHash)
			if err != nil || got != want {
				t.Errorf("%+v, %v; want %+v", got, err, want)
			}
		})
	}
}

// U2F statements carry the leaf alone: it is trusted when its issuer, or it itself, is a root.
func TestTrustOfOneCertificate(t *testing.T) {
	ca := newAuthority(t)
	d := newDraft(t, ca)
	object := d.object("fido-u2f")
	issuer, itself := x509.NewCertPool(), x509.NewCertPool()
	issuer.AddCert(ca.intermediate)
	leaf, err := x509.ParseCertificate(object.AttStatement["x5c"].([]any)[0].([]byte))
	if err != nil {
		t.Fatal(err)
	}
	itself.AddCert(leaf)
	for name, pool := range map[string]*x509.CertPool{"its issuer": issuer, "itself": itself} {
		if got, err := verifier(attest.Roots{FIDOU2F: pool}).Verify(object, d.clientHash); err != nil || !got.Trusted {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	_, err = verifier(attest.All(ca.pool())).Verify(object, d.clientHash)
	wantClause(t, err, "§7.1 step 24")
}

// Without roots for it, a format that go-webauthn verifies is accepted and not trusted, and one with roots of its own is
// judged by those.
func TestNoRoots(t *testing.T) {
	ca := newAuthority(t)
	for _, format := range []string{"packed", "fido-u2f"} {
		d := newDraft(t, ca)
		if got, err := verifier(attest.Roots{}).Verify(d.object(format), d.clientHash); err != nil || got.Trusted || got.Type != attest.Basic {
			t.Errorf("%s: %+v, %v", format, got, err)
		}
	}
	for _, format := range []string{"apple", "android-key", "android-safetynet"} {
		d := newDraft(t, ca)
		_, err := verifier(attest.Roots{}).Verify(d.object(format), d.clientHash)
		wantClause(t, err, "§7.1 step 22")
	}
}

// Two relying parties in one process trust different roots.
func TestVerifiersShareNothing(t *testing.T) {
	one, other := newAuthority(t), newAuthority(t)
	for _, format := range []string{"apple", "android-key", "android-safetynet", "packed"} {
		d := newDraft(t, one)
		object := d.object(format)
		if _, err := verifier(attest.All(one.pool())).Verify(object, d.clientHash); err != nil {
			t.Errorf("%s: %v", format, err)
		}
		_, err := verifier(attest.All(other.pool())).Verify(object, d.clientHash)
		wantClause(t, err, "§7.1 step 24")
		var unknown x509.UnknownAuthorityError
		if !errors.As(err, &unknown) {
			t.Errorf("%s: %v", format, err)
		}
	}
}

func TestEachLieIsCaughtByItsStep(t *testing.T) {
	ca := newAuthority(t)
	for _, c := range []struct {
		name, format, clause string
		lie                  func(*draft)
	}{
		{"apple without certificates", "apple", "§8.8 (syntax)", func(d *draft) { d.statement = func(s map[string]any) { s["x5c"] = []any{} } }},
		{"apple, x5c is text", "apple", "§8.8 (syntax)", func(d *draft) { d.statement = func(s map[string]any) { s["x5c"] = []any{"x"} } }},
		{"apple, x5c is garbage", "apple", "§8.8 (syntax)", func(d *draft) { d.statement = func(s map[string]any) { s["x5c"] = []any{[]byte{1}} } }},
		{"apple without a nonce", "apple", "§8.8 (nonce)", func(d *draft) { d.nonce = nil }},
		{"apple, another nonce", "apple", "§8.8 (nonce)", func(d *draft) { d.nonce = make([]byte, 32) }},
		{"apple, bytes behind the nonce", "apple", "§8.8 (nonce)", func(d *draft) { d.tail = []byte{0} }},
		{"apple, the nonce is no DER", "apple", "§8.8 (nonce)", func(d *draft) { d.nonce = nil; d.leaf.ExtraExtensions = extensionOf("1.2.840.113635.100.8.2", 0xff) }},
		{"apple, another client data hash", "apple", "§8.8 (nonce)", func(d *draft) { d.clientHash = make([]byte, 32) }},
		{"apple, certificate for another key", "apple", "§8.8 (public key)", func(d *draft) { d.certified = newKey(d.t).Public() }},
		{"apple, expired", "apple", "§7.1 step 24", func(d *draft) { d.leaf.NotAfter = now.Add(-time.Second) }},
		{"apple, not yet valid", "apple", "§7.1 step 24", func(d *draft) { d.leaf.NotBefore = now.Add(time.Second) }},

		{"android without alg", "android-key", "§8.4 (syntax)", func(d *draft) { d.statement = func(s map[string]any) { delete(s, "alg") } }},
		{"android without sig", "android-key", "§8.4 (syntax)", func(d *draft) { d.statement = func(s map[string]any) { delete(s, "sig") } }},
		{"android without x5c", "android-key", "§8.4 (syntax)", func(d *draft) { d.statement = func(s map[string]any) { delete(s, "x5c") } }},
		{"android, spoilt signature", "android-key", "§8.4 (signature)", func(d *draft) { d.statement = func(s map[string]any) { s["sig"].([]byte)[10] ^= 1 } }},
		{"android, unknown algorithm", "android-key", "§8.4 (signature)", func(d *draft) { d.statement = func(s map[string]any) { s["alg"] = -60000 } }},
		{"android, certificate for another key", "android-key", "§8.4 (public key)", func(d *draft) {
			attacker := newKey(d.t)
			d.certified = attacker.Public()
			d.statement = func(s map[string]any) { s["sig"] = sign(d.t, attacker, d.signed()) }
		}},
		{"android without the extension", "android-key", "§8.4.1", func(d *draft) { d.challenge = nil }},
		{"android, bytes behind the description", "android-key", "§8.4.1", func(d *draft) { d.tail = []byte{0} }},
		{"android, another challenge", "android-key", "§8.4 (attestationChallenge)", func(d *draft) { d.challenge = make([]byte, 32) }},
		{"android, all applications in software", "android-key", "§8.4 (allApplications)", func(d *draft) { d.software = list(d.t, explicit(d.t, 600, asn1Null)) }},
		{"android, all applications in hardware", "android-key", "§8.4 (allApplications)", func(d *draft) {
			d.hardware = list(d.t, explicit(d.t, 1, set(2)), explicit(d.t, 600, asn1Null), explicit(d.t, 702, 0))
		}},
		{"android, imported", "android-key", "§8.4 (origin)", func(d *draft) { d.hardware = list(d.t, explicit(d.t, 1, set(2)), explicit(d.t, 702, 2)) }},
		{"android, origin in software only", "android-key", "§8.4 (origin)", func(d *draft) {
			d.hardware, d.software = list(d.t, explicit(d.t, 1, set(2))), list(d.t, explicit(d.t, 702, 0))
		}},
		{"android, for encryption", "android-key", "§8.4 (purpose)", func(d *draft) { d.hardware = list(d.t, explicit(d.t, 1, set(0)), explicit(d.t, 702, 0)) }},
		{"android without purpose", "android-key", "§8.4 (purpose)", func(d *draft) { d.hardware = list(d.t, explicit(d.t, 702, 0)) }},
		{"android, a list that is none", "android-key", "§8.4 (allApplications)", func(d *draft) { d.software = der(d.t, 5) }},
		{"android, a list that is a set", "android-key", "§8.4 (allApplications)", func(d *draft) { d.software = der(d.t, asn1.RawValue{Tag: asn1.TagSet, IsCompound: true}) }},
		{"android, a list of another class", "android-key", "§8.4 (allApplications)", func(d *draft) {
			d.hardware = der(d.t, asn1.RawValue{Class: asn1.ClassApplication, Tag: asn1.TagSequence, IsCompound: true, Bytes: d.hardware[2:]})
		}},
		{"android, a broken list", "android-key", "§8.4 (allApplications)", func(d *draft) { d.hardware = list(d.t, explicit(d.t, 1, set(2)), []byte{0xbf}) }},
		{"android, bytes behind the origin", "android-key", "§8.4 (origin)", func(d *draft) {
			d.hardware = list(d.t, explicit(d.t, 1, set(2)), der(d.t, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 702, IsCompound: true, Bytes: []byte{2, 1, 0, 5, 0}}))
		}},
		{"android, bytes behind the purpose", "android-key", "§8.4 (purpose)", func(d *draft) {
			d.hardware = list(d.t, der(d.t, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 1, IsCompound: true, Bytes: []byte{0x31, 3, 2, 1, 2, 5, 0}}), explicit(d.t, 702, 0))
		}},
		{"android, expired", "android-key", "§7.1 step 24", func(d *draft) { d.leaf.NotAfter = now.Add(-time.Second) }},

		{"safetynet without a version", "android-safetynet", "§8.5 (syntax)", func(d *draft) { d.statement = func(s map[string]any) { s["ver"] = "" } }},
		{"safetynet without a response", "android-safetynet", "§8.5 (syntax)", func(d *draft) { d.statement = func(s map[string]any) { delete(s, "response") } }},
		{"safetynet, the response is no JWS", "android-safetynet", "§8.5 (syntax)", func(d *draft) { d.statement = func(s map[string]any) { s["response"] = []byte("a.b") } }},
		{"safetynet, x5c is no base64", "android-safetynet", "§8.5 (syntax)", func(d *draft) {
			d.statement = func(s map[string]any) { s["response"] = []byte("eyJhbGciOiJSUzI1NiIsIng1YyI6WyIhIl19.e30.AA") }
		}},
		{"safetynet, spoilt signature", "android-safetynet", "§8.5 (response)", func(d *draft) {
			d.statement = func(s map[string]any) {
				response := s["response"].([]byte)
				first := &response[bytes.LastIndexByte(response, '.')+1]
				if *first == 'A' {
					*first = 'B'
				} else {
					*first = 'A'
				}
			}
		}},
		{"safetynet, no algorithm", "android-safetynet", "§8.5 (response)", func(d *draft) { d.method = "none" }},
		{"safetynet, certificate for another key", "android-safetynet", "§8.5 (response)", func(d *draft) { d.certified = newKey(d.t).Public() }},
		{"safetynet, another nonce", "android-safetynet", "§8.5 (nonce)", func(d *draft) { d.payload["nonce"] = "AAAA" }},
		{"safetynet, another host", "android-safetynet", "§8.5 (service)", func(d *draft) { d.host = "attest.android.com.evil.example" }},
		{"safetynet, not a server's certificate", "android-safetynet", "§8.5 (service)", func(d *draft) { d.leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection} }},
		{"safetynet, a rooted phone", "android-safetynet", "§8.5 (integrity)", func(d *draft) { d.payload["ctsProfileMatch"] = false }},
		{"safetynet, from the future", "android-safetynet", "§8.5 (timestamp)", func(d *draft) { d.payload["timestampMs"] = now.Add(time.Second).UnixMilli() }},
		{"safetynet, old", "android-safetynet", "§8.5 (timestamp)", func(d *draft) { d.payload["timestampMs"] = now.Add(-61 * time.Second).UnixMilli() }},
		{"safetynet, expired certificate", "android-safetynet", "§7.1 step 24", func(d *draft) { d.leaf.NotAfter = now.Add(-time.Second) }},

		{"packed, spoilt signature", "packed", "§7.1 step 22", func(d *draft) { d.statement = func(s map[string]any) { s["sig"].([]byte)[10] ^= 1 } }},
		{"packed, the chain breaks off", "packed", "§7.1 step 24", func(d *draft) { d.statement = func(s map[string]any) { s["x5c"] = s["x5c"].([]any)[:1] } }},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDraft(t, ca)
			c.lie(d)
			_, err := verifier(attest.All(ca.pool())).Verify(d.object(c.format), d.clientHash)
			wantClause(t, err, c.clause)
		})
	}
}

// What go-webauthn found is in the text, with its details, and what a step of ours found is there with the clause.
func TestErrorsSayWhatIsWrong(t *testing.T) {
	ca := newAuthority(t)
	for _, c := range []struct {
		format string
		lie    func(*draft)
		parts  []string
	}{
		{"packed", func(d *draft) { d.statement = func(s map[string]any) { s["sig"] = []byte{1} } }, []string{"attest: packed: WebAuthn L3 §7.1 step 22", "Signature validation error"}},
		{"packed", func(d *draft) { d.statement = func(s map[string]any) { delete(s, "sig") } }, []string{"Error retrieving sig value"}},
		{"apple", func(d *draft) { d.nonce = nil }, []string{"attest: apple: WebAuthn L3 §8.8 (nonce): ", "1.2.840.113635.100.8.2"}},
	} {
		d := newDraft(t, ca)
		c.lie(d)
		_, err := verifier(attest.All(ca.pool())).Verify(d.object(c.format), d.clientHash)
		for _, part := range c.parts {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%v does not say %q", err, part)
			}
		}
	}
}

func TestUnknownFormats(t *testing.T) {
	d := newDraft(t, newAuthority(t))
	object := d.object("none")
	object.Format = "unheard-of"
	_, err := verifier(attest.Roots{}).Verify(object, d.clientHash)
	wantClause(t, err, "§7.1 step 21")
}

func TestCompound(t *testing.T) {
	ca := newAuthority(t)
	d := newDraft(t, ca)
	part := func(format string, statement map[string]any) map[string]any {
		return map[string]any{"fmt": format, "attStmt": statement}
	}
	self, apple := part("packed", d.self()), part("apple", d.apple())
	spoilt := part("packed", map[string]any{"alg": -7, "sig": []byte{1}})
	for _, c := range []struct {
		name   string
		parts  []any
		want   attest.Result
		clause string
	}{
		{"self and apple", []any{self, apple}, attest.Result{Type: attest.Self, Trusted: true}, ""},
		{"twice self", []any{self, self}, attest.Result{Type: attest.Self}, ""},
		{"one part", []any{apple}, attest.Result{}, "§8.9"},
		{"a part without a statement", []any{apple, part("none", map[string]any{})}, attest.Result{}, "§8.9"},
		{"a part that is compound", []any{apple, part("compound", map[string]any{})}, attest.Result{}, "§8.9"},
		{"a part that does not verify", []any{apple, spoilt}, attest.Result{}, "§7.1 step 22"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := verifier(attest.All(ca.pool())).Verify(parse(t, "compound", c.parts, d.authData), d.clientHash)
			if c.clause != "" {
				wantClause(t, err, c.clause)
			} else if err != nil || got != c.want {
				t.Errorf("%+v, %v; want %+v", got, err, c.want)
			}
		})
	}
}

// The W3C's own test vectors (WebAuthn L3 §16), with the root that is printed there. go-webauthn refuses the one for tpm: its
// certificate names the manufacturer id:00000000, which is none of the registered ones (WebAuthn L3 §8.3.1).
// A chain can be looked at before it is verified.
func TestChain(t *testing.T) {
	ca := newAuthority(t)
	d := newDraft(t, ca)
	part := func(format string) map[string]any {
		return map[string]any{"fmt": format, "attStmt": d.object(format).AttStatement}
	}
	compound := parse(t, "compound", []any{part("packed"), part("self"), part("fido-u2f")}, d.authData)
	broken := d.object("packed")
	broken.AttStatement["x5c"] = append([]any{[]byte{0x30}}, broken.AttStatement["x5c"].([]any)...)
	length := func(object protocol.AttestationObject) int {
		list, _ := object.AttStatement["x5c"].([]any)
		return len(list)
	}
	for name, c := range map[string]struct {
		object protocol.AttestationObject
		want   int
	}{
		"packed": {d.object("packed"), length(d.object("packed"))}, "fido-u2f": {d.object("fido-u2f"), 1},
		"compound": {compound, length(d.object("packed")) + 1}, "self": {d.object("self"), 0}, "none": {d.object("none"), 0},
		"android-safetynet": {d.object("android-safetynet"), 0}, "not readable": {broken, 0},
	} {
		if chain := attest.Chain(c.object); len(chain) != c.want {
			t.Errorf("%s: %d certificates, want %d", name, len(chain), c.want)
		}
	}
	first := attest.Chain(compound)[0]
	if list := compound.SubStatements[0].AttStatement["x5c"].([]any); !bytes.Equal(first.Raw, list[0].([]byte)) {
		t.Error("the chain does not begin with the leaf of the first part")
	}
}

func TestVectors(t *testing.T) {
	data, err := os.ReadFile("testdata/w3c-level3.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors struct {
		Root          string
		Registrations []struct{ Name, AttestationObject, ClientDataJSON string }
	}
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatal(err)
	}
	root, err := x509.ParseCertificate(unhex(t, vectors.Root))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(root)
	want := map[string]attest.Result{
		"none-es256": {Type: attest.None}, "packed-self-es256": {Type: attest.Self},
		"apple-es256": {Type: attest.AnonCA, Trusted: true},
	}
	for _, vector := range vectors.Registrations {
		t.Run(vector.Name, func(t *testing.T) {
			var object protocol.AttestationObject
			if err := object.UnmarshalCBOR(unhex(t, vector.AttestationObject)); err != nil {
				t.Fatal(err)
			}
			if err := object.AuthData.Unmarshal(object.RawAuthData); err != nil {
				t.Fatal(err)
			}
			hash := sha256.Sum256(unhex(t, vector.ClientDataJSON))
			expected, listed := want[vector.Name]
			if !listed {
				expected = attest.Result{Type: attest.Basic, Trusted: true}
			}
			got, err := verifier(attest.All(pool)).Verify(object, hash[:])
			if vector.Name == "tpm-es256" {
				wantClause(t, err, "§7.1 step 22")
				return
			}
			if err != nil || got != expected {
				t.Errorf("%+v, %v; want %+v", got, err, expected)
			}
			hash[0] ^= 1
			if _, err := verifier(attest.All(pool)).Verify(object, hash[:]); err == nil && expected.Type != attest.None {
				t.Error("another client data hash is accepted")
			}
		})
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	data, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// wantClause checks that an *attest.Error names a step.
func wantClause(t *testing.T, err error, clause string) {
	t.Helper()
	var e *attest.Error
	if !errors.As(err, &e) || !strings.Contains(e.Clause, clause) || e.Format == "" || errors.Unwrap(e) == nil {
		t.Errorf("got %v, want a failure of %s", err, clause)
	}
}

// Certificates for RSA and Ed25519 keys are compared with the credential's too.
func TestOtherKindsOfKeys(t *testing.T) {
	ca := newAuthority(t)
	edwards, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	service := ca.serviceKey(t)
	for name, c := range map[string]struct {
		public crypto.PublicKey
		cose   map[int]any
	}{
		"RSA":     {service.Public(), map[int]any{1: 3, 3: -257, -1: service.N.Bytes(), -2: []byte{1, 0, 1}}},
		"Ed25519": {edwards, map[int]any{1: 1, 3: -8, -1: 6, -2: []byte(edwards)}},
	} {
		d := newDraft(t, ca)
		d.setKey(c.cose)
		d.certified = c.public
		if got, err := verifier(attest.All(ca.pool())).Verify(d.object("apple"), d.clientHash); err != nil || !got.Trusted {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		d = newDraft(t, ca)
		d.setKey(c.cose)
		_, err := verifier(attest.All(ca.pool())).Verify(d.object("apple"), d.clientHash)
		wantClause(t, err, "§8.8 (public key)")
	}
}

// Whatever the statement is, the answer is a result or an *attest.Error, and nothing is trusted by accident.
func FuzzVerify(f *testing.F) {
	for _, seed := range []string{"a0", "a16378356380", "a163783563814130", "a3636163f6", "a26376657261316872657370 6f6e736543612e62"} {
		data, _ := hex.DecodeString(strings.ReplaceAll(seed, " ", ""))
		for kind := range byte(4) {
			f.Add(kind, data)
		}
	}
	authData := append(make([]byte, 32), 0x45, 0, 0, 0, 1)
	f.Fuzz(func(t *testing.T, kind byte, statement []byte) {
		object := protocol.AttestationObject{
			Format: []string{"apple", "android-key", "android-safetynet", "compound"}[kind%4], RawAuthData: authData,
		}
		var err error
		if object.Format == "compound" {
			err = webauthncbor.Unmarshal(statement, &object.SubStatements)
		} else {
			err = webauthncbor.Unmarshal(statement, &object.AttStatement)
		}
		if err != nil {
			return
		}
		got, err := verifier(attest.All(x509.NewCertPool())).Verify(object, make([]byte, 32))
		var e *attest.Error
		if got.Trusted || !errors.As(err, &e) {
			t.Errorf("%x: %+v, %v", statement, got, err)
		}
	})
}
