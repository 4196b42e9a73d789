package rp_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
)

func (p *person) setPolicy(next policy.Policy) {
	p.t.Helper()
	if err := p.SetPolicy(p.ctx, next); err != nil {
		p.t.Fatal(err)
	}
}

func (p *person) member(m rp.Membership) {
	p.t.Helper()
	if err := p.SetMembership(p.ctx, p.user.ID, m); err != nil {
		p.t.Fatal(err)
	}
}

func targets(groups ...string) (list []policy.Target) {
	for _, id := range groups {
		list = append(list, policy.Target{ID: id})
	}
	return list
}

// POL-02, POL-03, POL-04, POL-11 and the order of S1's guards: guest, method off or excluded, self-service, limit,
// unsupported browser, attestation.
func TestGuardsInTheirOrder(t *testing.T) {
	off := false
	// Each step takes away the reason that was told; all the later ones still hold.
	steps := []struct {
		want rp.Code
		mend func(*person, *policy.Policy, *rp.Start)
	}{
		{rp.CodeGuest, func(p *person, _ *policy.Policy, _ *rp.Start) {
			p.member(rp.Membership{Groups: []string{"leavers", "staff"}})
		}},
		{rp.CodeMethodDisabled, func(_ *person, now *policy.Policy, _ *rp.Start) { now.State = policy.StateEnabled }},
		{rp.CodeUserExcluded, func(_ *person, now *policy.Policy, _ *rp.Start) { now.ExcludeTargets = nil }},
		{rp.CodeSelfServiceOff, func(_ *person, now *policy.Policy, _ *rp.Start) { now.IsSelfServiceRegistrationAllowed = nil }},
		{rp.CodeLimitReached, func(_ *person, now *policy.Policy, _ *rp.Start) { now.MaxPasskeys = 2 }},
		{rp.CodeUnsupported, func(_ *person, _ *policy.Policy, start *rp.Start) { start.Unsupported = false }},
		{rp.CodeAttestationBlocksFlow, func(_ *person, now *policy.Policy, _ *rp.Start) { now.IsAttestationEnforced = false }},
	}
	p := newLab(t).signedIn("mia")
	p.register(newDevice(appAndroid))
	p.member(rp.Membership{Groups: []string{"staff", "leavers"}, Guest: true})
	now := policy.Policy{
		State: policy.StateDisabled, IncludeTargets: targets("staff"), ExcludeTargets: targets("leavers"),
		IsSelfServiceRegistrationAllowed: &off, MaxPasskeys: 1, IsAttestationEnforced: true,
	}
	start := rp.Start{Method: rp.AddApp, Unsupported: true}
	for _, step := range steps {
		p.setPolicy(now)
		_, err := p.StartRun(p.ctx, p.session.ID, start)
		wantRefused(t, err, step.want)
		step.mend(p, &now, &start)
	}
	p.setPolicy(now)
	p.start(start)
}

// POL-02: existing cards stay usable while self-service is off.
func TestCardsStayUsableWithoutSelfService(t *testing.T) {
	p := newLab(t).signedIn("mia")
	d := newDevice(appAndroid)
	made := p.register(d)
	off := false
	p.setPolicy(policy.Policy{IsSelfServiceRegistrationAllowed: &off})
	if _, err := p.signInWith(d, made); err != nil {
		t.Errorf("sign-in: %v", err)
	}
	if _, err := p.Rename(p.ctx, p.session.ID, b64(made.id), "Mine"); err != nil {
		t.Errorf("rename: %v", err)
	}
	info := must(p.SecurityInfo(p.ctx, p.session.ID))
	if info.Cards[0].Status != rp.StatusActive || info.AddRefused == nil || info.AddRefused.Code != rp.CodeSelfServiceOff {
		t.Errorf("card %s, add %v", info.Cards[0].Status, info.AddRefused)
	}
	rows, _, err := p.Choices(p.ctx, p.session.ID)
	if err != nil || len(rows) != 3 {
		t.Fatal(rows, err)
	}
	for _, row := range rows {
		if row.Disabled != rp.CodeSelfServiceOff {
			t.Errorf("%s is disabled by %q", row.Method, row.Disabled)
		}
	}
}

// POL-10 and the rules of a change in the middle of a run: at the options and again at verify. What was made is a stray.
func TestThePolicyOfTheMomentDecides(t *testing.T) {
	off := false
	for name, c := range map[string]struct {
		then   policy.Policy
		code   rp.Code
		screen rp.Screen
	}{
		"method off":              {policy.Policy{State: policy.StateDisabled}, rp.CodeMethodDisabled, rp.E5a},
		"group excluded":          {policy.Policy{ExcludeTargets: targets("staff")}, rp.CodeUserExcluded, rp.E5a},
		"self-service off":        {policy.Policy{IsSelfServiceRegistrationAllowed: &off}, rp.CodeSelfServiceOff, rp.E5b},
		"attestation on":          {policy.Policy{IsAttestationEnforced: true}, rp.CodeAttestationBlocksFlow, rp.E5c},
		"another provider only":   {policy.AllowList(google), rp.CodeProviderNotAllowed, rp.E2},
		"no synced ones (POL-09)": {policy.Policy{PasskeyTypes: policy.TypeDeviceBound}, rp.CodeSyncedNotAllowed, rp.E2b},
	} {
		t.Run(name+" at verify", func(t *testing.T) {
			p := newLab(t).signedIn("mia")
			p.member(rp.Membership{Groups: []string{"staff"}})
			run := p.anywhere()
			_, body := newDevice(appAndroid).synced().create(t, optionsJSON(t, p.begin(run)))
			p.setPolicy(c.then)
			_, err := p.finish(run, body)
			refusal := wantRefused(t, err, c.code)
			if len(p.credentials()) != 0 || len(p.strays()) != 1 || refusal.Stray != rp.StrayYes {
				t.Errorf("%d stored, %d strays, stray %s", len(p.credentials()), len(p.strays()), refusal.Stray)
			}
			if now := must(p.Run(p.ctx, p.session.ID, run.ID)); now.Screen != c.screen {
				t.Errorf("the run stands on %s, want %s", now.Screen, c.screen)
			}
		})
		if c.screen == rp.E2 || c.screen == rp.E2b {
			continue // the set of models is decided at verify only
		}
		t.Run(name+" at the options", func(t *testing.T) {
			p := newLab(t).signedIn("mia")
			p.member(rp.Membership{Groups: []string{"staff"}})
			run := p.anywhere()
			p.setPolicy(c.then)
			_, err := p.BeginRegistration(p.ctx, p.session.ID, run.ID)
			wantRefused(t, err, c.code)
			if now := must(p.Run(p.ctx, p.session.ID, run.ID)); now.Screen != c.screen {
				t.Errorf("the run stands on %s, want %s", now.Screen, c.screen)
			}
		})
	}
}

