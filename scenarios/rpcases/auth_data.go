package rpcases

import (
	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/authdata"
)

// authenticationData is about what authenticator data says at sign-in: for whom, and how the user was asked (WebAuthn L3 §7.2
// steps 15 to 19). Signatures fit.
func authenticationData() []Case {
	prefers := []conformance.Capability{Prefers}
	return []Case{
		{
			ID: "auth/data/rp-id-hash", Aliases: []string{"S-ADA-002"}, Level: must, Clause: auth("15", "rp-id-hash"),
			Says: "authenticator data for another RP ID is refused at sign-in",
			Run:  Authentication{Lie: Lie{Is: "the RP ID hash of another site", Device: virtualauth.Misbehaviour{WrongRPIDHash: true}}}.Refused,
		},
		{
			ID: "auth/data/rp-id-hash-of-origin", Aliases: []string{"S-ADA-045.a"}, Level: must, Clause: auth("15", "rp-id-hash"),
			Says: "a hash of the origin in the place of the RP ID hash is refused at sign-in",
			Run:  hashedRPIDs(Authentication{}, hashOfOrigin),
		},
		{
			ID: "auth/data/rp-id-hash-of-relative", Aliases: []string{"S-ADA-046.a"}, Level: must, Clause: auth("15", "rp-id-hash"),
			Says: "the RP ID hash of a subdomain, or of the domain above, is refused at sign-in",
			Run:  hashedRPIDs(Authentication{}, hashOfRelatives),
		},
		{
			ID: "auth/data/rp-id-hash-upper-case", Aliases: []string{"S-ADA-047.a"}, Level: must, Clause: auth("15", "rp-id-hash"),
			Says: "the hash of the RP ID in upper case is refused at sign-in",
			Run:  hashedRPIDs(Authentication{}, hashOfUpperCase),
		},
		{
			ID: "auth/data/rp-id-hash-zero", Aliases: []string{"S-ADA-048.a"}, Level: must, Clause: auth("15", "rp-id-hash"),
			Says: "an RP ID hash of zeros is refused at sign-in",
			Run:  Authentication{Lie: hashOfZeros}.Refused,
		},
		{
			ID: "auth/data/rp-id-hash-one-byte", Aliases: []string{"S-ADA-049.a"}, Level: must, Clause: auth("15", "rp-id-hash"),
			Says: "an RP ID hash of which only the first or only the last byte is wrong is refused at sign-in",
			Run:  Authentication{Lies: hashByOneByte}.Refused,
		},
		{
			ID: "auth/data/user-absent", Aliases: []string{"S-ADA-020"}, CVEs: []string{"CVE-2021-38299"}, Level: must, Clause: auth("16", "user-present"),
			Says: "an assertion without user presence is refused",
			Run:  Authentication{Lie: Lie{Is: "UP clear", Device: virtualauth.Misbehaviour{OmitUP: true}, Message: seenFlags(authdata.UV, authdata.UP)}}.Refused,
		},
		{
			ID: "auth/data/user-absent-and-unverified", Aliases: []string{"S-ADA-009"}, CVEs: []string{"CVE-2021-38299"}, Level: must, Needs: prefers,
			Clause: auth("16", "user-present"),
			Says:   "an assertion without user presence is refused where verification is discouraged, too",
			Run: Authentication{Ask: Ask{UserVerification: "discouraged"}, Model: cannotVerify, Lie: Lie{
				Is: "UP clear, by a device that verifies nobody", Device: virtualauth.Misbehaviour{OmitUP: true}, Message: seenFlags(0, authdata.UP|authdata.UV),
			}}.Refused,
		},
		{
			ID: "auth/data/user-unverified", Aliases: []string{"S-ADA-003"}, CVEs: []string{"CVE-2020-8236"}, Level: must, Clause: auth("17", "user-verified"),
			Needs: []conformance.Capability{Verifies},
			Says:  "an assertion without user verification is refused when the options required it",
			Run: Authentication{Ask: Ask{UserVerification: "required"}, Lie: Lie{
				Is: "UV clear", Device: virtualauth.Misbehaviour{OmitUV: true}, Message: seenFlags(authdata.UP, authdata.UV),
			}}.Refused,
		},
		{
			ID: "auth/data/user-verified-when-required", Aliases: []string{"S-ADA-004"}, Level: must, Clause: auth("17", "user-verified"),
			Needs: []conformance.Capability{Verifies},
			Says:  "an assertion with user verification is accepted when the options required it",
			Run: Authentication{Ask: Ask{UserVerification: "required"}, Lie: Lie{
				Is: "UV set", Message: seenFlags(authdata.UP|authdata.UV, 0),
			}}.Accepted,
		},
		{
			ID: "auth/data/user-unverified-when-preferred", Aliases: []string{"S-ADA-005"}, Level: must, Needs: prefers, Clause: auth("17", "user-verified"),
			Says: "an assertion without user verification is accepted when the options only preferred it",
			Run: Authentication{Ask: Ask{UserVerification: "preferred"}, Lie: Lie{
				Is: "UV clear", Client: client.Misbehaviour{SkipVerification: true}, Message: seenFlags(authdata.UP, authdata.UV),
			}}.Accepted,
		},
		{
			ID: "auth/data/user-verified-when-preferred", Aliases: []string{"S-ADA-006"}, Level: must, Clause: auth("17", "user-verified"),
			Says: "an assertion with user verification is accepted when the options preferred it",
			Run: Authentication{Ask: Ask{UserVerification: "preferred"}, Lie: Lie{
				Is: "UV set", Message: seenFlags(authdata.UP|authdata.UV, 0),
			}}.Accepted,
		},
		{
			ID: "auth/data/user-unverified-when-discouraged", Aliases: []string{"S-ADA-007"}, Level: must, Clause: auth("17", "user-verified"),
			Says: "an assertion without user verification is accepted when the options discouraged it",
			Run: Authentication{Ask: Ask{UserVerification: "discouraged"}, Lie: Lie{
				Is: "UV clear", Client: client.Misbehaviour{SkipVerification: true}, Message: seenFlags(authdata.UP, authdata.UV),
			}}.Accepted,
		},
		{
			ID: "auth/data/user-verified-when-discouraged", Aliases: []string{"S-ADA-008"}, Level: must, Clause: auth("17", "user-verified"),
			Says: "an assertion with user verification is accepted when the options discouraged it",
			Run: Authentication{Ask: Ask{UserVerification: "discouraged"}, Lie: Lie{
				Is: "UV set", Device: virtualauth.Misbehaviour{ClaimUV: true}, Message: seenFlags(authdata.UP|authdata.UV, 0),
			}}.Accepted,
		},
		{
			ID: "auth/data/backup-eligibility-changed", Aliases: []string{"S-BKP-007"}, Level: must, Clause: auth("19", "backup-eligibility"),
			Says: "a credential that turned backup eligible after its registration is refused by a relying party that uses these flags",
			Run:  changedEligibility(Authentication{Lie: Lie{Is: "BE set, which was clear at registration", Device: virtualauth.Misbehaviour{FlipBE: true}}}),
		},
		{
			ID: "auth/data/reserved-bit-1", Aliases: []string{"S-ADA-024.a"}, Level: policy, Clause: l3("6.1", "reserved-flags"),
			Says: "an assertion with the reserved flag of bit 1 is decided on",
			Run:  Authentication{Lie: Lie{Is: "bit 1 set", Device: virtualauth.Misbehaviour{FlipFlags: reservedBit1}}}.Observed,
		},
		{
			ID: "auth/data/reserved-bit-5", Aliases: []string{"S-ADA-025.a"}, Level: policy, Clause: l3("6.1", "reserved-flags"),
			Says: "an assertion with the reserved flag of bit 5 is decided on",
			Run:  Authentication{Lie: Lie{Is: "bit 5 set", Device: virtualauth.Misbehaviour{FlipFlags: reservedBit5}}}.Observed,
		},
	}
}
