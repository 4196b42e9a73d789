package rp

import (
	"context"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/passkeylab/passkeylab/rp/attest"
	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/rp/store"
)

// RelyingParty is the whole of it; its methods may be called from many goroutines.
type RelyingParty struct {
	origin, rpID  string
	origins       []string // its own and the related ones
	algorithms    []webauthncose.COSEAlgorithmIdentifier
	expected      expectedOrigins
	organisation  string
	app           string
	timers        Timers
	store         *store.Store
	clock         *guard
	shared        clockRow
	rand          *lockedReader
	log           *slog.Logger
	hashing       *argon2id.Params
	providers     *providers
	webauthn      *webauthn.WebAuthn
	apps          *webauthn.WebAuthn // verifies what the apps make; nil without an app
	attestation   attest.Verifier
	metadata      Metadata
	limits        Limits
	adminToken    string
	passwordWords []string
	sealer        cipher.AEAD // nil without a key
	limiter       limiter
	policy        atomic.Pointer[policyInForce]
	changing      sync.Mutex // one administrator's change at a time
	decoyOnce     sync.Once
	decoyHash     string
	decoyKey      []byte
}

// policyInForce is the policy with its fingerprint: a run remembers the fingerprint it was started under.
type policyInForce struct {
	policy.Policy
	digest string
}

// New checks the configuration and returns a relying party. Every mistake is reported, not only the first.
func New(cfg Config) (*RelyingParty, error) {
	origin, rpID, err := parseOrigin(cfg.Origin)
	origins, related := allOrigins(origin, cfg.RelatedOrigins)
	algorithms, unknown := algorithmsOf(cfg.Algorithms)
	errs := []error{err, related, unknown, cfg.Timers.validate(), cfg.Policy.Validate()}
	need := func(missing bool, what string) {
		if missing {
			errs = append(errs, fmt.Errorf("rp: Config.%s is missing", what))
		}
	}
	need(cfg.Organisation == "", "Organisation (the name people see)")
	need(cfg.App == "", "App (the approved phone app's name)")
	if n := len(cfg.AdminToken); n > 0 && n < minAdminToken {
		errs = append(errs, fmt.Errorf("rp: Config.AdminToken has %d characters; use at least %d that nobody can guess", n, minAdminToken))
	}
	need(cfg.Store == nil, "Store (an open store.Store)")
	need(cfg.Clock == nil, "Clock")
	need(cfg.Rand == nil, "Rand (a source of unpredictable bytes)")
	sealer, err := newSealer(cfg.SecretKey)
	errs = append(errs, err)
	names, err := loadProviders(cfg.Providers, cfg.App)
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	lib, err := newWebAuthn(origins, rpID, cfg.Organisation)
	if err != nil {
		return nil, fmt.Errorf("rp: new: %w", err)
	}
	apps, err := newAppWebAuthn(cfg.Apps, rpID, cfg.Organisation)
	if err != nil {
		return nil, fmt.Errorf("rp: new: Config.Apps: %w", err)
	}
	rp := &RelyingParty{
		origin: origin, rpID: rpID, origins: origins, expected: expectedOrigins{origin, cfg.Origins.and(origins[1:])}, algorithms: algorithms, organisation: cfg.Organisation, app: cfg.App,
		timers: cfg.Timers.withDefaults(), store: cfg.Store, clock: &guard{clock: cfg.Clock},
		rand: &lockedReader{r: cfg.Rand}, log: cfg.Log, hashing: cfg.Hashing,
		providers: names, webauthn: lib, apps: apps, metadata: cfg.Metadata, limits: cfg.Limits.withDefaults(), adminToken: cfg.AdminToken, decoyKey: cfg.DecoyKey,
		passwordWords: cfg.PasswordWords, sealer: sealer,
	}
	if rp.log == nil {
		rp.log = slog.New(slog.DiscardHandler)
	}
	if rp.hashing == nil {
		rp.hashing = argon2id.DefaultParams
	}
	rp.attestation = attest.Verifier{Roots: cfg.AttestationRoots, Now: rp.Now}
	rp.setPolicy(cfg.Policy)
	return rp, nil
}

