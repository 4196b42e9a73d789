package attest_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/go-webauthn/webauthn/protocol"
)

// now is the verifier's time in all tests.
var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// authority is a certificate authority of the tests, with one intermediate.
type authority struct {
	root, intermediate *x509.Certificate
	key                *ecdsa.PrivateKey
	service            *rsa.PrivateKey // that of SafetyNet; made when it is first needed, since it takes long
}

func (a *authority) serviceKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	if a.service == nil {
		var err error
		if a.service, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			t.Fatal(err)
		}
	}
	return a.service
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	rootKey, key := newKey(t), newKey(t)
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Root"}, NotBefore: now.AddDate(-5, 0, 0), NotAfter: now.AddDate(90, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	intermediate := *root
	intermediate.SerialNumber, intermediate.Subject = big.NewInt(2), pkix.Name{CommonName: "Intermediate"}
	a := &authority{key: key}
	a.root = issue(t, root, root, rootKey.Public(), rootKey)
	a.intermediate = issue(t, &intermediate, a.root, key.Public(), rootKey)
	return a
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.root)
	return pool
}

// leaf issues a certificate for a key; x5c is it and the intermediate.
func (a *authority) leaf(t *testing.T, template *x509.Certificate, key crypto.PublicKey) []any {
	t.Helper()
	return []any{issue(t, template, a.intermediate, key, a.key).Raw, a.intermediate.Raw}
}

func issue(t *testing.T, template, parent *x509.Certificate, key crypto.PublicKey, signer crypto.Signer) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key, signer)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// leafTemplate is an honest leaf, fit for every format.
func leafTemplate() *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(3), NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(80, 0, 0),
		Subject: pkix.Name{Country: []string{"CH"}, Organization: []string{"Test"}, OrganizationalUnit: []string{"Authenticator Attestation"},
			CommonName: "Leaf"},
		BasicConstraintsValid: true,
	}
}

// draft is an attestation that a test may spoil before it is made.
type draft struct {
	t          *testing.T
	ca         *authority
	key        *ecdsa.PrivateKey // the credential's
	certified  crypto.PublicKey  // what the certificate is for; nil: the credential's key, or the attestation key
	authData   []byte
	clientHash []byte
	leaf       *x509.Certificate
	// apple
	nonce []byte
	tail  []byte // behind the extension's value
	// android-key
	challenge          []byte
	software, hardware []byte // authorization lists, DER
	// android-safetynet
	payload map[string]any
	host    string
	method  string
	// statement edits the finished attStmt.
	statement func(map[string]any)
}

func newDraft(t *testing.T, ca *authority) *draft {
	t.Helper()
	d := &draft{t: t, ca: ca, key: newKey(t), leaf: leafTemplate(), host: "attest.android.com", method: "RS256"}
	hash := sha256.Sum256([]byte("client data"))
	d.clientHash = hash[:]
	rp := sha256.Sum256([]byte("example.org"))
	d.authData = append(rp[:], 0x45, 0, 0, 0, 1)
	d.authData = append(d.authData, make([]byte, 16)...)
	d.authData = binary.BigEndian.AppendUint16(d.authData, 4)
	d.authData = append(d.authData, 1, 2, 3, 4)
	d.setKey(map[int]any{
		1: 2, 3: -7, -1: 1, -2: d.key.X.FillBytes(make([]byte, 32)), -3: d.key.Y.FillBytes(make([]byte, 32)),
	})
	d.challenge = d.clientHash
	d.hardware = list(t, explicit(t, 1, set(2)), explicit(t, 2, 3), explicit(t, 702, 0))
	d.software = list(t, explicit(t, 701, 5))
	d.payload = map[string]any{"nonce": base64.StdEncoding.EncodeToString(d.nonce), "timestampMs": now.UnixMilli(), "ctsProfileMatch": true}
	return d
}

// keyOffset is where the credential's key begins in the authenticator data.
const keyOffset = 32 + 1 + 4 + 16 + 2 + 4

// setKey makes a COSE_Key the credential's.
func (d *draft) setKey(key map[int]any) {
	d.authData = append(d.authData[:keyOffset:keyOffset], encode(d.t, key)...)
	nonce := sha256.Sum256(d.signed())
	d.nonce = nonce[:]
}

func (d *draft) signed() []byte { return slices.Concat(d.authData, d.clientHash) }

// object makes the attestation object of a format, parsed.
func (d *draft) object(format string) protocol.AttestationObject {
	d.t.Helper()
	make := map[string]func() map[string]any{
		"apple": d.apple, "android-key": d.androidKey, "android-safetynet": d.safetyNet, "packed": d.packed, "fido-u2f": d.fidoU2F,
		"self": d.self, "none": func() map[string]any { return map[string]any{} },
	}[format]
	if format == "self" {
		format = "packed"
	}
	statement := make()
	if d.statement != nil {
		d.statement(statement)
	}
	return parse(d.t, format, statement, d.authData)
}

