// Package policy is the administrator's passkey policy as data, and its decisions.
//
// A Policy is what an administrator writes; its zero value is the open policy: everything that verifies is
// accepted, ten passkeys a user. Field names in JSON and YAML follow the Microsoft Graph resource that the
// modelled product uses, so that fixtures read alike. A decision is made about a Candidate, the facts of one
// verified credential, and never about anything a client merely claims outside its signed data. Decisions are
// pure functions: the same candidate and policy always give the same answer, at registration and at sign-in.
//
// Without attestation the AAGUID in the authenticator data is unsigned by any trust anchor and can be forged
// (WebAuthn L3 §6.5.1): a key restriction then is a hint that keeps honest people in the right place, not a
// control.
//
// # The document
//
// A policy is one document in YAML or JSON ([Parse]). Its top level is Graph's fido2AuthenticationMethodConfiguration;
// beside it stand the neighbours that decide about passkeys too: temporaryAccessPass, registrationCampaign,
// authenticationStrengths, and proofFreshness, which Graph has no name for. Three of them ship with the program
// ([Sample]). What is wrong with a document is told as [Problem] values: where it stands, and what is allowed there.
//
// # Who, what, when
//
// [Policy.Registration] says whether somebody may add passkeys at all: guest, method, groups (an exclusion beats an
// inclusion), self-service. [Policy.AtRegistration] judges what they made, [Policy.AtSignIn] what they come back
// with; the second does not ask for attestation again, so that switching it on locks nobody out.
package policy

import "github.com/google/uuid"

// DefaultMaxPasskeys is the number of passkeys a user may have when the policy does not say.
const DefaultMaxPasskeys = 10

// State says whether passkeys may be added at all.
type State string

// The states; the zero value is StateEnabled.
const (
	StateEnabled  State = "enabled"
	StateDisabled State = "disabled"
)

// Enforcement says how KeyRestrictions reads its list.
type Enforcement string

// The enforcement types.
const (
	EnforcementAllow Enforcement = "allow"
	EnforcementBlock Enforcement = "block"
)

// PasskeyType restricts passkeys by whether they may leave their device (the BE flag, WebAuthn L3 §6.1.3).
type PasskeyType string

// The passkey types; the zero value is TypeAny, and TypeBoth is Graph's way of writing it.
const (
	TypeAny         PasskeyType = "any"
	TypeDeviceBound PasskeyType = "deviceBound"
	TypeSynced      PasskeyType = "synced"
	TypeBoth        PasskeyType = "deviceBound,synced"
)

// Attestation is the attestation conveyance the options ask for (WebAuthn L3 §5.4.7).
type Attestation string

// The attestation conveyances; the zero value is AttestationNone. Enforced attestation asks for "direct" whatever
// stands here.
const (
	AttestationNone   Attestation = "none"
	AttestationDirect Attestation = "direct"
)

// AttestationEnforcement says whether a new passkey must prove its model by an attestation statement.
type AttestationEnforcement string

// The enforcements; the zero value is EnforcementDisabled. Sign-in never asks again: passkeys from before stay.
const (
	EnforcementDisabled         AttestationEnforcement = "disabled"
	EnforcementRegistrationOnly AttestationEnforcement = "registrationOnly"
)

// UserVerification is the user verification requirement of the options (WebAuthn L3 §5.8.6).
type UserVerification string

// The requirements; the zero value is UserVerificationRequired.
const (
	UserVerificationRequired  UserVerification = "required"
	UserVerificationPreferred UserVerification = "preferred"
)

// CounterRule says what a signature counter that does not grow means at sign-in (WebAuthn L3 §7.2 step 22).
type CounterRule string

// The counter rules; the zero value is CounterBlock.
const (
	CounterBlock CounterRule = "block"
	CounterWarn  CounterRule = "warn"
)

// KeyRestrictions is an allow list or block list of authenticator models.
type KeyRestrictions struct {
	IsEnforced      bool        `json:"isEnforced" yaml:"isEnforced"`
	EnforcementType Enforcement `json:"enforcementType" yaml:"enforcementType"`
	// AAGUIDs are the models, as UUIDs.
	AAGUIDs []uuid.UUID `json:"aaGuids" yaml:"aaGuids"`
}

