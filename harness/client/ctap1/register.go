package ctap1

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/asn1"
	"fmt"
	"slices"

	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// parameter is the length of the challenge and of the application parameter in bytes.
const parameter = 32

// pointLength is the length of a public key in bytes: an uncompressed point of P-256.
const pointLength = 65

// statement is an attestation statement of format fido-u2f (WebAuthn L3 §8.6).
type statement struct {
	Signature    []byte   `cbor:"sig"`
	Certificates [][]byte `cbor:"x5c"`
}

// MakeCredential registers a credential (CTAP 2.3 §10.2). It fails with ctap2.UnsupportedOption for what no U2F key can,
// ctap2.UnsupportedAlgorithm when ES256 will not do, and, after a touch, ctap2.CredentialExcluded. Extensions, and wishes about
// the attestation statement, go unheard: the format is fido-u2f.
func (k *Key) MakeCredential(ctx context.Context, r *ctap2.MakeCredentialRequest) (*ctap2.MakeCredentialResponse, error) {
	if err := checkCreation(r); err != nil {
		return nil, err
	}
	excluded, err := k.Known(ctx, r.RP.ID, r.ExcludeList)
	if err != nil {
		return nil, err
	}
	if excluded != nil {
		if err := k.Selection(ctx); err != nil {
			return nil, err
		}
		return nil, ctap2.CredentialExcluded
	}
	application := authdata.HashRPID(r.RP.ID)
	response, err := k.touched(ctx, insRegister, 0, slices.Concat(r.ClientDataHash, application[:]))
	if err != nil {
		return nil, err
	}
	made, err := parseRegistration(response)
	if err != nil {
		return nil, err
	}
	return made.response(application)
}

func checkCreation(r *ctap2.MakeCredentialRequest) error {
	es256 := func(p ctap2.Parameters) bool { return p.Type == ctap2.PublicKey && p.Algorithm == cose.ES256 }
	switch {
	case len(r.ClientDataHash) != parameter:
		return ctap2.InvalidLength
	case r.Options != nil && isTrue(r.Options.ResidentKey), verifies(r.Options, r.PINUVAuthParam):
		return ctap2.UnsupportedOption
	case !slices.ContainsFunc(r.Parameters, es256):
		return ctap2.UnsupportedAlgorithm
	}
	return nil
}

// verifies reports whether a request wants the user verified.
func verifies(options *ctap2.Options, pinUVAuthParam []byte) bool {
	return options != nil && isTrue(options.UserVerification) || pinUVAuthParam != nil
}

func isTrue(option *bool) bool { return option != nil && *option }

// registration is the response to U2F_REGISTER (U2F raw §4.3).
type registration struct {
	point, keyHandle, certificate, signature []byte
}

// parseRegistration reads one:
//
//	0x05  public key (65)  length of key handle (1)  key handle  certificate  signature
//
// Where the certificate ends, only its own DER tells. All errors are ErrMalformed.
func parseRegistration(data []byte) (*registration, error) {
	const header = 1 + pointLength + 1
	if len(data) < header || data[0] != 0x05 {
		return nil, fmt.Errorf("%w: no registration in %d bytes", ErrMalformed, len(data))
	}
	r := &registration{point: data[1 : header-1]}
	rest, length := data[header:], int(data[header-1])
	if len(rest) < length {
		return nil, fmt.Errorf("%w: key handle of %d bytes announced, %d there", ErrMalformed, length, len(rest))
	}
	r.keyHandle, rest = rest[:length], rest[length:]
	var certificate asn1.RawValue
	signature, err := asn1.Unmarshal(rest, &certificate)
	if err != nil {
		return nil, fmt.Errorf("%w: certificate: %w", ErrMalformed, err)
	}
	if len(signature) == 0 {
		return nil, fmt.Errorf("%w: no signature", ErrMalformed)
	}
	r.certificate, r.signature = certificate.FullBytes, signature
	return r, nil
}

// response makes what CTAP2 answers of it: an AAGUID of zeroes, a counter of zero, and UP for the touch without which there is
// no registration.
func (r *registration) response(application [32]byte) (*ctap2.MakeCredentialResponse, error) {
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), r.point)
	if err != nil {
		return nil, fmt.Errorf("%w: public key: %w", ErrMalformed, err)
	}
	key, err := cose.New(cose.ES256, public)
	if err != nil {
		return nil, fmt.Errorf("%w: public key: %w", ErrMalformed, err)
	}
	encoded, err := ctap2.Marshal(statement{Signature: r.signature, Certificates: [][]byte{r.certificate}})
	if err != nil {
		return nil, fmt.Errorf("ctap1: attestation statement: %w", err)
	}
	data := authdata.Data{
		RPIDHash: application, Flags: authdata.UP,
		Credential: &authdata.AttestedCredential{ID: r.keyHandle, PublicKey: key.Encode()},
	}
	return &ctap2.MakeCredentialResponse{Format: "fido-u2f", AuthData: data.Encode(), Statement: encoded}, nil
}