func parse(t *testing.T, format string, statement any, authData []byte) protocol.AttestationObject {
	t.Helper()
	var object protocol.AttestationObject
	encoded := encode(t, map[string]any{"fmt": format, "attStmt": statement, "authData": authData})
	if err := object.UnmarshalCBOR(encoded); err != nil {
		t.Fatal(err)
	}
	if err := object.AuthData.Unmarshal(authData); err != nil {
		t.Fatal(err)
	}
	return object
}

func (d *draft) public(fallback crypto.PublicKey) crypto.PublicKey {
	if d.certified != nil {
		return d.certified
	}
	return fallback
}

func (d *draft) apple() map[string]any {
	if d.nonce != nil {
		value := der(d.t, struct {
			Nonce []byte `asn1:"tag:1,explicit"`
		}{d.nonce})
		d.leaf.ExtraExtensions = append(d.leaf.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 8, 2}, Value: append(value, d.tail...)})
	}
	return map[string]any{"x5c": d.ca.leaf(d.t, d.leaf, d.public(d.key.Public()))}
}

func (d *draft) androidKey() map[string]any {
	if d.challenge != nil {
		value := der(d.t, struct {
			Version            int
			Level              asn1.Enumerated
			MintVersion        int
			MintLevel          asn1.Enumerated
			Challenge, Unique  []byte
			Software, Hardware asn1.RawValue
		}{300, 1, 300, 1, d.challenge, []byte{}, asn1.RawValue{FullBytes: d.software}, asn1.RawValue{FullBytes: d.hardware}})
		d.leaf.ExtraExtensions = append(d.leaf.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 1, 17}, Value: append(value, d.tail...)})
	}
	return map[string]any{"alg": -7, "sig": sign(d.t, d.key, d.signed()), "x5c": d.ca.leaf(d.t, d.leaf, d.public(d.key.Public()))}
}

func (d *draft) safetyNet() map[string]any {
	key := d.ca.serviceKey(d.t)
	d.leaf.DNSNames = []string{d.host}
	if d.leaf.ExtKeyUsage == nil {
		d.leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}
	header := map[string]any{"alg": d.method, "x5c": d.ca.leaf(d.t, d.leaf, d.public(key.Public()))}
	signed := base64.RawURLEncoding.EncodeToString(text(d.t, header)) + "." + base64.RawURLEncoding.EncodeToString(text(d.t, d.payload))
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		d.t.Fatal(err)
	}
	return map[string]any{"ver": "12345", "response": []byte(signed + "." + base64.RawURLEncoding.EncodeToString(signature))}
}

func (d *draft) packed() map[string]any {
	key := newKey(d.t)
	return map[string]any{"alg": -7, "sig": sign(d.t, key, d.signed()), "x5c": d.ca.leaf(d.t, d.leaf, key.Public())}
}

func (d *draft) self() map[string]any {
	return map[string]any{"alg": -7, "sig": sign(d.t, d.key, d.signed())}
}

func (d *draft) fidoU2F() map[string]any {
	key := newKey(d.t)
	message := slices.Concat([]byte{0}, d.authData[:32], d.clientHash, []byte{1, 2, 3, 4}, []byte{4},
		d.key.X.FillBytes(make([]byte, 32)), d.key.Y.FillBytes(make([]byte, 32)))
	return map[string]any{"sig": sign(d.t, key, message), "x5c": d.ca.leaf(d.t, d.leaf, key.Public())[:1]}
}

func sign(t *testing.T, key *ecdsa.PrivateKey, message []byte) []byte {
	t.Helper()
	digest := sha256.Sum256(message)
	signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	data, err := cbor.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func text(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func der(t *testing.T, v any) []byte {
	t.Helper()
	data, err := asn1.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// set is a SET OF INTEGER.
type set int

// explicit is one member of an authorization list.
func explicit(t *testing.T, tag int, value any) []byte {
	t.Helper()
	var inner []byte
	switch value := value.(type) {
	case set:
		inner = der(t, asn1.RawValue{Tag: asn1.TagSet, IsCompound: true, Bytes: der(t, int(value))})
	default:
		inner = der(t, value)
	}
	return der(t, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, IsCompound: true, Bytes: inner})
}

func list(t *testing.T, members ...[]byte) []byte {
	t.Helper()
	return der(t, asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: slices.Concat(members...)})
}

// asn1Null is the ASN.1 value NULL.
var asn1Null = asn1.RawValue{Tag: asn1.TagNull}

// extensionOf is a certificate extension whose value is one byte.
func extensionOf(id string, value byte) []pkix.Extension {
	var oid asn1.ObjectIdentifier
	for _, part := range strings.Split(id, ".") {
		n, _ := strconv.Atoi(part)
		oid = append(oid, n)
	}
	return []pkix.Extension{{Id: oid, Value: []byte{value}}}
}
