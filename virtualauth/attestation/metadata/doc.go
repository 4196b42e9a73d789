// Package metadata says about models of authenticators what the FIDO Metadata Service would: a signed list, the BLOB, with
// one metadata statement for each model, so that a relying party that trusts its root verifies attestation up to the end.
//
//	getInfo of the device ─┐
//	Model (plain data) ────┴─ Describe ─→ Entry, with its Statement ─┐
//	                                      Entry … ───────────────────┴─ BLOB.Sign(authority) ─→ JWS, what a relying party loads
//
// What a device answers to getInfo is taken from that answer: the statement cannot disagree with it. The names are those of
// FIDO Metadata Statement 3.1.1 and FIDO Metadata Service 3.1.1; their numbers are schema 3.
package metadata
