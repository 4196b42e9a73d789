// Package attest verifies attestation statements (WebAuthn L3 §7.1 steps 21 to 24) against trust anchors that its caller
// names, one set for each format and for each [Verifier]: nothing is registered globally, so that several relying parties
// in one process trust different roots.
//
// Two kinds of formats:
//
//   - packed, tpm and fido-u2f are verified by go-webauthn; this package then judges the trust path against the roots.
//   - apple, android-key and android-safetynet are verified here, step by step, when roots are named for them, because
//     go-webauthn fixes theirs. Without roots go-webauthn verifies them against the makers' own.
//
// A compound statement verifies when each of its parts does.
//
// # Where this package and go-webauthn v0.18.2 decide differently
//
//   - Expired certificates of apple and android-key are refused here; go-webauthn overlooks that they have expired.
//   - Time is the caller's clock here; go-webauthn reads the machine's, also for packed, tpm and fido-u2f.
//   - The nonce extension of apple and the key description of android-key must end where their DER ends; go-webauthn
//     overlooks bytes behind them.
//   - certInfo of tpm must end where its structure ends; go-webauthn overlooks bytes behind it.
//   - Unknown tags in an authorization list of android-key are skipped; go-webauthn refuses those before a field it needs.
//   - For compound, go-webauthn refuses a part whose roots it does not have; here its roots are those of the part's format.
package attest
