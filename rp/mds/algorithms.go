package mds

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"fmt"

	"github.com/golang-jwt/jwt/v5"
)

// Sizes of RSA keys in bits: the smallest that may sign (RFC 7518 §3.3), and the largest that a chain may bring.
const (
	minRSA = 2048
	maxRSA = 8192
)

// modest refuses chains whose verification would take long: of a key as large as the message it comes in, each of the many
// signatures that crypto/x509 may try costs a second.
func modest(chain []*x509.Certificate) error {
	if len(chain) > maxChain {
		return fmt.Errorf("%d certificates, at most %d are looked at", len(chain), maxChain)
	}
	for i, certificate := range chain {
		if public, ok := certificate.PublicKey.(*rsa.PublicKey); ok && public.N.BitLen() > maxRSA {
			return fmt.Errorf("certificate %d has an RSA key of %d bits, at most %d are accepted", i, public.N.BitLen(), maxRSA)
		}
	}
	return nil
}

// algorithm is a signature algorithm of a JWS, with the keys that it takes.
type algorithm struct {
	method jwt.SigningMethod
	fits   func(key any) error
}

// algorithmOf returns an accepted algorithm by its name in the header (RFC 7518 §3.1). FIDO's own BLOB is RS256. There is
// no HMAC, and no "none": with these, whoever knows the public certificate could sign.
func algorithmOf(name string) (algorithm, bool) {
	accepted := map[string]algorithm{
		"RS256": {jwt.SigningMethodRS256, fitsRSA}, "RS384": {jwt.SigningMethodRS384, fitsRSA}, "RS512": {jwt.SigningMethodRS512, fitsRSA},
		"PS256": {jwt.SigningMethodPS256, fitsRSA}, "PS384": {jwt.SigningMethodPS384, fitsRSA}, "PS512": {jwt.SigningMethodPS512, fitsRSA},
		"ES256": {jwt.SigningMethodES256, fitsCurve(256)}, "ES384": {jwt.SigningMethodES384, fitsCurve(384)}, "ES512": {jwt.SigningMethodES512, fitsCurve(521)},
		"EdDSA": {jwt.SigningMethodEdDSA, fitsEdwards},
	}
	found, ok := accepted[name]
	return found, ok
}

func fitsRSA(key any) error {
	public, ok := key.(*rsa.PublicKey)
	if !ok {
		return fmt.Errorf("the signer's key is a %T, not RSA", key)
	}
	if public.N.BitLen() < minRSA {
		return fmt.Errorf("the signer's RSA key has %d bits, at least %d are needed", public.N.BitLen(), minRSA)
	}
	return nil
}

// fitsCurve asks for the one curve of the algorithm (RFC 7518 §3.4), named by its size in bits.
func fitsCurve(bits int) func(any) error {
	return func(key any) error {
		public, ok := key.(*ecdsa.PublicKey)
		if !ok {
			return fmt.Errorf("the signer's key is a %T, not ECDSA", key)
		}
		if public.Curve.Params().BitSize != bits {
			return fmt.Errorf("the signer's curve is %s, not that of %d bits", public.Curve.Params().Name, bits)
		}
		return nil
	}
}

func fitsEdwards(key any) error {
	if _, ok := key.(ed25519.PublicKey); !ok {
		return fmt.Errorf("the signer's key is a %T, not Ed25519", key)
	}
	return nil
}
