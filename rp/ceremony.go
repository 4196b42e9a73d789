package rp

import (
	"context"
	"encoding/json"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
)

// CeremonyKind is create or get.
type CeremonyKind string

// The kinds of ceremony; a proof is a get by a user who is signed in already.
const (
	KindCreate CeremonyKind = "create"
	KindGet    CeremonyKind = "get"
	KindProof  CeremonyKind = "proof"
)

// Ceremony is the server's record of one challenge. The challenge itself is not kept, only its hash.
type Ceremony struct {
	ID   string
	Kind CeremonyKind
	// RunID is set for a registration; SessionID for a registration or a proof; Binding for a sign-in.
	RunID, SessionID, UserID, Binding string
	ChallengeHash                     []byte
	OptionsDigest                     string
	ExcludeIDs                        [][]byte
	IssuedAt, ExpiresAt               time.Time
	// ConsumedAt is zero while the challenge can be used. ServerCode is what came of it, "" when it was
	// accepted or is unused.
	ConsumedAt      time.Time
	ServerCode      Code
	ClientErrorName string
	ClientErrorAt   time.Time

	state          ceremonyState
	responseDigest []byte
	resultID       []byte
	refusal        *Refusal
}

// CreationOptions is what the page hands to navigator.credentials.create().
type CreationOptions struct {
	CeremonyID string
	// Options marshals to PublicKeyCredentialCreationOptionsJSON (WebAuthn L3 §5.1.8).
	Options   protocol.PublicKeyCredentialCreationOptions
	ExpiresAt time.Time
	// Run is the run, now on S8.
	Run *Run
}

// JSON returns the options for PublicKeyCredential.parseCreationOptionsFromJSON().
func (o *CreationOptions) JSON() ([]byte, error) { return json.Marshal(o.Options) }

// RequestOptions is what the page hands to navigator.credentials.get().
type RequestOptions struct {
	CeremonyID string
	// Options marshals to PublicKeyCredentialRequestOptionsJSON (WebAuthn L3 §5.1.9).
	Options   protocol.PublicKeyCredentialRequestOptions
	ExpiresAt time.Time
	// Conditional is true for autofill: the page passes mediation "conditional".
	Conditional bool
}

// JSON returns the options for PublicKeyCredential.parseRequestOptionsFromJSON().
func (o *RequestOptions) JSON() ([]byte, error) { return json.Marshal(o.Options) }

// Stored is a successful registration.
type Stored struct {
	Credential *Credential
	// Run is the run, now on S10.
	Run *Run
	// Replay is true when the same body had been answered before.
	Replay bool
}

// SignInStart asks for sign-in options.
type SignInStart struct {
	// Binding ties the ceremony to one browser before there is a session: an unguessable value that the cookie
	// layer keeps. The same one must come back with the response.
	Binding string
	// UserName is what was typed, "" to let the device offer its accounts. The options look the same for every
	// name, known or not: they never list credential ids (WebAuthn L3 §14.6.2, §14.6.3); the account is
	// checked when the response comes.
	UserName string
	// Conditional is true for autofill.
	Conditional bool
}

// SignInResponse brings the assertion back.
type SignInResponse struct {
	Binding string
	// Body is the AuthenticationResponseJSON.
	Body   []byte
	Client Client
	// Started, if set, is called once the session is stored, within the same transaction: what HTTPSessions is given with ctx is
	// kept together with the session, or neither is. An error undoes both. It must not ask the relying party for anything else.
	Started func(ctx context.Context, in *SignedIn) error
}

// SignedIn is a successful sign-in with a passkey.
type SignedIn struct {
	Session    *Session
	User       *User
	Credential *Credential
	// OfferHere is true after a cross-device sign-in: the page may offer a passkey for this device.
	OfferHere bool
	// CounterWarning is true when the counter did not grow and the policy only warns.
	CounterWarning bool
}

// AuditEvent is one line of the audit log.
type AuditEvent struct {
	ID int64
	// UserID is whose account it concerns, Actor who did it (a user id, or "system").
	UserID, Actor string
	Action        Action
	// Target is what it was done to, never a full credential id: its last 8 base64url characters.
	Target string
	Code   Code
	At     time.Time
	// RequestID is the support code of the request, "" without one.
	RequestID string
}

// Action is what an audit event records.
type Action string

// The actions.
const (
	ActionSignUp          Action = "account.created"
	ActionSignIn          Action = "session.started"
	ActionSignInRefused   Action = "session.refused"
	ActionSignOut         Action = "session.ended"
	ActionSignOutAll      Action = "session.ended_everywhere"
	ActionSessionRevoked  Action = "session.revoked" // by the person elsewhere, or by an administrator
	ActionProof           Action = "proof.given"
	ActionProofRefused    Action = "proof.refused"
	ActionLocked          Action = "account.locked"
	ActionPasskeyAdded    Action = "passkey.added"
	ActionPasskeyRefused  Action = "passkey.refused"
	ActionPasskeyRenamed  Action = "passkey.renamed"
	ActionPasskeyDeleted  Action = "passkey.deleted"
	ActionPasskeyRemoved  Action = "passkey.removed_by_admin" // in notices only
	ActionCounter         Action = "passkey.counter_went_back"
	ActionPolicyChanged   Action = "policy.changed"
	ActionPassIssued      Action = "pass.issued"
	ActionPassUsed        Action = "pass.used"
	ActionPassDeleted     Action = "pass.deleted"
	ActionMembership      Action = "account.groups_changed"
	ActionPasswordChanged Action = "password.changed"
	ActionPasswordRefused Action = "password.refused"
	ActionSnoozed         Action = "campaign.snoozed"
	ActionAdminSignIn     Action = "admin.signed_in"
	ActionAdminRefused    Action = "admin.refused"
)

// Notice is one message to the user, out of band: the outbox of an organisation without a mail server.
type Notice struct {
	ID     int64
	UserID string
	// Kind is the action it tells about; Subject the passkey's name or the account's.
	Kind    Action
	Subject string
	At      time.Time
	// UserName is whom it went to, and Language, a BCP 47 tag, what it was sent in; "" leaves that to whoever sends it.
	UserName, Language string
}
