// Package subject reaches what is under test.
//
// # A relying party
//
// [RelyingParty] is a server in the shape of FIDO's REST API for server tests: four endpoints, JSON in and out, status and
// errorMessage, a cookie for the session.
//
//	CreationOptions  POST /attestation/options  {username, displayName, authenticatorSelection, attestation, extensions}
//	CreationResult   POST /attestation/result   RegistrationResponseJSON
//	RequestOptions   POST /assertion/options    {username, userVerification, extensions}
//	RequestResult    POST /assertion/result     AuthenticationResponseJSON
//
// [FIDOServer] is one over HTTP, anywhere; [InProcess] is one that is an http.Handler of this process, with the same code
// between. Cases speak to a [Visitor], who has cookies of their own, and get an [Answer] to everything: there are no errors
// of transport beside it, because what a server does to a connection is part of the finding.
//
// [Mapped] is an application with calls and JSON of its own, and [Website] a site that is used by its pages, in a real browser.
//
// # Hostile servers
//
// No answer takes longer than Limits.Time or more memory than Limits.Body; redirects are not followed; what is no JSON, what
// is cut off, and what never comes are outcomes of their own. A refusal is not a crash: see [Outcome].
package subject
