package policy

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// ProofFreshness says how old a proof of presence may be, in minutes; 0 leaves it to the relying party's timers.
type ProofFreshness struct {
	// RegisterInMinutes is the age at which adding, changing or deleting a passkey asks for a new proof; it is
	// judged when the options are issued.
	RegisterInMinutes int `json:"registerInMinutes,omitempty" yaml:"registerInMinutes,omitempty"`
	// ManageInMinutes is the age at which the sensitive parts of security info do.
	ManageInMinutes int `json:"manageInMinutes,omitempty" yaml:"manageInMinutes,omitempty"`
	// IsRecheckedAtVerify judges the proof again when the passkey arrives. Without it the challenge's life bounds
	// the proof's age at that moment.
	IsRecheckedAtVerify bool `json:"isRecheckedAtVerify,omitempty" yaml:"isRecheckedAtVerify,omitempty"`
}

// The bounds of a bootstrap pass, and what holds when the policy does not say.
const (
	MinPassLifetime = 10 * time.Minute
	MaxPassLifetime = 30 * 24 * time.Hour
	MinPassLength   = 8
	MaxPassLength   = 48

	defaultPassMinimum  = 60 * time.Minute
	defaultPassMaximum  = 8 * time.Hour
	defaultPassLifetime = 60 * time.Minute
)

// Pass is the policy of bootstrap passes (Graph: temporaryAccessPassAuthenticationMethodConfiguration). Zero lengths
// mean an hour, at least an hour, at most eight hours, and eight characters.
type Pass struct {
	State State `json:"state,omitempty" yaml:"state,omitempty"`
	// IsUsableOnce restricts all passes to one use; without it each pass says so itself.
	IsUsableOnce             bool     `json:"isUsableOnce,omitempty" yaml:"isUsableOnce,omitempty"`
	DefaultLifetimeInMinutes int      `json:"defaultLifetimeInMinutes,omitempty" yaml:"defaultLifetimeInMinutes,omitempty"`
	MinimumLifetimeInMinutes int      `json:"minimumLifetimeInMinutes,omitempty" yaml:"minimumLifetimeInMinutes,omitempty"`
	MaximumLifetimeInMinutes int      `json:"maximumLifetimeInMinutes,omitempty" yaml:"maximumLifetimeInMinutes,omitempty"`
	DefaultLength            int      `json:"defaultLength,omitempty" yaml:"defaultLength,omitempty"`
	IncludeTargets           []Target `json:"includeTargets,omitempty" yaml:"includeTargets,omitempty"`
	ExcludeTargets           []Target `json:"excludeTargets,omitempty" yaml:"excludeTargets,omitempty"`
}

// Allows reports whether somebody may use passes.
func (p Pass) Allows(s Subject) bool {
	return p.State != StateDisabled && targeted(p.IncludeTargets, p.ExcludeTargets, s)
}

// Lifetimes returns the shortest, the usual and the longest life of a pass.
func (p Pass) Lifetimes() (shortest, usual, longest time.Duration) {
	or := func(minutes int, otherwise time.Duration) time.Duration {
		if minutes > 0 {
			return time.Duration(minutes) * time.Minute
		}
		return otherwise
	}
	shortest, longest = or(p.MinimumLifetimeInMinutes, defaultPassMinimum), or(p.MaximumLifetimeInMinutes, defaultPassMaximum)
	longest = max(shortest, longest)
	return shortest, min(max(or(p.DefaultLifetimeInMinutes, defaultPassLifetime), shortest), longest), longest
}

// Length returns how many characters a pass has.
func (p Pass) Length() int {
	if p.DefaultLength > 0 {
		return p.DefaultLength
	}
	return MinPassLength
}

// Combination is one way of signing in or proving presence, by Graph's authenticationMethodModes.
type Combination string

// The combinations that this relying party knows.
const (
	CombinationPasskey      Combination = "fido2"
	CombinationPassOneTime  Combination = "temporaryAccessPassOneTime"
	CombinationPassMultiUse Combination = "temporaryAccessPassMultiUse"
	CombinationPasswordCode Combination = "password,softwareOath"
)

// StrengthID names an authentication strength.
type StrengthID string

// The strengths; the zero value is StrengthMFA. Custom ones list their combinations.
const (
	StrengthMFA               StrengthID = "mfa"
	StrengthPasswordless      StrengthID = "passwordless"
	StrengthPhishingResistant StrengthID = "phishingResistant"
	StrengthCustom            StrengthID = "custom"
)

