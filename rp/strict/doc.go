// Package strict judges what new passkeys and assertions are made of more strictly than go-webauthn, which reads them.
//
// Where this package and go-webauthn v0.18.2 decide differently, it refuses:
//
//   - keys whose type is not that of their algorithm, which could never sign in
//   - members of a key beside the required ones, above all a private half (WebAuthn L3 §6.5.1)
//   - the points of small order on edwards25519, with which anybody can sign (RFC 8032 §5.1.3)
//   - RSA keys of less than 2048 or more than 8192 bits, with an even modulus, or with an exponent that is less than 3 or even
//   - attestation objects whose statement is missing, null or undefined (WebAuthn L3 §6.5.4)
//   - extension data that is null or undefined instead of a map (WebAuthn L3 §6.1)
//
// It does not insist on CTAP2's canonical order of members, which proves nothing.
package strict