// Policy is the whole of it. The zero value is the open policy.
type Policy struct {
	// Version is the version of the document's shape: DocumentVersion, or 0 for the same.
	Version int   `json:"version,omitempty" yaml:"version,omitempty"`
	State   State `json:"state,omitempty" yaml:"state,omitempty"`
	// IncludeTargets are the groups that may use passkeys; none means everybody. ExcludeTargets may not, whatever
	// else they belong to.
	IncludeTargets []Target `json:"includeTargets,omitempty" yaml:"includeTargets,omitempty"`
	ExcludeTargets []Target `json:"excludeTargets,omitempty" yaml:"excludeTargets,omitempty"`
	// IsGuestRegistrationAllowed lets guests of the organisation add passkeys; their home organisation should.
	IsGuestRegistrationAllowed bool `json:"isGuestRegistrationAllowed,omitempty" yaml:"isGuestRegistrationAllowed,omitempty"`
	// IsSelfServiceRegistrationAllowed nil or true lets users add passkeys themselves.
	IsSelfServiceRegistrationAllowed *bool `json:"isSelfServiceRegistrationAllowed,omitempty" yaml:"isSelfServiceRegistrationAllowed,omitempty"`
	// AttestationEnforcement, and IsAttestationEnforced, its older name: one of them is enough.
	AttestationEnforcement AttestationEnforcement `json:"attestationEnforcement,omitempty" yaml:"attestationEnforcement,omitempty"`
	IsAttestationEnforced  bool                   `json:"isAttestationEnforced,omitempty" yaml:"isAttestationEnforced,omitempty"`
	KeyRestrictions        KeyRestrictions        `json:"keyRestrictions,omitzero" yaml:"keyRestrictions,omitempty"`
	PasskeyTypes           PasskeyType            `json:"passkeyTypes,omitempty" yaml:"passkeyTypes,omitempty"`
	// PasskeyProfiles, at most MaxProfiles, take the place of the four settings above. A passkey passes if it meets
	// one profile fully. DefaultPasskeyProfile is the one of targets that name none; without it they have all.
	PasskeyProfiles       []Profile        `json:"passkeyProfiles,omitempty" yaml:"passkeyProfiles,omitempty"`
	DefaultPasskeyProfile string           `json:"defaultPasskeyProfile,omitempty" yaml:"defaultPasskeyProfile,omitempty"`
	Attestation           Attestation      `json:"attestation,omitempty" yaml:"attestation,omitempty"`
	UserVerification      UserVerification `json:"userVerification,omitempty" yaml:"userVerification,omitempty"`
	// MaxPasskeys 0 means DefaultMaxPasskeys.
	MaxPasskeys int         `json:"maxPasskeys,omitempty" yaml:"maxPasskeys,omitempty"`
	Counter     CounterRule `json:"counter,omitempty" yaml:"counter,omitempty"`

	ProofFreshness          ProofFreshness `json:"proofFreshness,omitzero" yaml:"proofFreshness,omitempty"`
	TemporaryAccessPass     Pass           `json:"temporaryAccessPass,omitzero" yaml:"temporaryAccessPass,omitempty"`
	AuthenticationStrengths Strengths      `json:"authenticationStrengths,omitzero" yaml:"authenticationStrengths,omitempty"`
	RegistrationCampaign    Campaign       `json:"registrationCampaign,omitzero" yaml:"registrationCampaign,omitempty"`
}

// DocumentVersion is the version of the document's shape that this package reads and writes.
const DocumentVersion = 1

// AllowList returns an open policy narrowed to the given models.
func AllowList(aaguids ...uuid.UUID) Policy {
	return Policy{KeyRestrictions: KeyRestrictions{IsEnforced: true, EnforcementType: EnforcementAllow, AAGUIDs: aaguids}}
}

// BlockList returns an open policy without the given models.
func BlockList(aaguids ...uuid.UUID) Policy {
	return Policy{KeyRestrictions: KeyRestrictions{IsEnforced: true, EnforcementType: EnforcementBlock, AAGUIDs: aaguids}}
}

// Limit returns the number of passkeys a user may have.
func (p Policy) Limit() int {
	if p.MaxPasskeys > 0 {
		return p.MaxPasskeys
	}
	return DefaultMaxPasskeys
}

// Enabled reports whether passkeys may be used at all.
func (p Policy) Enabled() bool { return p.State != StateDisabled }

// SelfService reports whether users may add passkeys themselves.
func (p Policy) SelfService() bool {
	return p.IsSelfServiceRegistrationAllowed == nil || *p.IsSelfServiceRegistrationAllowed
}

// RequiresUV reports whether a response without the UV flag is refused.
func (p Policy) RequiresUV() bool { return p.UserVerification != UserVerificationPreferred }

// BlocksCounter reports whether a counter that did not grow ends the sign-in.
func (p Policy) BlocksCounter() bool { return p.Counter != CounterWarn }
