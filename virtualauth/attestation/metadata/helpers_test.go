package metadata_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
)

func certificates(all ...*x509.Certificate) []*x509.Certificate { return all }

// signer is the first certificate in a JWT's header.
func signer(t *testing.T, jwt []byte) *x509.Certificate {
	t.Helper()
	head, _, _ := strings.Cut(string(jwt), ".")
	raw, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		t.Fatal(err)
	}
	var header struct {
		X5C [][]byte `json:"x5c"`
	}
	if err := json.Unmarshal(raw, &header); err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(header.X5C[0])
	if err != nil {
		t.Fatal(err)
	}
	return leaf
}
