package rpcases

import (
	"slices"
	"time"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
)

// attestationAndroidKey is about statements of format android-key (WebAuthn L3 §8.4). Certificates are made for each credential,
// so that a lie in one needs no other.
func attestationAndroidKey() []Case {
	type lie = attestation.Misbehaviour
	android := statements(attestation.FormatAndroidKey)
	takes := []conformance.Capability{Attests, Takes(attestation.FormatAndroidKey)}
	versions := []Lie{stating("authorizations that nobody knows yet", lie{UnknownAuthorizations: true})}
	for _, version := range []struct {
		says   string
		number int
	}{{"version 1", 1}, {"version 2", 2}, {"version 3", 3}, {"version 4", 4}, {"version 100", 100}, {"version 200", 200}, {"version 400", 400}} {
		versions = append(versions, stating("a key description of "+version.says, lie{DescriptionVersion: version.number}))
	}
	return slices.Concat(
		[]Case{{
			ID: "att/android-key/valid", Aliases: []string{"S-FAK-001"}, Level: optional, Clause: l3("8.4", "android-key-valid"),
			Needs: []conformance.Capability{Attests},
			Says:  "a statement of Android's key store about a key that it has made itself, for signing alone, is accepted",
			Run:   valid(attestation.FormatAndroidKey, android),
		}},
		android.refusals(attestation.FormatAndroidKey, "8.4", must, androidStatement()),
		android.refusals(attestation.FormatAndroidKey, "8.4", must, androidAuthorizations()),
		android.refusals(attestation.FormatAndroidKey, "8.4.1", must, androidDescription()),
		[]Case{
			{
				ID: "att/android-key/software-enforced", Aliases: []string{"S-FAK-011"}, Level: policy, Clause: l3("8.4", "android-key-enforcer"),
				Needs: takes, Says: "a key whose origin and purpose only software enforces is decided on",
				Run: android.telling(stating("origin and purpose in the list softwareEnforced", lie{SoftwareEnforced: true})).Observed,
			},
			{
				ID: "att/android-key/more-purposes", Aliases: []string{"S-FAK-010"}, Level: policy, Clause: l3("8.4", "android-key-purpose"),
				Needs: takes, Says: "a key that may verify as well as sign is decided on: the purpose is a set, and the clause speaks of one value",
				Run: android.telling(stating("the purposes sign and verify", lie{Purposes: []int{2, 3}})).Observed,
			},
			{
				ID: "att/android-key/unknown-root", Aliases: []string{"S-FAK-013"}, Level: policy, Clause: reg("24", "trust-path"),
				Needs: append(takes, TrustsLab), Says: "a key of Android's whose chain leads to no known root is dealt with as the relying party says", Run: fromNowhere(android),
			},
			{
				ID: "att/android-key/other-versions", Aliases: []string{"S-FAK-014"}, Level: should, Clause: l3("8.4.1", "android-key-description"),
				Needs: takes, Says: "key descriptions of all versions of the schema are read, and authorizations that nobody knows yet skipped",
				Run: android.telling(versions...).Accepted,
			},
		},
	)
}

// androidStatement is about the members of a statement and the keys that they belong to.
func androidStatement() []row {
	type lie = attestation.Misbehaviour
	return []row{
		{
			"challenge", "S-FAK-002", "challenge", "a key that was made for another registration is refused",
			[]Lie{stating("an attestation challenge that is not the client data hash", lie{WrongNonce: true})},
		},
		{
			"another-key", "S-FAK-003", "key", "a statement about another key than the credential's, which that key has signed, is refused",
			[]Lie{stating("a certificate for another key", lie{OtherLeafKey: true})},
		},
		{
			"chain-reversed", "S-FAK-004", "signature", "a chain of certificates in the wrong order is refused",
			[]Lie{stating("x5c in reverse order", lie{ReverseChain: true})},
		},
		{
			"signature", "S-FAK-005", "signature", "a statement that the credential's key has not signed, or that lacks a member, is refused",
			slices.Concat(misplaced("sig", "x", nil, []byte{}), misplaced("alg", "ES256", nil), misplaced("x5c", []any{}, nil, []byte{1}),
				[]Lie{
					stating("a spoilt signature", lie{BadSignature: true}), stating("the signature of another key", lie{OtherKey: true}),
					stating("a signature of the client data hash alone", lie{Signed: attestation.OnlyTheHash}),
				}),
		},
	}
}

