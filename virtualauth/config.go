package virtualauth

import (
	"context"
	"slices"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// This file is authenticatorConfig (CTAP 2.3 §6.11).

// configCommand is one sub-command. The caller of do holds the mutex.
type configCommand struct {
	number    ctap2.ConfigSubCommand
	name      string // as CTAP 2.3 §6.11 has it
	supported func(Model) bool
	do        func(*Authenticator, *ctap2.ConfigRequest) error
}

// configCommands are all sub-commands of config, by number; what a model does not support is INVALID_SUBCOMMAND. Never written
// after the program has started.
var configCommands = []configCommand{
	{ctap2.EnableEnterpriseAttestation, "enableEnterpriseAttestation",
		func(m Model) bool { return m.Config.Enterprise }, (*Authenticator).enableEnterpriseAttestation},
	{ctap2.ToggleAlwaysUV, "toggleAlwaysUv",
		func(m Model) bool { return m.Config.ToggleAlwaysUV }, (*Authenticator).toggleAlwaysUV},
	{ctap2.SetMinPINLength, "setMinPINLength",
		Model.setsMinPINLength, (*Authenticator).setMinPINLength},
	{ctap2.EnableLongTouchForReset, "enableLongTouchForReset",
		func(m Model) bool { return m.Config.LongTouchForReset }, (*Authenticator).enableLongTouchForReset},
	{ctap2.VendorPrototype, "vendorPrototype",
		func(m Model) bool { return len(m.Config.VendorCommands) > 0 }, (*Authenticator).vendorPrototype},
}

// configCommandNames are the names of the sub-commands, by number.
func configCommandNames() (names []string) {
	for _, c := range configCommands {
		names = append(names, c.name)
	}
	return names
}

// hasConfig reports whether there is authenticatorConfig at all: the option authnrCfg.
func hasConfig(m Model) bool { return len(m.configCommands()) > 0 }

// configCommands are the sub-commands that a model supports.
func (m Model) configCommands() (numbers []ctap2.ConfigSubCommand) {
	for _, command := range configCommands {
		if command.supported(m) {
			numbers = append(numbers, command.number)
		}
	}
	return numbers
}

// config is authenticatorConfig (CTAP 2.3 §6.11): it finds the sub-command and checks its authorization.
func (a *Authenticator) config(_ context.Context, r *ctap2.ConfigRequest) (*nothing, error) {
	if r.SubCommand == nil {
		return nil, ctap2.MissingParameter
	}
	i := slices.IndexFunc(configCommands, func(c configCommand) bool { return c.number == *r.SubCommand })
	if i < 0 || !configCommands[i].supported(a.model) {
		return nil, ctap2.InvalidSubcommand
	}
	if r.Parameters != nil {
		if err := ctap2.RequireMap("Parameters", r.Parameters); err != nil {
			return nil, err
		}
	}
	if a.configNeedsToken(*r.SubCommand) {
		if _, err := a.verifyToken(authorization{
			protocol: r.Protocol, param: r.PINUVAuthParam,
			message: ctap2.ConfigMessage(*r.SubCommand, r.Parameters), permission: pinuv.ACFG,
		}); err != nil {
			return nil, err
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return nil, configCommands[i].do(a, r)
}

// configNeedsToken reports whether a sub-command must be authorized: not on a device that nothing protects, unless it is always
// to verify; and even then whoever owns it may switch that off again, because no token can be had.
func (a *Authenticator) configNeedsToken(command ctap2.ConfigSubCommand) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.protected() || a.alwaysUV() && command != ctap2.ToggleAlwaysUV
}

// enableEnterpriseAttestation is CTAP 2.3 §6.11.1. Enabling it twice is no error.
func (a *Authenticator) enableEnterpriseAttestation(*ctap2.ConfigRequest) error {
	a.settings.EnterpriseAttestation = true
	return nil
}

// toggleAlwaysUV is CTAP 2.3 §6.11.2.
func (a *Authenticator) toggleAlwaysUV(*ctap2.ConfigRequest) error {
	a.settings.AlwaysUVToggled = !a.settings.AlwaysUVToggled
	return nil
}

// enableLongTouchForReset is CTAP 2.3 §6.11.5.
func (a *Authenticator) enableLongTouchForReset(*ctap2.ConfigRequest) error {
	a.settings.LongTouchForReset = true
	return nil
}

// vendorPrototype acknowledges the numbers that the model lists (CTAP 2.3 §6.11.3).
func (a *Authenticator) vendorPrototype(r *ctap2.ConfigRequest) error {
	var parameters ctap2.VendorParameters
	if err := decodeParameters(r.Parameters, &parameters); err != nil {
		return err
	}
	if parameters.Command == nil {
		return ctap2.MissingParameter
	}
	if !slices.Contains(a.model.Config.VendorCommands, *parameters.Command) {
		return ctap2.InvalidParameter
	}
	return nil
}

// setMinPINLength is CTAP 2.3 §6.11.4: every check comes before the first change.
func (a *Authenticator) setMinPINLength(r *ctap2.ConfigRequest) error {
	var p ctap2.MinPINLengthParameters
	if err := decodeParameters(r.Parameters, &p); err != nil {
		return err
	}
	length := a.minPINLength()
	if p.NewMinPINLength != nil {
		if *p.NewMinPINLength < uint(length) || *p.NewMinPINLength > uint(a.model.PIN.maxLength()) {
			return ctap2.PINPolicyViolation
		}
		length = int(*p.NewMinPINLength)
	}
	force := p.ForceChangePIN != nil && *p.ForceChangePIN
	complexity := p.PINComplexityPolicy != nil && *p.PINComplexityPolicy
	switch {
	case force && !a.pinSet():
		return ctap2.PINNotSet
	case len(p.RPIDs) > a.model.Config.MaxRPIDs:
		return ctap2.KeyStoreFull
	case complexity && a.model.PIN.Complex == nil:
		return ctap2.InvalidParameter
	}
	a.settings.MinPINLength = length
	if p.RPIDs != nil {
		a.settings.MinPINLengthRPIDs = slices.Clone(p.RPIDs)
	}
	// A PIN that was never judged by the policy has to prove itself, because its text is not known any more.
	tightened := complexity && !a.complexPINs()
	a.settings.PINComplexity = a.settings.PINComplexity || complexity
	if a.pinSet() && (force || tightened || a.settings.PINLength < length) {
		return a.forcePINChange()
	}
	return nil
}

// forcePINChange makes the PIN and all tokens worthless until it was changed.
func (a *Authenticator) forcePINChange() error {
	a.settings.ForcePINChange = true
	a.settings.PersistentToken = nil
	return a.resetTokens()
}
