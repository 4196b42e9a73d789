package rpcases

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// registrationData is about what authenticator data says at registration: for whom, how the user was asked, by which model
// (WebAuthn L3 §7.1 steps 14 to 24). Statements are of format none, so that no signature hides a check that is missing.
func registrationData() []Case {
	prefers := []conformance.Capability{Prefers}
	return []Case{
		{
			ID: "reg/data/rp-id-hash", Aliases: []string{"S-ADA-050"}, Level: must, Clause: reg("14", "rp-id-hash"),
			Says: "authenticator data for another RP ID is refused at registration",
			Run:  Registration{Lie: Lie{Is: "the RP ID hash of another site", Device: virtualauth.Misbehaviour{WrongRPIDHash: true}}}.Refused,
		},
		{
			ID: "reg/data/rp-id-hash-of-origin", Aliases: []string{"S-ADA-045.r"}, Level: must, Clause: reg("14", "rp-id-hash"),
			Says: "a hash of the origin in the place of the RP ID hash is refused at registration",
			Run:  hashedRPIDs(Registration{}, hashOfOrigin),
		},
		{
			ID: "reg/data/rp-id-hash-of-relative", Aliases: []string{"S-ADA-046.r"}, Level: must, Clause: reg("14", "rp-id-hash"),
			Says: "the RP ID hash of a subdomain, or of the domain above, is refused at registration",
			Run:  hashedRPIDs(Registration{}, hashOfRelatives),
		},
		{
			ID: "reg/data/rp-id-hash-upper-case", Aliases: []string{"S-ADA-047.r"}, Level: must, Clause: reg("14", "rp-id-hash"),
			Says: "the hash of the RP ID in upper case is refused at registration",
			Run:  hashedRPIDs(Registration{}, hashOfUpperCase),
		},
		{
			ID: "reg/data/rp-id-hash-zero", Aliases: []string{"S-ADA-048.r"}, Level: must, Clause: reg("14", "rp-id-hash"),
			Says: "an RP ID hash of zeros is refused at registration",
			Run:  Registration{Lie: hashOfZeros}.Refused,
		},
		{
			ID: "reg/data/rp-id-hash-one-byte", Aliases: []string{"S-ADA-049.r"}, Level: must, Clause: reg("14", "rp-id-hash"),
			Says: "an RP ID hash of which only the first or only the last byte is wrong is refused at registration",
			Run:  Registration{Lies: hashByOneByte}.Refused,
		},
		{
			ID: "reg/data/user-absent", Aliases: []string{"S-ADA-019"}, CVEs: []string{"CVE-2021-38299"}, Level: must, Clause: reg("15", "user-present"),
			Says: "a registration without user presence is refused",
			Run:  Registration{Lie: Lie{Is: "UP clear", Device: virtualauth.Misbehaviour{OmitUP: true}}}.Refused,
		},
		{
			ID: "reg/data/user-absent-and-unverified", Aliases: []string{"S-ADA-021"}, CVEs: []string{"CVE-2021-38299"}, Level: must, Needs: prefers,
			Clause: reg("15", "user-present"),
			Says:   "a registration without user presence is refused when the user was not verified either",
			Run: Registration{
				Model: cannotVerify, Lie: Lie{Is: "UP clear, by a device that verifies nobody", Device: virtualauth.Misbehaviour{OmitUP: true}},
			}.Refused,
		},
		{
			ID: "reg/data/user-unverified", Aliases: []string{"S-ENR-016"}, Level: must, Clause: reg("16", "user-verified"),
			Says: "a registration without user verification is refused when the options required it",
			Run: Registration{
				Ask: Ask{UserVerification: "required"}, Lie: Lie{Is: "UV clear", Device: virtualauth.Misbehaviour{OmitUV: true}},
			}.Refused,
		},
		{
			ID: "reg/data/user-unverified-when-preferred", Aliases: []string{"S-ADA-022"}, Level: must, Needs: prefers, Clause: reg("16", "user-verified"),
			Says: "a registration without user verification is accepted when the options only preferred it",
			Run: Registration{
				Ask: Ask{UserVerification: "preferred"}, Model: cannotVerify, Lie: Lie{Is: "UV clear", Message: seenFlags(0, authdata.UV)},
			}.Accepted,
		},
		{
			ID: "reg/data/user-verified-when-discouraged", Aliases: []string{"S-ADA-023"}, Level: must, Clause: reg("16", "user-verified"),
			Says: "a registration with user verification is accepted when the options discouraged it",
			Run: Registration{Ask: Ask{UserVerification: "discouraged"}, Lie: Lie{
				Is: "UV set", Device: virtualauth.Misbehaviour{ClaimUV: true}, Message: seenFlags(authdata.UV, 0),
			}}.Accepted,
		},
		{
			ID: "reg/data/backed-up-but-not-eligible", Aliases: []string{"S-BKP-001"}, Level: must, Clause: reg("17", "backup-flags"),
			Says: "a credential that is backed up and must not be is refused",
			Run:  Registration{Lie: Lie{Is: "BS set and BE clear", Device: virtualauth.Misbehaviour{BSWithoutBE: true}}}.Refused,
		},
		{
			ID: "reg/data/reserved-bit-1", Aliases: []string{"S-ADA-024.r"}, Level: policy, Clause: l3("6.1", "reserved-flags"),
			Says: "a registration with the reserved flag of bit 1 is decided on",
			Run:  Registration{Lie: Lie{Is: "bit 1 set", Device: virtualauth.Misbehaviour{FlipFlags: reservedBit1}}}.Observed,
		},
		{
			ID: "reg/data/reserved-bit-5", Aliases: []string{"S-ADA-025.r"}, Level: policy, Clause: l3("6.1", "reserved-flags"),
			Says: "a registration with the reserved flag of bit 5 is decided on",
			Run:  Registration{Lie: Lie{Is: "bit 5 set", Device: virtualauth.Misbehaviour{FlipFlags: reservedBit5}}}.Observed,
		},
		{
			ID: "reg/data/algorithm-not-offered", Aliases: []string{"S-KEY-018"}, CVEs: []string{"CVE-2026-8830"}, Level: must, Clause: reg("20", "algorithm"),
			Says: "a key of an algorithm that the options did not offer is refused",
			Run: Registration{Lie: Lie{
				Is: "a key for ES256K", Client: client.Misbehaviour{Algorithms: []cose.Algorithm{cose.ES256K}},
			}, Model: withES256K}.Refused,
		},
		{
			ID: "reg/data/model-unknown", Aliases: []string{"S-ADA-051"}, Level: must, Clause: l3("6.5.1", "aaguid"),
			Says: "an authenticator that does not tell its model is accepted",
			Run:  Registration{Lie: Lie{Is: "an AAGUID of zeros", Device: virtualauth.Misbehaviour{AAGUID: &uuid.Nil}}}.Accepted,
		},
		{
			ID: "reg/data/model-not-allowed", Aliases: []string{"S-ADA-052"}, Level: policy, Clause: reg("24", "model-allowed"),
			Needs: []conformance.Capability{Configured(OnlyLabModels)},
			Says:  "an authenticator whose model is not on the list is refused where there is a list",
			Run: in(OnlyLabModels, Registration{Ask: Ask{Attestation: "direct"}, Model: chainAttested}.unlike(
				models(chainAttested, ofModel(otherAAGUID)), Lie{Is: "a chain of another model"})),
		},
	}
}

