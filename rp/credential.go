package rp

import (
	"encoding/base64"
	"time"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/rp/policy"
)

// Credential is one stored passkey.
type Credential struct {
	// ID is the credential id, 1 to 1023 bytes; UserHandle the user.id it was made for.
	ID         []byte
	UserID     string
	UserHandle []byte
	// PublicKey is a COSE_Key in CBOR; Algorithm its COSE algorithm number.
	PublicKey []byte
	Algorithm int64
	SignCount uint32
	// AAGUID is the authenticator model; it is a claim unless Attested.
	AAGUID            uuid.UUID
	AttestationFormat string
	// Attested is true only when the statement chains to a trust anchor.
	Attested bool
	// AttestationCertificates are the SHA-256 hashes, in hexadecimal, of the statement's certificates, the leaf first.
	AttestationCertificates []string
	// BackupEligible never changes (BE); BackupState (BS) follows each sign-in; UVInitialized is true once the
	// user was verified with it.
	BackupEligible, BackupState, UVInitialized bool
	// Transports and Attachment are what the client said at registration.
	Transports []string
	Attachment string
	Name       string
	// NamedByUser is false while the name is the default one.
	NamedByUser bool
	// AccountName is the user name at registration: the phone keeps showing it (EX-13).
	AccountName string
	CreatedAt   time.Time
	// LastUsedAt is zero for a passkey never used; LastUsedClient the browser's family then.
	LastUsedAt     time.Time
	LastUsedClient string
	// ReplacedHint is true when a newer passkey of the same synced or app provider may have overwritten it on
	// the device (EX-10).
	ReplacedHint bool
}

// Key returns the credential id in base64url without padding, as it appears in URLs and in WebAuthn JSON.
func (c *Credential) Key() string { return base64.RawURLEncoding.EncodeToString(c.ID) }

// candidate is the passkey as the policy sees it.
func (c *Credential) candidate() policy.Candidate {
	return policy.Candidate{AAGUID: c.AAGUID, BackupEligible: c.BackupEligible}
}

// Status is whether a stored passkey may be used.
type Status string

// The statuses of a card.
const (
	StatusActive  Status = "active"
	StatusBlocked Status = "blockedByPolicy"
)

// Lives says where a passkey is kept, as its flags tell (WebAuthn L3 §6.1.3).
type Lives string

// Where a passkey lives: BE and BS, BE only, neither.
const (
	LivesSynced    Lives = "synced"
	LivesCanSync   Lives = "can-sync"
	LivesOneDevice Lives = "this-device"
)

// Provider is a passkey provider by AAGUID, for names and icons only: no policy is ever decided by it.
type Provider struct {
	// Key is the short key of the data file, "unknown" without a match, "security-key" for a key on USB, NFC
	// or BLE without a name. Name is shown and never translated; "" when not Known.
	Key, Name string
	Known     bool
	// Approved marks the organisation's own app.
	Approved bool
	// Steps are the message keys of its removal steps.
	Steps []string
}

// Card is one passkey on the Security info page.
type Card struct {
	Credential
	Provider Provider
	Lives    Lives
	Status   Status
	// ThisSession is true when it signed this session in.
	ThisSession bool
	// OldAccountName is true when the sign-in name has changed since (EX-13).
	OldAccountName bool
	// SecurityKey puts the card under the heading for keys: the passkey came over USB, NFC or BLE.
	SecurityKey bool
}

// SecurityInfo is everything the Security info page shows.
type SecurityInfo struct {
	User    *User
	Session *Session
	Cards   []Card
	// Limit is how many passkeys the policy allows.
	Limit int
	// AddRefused tells why nothing can be added, nil when something can.
	AddRefused *Refusal
	// Reminder is the newest refused passkey that may still be on a device and was not dismissed (WP-20).
	Reminder *RefusedTry
	// Pass is the user's bootstrap pass, nil if there is none.
	Pass *Pass
	// OtherMethods are the ways to sign in that remain without any passkey.
	OtherMethods []Method
}

// Deletion is what a page needs after a passkey was deleted.
type Deletion struct {
	Credential Credential
	Provider   Provider
	// Accepted is the list to signal: what remains.
	Accepted *AcceptedCredentials
	// WasThisSession is true when the deleted passkey had signed this session in: its proof is gone.
	WasThisSession bool
}

// AcceptedCredentials is the argument of PublicKeyCredential.signalAllAcceptedCredentials: always all of the
// user's passkeys. A shorter list would make the user's devices hide good ones (WebAuthn L3 §5.1.10.3).
type AcceptedCredentials struct {
	RPID                     string   `json:"rpId"`
	UserID                   string   `json:"userId"`
	AllAcceptedCredentialIDs []string `json:"allAcceptedCredentialIds"`
}

// UserDetails is the argument of PublicKeyCredential.signalCurrentUserDetails: what the account is called now, so that the
// user's devices show the same beside its passkeys (WebAuthn L3 §5.1.10.4).
type UserDetails struct {
	RPID        string `json:"rpId"`
	UserID      string `json:"userId"`
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
}

// RefusedTry is a passkey that a device made and this relying party refused: it will be recognised at sign-in.
type RefusedTry struct {
	ID int64
	// CredentialIDHash is the SHA-256 of the credential id; the id itself is not kept.
	CredentialIDHash []byte
	UserID, RunID    string
	AAGUID           uuid.UUID
	Provider         Provider
	Reason           Code
	Scope            DeviceScope
	At               time.Time
	Dismissed        bool
}
