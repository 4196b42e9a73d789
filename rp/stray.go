package rp

import (
	"bytes"
	"context"
	"database/sql"
	"errors"

	"github.com/passkeylab/passkeylab/rp/store"
)

// refuseOutside remembers the stray of a response that does not reach its run any more, because that went on in another
// tab or the session is over: the passkey was made all the same. The challenge is used up, so that the answer is final.
func (rp *RelyingParty) refuseOutside(ctx context.Context, runID string, response *response, refusal *Refusal) error {
	err := rp.write(ctx, "finish registration", func(tx *store.Tx) error {
		if err := rp.keepStray(tx, runID, response, refusal); err != nil {
			return err
		}
		ceremony, err := ceremonyByChallenge(tx, response.challengeHash)
		if err != nil {
			return err
		}
		if ceremony.Open() {
			ceremony.ConsumedAt, ceremony.responseDigest = rp.Now(), response.digest
			ceremony.ServerCode, ceremony.refusal = refusal.Code, refusal
			if refusal.Code == CodeSessionExpired { // after a new sign-in the run tells what became of the passkey
				ceremony.refusal = refuse(CodeSavedNotRegistered, nil)
			}
			if err := saveCeremony(tx, &ceremony); err != nil {
				return err
			}
		}
		return rp.auditRefused(ctx, tx, response, refusal)
	})
	return errors.Join(refusal, err)
}

// keepStray remembers an authentic passkey that is refused, and describes it in the refusal. One that is stored, or was
// until somebody deleted it, is no stray: its response is a repetition.
func (rp *RelyingParty) keepStray(tx *store.Tx, runID string, response *response, refusal *Refusal) error {
	c := &response.credential
	ceremony, err := ceremonyByChallenge(tx, response.challengeHash)
	if err != nil || bytes.Equal(ceremony.resultID, c.ID) {
		return err
	}
	if _, err := credentialByID(tx, c.ID); !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	rp.describe(refusal, response)
	return rp.rememberStray(tx, RefusedTry{
		CredentialIDHash: hashOf(c.ID), UserID: c.UserID, RunID: runID, AAGUID: c.AAGUID, Reason: refusal.Code, Scope: refusal.DeviceScope,
	})
}

func (rp *RelyingParty) auditRefused(ctx context.Context, tx *store.Tx, response *response, refusal *Refusal) error {
	return rp.audit(ctx, tx, AuditEvent{UserID: response.credential.UserID, Action: ActionPasskeyRefused, Target: response.target(), Code: refusal.Code})
}

// keepRefusal uses up the challenge, remembers an authentic passkey as a stray, and moves the run.
func (rp *RelyingParty) keepRefusal(ctx context.Context, tx *store.Tx, d decision, refusal *Refusal) error {
	wasOpen := d.ceremony.Open()
	if d.response.err == nil {
		if err := rp.keepStray(tx, d.run.ID, d.response, refusal); err != nil {
			return err
		}
	}
	rp.countRefusal(d.run, d.response, refusal)
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
func (rp *RelyingParty) countRefusal(run *Run, response *response, refusal *Refusal) {
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
	isApp := rp.Provider(response.credential.AAGUID).Approved // refused itself: it will not be accepted from within either
	if run.Refusals >= 3 && flowMethods[run.Flow] == AddApp && rp.HasApp() && !isApp {
		refusal.Hints = append(refusal.Hints, HintInApp)
	}
}
