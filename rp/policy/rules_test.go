package policy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/rp/policy"
)

func subject(groups ...string) policy.Subject {
	return policy.Subject{UserName: "mia", Groups: groups}
}

func group(id string, profiles ...string) policy.Target {
	return policy.Target{TargetType: policy.TargetGroup, ID: id, AllowedPasskeyProfiles: profiles}
}

// POL-02, POL-03, POL-04: who may add passkeys, in the order of the guards.
func TestWhoMayAddPasskeys(t *testing.T) {
	off := false
	staff := []policy.Target{group("staff")}
	for name, c := range map[string]struct {
		policy policy.Policy
		who    policy.Subject
		want   policy.Verdict
	}{
		"anybody under the open policy":                    {policy.Policy{}, subject(), policy.Accepted},
		"a member of an included group":                    {policy.Policy{IncludeTargets: staff}, subject("staff"), policy.Accepted},
		"nobody else then":                                 {policy.Policy{IncludeTargets: staff}, subject("sales"), policy.UserExcluded},
		"everybody by the group of all":                    {policy.Policy{IncludeTargets: []policy.Target{group(policy.AllUsers)}}, subject(), policy.Accepted},
		"not who is included and excluded":                 {policy.Policy{IncludeTargets: staff, ExcludeTargets: []policy.Target{group("leavers")}}, subject("staff", "leavers"), policy.UserExcluded},
		"not who is excluded without any include":          {policy.Policy{ExcludeTargets: []policy.Target{group("leavers")}}, subject("leavers"), policy.UserExcluded},
		"nobody while the method is off":                   {policy.Policy{State: policy.StateDisabled}, subject(), policy.MethodDisabled},
		"nobody by themselves without self-service":        {policy.Policy{IsSelfServiceRegistrationAllowed: &off}, subject(), policy.SelfServiceOff},
		"no guest, even with the method off":               {policy.Policy{State: policy.StateDisabled}, policy.Subject{Guest: true}, policy.GuestNotAllowed},
		"a guest where guests may":                         {policy.Policy{IsGuestRegistrationAllowed: true}, policy.Subject{Guest: true}, policy.Accepted},
		"method off is told before excluded":               {policy.Policy{State: policy.StateDisabled, IncludeTargets: staff}, subject(), policy.MethodDisabled},
		"excluded is told before self-service being off":   {policy.Policy{IsSelfServiceRegistrationAllowed: &off, IncludeTargets: staff}, subject(), policy.UserExcluded},
		"a group that only differs in case is another one": {policy.Policy{IncludeTargets: staff}, subject("Staff"), policy.UserExcluded},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.policy.Registration(c.who); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
	if got := (policy.Policy{IsSelfServiceRegistrationAllowed: &off}).Provisioning(subject()); got != policy.Accepted {
		t.Errorf("an administrator without self-service: %s", got)
	}
}

// POL-08: one profile must be met fully; half of each is not enough. Which profiles hold is decided by groups.
func TestProfiles(t *testing.T) {
	p := policy.Policy{
		IncludeTargets: []policy.Target{group("staff", "bound-app"), group("admins", "bound-app", "synced-other"), group("temps")},
		PasskeyProfiles: []policy.Profile{
			{ID: "bound-app", PasskeyTypes: policy.TypeDeviceBound, KeyRestrictions: policy.AllowList(app).KeyRestrictions},
			{ID: "synced-other", PasskeyTypes: policy.TypeSynced, KeyRestrictions: policy.AllowList(other).KeyRestrictions},
		},
		DefaultPasskeyProfile: "synced-other",
	}
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		who    policy.Subject
		aaguid uuid.UUID
		synced bool
		want   policy.Verdict
	}{
		"the first profile":             {subject("admins"), app, false, policy.Accepted},
		"the second profile":            {subject("admins"), other, true, policy.Accepted},
		"one's type, the other's model": {subject("admins"), app, true, policy.ProviderNotAllowed},
		"and the other way round":       {subject("admins"), other, false, policy.ProviderNotAllowed},
		"a profile of another group":    {subject("staff"), other, true, policy.SyncedNotAllowed},
		"two groups have both profiles": {subject("staff", "admins"), other, true, policy.Accepted},
		"no named profile: the default": {subject("temps"), other, true, policy.Accepted},
		"and not any other":             {subject("temps"), app, false, policy.DeviceNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			candidate := policy.Candidate{AAGUID: c.aaguid, BackupEligible: c.synced}
			if got := p.AtRegistration(c.who, candidate); got != c.want {
				t.Errorf("at registration %s, want %s", got, c.want)
			}
			if got := p.AtSignIn(c.who, candidate); got != c.want {
				t.Errorf("at sign-in %s, want %s", got, c.want)
			}
		})
	}
}

