package rp

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/rp/store"
)

// challengeLength is 32 bytes; WebAuthn L3 §13.4.3 asks for at least 16.
const challengeLength = 32

// algorithmsOf are what the options offer, preferred first. One that could not be verified later is an error.
func algorithmsOf(wanted []int64) ([]webauthncose.COSEAlgorithmIdentifier, error) {
	if wanted == nil {
		return []webauthncose.COSEAlgorithmIdentifier{webauthncose.AlgES256, webauthncose.AlgEdDSA, webauthncose.AlgRS256}, nil
	}
	verified := []webauthncose.COSEAlgorithmIdentifier{
		webauthncose.AlgES256, webauthncose.AlgES384, webauthncose.AlgES512, webauthncose.AlgEdDSA,
		webauthncose.AlgRS256, webauthncose.AlgRS384, webauthncose.AlgRS512, webauthncose.AlgPS256, webauthncose.AlgPS384, webauthncose.AlgPS512,
	}
	var all []webauthncose.COSEAlgorithmIdentifier
	for _, number := range wanted {
		algorithm := webauthncose.COSEAlgorithmIdentifier(number)
		if !slices.Contains(verified, algorithm) {
			return nil, fmt.Errorf("rp: Config.Algorithms has %d, which is not verified here; those that are: %v", number, verified)
		}
		all = append(all, algorithm)
	}
	return all, nil
}

// ceremonyState is what verification needs of the options, kept with the ceremony. The challenge is not in it.
type ceremonyState struct {
	Session webauthn.SessionData `json:"session"`
	// UserName is the folded name that was typed at sign-in, "" for none.
	UserName string `json:"userName,omitempty"`
	// Phone is what the app said that it runs on, "" for a ceremony of a page.
	Phone PhoneOS `json:"phone,omitempty"`
}

// asUser presents an account and its passkeys to the verifier.
type asUser struct {
	account     *User
	credentials []webauthn.Credential
}

// WebAuthnID implements webauthn.User.
func (u asUser) WebAuthnID() []byte { return u.account.Handle }

// WebAuthnName implements webauthn.User.
func (u asUser) WebAuthnName() string { return u.account.UserName }

// WebAuthnDisplayName implements webauthn.User.
func (u asUser) WebAuthnDisplayName() string { return u.account.DisplayName }

// WebAuthnCredentials implements webauthn.User.
func (u asUser) WebAuthnCredentials() []webauthn.Credential { return u.credentials }

// descriptors lists passkeys for an exclude or allow list, with the transports their clients reported.
func descriptors(list []Credential) []protocol.CredentialDescriptor {
	all := make([]protocol.CredentialDescriptor, len(list))
	for i := range list {
		all[i] = protocol.CredentialDescriptor{Type: protocol.PublicKeyCredentialType, CredentialID: list[i].ID}
		for _, transport := range list[i].Transports {
			all[i].Transport = append(all[i].Transport, protocol.AuthenticatorTransport(transport))
		}
	}
	return all
}

// attachmentAndHints are what a flow tells the browser about where the passkey is to be made (WebAuthn L3
// §5.4.5, §5.8.8).
func attachmentAndHints(flow Flow) (protocol.AuthenticatorAttachment, []protocol.PublicKeyCredentialHints) {
	switch flow {
	case FlowAndroid, FlowIOS:
		return protocol.CrossPlatform, []protocol.PublicKeyCredentialHints{protocol.PublicKeyCredentialHintHybrid}
	case FlowSame, FlowInApp:
		return protocol.Platform, []protocol.PublicKeyCredentialHints{protocol.PublicKeyCredentialHintClientDevice}
	case FlowKey:
		return protocol.CrossPlatform, []protocol.PublicKeyCredentialHints{protocol.PublicKeyCredentialHintSecurityKey}
	}
	return "", nil
}

func uvRequirement(p policy.Policy) protocol.UserVerificationRequirement {
	if p.RequiresUV() {
		return protocol.VerificationRequired
	}
	return protocol.VerificationPreferred
}

