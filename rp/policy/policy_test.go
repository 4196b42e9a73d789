package policy_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/uuid"
	"go.yaml.in/yaml/v3"

	"github.com/passkeylab/passkeylab/rp/policy"
)

var (
	app   = uuid.MustParse("dd868f11-004c-544f-b49b-35dacdd504e4")
	other = uuid.MustParse("ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4")
)

// Every combination of restriction, type and candidate, against the rule written once.
func TestTypesAndModels(t *testing.T) {
	lists := map[string]policy.KeyRestrictions{
		"none":           {},
		"listed but off": {EnforcementType: policy.EnforcementAllow, AAGUIDs: []uuid.UUID{app}},
		"allow":          {IsEnforced: true, EnforcementType: policy.EnforcementAllow, AAGUIDs: []uuid.UUID{app}},
		"allow nobody":   {IsEnforced: true, EnforcementType: policy.EnforcementAllow},
		"block":          {IsEnforced: true, EnforcementType: policy.EnforcementBlock, AAGUIDs: []uuid.UUID{app}},
		"block zero":     {IsEnforced: true, EnforcementType: policy.EnforcementBlock, AAGUIDs: []uuid.UUID{uuid.Nil}},
	}
	permitted := func(list string, id uuid.UUID) bool {
		switch list {
		case "allow":
			return id == app
		case "allow nobody":
			return false
		case "block":
			return id != app
		case "block zero":
			return id != uuid.Nil
		}
		return true
	}
	for name, list := range lists {
		for _, kind := range []policy.PasskeyType{"", policy.TypeAny, policy.TypeBoth, policy.TypeDeviceBound, policy.TypeSynced} {
			for _, id := range []uuid.UUID{app, other, uuid.Nil} {
				for _, be := range []bool{false, true} {
					want := policy.Accepted
					switch {
					case kind == policy.TypeDeviceBound && be:
						want = policy.SyncedNotAllowed
					case kind == policy.TypeSynced && !be:
						want = policy.DeviceNotAllowed
					case !permitted(name, id):
						want = policy.ProviderNotAllowed
					}
					p := policy.Policy{KeyRestrictions: list, PasskeyTypes: kind}
					candidate := policy.Candidate{AAGUID: id, BackupEligible: be}
					if got := p.AtRegistration(policy.Subject{}, candidate); got != want {
						t.Errorf("%s, type %q, %s, BE %v at registration: %s, want %s", name, kind, id, be, got, want)
					}
					if got := p.AtSignIn(policy.Subject{}, candidate); got != want {
						t.Errorf("%s, type %q, %s, BE %v at sign-in: %s, want %s", name, kind, id, be, got, want)
					}
				}
			}
		}
	}
}

func TestZeroValueIsOpen(t *testing.T) {
	var p policy.Policy
	if p.Validate() != nil || !p.Enabled() || !p.SelfService() || !p.RequiresUV() || !p.BlocksCounter() || p.Limit() != 10 {
		t.Errorf("%+v is not the open policy", p)
	}
}

func TestValidateNamesTheMistake(t *testing.T) {
	for want, p := range map[string]policy.Policy{
		"state":                           {State: "on"},
		"passkeyTypes":                    {PasskeyTypes: "bound"},
		"attestation":                     {Attestation: "enterprise"},
		"userVerification":                {UserVerification: "discouraged"},
		"counter":                         {Counter: "ignore"},
		"maxPasskeys":                     {MaxPasskeys: -1},
		"keyRestrictions.enforcementType": {KeyRestrictions: policy.KeyRestrictions{EnforcementType: "deny"}},
		"enforcementType is missing":      {KeyRestrictions: policy.KeyRestrictions{IsEnforced: true}},
	} {
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
}

func TestNamesInFiles(t *testing.T) {
	text := `{"state":"enabled","isSelfServiceRegistrationAllowed":true,"keyRestrictions":{"isEnforced":true,"enforcementType":"allow",` +
		`"aaGuids":["dd868f11-004c-544f-b49b-35dacdd504e4"]},"passkeyTypes":"deviceBound","attestation":"direct","userVerification":"preferred","maxPasskeys":3,"counter":"warn"}`
	var fromJSON, fromYAML policy.Policy
	if err := json.Unmarshal([]byte(text), &fromJSON); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte(text), &fromYAML); err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]policy.Policy{"JSON": fromJSON, "YAML": fromYAML} {
		if p.KeyRestrictions.AAGUIDs[0] != app || p.PasskeyTypes != policy.TypeDeviceBound || p.Limit() != 3 || p.RequiresUV() || p.BlocksCounter() || p.Validate() != nil {
			t.Errorf("%s: %+v", name, p)
		}
	}
	if again, err := json.Marshal(fromJSON); err != nil || string(again) != text {
		t.Errorf("written as %s, %v", again, err)
	}
}

func FuzzPolicy(f *testing.F) {
	f.Add([]byte(`{"keyRestrictions":{"isEnforced":true,"enforcementType":"allow","aaGuids":["x"]}}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var p policy.Policy
		if json.Unmarshal(data, &p) != nil || p.Validate() != nil {
			return
		}
		if p.Limit() <= 0 || p.AtSignIn(policy.Subject{}, policy.Candidate{}) == "" {
			t.Fatalf("%s decides nothing", data)
		}
	})
}
