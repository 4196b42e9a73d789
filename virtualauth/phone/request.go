package phone

import (
	"context"
	"errors"
	"slices"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// info is what the phone says about itself before anybody has chosen a provider: hence no AAGUID.
func (p *Phone) info() ([]byte, error) {
	body, err := p.getInfo()
	return slices.Concat([]byte{byte(ctap2.OK)}, body), err
}

// getInfo returns the CBOR of getInfo, which a computer learns in the handshake. Its transports become those of the passkey.
// Without the option uv, clients that want verification would ask for a selection instead.
func (p *Phone) getInfo() ([]byte, error) {
	return ctap2.Marshal(&ctap2.GetInfoResponse{
		Versions:   []string{"FIDO_2_0", "FIDO_2_1"},
		Extensions: []string{ctap2.ExtensionPRF},
		Options:    map[string]bool{"rk": true, "uv": true},
		Transports: []string{"hybrid", "internal"},
	})
}

// handler answers one command; what it fails with becomes a status, if refusals has one for it.
type handler func(c *ceremony, ctx context.Context, parameters []byte) ([]byte, error)

// handlers is never written after the program has started.
var handlers = map[ctap2.Command]handler{
	ctap2.CommandMakeCredential: (*ceremony).create,
	ctap2.CommandGetAssertion:   (*ceremony).signIn,
	ctap2.CommandGetInfo:        func(c *ceremony, _ context.Context, _ []byte) ([]byte, error) { return c.info() },
	ctap2.CommandSelection: func(c *ceremony, ctx context.Context, _ []byte) ([]byte, error) {
		return nil, c.fail(ctx, SelectionReceived, ctap2.OperationDenied)
	},
}

// Exchange answers a request from P10 on. It returns an error, and no response, when there is nobody left to give one.
func (c *ceremony) Exchange(ctx context.Context, request []byte) ([]byte, error) {
	c.received(request)
	if err := c.enter(ctx, P10); err != nil {
		return nil, err
	}
	response, err := c.handle(ctx, request)
	if err != nil {
		if ended(ctx) != nil {
			return nil, ended(ctx)
		}
		response = []byte{byte(statusOf(err))}
	}
	c.answered(response, err)
	c.unlocked = false // for one request only
	return response, nil
}

func (c *ceremony) handle(ctx context.Context, request []byte) ([]byte, error) {
	if len(request) == 0 {
		return nil, c.fail(ctx, BadCTAP, ctap2.InvalidLength)
	}
	handle, known := handlers[ctap2.Command(request[0])]
	if !known {
		return nil, c.fail(ctx, UnknownCommand, ctap2.InvalidCommand)
	}
	return handle(c, ctx, request[1:])
}

// statusOf is the status for what ended a request: the one that err holds, OPERATION_DENIED when it was the user, OTHER when it
// was the phone.
func statusOf(err error) ctap2.Status {
	if status, known := ctap2.StatusOf(err); known {
		return status
	}
	if errors.Is(err, ErrDeclined) || errors.Is(err, ErrLockedOut) {
		return ctap2.OperationDenied
	}
	return ctap2.Other
}

// received notes a request.
func (c *ceremony) received(request []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := Event{What: Asked, Bytes: slices.Clone(request)}
	if len(request) > 0 {
		c.outcome.Command, c.outcome.Answered, c.outcome.Sent = ctap2.Command(request[0]), false, false
		e.Title = c.outcome.Command.String()
	}
	c.note(e)
}

// answered notes a response, and why it was a refusal.
func (c *ceremony) answered(response []byte, why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.outcome.Answered, c.outcome.Status, c.outcome.Err = true, ctap2.Status(response[0]), why
	c.note(Event{What: Answered, Title: c.outcome.Status.String(), Bytes: slices.Clone(response)})
}

// decode reads parameters. It fails with the status for what cannot be read.
func (c *ceremony) decode(ctx context.Context, parameters []byte, into any) error {
	err := ctap2.UnmarshalDeep(parameters, into) // of prf
	if err == nil {
		return nil
	}
	class := BadCTAP
	if status, _ := ctap2.StatusOf(err); status == ctap2.InvalidCBOR {
		class = BadCBOR
	}
	return c.fail(ctx, class, err)
}

// create is makeCredential: the user chooses where to save, and that provider decides.
func (c *ceremony) create(ctx context.Context, parameters []byte) ([]byte, error) {
	var r ctap2.MakeCredentialRequest
	if err := c.decode(ctx, parameters, &r); err != nil {
		return nil, err
	}
	c.about(r.RP.ID)
	chosen, err := c.pick(ctx, c.toSave(&r))
	if err != nil {
		return nil, err
	}
	request := slices.Concat([]byte{byte(ctap2.CommandMakeCredential)}, parameters)
	response, err := c.askProvider(ctx, chosen, request)
	if err != nil {
		return nil, err
	}
	return response, c.saved(ctx, chosen)
}

// signIn is getAssertion: the user chooses a passkey of any provider, and that provider signs.
func (c *ceremony) signIn(ctx context.Context, parameters []byte) ([]byte, error) {
	var r ctap2.GetAssertionRequest
	if err := c.decode(ctx, parameters, &r); err != nil {
		return nil, err
	}
	c.about(r.RPID)
	if len(r.AllowList) == 0 && c.settingsNow().ListedOnly {
		return nil, c.fail(ctx, DiscoverableRequested, ctap2.UnsupportedOption)
	}
	chosen, err := c.pick(ctx, c.toSignIn(&r))
	if err != nil {
		return nil, err
	}
	request := slices.Concat([]byte{byte(ctap2.CommandGetAssertion)}, parameters)
	response, err := c.askProvider(ctx, chosen, request)
	if err != nil {
		return nil, err
	}
	response, err = markSelected(response)
	if err != nil {
		return nil, err
	}
	return response, c.signedIn(ctx, chosen)
}

// markSelected says that the user has chosen the account, so that the computer does not ask her again.
func markSelected(response []byte) ([]byte, error) {
	var answer ctap2.GetAssertionResponse
	if err := ctap2.Unmarshal(response[1:], &answer); err != nil {
		return nil, err
	}
	answer.UserSelected = true
	body, err := ctap2.Marshal(&answer)
	return slices.Concat(response[:1], body), err
}

func (c *ceremony) about(rpID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.outcome.RPID = rpID
}

// saved comes to P15 and P16 after a provider has saved a passkey.
func (c *ceremony) saved(ctx context.Context, chosen choice) error {
	c.mu.Lock()
	credentials := c.credentials(chosen.provider)
	c.outcome.SavedIn, c.settings.LastUsed = chosen.provider, chosen.provider
	if n := len(credentials); n > 0 {
		c.outcome.CredentialID = credentials[n-1].ID
	}
	c.mu.Unlock()
	return c.leave(ctx, screen{id: ScreenSaved, title: "Passkey saved", text: "Saved in " + chosen.provider + "."})
}

// signedIn comes to the end of a sign-in, by the same states but P15: nothing was saved.
func (c *ceremony) signedIn(ctx context.Context, chosen choice) error {
	c.mu.Lock()
	c.outcome.SignedInWith, c.settings.LastUsed = chosen.provider, chosen.provider
	c.mu.Unlock()
	return c.leave(ctx, screen{id: ScreenSignedIn, title: "Signed in on the computer", text: "With your passkey in " + chosen.provider + "."})
}

// leave comes to P15, if something was saved, and to P16, where the answer goes out under the screen that says so.
func (c *ceremony) leave(ctx context.Context, s screen) error {
	if s.id == ScreenSaved {
		if err := c.enter(ctx, P15); err != nil {
			return err
		}
	}
	c.mu.Lock()
	c.show(s)
	c.mu.Unlock()
	return c.enter(ctx, P16)
}
