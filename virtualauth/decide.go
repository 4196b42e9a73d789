package virtualauth

import (
	"context"
	"fmt"

	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// This file holds the steps that makeCredential and getAssertion share.

// gesture is what the user has done for one ceremony.
type gesture struct{ present, verified bool }

// wanted are the options of a request with their defaults applied.
type wanted struct{ discoverable, presence, verification bool }

const hashLength = 32 // bytes of a client data hash

// checkHash judges the client data hash.
func checkHash(hash []byte) error {
	switch {
	case hash == nil:
		return ctap2.MissingParameter
	case len(hash) != hashLength:
		return ctap2.InvalidLength
	}
	return nil
}

// checkPINUVAuth judges pinUvAuthParam and pinUvAuthProtocol on an authenticator that supports no protocol
// (CTAP 2.2 §6.1.2 step 2, §6.2.2 step 2).
func checkPINUVAuth(parameter []byte, protocol uint) error {
	switch {
	case parameter == nil:
		return nil
	case protocol == 0:
		return ctap2.MissingParameter
	}
	return ctap2.InvalidParameter
}

// verification applies the default of "uv" and the option alwaysUv (CTAP 2.2 §6.1.2 and §6.2.2, option steps).
func (a *Authenticator) verification(option *bool, presence bool) (bool, error) {
	ready := a.model.Verification == VerificationReady
	asked := option != nil && *option
	if asked && !ready {
		return false, ctap2.InvalidOption
	}
	if a.model.AlwaysVerify && presence {
		if !ready { // nothing here can verify her, and there is no PIN to fall back on
			return false, ctap2.OperationDenied
		}
		return true, nil
	}
	return asked, nil
}

// checkList judges an exclude or allow list and drops entries of unknown types.
func (a *Authenticator) checkList(list []ctap2.Descriptor) (ids [][]byte, err error) {
	if most := a.model.MaxCredentialsInList; most > 0 && len(list) > most {
		return nil, ctap2.LimitExceeded
	}
	for _, d := range list {
		if d.Type == "" || d.ID == nil {
			return nil, ctap2.MissingParameter
		}
		if d.Type == ctap2.PublicKey {
			ids = append(ids, d.ID)
		}
	}
	return ids, nil
}

// ask puts one question to the user. Its errors are a Status by judge, or the failure of the world's User; Exchange knows
// what to make of the latter when ctx has ended.
func (a *Authenticator) ask(ctx context.Context, p Prompt) (Consent, error) {
	if a.Misbehave.SkipConsent {
		return Consent{Present: true, Verified: p.Verify}, nil
	}
	c, err := a.world.User.Consent(ctx, p)
	if err != nil {
		return Consent{}, fmt.Errorf("ask the user to %s: %w", p.Reason, err)
	}
	if status := judge(ctx, p, c); status != ctap2.OK {
		return c, status
	}
	return c, nil
}

// authData builds authenticator data for one ceremony; attested is nil in assertions.
func (a *Authenticator) authData(c Credential, g gesture, attested *authdata.AttestedCredential) []byte {
	data := authdata.Data{
		RPIDHash:   authdata.HashRPID(c.RPID),
		Flags:      a.flags(c, g, attested == nil),
		SignCount:  c.SignCount,
		Credential: attested,
	}
	if a.Misbehave.WrongRPIDHash {
		data.RPIDHash = authdata.HashRPID("not-" + c.RPID)
	}
	encoded := data.Encode()
	if a.Misbehave.TrailingByte {
		encoded = append(encoded, 0)
	}
	return encoded
}

// flags are UP, UV, BE and BS by WebAuthn L3 §6.1.
func (a *Authenticator) flags(c Credential, g gesture, assertion bool) authdata.Flags {
	if assertion && a.Misbehave.FlipBE {
		c.BackupEligible, c.BackupState = !c.BackupEligible, false
	}
	if a.Misbehave.BSWithoutBE {
		c.BackupEligible, c.BackupState = false, true
	}
	var flags authdata.Flags
	if g.present && !a.Misbehave.OmitUP {
		flags |= authdata.UP
	}
	if g.verified && !a.Misbehave.OmitUV || a.Misbehave.ClaimUV {
		flags |= authdata.UV
	}
	if c.BackupEligible {
		flags |= authdata.BE
	}
	if c.BackupState {
		flags |= authdata.BS
	}
	return flags
}

// spoil changes the last byte of a signature and keeps its form, so that only verification can object.
func spoil(signature []byte) []byte {
	spoilt := append([]byte{}, signature...)
	if len(spoilt) > 0 {
		spoilt[len(spoilt)-1] ^= 1
	}
	return spoilt
}
