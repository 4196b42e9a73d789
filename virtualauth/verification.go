package virtualauth

import (
	"context"
	"errors"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// This file decides how the user of a ceremony is verified: the steps that makeCredential and getAssertion share from the
// zero-length pinUvAuthParam to built-in verification (CTAP 2.3 §6.1.2, §6.2.2).

// proof is how a request says that its user is verified.
type proof struct {
	protocol *uint  // nil: missing
	param    []byte // nil: absent
	message  []byte // the client data hash
	uv       bool   // the option "uv"
}

// newProof reads it from the members of a request. A param makes the option "uv" meaningless.
func newProof(protocol uint, param, clientDataHash []byte, o *ctap2.Options) proof {
	p := proof{param: param, message: clientDataHash}
	if protocol != 0 {
		p.protocol = new(protocol) // and not its address, which would put it on the heap in every request
	}
	p.uv = param == nil && o != nil && o.UserVerification != nil && *o.UserVerification
	return p
}

// open takes the steps on pinUvAuthParam with which both ceremonies begin.
func (a *Authenticator) open(ctx context.Context, p proof, rpID string) error {
	if err := a.probe(ctx, p, rpID); err != nil {
		return err
	}
	return p.check(a)
}

// probe answers a zero-length pinUvAuthParam, by which platforms ask for a touch of the authenticator that the user wants to
// use (CTAP 2.3 §6.1.2 and §6.2.2, first step). It returns nil when the request is no such question.
func (a *Authenticator) probe(ctx context.Context, p proof, rpID string) error {
	if p.param == nil || len(p.param) > 0 || len(a.model.protocols()) == 0 {
		return nil
	}
	if _, err := a.ask(ctx, Prompt{Reason: ToSelect, RPID: rpID}); err != nil {
		return err
	}
	if a.read((*Authenticator).protected) {
		return ctap2.PINInvalid
	}
	return ctap2.PINNotSet
}

// check judges pinUvAuthProtocol where there is a pinUvAuthParam, and the option "uv" where there is none (CTAP 2.3 §6.1.2
// and §6.2.2, protocol and option steps).
func (p proof) check(a *Authenticator) error {
	if p.param == nil {
		if p.uv && !a.read((*Authenticator).uvReady) {
			return ctap2.InvalidOption
		}
		return nil
	}
	if p.protocol == nil {
		return ctap2.MissingParameter
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	_, err := a.end(*p.protocol)
	return err
}

// always applies the option alwaysUv to a ceremony that needs the user's presence: a device that nothing protects refuses
// whatever the request brings, and built-in verification is switched on where nothing else verifies (CTAP 2.3 §6.1.2 and
// §6.2.2, alwaysUv step).
func (p *proof) always(a *Authenticator) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.alwaysUV() || a.protected() && p.given() {
		return nil
	}
	if a.uvReady() {
		p.uv = true
		return nil
	}
	if a.model.PIN.Supported && !a.model.PIN.NoCeremonies {
		return ctap2.PUATRequired
	}
	return ctap2.OperationDenied
}

// given reports whether the request verifies its user in one way or the other.
func (p proof) given() bool { return p.param != nil || p.uv }

// unverified is the status for a ceremony that needs verification, or whose built-in verification has failed: a platform may
// come back with a token by PIN where that is possible (CTAP 2.3 §6.1.2, makeCredUvNotRqd and built-in verification steps).
func (a *Authenticator) unverified() ctap2.Status {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.pinSet() && !a.model.PIN.NoCeremonies {
		return ctap2.PUATRequired
	}
	return ctap2.OperationDenied
}

// byToken checks the token of a request that brings one, and reports what it proves (CTAP 2.3 §6.1.2 and §6.2.2,
// pinUvAuthParam step).
func (p proof) byToken(a *Authenticator, permission pinuv.Permissions, rpID string) (gesture, error) {
	if p.param == nil {
		return gesture{}, nil
	}
	present, err := a.verifyCeremony(authorization{
		protocol: p.protocol, param: p.param, message: p.message, permission: permission,
	}, rpID)
	if err != nil {
		return gesture{}, err
	}
	return gesture{present: present, verified: true}, nil
}

// askFor asks for what a ceremony still lacks: presence, unless the token proves it, and built-in verification where the
// request wants it, both in one gesture.
func (a *Authenticator) askFor(ctx context.Context, p Prompt, proven gesture) (Consent, error) {
	if proven.present { // and hence nothing to verify: a token makes the option "uv" meaningless
		return Consent{Present: true}, nil
	}
	return a.ask(ctx, p)
}

// Results of built-in user verification, other than the answers of a user who declines or is late.
var (
	errUVFailed  = errors.New("built-in user verification failed")
	errUVBlocked = errors.New("built-in user verification is blocked")
)

// uvStatus is the status of a ceremony whose built-in verification ended so; other errors stay as they are. While a PIN can
// stand in, it is PUAT_REQUIRED, blocked or not: that is what CTAP 2.1 §6.1.2 asks first, and platforms that were told
// PIN_BLOCKED would give up a PIN that is sound and that would unblock built-in verification. Where none can, it is
// PIN_BLOCKED once no attempt is left, the last one included, and OPERATION_DENIED before (CTAP 2.3 §6.1.2 and §6.2.2,
// built-in verification steps).
func (a *Authenticator) uvStatus(err error) error {
	switch {
	case errors.Is(err, errUVBlocked):
		if instead := a.unverified(); instead != ctap2.OperationDenied {
			return instead
		}
		return ctap2.PINBlocked
	case errors.Is(err, errUVFailed):
		return a.unverified()
	}
	return err
}

// beginUV counts an attempt at built-in verification as failed, and makes that durable, before the user is asked: cutting the
// power while she is wins nothing (CTAP 2.3 §6.5.3.1, performBuiltInUv). It returns how many there were before, and fails with
// errUVBlocked when none is left.
func (a *Authenticator) beginUV(ctx context.Context) (before int, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.uvRetries() == 0 {
		return 0, errUVBlocked
	}
	before = a.settings.UVFailures
	if !a.Misbehave.KeepUVRetries {
		a.settings.UVFailures++
	}
	return before, a.keepSettings(context.WithoutCancel(ctx))
}

// endUV settles the count by what became of the attempt. A success sets it back; an attempt that nobody made, because she
// declined, was late or was never asked, leaves it as it was before.
func (a *Authenticator) endUV(before int, c Consent, err error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	tried := c.Present && !c.Refused && !c.Late
	switch {
	case err == nil:
		a.settings.UVFailures = 0
		a.settings.UVSuccesses++
	case !tried || c.Verified: // verified, and then the request was taken back
		a.settings.UVFailures = before
	case errors.Is(err, errUVFailed) && a.uvRetries() == 0:
		return errUVBlocked
	}
	return err
}
