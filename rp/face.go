// This file is what only a face of the relying party, such as package web, asks for.
package rp

import (
	"slices"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/rp/policy"
)

// AcceptsOnlyTheApp reports whether the policy names the organisation's own app and nothing else, so that a page
// may say so.
func (rp *RelyingParty) AcceptsOnlyTheApp() bool {
	restrictions := rp.Policy().KeyRestrictions
	if !restrictions.IsEnforced || restrictions.EnforcementType != policy.EnforcementAllow {
		return false
	}
	return !slices.ContainsFunc(restrictions.AAGUIDs, func(aaguid uuid.UUID) bool { return !rp.Provider(aaguid).Approved })
}

// AsksForAttestation reports whether the policy asks security keys to show their make and model.
func (rp *RelyingParty) AsksForAttestation(user *User) bool {
	return rp.Policy().AsksDirect(user.subject())
}
