package webauthn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/cdp"
)

// AAGUID is what every virtual authenticator of Chromium reports; it cannot be changed. Scenarios that need another
// provider use the bridge.
const AAGUID = "01020304-0506-0708-0102-030405060708"

// Error is a command that the browser refused.
type Error struct {
	Command string // "addVirtualAuthenticator", …
	Code    int    // JSON-RPC: -32602 for arguments that make no sense, -32000 for what cannot be done now
	Reason  string // the browser's words
	Cause   error
}

// Error is the command and the browser's words.
func (e *Error) Error() string {
	return fmt.Sprintf("webauthn: %s: %s (%d)", e.Command, e.Reason, e.Code)
}

// Unwrap returns the *cdp.Error.
func (e *Error) Unwrap() error { return e.Cause }

// Environment is the virtual authenticator environment of one page. While it exists, the page's ceremonies go to its
// authenticators only: no dialog, no real device, not the bridge either.
type Environment struct{ page *rod.Page }

// Enable creates the environment of a page. It ends with Disable or with the page.
func Enable(ctx context.Context, page *rod.Page) (*Environment, error) {
	e := &Environment{page: page}
	return e, e.call(ctx, command{"enable", nil}, nil)
}

// EnableWithUI is Enable with the browser's own dialogs, as far as it has any in its mode.
func EnableWithUI(ctx context.Context, page *rod.Page) (*Environment, error) {
	e := &Environment{page: page}
	return e, e.call(ctx, command{"enable", map[string]any{"enableUI": true}}, nil)
}

// Disable removes the environment and all its authenticators.
func (e *Environment) Disable(ctx context.Context) error {
	return e.call(ctx, command{"disable", nil}, nil)
}

// Add adds an authenticator.
func (e *Environment) Add(ctx context.Context, o Options) (*Authenticator, error) {
	var reply struct {
		AuthenticatorID string `json:"authenticatorId"`
	}
	if o.Protocol == "" {
		o.Protocol = CTAP2
	}
	if o.Transport == "" {
		o.Transport = Internal
	}
	if err := e.call(ctx, command{"addVirtualAuthenticator", map[string]any{"options": o}}, &reply); err != nil {
		return nil, err
	}
	return &Authenticator{ID: reply.AuthenticatorID, env: e}, nil
}

// command is a name of the domain and its arguments, nil for none.
type command struct {
	name string
	args any
}

// call sends a command to the page and stores its result, when there is one to store.
func (e *Environment) call(ctx context.Context, c command, result any) error {
	if c.args == nil {
		c.args = struct{}{}
	}
	data, err := e.page.Call(ctx, string(e.page.SessionID), "WebAuthn."+c.name, c.args)
	if refused := (*cdp.Error)(nil); errors.As(err, &refused) {
		return &Error{Command: c.name, Code: refused.Code, Reason: refused.Message, Cause: err}
	}
	if err != nil {
		return fmt.Errorf("webauthn: %s: %w", c.name, err)
	}
	if result == nil {
		return nil
	}
	if err := json.Unmarshal(data, result); err != nil {
		return fmt.Errorf("webauthn: %s: read the reply: %w", c.name, err)
	}
	return nil
}
