package rp

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/alexedwards/argon2id"

	"github.com/passkeylab/passkeylab/rp/attest"
	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/rp/store"
)

// Clock tells the time. The relying party asks nothing else about it, so that a journey can move proof,
// challenges, locks and one-time codes along without waiting.
type Clock interface{ Now() time.Time }

// Config is everything the relying party needs from the world.
type Config struct {
	// Origin is the one web origin it serves, "https://login.example" or "http://ada.localhost:8080". Its host
	// is the RP ID.
	Origin string
	// RelatedOrigins are others that may use its passkeys, "https://larkspur.example" (WebAuthn L3 §5.11): they are accepted in
	// client data, and browsers are told of them.
	RelatedOrigins []string
	// Algorithms are the COSE algorithm numbers that creation options offer, preferred first; nil means ES256, EdDSA, and RS256
	// for Windows Hello.
	Algorithms []int64
	// Origins are what else is expected in client data; the zero value is nothing.
	Origins Origins
	// Organisation is the name people see ({{org}}); App is the approved phone app ({{app}}).
	Organisation, App string

	// Policy is the policy at the start; SetPolicy changes it. The zero value is the open policy.
	Policy policy.Policy
	// AttestationRoots are the trust anchors of attestation statements. The zero value names none: a statement must
	// still verify, but only apple, android-key and android-safetynet must lead to a root, that of their maker.
	// With roots for its format, a statement that leads to none of them is CodeAttestationInvalid, and the passkey
	// of one that does is marked Attested.
	AttestationRoots attest.Roots
	// Metadata tells what is known of authenticator models; nil knows none. Under a policy that enforces attestation a
	// passkey's statement must lead to the roots of its model, or, for a model that is not known, to AttestationRoots.
	Metadata Metadata
	// Apps are the organisation's own apps, which make passkeys by the app's API; the zero value has none.
	Apps Apps
	// AdminToken is the administrator's credential, at least 16 characters; "" means that there is no administrator.
	AdminToken string
	// DecoyKey is a secret from which direct ceremonies derive passkeys for user names that nobody has, so that nobody learns which
	// exist; nil refuses such names. It must stay the same from start to start.
	DecoyKey []byte
	// SecretKey encrypts the secrets of one-time codes in the store: SecretKeyLength bytes from outside of it, best from the
	// keeper of the organisation's secrets. nil keeps them as they are. See SealSecrets for those from before there was a key.
	SecretKey []byte
	// PasswordWords are further words that no password may be made of: products, places, what the organisation is called
	// besides. Its name and the app's are known already.
	PasswordWords []string
	// Limits bound how many failing responses are taken; the zero value has the defaults.
	Limits Limits
	// Timers are the time limits; every zero one gets its default.
	Timers Timers
	// Store is the open database. The relying party does not close it.
	Store *store.Store
	// Clock and Rand are the time and the source of unpredictable bytes.
	Clock Clock
	Rand  io.Reader
	// Log gets structured records without secrets; nil discards them.
	Log *slog.Logger
	// Hashing are the password hash's parameters; nil means argon2id.DefaultParams. Tests pass cheap ones.
	Hashing *argon2id.Params
	// Providers is the YAML data file of provider names and removal steps; nil means the embedded one. Empty
	// data means that no provider has a name.
	Providers []byte
}

// Timers are all time limits, in one place. Zero fields get the default in the comment. Those marked "page" are
// for scripts: the server hands them out and does not measure them itself.
type Timers struct {
	// Proof is how fresh a proof must be to add, change or delete a passkey: 5 minutes.
	Proof time.Duration
	// Manage is how fresh it must be to open security info's sensitive parts: 10 minutes.
	Manage time.Duration
	// Timeout is the WebAuthn timeout hint of both ceremonies: 5 minutes. WebAuthn L3 §5.4 recommends 5 to 10.
	Timeout time.Duration
	// ChallengeGrace is how much longer than Timeout a challenge lives: 60 seconds.
	ChallengeGrace time.Duration
	// PageGrace (page) is how long after Timeout the page's own timer gives up: 5 seconds.
	PageGrace time.Duration
	// ProvePage (page) is how long the proof page stays useful: 5 minutes.
	ProvePage time.Duration
	// CheckOutcome (page) is how long the Checking screen waits for verify before it asks what happened: 10 s.
	CheckOutcome time.Duration
	// StillWaiting (page) is when the Waiting screen shows its checklist: 30 seconds.
	StillWaiting time.Duration
	// ProofWarning (page) is how long before the proof's end the page offers to extend it: 60 seconds.
	ProofWarning time.Duration
	// AppPoll (page) is how often the wizard looks for a passkey that the app makes, AppWait for how long: 2 seconds, 60
	// seconds.
	AppPoll, AppWait time.Duration
	// RunResume is how old a run may be to be resumed after a new sign-in: 30 minutes.
	RunResume time.Duration
	// SessionLife and SessionIdle end a session: 12 hours after sign-in, 1 hour after the last request.
	SessionLife, SessionIdle time.Duration
	// PassUse is how long after its use a one-time bootstrap pass counts as a proof, and the passkey must be
	// stored: 10 minutes.
	PassUse time.Duration
	// Lock is how long an account is locked after MaxTries wrong codes or passwords: 5 minutes.
	Lock time.Duration
	// StrayMemory is how long a refused passkey is recognised at sign-in: 30 days.
	StrayMemory time.Duration
}

