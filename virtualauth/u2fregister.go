package virtualauth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

const (
	u2fParameter    = 32  // bytes, of the challenge and of the application parameter
	u2fMaxKeyHandle = 255 // bytes; its length is one of them
)

// U2FAttestation is who vouches for registrations by U2F, such as the maker of a batch of keys.
type U2FAttestation struct {
	// Certificate is that of a P-256 key, in DER.
	Certificate []byte
	// Sign signs with that key, by ECDSA over the SHA-256 hash of message, and returns the signature in DER.
	Sign func(ctx context.Context, message []byte) ([]byte, error)
}

// u2fRegister is U2F_REGISTER (U2F raw §4). P1 means nothing to it.
//
//	request   challenge (32)  application (32)
//	response  0x05  public key (65)  length of key handle (1)  key handle  certificate  signature
//
// What is signed is 0x00, application, challenge, key handle and public key.
func (a *Authenticator) u2fRegister(ctx context.Context, _ byte, data []byte) ([]byte, error) {
	if len(data) != 2*u2fParameter {
		return nil, u2fWrongLength
	}
	challenge, application := data[:u2fParameter], data[u2fParameter:]
	if _, err := a.ask(ctx, Prompt{Reason: ToCreate}); err != nil {
		return nil, err
	}
	made, err := a.newRecord(ctx, &ctap2.MakeCredentialRequest{}, creation{algorithm: cose.ES256})
	if err != nil {
		return nil, err
	}
	made.RPIDHash, made.ExtensionData = slices.Clone(application), ExtensionData{} // U2F has no extensions, and no verification
	response, err := a.u2fAttest(ctx, made, challenge)
	if err != nil {
		return nil, a.abandon(ctx, made, err)
	}
	if err := a.settle(ctx, made); err != nil {
		return nil, err
	}
	return response, nil
}

// u2fAttest builds the response of a registration.
func (a *Authenticator) u2fAttest(ctx context.Context, made *record, challenge []byte) ([]byte, error) {
	if len(made.ID) > u2fMaxKeyHandle {
		return nil, fmt.Errorf("a key handle of %d bytes does not fit into U2F", len(made.ID))
	}
	key, _, err := cose.Parse(made.PublicKey)
	if err != nil {
		return nil, err
	}
	public, _ := key.Public().(*ecdsa.PublicKey)
	if public == nil {
		return nil, fmt.Errorf("the key store made a %T for %v", key.Public(), cose.ES256)
	}
	point, err := public.Bytes()
	if err != nil {
		return nil, err
	}
	authority, err := a.u2fAttestation(ctx, made, public)
	if err != nil {
		return nil, err
	}
	signature, err := authority.Sign(ctx, slices.Concat([]byte{0}, made.RPIDHash, challenge, made.ID, point))
	if err != nil {
		return nil, fmt.Errorf("attest a registration: %w", err)
	}
	return slices.Concat([]byte{0x05}, point, []byte{byte(len(made.ID))}, made.ID, authority.Certificate, signature), nil
}

// u2fAttestation is who vouches for a registration: World.U2F, or else World.Authority, or else the credential itself.
func (a *Authenticator) u2fAttestation(ctx context.Context, made *record, public *ecdsa.PublicKey) (*U2FAttestation, error) {
	switch {
	case a.world.U2F != nil:
		return a.world.U2F, nil
	case a.world.Authority == nil:
		return a.u2fSelfAttestation(ctx, made, public)
	}
	signer, err := a.world.Authority.U2FSigner()
	if err != nil {
		return nil, err
	}
	return &U2FAttestation{Certificate: signer.Chain[0], Sign: func(_ context.Context, message []byte) ([]byte, error) {
		return signer.Sign(message)
	}}, nil
}

// u2fSelfAttestation lets a credential vouch for itself, by a certificate that its own key signs: it says nothing but that
// whoever registers has the key.
func (a *Authenticator) u2fSelfAttestation(ctx context.Context, made *record, public *ecdsa.PublicKey) (*U2FAttestation, error) {
	serial := sha256.Sum256(made.PublicKey)
	serial[0] = serial[0]&0x3f | 0x40 // positive, and always of the same length
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial[:16]),
		Subject:      pkix.Name{CommonName: "U2F key"},
		// No clock here: whoever checks has one of their own.
		NotBefore: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:  time.Date(2049, 12, 31, 23, 59, 59, 0, time.UTC),
	}
	sign := func(ctx context.Context, message []byte) ([]byte, error) {
		return a.storeOf(made).Sign(ctx, made.handle, message)
	}
	certificate, err := x509.CreateCertificate(a.world.Rand, template, template, public, messageSigner{ctx, public, sign})
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	return &U2FAttestation{Certificate: certificate, Sign: sign}, nil
}

// messageSigner lends a key of a key store to package x509. Stores hash by themselves.
type messageSigner struct {
	ctx    context.Context // of the one call that it lives in
	public crypto.PublicKey
	sign   func(ctx context.Context, message []byte) ([]byte, error)
}

// Public returns the public key.
func (s messageSigner) Public() crypto.PublicKey { return s.public }

// SignMessage signs a message.
func (s messageSigner) SignMessage(_ io.Reader, message []byte, _ crypto.SignerOpts) ([]byte, error) {
	return s.sign(s.ctx, message)
}

// Sign fails: a store signs no hashes.
func (s messageSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.ErrUnsupported
}
