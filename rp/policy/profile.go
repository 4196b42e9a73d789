package policy

import (
	"slices"

	"github.com/google/uuid"
)

// MaxProfiles is how many profiles a policy may have.
const MaxProfiles = 3

// Profile is one set of demands on a passkey. Groups get profiles by Target.AllowedPasskeyProfiles.
type Profile struct {
	// ID is what targets call it; Name is for administrators.
	ID                     string                 `json:"id" yaml:"id"`
	Name                   string                 `json:"name,omitempty" yaml:"name,omitempty"`
	AttestationEnforcement AttestationEnforcement `json:"attestationEnforcement,omitempty" yaml:"attestationEnforcement,omitempty"`
	PasskeyTypes           PasskeyType            `json:"passkeyTypes,omitempty" yaml:"passkeyTypes,omitempty"`
	KeyRestrictions        KeyRestrictions        `json:"keyRestrictions,omitzero" yaml:"keyRestrictions,omitempty"`
}

// Attests reports whether the profile wants new passkeys to prove their model.
func (p Profile) Attests() bool { return p.AttestationEnforcement == EnforcementRegistrationOnly }

// bound reports whether the profile accepts only passkeys that stay on their device. Enforced attestation does: a
// passkey that syncs leaves what its attestation was about.
func (p Profile) bound() bool { return p.PasskeyTypes == TypeDeviceBound || p.Attests() }

// ProfilesOf returns the profiles that hold for somebody: those that the included groups name, the default one, or all
// of them. A policy without profiles is one itself.
func (p Policy) ProfilesOf(s Subject) []Profile {
	if len(p.PasskeyProfiles) == 0 {
		enforcement := p.AttestationEnforcement
		if p.IsAttestationEnforced {
			enforcement = EnforcementRegistrationOnly
		}
		return []Profile{{AttestationEnforcement: enforcement, PasskeyTypes: p.PasskeyTypes, KeyRestrictions: p.KeyRestrictions}}
	}
	named := map[string]bool{}
	for _, target := range p.IncludeTargets {
		if target.covers(s) {
			for _, id := range target.AllowedPasskeyProfiles {
				named[id] = true
			}
		}
	}
	if len(named) == 0 && p.DefaultPasskeyProfile != "" {
		named[p.DefaultPasskeyProfile] = true
	}
	if len(named) == 0 {
		return slices.Clone(p.PasskeyProfiles)
	}
	return slices.DeleteFunc(slices.Clone(p.PasskeyProfiles), func(one Profile) bool { return !named[one.ID] })
}

// EnforcesAttestation reports whether every profile of somebody wants attestation: flows whose attestation never
// reaches the relying party make no sense then.
func (p Policy) EnforcesAttestation(s Subject) bool { return all(p.ProfilesOf(s), Profile.Attests) }

// DeviceBoundOnly reports whether no profile of somebody accepts passkeys that sync.
func (p Policy) DeviceBoundOnly(s Subject) bool { return all(p.ProfilesOf(s), Profile.bound) }

// AsksDirect reports whether the options ask for the attestation statement as the authenticator made it: because the
// policy says so, or because a profile wants to see it.
func (p Policy) AsksDirect(s Subject) bool {
	return p.Attestation == AttestationDirect || slices.ContainsFunc(p.ProfilesOf(s), Profile.Attests)
}

func all(list []Profile, holds func(Profile) bool) bool {
	return !slices.ContainsFunc(list, func(one Profile) bool { return !holds(one) })
}

// Candidate is what the policy decides about: facts of one credential whose response has been verified.
type Candidate struct {
	// AAGUID is the authenticator model from the attested credential data.
	AAGUID uuid.UUID
	// BackupEligible is the BE flag: the passkey may be synced.
	BackupEligible bool
	// Attestation is what the attestation statement proved; it matters at registration only.
	Attestation Proof
}

// Proof is what an attestation statement proved.
type Proof int

// The proofs, the worst first. ProofInvalid is a statement that does not lead to a trusted model.
const (
	ProofNone Proof = iota
	ProofInvalid
	ProofTrusted
)

// Verdict is one decision.
type Verdict string

// The verdicts. The zero value is not a decision.
const (
	Accepted            Verdict = "accepted"
	GuestNotAllowed     Verdict = "guest not allowed"
	MethodDisabled      Verdict = "method disabled"
	UserExcluded        Verdict = "user excluded"
	SelfServiceOff      Verdict = "self-service off"
	SyncedNotAllowed    Verdict = "synced not allowed"
	DeviceNotAllowed    Verdict = "device-bound not allowed"
	ProviderNotAllowed  Verdict = "provider not allowed"
	AttestationRequired Verdict = "attestation required"
	AttestationInvalid  Verdict = "attestation invalid"
)

// verdictOrder ranks refusals by how far a passkey got with a profile: of several profiles the nearest miss is told.
var verdictOrder = []Verdict{SyncedNotAllowed, DeviceNotAllowed, ProviderNotAllowed, AttestationRequired, AttestationInvalid, Accepted}

// AtRegistration judges a new passkey of somebody who may add one. It passes if it meets one profile fully; else the
// refusal of the profile that it came closest to is returned.
func (p Policy) AtRegistration(s Subject, c Candidate) Verdict {
	return p.best(s, func(one Profile) Verdict {
		if verdict := one.judge(c); verdict != Accepted || !one.Attests() {
			return verdict
		}
		return map[Proof]Verdict{ProofNone: AttestationRequired, ProofInvalid: AttestationInvalid, ProofTrusted: Accepted}[c.Attestation]
	})
}

// AtSignIn judges a passkey that is stored: what an administrator removes from a list locks out its users at once, and
// so does switching the method off or excluding their group. Attestation is not asked for again.
func (p Policy) AtSignIn(s Subject, c Candidate) Verdict {
	switch {
	case !p.Enabled():
		return MethodDisabled
	case !p.covers(s):
		return UserExcluded
	}
	return p.best(s, func(one Profile) Verdict { return one.judgeTypes(c) })
}

func (p Policy) best(s Subject, judge func(Profile) Verdict) Verdict {
	best := verdictOrder[0]
	for _, one := range p.ProfilesOf(s) {
		if verdict := judge(one); slices.Index(verdictOrder, verdict) >= slices.Index(verdictOrder, best) {
			best = verdict
		}
	}
	return best
}

// judge is judgeTypes with what enforced attestation adds: no passkey that syncs.
func (p Profile) judge(c Candidate) Verdict {
	if p.bound() && c.BackupEligible {
		return SyncedNotAllowed
	}
	return p.judgeTypes(c)
}

// judgeTypes applies type and model. The type comes before the model, as in the list of checks of the Checking
// screen: a passkey that syncs is told so even when its provider is not listed either.
func (p Profile) judgeTypes(c Candidate) Verdict {
	switch {
	case p.PasskeyTypes == TypeDeviceBound && c.BackupEligible:
		return SyncedNotAllowed
	case p.PasskeyTypes == TypeSynced && !c.BackupEligible:
		return DeviceNotAllowed
	case !p.KeyRestrictions.permits(c.AAGUID):
		return ProviderNotAllowed
	}
	return Accepted
}

// permits applies the key restrictions. An all-zero AAGUID is a model like any other: an allow list that does
// not name it refuses it, or every authenticator could hide behind it.
func (k KeyRestrictions) permits(aaguid uuid.UUID) bool {
	if !k.IsEnforced {
		return true
	}
	listed := slices.Contains(k.AAGUIDs, aaguid)
	if k.EnforcementType == EnforcementBlock {
		return !listed
	}
	return listed
}
