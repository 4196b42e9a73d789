// Package client is the one WebAuthn client of this module: what stands between a relying party and an authenticator when no
// browser does, and behind the browser's extension bridge. JSON options in (WebAuthn L3 §5.1.8), JSON response out (§5.5), with
// an authenticator spoken to over ctap2.Transport.
//
// A Client judges as a browser must: RP ID against origin, algorithms, exclude and allow lists, user verification,
// discoverable credentials, attachment, attestation conveyance. What the page may not know is collapsed as a browser does:
// an excluded credential is InvalidStateError, everything else that an authenticator refuses is NotAllowedError. The true
// reason stays in DOMError.Cause, for logs and tests.
//
// A Client is honest unless its [Misbehaviour] names a lie; each lie is told at the one line where honesty would act.
//
// First slice: the only extension it knows is credProps, it does no PIN/UV auth protocol (an authenticator must verify the
// user by itself), it follows no related origins, and mediation is the caller's business.
package client
