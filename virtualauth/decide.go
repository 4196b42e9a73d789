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

// ask puts one question to the user. Its errors are a Status by judge, what became of built-in verification by uvStatus, or
// the failure of the world's User; Exchange knows what to make of the latter when ctx has ended.
func (a *Authenticator) ask(ctx context.Context, p Prompt) (Consent, error) {
	c, err := a.performBuiltInUV(ctx, p)
	return c, a.uvStatus(err)
}

// performBuiltInUV asks the user to be present, and to verify herself if the prompt says so: an attempt, which is counted
// before she is asked (CTAP 2.3 §6.5.3.1). Beside the errors of ask it fails with errUVFailed and, when no attempt is left
// before or after it, with errUVBlocked.
func (a *Authenticator) performBuiltInUV(ctx context.Context, p Prompt) (Consent, error) {
	if a.Misbehave.SkipConsent {
		return Consent{Present: true, Verified: p.Verify, LongTouch: p.LongTouch}, nil
	}
	if !p.Verify || !a.model.countsUV() {
		return a.consent(ctx, p)
	}
	before, err := a.beginUV(ctx)
	if err != nil {
		return Consent{}, err
	}
	c, err := a.consent(ctx, p)
	return c, a.endUV(before, c, err)
}

// consent asks the user. Its errors are those of performBuiltInUV.
func (a *Authenticator) consent(ctx context.Context, p Prompt) (Consent, error) {
	c, err := a.world.User.Consent(ctx, p)
	if err != nil {
		return Consent{}, fmt.Errorf("ask the user to %s: %w", p.Reason, err)
	}
	c.Verified = c.Verified && a.knowsFinger(c.Finger)
	switch status := judge(ctx, p, c); status {
	case ctap2.OK:
		return c, nil
	case ctap2.UVInvalid:
		return c, errUVFailed
	default:
		return c, status
	}
}

// authData builds authenticator data for one ceremony; attested is nil in assertions, extensions where there are none.
func (a *Authenticator) authData(c Credential, g gesture, attested *authdata.AttestedCredential, extensions []byte) []byte {
	data := authdata.Data{
		RPIDHash:   c.rpIDHash(),
		Flags:      a.flags(c, g, attested == nil),
		SignCount:  c.SignCount,
		Credential: attested,
		Extensions: extensions,
	}
	a.spoilData(&data, c)
	return a.spoilEncoded(data.Encode())
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