// otherAAGUID is that of no model.
var otherAAGUID = uuid.MustParse("0f0e0d0c-0b0a-4908-8706-050403020100")

// withES256K adds an algorithm that hardly anybody offers, as the last choice.
func withES256K(m *virtualauth.Model) { m.Algorithms = append(m.Algorithms, cose.ES256K) }

// cannotVerify has no way to verify its user.
func cannotVerify(m *virtualauth.Model) { m.Verification = virtualauth.VerificationMissing }

// The flags that have no meaning yet (WebAuthn L3 §6.1).
const (
	reservedBit1 authdata.Flags = 1 << 1
	reservedBit5 authdata.Flags = 1 << 5
)

// Lies about the RP ID hash, at both ceremonies. The signature of an assertion fits.
var (
	hashOfZeros = Lie{Is: "an RP ID hash of zeros", Device: virtualauth.Misbehaviour{EditAuthData: func(honest []byte) []byte {
		return append(make([]byte, flagsAt), honest[flagsAt:]...)
	}}}
	hashByOneByte = []Lie{
		{Is: "an RP ID hash whose first byte is wrong", Device: virtualauth.Misbehaviour{EditAuthData: invert(0)}},
		{Is: "an RP ID hash whose last byte is wrong", Device: virtualauth.Misbehaviour{EditAuthData: invert(flagsAt - 1)}},
	}
)

