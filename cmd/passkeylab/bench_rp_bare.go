package main

import (
	"fmt"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// bareVerifier does what no relying party can do without: it parses and verifies a response, with the library that ours uses,
// and keeps nothing.
type bareVerifier struct {
	library   *webauthn.WebAuthn
	publicKey []byte
}

func newBareVerifier(origin string, publicKey []byte) (*bareVerifier, error) {
	library, err := webauthn.New(&webauthn.Config{
		RPID: "localhost", RPDisplayName: organisation, RPOrigins: []string{origin},
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore, // as ours does
	})
	return &bareVerifier{library: library, publicKey: publicKey}, err
}

// bareUser is a member of the crowd as the library wants to see one.
type bareUser struct {
	handle      []byte
	credentials []webauthn.Credential
}

// WebAuthnID implements webauthn.User.
func (u bareUser) WebAuthnID() []byte { return u.handle }

// WebAuthnName implements webauthn.User.
func (u bareUser) WebAuthnName() string { return "member" }

// WebAuthnDisplayName implements webauthn.User.
func (u bareUser) WebAuthnDisplayName() string { return "Member" }

// WebAuthnCredentials implements webauthn.User.
func (u bareUser) WebAuthnCredentials() []webauthn.Credential { return u.credentials }

// memberAnswer is an answer, and whose it is.
type memberAnswer struct {
	member crowdMember
	ceremonyAnswer
}

// credential is the passkey of that id, as the library wants to see one.
func (b *bareVerifier) credential(id []byte) webauthn.Credential {
	return webauthn.Credential{ID: id, PublicKey: b.publicKey, Flags: webauthn.NewCredentialFlags(
		protocol.FlagUserPresent | protocol.FlagUserVerified | protocol.FlagBackupEligible | protocol.FlagBackupState)}
}

// signIns verifies sign-ins and returns the processor time that one takes.
func (b *bareVerifier) signIns(answers []memberAnswer) (time.Duration, error) {
	return b.timed(answers, func(a memberAnswer, user bareUser) error {
		parsed, err := protocol.ParseCredentialRequestResponseBytes(a.body)
		if err != nil {
			return err
		}
		user.credentials = []webauthn.Credential{b.credential(a.member.credential(0))}
		_, err = b.library.ValidateLogin(user, webauthn.SessionData{
			Challenge: a.challenge, RelyingPartyID: "localhost", UserID: user.WebAuthnID(), UserVerification: protocol.VerificationRequired,
		}, parsed)
		return err
	})
}

// registrations verifies registrations and returns the processor time that one takes.
func (b *bareVerifier) registrations(answers []memberAnswer) (time.Duration, error) {
	return b.timed(answers, func(a memberAnswer, user bareUser) error {
		parsed, err := protocol.ParseCredentialCreationResponseBytes(a.body)
		if err != nil {
			return err
		}
		_, err = b.library.CreateCredential(user, webauthn.SessionData{
			Challenge: a.challenge, RelyingPartyID: "localhost", UserID: user.WebAuthnID(), UserVerification: protocol.VerificationRequired,
			CredParams: webauthn.CredentialParametersDefault(),
		}, parsed)
		return err
	})
}

func (b *bareVerifier) timed(answers []memberAnswer, verify func(memberAnswer, bareUser) error) (time.Duration, error) {
	before := processorTime()
	for _, a := range answers {
		if err := verify(a, bareUser{handle: a.member.handle()}); err != nil {
			return 0, fmt.Errorf("verify barely: %w", err)
		}
	}
	return (processorTime() - before) / time.Duration(len(answers)), nil
}
