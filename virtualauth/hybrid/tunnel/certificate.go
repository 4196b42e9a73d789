package tunnel

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"net"
	"time"
)

// assigned are the domains of tunnel servers that CTAP 2.3 §11.5.1 assigns.
func assigned() []string { return []string{"cable.ua5v.com", "cable.auth.com"} }

// newCertificate makes a key and a certificate for it that the key signed itself.
func newCertificate(random io.Reader, issuer string, domains []string) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), random)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	serial := make([]byte, 16)
	if _, err := io.ReadFull(random, serial); err != nil {
		return nil, fmt.Errorf("draw a serial number: %w", err)
	}
	serial[0] = serial[0]&0x7f | 0x40 // positive, and never zero
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial),
		Subject:      pkix.Name{CommonName: issuer},
		// It lives as long as the process, which needs no clock for that: the last date is how RFC 5280 §4.1.2.5 says "no
		// particular end".
		NotBefore:   time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:    time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    domains,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	der, err := x509.CreateCertificate(random, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("sign the certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read the certificate back: %w", err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}

// spki is the base64 of the SHA-256 of a certificate's public key (SubjectPublicKeyInfo), by which browsers pin it.
func spki(certificate *x509.Certificate) string {
	hash := sha256.Sum256(certificate.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(hash[:])
}

// pinned trusts one key, whatever name was dialled: hashed domains are too many to be named in a certificate.
func pinned(want string) *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, // VerifyConnection decides
		VerifyConnection: func(state tls.ConnectionState) error {
			if got := spki(state.PeerCertificates[0]); got != want {
				return &PinError{Got: got, Want: want}
			}
			return nil
		},
	}
}