// invert changes one byte.
func invert(at int) func([]byte) []byte {
	return func(honest []byte) []byte {
		changed := append([]byte{}, honest...)
		changed[at] ^= 0xff
		return changed
	}
}

// hashed is a lie that hashes something else than the RP ID.
func hashed(what, text string) Lie {
	return Lie{Is: what + ", " + text + ", hashed as the RP ID", Device: virtualauth.Misbehaviour{HashedRPID: text}}
}

func hashOfOrigin(origin, _ string) []Lie { return []Lie{hashed("the origin", origin)} }

func hashOfRelatives(_, rpID string) []Lie {
	lies := []Lie{hashed("a subdomain", "login."+rpID)}
	if _, parent, below := strings.Cut(rpID, "."); below {
		lies = append(lies, hashed("the domain above", parent))
	}
	return lies
}

func hashOfUpperCase(_, rpID string) []Lie { return []Lie{hashed("upper case", strings.ToUpper(rpID))} }

// refuses is a ceremony with lies in it.
type refuses interface {
	refusing(lies []Lie) Run
}

func (r Registration) refusing(lies []Lie) Run   { r.Lies = lies; return r.Refused }
func (a Authentication) refusing(lies []Lie) Run { a.Lies = lies; return a.Refused }

// hashedRPIDs tells lies that depend on the relying party's origin and RP ID.
func hashedRPIDs(ceremony refuses, lies func(origin, rpID string) []Lie) Run {
	return func(ctx context.Context, b *Bench) error {
		asked := b.Person(nil).CreationOptions(ctx, Ask{})
		if err := b.MustAccept("options", asked); err != nil {
			return conformance.Control("options", err)
		}
		rpID, err := rpIDOf(asked.Options(), b.RP.Origin())
		if err != nil {
			return conformance.Control("options", err)
		}
		return ceremony.refusing(lies(b.RP.Origin(), rpID))(ctx, b)
	}
}

// rpIDOf is the RP ID of creation options: the host of the origin where they name none (WebAuthn L3 §5.4.2).
func rpIDOf(options []byte, origin string) (string, error) {
	message, err := parseMessage(options)
	if err != nil {
		return "", err
	}
	if id, named := message.Get("rp.id").(string); named {
		return id, nil
	}
	u, err := url.Parse(origin)
	if err != nil {
		return "", fmt.Errorf("the origin: %w", err)
	}
	return u.Hostname(), nil
}

// errNotTold says that a response is not what its case is about.
var errNotTold = errors.New("the authenticator did not do what this case is about")

// seenFlags lets a response pass whose authenticator data has some flags and lacks others.
func seenFlags(set, clear authdata.Flags) func(*Message) error {
	return func(m *Message) error {
		data := m.Bytes("response.authenticatorData")
		if len(data) <= flagsAt {
			return fmt.Errorf("%w: authenticator data of %d bytes", errNotTold, len(data))
		}
		if flags := authdata.Flags(data[flagsAt]); !flags.Has(set) || flags&clear != 0 {
			return fmt.Errorf("%w: it set the flags %v", errNotTold, flags)
		}
		return nil
	}
}
