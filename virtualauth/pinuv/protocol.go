package pinuv

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// Errors of this package; test for them with errors.Is.
var (
	// ErrUnsupported says that there is no PIN/UV auth protocol of this number: status INVALID_PARAMETER.
	ErrUnsupported = errors.New("pinuv: unsupported PIN/UV auth protocol")
	// ErrMalformedKey says that a key agreement key is no P-256 point in a COSE_Key map: status INVALID_PARAMETER.
	ErrMalformedKey = errors.New("pinuv: malformed key agreement key")
	// ErrCiphertext says that a ciphertext cannot be one, by its length alone: status INVALID_PARAMETER.
	ErrCiphertext = errors.New("pinuv: ciphertext of an impossible length")
	// ErrMAC says that a message was not authenticated by the key in question: status PIN_AUTH_INVALID.
	ErrMAC = errors.New("pinuv: wrong message authentication code")
)

// Protocol is a PIN/UV auth protocol by its number (CTAP 2.3 §6.5.6, §6.5.7).
type Protocol uint

// The protocols.
const (
	// One is PIN/UV auth protocol one (CTAP 2.3 §6.5.6).
	One Protocol = 1
	// Two is PIN/UV auth protocol two (CTAP 2.3 §6.5.7).
	Two Protocol = 2
)

// Known reports whether it is one of the two.
func (p Protocol) Known() bool { return p == One || p == Two }

const (
	keyLength = 32 // bytes of each key, and of a whole MAC
	macOne    = 16 // bytes of a MAC of protocol one
)

// MACLength is the length of a MAC in bytes: 16 or 32.
func (p Protocol) MACLength() int {
	if p == One {
		return macOne
	}
	return keyLength
}

// Authenticate returns the MAC of message under key, which is a token or the HMAC key of a Secret (CTAP 2.3 §6.5.6 and
// §6.5.7, authenticate).
func (p Protocol) Authenticate(key, message []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(message)
	return mac.Sum(nil)[:p.MACLength()]
}

// Verify fails with ErrMAC unless param is exactly the MAC of message under key (CTAP 2.3 §6.5.6 and §6.5.7, verify).
func (p Protocol) Verify(key, message, param []byte) error {
	if !hmac.Equal(p.Authenticate(key, message), param) {
		return ErrMAC
	}
	return nil
}

// Encapsulate is the platform's half of the key agreement: it draws a key pair from random, and returns its public half,
// to be sent as a COSE_Key map, and the secret shared with the owner of authenticatorKey, which is the COSE_Key map that
// getKeyAgreement returned (CTAP 2.3 §6.5.6, encapsulate). The secret goes on drawing on random. It fails with
// ErrUnsupported, with ErrMalformedKey, or as random does.
func (p Protocol) Encapsulate(random io.Reader, authenticatorKey []byte) (platformKey []byte, secret *Secret, err error) {
	if !p.Known() {
		return nil, nil, fmt.Errorf("%w: %d", ErrUnsupported, uint(p))
	}
	peer, err := parseKey(authenticatorKey)
	if err != nil {
		return nil, nil, err
	}
	private, err := newKey(random)
	if err != nil {
		return nil, nil, err
	}
	z, err := private.ECDH(peer)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrMalformedKey, err)
	}
	secret, err = p.derive(z, random)
	return encodeKey(private.PublicKey()), secret, err
}

// derive is kdf: what follows from the x-coordinate z of the shared point.
func (p Protocol) derive(z []byte, random io.Reader) (*Secret, error) {
	s := &Secret{protocol: p, random: random}
	if p == One {
		key := sha256.Sum256(z)
		s.hmacKey, s.aesKey = key[:], key[:]
		return s, nil
	}
	salt := make([]byte, keyLength)
	var errHMAC, errAES error
	s.hmacKey, errHMAC = hkdf.Key(sha256.New, z, salt, "CTAP2 HMAC key", keyLength)
	s.aesKey, errAES = hkdf.Key(sha256.New, z, salt, "CTAP2 AES key", keyLength)
	return s, errors.Join(errHMAC, errAES)
}
