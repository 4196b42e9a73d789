package mds

import (
	"crypto/x509"
	"embed"
	"encoding/pem"
	"fmt"
)

// FIDOSigner is the name in the certificate with which FIDO signs.
const FIDOSigner = "mds.fidoalliance.org"

// FIDOLocation is where FIDO publishes its BLOB.
const FIDOLocation = "https://mds3.fidoalliance.org/"

// rootFiles are the roots of FIDO's own service, as the trust store of Mozilla has them. GlobalSign Root R46 is the one
// since August 2026; BLOBs from before lead to GlobalSign Root CA - R3, which is kept for those who hold such a file.
//
//go:embed roots/*.pem
var rootFiles embed.FS

// FIDORoots returns the roots of FIDO's own service.
func FIDORoots() ([]*x509.Certificate, error) {
	var roots []*x509.Certificate
	for _, name := range []string{"roots/globalsign-r46.pem", "roots/globalsign-r3.pem"} {
		content, err := rootFiles.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("mds: %w", err)
		}
		parsed, err := ParseRoots(content)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		roots = append(roots, parsed...)
	}
	return roots, nil
}

// ParseRoots reads certificates in PEM, or a single one in DER.
func ParseRoots(content []byte) ([]*x509.Certificate, error) {
	var roots []*x509.Certificate
	for rest := content; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("mds: a PEM block is %q; only CERTIFICATE is expected", block.Type)
		}
		root, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("mds: certificate %d: %w", len(roots), err)
		}
		roots = append(roots, root)
	}
	if len(roots) > 0 {
		return roots, nil
	}
	root, err := x509.ParseCertificate(content)
	if err != nil {
		return nil, fmt.Errorf("mds: neither PEM with lines of -----BEGIN CERTIFICATE----- nor one certificate in DER: %w", err)
	}
	return []*x509.Certificate{root}, nil
}
