// Package mds answers what the FIDO Metadata Service says about models of authenticators (FIDO Metadata Service 3.1.1),
// so that a relying party can enforce attestation: is the model listed, certified, revoked, and does the chain of this
// attestation lead to a root that is listed for it.
//
//	file or URL ─→ Source ─→ Verifier.Read ─→ BLOB ─→ Service (keeps the newest, caches it, refreshes it) ─→ Trust, Entry
//
// Make a [Service] with [New], [Service.Load] it once, and let [Service.Run] refresh it in a goroutine of yours until its
// context ends. [Service.Trust] is the question that a registration asks.
//
// # What is verified, and how strictly
//
//   - The BLOB is a JWS in compact form, signed with an algorithm of the table in algorithms.go. "none", HMAC and unknown
//     critical header parameters are refused.
//   - The chain in x5c must lead to a configured root at the time of the clock. The default roots belong to a public
//     certificate authority that issues certificates for everybody, so the leaf must also be that of [FIDOSigner]. x5u is
//     refused: where a chain comes from would then be the sender's choice. A BLOB without x5c is refused too.
//   - Revocation is decided by the CRLs that the operator hands in ([Verifier].CRLs). Nothing is asked over the network:
//     whoever can replace the BLOB on its way could also keep an OCSP responder silent, and a check that passes in silence
//     protects nobody.
//   - "no" never goes back. nextUpdate in the past makes the BLOB stale: it is still used, with a warning, or refused if
//     [Requirements].Fresh asks for that. The legal header is neither read nor shown.
//   - An entry that cannot be read is left out and reported ([BLOB].Problems), as are two entries that claim one AAGUID or
//     key identifier: neither counts, because choosing one would be a guess. Left out means not listed, so a mistake in an
//     entry never makes a model more trusted.
//
// # What comes from go-webauthn
//
// The dictionaries of the specification are read with the types of go-webauthn's package metadata, which follow version
// 3.1.1. Its Decoder is not used: it reads the machine's clock instead of one that is handed in, contacts CRL and OCSP
// servers without a context, accepts any leaf below the root, whoever's it is, and bounds neither size nor number.
package mds
