// Package virtualauth is an authenticator in software. It answers CTAP2 honestly, or misbehaves exactly as told.
//
//	Exchange (authenticator.go)    bytes → command table → handler → bytes
//	makeCredential, getAssertion…  decide on structs, one file a command
//	World                          everything it needs from outside: user, keys, clock, randomness
//	Model                          what kind of authenticator it claims to be; package provider holds known ones
//	Misbehaviour                   lies, one field each; the zero value is honest
//
// A request is decoded once, strictly, into the structs of package ctap2; handlers see structs only and return structs or
// a ctap2.Status; one function turns errors into status bytes. Time and randomness come from the World alone, so the same
// seed gives the same credential ids, keys and signatures.
//
// The package shares no code with anything that checks credentials. What it makes is judged by strangers.
package virtualauth
