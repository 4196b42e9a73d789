package rp

import (
	"context"
	"errors"

	"github.com/passkeylab/passkeylab/rp/store"
)

// refuseSuperseded remembers the stray of a run that went on in another tab: its passkey was made all the same.
func (rp *RelyingParty) refuseSuperseded(ctx context.Context, runID string, response *response, refusal *Refusal) error {
	rp.describe(refusal, response)
	err := rp.write(ctx, "finish registration", func(tx *store.Tx) error {
		return rp.rememberStray(tx, RefusedTry{
			CredentialIDHash: hashOf(response.credential.ID), UserID: response.credential.UserID, RunID: runID,
			AAGUID: response.credential.AAGUID, Reason: refusal.Code, Scope: refusal.DeviceScope,
		})
	})
	return errors.Join(refusal, err)
}

// keepRefusal uses up the challenge, remembers an authentic passkey as a stray, and moves the run.
func (rp *RelyingParty) keepRefusal(ctx context.Context, tx *store.Tx, d decision, refusal *Refusal) error {
	wasOpen := d.ceremony.Open()
	if d.ceremony.RunID == d.run.ID {
		if err := rp.rememberRefused(tx, d, refusal); err != nil {
			return err
		}
	}
	rp.countRefusal(d.run, refusal)
	if wasOpen {
		d.ceremony.ConsumedAt = rp.Now()
	}
	d.ceremony.responseDigest = d.response.digest
	d.ceremony.ServerCode, d.ceremony.refusal = refusal.Code, refusal
	if err := saveCeremony(tx, d.ceremony); err != nil {
		return err
	}
	// A response to a challenge that was closed before it came finds the person elsewhere, and leaves them there.
	if wasOpen && (d.run.Screen == S8 || d.run.Screen == E9) {
		d.run.fail(refusal)
	}
	return rp.audit(ctx, tx, AuditEvent{UserID: d.session.UserID, Action: ActionPasskeyRefused, Target: d.response.target(), Code: refusal.Code})
}

// rememberRefused remembers the passkey of an authentic response as a stray, and says so in the refusal. One that is stored
// already is none.
func (rp *RelyingParty) rememberRefused(tx *store.Tx, d decision, refusal *Refusal) error {
	if d.response.err != nil || refusal.Code == CodeDuplicateCredential || refusal.Code == CodeVerificationFailed {
		return nil
	}
	rp.describe(refusal, d.response)
	return rp.rememberStray(tx, RefusedTry{
		CredentialIDHash: hashOf(d.response.credential.ID), UserID: d.session.UserID, RunID: d.ceremony.RunID,
		AAGUID: d.response.credential.AAGUID, Reason: refusal.Code, Scope: refusal.DeviceScope,
	})
}

// describe adds what an authentic response told about the stray.
func (rp *RelyingParty) describe(refusal *Refusal, response *response) {
	c := response.credential
	provider := rp.providers.lookup(c.AAGUID, c.Transports)
	refusal.AAGUID, refusal.Provider, refusal.ProviderKey = c.AAGUID.String(), provider.Name, provider.Key
	refusal.ProviderKnown, refusal.Steps, refusal.Stray = provider.Known, provider.Steps, StrayYes
	switch c.Attachment {
	case "platform":
		// Definitely refused, and on the device that the page runs on: the one case where a signal is right.
		refusal.DeviceScope, refusal.SignalUnknown, refusal.CredentialID = ScopeThisDevice, true, c.Key()
	case "cross-platform":
		refusal.DeviceScope = ScopeOtherDevice
	}
}

// countRefusal counts passkeys in the wrong place and gives the advice that repetition has earned.
func (rp *RelyingParty) countRefusal(run *Run, refusal *Refusal) {
	if refusal.Code != CodeProviderNotAllowed && refusal.Code != CodeSyncedNotAllowed {
		return
	}
	run.Refusals++
	run.LastProvider = refusal.Provider
	if run.Flow == FlowSame && run.Refusals >= 2 {
		refusal.Hints = append(refusal.Hints, HintBrowser)
	}
	if run.Refusals >= 3 && run.Flow != FlowKey { // a security key has no settings, and no other place to save in
		refusal.Hints = append(refusal.Hints, HintSwitchOff)
	}
	if run.Refusals >= 3 && run.crossDevice() { // in the other flows the person is in that browser already
		refusal.Hints = append(refusal.Hints, HintOtherFlow)
	}
}