// POL-01, POL-07: attestation is for new passkeys.
func TestAttestationIsEnforcedAtRegistrationOnly(t *testing.T) {
	for _, p := range []policy.Policy{
		{AttestationEnforcement: policy.EnforcementRegistrationOnly},
		{IsAttestationEnforced: true},
		{PasskeyProfiles: []policy.Profile{{ID: "a", AttestationEnforcement: policy.EnforcementRegistrationOnly}}},
	} {
		if !p.EnforcesAttestation(subject()) || !p.AsksDirect(subject()) || !p.DeviceBoundOnly(subject()) {
			t.Errorf("%+v does not enforce attestation", p)
		}
		for proof, want := range map[policy.Proof]policy.Verdict{
			policy.ProofNone: policy.AttestationRequired, policy.ProofInvalid: policy.AttestationInvalid, policy.ProofTrusted: policy.Accepted,
		} {
			if got := p.AtRegistration(subject(), policy.Candidate{AAGUID: app, Attestation: proof}); got != want {
				t.Errorf("proof %d: %s, want %s", proof, got, want)
			}
			if got := p.AtSignIn(subject(), policy.Candidate{AAGUID: app, Attestation: proof}); got != policy.Accepted {
				t.Errorf("proof %d at sign-in: %s", proof, got)
			}
		}
		synced := policy.Candidate{AAGUID: app, BackupEligible: true, Attestation: policy.ProofTrusted}
		if got := p.AtRegistration(subject(), synced); got != policy.SyncedNotAllowed {
			t.Errorf("synced: %s", got)
		}
		if got := p.AtSignIn(subject(), synced); got != policy.Accepted {
			t.Errorf("synced from before: %s", got)
		}
	}
	mixed := policy.Policy{PasskeyProfiles: []policy.Profile{{ID: "a", AttestationEnforcement: policy.EnforcementRegistrationOnly}, {ID: "b"}}}
	if mixed.EnforcesAttestation(subject()) || !mixed.AsksDirect(subject()) {
		t.Error("a profile without attestation leaves a way without it, and the other still wants to see a statement")
	}
}

