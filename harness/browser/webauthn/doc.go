// Package webauthn speaks the WebAuthn domain of DevTools: virtual authenticators in one page, as Chromium 156 offers them.
//
// It is written on raw calls instead of rod's generated types, because those drop every false (so presence can never be
// turned off) and lack half of the domain. Here an option is a *bool: nil leaves the browser's default, false is sent.
//
// Facts worth knowing, all measured on Chromium 156. The environment belongs to one tab, its iframes included; a popup or
// second tab has none, and without one a ceremony hangs for three minutes. One internal authenticator a page at most. Turning
// presence on does not release a ceremony that waits already: add an authenticator instead. create is sent to all matching
// authenticators and each keeps a credential: leave presence on for one only. Attestation conveyance "none" keeps the AAGUID
// of an internal authenticator and zeroes that of others.
package webauthn