// androidAuthorizations is about the two lists of a key description.
func androidAuthorizations() []row {
	type lie = attestation.Misbehaviour
	derived, imported, unknown := 1, 2, 3
	return []row{
		{
			"all-applications-by-software", "S-FAK-007", "scope", "a key that all applications may use, says the list of software, is refused",
			[]Lie{stating("allApplications in softwareEnforced", lie{AllApplications: attestation.BySoftware})},
		},
		{
			"all-applications-by-hardware", "S-FAK-008", "scope", "a key that all applications may use, says the list of hardware, is refused",
			[]Lie{stating("allApplications in teeEnforced", lie{AllApplications: attestation.ByTEE})},
		},
		{
			"origin", "S-FAK-009", "origin", "a key that was not made where it lives is refused",
			[]Lie{
				stating("a derived key", lie{Origin: &derived}), stating("an imported key", lie{Origin: &imported}),
				stating("a key of unknown origin", lie{Origin: &unknown}),
			},
		},
		{
			"purpose", "S-FAK-010", "purpose", "a key that is not for signing is refused",
			[]Lie{
				stating("the purpose verify alone", lie{Purposes: []int{3}}), stating("the purposes encrypt and decrypt", lie{Purposes: []int{0, 1}}),
				stating("an empty set of purposes", lie{Purposes: []int{}}),
			},
		},
		{
			"empty-lists", "S-FAK-012", "origin", "a key of which neither list says anything is refused",
			[]Lie{stating("two empty authorization lists", lie{EmptyLists: true})},
		},
	}
}

// androidDescription is about the extension as such (WebAuthn L3 §8.4.1).
func androidDescription() []row {
	type lie = attestation.Misbehaviour
	return []row{
		{
			"description-missing", "S-FAK-006", "description", "a certificate that does not describe the key is refused",
			[]Lie{stating("no key description", lie{OmitKeyDescription: true})},
		},
		{
			"description-malformed", "S-FAK-015", "description", "a key description that is cut, or too long, is refused",
			[]Lie{stating("a key description that lacks its last byte", lie{CutDescription: true}), stating("a byte behind the key description", lie{TrailingDescription: true})},
		},
	}
}

// attestationSafetyNet is about statements of format android-safetynet (WebAuthn L3 §8.5). The service behind them was shut
// down: a server may refuse the format as such, and what it takes it must still verify.
func attestationSafetyNet() []Case {
	type lie = attestation.Misbehaviour
	phone := statements(attestation.FormatSafetyNet)
	return slices.Concat(
		[]Case{{
			ID: "att/android-safetynet/valid", Aliases: []string{"S-FSN-001"}, Level: interop, Clause: l3("8.5", "android-safetynet-valid"),
			Needs: []conformance.Capability{Attests}, Says: "a response of the service of SafetyNet about this registration is accepted, where the format still is",
			Run: valid(attestation.FormatSafetyNet, phone),
		}},
		phone.refusals(attestation.FormatSafetyNet, "8.5", interop, []row{
			{"version", "S-FSN-002", "syntax", "a response of no version is refused", misplaced("ver", "", nil, 1)},
			{"response", "S-FSN-003", "response", "an empty response is refused", misplaced("response", []byte{}, nil, "x")},
			{"nonce", "S-FSN-004", "nonce", "a response about another registration is refused", []Lie{stating("another nonce", lie{WrongNonce: true})}},
			{"certificates", "S-FSN-005", "response", "a response without certificates is refused", []Lie{stating("an empty x5c", lie{EmptyJWSChain: true})}},
			{"integrity", "S-FSN-006", "integrity", "a device that failed the tests of compatibility is refused", []Lie{stating("ctsProfileMatch that is false", lie{FailCTS: true})}},
			{"future", "S-FSN-007", "timestamp", "a response from the future is refused", []Lie{stating("a timestamp ten minutes ahead", lie{TimeShift: 10 * time.Minute})}},
			{"stale", "S-FSN-008", "timestamp", "a response that is older than a minute is refused", []Lie{stating("a timestamp two minutes ago", lie{TimeShift: -2 * time.Minute})}},
			{
				"host", "S-FSN-009", "service", "a response that another host than attest.android.com has signed is refused",
				[]Lie{stating("the certificate of attest.example", lie{Host: "attest.example"})},
			},
			{
				"algorithm", "S-FSN-010", "response", "a response that nobody has signed, or anybody could have, is refused",
				[]Lie{
					stating("the algorithm none", lie{JWSAlgorithm: "none"}), stating("HS256 with the certificate as the key", lie{JWSAlgorithm: "HS256"}),
					stating("a spoilt signature", lie{BadSignature: true}),
				},
			},
		}),
	)
}
