package rp

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/rp/attest"
	"github.com/passkeylab/passkeylab/rp/policy"
)

// Metadata tells what is known of authenticator models, as the FIDO Metadata Service does. It is asked at every
// registration and must answer from what it holds: a service that is down is no reason to wait.
type Metadata interface {
	// Model returns what is known of the model that an attestation is of, and false when nothing is. A model of FIDO U2F has no
	// AAGUID, which is zero then, and is known by the key of its certificate. chain are the statement's certificates, the leaf
	// first, of which nothing has been verified yet; it is empty where the statement has none.
	Model(ctx context.Context, aaguid uuid.UUID, chain []*x509.Certificate) (Model, bool)
}

// Model is what is known of one authenticator model.
type Model struct {
	// Name is the model's name.
	Name string
	// Roots are the trust anchors of its attestation; nil when there are none.
	Roots *x509.CertPool
	// Certified is true while the model holds a FIDO certification; Compromised once it has been revoked or its keys,
	// its attestation or its user verification are known to be broken, where that is not of another batch than the
	// attestation's (FIDO MDS 3 §3.1.4).
	Certified, Compromised bool
	// Algorithms are those with which it signs; nil when they are not told.
	Algorithms []webauthncose.COSEAlgorithmIdentifier
	// OnlySelf says that its attestation is by the credential's own key and never by a certificate.
	OnlySelf bool
	// UserVerification, ResidentKeys and Secrets (hmac-secret or prf) are what the model can do.
	UserVerification, ResidentKeys, Secrets bool
}

// fit reports whether the policy's enforced attestation may rely on the model.
func (m Model) fit() bool {
	return m.Roots != nil && m.Certified && !m.Compromised && m.UserVerification && m.ResidentKeys && m.Secrets
}

// contradicts says what a packed statement has that the model cannot have (FIDO Metadata Statement 3.1.1 §4, attestationTypes and
// authenticationAlgorithms). Statements by TPMs are left alone: their keys are not the model's.
func (m Model) contradicts(statement map[string]any, kind attest.Type) error {
	if m.OnlySelf && kind != attest.Self {
		return fmt.Errorf("%w: it has no attestation certificates", errNotTheModel)
	}
	algorithm, _ := statement["alg"].(int64)
	if m.Algorithms != nil && !slices.Contains(m.Algorithms, webauthncose.COSEAlgorithmIdentifier(algorithm)) {
		return fmt.Errorf("%w: it does not sign with algorithm %d", errNotTheModel, algorithm)
	}
	return nil
}

// errNotTheModel says that a statement is not one that the model makes.
var errNotTheModel = errors.New("the statement contradicts the model's metadata")

// testimony is what an attestation statement proved.
type testimony struct {
	// trusted marks the passkey as attested; proof is what an enforcing policy makes of the statement.
	trusted bool
	proof   policy.Proof
}

// verifyStatement verifies the statement, whatever was asked for: one that is wrong, or that does not lead to the roots
// of its model, is an error. The model's own roots come from the metadata; a model that it does not know is held against
// the roots of the configuration.
func (rp *RelyingParty) verifyStatement(ctx context.Context, object protocol.AttestationObject, clientDataHash []byte) (testimony, error) {
	verifier, model, known := rp.attestation, Model{}, false
	if rp.metadata != nil {
		model, known = rp.metadata.Model(ctx, uuid.UUID(object.AuthData.AttData.AAGUID), attest.Chain(object))
	}
	if known && model.Roots != nil {
		verifier.Roots = attest.All(model.Roots)
	}
	result, err := verifier.Verify(object, clientDataHash)
	if err != nil {
		return testimony{}, err
	}
	if known && object.Format == string(protocol.AttestationFormatPacked) {
		if err := model.contradicts(object.AttStatement, result.Type); err != nil {
			return testimony{}, err
		}
	}
	seen := testimony{trusted: result.Trusted && !(known && model.Compromised)}
	switch {
	case result.Type == attest.None || result.Type == attest.Self:
	case !result.Trusted || known && !model.fit() || object.Format != string(protocol.AttestationFormatPacked):
		seen.proof = policy.ProofInvalid
	default:
		seen.proof = policy.ProofTrusted
	}
	return seen, nil
}

// certificateHashes are the SHA-256 hashes of a statement's certificates, the leaf first.
func certificateHashes(object protocol.AttestationObject) []string {
	var hashes []string
	list, _ := object.AttStatement["x5c"].([]any)
	for _, one := range list {
		if der, ok := one.([]byte); ok {
			sum := sha256.Sum256(der)
			hashes = append(hashes, hex.EncodeToString(sum[:]))
		}
	}
	return hashes
}
