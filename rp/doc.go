// Package rp is the relying party: accounts, sessions, sign-in, WebAuthn ceremonies, the wizard that adds a
// passkey, and the Security info page's data. It knows nothing of HTTP: package web is one face of it, and a
// test that calls its methods is another. The world is passed in: a clock, randomness, a store, a policy, a log.
//
// # How it is put together
//
// Every method takes the session id first and judges the session anew; nothing is cached between calls but the
// policy. A "no" is a *Refusal: its Code decides the screen (Code.Screen) and the HTTP status (Code.Status).
// Bad form input is *FieldError, what does not exist or is not yours is ErrNotFound, anything else is a fault
// of ours (503). Everything that belongs together is written in one transaction, and a method returns only when
// that is on disk: what a page was told is there after a crash.
//
// # A run through the wizard
//
//	Choices → StartRun → Step(next …) → BeginRegistration (S7/K2 → S8)
//	→ FinishRegistration (S9 → S10, or a Refusal) or ReportClientError (→ E1, E3, E7…E9, S7)
//	→ NameRun or Step(next) (S10 → S11) → Step(next) (→ S0)
//
// Run.Screen is the truth about where the person is. Visit opens a screen by its address: one ahead of
// Run.Furthest, or one that no longer makes sense, is answered with a run whose Screen is another, and the page
// redirects there. Screen S0 means Security info, S1 the Choose-a-method page. When the proof is stale, the
// run's Screen becomes S2a (S2 at the start) and Run.After says where it returns to; ProveRun moves it on.
//
// # The phone app
//
// With Config.Apps the organisation's app signs people in and makes passkeys by itself (flow E): SignInApp gives it a token, and
// BeginInApp and FinishInApp are a ceremony without page or run, under the same policy, proof and limits. DeletedInApp takes
// its report of what was deleted there. What an app signs carries the app's own origin, which counts nowhere else, and
// the site's origin does not count there. The wizard of flow E (S3, V1, V2, S11) only looks: LookInApp.
//
// # When the answer to verify is lost
//
// The page reports "network" (→ E9) and asks Outcome. Pending means that verify has not been seen; a third
// look uses SettleOutcome, which closes the challenge so that the answer is final: stored (→ S10), refused, or
// saved_not_registered (→ E12). No signal is ever sent before that.
//
// After any Refusal inside a run, Run tells where the person is now: S2a for a stale proof, an E screen, or S7.
//
// # Attestation
//
// A statement that comes must verify, whatever was asked for (package attest): what does not is CodeAttestationInvalid. With
// Config.AttestationRoots it must also lead to a root of its format, and the passkey is then Attested. No statement, and self
// attestation, are accepted and prove no model.
//
// # Texts
//
// Package rp hands out codes and keys; words are the face's. Refusal.Steps and Provider.Steps are message keys of
// providers.yaml ("remove.google.open"), Refusal.Hints are the Hint constants, FieldError.Problem the Problem
// constants. Names of providers and passkeys are data and never translated.
//
// # Time
//
// All limits are judged by Config.Clock through a guard that never goes back: a clock set back extends nothing.
// A limit is exclusive: at exactly its end a proof is stale and a challenge expired. A challenge lives for
// Timeout plus ChallengeGrace, but never beyond the proof it was issued under by more than Proof plus Timeout,
// which bounds the age of the proof at the moment a passkey is stored (10 minutes by default).
//
// One-time codes use the raw clock. The code of the present step of 30 seconds is accepted, once, and no other: FreshCode
// returns it, or says when the next one begins.
//
// # Passwords
//
// A password has 8 characters or more, of whatever kind. It is refused when it is one of the ten thousand most frequent ones
// (package passwords), or made of the words of PasswordWords or the account's own names. ChangePassword takes the one so far
// besides a fresh proof, and guessing it in a session locks only that. The secrets of one-time codes are encrypted in the store
// where Config.SecretKey is set.
package rp
