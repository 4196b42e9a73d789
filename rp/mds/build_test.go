package mds_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/rp/mds"
)

// now is the time in all tests.
var now = time.Date(2031, 6, 1, 12, 0, 0, 0, time.UTC)

// model is the authenticator that the tests ask for.
var model = uuid.MustParse("11111111-2222-4333-8444-555555555555")

// key derives a key from a name, so that equal tests make equal bytes.
func key(name string) ed25519.PrivateKey {
	var seed [ed25519.SeedSize]byte
	copy(seed[:], name)
	return ed25519.NewKeyFromSeed(seed[:])
}

// template is a certificate for a name, valid for a year around now.
func template(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes([]byte(name)), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: now.AddDate(0, -6, 0), NotAfter: now.AddDate(0, 6, 0),
	}
}

// authority is a template of one that signs certificates and CRLs.
func authority(name string) *x509.Certificate {
	t := template(name)
	t.DNSNames, t.IsCA, t.BasicConstraintsValid, t.KeyUsage = nil, true, true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
	t.SubjectKeyId = []byte(name)
	return t
}

func issue(t testing.TB, template, parent *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

// service is who signs BLOBs in the tests: a root, an intermediate and the signer's certificate.
type service struct {
	root, intermediate, leaf *x509.Certificate
}

func newService(t testing.TB) service {
	t.Helper()
	root := issue(t, authority("root"), authority("root"), key("root").Public(), key("root"))
	intermediate := issue(t, authority("intermediate"), root, key("intermediate").Public(), key("root"))
	return service{root, intermediate, issue(t, template("mds.test"), intermediate, key("leaf").Public(), key("intermediate"))}
}

// verifier trusts the service.
func (s service) verifier() mds.Verifier {
	return mds.Verifier{Roots: []*x509.Certificate{s.root}, Signer: "mds.test", Now: func() time.Time { return now }}
}

type object = map[string]any

// header is the honest header.
func (s service) header() object {
	return object{"alg": "EdDSA", "typ": "JWT", "x5c": [][]byte{s.leaf.Raw, s.intermediate.Raw}}
}

// sign signs what the service says.
func (s service) sign(t testing.TB, payload any) []byte {
	return seal(t, s.header(), payload, jwt.SigningMethodEdDSA, key("leaf"))
}

// seal makes a JWS.
func seal(t testing.TB, header, payload any, method jwt.SigningMethod, key any) []byte {
	t.Helper()
	signed := append(append(encode(t, header), '.'), encode(t, payload)...)
	signature, err := method.Sign(string(signed), key)
	if err != nil {
		t.Fatal(err)
	}
	return append(append(signed, '.'), base64.RawURLEncoding.EncodeToString(signature)...)
}

// encode is base64url of JSON, or of text as it is.
func encode(t testing.TB, value any) []byte {
	t.Helper()
	text, isText := value.(string)
	raw := []byte(text)
	if !isText {
		var err error
		if raw, err = json.Marshal(value); err != nil {
			t.Fatal(err)
		}
	}
	return base64.RawURLEncoding.AppendEncode(nil, raw)
}

// list is the payload of a BLOB that is fresh for a month.
func list(number int, entries ...object) object {
	return object{"legalHeader": "Do not read this.", "no": number, "nextUpdate": "2031-07-01", "entries": append([]object{}, entries...)}
}

// entry describes a model, certified at level 1, whose attestations lead to the roots.
func entry(aaguid uuid.UUID, roots ...*x509.Certificate) object {
	var listed [][]byte
	for _, root := range roots {
		listed = append(listed, root.Raw)
	}
	return object{
		"aaguid": aaguid.String(), "timeOfLastStatusChange": "2025-01-01", "statusReports": []object{report("FIDO_CERTIFIED_L1", "2025-01-01")},
		"metadataStatement": object{
			"aaguid": aaguid.String(), "description": "Key of the tests", "authenticatorVersion": 5, "protocolFamily": "fido2", "schema": 3,
			"upv": []object{{"major": 1, "minor": 1}}, "authenticationAlgorithms": []string{"secp256r1_ecdsa_sha256_raw", "ed25519_eddsa_sha512_raw"},
			"publicKeyAlgAndEncodings": []string{"cose"}, "attestationTypes": []string{"basic_full"}, "keyProtection": []string{"hardware", "secure_element"},
			"userVerificationDetails": [][]object{{{"userVerificationMethod": "passcode_external", "caDesc": object{"base": 64, "minLength": 4}}}},
			"icon":                    "data:image/png;base64,iVBORw0KGgo=", "attestationRootCertificates": listed,
		},
	}
}

// report is a status report; without a day it has none.
func report(status, day string) object {
	r := object{"status": status}
	if day != "" {
		r["effectiveDate"] = day
	}
	return r
}

// with returns a copy of an object with one member replaced; a nil value removes it.
func with(o object, name string, value any) object {
	changed := object{}
	for k, v := range o {
		changed[k] = v
	}
	if changed[name] = value; value == nil {
		delete(changed, name)
	}
	return changed
}

// maker is who makes authenticators: its root, and the chain of an attestation.
type maker struct {
	root  *x509.Certificate
	chain []*x509.Certificate
}

func newMaker(t testing.TB, name string) maker {
	t.Helper()
	root := issue(t, authority(name), authority(name), key(name).Public(), key(name))
	intermediate := issue(t, authority(name+" batch"), root, key(name+" batch").Public(), key(name))
	leaf := issue(t, template(name+" key"), intermediate, key(name+" key").Public(), key(name+" batch"))
	return maker{root, []*x509.Certificate{leaf, intermediate}}
}

// read verifies and reads, and must succeed.
func read(t testing.TB, s service, payload any) *mds.BLOB {
	t.Helper()
	blob, err := s.verifier().Read(s.sign(t, payload))
	if err != nil {
		t.Fatal(err)
	}
	return blob
}

// What tests sign must be equal from run to run, because the seeds of fuzzing are kept.
func TestEqualListsAreEqualBytes(t *testing.T) {
	if !bytes.Equal(newService(t).sign(t, list(1)), newService(t).sign(t, list(1))) {
		t.Error("two runs differ; the seeds of fuzzing would age")
	}
}
