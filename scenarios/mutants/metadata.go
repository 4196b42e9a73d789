package mutants

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/harness/subject"
)

// Metadata is what services list (FIDO Metadata Service 3.1.1). Lists that must not be believed are in it, too, each with its
// faults: it is a step that refuses those whom they list.
type Metadata struct {
	models map[uuid.UUID]*model
	keys   map[string]*model // those of U2F, by the identifier of their certificate's key
}

// model is what is said of an authenticator model, as far as it is heeded.
type model struct {
	// roots are the anchors of its attestation; nil when it attests to itself.
	roots   *x509.CertPool
	reports []report
	faults  map[string]error // of the list, by the last word of the step that looks for them
}

// report is that a model has a status, or only what attests by some certificates.
type report struct {
	status       string
	certificates []*x509.Certificate
}

// ReadMetadata reads the lists of services, as they are judged at a time.
func ReadMetadata(services []subject.SignedMetadata, now time.Time) (*Metadata, error) {
	m := &Metadata{map[uuid.UUID]*model{}, map[string]*model{}}
	for _, service := range services {
		number := 0
		for _, token := range [][]byte{service.Token, service.Then} {
			if token == nil {
				continue
			}
			list, err := parseList(token)
			if err == nil {
				err = m.add(list, list.faults(service, number, now))
			}
			if err != nil {
				return nil, fmt.Errorf("mutants: metadata: %w", err)
			}
			number = list.payload.Number
		}
	}
	return m, nil
}

// list is a service's, in its compact form (RFC 7515 §3.1).
type list struct {
	header struct {
		Algorithm string   `json:"alg"`
		Elsewhere string   `json:"x5u"`
		Chain     [][]byte `json:"x5c"`
	}
	payload struct {
		Number  int `json:"no"`
		Entries []entry
	}
	signed, signature []byte
	chain             []*x509.Certificate
}

// entry is what a list says of a model.
type entry struct {
	AAGUID    uuid.UUID
	Keys      []string `json:"attestationCertificateKeyIdentifiers"`
	Statement struct {
		Roots [][]byte `json:"attestationRootCertificates"`
	} `json:"metadataStatement"`
	Reports []struct {
		Status           string
		Certificate      []byte
		BatchCertificate []byte
	} `json:"statusReports"`
}

func parseList(token []byte) (l list, err error) {
	parts := bytes.Split(token, []byte{'.'})
	if len(parts) != 3 {
		return l, errors.New("a list is no JWS")
	}
	l.signed = token[:len(parts[0])+1+len(parts[1])]
	for i, into := range []any{&l.header, &l.payload} {
		decoded, err := base64.RawURLEncoding.DecodeString(string(parts[i]))
		if err == nil {
			err = json.Unmarshal(decoded, into)
		}
		if err != nil {
			return l, err
		}
	}
	if l.signature, err = base64.RawURLEncoding.DecodeString(string(parts[2])); err != nil {
		return l, err
	}
	if l.chain, err = certificatesOf(l.header.Chain...); err == nil && len(l.chain) == 0 {
		err = errors.New("nobody has signed a list")
	}
	return l, err
}

// certificatesOf parses certificates, as far as they are there.
func certificatesOf(encoded ...[]byte) (all []*x509.Certificate, err error) {
	for _, der := range encoded {
		if der == nil {
			continue
		}
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		all = append(all, certificate)
	}
	return all, nil
}

// add notes what a list says of its models.
func (m *Metadata) add(l list, faults map[string]error) error {
	for _, e := range l.payload.Entries {
		known := &model{faults: faults}
		roots, err := certificatesOf(e.Statement.Roots...)
		if err != nil {
			return err
		}
		for _, root := range roots {
			if known.roots == nil {
				known.roots = x509.NewCertPool()
			}
			known.roots.AddCert(root)
		}
		for _, r := range e.Reports {
			limited, err := certificatesOf(r.Certificate, r.BatchCertificate)
			if err != nil {
				return err
			}
			known.reports = append(known.reports, report{r.Status, limited})
		}
		if e.AAGUID != uuid.Nil {
			m.models[e.AAGUID] = known
		}
		for _, key := range e.Keys {
			m.keys[key] = known
		}
	}
	return nil
}

// faults are what is wrong with a list (§3.2), each by itself: what one step overlooks, no other one notices in its place.
func (l list) faults(service subject.SignedMetadata, before int, now time.Time) map[string]error {
	path := x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}
	path.Roots.AddCert(service.Root)
	for _, certificate := range l.chain[1:] {
		path.Intermediates.AddCert(certificate)
	}
	_, leads := l.chain[0].Verify(path)
	return map[string]error{
		"algorithm": unless(l.header.Algorithm == "ES256", "the list is signed with %q", l.header.Algorithm),
		"signature": l.verify(),
		"elsewhere": unless(l.header.Elsewhere == "", "the list points elsewhere for its chain"),
		"chain":     leads,
		"signer":    l.chain[0].VerifyHostname(service.Signer),
		"revoked":   l.revoked(service.Revoked),
		"number":    unless(l.payload.Number >= before, "list %d comes after list %d", l.payload.Number, before),
	}
}

// verify verifies the signature by the algorithm that the header names: whether that is one to believe in is another question.
func (l list) verify() error {
	switch l.header.Algorithm {
	case "none":
		return nil
	case "HS256":
		mac := hmac.New(sha256.New, l.chain[0].Raw)
		mac.Write(l.signed)
		return unless(hmac.Equal(mac.Sum(nil), l.signature), "the list's code does not verify")
	}
	key, isEC := l.chain[0].PublicKey.(*ecdsa.PublicKey)
	if !isEC || len(l.signature) != 64 {
		return errors.New("the list's signature is none of ES256")
	}
	r, s, hash := new(big.Int).SetBytes(l.signature[:32]), new(big.Int).SetBytes(l.signature[32:]), sha256.Sum256(l.signed)
	return unless(ecdsa.Verify(key, hash[:], r, s), "the list's signature does not verify")
}

// revoked says which certificate of the chain was revoked.
func (l list) revoked(lists []*x509.RevocationList) error {
	for _, crl := range lists {
		for _, entry := range crl.RevokedCertificateEntries {
			for _, certificate := range l.chain {
				if bytes.Equal(certificate.RawIssuer, crl.RawIssuer) && certificate.SerialNumber.Cmp(entry.SerialNumber) == 0 {
					return fmt.Errorf("the certificate of %s was revoked", certificate.Subject)
				}
			}
		}
	}
	return nil
}

// keyIdentifier names the key of a certificate (RFC 5280 §4.2.1.2, method 1).
func keyIdentifier(certificate *x509.Certificate) string {
	var info struct {
		Algorithm asn1.RawValue
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(certificate.RawSubjectPublicKeyInfo, &info); err != nil {
		return ""
	}
	sum := sha1.Sum(info.Key.Bytes)
	return hex.EncodeToString(sum[:])
}
