package rp_test

import (
	"errors"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
)

// An administrator provisions although self-service is off; the person is told, and the log names the actor.
func TestProvisioning(t *testing.T) {
	off := false
	p := newLab(t, withPolicy(policy.Policy{IsSelfServiceRegistrationAllowed: &off})).signedIn("mia")
	options := must(p.BeginProvisioning(p.ctx, p.user.ID))
	if life := options.ExpiresAt.Sub(p.Now()); life != 5*time.Minute {
		t.Errorf("the challenge lives %s", life)
	}
	d := newDevice(appAndroid)
	made, body := d.create(t, optionsJSON(t, options))
	stored, err := p.FinishProvisioning(p.ctx, p.user.ID, "Desk key", body)
	if err != nil || stored.Name != "Desk key" || !stored.NamedByUser {
		t.Fatalf("%+v, %v", stored, err)
	}
	if _, err := p.signInWith(d, made); err != nil {
		t.Error(err)
	}
	_, err = p.FinishProvisioning(p.ctx, p.user.ID, "", body)
	wantRefused(t, err, rp.CodeChallengeUsed)
	p.wantLogged(rp.ActionPasskeyAdded, rp.ActorAdmin)
	notices := must(p.Notices(p.ctx, p.user.ID))
	if len(notices) != 1 || notices[0].Kind != rp.ActionPasskeyAdded || notices[0].Subject != "Desk key" {
		t.Errorf("notices %+v", notices)
	}
}

// wantLogged finds the newest event of an action and compares its actor.
func (p *person) wantLogged(action rp.Action, actor string) {
	p.t.Helper()
	events := must(p.AuditEvents(p.ctx, p.user.ID))
	for i := len(events) - 1; i >= 0; i-- {
		if events[i].Action == action {
			if events[i].Actor != actor || events[i].RequestID == "" {
				p.t.Errorf("%s was done by %q in request %q", action, events[i].Actor, events[i].RequestID)
			}
			return
		}
	}
	p.t.Errorf("%s is not in the log", action)
}

func TestProvisioningRefuses(t *testing.T) {
	p := newLab(t).signedIn("mia")
	other := p.signedIn("ada")
	own := func(d *device) []byte {
		_, body := d.create(t, optionsJSON(t, must(p.BeginProvisioning(p.ctx, p.user.ID))))
		return body
	}
	_, err := p.FinishProvisioning(p.ctx, other.user.ID, "", own(newDevice(appAndroid)))
	wantRefused(t, err, rp.CodeVerificationFailed)
	body := own(newDevice(appAndroid))
	_, err = p.finish(p.anywhere(), body) // SEC-02: an administrator's challenge is nobody's run
	wantRefused(t, err, rp.CodeVerificationFailed)
	body = own(newDevice(appAndroid))
	p.clock.add(5 * time.Minute)
	_, err = p.FinishProvisioning(p.ctx, p.user.ID, "", body)
	wantRefused(t, err, rp.CodeChallengeExpired)
	unverified := newDevice(appAndroid)
	unverified.flags &^= flagUV
	_, err = p.FinishProvisioning(p.ctx, p.user.ID, "", own(unverified))
	wantRefused(t, err, rp.CodeUVRequired)
	_, err = p.FinishProvisioning(p.ctx, p.user.ID, "", []byte("{"))
	wantRefused(t, err, rp.CodeVerificationFailed)
	_, err = p.FinishProvisioning(p.ctx, p.user.ID, "a\u202eb", own(newDevice(appAndroid)))
	if len(rp.FieldErrors(err)) != 1 {
		t.Errorf("a name with an override: %v", err)
	}
	body = own(newDevice(appAndroid))
	p.setPolicy(policy.AllowList(google))
	_, err = p.FinishProvisioning(p.ctx, p.user.ID, "", body)
	wantRefused(t, err, rp.CodeProviderNotAllowed)
	p.setPolicy(policy.Policy{State: policy.StateDisabled})
	_, err = p.BeginProvisioning(p.ctx, p.user.ID)
	wantRefused(t, err, rp.CodeMethodDisabled)
	_, err = p.BeginProvisioning(p.ctx, "nobody")
	wantNotFound(t, err)
	if n := len(p.credentials()); n != 0 {
		t.Errorf("%d stored", n)
	}
}

// DEL-15: an administrator removes a passkey, also the last one; the person is told and the session's proof is gone.
func TestRemovalByAnAdministrator(t *testing.T) {
	p := newLab(t).signedIn("mia")
	d := newDevice(appAndroid)
	made := p.register(d)
	signedIn, err := p.signInWith(d, made)
	if err != nil {
		t.Fatal(err)
	}
	wantNotFound(t, p.RemovePasskey(p.ctx, p.signedIn("ada").user.ID, b64(made.id)))
	if err := p.RemovePasskey(p.ctx, p.user.ID, b64(made.id)); err != nil {
		t.Fatal(err)
	}
	if len(p.credentials()) != 0 {
		t.Error("it is still there")
	}
	if s := must(p.Session(p.ctx, signedIn.Session.ID)); p.Freshness(s, rp.ToChange).Fresh {
		t.Error("its proof still counts")
	}
	p.wantLogged(rp.ActionPasskeyDeleted, rp.ActorAdmin)
	if got := must(p.Notices(p.ctx, p.user.ID))[0]; got.Kind != rp.ActionPasskeyRemoved {
		t.Errorf("notice %+v", got)
	}
	wantNotFound(t, p.RemovePasskey(p.ctx, p.user.ID, b64(made.id)))
}

func TestChangePolicy(t *testing.T) {
	p := newLab(t).signedIn("mia")
	before := p.PolicyDigest()
	if err := p.ChangePolicy(p.ctx, before, policy.AllowList(google)); err != nil {
		t.Fatal(err)
	}
	if err := p.ChangePolicy(p.ctx, before, policy.Policy{}); !errors.Is(err, rp.ErrConflict) {
		t.Errorf("a change of what is no longer there: %v", err)
	}
	if err := p.ChangePolicy(p.ctx, "", policy.Policy{State: "on"}); len(policy.Problems(err)) != 1 {
		t.Errorf("a policy that is not valid: %v", err)
	}
	if p.PolicyDigest() == before || !p.Policy().KeyRestrictions.IsEnforced {
		t.Error("the policy in force is not the one that was set")
	}
	events := must(p.AuditEvents(p.ctx, ""))
	if last := events[len(events)-1]; last.Action != rp.ActionPolicyChanged || last.Actor != rp.ActorAdmin || last.Target != p.PolicyDigest() {
		t.Errorf("logged %+v", last)
	}
}

func TestUsers(t *testing.T) {
	l := newLab(t)
	for _, name := range []string{"mia", "Ada", "noor"} {
		l.signedIn(name)
	}
	first := must(l.Users(l.ctx, "", 2))
	if len(first) != 2 || first[0].UserName != "Ada" || first[1].UserName != "mia" {
		t.Errorf("%+v", first)
	}
	if rest := must(l.Users(l.ctx, first[1].UserName, 2)); len(rest) != 1 || rest[0].UserName != "noor" {
		t.Errorf("%+v", rest)
	}
}