// MaxTries is how many wrong one-time codes, or wrong passwords, in a row lock the account.
const MaxTries = 5

// withDefaults fills the zero fields.
func (t Timers) withDefaults() Timers {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&t.Proof, 5 * time.Minute}, {&t.Manage, 10 * time.Minute},
		{&t.Timeout, 300_000 * time.Millisecond}, {&t.ChallengeGrace, 60 * time.Second},
		{&t.PageGrace, 5 * time.Second}, {&t.ProvePage, 5 * time.Minute},
		{&t.CheckOutcome, 10 * time.Second}, {&t.StillWaiting, 30 * time.Second},
		{&t.ProofWarning, 60 * time.Second}, {&t.RunResume, 30 * time.Minute},
		{&t.AppPoll, 2 * time.Second}, {&t.AppWait, 60 * time.Second},
		{&t.SessionLife, 12 * time.Hour}, {&t.SessionIdle, time.Hour},
		{&t.PassUse, 10 * time.Minute}, {&t.Lock, 5 * time.Minute}, {&t.StrayMemory, 30 * 24 * time.Hour},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	return t
}

// ChallengeLife is how long a challenge may be used at most.
func (t Timers) ChallengeLife() time.Duration { return t.Timeout + t.ChallengeGrace }

// validate reports negative timers by name.
func (t Timers) validate() error {
	var errs []error
	for name, d := range map[string]time.Duration{
		"Proof": t.Proof, "Manage": t.Manage, "Timeout": t.Timeout, "ChallengeGrace": t.ChallengeGrace,
		"PageGrace": t.PageGrace, "ProvePage": t.ProvePage, "CheckOutcome": t.CheckOutcome,
		"StillWaiting": t.StillWaiting, "ProofWarning": t.ProofWarning, "RunResume": t.RunResume, "AppPoll": t.AppPoll, "AppWait": t.AppWait,
		"SessionLife": t.SessionLife, "SessionIdle": t.SessionIdle, "PassUse": t.PassUse, "Lock": t.Lock, "StrayMemory": t.StrayMemory,
	} {
		if d < 0 {
			errs = append(errs, fmt.Errorf("rp: Timers.%s is %s; it must not be negative", name, d))
		}
	}
	return errors.Join(errs...)
}

// allOrigins are the origins whose client data is accepted, its own first.
func allOrigins(own string, related []string) ([]string, error) {
	all := []string{own}
	for _, raw := range related {
		origin, _, err := parseOrigin(raw)
		if err != nil {
			return nil, fmt.Errorf("rp: Config.RelatedOrigins: %w", err)
		}
		all = append(all, origin)
	}
	return all, nil
}

// parseOrigin checks the origin and returns it in serialised form together with the RP ID, its host.
// WebAuthn L3 §5.4.2: an RP ID is a valid domain string, so an IP address cannot have passkeys.
func parseOrigin(raw string) (origin, rpID string, err error) {
	u, err := url.Parse(raw)
	switch {
	case raw == "":
		return "", "", errors.New(`rp: Config.Origin is empty; set it to the site's web origin, for example "http://localhost:8080"`)
	case err != nil:
		return "", "", fmt.Errorf("rp: Config.Origin: %w", err)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return "", "", fmt.Errorf(`rp: Config.Origin is %q; it must look like "https://host" or "http://host:port"`, raw)
	case strings.TrimSuffix(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return "", "", fmt.Errorf("rp: Config.Origin is %q; an origin has no path, query, fragment or user", raw)
	}
	host := u.Hostname()
	if net.ParseIP(host) != nil {
		return "", "", fmt.Errorf("rp: Config.Origin is %q; browsers make no passkeys for an IP address, use a name such as localhost", raw)
	}
	if u.Scheme == "http" && host != "localhost" && !strings.HasSuffix(host, ".localhost") {
		return "", "", fmt.Errorf("rp: Config.Origin is %q; browsers make passkeys over plain http only on localhost, use https", raw)
	}
	return u.Scheme + "://" + u.Host, host, nil
}
