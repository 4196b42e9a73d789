package rp_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
)

func (p *person) issue(want rp.PassRequest) (string, *rp.Pass) {
	p.t.Helper()
	text, pass, err := p.IssuePass(p.ctx, p.user.ID, want)
	if err != nil {
		p.t.Fatal(err)
	}
	return text, pass
}

// stale lets the session's proof get old without ending the session.
func (p *person) stale() { p.clock.add(6 * time.Minute) }

// MFA-03: a one-time pass is a proof for ten minutes, at the options and at verify.
func TestOneTimePassIsAProofForTenMinutes(t *testing.T) {
	for name, c := range map[string]struct {
		begin, verify time.Duration
		code          rp.Code
	}{
		"all within ten minutes":       {9 * time.Minute, 9*time.Minute + 59*time.Second, ""},
		"options at ten minutes and 1": {10*time.Minute + time.Second, 0, rp.CodeProofStale},
		"verify at ten minutes and 1":  {9 * time.Minute, 10*time.Minute + time.Second, rp.CodeProofStale},
	} {
		t.Run(name, func(t *testing.T) {
			p := newLab(t).signedIn("mia")
			p.stale()
			text, _ := p.issue(rp.PassRequest{UsableOnce: true})
			run := p.start(rp.Start{Method: rp.AddPasskey})
			if run = p.step(run, next(), rp.S2a); run.After != rp.S7 {
				t.Fatalf("the proof leads back to %s", run.After)
			}
			run = must(p.ProveRun(p.ctx, p.session.ID, run.ID, strings.ToLower(text[:4])+" "+text[4:]))
			if run.Screen != rp.S7 {
				t.Fatalf("proved, on %s", run.Screen)
			}
			p.clock.add(c.begin)
			options, err := p.BeginRegistration(p.ctx, p.session.ID, run.ID)
			if c.verify == 0 {
				wantRefused(t, err, c.code)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			_, body := newDevice(appAndroid).create(t, optionsJSON(t, options))
			p.clock.add(c.verify - c.begin)
			_, err = p.finish(run, body)
			if c.code == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if refusal := wantRefused(t, err, c.code); refusal.Stray != rp.StrayYes || len(p.credentials()) != 0 {
				t.Errorf("stray %s, %d stored", refusal.Stray, len(p.credentials()))
			}
		})
	}
}

// MFA-04, MFA-05: what a right pass may be refused with, each with a code of its own.
func TestPassesThatCannotBeUsed(t *testing.T) {
	for name, c := range map[string]struct {
		want  rp.PassRequest
		twice bool
		wait  time.Duration
		code  rp.Code
	}{
		"MFA-04 used":            {rp.PassRequest{UsableOnce: true}, true, 0, rp.CodePassUsed},
		"used again":             {rp.PassRequest{}, true, 0, ""},
		"MFA-05 not yet valid":   {rp.PassRequest{StartsAt: time.Date(2031, 5, 6, 10, 0, 0, 0, time.UTC)}, false, 0, rp.CodePassNotYetValid},
		"valid at its beginning": {rp.PassRequest{StartsAt: time.Date(2031, 5, 6, 9, 1, 0, 0, time.UTC)}, false, time.Minute, ""},
		"valid until its end":    {rp.PassRequest{}, false, time.Hour - time.Second, ""},
		"MFA-05 expired":         {rp.PassRequest{}, false, time.Hour, rp.CodePassExpired},
	} {
		t.Run(name, func(t *testing.T) {
			p := newLab(t, func(c *rp.Config) { c.Timers.SessionIdle = 24 * time.Hour }).signedIn("mia")
			text, _ := p.issue(c.want)
			p.clock.add(c.wait)
			if c.twice {
				if _, err := p.ProveWithCode(p.ctx, p.session.ID, text); err != nil {
					t.Fatal(err)
				}
			}
			s, err := p.ProveWithCode(p.ctx, p.session.ID, text)
			if c.code != "" {
				wantRefused(t, err, c.code)
				return
			}
			if err != nil || s.ProofMethod != rp.MethodPass && s.ProofMethod != rp.MethodPassOnce {
				t.Errorf("%+v, %v", s, err)
			}
		})
	}
}

// MFA-06: a wrong pass counts like a wrong code.
func TestWrongPassesLock(t *testing.T) {
	p := newLab(t).signedIn("mia")
	right, _ := p.issue(rp.PassRequest{})
	for left := rp.MaxTries - 1; left > 0; left-- {
		_, err := p.ProveWithCode(p.ctx, p.session.ID, "WRONGWRONG")
		if refusal := wantRefused(t, err, rp.CodeWrongCode); refusal.TriesLeft != left {
			t.Errorf("%d left, want %d", refusal.TriesLeft, left)
		}
	}
	_, err := p.ProveWithCode(p.ctx, p.session.ID, "WRONGWRONG")
	wantRefused(t, err, rp.CodeLocked)
	_, err = p.ProveWithCode(p.ctx, p.session.ID, right)
	if wantRefused(t, err, rp.CodeLocked).RetryAt.IsZero() {
		t.Error("the wait is not stated")
	}
}

func TestSignInWithAPass(t *testing.T) {
	p := newLab(t).signedIn("mia")
	text, pass := p.issue(rp.PassRequest{UsableOnce: true})
	if len(text) != policy.MinPassLength || pass.State != rp.PassUsable || !pass.ExpiresAt.Equal(p.Now().Add(time.Hour)) {
		t.Errorf("issued %q %+v", text, pass)
	}
	other := p.signedIn("ada")
	_, err := p.SignInWithPassword(p.ctx, rp.PasswordSignIn{UserName: other.user.UserName, Password: text})
	wantRefused(t, err, rp.CodeWrongCredentials)
	_, err = p.SignInWithPassword(p.ctx, rp.PasswordSignIn{UserName: "nobody", Password: text})
	wantRefused(t, err, rp.CodeWrongCredentials)
	s, err := p.SignInWithPassword(p.ctx, rp.PasswordSignIn{UserName: "mia", Password: text})
	if err != nil || s.ProofMethod != rp.MethodPassOnce || s.UserID != p.user.ID {
		t.Fatalf("%+v, %v", s, err)
	}
	_, err = p.SignInWithPassword(p.ctx, rp.PasswordSignIn{UserName: "mia", Code: text})
	wantRefused(t, err, rp.CodePassUsed)
}

// One pass a person; it is listed, it can be deleted, and neither log nor row holds its text.
func TestPassIsListedReplacedAndDeleted(t *testing.T) {
	p := newLab(t).signedIn("mia")
	first, _ := p.issue(rp.PassRequest{})
	second, issued := p.issue(rp.PassRequest{Lifetime: 2 * time.Hour})
	_, err := p.ProveWithCode(p.ctx, p.session.ID, first)
	wantRefused(t, err, rp.CodeWrongCode)
	info := must(p.SecurityInfo(p.ctx, p.session.ID))
	if info.Pass == nil || info.Pass.ID != issued.ID || !info.Pass.ExpiresAt.Equal(issued.ExpiresAt) {
		t.Errorf("listed %+v", info.Pass)
	}
	if strings.Contains(p.log.String(), first) || strings.Contains(p.log.String(), second) {
		t.Error("SEC-11: the log holds a pass")
	}
	if err := p.DeletePass(p.ctx, p.session.ID); err != nil {
		t.Fatal(err)
	}
	_, err = p.ProveWithCode(p.ctx, p.session.ID, second)
	wantRefused(t, err, rp.CodeWrongCode)
	wantNotFound(t, p.DeletePass(p.ctx, p.session.ID))
	wantNotFound(t, p.RevokePass(p.ctx, p.user.ID))
	_, _, err = p.IssuePass(p.ctx, "nobody", rp.PassRequest{})
	wantNotFound(t, err)
}

func TestPassBounds(t *testing.T) {
	p := newLab(t, withPolicy(policy.Policy{TemporaryAccessPass: policy.Pass{
		MinimumLifetimeInMinutes: 10, MaximumLifetimeInMinutes: 43200, DefaultLength: 48, IsUsableOnce: true, ExcludeTargets: targets("temps"),
	}})).signedIn("mia")
	for lifetime, problem := range map[time.Duration]string{
		10*time.Minute - time.Second: rp.ProblemTooShort, 10 * time.Minute: "", 30 * 24 * time.Hour: "", 30*24*time.Hour + time.Second: rp.ProblemTooLong,
	} {
		text, pass, err := p.IssuePass(p.ctx, p.user.ID, rp.PassRequest{Lifetime: lifetime})
		if problem == "" {
			if err != nil || len(text) != 48 || !pass.UsableOnce {
				t.Errorf("%s: %q %+v %v", lifetime, text, pass, err)
			}
			continue
		}
		if fields := rp.FieldErrors(err); len(fields) != 1 || fields[0].Problem != problem {
			t.Errorf("%s: %v", lifetime, err)
		}
	}
	text, _ := p.issue(rp.PassRequest{})
	p.member(rp.Membership{Groups: []string{"temps"}})
	_, _, err := p.IssuePass(p.ctx, p.user.ID, rp.PassRequest{})
	wantRefused(t, err, rp.CodeMethodDisabled)
	_, err = p.ProveWithCode(p.ctx, p.session.ID, text)
	wantRefused(t, err, rp.CodeMethodTooWeak)
}

// MFA-08: a code is not phishing-resistant; MFA-09: a pass that the policy accepts breaks the loop. A passkey does too.
func TestStrengthOfTheProof(t *testing.T) {
	strict := policy.Policy{AuthenticationStrengths: policy.Strengths{RegisterSecurityInfo: policy.Strength{ID: policy.StrengthPhishingResistant}}}
	lenient := strict
	lenient.AuthenticationStrengths.RegisterSecurityInfo.IsTemporaryAccessPassAccepted = true

	p := newLab(t, withPolicy(strict)).signedIn("mia")
	run := p.start(rp.Start{Method: rp.AddPasskey})
	if run.Screen != rp.S2 {
		t.Fatalf("a password and a code are enough: %s", run.Screen)
	}
	run = p.step(run, next(), rp.S2a)
	p.clock.add(time.Minute)
	_, err := p.ProveRun(p.ctx, p.session.ID, run.ID, p.code())
	wantRefused(t, err, rp.CodeMethodTooWeak)
	if now := must(p.Run(p.ctx, p.session.ID, run.ID)); now.Screen != rp.S2a {
		t.Errorf("the run left S2a for %s", now.Screen)
	}
	text, _ := p.issue(rp.PassRequest{})
	_, err = p.ProveRun(p.ctx, p.session.ID, run.ID, text)
	wantRefused(t, err, rp.CodeMethodTooWeak)

	p.setPolicy(lenient)
	run = must(p.ProveRun(p.ctx, p.session.ID, run.ID, text))
	if run.Screen != rp.S7 {
		t.Fatalf("the pass leads to %s", run.Screen)
	}
	d := newDevice(appAndroid)
	made, body := d.create(t, optionsJSON(t, p.begin(run)))
	if _, err := p.finish(run, body); err != nil {
		t.Fatal(err)
	}

	p.setPolicy(strict)
	signedIn, err := p.signInWith(d, made)
	if err != nil {
		t.Fatal(err)
	}
	p.session = signedIn.Session
	if run := p.start(rp.Start{Method: rp.AddPasskey}); run.Screen != rp.S7 {
		t.Errorf("a passkey is not enough: %s", run.Screen)
	}
}

// A custom strength looks at the passkey's model, also when presence is proved with it later.
func TestStrengthByModel(t *testing.T) {
	p := newLab(t).signedIn("mia")
	app, other := newDevice(appAndroid), newDevice(google)
	inApp, elsewhere := p.register(app), p.register(other)
	custom := policy.Strength{ID: policy.StrengthCustom, AllowedCombinations: []policy.Combination{policy.CombinationPasskey}}
	custom.AllowedAAGUIDs = append(custom.AllowedAAGUIDs, appAndroid)
	p.setPolicy(policy.Policy{AuthenticationStrengths: policy.Strengths{RegisterSecurityInfo: custom}})
	prove := func(d *device, with *passkey) (*rp.Session, error) {
		options := must(p.BeginProof(p.ctx, p.session.ID))
		return p.FinishProof(p.ctx, p.session.ID, d.get(t, optionsJSON(t, options), with))
	}
	_, err := prove(other, elsewhere)
	wantRefused(t, err, rp.CodeMethodTooWeak)
	s, err := prove(app, inApp)
	if err != nil || !p.Freshness(s, rp.ToChange).Fresh {
		t.Fatalf("%+v, %v", s, err)
	}
	if again := must(p.Session(p.ctx, s.ID)); !p.Freshness(again, rp.ToChange).Fresh {
		t.Error("the store forgot the passkey's model")
	}
}

func TestSignInStrength(t *testing.T) {
	p := newLab(t).signedIn("mia")
	d := newDevice(appAndroid)
	made := p.register(d)
	p.clock.add(time.Minute)
	p.setPolicy(policy.Policy{AuthenticationStrengths: policy.Strengths{SignIn: policy.Strength{ID: policy.StrengthPhishingResistant}}})
	_, err := p.SignInWithPassword(p.ctx, rp.PasswordSignIn{UserName: "mia", Password: testPassword, Code: p.code()})
	wantRefused(t, err, rp.CodeMethodTooWeak)
	_, err = p.SignInWithPassword(p.ctx, rp.PasswordSignIn{UserName: "mia", Password: "wrong password", Code: p.code()})
	wantRefused(t, err, rp.CodeWrongCredentials)
	text, _ := p.issue(rp.PassRequest{})
	_, err = p.SignInWithPassword(p.ctx, rp.PasswordSignIn{UserName: "mia", Password: text})
	wantRefused(t, err, rp.CodeMethodTooWeak)
	if _, err := p.signInWith(d, made); err != nil {
		t.Error(err)
	}
}

// POL-13: three snoozes, then no way around.
func TestCampaign(t *testing.T) {
	const day = 24 * time.Hour
	campaign := policy.Campaign{State: policy.StateEnabled, SnoozeDurationInDays: 2, EnforceRegistrationAfterAllowedSnoozes: true, IncludeTargets: targets("staff")}
	p := newLab(t, func(c *rp.Config) { c.Timers.SessionLife, c.Timers.SessionIdle = 365*day, 365*day }, withPolicy(policy.Policy{RegistrationCampaign: campaign})).signedIn("mia")
	prompt := func() *rp.Prompt { t.Helper(); return must(p.Prompt(p.ctx, p.session.ID)) }
	if got := prompt(); got != nil {
		t.Fatalf("asks somebody it is not about: %+v", got)
	}
	p.member(rp.Membership{Groups: []string{"staff"}})
	for left := 3; left > 0; left-- {
		if got := prompt(); got == nil || got.SnoozesLeft != left || got.SnoozeDays != 2 {
			t.Fatalf("prompt %+v, want %d snoozes left", got, left)
		}
		if err := p.Snooze(p.ctx, p.session.ID); err != nil {
			t.Fatal(err)
		}
		if got := prompt(); got != nil {
			t.Fatalf("asks right after a snooze: %+v", got)
		}
		p.clock.add(2*day - time.Second)
		p.session = p.signIn()
		if got := prompt(); got != nil {
			t.Fatalf("asks before the snooze is over: %+v", got)
		}
		p.clock.add(time.Second)
	}
	if got := prompt(); got == nil || got.SnoozesLeft != 0 {
		t.Fatalf("prompt %+v, want one without a snooze", got)
	}
	if err := p.Snooze(p.ctx, p.session.ID); !errors.Is(err, rp.ErrOutOfStep) {
		t.Errorf("a fourth snooze: %v", err)
	}
	p.session = p.signIn()
	p.register(newDevice(appAndroid))
	if got := prompt(); got != nil {
		t.Errorf("asks somebody who has a passkey: %+v", got)
	}
}

func TestCampaignWithoutDaysAsksAtEverySignIn(t *testing.T) {
	p := newLab(t, withPolicy(policy.Policy{RegistrationCampaign: policy.Campaign{State: policy.StateEnabled}})).signedIn("mia")
	for range 5 {
		if got := must(p.Prompt(p.ctx, p.session.ID)); got == nil || got.SnoozesLeft != -1 {
			t.Fatalf("prompt %+v", got)
		}
		if err := p.Snooze(p.ctx, p.session.ID); err != nil {
			t.Fatal(err)
		}
		if got := must(p.Prompt(p.ctx, p.session.ID)); got != nil {
			t.Fatal("asks twice in one session")
		}
		p.clock.add(time.Minute)
		p.session = p.signIn()
	}
	off := false
	p.setPolicy(policy.Policy{RegistrationCampaign: policy.Campaign{State: policy.StateEnabled}, IsSelfServiceRegistrationAllowed: &off})
	if got := must(p.Prompt(p.ctx, p.session.ID)); got != nil {
		t.Error("asks for what the policy forbids")
	}
}
