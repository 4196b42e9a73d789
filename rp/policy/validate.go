package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Problem is one thing that is wrong with a policy document.
type Problem struct {
	// Path names the place: "passkeyProfiles[1].keyRestrictions.enforcementType"; "" is the document itself.
	Path string
	// Line is the document's line from 1, 0 when there is no document.
	Line int
	// Text says what is wrong and what is allowed.
	Text string
}

// Error gives line, path and text.
func (p *Problem) Error() string {
	where := "policy: "
	if p.Line > 0 {
		where += fmt.Sprintf("line %d: ", p.Line)
	}
	if p.Path == "" {
		return where + p.Text
	}
	return where + p.Path + " " + p.Text
}

// Problems returns the problems in err, nil if there are none.
func Problems(err error) []*Problem {
	var list interface{ Unwrap() []error }
	if errors.As(err, &list) {
		var all []*Problem
		for _, one := range list.Unwrap() {
			all = append(all, Problems(one)...)
		}
		return all
	}
	var problem *Problem
	if errors.As(err, &problem) {
		return []*Problem{problem}
	}
	return nil
}

// checker collects problems.
type checker struct{ errs []error }

func (c *checker) add(path, format string, args ...any) {
	c.errs = append(c.errs, &Problem{Path: path, Text: fmt.Sprintf(format, args...)})
}

// word checks a value that must be one of a few; the empty one is the default.
func word[T ~string](c *checker, path string, value T, allowed ...T) {
	if value != "" && !slices.Contains(allowed, value) {
		c.add(path, "is %q; use %s", string(value), oneOf(allowed))
	}
}

// number checks a value that has bounds; 0 is the default.
func (c *checker) number(path string, value, least, most int) {
	if value != 0 && (value < least || value > most) {
		c.add(path, "is %d; use %d to %d, or leave it out for the default", value, least, most)
	}
}

func oneOf[T ~string](allowed []T) string {
	quoted := make([]string, len(allowed))
	for i, value := range allowed {
		quoted[i] = fmt.Sprintf("%q", string(value))
	}
	if len(quoted) == 1 {
		return quoted[0]
	}
	return strings.Join(quoted[:len(quoted)-1], ", ") + " or " + quoted[len(quoted)-1]
}

// The highest values of settings that have no bound of their own elsewhere.
const (
	mostPasskeys     = 1000
	mostProofMinutes = 24 * 60
)

// Validate reports every value that the policy does not know, each as a *Problem with the values it does.
func (p Policy) Validate() error {
	c := &checker{}
	if p.Version != 0 && p.Version != DocumentVersion {
		c.add("version", "is %d; this program reads version %d", p.Version, DocumentVersion)
	}
	word(c, "state", p.State, StateEnabled, StateDisabled)
	word(c, "passkeyTypes", p.PasskeyTypes, TypeAny, TypeDeviceBound, TypeSynced, TypeBoth)
	word(c, "attestation", p.Attestation, AttestationNone, AttestationDirect)
	word(c, "attestationEnforcement", p.AttestationEnforcement, EnforcementDisabled, EnforcementRegistrationOnly)
	word(c, "userVerification", p.UserVerification, UserVerificationRequired, UserVerificationPreferred)
	word(c, "counter", p.Counter, CounterBlock, CounterWarn)
	c.number("maxPasskeys", p.MaxPasskeys, 1, mostPasskeys)
	c.number("proofFreshness.registerInMinutes", p.ProofFreshness.RegisterInMinutes, 1, mostProofMinutes)
	c.number("proofFreshness.manageInMinutes", p.ProofFreshness.ManageInMinutes, 1, mostProofMinutes)
	if p.IsAttestationEnforced && p.AttestationEnforcement == EnforcementDisabled {
		c.add("isAttestationEnforced", `is true but attestationEnforcement is "disabled"; keep one of the two`)
	}
	if p.demandsAttestation() && p.PasskeyTypes == TypeSynced {
		c.add("passkeyTypes", `is "synced" but attestation is enforced, which no passkey that syncs can meet; use "deviceBound" or "any"`)
	}
	c.restrictions("keyRestrictions", p.KeyRestrictions)
	c.profiles(p)
	c.targets("includeTargets", p.IncludeTargets, p.profileIDs(), TargetGroup)
	c.targets("excludeTargets", p.ExcludeTargets, nil, TargetGroup)
	c.pass("temporaryAccessPass", p.TemporaryAccessPass)
	c.strength("authenticationStrengths.registerSecurityInfo", p.AuthenticationStrengths.RegisterSecurityInfo)
	c.strength("authenticationStrengths.signIn", p.AuthenticationStrengths.SignIn)
	c.campaign("registrationCampaign", p.RegistrationCampaign)
	return errors.Join(c.errs...)
}

func (p Policy) demandsAttestation() bool {
	return p.IsAttestationEnforced || p.AttestationEnforcement == EnforcementRegistrationOnly
}

func (p Policy) profileIDs() []string {
	ids := make([]string, len(p.PasskeyProfiles))
	for i, one := range p.PasskeyProfiles {
		ids[i] = one.ID
	}
	return ids
}

func (c *checker) restrictions(path string, k KeyRestrictions) {
	word(c, path+".enforcementType", k.EnforcementType, EnforcementAllow, EnforcementBlock)
	if k.IsEnforced && k.EnforcementType == "" {
		c.add(path+".enforcementType", `is missing while isEnforced is true (enforcementType is missing); use "allow" or "block"`)
	}
	c.twice(path+".aaGuids", k.AAGUIDs)
}

