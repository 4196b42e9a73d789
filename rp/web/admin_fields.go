package web

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/passkeylab/passkeylab/rp/policy"
)

// fieldKind is how a setting is edited and what it is in the document.
type fieldKind string

// The kinds: a choice of words, a truth, a whole number, a list of texts, a list of groups. In a list each item has a
// line; a group may name profiles after a colon, and "user/mia" is a single person.
const (
	fieldChoice fieldKind = "choice"
	fieldTruth  fieldKind = "truth"
	fieldNumber fieldKind = "number"
	fieldLines  fieldKind = "lines"
	fieldGroups fieldKind = "groups"
)

// policyField is one setting of the policy page. Its texts are the messages admin.<key>_label, _help, and where they
// exist _add (what it does when a passkey is added) and _use (when somebody signs in).
type policyField struct {
	path, key string
	kind      fieldKind
	// options of a choice, the default first; their texts are admin.<option key>.
	options []fieldOption
	// least and most bound a number.
	least, most int
	// byDefault is what a truth is when the document does not say.
	byDefault bool
}

type fieldOption struct{ value, key string }

// policySection is a part of the page; its title is admin.<key>.
type policySection struct {
	key    string
	fields []policyField
}

var strengthOptions = []fieldOption{{"mfa", "strength_mfa"}, {"passwordless", "strength_passwordless"}, {"phishingResistant", "strength_phishing"}, {"custom", "strength_custom"}}

// policySections are the settings in the order of the page.
var policySections = []policySection{
	{"who", []policyField{
		{path: "state", key: "state", kind: fieldChoice, options: []fieldOption{{"enabled", "on"}, {"disabled", "off"}}},
		{path: "includeTargets", key: "include", kind: fieldGroups},
		{path: "excludeTargets", key: "exclude", kind: fieldGroups},
		{path: "isSelfServiceRegistrationAllowed", key: "self_service", kind: fieldTruth, byDefault: true},
		{path: "isGuestRegistrationAllowed", key: "guests", kind: fieldTruth},
		{path: "maxPasskeys", key: "limit", kind: fieldNumber, least: 1, most: 1000},
	}},
	{"what", []policyField{
		{path: "passkeyTypes", key: "types", kind: fieldChoice, options: []fieldOption{{"any", "types_any"}, {"deviceBound", "types_bound"}, {"synced", "types_synced"}}},
		{path: "keyRestrictions.isEnforced", key: "restrict", kind: fieldTruth},
		{path: "keyRestrictions.enforcementType", key: "restrict_type", kind: fieldChoice, options: []fieldOption{{"allow", "restrict_allow"}, {"block", "restrict_block"}}},
		{path: "keyRestrictions.aaGuids", key: "restrict_list", kind: fieldLines},
		{path: "attestationEnforcement", key: "attestation", kind: fieldChoice, options: []fieldOption{{"disabled", "off"}, {"registrationOnly", "attestation_on"}}},
		{path: "attestation", key: "conveyance", kind: fieldChoice, options: []fieldOption{{"none", "conveyance_none"}, {"direct", "conveyance_direct"}}},
		{path: "userVerification", key: "verification", kind: fieldChoice, options: []fieldOption{{"required", "verification_required"}, {"preferred", "verification_preferred"}}},
		{path: "counter", key: "counter", kind: fieldChoice, options: []fieldOption{{"block", "counter_block"}, {"warn", "counter_warn"}}},
	}},
	{"proof", []policyField{
		{path: "proofFreshness.registerInMinutes", key: "proof_add", kind: fieldNumber, least: 1, most: 1440},
		{path: "proofFreshness.manageInMinutes", key: "proof_manage", kind: fieldNumber, least: 1, most: 1440},
		{path: "proofFreshness.isRecheckedAtVerify", key: "proof_again", kind: fieldTruth},
		{path: "authenticationStrengths.registerSecurityInfo.id", key: "strength_add", kind: fieldChoice, options: strengthOptions},
		{path: "authenticationStrengths.registerSecurityInfo.isTemporaryAccessPassAccepted", key: "strength_add_pass", kind: fieldTruth},
		{path: "authenticationStrengths.signIn.id", key: "strength_signin", kind: fieldChoice, options: strengthOptions},
		{path: "authenticationStrengths.signIn.isTemporaryAccessPassAccepted", key: "strength_signin_pass", kind: fieldTruth},
	}},
	{"pass", []policyField{
		{path: "temporaryAccessPass.state", key: "pass_state", kind: fieldChoice, options: []fieldOption{{"enabled", "on"}, {"disabled", "off"}}},
		{path: "temporaryAccessPass.isUsableOnce", key: "pass_once", kind: fieldTruth},
		{path: "temporaryAccessPass.minimumLifetimeInMinutes", key: "pass_min", kind: fieldNumber, least: 10, most: 43200},
		{path: "temporaryAccessPass.maximumLifetimeInMinutes", key: "pass_max", kind: fieldNumber, least: 10, most: 43200},
		{path: "temporaryAccessPass.defaultLifetimeInMinutes", key: "pass_usual", kind: fieldNumber, least: 10, most: 43200},
		{path: "temporaryAccessPass.defaultLength", key: "pass_length", kind: fieldNumber, least: 8, most: 48},
		{path: "temporaryAccessPass.includeTargets", key: "pass_include", kind: fieldGroups},
		{path: "temporaryAccessPass.excludeTargets", key: "pass_exclude", kind: fieldGroups},
	}},
	{"campaign", []policyField{
		{path: "registrationCampaign.state", key: "campaign_state", kind: fieldChoice, options: []fieldOption{{"disabled", "off"}, {"enabled", "on"}}},
		{path: "registrationCampaign.snoozeDurationInDays", key: "campaign_snooze", kind: fieldNumber, least: 0, most: 14},
		{path: "registrationCampaign.enforceRegistrationAfterAllowedSnoozes", key: "campaign_force", kind: fieldTruth},
		{path: "registrationCampaign.includeTargets", key: "campaign_include", kind: fieldGroups},
		{path: "registrationCampaign.excludeTargets", key: "campaign_exclude", kind: fieldGroups},
	}},
}

