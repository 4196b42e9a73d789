package virtualauth

import (
	"context"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// state is a set of what a command can leave pending for the next one (CTAP 2.3 §6, stateful commands).
type state uint

// remainingAssertions is what getNextAssertion continues.
const remainingAssertions state = 1

// handler decodes parameters, decides, and returns the struct to encode, or nil for a bare status.
type handler func(a *Authenticator, ctx context.Context, parameters []byte) (result any, err error)

// entry is one command.
type entry struct {
	section string // of CTAP 2.3, which also tells it in the package documentation
	handle  handler
	keeps   state // what stays pending; everything else is dropped before the command starts
	// supported says whether a model has the command; nil means that all have it.
	supported func(Model) bool
	// subCommands are the names of its sub-commands, by number; nil where it has none.
	subCommands func() []string
}

// commands is the whole command set; whatever it does not hold is INVALID_COMMAND. Never written after the program has
// started.
var commands = map[ctap2.Command]entry{
	ctap2.CommandMakeCredential:   {section: "6.1", handle: with((*Authenticator).makeCredential)},
	ctap2.CommandGetAssertion:     {section: "6.2", handle: with((*Authenticator).getAssertion)},
	ctap2.CommandGetNextAssertion: {section: "6.3", handle: without((*Authenticator).getNextAssertion), keeps: remainingAssertions},
	ctap2.CommandGetInfo:          {section: "6.4", handle: without((*Authenticator).getInfo)},
	ctap2.CommandClientPIN: {
		section: "6.5", handle: with((*Authenticator).clientPIN), supported: hasProtocols, subCommands: pinCommandNames,
	},
	ctap2.CommandReset:     {section: "6.6", handle: without((*Authenticator).reset)},
	ctap2.CommandSelection: {section: "6.9", handle: without((*Authenticator).selection), supported: Model.since21},
	ctap2.CommandConfig: {
		section: "6.11", handle: with((*Authenticator).config), supported: hasConfig, subCommands: configCommandNames,
	},
	ctap2.CommandBioEnrollment: {
		section: "6.7", handle: with((*Authenticator).bioEnrollment), keeps: pendingEnrolment, supported: enrols,
		subCommands: bioSubCommandNames,
	},
	ctap2.CommandCredentialManagement: {
		section: "6.8", handle: with((*Authenticator).credentialManagement), keeps: remainingEnumeration, supported: manages,
		subCommands: managementSubCommandNames,
	},
	ctap2.CommandLargeBlobs: {
		section: "6.10", handle: with((*Authenticator).largeBlobs), keeps: pendingBlobs, supported: keepsBlobs,
	},
	ctap2.CommandBioEnrollmentPrototype: {
		section: "6.12", handle: with((*Authenticator).bioEnrollment), keeps: pendingEnrolment, supported: enrolsByPrototype,
	},
	ctap2.CommandCredentialManagementPrototype: {
		section: "6.13", handle: with((*Authenticator).credentialManagement), keeps: remainingEnumeration,
		supported: managesByPrototype,
	},
}

func (a *Authenticator) dispatch(ctx context.Context, request []byte) (any, error) {
	if len(request) == 0 {
		return nil, ctap2.InvalidLength
	}
	if len(request) > a.model.maxMessageSize() {
		return nil, ctap2.RequestTooLarge
	}
	command, known := commands[ctap2.Command(request[0])]
	if !known || !a.model.since20() || command.supported != nil && !command.supported(a.model) {
		return nil, ctap2.InvalidCommand
	}
	a.dropPending(command.keeps)
	return command.handle(a, ctx, request[1:])
}

// with makes a handler of a command with parameters.
func with[Parameters, Result any](do func(*Authenticator, context.Context, *Parameters) (*Result, error)) handler {
	return func(a *Authenticator, ctx context.Context, raw []byte) (any, error) {
		parameters := new(Parameters)
		read := ctap2.Unmarshal
		if a.model.extends(ctap2.ExtensionPRF) {
			read = ctap2.UnmarshalDeep
		}
		if err := read(raw, parameters); err != nil {
			return nil, err
		}
		return some(do(a, ctx, parameters))
	}
}

// without makes a handler of a command without parameters. Bytes where none belong are INVALID_LENGTH: ignoring them would
// hide a client that confuses commands.
func without[Result any](do func(*Authenticator, context.Context) (*Result, error)) handler {
	return func(a *Authenticator, ctx context.Context, raw []byte) (any, error) {
		if len(raw) > 0 {
			return nil, ctap2.InvalidLength
		}
		return some(do(a, ctx))
	}
}

// decodeParameters reads the parameters of a sub-command, which may have none.
func decodeParameters(raw cbor.RawMessage, parameters any) error {
	if raw == nil {
		return nil
	}
	return ctap2.Unmarshal(raw, parameters)
}

// nothing is the result of commands that have none.
type nothing struct{}

// some turns a typed nil and nothing into nil.
func some[Result any](result *Result, err error) (any, error) {
	if _, empty := any(result).(*nothing); err != nil || empty || result == nil {
		return nil, err
	}
	return result, nil
}