// builtIn are the combinations of the built-in strengths.
var builtIn = map[StrengthID][]Combination{
	StrengthMFA:               {CombinationPasskey, CombinationPassOneTime, CombinationPassMultiUse, CombinationPasswordCode},
	StrengthPasswordless:      {CombinationPasskey},
	StrengthPhishingResistant: {CombinationPasskey},
}

// Strength is what a proof must be made of.
type Strength struct {
	ID StrengthID `json:"id,omitempty" yaml:"id,omitempty"`
	// AllowedCombinations belong to a custom strength; AllowedAAGUIDs narrow its passkeys to some models.
	AllowedCombinations []Combination `json:"allowedCombinations,omitempty" yaml:"allowedCombinations,omitempty"`
	AllowedAAGUIDs      []uuid.UUID   `json:"allowedAAGUIDs,omitempty" yaml:"allowedAAGUIDs,omitempty"`
	// IsTemporaryAccessPassAccepted accepts a bootstrap pass too. Without it a strength that only a passkey meets
	// keeps people who have none from getting their first.
	IsTemporaryAccessPassAccepted bool `json:"isTemporaryAccessPassAccepted,omitempty" yaml:"isTemporaryAccessPassAccepted,omitempty"`
}

// Meets reports whether a proof is strong enough. aaguid is the passkey's model, and means nothing for other proofs.
func (s Strength) Meets(c Combination, aaguid uuid.UUID) bool {
	isPass := c == CombinationPassOneTime || c == CombinationPassMultiUse
	if isPass && s.IsTemporaryAccessPassAccepted {
		return true
	}
	allowed := s.AllowedCombinations
	if s.ID != StrengthCustom {
		allowed = builtIn[s.id()]
	}
	if !slices.Contains(allowed, c) {
		return false
	}
	return c != CombinationPasskey || len(s.AllowedAAGUIDs) == 0 || slices.Contains(s.AllowedAAGUIDs, aaguid)
}

func (s Strength) id() StrengthID {
	if s.ID == "" {
		return StrengthMFA
	}
	return s.ID
}

// Strengths are the strengths by what they protect.
type Strengths struct {
	// RegisterSecurityInfo protects adding, changing and deleting passkeys; SignIn everything.
	RegisterSecurityInfo Strength `json:"registerSecurityInfo,omitzero" yaml:"registerSecurityInfo,omitempty"`
	SignIn               Strength `json:"signIn,omitzero" yaml:"signIn,omitempty"`
}

// The bounds of a campaign.
const (
	// MaxSnoozeDays is the longest snooze; AllowedSnoozes how often somebody may snooze a campaign that is enforced.
	MaxSnoozeDays  = 14
	AllowedSnoozes = 3
)

// Campaign asks people who have no passkey to add one after they have signed in (Graph: registrationCampaign).
type Campaign struct {
	// State "" and "default" are off, as in Graph.
	State State `json:"state,omitempty" yaml:"state,omitempty"`
	// SnoozeDurationInDays is how long "Not now" lasts; 0 asks at every sign-in.
	SnoozeDurationInDays int `json:"snoozeDurationInDays,omitempty" yaml:"snoozeDurationInDays,omitempty"`
	// EnforceRegistrationAfterAllowedSnoozes takes "Not now" away after AllowedSnoozes.
	EnforceRegistrationAfterAllowedSnoozes bool     `json:"enforceRegistrationAfterAllowedSnoozes,omitempty" yaml:"enforceRegistrationAfterAllowedSnoozes,omitempty"`
	IncludeTargets                         []Target `json:"includeTargets,omitempty" yaml:"includeTargets,omitempty"`
	ExcludeTargets                         []Target `json:"excludeTargets,omitempty" yaml:"excludeTargets,omitempty"`
}

// stateDefault is Graph's word for a campaign that nobody configured.
const stateDefault State = "default"

// Asks reports whether the campaign is about somebody.
func (c Campaign) Asks(s Subject) bool {
	return c.State == StateEnabled && targeted(c.IncludeTargets, c.ExcludeTargets, s)
}

// SnoozesLeft returns how often somebody who snoozed that many times may do so again; -1 means always.
func (c Campaign) SnoozesLeft(snoozed int) int {
	if !c.EnforceRegistrationAfterAllowedSnoozes {
		return -1
	}
	return max(0, AllowedSnoozes-snoozed)
}