// POL-06, POL-07, POL-09, SI-11: sign-in obeys the policy as it is then, and attestation is not asked for again.
func TestSignInObeysThePolicy(t *testing.T) {
	p := newLab(t).signedIn("mia")
	p.member(rp.Membership{Groups: []string{"staff"}})
	d := newDevice(appAndroid).synced()
	made := p.register(d)
	for _, c := range []struct {
		name    string
		then    policy.Policy
		refused bool
	}{
		{"POL-06 removed from the allow list", policy.AllowList(google), true},
		{"POL-06 restored", policy.AllowList(google, appAndroid), false},
		{"POL-09 synced disabled", policy.Policy{PasskeyTypes: policy.TypeDeviceBound}, true},
		{"POL-07 attestation on", policy.Policy{IsAttestationEnforced: true}, false},
		{"method off", policy.Policy{State: policy.StateDisabled}, true},
		{"group excluded", policy.Policy{ExcludeTargets: targets("staff")}, true},
		{"POL-08 one of two profiles", policy.Policy{PasskeyProfiles: []policy.Profile{{ID: "a", PasskeyTypes: policy.TypeDeviceBound}, {ID: "b", PasskeyTypes: policy.TypeSynced}}}, false},
		{"the strength asks for another model", policy.Policy{AuthenticationStrengths: policy.Strengths{SignIn: policy.Strength{
			ID: policy.StrengthCustom, AllowedCombinations: []policy.Combination{policy.CombinationPasskey}, AllowedAAGUIDs: []uuid.UUID{google},
		}}}, true},
	} {
		p.setPolicy(c.then)
		signedIn, err := p.signInWith(d, made)
		if !c.refused && err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.refused {
			if rp.AsRefusal(err) == nil || rp.AsRefusal(err).Code != rp.CodeSignInBlocked || signedIn != nil {
				t.Errorf("%s: %v, %v", c.name, signedIn, err)
			}
		}
	}
}

// SEC-13: without attestation a model is a claim. It opens an allow list, and stays marked as unproved.
func TestAForgedModelIsAcceptedAndMarked(t *testing.T) {
	p := newLab(t, withPolicy(policy.AllowList(appAndroid))).signedIn("mia")
	p.register(newDevice(appAndroid))
	if got := p.credentials(); len(got) != 1 || got[0].Attested {
		t.Errorf("stored %+v", got)
	}
}

// MFA-11: the options' moment bounds the proof's age at the moment of storing; a flag judges it again.
func TestProofAtVerify(t *testing.T) {
	for name, c := range map[string]struct {
		policy policy.Policy
		verify time.Duration
		code   rp.Code
	}{
		"9:00":               {policy.Policy{}, 9 * time.Minute, ""},
		"10:00":              {policy.Policy{}, 10 * time.Minute, rp.CodeChallengeExpired},
		"5:01 judged again":  {policy.Policy{ProofFreshness: policy.ProofFreshness{IsRecheckedAtVerify: true}}, 5*time.Minute + time.Second, rp.CodeProofStale},
		"4:59.5 and flagged": {policy.Policy{ProofFreshness: policy.ProofFreshness{IsRecheckedAtVerify: true}}, 4*time.Minute + 59*time.Second + 500*time.Millisecond, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := newLab(t, withPolicy(c.policy)).signedIn("mia")
			run := p.anywhere()
			p.clock.add(4*time.Minute + 59*time.Second)
			_, body := newDevice(appAndroid).create(t, optionsJSON(t, p.begin(run)))
			p.clock.add(c.verify - (4*time.Minute + 59*time.Second))
			_, err := p.finish(run, body)
			if c.code == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			wantRefused(t, err, c.code)
		})
	}
}

// The policy's own lengths take the place of the timers.
func TestProofFreshnessOfThePolicy(t *testing.T) {
	p := newLab(t, withPolicy(policy.Policy{ProofFreshness: policy.ProofFreshness{RegisterInMinutes: 2, ManageInMinutes: 3}})).signedIn("mia")
	for _, c := range []struct {
		age            time.Duration
		change, manage bool
	}{{time.Minute, true, true}, {2 * time.Minute, false, true}, {3 * time.Minute, false, false}} {
		p.clock.add(c.age - p.Now().Sub(p.session.ProofAt))
		if got := p.Freshness(p.session, rp.ToChange).Fresh; got != c.change {
			t.Errorf("%s old: to change %v", c.age, got)
		}
		if got := p.Freshness(p.session, rp.ToManage).Fresh; got != c.manage {
			t.Errorf("%s old: to manage %v", c.age, got)
		}
	}
}
