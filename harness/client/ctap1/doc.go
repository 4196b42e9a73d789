// Package ctap1 lets a client of CTAP2 use a U2F key: it maps authenticatorMakeCredential and authenticatorGetAssertion to the
// commands of U2F, and their responses back (CTAP 2.3 §10, Interoperating with CTAP1/U2F authenticators).
//
// A U2F key keeps nothing and verifies nobody. What needs a discoverable credential, a verified user, or an algorithm other than
// ES256 is refused before the key is asked. Credential ids are key handles, at most [MaxKeyHandle] bytes long, and an RP ID is
// an application by its hash, as is an AppID.
//
// Errors are of type ctap2.Status where CTAP2 has one for the case, else a [Status] or [ErrMalformed], or whatever the device
// failed with.
package ctap1
