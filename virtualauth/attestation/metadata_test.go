package attestation_test

import (
	"crypto/x509"
	"encoding/base64"

	gometadata "github.com/go-webauthn/webauthn/metadata"
)

func loadJWT(jwt []byte, root *x509.Certificate) (*gometadata.Metadata, error) {
	decoder, err := gometadata.NewDecoder(gometadata.WithRootCertificate(base64.StdEncoding.EncodeToString(root.Raw)))
	if err != nil {
		return nil, err
	}
	payload, err := decoder.DecodeBytes(jwt)
	if err != nil {
		return nil, err
	}
	return decoder.Parse(payload)
}
