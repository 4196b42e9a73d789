package attestation_test

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/authdata"
)

// A model's attestation key signs, and whoever trusts the authority's root verifies the whole chain.
func ExampleMake() {
	authority := attestation.NewAuthority([]byte("a seed"), time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC))
	credential := authdata.AttestedCredential{AAGUID: uuid.MustParse("0d4b1c5e-6f3a-4e5b-9a1d-2c3b4a596877"), ID: []byte("id")}
	authData := authdata.Data{Flags: authdata.UP, Credential: &credential}.Encode()
	clientDataHash := sha256.Sum256([]byte("client data"))

	statement, err := attestation.Make(attestation.FormatPacked, attestation.Subject{
		AuthData: authData, ClientDataHash: clientDataHash[:], Credential: credential,
		Type: attestation.Basic, Authority: authority,
	})
	if err != nil {
		panic(err)
	}

	var packed struct {
		Algorithm int      `cbor:"alg"`
		Signature []byte   `cbor:"sig"`
		X5C       [][]byte `cbor:"x5c"`
	}
	if err := cbor.Unmarshal(statement.Body, &packed); err != nil {
		panic(err)
	}
	leaf, _ := x509.ParseCertificate(packed.X5C[0])
	issuer, _ := x509.ParseCertificate(packed.X5C[1])
	root, _ := authority.Root()
	trusted, between := x509.NewCertPool(), x509.NewCertPool()
	trusted.AddCert(root)
	between.AddCert(issuer)
	_, err = leaf.Verify(x509.VerifyOptions{Roots: trusted, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	digest := sha256.Sum256(append(authData, clientDataHash[:]...))

	fmt.Println("algorithm:", packed.Algorithm)
	fmt.Println("chain error:", err)
	fmt.Println("signed by the model:", ecdsa.VerifyASN1(leaf.PublicKey.(*ecdsa.PublicKey), digest[:], packed.Signature))
	fmt.Println("subject:", leaf.Subject)
	// Output:
	// algorithm: -7
	// chain error: <nil>
	// signed by the model: true
	// subject: CN=passkeylab packed 0d4b1c5e-6f3a-4e5b-9a1d-2c3b4a596877,OU=Authenticator Attestation,O=passkeylab,C=AA
}
