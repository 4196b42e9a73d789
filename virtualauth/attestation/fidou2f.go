package attestation

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"slices"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// fidoU2F signs what a U2F key signs at registration (WebAuthn L3 §8.6, signing procedure):
//
//	0x00 ‖ RP ID hash ‖ client data hash ‖ credential id ‖ 0x04 ‖ x ‖ y
//
// It speaks of ES256 credentials only, and its x5c has exactly one certificate, so the root issues that itself.
func fidoU2F(s Subject) (members, error) {
	if s.Authority == nil {
		return nil, ErrNoAuthority
	}
	by, err := s.u2fAttester()
	if err != nil {
		return nil, err
	}
	return fidoU2FBy(s, by)
}

// u2fAttester is the model's attestation key. The root issues its certificate.
func (s Subject) u2fAttester() (*issuer, error) {
	return s.attester(profile{format: FormatFIDOU2F, subject: s.device("U2F"), fromRoot: true})
}

// fidoU2FBy makes the statement with an attestation key.
func fidoU2FBy(s Subject, by *issuer) (members, error) {
	message, err := s.u2fMessage()
	if err != nil {
		return nil, err
	}
	signature, err := s.signature(by.key.sign, by.key.Public(), message)
	if err != nil {
		return nil, err
	}
	return members{"sig": signature, "x5c": s.x5c(by)}, nil
}

// u2fMessage is what a U2F key signs.
func (s Subject) u2fMessage() ([]byte, error) {
	point, err := s.u2fPoint()
	if err != nil {
		return nil, err
	}
	rpIDHash, clientDataHash := s.AuthData[:min(sha256.Size, len(s.AuthData))], s.ClientDataHash
	if s.Misbehave.OtherRPID {
		other := sha256.Sum256(rpIDHash)
		rpIDHash = other[:]
	}
	message := slices.Concat([]byte{0}, rpIDHash, clientDataHash, s.Credential.ID, point)
	if s.Misbehave.OmitReserved {
		message = message[1:]
	}
	return message, nil
}

// u2fPoint is the credential's key as U2F writes it: 0x04 ‖ x ‖ y.
func (s Subject) u2fPoint() ([]byte, error) {
	if s.Misbehave.Point != nil {
		return s.Misbehave.Point, nil
	}
	key, err := s.Credential.Key()
	if err != nil {
		return nil, err
	}
	if public, is := key.Public().(*ecdsa.PublicKey); is && key.Algorithm() == cose.ES256 {
		return public.Bytes()
	}
	if s.Misbehave.AnyKey {
		return s.Credential.PublicKey, nil
	}
	return nil, ErrUnsuitableKey
}
