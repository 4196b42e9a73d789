package walk

import (
	"maps"
	"slices"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// rule is a policy with what a person would say that it means: the walk judges by this, not by package policy.
type rule struct {
	name   string
	policy policy.Policy
	// closed says that nobody may add a passkey at all.
	closed bool
	// attests says that flows over a browser and a phone are off, and that none of these phones' passkeys will do.
	attests bool
	// refuses says that a passkey of a model is not accepted.
	refuses func(aaguid uuid.UUID, synced bool) bool
	limit   int
	// rechecks says that the proof's age counts again when the passkey arrives.
	rechecks bool
}

func rules() []rule {
	app := []uuid.UUID{provider.LarkspurIDAndroid().Model.AAGUID, provider.LarkspurIDIOS().Model.AAGUID}
	google := provider.GooglePasswordManager().Model.AAGUID
	off := false
	all := []rule{
		{name: "open"},
		{name: "app", policy: policy.AllowList(app...), refuses: func(a uuid.UUID, _ bool) bool { return !slices.Contains(app, a) }},
		{name: "no-google", policy: policy.BlockList(google), refuses: func(a uuid.UUID, _ bool) bool { return a == google }},
		{name: "device-bound", policy: policy.Policy{PasskeyTypes: policy.TypeDeviceBound}, refuses: func(_ uuid.UUID, synced bool) bool { return synced }},
		{name: "one", policy: policy.Policy{MaxPasskeys: 1}, limit: 1},
		{name: "two", policy: policy.Policy{MaxPasskeys: 2}, limit: 2},
		{name: "recheck", policy: policy.Policy{ProofFreshness: policy.ProofFreshness{IsRecheckedAtVerify: true}}, rechecks: true},
		{name: "attested", policy: policy.Policy{AttestationEnforcement: policy.EnforcementRegistrationOnly}, attests: true},
		{name: "disabled", policy: policy.Policy{State: policy.StateDisabled}, closed: true},
		{name: "admins-only", policy: policy.Policy{IsSelfServiceRegistrationAllowed: &off}, closed: true},
	}
	for i := range all {
		if all[i].limit == 0 {
			all[i].limit = 10
		}
	}
	return all
}

// accepts reports whether a passkey that is authentic may be stored now, in a flow.
func (r rule) accepts(k kept, flow string) bool {
	switch {
	case r.closed, r.attests, flow == "E" && !isOurs(k.aaguid):
		return false
	case r.refuses != nil:
		return !r.refuses(k.aaguid, k.synced)
	}
	return true
}

// kept is a passkey as the relying party was told of it.
type kept struct {
	aaguid uuid.UUID
	synced bool
}

// pocket is one provider on the person's phone, or beside it.
type pocket struct {
	provider.Provider
	device *virtualauth.Authenticator
}

// phones are the providers that a walk knows, by a word.
func phones() map[string]func() provider.Provider {
	return map[string]func() provider.Provider{
		"app": provider.LarkspurIDAndroid, "app-ios": provider.LarkspurIDIOS, "google": provider.GooglePasswordManager,
		"samsung": provider.SamsungPass, "bitwarden": provider.Bitwarden, "usb": provider.USBSecurityKey, "undisclosed": provider.Undisclosed,
	}
}

// knownNames are the providers' names on pages, by AAGUID, for who can be known at all.
func knownNames() map[uuid.UUID]string {
	names := map[uuid.UUID]string{}
	for _, p := range []provider.Provider{provider.GooglePasswordManager(), provider.SamsungPass(), provider.Bitwarden()} {
		names[p.Model.AAGUID] = p.Name
	}
	names[provider.LarkspurIDAndroid().Model.AAGUID], names[provider.LarkspurIDIOS().Model.AAGUID] = "Larkspur ID", "Larkspur ID"
	return names
}

// phoneWords are the words, in an order that stays.
func phoneWords() []string { return slices.Sorted(maps.Keys(phones())) }