// at returns the value at a path of a document, nil if there is none.
func at(document map[string]any, path string) any {
	first, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		return document[first]
	}
	inner, _ := document[first].(map[string]any)
	return at(inner, rest)
}

// put sets the value at a path; nil takes it out, and with it what becomes empty around it.
func put(document map[string]any, path string, value any) {
	first, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		if document[first] = value; value == nil {
			delete(document, first)
		}
		return
	}
	inner, isObject := document[first].(map[string]any)
	if !isObject {
		inner = map[string]any{}
	}
	put(inner, rest, value)
	if document[first] = inner; len(inner) == 0 {
		delete(document, first)
	}
}

// shown is the document's value as the field shows it: a word, "true", digits, or lines.
func (f policyField) shown(document map[string]any) string {
	value := at(document, f.path)
	list, _ := value.([]any)
	switch f.kind {
	case fieldTruth:
		if truth, given := value.(bool); given {
			return strconv.FormatBool(truth)
		}
		return strconv.FormatBool(f.byDefault)
	case fieldLines, fieldGroups:
		lines := make([]string, len(list))
		for i, one := range list {
			lines[i] = lineOf(one)
		}
		return strings.Join(lines, "\n")
	case fieldChoice:
		if value == nil || f.path == "passkeyTypes" && value == string(policy.TypeBoth) {
			return f.options[0].value
		}
	}
	if value == nil {
		return ""
	}
	return fmt.Sprint(value)
}

func lineOf(item any) string {
	target, isTarget := item.(map[string]any)
	if !isTarget {
		return fmt.Sprint(item)
	}
	line := fmt.Sprint(target["id"])
	if target["targetType"] == string(policy.TargetUser) {
		line = userPrefix + line
	}
	profiles, _ := target["allowedPasskeyProfiles"].([]any)
	for i, id := range profiles {
		separator := ", "
		if i == 0 {
			separator = ": "
		}
		line += separator + fmt.Sprint(id)
	}
	return line
}

// userPrefix marks a single person in a list of groups.
const userPrefix = "user/"

// read puts what was typed into the document. What cannot be what the setting needs is kept as text, so that the
// document's own check says what is wrong with it.
func (f policyField) read(document map[string]any, typed string) {
	var value any
	typed = strings.TrimSpace(typed)
	switch f.kind {
	case fieldTruth:
		if truth := typed == "true"; truth != f.byDefault {
			value = truth
		}
	case fieldChoice:
		isDefault := typed == f.options[0].value && f.key != "restrict_type"
		if typed != "" && !isDefault {
			value = typed
		}
	case fieldNumber:
		if n, err := strconv.Atoi(typed); err == nil {
			value = n
		} else if typed != "" {
			value = typed
		}
	case fieldLines, fieldGroups:
		var list []any
		for line := range strings.Lines(typed) {
			if line = strings.TrimSpace(line); line != "" {
				list = append(list, f.item(line))
			}
		}
		if list != nil {
			value = list
		}
	}
	put(document, f.path, value)
}

// item reads one line of a list.
func (f policyField) item(line string) any {
	if f.kind == fieldLines {
		return line
	}
	id, profiles, _ := strings.Cut(line, ":")
	target := map[string]any{"targetType": string(policy.TargetGroup), "id": strings.TrimSpace(id)}
	if user, isUser := strings.CutPrefix(line, userPrefix); isUser {
		return map[string]any{"targetType": string(policy.TargetUser), "id": user}
	}
	var named []any
	for one := range strings.SplitSeq(profiles, ",") {
		if one = strings.TrimSpace(one); one != "" {
			named = append(named, one)
		}
	}
	if named != nil {
		target["allowedPasskeyProfiles"] = named
	}
	return target
}

// problemsOf are the problems that belong beside the field.
func (f policyField) problemsOf(all []*policy.Problem) []*policy.Problem {
	return slices.DeleteFunc(slices.Clone(all), func(p *policy.Problem) bool {
		rest, ours := strings.CutPrefix(p.Path, f.path)
		return !ours || rest != "" && rest[0] != '[' && rest[0] != '.'
	})
}
