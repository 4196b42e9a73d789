package policy

import (
	"slices"

	"github.com/google/uuid"
)

// Candidate is what the policy decides about: facts of one credential whose response has been verified.
type Candidate struct {
	// AAGUID is the authenticator model from the attested credential data.
	AAGUID uuid.UUID
	// BackupEligible is the BE flag: the passkey may be synced.
	BackupEligible bool
}

// Verdict is one decision.
type Verdict string

// The verdicts. The zero value is not a decision.
const (
	Accepted           Verdict = "accepted"
	ProviderNotAllowed Verdict = "provider not allowed"
	SyncedNotAllowed   Verdict = "synced not allowed"
	DeviceNotAllowed   Verdict = "device-bound not allowed"
)

// Decide judges a credential at registration, and again at every sign-in: what an administrator removes from
// the allow list locks out its users at once. The type comes before the model, as in the list of checks of the
// Checking screen: a passkey that syncs is told so even when its provider is not listed either.
func (p Policy) Decide(c Candidate) Verdict {
	switch {
	case p.PasskeyTypes == TypeDeviceBound && c.BackupEligible:
		return SyncedNotAllowed
	case p.PasskeyTypes == TypeSynced && !c.BackupEligible:
		return DeviceNotAllowed
	case !p.permits(c.AAGUID):
		return ProviderNotAllowed
	}
	return Accepted
}

// permits applies the key restrictions. An all-zero AAGUID is a model like any other: an allow list that does
// not name it refuses it, or every authenticator could hide behind it.
func (p Policy) permits(aaguid uuid.UUID) bool {
	if !p.KeyRestrictions.IsEnforced {
		return true
	}
	listed := slices.Contains(p.KeyRestrictions.AAGUIDs, aaguid)
	if p.KeyRestrictions.EnforcementType == EnforcementBlock {
		return !listed
	}
	return listed
}