func (c *checker) twice(path string, list []uuid.UUID) {
	for i, id := range list {
		if slices.Contains(list[:i], id) {
			c.add(fmt.Sprintf("%s[%d]", path, i), "is %s, which stands there twice", id)
		}
	}
}

func (c *checker) profiles(p Policy) {
	list := p.PasskeyProfiles
	if len(list) > MaxProfiles {
		c.add("passkeyProfiles", "has %d profiles; use at most %d", len(list), MaxProfiles)
	}
	if len(list) > 0 && (p.demandsAttestation() || p.PasskeyTypes != "" || p.KeyRestrictions.IsEnforced) {
		c.add("passkeyProfiles", "take the place of attestationEnforcement, passkeyTypes and keyRestrictions beside them; move those into the profiles")
	}
	if p.DefaultPasskeyProfile != "" && !slices.Contains(p.profileIDs(), p.DefaultPasskeyProfile) {
		c.add("defaultPasskeyProfile", "is %q, which is the id of no profile", p.DefaultPasskeyProfile)
	}
	for i, one := range list {
		path := fmt.Sprintf("passkeyProfiles[%d]", i)
		switch {
		case one.ID == "":
			c.add(path+".id", "is missing; targets name a profile by it")
		case slices.Contains(p.profileIDs()[:i], one.ID):
			c.add(path+".id", "is %q, which another profile has", one.ID)
		}
		word(c, path+".attestationEnforcement", one.AttestationEnforcement, EnforcementDisabled, EnforcementRegistrationOnly)
		word(c, path+".passkeyTypes", one.PasskeyTypes, TypeAny, TypeDeviceBound, TypeSynced, TypeBoth)
		if one.Attests() && one.PasskeyTypes == TypeSynced {
			c.add(path+".passkeyTypes", `is "synced" but attestation is enforced, which no passkey that syncs can meet; use "deviceBound" or "any"`)
		}
		c.restrictions(path+".keyRestrictions", one.KeyRestrictions)
	}
}

// targets checks groups; profiles are the ids that they may name.
func (c *checker) targets(path string, list []Target, profiles []string, kinds ...TargetType) {
	for i, target := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		if target.ID == "" {
			c.add(at+".id", "is missing; use a group's name, or %q", AllUsers)
		}
		word(c, at+".targetType", target.TargetType, kinds...)
		for j, id := range target.AllowedPasskeyProfiles {
			if !slices.Contains(profiles, id) {
				c.add(fmt.Sprintf("%s.allowedPasskeyProfiles[%d]", at, j), "is %q, which is the id of no profile", id)
			}
		}
	}
}

func (c *checker) pass(path string, p Pass) {
	word(c, path+".state", p.State, StateEnabled, StateDisabled)
	least, most := int(MinPassLifetime.Minutes()), int(MaxPassLifetime.Minutes())
	c.number(path+".minimumLifetimeInMinutes", p.MinimumLifetimeInMinutes, least, most)
	c.number(path+".maximumLifetimeInMinutes", p.MaximumLifetimeInMinutes, least, most)
	shortest, longest := p.MinimumLifetimeInMinutes, p.MaximumLifetimeInMinutes
	if shortest > 0 && longest > 0 && shortest > longest {
		c.add(path+".minimumLifetimeInMinutes", "is %d, more than maximumLifetimeInMinutes, which is %d", shortest, longest)
		shortest = least
	}
	c.number(path+".defaultLifetimeInMinutes", p.DefaultLifetimeInMinutes, max(least, shortest), or(longest, most))
	c.number(path+".defaultLength", p.DefaultLength, MinPassLength, MaxPassLength)
	c.targets(path+".includeTargets", p.IncludeTargets, nil, TargetGroup)
	c.targets(path+".excludeTargets", p.ExcludeTargets, nil, TargetGroup)
}

func or(value, otherwise int) int {
	if value > 0 {
		return value
	}
	return otherwise
}

func (c *checker) strength(path string, s Strength) {
	word(c, path+".id", s.ID, StrengthMFA, StrengthPasswordless, StrengthPhishingResistant, StrengthCustom)
	for i, combination := range s.AllowedCombinations {
		word(c, fmt.Sprintf("%s.allowedCombinations[%d]", path, i), combination, builtIn[StrengthMFA]...)
	}
	c.twice(path+".allowedAAGUIDs", s.AllowedAAGUIDs)
	switch custom := s.ID == StrengthCustom; {
	case custom && len(s.AllowedCombinations) == 0:
		c.add(path+".allowedCombinations", "is empty, so that nothing would be strong enough; list at least one of %s", oneOf(builtIn[StrengthMFA]))
	case !custom && len(s.AllowedCombinations) > 0:
		c.add(path+".allowedCombinations", `belongs to a custom strength; set id to "custom", or leave it out`)
	case !custom && len(s.AllowedAAGUIDs) > 0:
		c.add(path+".allowedAAGUIDs", `belongs to a custom strength; set id to "custom", or leave it out`)
	}
}

func (c *checker) campaign(path string, p Campaign) {
	word(c, path+".state", p.State, stateDefault, StateEnabled, StateDisabled)
	c.number(path+".snoozeDurationInDays", p.SnoozeDurationInDays, 0, MaxSnoozeDays)
	c.targets(path+".includeTargets", p.IncludeTargets, nil, TargetGroup, TargetUser)
	c.targets(path+".excludeTargets", p.ExcludeTargets, nil, TargetGroup, TargetUser)
}
