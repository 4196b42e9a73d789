package virtualauth

import (
	"context"
	"errors"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// getTokenUsingUV issues a token by built-in verification (CTAP 2.3 §6.5.5.7.3). The gesture that verifies her shows that the
// user is present as well, so that the ceremony that follows asks for no second one.
func (a *Authenticator) getTokenUsingUV(ctx context.Context, c pinCall) (*ctap2.ClientPINResponse, error) {
	_, possible := a.model.permissions()
	wanted, err := wantedGrant(c.ClientPINRequest, possible)
	if err != nil {
		return nil, err
	}
	if !a.read((*Authenticator).uvReady) {
		return nil, ctap2.NotAllowed
	}
	secret, err := c.end.Decapsulate(c.KeyAgreement)
	if err != nil {
		return nil, err
	}
	_, err = a.performBuiltInUV(ctx, Prompt{Reason: ToAuthorize, RPID: wanted.rpID, Verify: true})
	switch {
	case errors.Is(err, errUVBlocked):
		return nil, ctap2.UVBlocked
	case errors.Is(err, errUVFailed):
		return nil, ctap2.UVInvalid
	case err != nil:
		return nil, err
	}
	wanted.present, wanted.at = true, a.world.Clock.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	end, err := a.end(*c.Protocol) // the power may have been cut meanwhile
	if err != nil {
		return nil, err
	}
	return a.answerToken(end, secret, wanted)
}
