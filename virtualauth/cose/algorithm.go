// Package cose holds the two things of COSE (RFC 9052, RFC 9053) that passkeys need: the numbers of the signature
// algorithms and the credential public key as a COSE_Key map.
//
// A Key knows its faces, the bytes that travel in authenticator data, the crypto.PublicKey and the SubjectPublicKeyInfo,
// and converts between them strictly: what Parse accepts, Encode writes again byte for byte. The package signs and
// verifies nothing: keys that sign live in keystore, and verifying is the relying party's own business.
//
// Where each algorithm can be checked end to end, with a relying party that verifies it:
//
//	ES256 ES384 ES512 EdDSA          go-webauthn
//	ESP256 ESP384 ESP512 Ed25519     go-webauthn
//	RS256 RS384 RS512                go-webauthn
//	PS256 PS384 PS512                go-webauthn
//	ES256K                           go-webauthn, when it is asked for by number: no list of go-webauthn has it
//	ML-DSA-44 ML-DSA-65 ML-DSA-87    go-webauthn when built with Go 1.27, which has crypto/mldsa
//	Ed448                            none; the tests of keystore hold it against RFC 8032
//
// Of browsers, Chromium 156 takes ML-DSA credentials, and its virtual authenticator makes them as well as ES256, EdDSA and
// RS256.
package cose

import (
	"crypto"
	"strconv"
)

// Algorithm is a COSEAlgorithmIdentifier (WebAuthn L3 §5.8.5; the numbers are IANA's "COSE Algorithms").
type Algorithm int

// Algorithms that an authenticator of this module can be made to use, with their signatures (WebAuthn L3 §6.5.5).
const (
	// ES256 is ECDSA over P-256 with SHA-256. Signatures of all ECDSA algorithms are the ASN.1 DER sequence of r and s.
	ES256 Algorithm = -7
	// ES384 is ECDSA over P-384 with SHA-384.
	ES384 Algorithm = -35
	// ES512 is ECDSA over P-521 with SHA-512.
	ES512 Algorithm = -36
	// ES256K is ECDSA over secp256k1 with SHA-256 (RFC 8812 §3.2).
	ES256K Algorithm = -47

	// ESP256, ESP384 and ESP512 are the fully specified names (RFC 9864 §2.1) of what WebAuthn means by ES256, ES384
	// and ES512 anyway.
	ESP256 Algorithm = -9
	ESP384 Algorithm = -51
	ESP512 Algorithm = -52

	// EdDSA is Ed25519 when used in WebAuthn (WebAuthn L3 §5.8.5); signatures are R ‖ S, 64 bytes.
	EdDSA Algorithm = -8
	// Ed25519 is its fully specified name (RFC 9864 §2.2).
	Ed25519 Algorithm = -19
	// Ed448 is EdDSA over edwards448 with an empty context (RFC 9864 §2.2); signatures are R ‖ S, 114 bytes.
	Ed448 Algorithm = -53

	// RS256, RS384 and RS512 are RSASSA-PKCS1-v1_5 (RFC 8812 §2); signatures are as long as the modulus.
	RS256 Algorithm = -257
	RS384 Algorithm = -258
	RS512 Algorithm = -259
	// PS256, PS384 and PS512 are RSASSA-PSS, MGF1 and salt of the same hash (RFC 8230 §2).
	PS256 Algorithm = -37
	PS384 Algorithm = -38
	PS512 Algorithm = -39

	// MLDSA44, MLDSA65 and MLDSA87 are ML-DSA of FIPS 204, pure and with an empty context (RFC 9964 §5); signatures
	// have 2420, 3309 and 4627 bytes.
	MLDSA44 Algorithm = -48
	MLDSA65 Algorithm = -49
	MLDSA87 Algorithm = -50

	// RS1 is RSASSA-PKCS1-v1_5 with SHA-1 (RFC 8812 §2), which is broken: no Key has it. It has a name so that one can
	// claim it, and refuse it.
	RS1 Algorithm = -65535
)

// scheme is what an algorithm says of its keys and signatures.
type scheme struct {
	name string
	kind kind
	hash crypto.Hash
}

// schemes pair every algorithm with the one kind of key that WebAuthn L3 §5.8.5 lets it have. Never written after the
// program has started.
var schemes = map[Algorithm]scheme{
	ES256:   {"ES256", p256, crypto.SHA256},
	ES384:   {"ES384", p384, crypto.SHA384},
	ES512:   {"ES512", p521, crypto.SHA512},
	ES256K:  {"ES256K", koblitz256, crypto.SHA256},
	ESP256:  {"ESP256", p256, crypto.SHA256},
	ESP384:  {"ESP384", p384, crypto.SHA384},
	ESP512:  {"ESP512", p521, crypto.SHA512},
	EdDSA:   {"EdDSA", edwards25519, 0},
	Ed25519: {"Ed25519", edwards25519, 0},
	Ed448:   {"Ed448", edwards448, 0},
	RS256:   {"RS256", rsaKey, crypto.SHA256},
	RS384:   {"RS384", rsaKey, crypto.SHA384},
	RS512:   {"RS512", rsaKey, crypto.SHA512},
	PS256:   {"PS256", rsaKey, crypto.SHA256},
	PS384:   {"PS384", rsaKey, crypto.SHA384},
	PS512:   {"PS512", rsaKey, crypto.SHA512},
	MLDSA44: {"ML-DSA-44", lattice44, 0},
	MLDSA65: {"ML-DSA-65", lattice65, 0},
	MLDSA87: {"ML-DSA-87", lattice87, 0},
	RS1:     {"RS1", kind{}, crypto.SHA1},
}

// String returns the registered name, or the number when the package does not know the algorithm.
func (a Algorithm) String() string {
	if scheme, known := schemes[a]; known {
		return scheme.name
	}
	return "COSE algorithm " + strconv.Itoa(int(a))
}

// Hash returns the hash of the message that is signed; zero for EdDSA, Ed448 and ML-DSA, which take the message itself,
// and for algorithms that the package does not know.
func (a Algorithm) Hash() crypto.Hash { return schemes[a].hash }
