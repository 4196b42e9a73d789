package client

import (
	"context"
	"errors"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// method is a way to have the user verified (CTAP 2.3 §6.5.3, §6.1.1, §6.2.1).
type method int

// The methods. Tokens by built-in verification or by PIN carry permissions and an RP ID; the older ways know neither.
const (
	unverified   method = iota
	builtInToken        // getPinUvAuthTokenUsingUvWithPermissions
	builtInUV           // the option "uv" of the request itself
	pinToken            // getPinUvAuthTokenUsingPinWithPermissions
	legacyToken         // getPinToken
)

// methods are those that can be used now, the one to try first in front. A PIN counts only where there is somebody to ask.
func (c *Client) methods(d *device) (list []method) {
	options := d.info.Options // absent: not able; false: able, but nobody has set it up
	tokens := options["pinUvAuthToken"]
	switch {
	case options["uv"] && tokens:
		list = append(list, builtInToken)
	case options["uv"]:
		list = append(list, builtInUV)
	}
	switch {
	case !options["clientPin"] || c.PIN == nil:
	case tokens && !options["noMcGaPermissionsWithClientPin"]:
		list = append(list, pinToken)
	case !tokens:
		list = append(list, legacyToken)
	}
	return list
}

// protected reports whether the authenticator verifies its user in any way, whoever is there to help it.
func (d *device) protected() bool { return d.info.Options["uv"] || d.info.Options["clientPin"] }

// verification decides whether a ceremony verifies the user (WebAuthn L3 §5.1.3 step 22, §5.1.4.2): required, preferred and
// discouraged against what the authenticator can do now. ok is false when it cannot do what is required.
func (c *Client) verification(d *device, requirement string) (verify, ok bool) {
	able := len(c.methods(d)) > 0
	always := able && d.info.Options["alwaysUv"]
	switch known(requirement) {
	case required:
		return true, able
	case preferred:
		return able, true
	}
	return always, true
}

// authorization is what a request carries to show that the user was verified. The zero value shows nothing.
type authorization struct {
	option   bool // the option "uv": the authenticator verifies while it answers
	protocol pinuv.Protocol
	token    []byte // a PIN/UV auth token
}

// verifies reports whether a command under it verifies the user.
func (a authorization) verifies() bool { return a.option || a.token != nil }

// param authenticates a message under the token; nil without one.
func (a authorization) param(message []byte) ctap2.Bytes {
	if a.token == nil {
		return nil
	}
	return a.protocol.Authenticate(a.token, message)
}

// number is the protocol's number, zero without a token.
func (a authorization) number() uint {
	if a.token == nil {
		return 0
	}
	return uint(a.protocol)
}

// grant is what a token is asked to be good for.
type grant struct {
	verify      bool // whether there is to be a token, or another proof, at all
	permissions pinuv.Permissions
	rpID        string
}

// authorized gets an authorization and performs a command with it. Where one method fails and another is left, it is tried:
// a finger that is not recognised leaves the PIN (CTAP 2.3 §6.1.1, §6.2.1). A command that turns out to need verification
// is tried again with it.
func (c *Client) authorized(ctx context.Context, d *device, g grant, command func(authorization) error) error {
	methods := c.methods(d)
	if !g.verify {
		methods = append([]method{unverified}, methods...)
		if c.Misbehave.SkipVerification {
			methods = methods[:1]
		}
	}
	err := errNotSuitable // what remains when there is no method
	for _, m := range methods {
		var a authorization
		if a, err = c.authorize(ctx, d, m, g); err == nil {
			err = command(a)
		}
		if !leavesAnotherMethod(err) {
			return err
		}
	}
	return err
}

func leavesAnotherMethod(err error) bool {
	return errors.Is(err, ctap2.PUATRequired) || errors.Is(err, ctap2.UVBlocked) || errors.Is(err, ctap2.UVInvalid)
}

func (c *Client) authorize(ctx context.Context, d *device, m method, g grant) (authorization, error) {
	switch m {
	case builtInUV:
		return authorization{option: true}, nil
	case builtInToken:
		return c.tokenByUV(ctx, d, g)
	case pinToken, legacyToken:
		return c.tokenByPIN(ctx, d, m, g)
	}
	return authorization{}, nil
}
