package pinuv

import (
	"crypto/ecdh"
	"fmt"
	"io"
	"time"
)

// Authenticator is the authenticator's end of one protocol: its key agreement key and its token. One authenticator has one for
// each protocol it supports. It is not safe for concurrent use; its owner answers one request at a time.
type Authenticator struct {
	// Misbehave holds the lies it tells from the next call on.
	Misbehave Misbehaviour
	// Token is the state of its PIN/UV auth token.
	Token Token

	protocol Protocol
	random   io.Reader
	private  *ecdh.PrivateKey
}

// NewAuthenticator returns the end of a protocol as it is at power-up, with a fresh key and a token that is not in use (CTAP
// 2.3 §6.5.4, initialize). It keeps random. It fails with ErrUnsupported, or as random does.
func NewAuthenticator(protocol Protocol, random io.Reader) (*Authenticator, error) {
	if !protocol.Known() {
		return nil, fmt.Errorf("%w: %d", ErrUnsupported, uint(protocol))
	}
	a := &Authenticator{protocol: protocol, random: random}
	return a, a.Initialize()
}

// Protocol returns the protocol that it speaks.
func (a *Authenticator) Protocol() Protocol { return a.protocol }

// Initialize does what power-up does: a new key agreement key and a new token (CTAP 2.3 §6.5.4, initialize).
func (a *Authenticator) Initialize() error {
	private, err := newKey(a.random)
	if err != nil {
		return err
	}
	a.private = private
	return a.ResetToken()
}

// Regenerate replaces the key agreement key, so that secrets shared so far are worth nothing (CTAP 2.3 §6.5.4, regenerate).
func (a *Authenticator) Regenerate() error {
	if a.Misbehave.KeepKey {
		return nil
	}
	private, err := newKey(a.random)
	if err != nil {
		return err
	}
	a.private = private
	return nil
}

// ResetToken replaces the token by a fresh one that is not in use (CTAP 2.3 §6.5.4, resetPinUvAuthToken).
func (a *Authenticator) ResetToken() error {
	if a.Misbehave.KeepToken && a.Token.value != nil {
		a.Token.StopUsing()
		return nil
	}
	value, err := NewToken(a.random)
	if err != nil {
		return err
	}
	a.Token = Token{value: value}
	return nil
}

// PublicKey returns the key agreement key as a COSE_Key map {1: 2, 3: -25, -1: 1, -2: x, -3: y} in CTAP2 canonical CBOR
// (CTAP 2.3 §6.5.4, getPublicKey).
func (a *Authenticator) PublicKey() []byte {
	encoded := encodeKey(a.private.PublicKey())
	if a.Misbehave.PointOffCurve {
		encoded[len(encoded)-1] ^= 1 // the last byte of y
	}
	return encoded
}

// Decapsulate returns the secret shared with the owner of platformKey, a COSE_Key map, or fails with ErrMalformedKey
// (CTAP 2.3 §6.5.4, decapsulate).
func (a *Authenticator) Decapsulate(platformKey []byte) (*Secret, error) {
	peer, err := parseKey(platformKey)
	if err != nil {
		return nil, err
	}
	z, err := a.private.ECDH(peer)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformedKey, err)
	}
	if a.Misbehave.WrongSecret {
		z[0] ^= 1
	}
	secret, err := a.protocol.derive(z, a.random)
	if err != nil {
		return nil, err
	}
	secret.misbehave = a.Misbehave
	return secret, nil
}

// Verify fails with ErrMAC unless the token is in use at this time and param is the MAC of message under it (CTAP 2.3 §6.5.4,
// verify). A success counts as a use of the token.
func (a *Authenticator) Verify(now time.Time, message, param []byte) error {
	if !a.Misbehave.IgnoreTimers {
		a.Token.ObserveUsageTimer(now)
	}
	if !a.Token.inUse {
		return fmt.Errorf("%w: the token is not in use", ErrMAC)
	}
	if a.Misbehave.AcceptTruncated {
		message, param = a.untruncate(message, param)
	}
	if err := a.protocol.Verify(a.Token.value, message, param); err != nil {
		return err
	}
	a.Token.used = true
	return nil
}

// untruncate completes a param that is a beginning of the right one, down to one byte.
func (a *Authenticator) untruncate(message, param []byte) (sameMessage, whole []byte) {
	right := a.protocol.Authenticate(a.Token.value, message)
	if n := len(param); n > 0 && n < len(right) && string(right[:n]) == string(param) {
		return message, right
	}
	return message, param
}
