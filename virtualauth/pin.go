package virtualauth

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"slices"
	"unicode/utf8"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// This file sets, changes and checks the PIN (CTAP 2.3 §6.5.5.5 to §6.5.5.7.2). The caller of every function holds the mutex.

const (
	paddedPINLength = 64 // bytes of a new PIN before encryption
	pinHashLength   = 16 // bytes of its hash that are kept and compared
)

// setPIN sets the first PIN (CTAP 2.3 §6.5.5.5).
func (a *Authenticator) setPIN(c pinCall) (*ctap2.ClientPINResponse, error) {
	if a.pinSet() {
		return nil, ctap2.PINAuthInvalid
	}
	secret, err := c.end.Decapsulate(c.KeyAgreement)
	if err != nil {
		return nil, err
	}
	if err := secret.Verify(c.NewPINEnc, c.PINUVAuthParam); err != nil {
		return nil, err
	}
	pin, err := a.newPIN(secret, c.NewPINEnc)
	if err != nil {
		return nil, err
	}
	a.storePIN(pin)
	return nil, nil
}

// changePIN replaces the PIN, which makes all tokens worthless (CTAP 2.3 §6.5.5.6). The MAC is checked before the PIN, so that
// nobody can use up retries without having seen the key agreement key.
func (a *Authenticator) changePIN(c pinCall) (*ctap2.ClientPINResponse, error) {
	if err := a.pinUsable(); err != nil {
		return nil, err
	}
	secret, err := c.end.Decapsulate(c.KeyAgreement)
	if err != nil {
		return nil, err
	}
	if err := secret.Verify(slices.Concat(c.NewPINEnc, c.PINHashEnc), c.PINUVAuthParam); err != nil {
		return nil, err
	}
	if err := a.checkPIN(c.end, secret, c.PINHashEnc); err != nil {
		return nil, err
	}
	pin, err := a.newPIN(secret, c.NewPINEnc)
	if err != nil {
		return nil, err
	}
	if a.settings.ForcePINChange && bytes.Equal(hashPIN(pin), a.settings.PINHash) {
		return nil, ctap2.PINPolicyViolation
	}
	a.storePIN(pin)
	a.settings.PersistentToken = nil
	return nil, a.resetTokens()
}

// getPINToken issues a token that is good for one ceremony with any RP, or for nothing where PINs may not serve ceremonies
// (CTAP 2.3 §6.5.5.7.1, default permissions).
func (a *Authenticator) getPINToken(c pinCall) (*ctap2.ClientPINResponse, error) {
	possible, _ := a.model.permissions()
	return a.tokenByPIN(c, grant{permissions: (pinuv.MC | pinuv.GA) & possible}, ctap2.PINInvalid)
}

// getTokenUsingPIN issues a token with the permissions asked for (CTAP 2.3 §6.5.5.7.2).
func (a *Authenticator) getTokenUsingPIN(c pinCall) (*ctap2.ClientPINResponse, error) {
	possible, _ := a.model.permissions()
	wanted, err := wantedGrant(c.ClientPINRequest, possible)
	if err != nil {
		return nil, err
	}
	return a.tokenByPIN(c, wanted, ctap2.PINPolicyViolation)
}

// wantedGrant judges permissions and RP ID. Undefined permissions are ignored; those that a model cannot give are
// UNAUTHORIZED_PERMISSION (CTAP 2.3 §6.5.5.7.2, §6.5.5.7.3).
func wantedGrant(r *ctap2.ClientPINRequest, possible pinuv.Permissions) (wanted grant, err error) {
	const defined = pinuv.MC | pinuv.GA | pinuv.CM | pinuv.BE | pinuv.LBW | pinuv.ACFG | pinuv.PCMR
	if *r.Permissions == 0 {
		return grant{}, ctap2.InvalidParameter
	}
	wanted.permissions = pinuv.Permissions(*r.Permissions) & defined
	if wanted.permissions&^possible != 0 || wanted.permissions&pinuv.PCMR != 0 && wanted.permissions != pinuv.PCMR {
		return grant{}, ctap2.UnauthorizedPerm
	}
	if r.RPID != nil {
		wanted.rpID = *r.RPID
	}
	if wanted.permissions&(pinuv.MC|pinuv.GA) != 0 && wanted.rpID == "" {
		return grant{}, ctap2.MissingParameter
	}
	return wanted, nil
}

