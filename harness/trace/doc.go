// Package trace is the record of what travelled between page, client and authenticator, in words that a person can
// read, and without anything that must stay secret.
//
// Four parts, usable alone:
//
//   - [Redactor] scrubs passwords, one-time codes and secrets, cookies and private keys from any text.
//   - [Decoder] turns the JSON of a ceremony (options and response) into [reports.Ceremony]: client data, flags,
//     a map of the bytes of the authenticator data, the credential's key, the attestation statement.
//   - [Hybrid] turns what passes between a computer and a phone ([Event]) into messages that can be read: QR code, advert,
//     requests to the tunnel server, handshake, frames.
//   - [Recorder] collects the ceremonies and the messages below them for one journey, in order and redacted.
//
// Messages of CTAP2 ([CTAPRequest], [CTAPResponseTo], [Transport]) are shown in diagnostic notation with the names of their
// members as comments. PINs, tokens, hmac-secret values and large-blob keys are left out by their place.
//
// The decoder is independent of the code that makes credentials and of the code that checks them: it has its own
// small parser of authenticator data, so that a report still tells the truth when one of those is wrong. It never
// fails: a test tool meets malformed messages for a living, and what is wrong with one is the very thing to show. What
// cannot be decoded is left out and described in [reports.Ceremony.Problems].
//
// Time comes from the caller; nothing here looks at a clock.
package trace
