package virtualauth

import (
	"errors"
	"slices"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// This file issues and checks PIN/UV auth tokens (CTAP 2.3 §6.5.2, §6.5.5.7).

// authorization is a pinUvAuthParam, and what it must prove.
type authorization struct {
	// protocol and param are those of the request; nil means that the request has none.
	protocol *uint
	param    []byte
	// message is what param must authenticate, as the command's section says.
	message []byte
	// permission is what the token must be good for.
	permission pinuv.Permissions
	// readOnly says that the persistent token, whose permission is pcmr, will do as well.
	readOnly bool
}

// verifyToken checks the authorization of a command under the token in use, in the order that all commands share (CTAP 2.3
// §6.8, §6.11):
//
//	no pinUvAuthParam                     PUAT_REQUIRED
//	no pinUvAuthProtocol                  MISSING_PARAMETER
//	a protocol it does not speak          INVALID_PARAMETER
//	anything else that does not fit       PIN_AUTH_INVALID
//
// It returns the RP ID that the token is bound to, which is empty when it is bound to none: what that means for a command
// is for the command to judge.
func (a *Authenticator) verifyToken(auth authorization) (boundTo string, err error) {
	if auth.param == nil {
		return "", ctap2.PUATRequired
	}
	if auth.protocol == nil {
		return "", ctap2.MissingParameter
	}
	now := a.world.Clock.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	end, err := a.end(*auth.protocol)
	if err != nil {
		return "", err
	}
	if auth.readOnly && a.verifyPersistent(end.Protocol(), auth) {
		return "", nil
	}
	if err := end.Verify(now, auth.message, auth.param); err != nil {
		return "", ctap2.PINAuthInvalid
	}
	if !end.Token.Has(auth.permission) && !a.Misbehave.IgnorePermissions {
		return "", ctap2.PINAuthInvalid
	}
	return end.Token.RPID(), nil
}

// verifyPersistent reports whether the persistent token authorizes.
func (a *Authenticator) verifyPersistent(protocol pinuv.Protocol, auth authorization) bool {
	token := a.settings.PersistentToken
	return token != nil && protocol.Verify(token, auth.message, auth.param) == nil
}

// verifyCeremony checks the authorization of makeCredential or getAssertion for an RP ID, and binds a token that is not
// bound yet to it (CTAP 2.3 §6.1.2 and §6.2.2, pinUvAuthParam steps). It reports whether the token also proves that the
// user is present.
func (a *Authenticator) verifyCeremony(auth authorization, rpID string) (present bool, err error) {
	boundTo, err := a.verifyToken(auth)
	if err != nil {
		return false, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	end, err := a.end(*auth.protocol)
	if err != nil {
		return false, err
	}
	switch {
	case !end.Token.UserVerifiedFlag():
		return false, ctap2.PINAuthInvalid
	case boundTo == "":
		end.Token.Bind(rpID)
	case boundTo != rpID && !a.Misbehave.IgnoreTokenRPID:
		return false, ctap2.PINAuthInvalid
	}
	return end.Token.UserPresentFlag(), nil
}

// endGesture takes from the token in use what one gesture of the user was good for (CTAP 2.3 §6.1.2 and §6.2.2, user
// presence steps).
func (a *Authenticator) endGesture() {
	if a.Misbehave.KeepPermissions {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, end := range a.session.ends {
		end.Token.ClearUserPresentFlag()
		end.Token.ClearUserVerifiedFlag()
		end.Token.ClearPermissionsExceptLBW()
	}
}

// end returns the authenticator's end of a PIN/UV auth protocol, or INVALID_PARAMETER when the model does not speak it. The
// first call after power-up initializes them all. The caller holds the mutex.
func (a *Authenticator) end(protocol uint) (*pinuv.Authenticator, error) {
	spoken := a.model.protocols()
	if !slices.Contains(spoken, pinuv.Protocol(protocol)) {
		return nil, ctap2.InvalidParameter
	}
	if a.session.ends == nil {
		ends := map[pinuv.Protocol]*pinuv.Authenticator{}
		for _, p := range spoken {
			end, err := pinuv.NewAuthenticator(p, a.world.Rand)
			if err != nil {
				return nil, err
			}
			ends[p] = end
		}
		a.session.ends = ends
	}
	end := a.session.ends[pinuv.Protocol(protocol)]
	end.Misbehave = a.Misbehave.PINUV
	return end, nil
}

// resetTokens makes all tokens worthless: resetPinUvAuthToken for every protocol (CTAP 2.3 §6.5.5.7). The caller holds the
// mutex.
func (a *Authenticator) resetTokens() error {
	for _, protocol := range a.model.protocols() { // in their order, so that randomness is drawn in the same order each time
		if end := a.session.ends[protocol]; end != nil {
			if err := end.ResetToken(); err != nil {
				return err
			}
		}
	}
	return nil
}

// issue makes a fresh token for a user who was just verified, with permissions, and returns its value; with the permission
// pcmr it is the persistent token, which outlives power cycles (CTAP 2.3 §6.5.5.7, last steps). The caller holds the mutex.
func (a *Authenticator) issue(end *pinuv.Authenticator, wanted grant) ([]byte, error) {
	if wanted.permissions&pinuv.PCMR != 0 {
		return a.persistentToken()
	}
	if err := a.resetTokens(); err != nil {
		return nil, err
	}
	end.Token.BeginUsing(wanted.at, wanted.present)
	end.Token.Grant(wanted.permissions, wanted.rpID)
	return end.Token.Value(), nil
}

// grant is what a token is to be good for.
type grant struct {
	permissions pinuv.Permissions
	rpID        string
	present     bool      // the user has shown her presence while the token was issued
	at          time.Time // the moment at which its life begins
}

// persistentToken returns the persistent token, which is made when it is first needed. The caller holds the mutex.
func (a *Authenticator) persistentToken() ([]byte, error) {
	if a.settings.PersistentToken == nil {
		token, err := pinuv.NewToken(a.world.Rand)
		if err != nil {
			return nil, err
		}
		a.settings.PersistentToken = token
	}
	return slices.Clone(a.settings.PersistentToken), nil
}

// pinError turns what package pinuv says into a status where there is one.
func pinError(err error) error {
	switch {
	case errors.Is(err, pinuv.ErrMAC):
		return ctap2.PINAuthInvalid
	case errors.Is(err, pinuv.ErrMalformedKey), errors.Is(err, pinuv.ErrCiphertext), errors.Is(err, pinuv.ErrUnsupported):
		return ctap2.InvalidParameter
	}
	return err
}
