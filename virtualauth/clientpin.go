package virtualauth

import (
	"context"
	"maps"
	"slices"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// This file is authenticatorClientPIN (CTAP 2.3 §6.5.5): its sub-commands as a table, and those that only tell something. What
// needs a PIN is in pin.go, what needs built-in verification in uvtoken.go.

// pinParameter is a set of parameters of a clientPIN request.
type pinParameter uint

const (
	hasProtocol pinParameter = 1 << iota
	hasKeyAgreement
	hasParam
	hasNewPIN
	hasPINHash
	hasPermissions
	hasRPID
)

// parametersOf are those that a request has.
func parametersOf(r *ctap2.ClientPINRequest) (has pinParameter) {
	for parameter, there := range map[pinParameter]bool{
		hasProtocol: r.Protocol != nil, hasKeyAgreement: r.KeyAgreement != nil, hasParam: r.PINUVAuthParam != nil,
		hasNewPIN: r.NewPINEnc != nil, hasPINHash: r.PINHashEnc != nil, hasPermissions: r.Permissions != nil, hasRPID: r.RPID != nil,
	} {
		if there {
			has |= parameter
		}
	}
	return has
}

// pinCommand is one sub-command.
type pinCommand struct {
	name string // as CTAP 2.3 §6.5.5 has it
	// supported says whether a model has it.
	supported func(Model) bool
	// required are the parameters without which the answer is MISSING_PARAMETER, forbidden those with which it is
	// INVALID_PARAMETER.
	required, forbidden pinParameter
	// do answers. The caller holds no lock; end is nil for sub-commands that require no protocol.
	do func(*Authenticator, context.Context, pinCall) (*ctap2.ClientPINResponse, error)
}

// pinCall is a request with the end of the protocol that it names.
type pinCall struct {
	*ctap2.ClientPINRequest
	end *pinuv.Authenticator
}

// pinCommands are all sub-commands of clientPIN; whatever the table does not hold is INVALID_SUBCOMMAND. Never written after the
// program has started.
var pinCommands = map[ctap2.ClientPINSubCommand]pinCommand{
	ctap2.GetPINRetries: {name: "getPINRetries", supported: hasPIN, do: (*Authenticator).getPINRetries},
	ctap2.GetUVRetries:  {name: "getUVRetries", supported: Model.countsUV, do: (*Authenticator).getUVRetries},
	ctap2.GetKeyAgreement: {
		name: "getKeyAgreement", supported: hasProtocols, required: hasProtocol, do: (*Authenticator).getKeyAgreement,
	},
	ctap2.SetPIN: {
		name: "setPIN", supported: hasPIN, required: hasProtocol | hasKeyAgreement | hasNewPIN | hasParam, do: locked((*Authenticator).setPIN),
	},
	ctap2.ChangePIN: {
		name: "changePIN", supported: hasPIN,
		required: hasProtocol | hasKeyAgreement | hasPINHash | hasNewPIN | hasParam, do: locked((*Authenticator).changePIN),
	},
	ctap2.GetPINToken: {
		name: "getPinToken", supported: hasPIN, required: hasProtocol | hasKeyAgreement | hasPINHash,
		forbidden: hasPermissions | hasRPID, do: locked((*Authenticator).getPINToken),
	},
	ctap2.GetTokenUsingPIN: {
		name: "getPinUvAuthTokenUsingPinWithPermissions", supported: func(m Model) bool { return hasPIN(m) && m.tokens() },
		required: hasProtocol | hasKeyAgreement | hasPINHash | hasPermissions, do: locked((*Authenticator).getTokenUsingPIN),
	},
	ctap2.GetTokenUsingUV: {
		name: "getPinUvAuthTokenUsingUvWithPermissions", supported: Model.uvTokens,
		required: hasProtocol | hasKeyAgreement | hasPermissions, do: (*Authenticator).getTokenUsingUV,
	},
}

// pinCommandNames are the names of the sub-commands, by number.
func pinCommandNames() (names []string) {
	for _, number := range slices.Sorted(maps.Keys(pinCommands)) {
		names = append(names, pinCommands[number].name)
	}
	return names
}

func hasPIN(m Model) bool       { return m.PIN.Supported }
func hasProtocols(m Model) bool { return len(m.protocols()) > 0 }

// locked runs a sub-command that asks nobody under the mutex, so that nothing changes between its checks and their outcome.
func locked(do func(*Authenticator, pinCall) (*ctap2.ClientPINResponse, error)) func(*Authenticator, context.Context, pinCall) (*ctap2.ClientPINResponse, error) {
	return func(a *Authenticator, _ context.Context, c pinCall) (*ctap2.ClientPINResponse, error) {
		a.mu.Lock()
		defer a.mu.Unlock()
		return do(a, c)
	}
}

// clientPIN is authenticatorClientPIN (CTAP 2.3 §6.5.5): it checks what all sub-commands share.
func (a *Authenticator) clientPIN(ctx context.Context, r *ctap2.ClientPINRequest) (*ctap2.ClientPINResponse, error) {
	if r.SubCommand == nil {
		return nil, ctap2.MissingParameter
	}
	command, known := pinCommands[*r.SubCommand]
	if !known || !command.supported(a.model) {
		return nil, ctap2.InvalidSubcommand
	}
	has := parametersOf(r)
	if has&command.required != command.required {
		return nil, ctap2.MissingParameter
	}
	if has&hasKeyAgreement != 0 {
		if err := ctap2.RequireMap("KeyAgreement", r.KeyAgreement); err != nil {
			return nil, err
		}
	}
	if has&command.forbidden != 0 {
		return nil, ctap2.InvalidParameter
	}
	call := pinCall{ClientPINRequest: r}
	if command.required&hasProtocol != 0 {
		end, err := a.lockedEnd(*r.Protocol)
		if err != nil {
			return nil, err
		}
		call.end = end
	}
	response, err := command.do(a, ctx, call)
	return response, pinError(err)
}

// lockedEnd is end under the mutex.
func (a *Authenticator) lockedEnd(protocol uint) (*pinuv.Authenticator, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.end(protocol)
}

// getPINRetries tells how many wrong PINs are left (CTAP 2.3 §6.5.5.2). powerCycleState is told where it is true, and always by
// an authenticator that knows of CTAP 2.1.
func (a *Authenticator) getPINRetries(context.Context, pinCall) (*ctap2.ClientPINResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	left, locked := uint(a.pinRetries()), a.session.locked() && a.pinRetries() > 0
	response := &ctap2.ClientPINResponse{PINRetries: &left}
	if locked || a.model.since21() {
		response.PowerCycleState = &locked
	}
	return response, nil
}

// getUVRetries tells how many failed built-in verifications are left (CTAP 2.3 §6.5.5.3).
func (a *Authenticator) getUVRetries(context.Context, pinCall) (*ctap2.ClientPINResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	left := uint(a.uvRetries())
	return &ctap2.ClientPINResponse{UVRetries: &left}, nil
}

// getKeyAgreement returns the public half of the key agreement key (CTAP 2.3 §6.5.5.4).
func (a *Authenticator) getKeyAgreement(_ context.Context, c pinCall) (*ctap2.ClientPINResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return &ctap2.ClientPINResponse{KeyAgreement: c.end.PublicKey()}, nil
}
