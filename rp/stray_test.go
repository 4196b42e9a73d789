package rp_test

import (
	"testing"

	"github.com/passkeylab/passkeylab/rp"
)

// An answer that is sent again after its run went on elsewhere says nothing about a passkey that is stored: no stray, and
// above all no signal that would make the phone remove it.
func TestARepeatedAnswerToASupersededRunIsNoStray(t *testing.T) {
	p := newLab(t).signedIn("mia")
	run := p.anywhere()
	_, body := newDevice(appAndroid).create(t, optionsJSON(t, p.begin(run)))
	must(p.finish(run, body))
	p.anywhere()
	_, err := p.finish(run, body)
	refusal := wantRefused(t, err, rp.CodeRunSuperseded)
	if refusal.SignalUnknown || refusal.CredentialID != "" || len(p.strays()) != 0 || len(p.credentials()) != 1 {
		t.Errorf("signal %v, %d strays, %d rows", refusal.SignalUnknown, len(p.strays()), len(p.credentials()))
	}
}

// Whoever ends a ceremony, an authentic passkey that is refused is remembered, and the audit log has it.
func TestAuthenticPasskeysThatAreRefusedAreRemembered(t *testing.T) {
	for _, tc := range []struct {
		name string
		want rp.Code
		ends func(p *person, run *rp.Run)
	}{
		{"the run went on elsewhere", rp.CodeRunSuperseded, func(p *person, _ *rp.Run) { p.anywhere() }},
		{"the session is over", rp.CodeSessionExpired, func(p *person, _ *rp.Run) { must(0, p.SignOut(p.ctx, p.session.ID)) }},
		{"another session goes on with the run", rp.CodeVerificationFailed, func(p *person, _ *rp.Run) {
			must(0, p.SignOut(p.ctx, p.session.ID))
			p.session = p.signIn()
		}},
		{"another session went on and left", rp.CodeVerificationFailed, func(p *person, run *rp.Run) {
			must(0, p.SignOut(p.ctx, p.session.ID))
			p.session = p.signIn()
			must(p.Visit(p.ctx, p.session.ID, run.ID, rp.S8))
		}},
		{"somebody else's answer used the challenge", rp.CodeChallengeUsed, func(p *person, run *rp.Run) {
			_, err := p.finish(run, []byte("{}"))
			wantRefused(p.t, err, rp.CodeVerificationFailed)
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := newLab(t).signedIn("mia")
			run := p.anywhere()
			_, body := newDevice(google).create(t, optionsJSON(t, p.begin(run)))
			tc.ends(p, run)
			_, err := p.finish(run, body)
			wantRefused(t, err, tc.want)
			strays := p.strays()
			if len(strays) != 1 || strays[0].AAGUID != google || len(p.credentials()) != 0 {
				t.Fatalf("%d strays, %d rows", len(strays), len(p.credentials()))
			}
			audited := 0
			for _, e := range must(p.AuditEvents(p.ctx, p.user.ID)) {
				if e.Action == rp.ActionPasskeyRefused && e.Target != "" && e.Code == tc.want {
					audited++
				}
			}
			if audited != 1 {
				t.Errorf("%d lines in the audit log, want 1", audited)
			}
			for _, c := range must(p.Ceremonies(p.ctx, p.user.ID)) {
				if c.Kind == rp.KindCreate && c.RunID == run.ID && c.ConsumedAt.IsZero() {
					t.Error("the challenge is still open")
				}
			}
		})
	}
}

// A passkey that is deleted while its run still names it leaves nothing to name.
func TestDeletingThePasskeyEndsTheRunThatMadeIt(t *testing.T) {
	p := newLab(t).signedIn("mia")
	run := p.anywhere()
	_, body := newDevice(appAndroid).create(t, optionsJSON(t, p.begin(run)))
	stored := must(p.finish(run, body))
	must(p.Delete(p.ctx, p.session.ID, stored.Credential.Key()))
	if now := must(p.Run(p.ctx, p.session.ID, run.ID)); !now.Over() {
		t.Errorf("the run is still on %s", now.Screen)
	}
	if shown := must(p.Visit(p.ctx, p.session.ID, run.ID, rp.S10)); shown.Screen != rp.S0 {
		t.Errorf("S10 shows %s, want S0", shown.Screen)
	}
}

// Who comes back after the session's end learns what became of the passkey, and goes on from there.
func TestTheOutcomeAfterTheSessionsEndLeadsOn(t *testing.T) {
	p := newLab(t).signedIn("mia")
	run := p.anywhere()
	_, body := newDevice(google).create(t, optionsJSON(t, p.begin(run)))
	must(p.ReportClientError(p.ctx, p.session.ID, run.ID, rp.ClientErrorNetwork))
	must(0, p.SignOut(p.ctx, p.session.ID))
	_, err := p.finish(run, body)
	wantRefused(t, err, rp.CodeSessionExpired)
	p.session = p.signIn()
	o := must(p.SettleOutcome(p.ctx, p.session.ID, run.ID))
	if o.State != rp.OutcomeNotStored || o.Run.Screen != rp.E12 {
		t.Fatalf("%s on %s, want not-stored on E12", o.State, o.Run.Screen)
	}
	p.step(o.Run, rp.Input{Event: rp.EventRetry}, rp.S7)
}
