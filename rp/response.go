package rp

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/rp/store"
	"github.com/passkeylab/passkeylab/rp/strict"
)

// MaxBody is how many bytes a response may have. The largest honest one, with a chain of certificates, is a few
// kilobytes.
const MaxBody = 64 << 10

// response is a registration response after everything that needs no transaction: parsed and, as far as its
// ceremony is known, verified. err is nil only for an authentic one.
type response struct {
	digest        []byte
	challengeHash []byte
	// sessionID is the session that asked for the passkey, "" while the ceremony is not known.
	sessionID  string
	credential Credential
	// proof is what the attestation statement proved.
	proof policy.Proof
	code  Code
	err   error
}

// target names the passkey for the audit log, "" when its id was not verified.
func (r *response) target() string {
	if r.err != nil {
		return ""
	}
	return idTail(r.credential.ID)
}

func (r *response) failed(code Code, err error) *response {
	r.code, r.err = code, err
	return r
}

// errUnknownChallenge means that no ceremony of the run issued the response's challenge.
var errUnknownChallenge = errors.New("the challenge is not one of this run's")

// examine parses a body and verifies it against the ceremony that its challenge belongs to. It decides nothing:
// the ceremony may be used up by the time of the decision.
func (rp *RelyingParty) examine(ctx context.Context, kind CeremonyKind, runID string, body []byte) *response {
	r := &response{digest: hashOf(body)}
	parsed, err := parseCreation(body)
	if err != nil {
		return r.failed(CodeVerificationFailed, err)
	}
	r.challengeHash = challengeHash(parsed.Response.CollectedClientData.Challenge)
	var ceremony Ceremony
	var a account
	err = rp.store.Read(ctx, func(q store.Querier) (err error) {
		if ceremony, err = ceremonyByChallenge(q, r.challengeHash); err != nil {
			return err
		}
		a, err = accountByID(q, ceremony.UserID)
		return err
	})
	if err != nil || ceremony.RunID != runID || ceremony.Kind != kind {
		return r.failed(CodeVerificationFailed, errors.Join(errUnknownChallenge, err))
	}
	r.sessionID = ceremony.SessionID
	return rp.verifyCreation(ctx, r, creationResponse{parsed, &ceremony, &a.User})
}

// creationResponse is a parsed response with what it answers.
type creationResponse struct {
	parsed   *protocol.ParsedCredentialCreationData
	ceremony *Ceremony
	user     *User
}

// verifyCreation runs the verifier (WebAuthn L3 §7.1). Three of its checks are taken out of it and made here, so
// that they can be told apart from a forged response: the attestation statement, the algorithm, and, by the caller,
// user verification.
func (rp *RelyingParty) verifyCreation(ctx context.Context, r *response, in creationResponse) *response {
	parsed, user := in.parsed, in.user
	if err := strict.CheckObject(parsed.Raw.AttestationResponse.AttestationObject); err != nil {
		return r.failed(CodeVerificationFailed, err)
	}
	var key webauthncose.PublicKeyData
	data := parsed.Response.AttestationObject.AuthData
	if err := webauthncbor.Unmarshal(data.AttData.CredentialPublicKey, &key); err != nil {
		return r.failed(CodeVerificationFailed, fmt.Errorf("credential public key: %w", err))
	}
	session := in.ceremony.state.Session
	session.Challenge = parsed.Response.CollectedClientData.Challenge
	session.UserVerification = protocol.VerificationPreferred
	offered := session.CredParams
	session.CredParams = []protocol.CredentialParameter{{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.COSEAlgorithmIdentifier(key.Algorithm)}}
	if in.ceremony.Kind != KindApp {
		if err := rp.expected.check(&parsed.Response.CollectedClientData); err != nil {
			return r.failed(CodeVerificationFailed, err)
		}
	}
	statement := takeStatement(parsed)
	verified, err := rp.verifier(in.ceremony.Kind).CreateCredential(asUser{account: user}, session, parsed)
	if err != nil {
		return r.failed(CodeVerificationFailed, describeError(err))
	}
	seen, err := rp.verifyStatement(ctx, statement, hashOf(parsed.Raw.AttestationResponse.ClientDataJSON))
	if err != nil {
		return r.failed(CodeAttestationInvalid, err)
	}
	if _, err := webauthncose.ParsePublicKey(verified.PublicKey); err != nil {
		return r.failed(CodeVerificationFailed, fmt.Errorf("credential public key: %w", err))
	}
	if err := strict.CheckExtensions(data.ExtData); err != nil {
		return r.failed(CodeVerificationFailed, err)
	}
	r.credential = newCredential(verified, key.Algorithm)
	r.credential.AttestationFormat, r.credential.Attested = statement.Format, seen.trusted
	r.credential.AttestationCertificates, r.proof = certificateHashes(statement), seen.proof
	r.credential.UserID = user.ID
	for _, parameter := range offered {
		if int64(parameter.Algorithm) != key.Algorithm {
			continue
		}
		if err := strict.CheckKey(verified.PublicKey); err != nil && !errors.Is(err, strict.ErrUnknown) {
			return r.failed(CodeVerificationFailed, fmt.Errorf("credential public key: %w", err))
		}
		return r
	}
	return r.failed(CodeAlgNotAllowed, fmt.Errorf("algorithm %d was not offered", key.Algorithm))
}

// takeStatement takes the attestation statement out of a response, so that the library sees none and verifies everything
// else, and returns the object with it. Its verification is rp/attest's: the library fixes the roots of some formats for
// the whole process. What claims to have no statement is left as it is.
func takeStatement(parsed *protocol.ParsedCredentialCreationData) protocol.AttestationObject {
	object := &parsed.Response.AttestationObject
	whole := *object
	if whole.Format != string(protocol.AttestationFormatNone) {
		object.Format, object.AttStatement, object.SubStatements = string(protocol.AttestationFormatNone), nil, nil
	}
	return whole
}

// newCredential takes over what was verified. Everything but transports and attachment comes from the signed
// attestation object.
func newCredential(v *webauthn.Credential, algorithm int64) Credential {
	c := Credential{
		ID: v.ID, PublicKey: v.PublicKey, Algorithm: algorithm, SignCount: v.Authenticator.SignCount,
		BackupEligible: v.Flags.BackupEligible, BackupState: v.Flags.BackupState, UVInitialized: v.Flags.UserVerified,
		Attachment: string(v.Authenticator.Attachment),
	}
	copy(c.AAGUID[:], v.Authenticator.AAGUID)
	for _, transport := range v.Transport {
		if len(c.Transports) < 16 && len(transport) <= 32 { // the client's own words: bounded, else kept as they are
			c.Transports = append(c.Transports, string(transport))
		}
	}
	return c
}

// describeError makes the verifier's details readable in a log: its Error method tells only the outermost part.
func describeError(err error) error {
	var e *protocol.Error
	if errors.As(err, &e) && e.Details != "" {
		return fmt.Errorf("%s: %w", e.Type, err)
	}
	return err
}
