package virtualauth

import (
	"context"
	"io"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// World is everything that an authenticator needs from outside. Clock and Rand are required: Exchange fails with a
// *WorldError without them, because this package has neither time nor randomness of its own.
type World struct {
	// User is the person; nil means Agreeable.
	User User
	// Keys is where private keys live; nil means a software store of its own that draws on Rand.
	Keys keystore.KeyStore
	// Fallback is where keys for algorithms live that Keys does not support, on models with SoftwareFallback; nil means a
	// software store in memory that draws on Rand. With Store it must be given, and its keys must outlive the process, as
	// those of keystore.NewSealed do.
	Fallback keystore.KeyStore
	// Store is where credentials survive a restart; nil means that they do not. Open loads it.
	Store Store
	// Clock tells the time.
	Clock Clock
	// Authority issues the certificates that attestation needs. Nil, formats and enterprise attestations that need one fail
	// with attestation.ErrNoAuthority; as format tpm fails with attestation.ErrNoTPM unless Keys is a keystore.Certifier.
	Authority *attestation.Authority
	// Serial is the serial number of this one device, told by enterprise attestation (WebAuthn L3 §8.2.2); empty means "1".
	Serial string
	// U2F attests registrations by U2F; nil leaves it to Authority, and without one every credential attests to itself.
	U2F *U2FAttestation
	// Rand is where credential ids, and the keys of the default store, come from. It is read under a lock.
	Rand io.Reader
}

// Clock tells the time. Nothing here ever waits by itself: time limits are judged when the next request comes.
type Clock interface{ Now() time.Time }

// WorldError says that a World lacks something.
type WorldError struct {
	// Missing is the name of the field.
	Missing string
}

// Error names the field to set.
func (e *WorldError) Error() string { return "virtualauth: set World." + e.Missing + ": it is nil" }

func (w World) check() error {
	if w.Clock == nil {
		return &WorldError{Missing: "Clock"}
	}
	if w.Rand == nil {
		return &WorldError{Missing: "Rand"}
	}
	return nil
}

// User is the person in front of an authenticator. Consent is called once for each decision and may take as long as a
// person takes; it must return when ctx ends. An error is a failure of the surroundings, not a decision: it ends the
// exchange without a response. The authenticator holds no lock meanwhile, so Consent may look at it through any of
// its methods but Exchange, U2F and Handover, which wait for their turn.
type User interface {
	Consent(ctx context.Context, prompt Prompt) (Consent, error)
}

// Reason is why the person is asked.
type Reason string

// The reasons.
const (
	// ToCreate: make a credential for Prompt.Accounts[0]?
	ToCreate Reason = "create a passkey"
	// ToShowExcluded: a credential of the exclude list is here. With consent the RP learns so (WebAuthn L3 §6.3.2 step 3).
	ToShowExcluded Reason = "tell that a passkey exists already"
	// ToExplainDuplicate: Model.DuplicateUser is Refuse and the account has a credential. Whatever she says, none is made.
	ToExplainDuplicate Reason = "explain that the account has a passkey here"
	// ToSignIn: use a credential? With several accounts she chooses one.
	ToSignIn Reason = "sign in"
	// ToExplainNone: there is nothing to sign in with. Whatever she says, the answer is NO_CREDENTIALS.
	ToExplainNone Reason = "explain that there is no passkey here"
	// ToReset: forget everything?
	ToReset Reason = "reset"
	// ToSelect: is it this authenticator that she wants to use (CTAP 2.3 §6.9)?
	ToSelect Reason = "select this authenticator"
	// ToAuthorize: may the platform have a token by her built-in verification (CTAP 2.3 §6.5.5.7.3)?
	ToAuthorize Reason = "authorize the platform"
	// ToEnrol: put a finger on the sensor (CTAP 2.3 §6.7.4)? Consent.Finger and Consent.Sample say which one, and how well.
	ToEnrol Reason = "put a finger on the sensor"
)

// Prompt is one question to the person.
type Prompt struct {
	Reason Reason
	// RPID and RPName are the relying party as the request named it; RPName may be empty, and for U2F, which names nobody,
	// both.
	RPID, RPName string
	// Accounts are the accounts in question: the one to create, or those that can sign in, newest first.
	Accounts []Account
	// Verify asks her to verify herself, not only to be present.
	Verify bool
	// LongTouch asks her to touch it for ten seconds, as some models do before a reset (CTAP 2.3 §6.6).
	LongTouch bool
	// Timeout is how long she has; zero means as long as she takes.
	Timeout time.Duration
}

// Account is what a person may read about an account.
type Account struct {
	UserName, DisplayName string
	// CredentialID is empty while the credential does not exist yet.
	CredentialID []byte
}

// Consent is her answer. The zero Consent is somebody who does not touch the authenticator: a refusal.
type Consent struct {
	// Present says that she agreed by a gesture.
	Present bool
	// Verified says that she proved who she is. It counts only when Prompt.Verify asked for it.
	Verified bool
	// Refused says that she declined; it wins over Present.
	Refused bool
	// Late says that she let the time pass; it wins over everything else.
	Late bool
	// LongTouch says that her touch was a long one. It counts only when Prompt.LongTouch asked for it.
	LongTouch bool
	// Account is the index of the account she chose in Prompt.Accounts.
	Account int
	// Finger is the name of the finger that she used, such as "left thumb", on models with a fingerprint sensor. Empty means
	// that she does not say; it then counts as the right one.
	Finger string
	// Sample is how well the finger could be read. It counts only for ToEnrol; the zero value is good.
	Sample ctap2.SampleStatus
}

// Agreeable is a User who agrees to everything at once, verifies and touches for long when asked, and takes the first account.
type Agreeable struct{}

// Consent agrees.
func (Agreeable) Consent(_ context.Context, p Prompt) (Consent, error) {
	return Consent{Present: true, Verified: p.Verify, LongTouch: p.LongTouch}, nil
}

// UserFunc makes a function a User.
type UserFunc func(ctx context.Context, prompt Prompt) (Consent, error)

// Consent calls the function.
func (f UserFunc) Consent(ctx context.Context, p Prompt) (Consent, error) { return f(ctx, p) }

// judge turns an answer into a status: OK, KEEPALIVE_CANCEL, USER_ACTION_TIMEOUT, OPERATION_DENIED, or UV_INVALID for a user
// who agreed and could not prove who she is.
func judge(ctx context.Context, p Prompt, c Consent) ctap2.Status {
	switch {
	case ctx.Err() != nil:
		return ctap2.KeepAliveCancel
	case c.Late:
		return ctap2.UserActionTimeout
	case c.Refused, !c.Present:
		return ctap2.OperationDenied
	case p.Verify && !c.Verified:
		return ctap2.UVInvalid
	}
	return ctap2.OK
}
