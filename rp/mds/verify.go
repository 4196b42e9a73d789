package mds

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Limits of a BLOB. FIDO's own has about 10 MB and some hundred entries.
const (
	DefaultMaxBytes = 64 << 20 // of the whole BLOB
	maxHeader       = 64 << 10 // bytes of its header, in base64url
	maxChain        = 8        // certificates in x5c
	maxEntries      = 20_000   // entries
)

// Verifier verifies BLOBs. It keeps no state and may be used by many goroutines.
type Verifier struct {
	// Roots are the trust anchors. None means those of FIDO, and then Signer is FIDOSigner.
	Roots []*x509.Certificate
	// Signer is the host name for which the signing certificate must be; empty accepts every certificate that leads to
	// Roots, which is right only for roots that sign nothing but metadata.
	Signer string
	// CRLs list revoked certificates of the signer's path. One counts when the issuer of the certificate has signed it. An
	// outdated one still counts: nothing on it has become good since.
	CRLs []*x509.RevocationList
	// MaxBytes is how large a BLOB may be; 0 means DefaultMaxBytes.
	MaxBytes int64
	// Now is the time at which certificates must be valid. Required.
	Now func() time.Time
}

// withDefaults fills the zero fields.
func (v Verifier) withDefaults() (Verifier, error) {
	if v.Now == nil {
		return v, errors.New("mds: Verifier.Now is nil; pass the clock's time")
	}
	if v.MaxBytes == 0 {
		v.MaxBytes = DefaultMaxBytes
	}
	if len(v.Roots) > 0 {
		return v, nil
	}
	var err error
	v.Roots, err = FIDORoots()
	if v.Signer == "" {
		v.Signer = FIDOSigner
	}
	return v, err
}

// header is the JOSE header of a BLOB (FIDO Metadata Service 3.1.1 §3.1.7).
type header struct {
	Algorithm string          `json:"alg"`
	X5U       json.RawMessage `json:"x5u"`
	X5C       [][]byte        `json:"x5c"` // base64, not base64url (RFC 7515 §4.1.6)
	Critical  json.RawMessage `json:"crit"`
}

// Read verifies a BLOB, a JWS in compact form, and reads what it says. Space around it is ignored. Errors: *BLOBError.
func (v Verifier) Read(token []byte) (*BLOB, error) {
	v, err := v.withDefaults()
	if err != nil {
		return nil, err
	}
	token = bytes.TrimSpace(token)
	if int64(len(token)) > v.MaxBytes {
		return nil, refuse(StepSize, "%d bytes, at most %d are read", len(token), v.MaxBytes)
	}
	// encoding/base64 overlooks line breaks, and then one BLOB would have many forms.
	if bytes.Count(token, []byte{'.'}) != 2 || bytes.ContainsAny(token, "\r\n") {
		return nil, refuse(StepForm, "expected three parts with dots between them on one line: a JWT in compact form")
	}
	// FIDO Metadata Service 3.1.1 §3.2: header, chain, signature, and only then what is signed.
	signed, signature := token[:bytes.LastIndexByte(token, '.')], token[bytes.LastIndexByte(token, '.')+1:]
	head, body, _ := bytes.Cut(signed, []byte{'.'})
	h, err := readHeader(head)
	if err != nil {
		return nil, err
	}
	signer, err := v.signer(h)
	if err != nil {
		return nil, err
	}
	if err := verifySignature(h.Algorithm, signer, signed, signature); err != nil {
		return nil, err
	}
	payload, err := base64.RawURLEncoding.Strict().AppendDecode(nil, body)
	if err != nil {
		return nil, refuse(StepForm, "payload: %w", err)
	}
	return parsePayload(payload)
}

func readHeader(encoded []byte) (header, error) {
	var h header
	if len(encoded) > maxHeader {
		return h, refuse(StepSize, "the header has %d bytes, at most %d are read", len(encoded), maxHeader)
	}
	text, err := base64.RawURLEncoding.Strict().AppendDecode(nil, encoded)
	if err == nil {
		err = json.Unmarshal(text, &h)
	}
	if err != nil {
		return h, refuse(StepForm, "header: %w", err)
	}
	if len(h.Critical) > 0 {
		return h, refuse(StepForm, "header: crit names %s, which nobody here understands", clip(h.Critical)) // RFC 7515 §4.1.11
	}
	if len(h.X5U) > 0 {
		return h, refuse(StepChain, "the header has x5u; only a chain in x5c is accepted")
	}
	if n := len(h.X5C); n == 0 || n > maxChain {
		return h, refuse(StepChain, "x5c has %d certificates, expected 1 to %d", n, maxChain)
	}
	return h, nil
}

// clip shortens what a stranger wrote for an error.
func clip(text []byte) string {
	const most = 80
	if len(text) > most {
		return fmt.Sprintf("%q…", text[:most])
	}
	return fmt.Sprintf("%q", text)
}

func verifySignature(name string, signer *x509.Certificate, signed, signature []byte) error {
	algorithm, ok := algorithmOf(name)
	if !ok {
		return refuse(StepAlgorithm, "alg is %s; RS, PS and ES with SHA-2, and EdDSA are accepted", clip([]byte(name)))
	}
	if err := algorithm.fits(signer.PublicKey); err != nil {
		return refuse(StepAlgorithm, "%s: %w", name, err)
	}
	raw, err := base64.RawURLEncoding.Strict().AppendDecode(nil, signature)
	if err != nil {
		return refuse(StepForm, "signature: %w", err)
	}
	if err := algorithm.method.Verify(string(signed), raw, signer.PublicKey); err != nil {
		return &BLOBError{StepSignature, err}
	}
	return nil
}

// signer verifies the chain in the header and returns its leaf (FIDO Metadata Service 3.1.1 §3.2).
func (v Verifier) signer(h header) (*x509.Certificate, error) {
	chain := make([]*x509.Certificate, len(h.X5C))
	for i, der := range h.X5C {
		var err error
		if chain[i], err = x509.ParseCertificate(der); err != nil {
			return nil, refuse(StepChain, "x5c[%d]: %w", i, err)
		}
	}
	if err := modest(chain); err != nil {
		return nil, &BLOBError{StepChain, err}
	}
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	for _, root := range v.Roots {
		roots.AddCert(root)
	}
	for _, certificate := range chain[1:] {
		intermediates.AddCert(certificate)
	}
	paths, err := chain[0].Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: intermediates, CurrentTime: v.Now(), DNSName: v.Signer,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return nil, &BLOBError{StepChain, err}
	}
	for _, path := range paths {
		if err = v.revoked(path); err == nil {
			return chain[0], nil
		}
	}
	return nil, &BLOBError{StepRevocation, err}
}

// revoked looks for the certificates of a path, the root excepted, on the lists that their issuers signed.
func (v Verifier) revoked(path []*x509.Certificate) error {
	for i, certificate := range path[:len(path)-1] {
		for _, list := range v.CRLs {
			if !bytes.Equal(list.RawIssuer, certificate.RawIssuer) || list.CheckSignatureFrom(path[i+1]) != nil {
				continue
			}
			for _, entry := range list.RevokedCertificateEntries {
				if entry.SerialNumber.Cmp(certificate.SerialNumber) == 0 {
					return fmt.Errorf("certificate %q (serial number %x) was revoked at %s", certificate.Subject, certificate.SerialNumber, entry.RevocationTime.Format(time.DateOnly))
				}
			}
		}
	}
	return nil
}