// tokenByPIN checks the PIN and issues a token; mustChange is the status when the PIN has to be changed first.
func (a *Authenticator) tokenByPIN(c pinCall, wanted grant, mustChange ctap2.Status) (*ctap2.ClientPINResponse, error) {
	if err := a.pinUsable(); err != nil {
		return nil, err
	}
	secret, err := c.end.Decapsulate(c.KeyAgreement)
	if err != nil {
		return nil, err
	}
	if err := a.checkPIN(c.end, secret, c.PINHashEnc); err != nil {
		return nil, err
	}
	if a.settings.ForcePINChange && !a.Misbehave.IgnoreForcedChange {
		return nil, mustChange
	}
	wanted.at = a.world.Clock.Now()
	return a.answerToken(c.end, secret, wanted)
}

// answerToken issues a token and encrypts it.
func (a *Authenticator) answerToken(end *pinuv.Authenticator, secret *pinuv.Secret, wanted grant) (*ctap2.ClientPINResponse, error) {
	token, err := a.issue(end, wanted)
	if err != nil {
		return nil, err
	}
	encrypted, err := secret.Encrypt(token)
	if err != nil {
		return nil, err
	}
	return &ctap2.ClientPINResponse{PINUVAuthToken: encrypted}, nil
}

// pinUsable judges whether any PIN can be right at the moment.
func (a *Authenticator) pinUsable() error {
	switch {
	case !a.pinSet():
		return ctap2.PINNotSet
	case a.pinRetries() == 0:
		return ctap2.PINBlocked
	case a.session.locked():
		return ctap2.PINAuthBlocked
	}
	return nil
}

// checkPIN compares the PIN of a request with the one that is set. The retry is counted before the comparison, so that cutting
// the power in between wins nothing, and after a mismatch the key agreement key is a new one (CTAP 2.3 §6.5.5.7.2, steps on
// pinRetries and pinHashEnc).
func (a *Authenticator) checkPIN(end *pinuv.Authenticator, secret *pinuv.Secret, pinHashEnc []byte) error {
	if !a.Misbehave.KeepPINRetries {
		a.settings.PINFailures++
	}
	if err := a.keepSettings(context.Background()); err != nil {
		return err
	}
	hash, err := secret.Decrypt(pinHashEnc)
	if err == nil && hmac.Equal(hash, a.settings.PINHash) {
		a.settings.PINFailures, a.settings.UVFailures, a.settings.UVSuccesses, a.session.pinMismatches = 0, 0, 0, 0
		return nil
	}
	if err := end.Regenerate(); err != nil {
		return err
	}
	a.session.pinMismatches++
	switch {
	case a.pinRetries() == 0:
		return ctap2.PINBlocked
	case a.session.locked():
		if !a.Misbehave.NeverLockPIN {
			return ctap2.PINAuthBlocked
		}
		a.session.pinMismatches = 0
	}
	return ctap2.PINInvalid
}

// newPIN decrypts a new PIN and judges it (CTAP 2.3 §6.5.1, §6.5.5.5): 64 bytes once decrypted, of which zeros at the end are
// filling, UTF-8, and within the limits on its length, which is in code points.
func (a *Authenticator) newPIN(secret *pinuv.Secret, newPINEnc []byte) (string, error) {
	padded, err := secret.Decrypt(newPINEnc)
	if err != nil {
		return "", err
	}
	if len(padded) != paddedPINLength {
		return "", ctap2.InvalidParameter
	}
	pin := string(bytes.TrimRight(padded, "\x00"))
	length := utf8.RuneCountInString(pin)
	acceptable := utf8.ValidString(pin) && len(pin) <= maxPINBytes && length >= a.minPINLength() && length <= a.model.PIN.maxLength()
	if acceptable && a.complexPINs() {
		acceptable = a.model.PIN.Complex(pin)
	}
	if !acceptable && !a.Misbehave.AcceptAnyPIN {
		return "", ctap2.PINPolicyViolation
	}
	return pin, nil
}

// storePIN makes pin the one to compare with.
func (a *Authenticator) storePIN(pin string) {
	a.settings.PINHash, a.settings.PINLength = hashPIN(pin), utf8.RuneCountInString(pin)
	a.settings.PINFailures, a.session.pinMismatches = 0, 0
	a.settings.ForcePINChange = false
}

func hashPIN(pin string) []byte {
	hash := sha256.Sum256([]byte(pin))
	return hash[:pinHashLength]
}