// newWebAuthn configures the verifier. Its own time limits stay off, because expiry is ours by our clock;
// unsolicited extension outputs are ignored, which WebAuthn L3 §7.1 step 20 leaves to the relying party.
func newWebAuthn(origins []string, rpID, name string) (*webauthn.WebAuthn, error) {
	return webauthn.New(&webauthn.Config{
		RPID: rpID, RPDisplayName: name, RPOrigins: origins,
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
}

// Origin returns the one web origin served.
func (rp *RelyingParty) Origin() string { return rp.origin }

// Origins returns all web origins whose ceremonies are accepted: its own, and the related ones.
func (rp *RelyingParty) Origins() []string { return slices.Clone(rp.origins) }

// RPID returns the RP ID, the host of the origin.
func (rp *RelyingParty) RPID() string { return rp.rpID }

// Organisation returns the organisation's name.
func (rp *RelyingParty) Organisation() string { return rp.organisation }

// App returns the approved app's name.
func (rp *RelyingParty) App() string { return rp.app }

// Timers returns the time limits in force.
func (rp *RelyingParty) Timers() Timers { return rp.timers }

// Now returns the relying party's time, which never goes back and never stands still; processes that share a store share
// it.
func (rp *RelyingParty) Now() time.Time { return rp.clock.now() }

// Policy returns the policy in force.
func (rp *RelyingParty) Policy() policy.Policy { return rp.policy.Load().Policy }

// SetPolicy replaces the policy at once; ceremonies under way are judged by the new one. A policy that does not
// validate changes nothing.
func (rp *RelyingParty) SetPolicy(ctx context.Context, p policy.Policy) error {
	return rp.changePolicy(ctx, actorSystem, p)
}

// ChangePolicy is SetPolicy by an administrator. digest is the policy it was made from (PolicyDigest): when another one
// is in force by now, nothing changes and it is ErrConflict. An empty digest replaces whatever is in force.
func (rp *RelyingParty) ChangePolicy(ctx context.Context, digest string, p policy.Policy) error {
	rp.changing.Lock()
	defer rp.changing.Unlock()
	if digest != "" && digest != rp.PolicyDigest() {
		return ErrConflict
	}
	return rp.changePolicy(ctx, ActorAdmin, p)
}

// PolicyDigest names the policy in force: two policies that say the same have the same digest.
func (rp *RelyingParty) PolicyDigest() string { return rp.policy.Load().digest }

func (rp *RelyingParty) changePolicy(ctx context.Context, actor string, p policy.Policy) error {
	if err := p.Validate(); err != nil {
		return fmt.Errorf("rp: set policy: %w", err)
	}
	rp.setPolicy(p)
	digest := rp.policy.Load().digest
	rp.log.InfoContext(ctx, "policy changed", "digest", digest)
	return rp.write(ctx, "set policy", func(tx *store.Tx) error {
		return rp.audit(ctx, tx, AuditEvent{Actor: actor, Action: ActionPolicyChanged, Target: digest})
	})
}

func (rp *RelyingParty) setPolicy(p policy.Policy) {
	encoded, err := json.Marshal(p)
	if err != nil { // a Policy is plain data: this cannot happen
		panic(err)
	}
	sum := sha256.Sum256(encoded)
	rp.policy.Store(&policyInForce{Policy: p, digest: hex.EncodeToString(sum[:8])})
}

// Ready reports whether the store answers.
func (rp *RelyingParty) Ready(ctx context.Context) error {
	return rp.read(ctx, "ready", func(q store.Querier) error {
		var one int
		return q.QueryRow("SELECT 1").Scan(&one)
	})
}

// Sweep removes what is past its time: strays older than Timers.StrayMemory, sessions and ceremonies long
// over, old locks. Call it now and then; nothing relies on it for correctness.
func (rp *RelyingParty) Sweep(ctx context.Context) error {
	now := rp.Now()
	return rp.write(ctx, "sweep", func(tx *store.Tx) error {
		for _, old := range []struct {
			statement string
			before    time.Time
		}{
			{"DELETE FROM refused_tries WHERE at < ?", now.Add(-rp.timers.StrayMemory)},
			{"DELETE FROM http_sessions WHERE expiry < ?", now},
			{"DELETE FROM sessions WHERE expires_at < ?", now.Add(-rp.timers.RunResume)},
			{"DELETE FROM ceremonies WHERE expires_at < ?", now.Add(-rp.timers.StrayMemory)},
			{"DELETE FROM locks WHERE locked_until < ?1 AND changed_at < ?1", now.Add(-24 * time.Hour)},
		} {
			if _, err := tx.Exec(old.statement, store.Nanos(old.before)); err != nil {
				return err
			}
		}
		return nil
	})
}

// write and read put the operation's name on faults and leave the typed "no"s as they are.
func (rp *RelyingParty) write(ctx context.Context, op string, f func(tx *store.Tx) error) error {
	return opError(op, rp.store.Write(ctx, func(tx *store.Tx) error {
		if err := rp.catchUpWriting(tx); err != nil {
			return err
		}
		if err := f(tx); err != nil {
			return err
		}
		return rp.tick(tx)
	}))
}

func (rp *RelyingParty) read(ctx context.Context, op string, f func(q store.Querier) error) error {
	return opError(op, rp.store.Read(ctx, func(q store.Querier) error {
		if err := rp.catchUp(q); err != nil {
			return err
		}
		return f(q)
	}))
}

func opError(op string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrNotFound), errors.Is(err, ErrNotFound):
		return ErrNotFound
	}
	return fmt.Errorf("rp: %s: %w", op, err)
}

// lockedReader lets goroutines share a source of randomness that may not be safe for that.
type lockedReader struct {
	mu sync.Mutex
	r  io.Reader
}

// Read implements io.Reader.
func (l *lockedReader) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return io.ReadFull(l.r, p)
}

// bytes returns n unpredictable bytes.
func (l *lockedReader) bytes(n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := l.Read(b); err != nil {
		return nil, fmt.Errorf("rp: randomness: %w", err)
	}
	return b, nil
}

// id returns a fresh unguessable id of 128 bits, fit for a URL.
func (l *lockedReader) id() (string, error) {
	b, err := l.bytes(16)
	return base64.RawURLEncoding.EncodeToString(b), err
}

type requestIDKey struct{}

// WithRequestID returns a context whose audit events carry the support code that the page shows.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestID returns the support code in ctx, "" if there is none.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}
