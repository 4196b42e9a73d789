// Package cose holds the two things of COSE (RFC 9052, RFC 9053) that passkeys need: the numbers of the signature
// algorithms and the credential public key as a COSE_Key map.
//
// A Key knows both of its faces, the bytes that travel in authenticator data and the crypto.PublicKey of the standard
// library, and converts between them strictly: what Parse accepts, Encode writes again byte for byte. The package signs
// and verifies nothing: keys that sign live in keystore, and verifying is the relying party's own business.
package cose

import "strconv"

// Algorithm is a COSEAlgorithmIdentifier (WebAuthn L3 §5.8.5; the numbers are IANA's "COSE Algorithms").
type Algorithm int

// Algorithms that an authenticator of this module can be made to use.
const (
	// ES256 is ECDSA over P-256 with SHA-256; signatures are ASN.1 DER (WebAuthn L3 §6.5.5).
	ES256 Algorithm = -7
	// EdDSA is Ed25519 when used in WebAuthn (WebAuthn L3 §5.8.5); signatures are 64 bytes.
	EdDSA Algorithm = -8
	// RS256 is RSASSA-PKCS1-v1_5 with SHA-256.
	RS256 Algorithm = -257
)

// String returns the registered name, or the number when the package does not know the algorithm.
func (a Algorithm) String() string {
	switch a {
	case ES256:
		return "ES256"
	case EdDSA:
		return "EdDSA"
	case RS256:
		return "RS256"
	}
	return "COSE algorithm " + strconv.Itoa(int(a))
}
