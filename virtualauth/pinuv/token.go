package pinuv

import (
	"bytes"
	"fmt"
	"io"
	"time"
)

// Permissions say what a token is good for (CTAP 2.3 §6.5.5.7, permissions).
type Permissions uint

// The permissions, with the names of CTAP 2.3 §6.5.5.7.
const (
	// MC is makeCredential; it needs an RP ID.
	MC Permissions = 0x01
	// GA is getAssertion; it needs an RP ID.
	GA Permissions = 0x02
	// CM is credentialManagement; with an RP ID it is bound to that one.
	CM Permissions = 0x04
	// BE is bioEnrollment.
	BE Permissions = 0x08
	// LBW is writing of large blobs.
	LBW Permissions = 0x10
	// ACFG is authenticatorConfig.
	ACFG Permissions = 0x20
	// PCMR is reading by credentialManagement with the persistent token; it stands alone.
	PCMR Permissions = 0x40
)

// Limits of a token's life (CTAP 2.3 §6.5.2.1).
const (
	// InitialUsageLimit is how long a token may wait for its first use, over USB.
	InitialUsageLimit = 30 * time.Second
	// UserPresentLimit is how long the user counts as present since the token was issued.
	UserPresentLimit = 30 * time.Second
	// MaxUsagePeriod is how long a token lives at most.
	MaxUsagePeriod = 10 * time.Minute
)

// TokenLength is the length of a token in bytes. Protocol one would allow 16 as well.
const TokenLength = 32

// NewToken draws the value of a token, or of a persistent token.
func NewToken(random io.Reader) ([]byte, error) {
	value := make([]byte, TokenLength)
	if _, err := io.ReadFull(random, value); err != nil {
		return nil, fmt.Errorf("pinuv: draw a token: %w", err)
	}
	return value, nil
}

// Token is a PIN/UV auth token with its state variables (CTAP 2.3 §6.5.2.1). The zero Token is not in use.
type Token struct {
	value                     []byte
	inUse                     bool
	userPresent, userVerified bool
	permissions               Permissions
	rpID                      string // empty: not bound to an RP ID
	began                     time.Time
	used                      bool // since it began; false until the first success of Authenticator.Verify
}

// Value returns the bytes of the token.
func (t *Token) Value() []byte { return bytes.Clone(t.value) }

// BeginUsing starts the life of the token for a verified user, who is present as well if the issuing command saw to that (CTAP
// 2.3 §6.5.2.1, beginUsingPinUvAuthToken).
func (t *Token) BeginUsing(now time.Time, userIsPresent bool) {
	t.userPresent, t.userVerified = userIsPresent, true
	t.inUse, t.used, t.began = true, false, now
}

// ObserveUsageTimer ends what has lasted too long (CTAP 2.3 §6.5.2.1, pinUvAuthTokenUsageTimerObserver). Nothing waits by
// itself here: it is called before each look at the token.
func (t *Token) ObserveUsageTimer(now time.Time) {
	if !t.inUse {
		return
	}
	age := now.Sub(t.began)
	if age > UserPresentLimit {
		t.ClearUserPresentFlag()
	}
	if !t.used && age > InitialUsageLimit || age > MaxUsagePeriod {
		t.StopUsing()
	}
}

// InUse reports whether the token may be used.
func (t *Token) InUse() bool { return t.inUse }

// UserPresentFlag is getUserPresentFlagValue (CTAP 2.3 §6.5.2.1).
func (t *Token) UserPresentFlag() bool { return t.inUse && t.userPresent }

// UserVerifiedFlag is getUserVerifiedFlagValue (CTAP 2.3 §6.5.2.1).
func (t *Token) UserVerifiedFlag() bool { return t.inUse && t.userVerified }

// ClearUserPresentFlag is clearUserPresentFlag (CTAP 2.3 §6.5.2.1).
func (t *Token) ClearUserPresentFlag() {
	if t.inUse {
		t.userPresent = false
	}
}

// ClearUserVerifiedFlag is clearUserVerifiedFlag (CTAP 2.3 §6.5.2.1).
func (t *Token) ClearUserVerifiedFlag() {
	if t.inUse {
		t.userVerified = false
	}
}

// ClearPermissionsExceptLBW is clearPinUvAuthTokenPermissionsExceptLbw (CTAP 2.3 §6.5.2.1): one gesture of the user serves
// one ceremony.
func (t *Token) ClearPermissionsExceptLBW() {
	if t.inUse {
		t.permissions &= LBW
	}
}

// StopUsing ends the life of the token and sets its state back, except its value (CTAP 2.3 §6.5.2.1,
// stopUsingPinUvAuthToken).
func (t *Token) StopUsing() { *t = Token{value: t.value} }

// Grant gives the token permissions, and binds it to an RP ID unless that is empty (CTAP 2.3 §6.5.5.7.2, last steps).
func (t *Token) Grant(permissions Permissions, rpID string) {
	t.permissions, t.rpID = permissions, rpID
}

// Has reports whether the token has all of these permissions.
func (t *Token) Has(permissions Permissions) bool {
	return t.inUse && t.permissions&permissions == permissions
}

// RPID returns the RP ID that the token is bound to; empty when it is bound to none.
func (t *Token) RPID() string { return t.rpID }

// Bind binds the token to an RP ID (CTAP 2.3 §6.1.2 and §6.2.2: a token that has no permissions RP ID gets the one of its
// first ceremony).
func (t *Token) Bind(rpID string) { t.rpID = rpID }
