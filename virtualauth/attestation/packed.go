package attestation

import (
	"fmt"
	"slices"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// packed is the statement of WebAuthn L3 §8.2 without x5c: that it is absent is what makes it self attestation.
type packed struct {
	Algorithm cose.Algorithm `cbor:"alg"`
	Signature []byte         `cbor:"sig"`
}

// packedSelf signs authenticator data ‖ client data hash with the credential's own key (WebAuthn L3 §8.2, signing
// procedure, self attestation).
func packedSelf(s Subject) (Statement, error) {
	signature, err := s.Sign(slices.Concat(s.AuthData, s.ClientDataHash))
	if err != nil {
		return Statement{}, fmt.Errorf("attestation: packed: %w", err)
	}
	body, err := encoder.Marshal(packed{Algorithm: s.Algorithm, Signature: signature})
	if err != nil {
		return Statement{}, fmt.Errorf("attestation: packed: %w", err)
	}
	return Statement{Format: FormatPacked, Body: body}, nil
}
