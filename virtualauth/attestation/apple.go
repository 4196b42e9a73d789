package attestation

import (
	"crypto"
	"crypto/x509/pkix"
	"encoding/asn1"
	"io"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// oidAppleNonce is the extension of Apple's that holds the nonce (WebAuthn L3 §8.8).
var oidAppleNonce = asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 8, 2}

// apple has no signature: the authority certifies the credential's key for this one registration, and the certificate
// contains the SHA-256 hash of authenticator data ‖ client data hash (WebAuthn L3 §8.8):
//
//	{"x5c": [credential, issuer]}    extension: SEQUENCE { [1] EXPLICIT OCTET STRING nonce }
func apple(s Subject) (members, error) {
	p := profile{format: FormatApple, subject: []attribute{
		{oidCountry, ourCountry}, {oidOrganization, ourOrganization}, {oidCommonName, "passkeylab anonymous credential"},
	}}
	if !s.Misbehave.OmitNonce {
		nonce := s.nonce(crypto.SHA256, s.signed())
		p.extensions = []pkix.Extension{{Id: oidAppleNonce, Value: mustDER(struct {
			Nonce []byte `asn1:"tag:1,explicit"`
		}{nonce})}}
	}
	leaf, err := s.credentialCertificate(p)
	if err != nil {
		return nil, err
	}
	return members{"x5c": s.x5c(leaf)}, nil
}

// credentialCertificate certifies the credential's own key.
func (s Subject) credentialCertificate(p profile) (*issuer, error) {
	if s.Authority == nil {
		return nil, ErrNoAuthority
	}
	key, err := s.Credential.Key()
	if err != nil {
		return nil, err
	}
	certified := attestationKey{s.Algorithm, lentKey{key.Public()}}
	if s.Misbehave.OtherLeafKey {
		if certified, err = s.Authority.key("other leaf", cose.ES256); err != nil {
			return nil, err
		}
	}
	return s.certified(p, "", certified)
}

// lentKey is a public key whose private half is elsewhere, in the shape that certificates want.
type lentKey struct{ public crypto.PublicKey }

func (k lentKey) Public() crypto.PublicKey { return k.public }

func (k lentKey) Sign(_ io.Reader, _ []byte, _ crypto.SignerOpts) ([]byte, error) {
	return nil, ErrUnsuitableKey
}
