// Package conformance judges a subject by cases: what runs, in which order and under which limits, and what a finding means.
// It knows neither WebAuthn nor CTAP.
//
// # Words
//
//	Case       one sentence about a subject, with the clause that it comes from, and a function that puts it to the test
//	Trial      one run of one case: its randomness, what was exchanged, what was observed, what is advised
//	Mismatch   the subject did something else than the case wants: the only error that means "failed"
//	Verdict    passed, failed, advised, skipped or inconclusive
//	Profile    which book the subject is judged by: fido, l3 or l3-recommended
//	Capability something that not every subject has; a case that needs it is skipped, with the reason, where it is missing
//
// # What an error of a case means
//
//	nil                            passed, or advised when the trial was given advice
//	*Mismatch                      failed; or advised, where the level of the case is no demand of the profile
//	*Mismatch with Broke           failed at every level: a subject may refuse, it may not break
//	*Skipped                       skipped
//	*Inconclusive, any other error inconclusive: the case proved nothing
//
// A case that expects a refusal first shows that the same thing, honestly done, is accepted: [Control] makes whatever goes
// wrong there inconclusive. A case that cannot fail is a defect.
//
// # Levels and profiles
//
// What a mismatch comes to:
//
//	level          fido     l3       l3-recommended
//	Must           failed   failed   failed
//	Should         advised  advised  failed
//	Policy         failed   failed   failed          (only where the subject's own policy says what is right)
//	Robust         advised  advised  failed
//	Interop        failed   advised  advised
//	Optional       failed   failed   failed          (only where the subject offers it)
package conformance