// POL-06, POL-09: sign-in obeys what the policy says now.
func TestWhatIsTakenAwayLocksOut(t *testing.T) {
	synced := policy.Candidate{AAGUID: app, BackupEligible: true}
	for name, c := range map[string]struct {
		policy policy.Policy
		want   policy.Verdict
	}{
		"removed from the list": {policy.AllowList(other), policy.ProviderNotAllowed},
		"synced no longer":      {policy.Policy{PasskeyTypes: policy.TypeDeviceBound}, policy.SyncedNotAllowed},
		"method off":            {policy.Policy{State: policy.StateDisabled}, policy.MethodDisabled},
		"group excluded":        {policy.Policy{ExcludeTargets: []policy.Target{group("staff")}}, policy.UserExcluded},
		"restored":              {policy.AllowList(app, other), policy.Accepted},
	} {
		if got := c.policy.AtSignIn(subject("staff"), synced); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// MFA-08, MFA-09: what is strong enough.
func TestStrengths(t *testing.T) {
	for name, c := range map[string]struct {
		strength policy.Strength
		meets    []policy.Combination
	}{
		"the zero value":                {policy.Strength{}, []policy.Combination{"fido2", "password,softwareOath", "temporaryAccessPassOneTime", "temporaryAccessPassMultiUse"}},
		"mfa":                           {policy.Strength{ID: policy.StrengthMFA}, []policy.Combination{"fido2", "password,softwareOath", "temporaryAccessPassOneTime", "temporaryAccessPassMultiUse"}},
		"passwordless":                  {policy.Strength{ID: policy.StrengthPasswordless}, []policy.Combination{"fido2"}},
		"phishing-resistant":            {policy.Strength{ID: policy.StrengthPhishingResistant}, []policy.Combination{"fido2"}},
		"phishing-resistant and passes": {policy.Strength{ID: policy.StrengthPhishingResistant, IsTemporaryAccessPassAccepted: true}, []policy.Combination{"fido2", "temporaryAccessPassOneTime", "temporaryAccessPassMultiUse"}},
		"custom":                        {policy.Strength{ID: policy.StrengthCustom, AllowedCombinations: []policy.Combination{"temporaryAccessPassOneTime"}}, []policy.Combination{"temporaryAccessPassOneTime"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, combination := range []policy.Combination{"fido2", "password,softwareOath", "temporaryAccessPassOneTime", "temporaryAccessPassMultiUse", "sms"} {
				want := false
				for _, met := range c.meets {
					want = want || met == combination
				}
				if got := c.strength.Meets(combination, app); got != want {
					t.Errorf("%s: %v", combination, got)
				}
			}
		})
	}
	narrow := policy.Strength{ID: policy.StrengthCustom, AllowedCombinations: []policy.Combination{"fido2"}, AllowedAAGUIDs: []uuid.UUID{app}}
	if !narrow.Meets("fido2", app) || narrow.Meets("fido2", other) {
		t.Error("a custom strength does not look at the model")
	}
}

func TestPassesAndCampaigns(t *testing.T) {
	shortest, usual, longest := policy.Pass{}.Lifetimes()
	if shortest != time.Hour || usual != time.Hour || longest != 8*time.Hour || (policy.Pass{}).Length() != 8 {
		t.Errorf("defaults %s %s %s", shortest, usual, longest)
	}
	if _, usual, _ := (policy.Pass{MinimumLifetimeInMinutes: 90}).Lifetimes(); usual != 90*time.Minute {
		t.Errorf("the usual life is %s, less than the shortest", usual)
	}
	if _, usual, _ := (policy.Pass{MinimumLifetimeInMinutes: 10, MaximumLifetimeInMinutes: 20}).Lifetimes(); usual != 20*time.Minute {
		t.Errorf("the usual life is %s, more than the longest", usual)
	}
	temps := policy.Pass{ExcludeTargets: []policy.Target{group("temps")}}
	if !temps.Allows(subject("staff")) || temps.Allows(subject("temps")) || (policy.Pass{State: policy.StateDisabled}).Allows(subject()) {
		t.Error("passes are allowed to the wrong people")
	}
	campaign := policy.Campaign{State: policy.StateEnabled, IncludeTargets: []policy.Target{{TargetType: policy.TargetUser, ID: "mia"}}}
	if !campaign.Asks(subject()) || campaign.Asks(policy.Subject{UserName: "ada"}) || (policy.Campaign{}).Asks(subject()) {
		t.Error("the campaign asks the wrong people")
	}
	if campaign.SnoozesLeft(7) != -1 {
		t.Error("a campaign that is not enforced ends its snoozes")
	}
	campaign.EnforceRegistrationAfterAllowedSnoozes = true
	for snoozed, left := range []int{3, 2, 1, 0, 0} {
		if got := campaign.SnoozesLeft(snoozed); got != left {
			t.Errorf("after %d snoozes %d are left, want %d", snoozed, got, left)
		}
	}
}

// Each document has one mistake; the error names its path, its line and what is allowed.
func TestProblemsSayWhereAndWhat(t *testing.T) {
	for name, c := range map[string]struct {
		document, path string
		line           int
		text           string
	}{
		"unknown name":              {"version: 1\nmaxPasskey: 3\n", "maxPasskey", 2, "unknown; use one of version, state"},
		"unknown inner name":        {"temporaryAccessPass:\n  length: 8\n", "temporaryAccessPass.length", 2, "defaultLength"},
		"a name twice":              {"state: enabled\nstate: disabled\n", "state", 2, "twice"},
		"unknown word":              {"state: enabled\npasskeyTypes: sometimes\n", "passkeyTypes", 2, `use "any", "deviceBound", "synced" or "deviceBound,synced"`},
		"text for a number":         {"maxPasskeys: many\n", "maxPasskeys", 1, "use a whole number"},
		"number too large":          {"maxPasskeys: 100000\n", "maxPasskeys", 1, "use 1 to 1000"},
		"text for a truth":          {"isAttestationEnforced: maybe\n", "isAttestationEnforced", 1, "use true or false"},
		"a number for a word":       {"state: 1\n", "state", 1, "text"},
		"an object for a word":      {"state: {on: true}\n", "state", 1, "text"},
		"no list":                   {"includeTargets: staff\n", "includeTargets", 1, "must be a list"},
		"no object":                 {"keyRestrictions: []\n", "keyRestrictions", 1, "names and values"},
		"no UUID":                   {"keyRestrictions:\n  aaGuids:\n    - app\n", "keyRestrictions.aaGuids[0]", 3, "use a UUID"},
		"a model twice":             {"keyRestrictions:\n  aaGuids:\n    - " + app.String() + "\n    - " + app.String() + "\n", "keyRestrictions.aaGuids[1]", 4, "twice"},
		"no enforcement type":       {"state: enabled\nkeyRestrictions:\n  isEnforced: true\n", "keyRestrictions.enforcementType", 2, `use "allow" or "block"`},
		"a later version":           {"version: 2\n", "version", 1, "reads version 1"},
		"both attestation names":    {"isAttestationEnforced: true\nattestationEnforcement: disabled\n", "isAttestationEnforced", 1, "keep one"},
		"attested synced":           {"attestationEnforcement: registrationOnly\npasskeyTypes: synced\n", "passkeyTypes", 2, "deviceBound"},
		"four profiles":             {"passkeyProfiles: [{id: a}, {id: b}, {id: c}, {id: d}]\n", "passkeyProfiles", 1, "at most 3"},
		"profile and top level":     {"passkeyTypes: synced\npasskeyProfiles: [{id: a}]\n", "passkeyProfiles", 2, "into the profiles"},
		"profile without id":        {"passkeyProfiles:\n  - name: a\n", "passkeyProfiles[0].id", 2, "missing"},
		"profile ids twice":         {"passkeyProfiles:\n  - id: a\n  - id: a\n", "passkeyProfiles[1].id", 3, "another profile"},
		"unknown profile":           {"passkeyProfiles: [{id: a}]\nincludeTargets:\n  - id: staff\n    allowedPasskeyProfiles: [b]\n", "includeTargets[0].allowedPasskeyProfiles[0]", 4, "no profile"},
		"unknown default profile":   {"defaultPasskeyProfile: a\n", "defaultPasskeyProfile", 1, "no profile"},
		"target without id":         {"excludeTargets:\n  - targetType: group\n", "excludeTargets[0].id", 2, "all_users"},
		"a user as a target":        {"excludeTargets:\n  - {targetType: user, id: mia}\n", "excludeTargets[0].targetType", 2, `use "group"`},
		"pass too short":            {"temporaryAccessPass:\n  defaultLength: 7\n", "temporaryAccessPass.defaultLength", 2, "8 to 48"},
		"pass too brief":            {"temporaryAccessPass:\n  minimumLifetimeInMinutes: 9\n", "temporaryAccessPass.minimumLifetimeInMinutes", 2, "10 to 43200"},
		"pass bounds crossed":       {"temporaryAccessPass:\n  minimumLifetimeInMinutes: 60\n  maximumLifetimeInMinutes: 30\n", "temporaryAccessPass.minimumLifetimeInMinutes", 2, "more than"},
		"usual life out of bounds":  {"temporaryAccessPass:\n  maximumLifetimeInMinutes: 30\n  defaultLifetimeInMinutes: 60\n", "temporaryAccessPass.defaultLifetimeInMinutes", 3, "10 to 30"},
		"empty custom strength":     {"authenticationStrengths:\n  signIn:\n    id: custom\n", "authenticationStrengths.signIn.allowedCombinations", 2, "at least one"},
		"combination of a built-in": {"authenticationStrengths:\n  signIn:\n    allowedCombinations: [fido2]\n", "authenticationStrengths.signIn.allowedCombinations", 3, "custom"},
		"models of a built-in":      {"authenticationStrengths:\n  signIn:\n    allowedAAGUIDs: [" + app.String() + "]\n", "authenticationStrengths.signIn.allowedAAGUIDs", 3, "custom"},
		"unknown combination":       {"authenticationStrengths:\n  signIn:\n    id: custom\n    allowedCombinations: [sms]\n", "authenticationStrengths.signIn.allowedCombinations[0]", 4, "fido2"},
		"snooze too long":           {"registrationCampaign:\n  snoozeDurationInDays: 15\n", "registrationCampaign.snoozeDurationInDays", 2, "0 to 14"},
		"proof age negative":        {"proofFreshness:\n  registerInMinutes: -1\n", "proofFreshness.registerInMinutes", 2, "1 to 1440"},
		"an alias":                  {"excludeTargets: &x [{id: a}]\nincludeTargets: *x\n", "includeTargets", 2, "alias"},
		"two documents":             {"state: enabled\n---\nstate: disabled\n", "", 0, "second document"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := policy.Parse([]byte(c.document))
			problems := policy.Problems(err)
			if len(problems) != 1 {
				t.Fatalf("%d problems: %v", len(problems), err)
			}
			got := problems[0]
			if got.Path != c.path || got.Line != c.line || !strings.Contains(got.Text, c.text) {
				t.Errorf("%q line %d %q, want %q line %d with %q", got.Path, got.Line, got.Text, c.path, c.line, c.text)
			}
			if !strings.Contains(err.Error(), c.path) {
				t.Errorf("%v does not name the path", err)
			}
		})
	}
}

func TestEveryProblemIsTold(t *testing.T) {
	_, err := policy.Parse([]byte("state: on off\nmaxPasskeys: -1\ncounter: ignore\n"))
	if got := len(policy.Problems(err)); got != 3 {
		t.Errorf("%d problems: %v", got, err)
	}
	if policy.Problems(nil) != nil {
		t.Error("problems without an error")
	}
}

func TestMerge(t *testing.T) {
	p := policy.AllowList(app)
	p.MaxPasskeys = 3
	merged, err := policy.Merge(p, []byte(`{"@odata.type":"#microsoft.graph.fido2AuthenticationMethodConfiguration","maxPasskeys":null,"keyRestrictions":{"enforcementType":"block"},"temporaryAccessPass":{"defaultLength":12}}`))
	if err != nil {
		t.Fatal(err)
	}
	k := merged.KeyRestrictions
	if merged.Limit() != policy.DefaultMaxPasskeys || !k.IsEnforced || k.EnforcementType != policy.EnforcementBlock || len(k.AAGUIDs) != 1 || merged.TemporaryAccessPass.Length() != 12 {
		t.Errorf("merged to %+v", merged)
	}
	if p.MaxPasskeys != 3 || p.KeyRestrictions.EnforcementType != policy.EnforcementAllow {
		t.Error("the merge changed its argument")
	}
	for _, bad := range []string{`[]`, `{"maxPasskeys":"x"}`, `{"nope":1}`, `{"state":"on"}`, `{`} {
		if _, err := policy.Merge(p, []byte(bad)); len(policy.Problems(err)) != 1 {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestSamples(t *testing.T) {
	for _, name := range policy.Samples() {
		p, err := policy.Sample(name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		foreign := policy.Candidate{AAGUID: other}
		want := map[string]policy.Verdict{policy.SampleOpen: policy.Accepted, policy.SampleApprovedApp: policy.ProviderNotAllowed, policy.SampleAttested: policy.AttestationRequired}[name]
		if got := p.AtRegistration(subject(), foreign); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if _, err := policy.Sample("closed"); err == nil || !strings.Contains(err.Error(), "approved-app") {
		t.Errorf("an unknown sample: %v", err)
	}
}
