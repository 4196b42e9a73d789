// Package client is the one WebAuthn client of this module: what stands between a relying party and an authenticator when no
// browser does, and behind the browser's extension bridge. JSON options in (WebAuthn L3 §5.1.8, §5.1.9), JSON response out (§5.1, toJSON), with
// an authenticator spoken to over ctap2.Transport.
//
// A Client judges as a browser must: RP ID against origin, algorithms, exclude and allow lists, user verification,
// discoverable credentials, attachment, attestation conveyance. What the page may not know is collapsed as a browser does:
// an excluded credential is InvalidStateError, everything else that an authenticator refuses is NotAllowedError. The true
// reason stays in DOMError.Cause, for logs and tests.
//
// A Client is honest unless its [Misbehaviour] names a lie; each lie is told at the one line where honesty would act.
//
// # Verifying the user
//
// Where a ceremony verifies the user, the client takes the best way that the authenticator offers now (CTAP 2.3 §6.5.3): a token
// by built-in verification, the option "uv", a token by PIN with permissions and RP ID, or the token of CTAP 2.0. When a finger
// is not recognised it falls back on the PIN, which [Client.PIN] asks for with the number of retries left. It never sets a PIN
// by itself: [Client.SetPIN] and [Client.ChangePIN] do, and a PIN that must be changed first is [ErrPINChangeRequired].
//
// # Extensions
//
//	credProps                   WebAuthn L3 §10.1.3
//	appid, appidExclude         §10.1.1, §10.1.2, by silent questions to the authenticator
//	prf                         §10.1.4, on hmac-secret and, at creation, hmac-secret-mc; always for a verified user
//	largeBlob                   §10.1.5, on largeBlobKey and the large-blob array, or on the extension largeBlob
//	credentialProtectionPolicy  CTAP 2.3 §12.1, with enforceCredentialProtectionPolicy
//	credBlob, getCredBlob       §12.2
//	minPinLength, pinComplexityPolicy, payment (as thirdPartyPayment)
//	hmacCreateSecret, hmacGetSecret  §12.7, §12.8
//
// Exclude and allow lists that are too long for the authenticator, in entries or in bytes, are asked about silently, piece by
// piece.
//
// # U2F keys
//
// A device that answers getInfo with INVALID_COMMAND, and carries U2F commands (ctap1.Device), is used as a U2F key when it says
// that it is one: package ctap1 maps registrations and authentications to U2F (CTAP 2.3 §10). To the ceremony it is an
// authenticator without discoverable credentials, verification and extensions; credProps, appid and appidExclude, which are the
// client's own, work as ever. While the key awaits a touch it is asked again whenever [Client.Poll] returns.
//
// The client follows no related origins, it has one authenticator to choose from, and mediation is the caller's business.
package client
