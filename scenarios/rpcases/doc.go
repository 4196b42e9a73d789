// Package rpcases is what every relying party must accept and refuse: the cases of "passkeylab check rp".
//
// # How to write a case
//
// A section is one file, named by what it is about: reg_clientdata.go, auth_counter.go, att_packed.go, meta_trust.go. It has
// one function that returns its cases, and a line in sections (suite.go). A case looks like this:
//
//	{
//		ID: "reg/client-data/type-of-an-assertion", Aliases: []string{"S-CDJ-005"}, Level: must, Clause: reg("7", "type"),
//		Says: "client data of an assertion is refused at registration",
//		Run:  Registration{Lie: Lie{Is: "client data of type webauthn.get", Client: client.Misbehaviour{Type: "webauthn.get"}}}.Refused,
//	}
//
//	ID       a path of words: reg/…, auth/…, att/…, meta/…, api/…; never reused and never renamed
//	Aliases  the fact sheets that it covers; each is covered by some case, or excused by its section
//	Level    how much the clause demands; package conformance says what a mismatch then comes to
//	Clause   reg and auth for steps of WebAuthn L3 §7.1 and §7.2, l3 for its other sections, api for FIDO's REST API
//	CVEs     known vulnerabilities of the kind, beside those of its fact sheets (vulnerabilities.go)
//	Fix      what to do about it, where the clause does not say it by itself
//	Needs    capabilities (probe.go) without which the case is skipped
//
// # What runs
//
// [Registration] and [Authentication] are ceremonies with one lie in them. Each has three ways to judge the answer:
//
//	Refused   the honest twin is accepted, the lie is refused, and nothing is left of it (nothing to sign in with, the
//	          counter where it was, the next honest ceremony works)
//	Accepted  the honest twin is accepted, the lie, which is none then but only unusual, is accepted, and what came of it works
//	Observed  the honest twin is accepted, the lie is decided on, whichever way, and the next honest ceremony works
//
// Swept is Refused for dozens of lies of one kind (sweep.go); Judged is Observed for a registration whose key can sign nobody
// in, whatever becomes of it. A positive case says by a Message such as seenFlags what the response must look like: one that
// looks otherwise proves nothing.
//
// byProfile chooses among them by profile, byPolicy by what the relying party says that it decided. What does not fit is a
// function of its own: it gets a [Bench], makes a [Person] or several, lets them ask, answer and post step by step
// (CreationOptions, Create, Posts; RequestOptions, Get, Posts), and judges the answers by MustAccept, MustRefuse and
// MustDecide. Everything that must hold before the point of the case is wrapped in conformance.Control.
//
// # How to lie
//
// A [Lie] has a field for each layer, and everything outside of the lie is made again after it, so that nothing but the lie is
// wrong:
//
//	what the authenticator signs    Device: virtualauth.Misbehaviour, and in it Attestation: attestation.Misbehaviour
//	                                (EditAuthData for any bytes; the signature fits)
//	what the key signs              Sign: another hash, another padding, another key
//	what it is                      Registration.Model, Authentication.Model: algorithms, attestation format, counters, backup;
//	                                Equip for its world: other keys, another authority
//	what the client hashes          Client: client.Misbehaviour, editClientData for single members, rawClientData for any bytes
//	                                (the signature fits)
//	CBOR that nothing signs         Message: editObject, editStatement, editData, editKey, and rawObject, rawKey, editAuthData for
//	                                any bytes; otherKinds puts an item of every other kind in a place
//	the JSON after it was signed    Message: set, without, wrongTypes, Message.EditAttestation
//	the bytes of the body           Body
//	HTTP                            Request, OtherBrowser
//
// Cases about statements with certificates go through packedCases or trustCases: where the relying party does not ask for
// attestation, or does not know the suite's authority and refuses it, they are skipped. What needs metadata needs LabMetadata.
//
// Prefer format none for lies about authenticator data and client data at registration: a statement's signature would
// otherwise be refused in the place of the check that is missing.
//
// # The same in both ceremonies
//
// What is true of registrations and of sign-ins alike is a row of a table: told (both.go), which inBoth makes two cases of, with
// ids and fact sheets of their own and the steps of both algorithms; origin (origin.go) for what stands in the place of the page's
// origin. Such a row says by a judgement what is wanted: refused, accepted, observed, onceAtMost, byPolicyOf.
//
// # Configurations
//
// What a relying party decides is its Policy, and what that does is tried on both sides: on the relying party as it is, and in a
// [Variant] with a policy of its own. A target that is such a variant already, by what it declares, needs no other. A case that
// turns the time or starts the server again has one for itself, the [Laboratory].
//
// # Determinism
//
// All randomness is that of the Bench. Cases run in any order and at the same time: each makes its own people.
package rpcases
