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
package policy

import (
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
)

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

// The passkey types; the zero value is TypeAny.
const (
	TypeAny         PasskeyType = "any"
	TypeDeviceBound PasskeyType = "deviceBound"
	TypeSynced      PasskeyType = "synced"
)

// Attestation is the attestation conveyance the options ask for (WebAuthn L3 §5.4.7).
type Attestation string

// The attestation conveyances; the zero value is AttestationNone.
const (
	AttestationNone   Attestation = "none"
	AttestationDirect Attestation = "direct"
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
	State State `json:"state,omitempty" yaml:"state,omitempty"`
	// IsSelfServiceRegistrationAllowed nil or true lets users add passkeys themselves.
	IsSelfServiceRegistrationAllowed *bool            `json:"isSelfServiceRegistrationAllowed,omitempty" yaml:"isSelfServiceRegistrationAllowed,omitempty"`
	KeyRestrictions                  KeyRestrictions  `json:"keyRestrictions,omitzero" yaml:"keyRestrictions,omitempty"`
	PasskeyTypes                     PasskeyType      `json:"passkeyTypes,omitempty" yaml:"passkeyTypes,omitempty"`
	Attestation                      Attestation      `json:"attestation,omitempty" yaml:"attestation,omitempty"`
	UserVerification                 UserVerification `json:"userVerification,omitempty" yaml:"userVerification,omitempty"`
	// MaxPasskeys 0 means DefaultMaxPasskeys.
	MaxPasskeys int         `json:"maxPasskeys,omitempty" yaml:"maxPasskeys,omitempty"`
	Counter     CounterRule `json:"counter,omitempty" yaml:"counter,omitempty"`
}

// AllowList returns an open policy narrowed to the given models.
func AllowList(aaguids ...uuid.UUID) Policy {
	return Policy{KeyRestrictions: KeyRestrictions{IsEnforced: true, EnforcementType: EnforcementAllow, AAGUIDs: aaguids}}
}

// BlockList returns an open policy without the given models.
func BlockList(aaguids ...uuid.UUID) Policy {
	return Policy{KeyRestrictions: KeyRestrictions{IsEnforced: true, EnforcementType: EnforcementBlock, AAGUIDs: aaguids}}
}

// Validate reports every value that the policy does not know, each with the values it does.
func (p Policy) Validate() error {
	var errs []error
	check := func(field, value string, allowed ...string) {
		if value != "" && !slices.Contains(allowed, value) {
			errs = append(errs, fmt.Errorf("policy: %s is %q; use one of %q", field, value, allowed))
		}
	}
	check("state", string(p.State), string(StateEnabled), string(StateDisabled))
	check("passkeyTypes", string(p.PasskeyTypes), string(TypeAny), string(TypeDeviceBound), string(TypeSynced))
	check("attestation", string(p.Attestation), string(AttestationNone), string(AttestationDirect))
	check("userVerification", string(p.UserVerification), string(UserVerificationRequired), string(UserVerificationPreferred))
	check("counter", string(p.Counter), string(CounterBlock), string(CounterWarn))
	check("keyRestrictions.enforcementType", string(p.KeyRestrictions.EnforcementType), string(EnforcementAllow), string(EnforcementBlock))
	if p.KeyRestrictions.IsEnforced && p.KeyRestrictions.EnforcementType == "" {
		errs = append(errs, errors.New("policy: keyRestrictions.isEnforced is true but enforcementType is missing; use \"allow\" or \"block\""))
	}
	if p.MaxPasskeys < 0 {
		errs = append(errs, fmt.Errorf("policy: maxPasskeys is %d; use 0 for the default of %d, or a positive number", p.MaxPasskeys, DefaultMaxPasskeys))
	}
	return errors.Join(errs...)
}

// Limit returns the number of passkeys a user may have.
func (p Policy) Limit() int {
	if p.MaxPasskeys > 0 {
		return p.MaxPasskeys
	}
	return DefaultMaxPasskeys
}

// Enabled reports whether passkeys may be added at all.
func (p Policy) Enabled() bool { return p.State != StateDisabled }

// SelfService reports whether users may add passkeys themselves.
func (p Policy) SelfService() bool {
	return p.IsSelfServiceRegistrationAllowed == nil || *p.IsSelfServiceRegistrationAllowed
}

// RequiresUV reports whether a response without the UV flag is refused.
func (p Policy) RequiresUV() bool { return p.UserVerification != UserVerificationPreferred }

// BlocksCounter reports whether a counter that did not grow ends the sign-in.
func (p Policy) BlocksCounter() bool { return p.Counter != CounterWarn }
