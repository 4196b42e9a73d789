// Package fidoapi is a face of the relying party in the shape of FIDO's REST API for server tests: four endpoints, JSON in
// and out, and a cookie that ties a ceremony to its visitor.
//
//	POST /attestation/options  {username, displayName, authenticatorSelection, attestation, extensions}
//	POST /attestation/result   RegistrationResponseJSON (WebAuthn L3 §5.1)
//	POST /assertion/options    {username, userVerification, extensions}
//	POST /assertion/result     AuthenticationResponseJSON
//
// Beside them stands POST /credential/removal {username, id}, which FIDO's API does not have,
// and GET /.well-known/webauthn (WebAuthn L3 §5.11).
//
// A response may leave rawId out, as the API's text does: it is that of id then. Each answer has status, "ok" or "failed", and errorMessage. A refusal is HTTP 400, or 405, 413 and 415 for what is not even
// a request, and names the relying party's code for it, such as ceremony.verification_failed, and nothing else.
//
// Anybody who reaches these endpoints can open accounts, add passkeys to those of others, and remove theirs, because the API has no
// notion of who may. They are for loopback and laboratories.
package fidoapi
