package virtualauth

import (
	"context"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// state is a set of what a command can leave pending for the next one (CTAP 2.2 §6, stateful commands).
type state uint

// remainingAssertions is what getNextAssertion continues.
const remainingAssertions state = 1

// handler decodes parameters, decides, and returns the struct to encode, or nil for a bare status.
type handler func(a *Authenticator, ctx context.Context, parameters []byte) (result any, err error)

// entry is one command.
type entry struct {
	handle handler
	keeps  state // what stays pending; everything else is dropped before the command starts
}

// commands is the whole command set; whatever it does not hold is INVALID_COMMAND. Never written after the program has
// started.
var commands = map[ctap2.Command]entry{
	ctap2.CommandMakeCredential:   {handle: with((*Authenticator).makeCredential)},
	ctap2.CommandGetAssertion:     {handle: with((*Authenticator).getAssertion)},
	ctap2.CommandGetNextAssertion: {handle: without((*Authenticator).getNextAssertion), keeps: remainingAssertions},
	ctap2.CommandGetInfo:          {handle: without((*Authenticator).getInfo)},
	ctap2.CommandReset:            {handle: without((*Authenticator).reset)},
	ctap2.CommandSelection:        {handle: without((*Authenticator).selection)},
}

func (a *Authenticator) dispatch(ctx context.Context, request []byte) (any, error) {
	if len(request) == 0 {
		return nil, ctap2.InvalidLength
	}
	if len(request) > a.model.maxMessageSize() {
		return nil, ctap2.RequestTooLarge
	}
	command, known := commands[ctap2.Command(request[0])]
	if !known {
		return nil, ctap2.InvalidCommand
	}
	if command.keeps&remainingAssertions == 0 {
		a.setPending(nil)
	}
	return command.handle(a, ctx, request[1:])
}

// with makes a handler of a command with parameters.
func with[Parameters, Result any](do func(*Authenticator, context.Context, *Parameters) (*Result, error)) handler {
	return func(a *Authenticator, ctx context.Context, raw []byte) (any, error) {
		parameters := new(Parameters)
		if err := ctap2.Unmarshal(raw, parameters); err != nil {
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

// nothing is the result of commands that have none.
type nothing struct{}

// some turns a typed nil and nothing into nil.
func some[Result any](result *Result, err error) (any, error) {
	if _, empty := any(result).(*nothing); err != nil || empty || result == nil {
		return nil, err
	}
	return result, nil
}
