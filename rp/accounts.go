package rp

import (
	"time"

	"github.com/passkeylab/passkeylab/rp/policy"
)

// User is one account.
type User struct {
	// ID is our own key of the account; Handle is the 32 random bytes of WebAuthn's user.id, which say nothing
	// about the person (WebAuthn L3 §14.6.1).
	ID     string
	Handle []byte
	// UserName is what is typed at sign-in, unique without regard to case; DisplayName is shown.
	UserName, DisplayName string
	// Language is the BCP 47 tag of the language that the person chose, "" while nothing was chosen.
	Language  string
	CreatedAt time.Time
	// HasPassword and HasCode say which other ways to sign in exist.
	HasPassword, HasCode bool
	// Groups are the groups that the policy speaks of; Guest marks somebody whose home is another organisation.
	Groups []string
	Guest  bool
	// Demo marks the seeded accounts, whose passwords are public.
	Demo bool
}

// subject is the person as the policy sees them.
func (u *User) subject() policy.Subject {
	return policy.Subject{UserName: u.UserName, Groups: u.Groups, Guest: u.Guest}
}

// Registration is what a new account is made of.
type Registration struct {
	UserName, DisplayName, Password string
	// TOTPSecret is the base32 secret of the one-time codes; "" makes a fresh one.
	TOTPSecret string
}

// Enrolment is a new account and the secret of its one-time codes, shown this once.
type Enrolment struct {
	User *User
	// TOTPSecret is base32 without padding; TOTPURL is the otpauth URL for a QR code.
	TOTPSecret, TOTPURL string
}

// DemoAccount is a seeded account whose secrets are public on purpose.
type DemoAccount struct {
	UserName, DisplayName, Password, TOTPSecret string
}

// PasswordSignIn is one attempt with user name, password and one-time code.
type PasswordSignIn struct {
	UserName, Password, Code string
	Client                   Client

	sessionID string // of the session to make, "" for a new one
}

// Client is the little that is kept about a browser.
type Client struct {
	// Family is the browser's name, such as "Chromium"; IPPrefix is the network part of its address.
	Family, IPPrefix string
}

// Method is one way of signing in or proving presence.
type Method string

// The methods. MethodPassword alone is never enough for a session.
const (
	MethodPassword Method = "password"
	MethodCode     Method = "one-time-code"
	MethodPasskey  Method = "passkey"
	// MethodPass is a bootstrap pass that may be used again, MethodPassOnce one that may not.
	MethodPass     Method = "temporary-access-pass"
	MethodPassOnce Method = "temporary-access-pass-once"
)