// creationOptions builds the options of a registration and the state that verifies its answer.
func (rp *RelyingParty) creationOptions(user *User, flow Flow, list []Credential) (*protocol.CredentialCreation, *webauthn.SessionData, error) {
	challenge, err := rp.rand.bytes(challengeLength)
	if err != nil {
		return nil, nil, err
	}
	p := rp.Policy()
	attachment, hints := attachmentAndHints(flow)
	return rp.webauthn.BeginRegistration(asUser{account: user}, func(o *protocol.PublicKeyCredentialCreationOptions) error {
		o.Challenge = challenge
		o.Parameters = nil
		for _, alg := range rp.algorithms {
			o.Parameters = append(o.Parameters, protocol.CredentialParameter{Type: protocol.PublicKeyCredentialType, Algorithm: alg})
		}
		o.CredentialExcludeList = descriptors(list)
		o.AuthenticatorSelection = protocol.AuthenticatorSelection{
			AuthenticatorAttachment: attachment, UserVerification: uvRequirement(p),
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
		}
		o.Hints = hints
		o.Attestation = protocol.PreferNoAttestation
		if p.AsksDirect(user.subject()) {
			o.Attestation = protocol.PreferDirectAttestation
		}
		o.Timeout = int(rp.timers.Timeout.Milliseconds())
		o.Extensions.CredProps = true
		return nil
	})
}

// requestOptions builds the options of an authentication. allow is nil for a sign-in, where the device offers
// what it has, and the user's passkeys for a proof.
func (rp *RelyingParty) requestOptions(allow []Credential) (*protocol.CredentialAssertion, *webauthn.SessionData, error) {
	challenge, err := rp.rand.bytes(challengeLength)
	if err != nil {
		return nil, nil, err
	}
	return rp.webauthn.BeginDiscoverableLogin(func(o *protocol.PublicKeyCredentialRequestOptions) error {
		o.Challenge = challenge
		o.AllowedCredentials = descriptors(allow)
		o.UserVerification = uvRequirement(rp.Policy())
		o.Timeout = int(rp.timers.Timeout.Milliseconds())
		return nil
	})
}

// newCeremony makes the record of one challenge: its hash, the digest of the options, what verifies the answer.
func (rp *RelyingParty) newCeremony(kind CeremonyKind, options any, data *webauthn.SessionData) (*Ceremony, error) {
	id, err := rp.rand.id()
	if err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(options)
	if err != nil {
		return nil, fmt.Errorf("encode options: %w", err)
	}
	digest := sha256.Sum256(encoded)
	now := rp.Now()
	c := &Ceremony{
		ID: id, Kind: kind, ChallengeHash: challengeHash(data.Challenge), OptionsDigest: hex.EncodeToString(digest[:]),
		IssuedAt: now, ExpiresAt: now.Add(rp.timers.ChallengeLife()), state: ceremonyState{Session: *data},
	}
	c.state.Session.Challenge = ""
	return c, nil
}

// challengeHash is the key of a challenge as client data carries it: base64url text.
func challengeHash(challenge string) []byte {
	sum := sha256.Sum256([]byte(challenge))
	return sum[:]
}

// expired reports whether the challenge's life is over at an instant; its very end is too late.
func (c *Ceremony) expired(now time.Time) bool { return !now.Before(c.ExpiresAt) }

// Open reports whether the challenge has neither been used nor closed.
func (c *Ceremony) Open() bool { return c.ConsumedAt.IsZero() }

// openCeremony stores the record in the same transaction that decided to issue it.
func openCeremony(tx *store.Tx, c *Ceremony) error { return insertCeremony(tx, c) }

// stored presents one of our credentials to the verifier.
func (c *Credential) stored() webauthn.Credential {
	flags := protocol.FlagUserPresent
	for flag, set := range map[protocol.AuthenticatorFlags]bool{
		protocol.FlagUserVerified: c.UVInitialized, protocol.FlagBackupEligible: c.BackupEligible, protocol.FlagBackupState: c.BackupState,
	} {
		if set {
			flags |= flag
		}
	}
	return webauthn.Credential{
		ID: c.ID, PublicKey: c.PublicKey, AttestationFormat: c.AttestationFormat, Flags: webauthn.NewCredentialFlags(flags),
		Authenticator: webauthn.Authenticator{AAGUID: c.AAGUID[:], SignCount: c.SignCount},
	}
}

// ids lists the credential ids of an exclude list.
func ids(list []Credential) [][]byte {
	all := make([][]byte, len(list))
	for i := range list {
		all[i] = slices.Clone(list[i].ID)
	}
	return all
}

// decodeKey reads a credential id from a URL; one that is not base64url of 1 to 1023 bytes names nothing.
func decodeKey(key string) ([]byte, error) {
	id, err := base64.RawURLEncoding.DecodeString(key)
	if err != nil || len(id) == 0 || len(id) > 1023 {
		return nil, ErrNotFound
	}
	return id, nil
}
