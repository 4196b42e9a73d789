// Package mutants proves that the cases of package rpcases have teeth: relying parties that lack one check each must be caught.
//
// # The relying party
//
// [RP] is a relying party in memory behind FIDO's REST API. It shares no code with the reference relying party, and none with
// the library that verifies there: it is a second opinion. What it does to a response is a list of [Step]s, each with a name
// and a clause, in the order of WebAuthn L3 §7.1 and §7.2 and of the verification procedures of §8. With all steps it must
// come to the same verdict as the reference in every case.
//
// # The mutants
//
// A [Mutant] is the same relying party with one step left out, or made as badly as it has been made elsewhere: an origin
// compared by its beginning, a hash of the wrong length. [Mutants] lists all that follow from the steps, so that whoever adds
// a step has added its mutant. A mutant is caught when a case that the honest relying party passes fails, and cites the clause
// that the mutant breaks.
//
// # The matrix
//
// A [Laboratory] holds cases against mutants. Steps refuse and do nothing else, so a mutant can differ from the honest relying
// party only where its step refused somebody: the honest run notes where that is, and only those cases are run again. Deeds
// that are left out refuse nobody, and are held against every case.
//
// Mutants are holes. They listen to nothing, and answer only requests from this machine.
package mutants
