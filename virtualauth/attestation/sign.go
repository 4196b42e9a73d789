package attestation

import (
	"crypto"
	"slices"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// This file is what statements of several formats sign, and how.

// signed is what packed and android-key sign, and what the nonces of tpm, android-safetynet and apple are the hash of:
// authenticator data ‖ client data hash.
func (s Subject) signed() []byte {
	switch s.Misbehave.Signed {
	case OnlyTheHash:
		return s.ClientDataHash
	case OnlyAuthData:
		return s.AuthData
	case TheHashFirst:
		return slices.Concat(s.ClientDataHash, s.AuthData)
	case OtherAuthData:
		other := slices.Clone(s.AuthData)
		if len(other) > counterOffset { // a lie may have cut it
			other[counterOffset]++
		}
		return slices.Concat(other, s.ClientDataHash)
	}
	return slices.Concat(s.AuthData, s.ClientDataHash)
}

// counterOffset is where the last byte of the signature counter stands in authenticator data (WebAuthn L3 §6.1).
const counterOffset = 36

// bound is the data that the statement binds itself to.
func (s Subject) bound(data []byte) []byte {
	if s.Misbehave.WrongNonce {
		return append(slices.Clone(data), 0)
	}
	return data
}

// nonce returns the hash of what a certificate or a service vouches for.
func (s Subject) nonce(hash crypto.Hash, of []byte) []byte {
	h := hash.New()
	h.Write(s.bound(of))
	return h.Sum(nil)
}

// signature lets sign make the signature of a statement. A nil public key stands for the credential's.
func (s Subject) signature(sign func([]byte) ([]byte, error), by crypto.PublicKey, message []byte) ([]byte, error) {
	if s.Misbehave.OtherKey {
		stray, err := deriveKey([]byte("nobody"), "stray", cose.ES256)
		if err != nil {
			return nil, err
		}
		sign = stray.sign
	}
	if s.Misbehave.CredentialKey {
		sign = s.Sign
	}
	signature, err := sign(message)
	if err != nil {
		return nil, err
	}
	return s.spoiled(signature, by), nil
}

// spoiled is the signature as the lies about its bytes want it.
func (s Subject) spoiled(signature []byte, by crypto.PublicKey) []byte {
	if len(signature) == 0 {
		return signature
	}
	if s.Misbehave.BadSignature {
		signature = slices.Clone(signature)
		signature[len(signature)-1] ^= 1
	}
	if s.Misbehave.TruncatedSignature {
		signature = signature[:len(signature)-1]
	}
	if s.Misbehave.RawSignature {
		if by == nil {
			by = s.credentialPublic()
		}
		signature = rawSignature(signature, by)
	}
	return signature
}

// credentialPublic is the credential's public key, or nil if it is one only in name.
func (s Subject) credentialPublic() crypto.PublicKey {
	key, err := s.Credential.Key()
	if err != nil {
		return nil
	}
	return key.Public()
}

// claimed is the value of "alg".
func (s Subject) claimed(honest cose.Algorithm) cose.Algorithm {
	if s.Misbehave.Algorithm != 0 {
		return s.Misbehave.Algorithm
	}
	return honest
}
