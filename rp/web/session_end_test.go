package web

import (
	"net/http"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
)

// SEC-12: every session ends, passkeys stay.
func TestSignOutEverywhere(t *testing.T) {
	s := newSite(t)
	s.signIn()
	s.register(newDevice(t, appAndroid))
	other, err := s.rp.SignInWithPassword(s.ctx, rp.PasswordSignIn{UserName: "mia", Password: testPassword, Code: s.code()})
	if err != nil {
		t.Fatal(err)
	}
	s.open("/security-info").has(`data-test="sign-out-everywhere"`)
	s.get("/security-info/sign-out-everywhere").wants(http.StatusOK, "sign-out-everywhere").has("Your passkeys stay")
	if a := s.post("/security-info/sign-out-everywhere").is(http.StatusSeeOther); a.header.Get("Location") != "/sign-in" {
		t.Errorf("leads to %s", a.header.Get("Location"))
	}
	s.open("/sign-in").has("You have been signed out everywhere.")
	s.get("/security-info").is(http.StatusSeeOther)
	if _, err := s.rp.Session(s.ctx, other.ID); rp.AsRefusal(err) == nil {
		t.Errorf("the other session lives: %v", err)
	}
	if list, err := s.rp.Credentials(s.ctx, s.user.ID); err != nil || len(list) != 1 {
		t.Errorf("%d passkeys, %v", len(list), err)
	}
}

// POL-13 on the pages: Security info cannot be reached until the question is answered or put off.
func TestCampaignStandsBeforeSecurityInfo(t *testing.T) {
	s := newSite(t, func(core *rp.Config, _ *Config) {
		core.Timers.SessionLife, core.Timers.SessionIdle = 240*time.Hour, 240*time.Hour
		core.Policy.RegistrationCampaign = policy.Campaign{State: policy.StateEnabled, SnoozeDurationInDays: 1, EnforceRegistrationAfterAllowedSnoozes: true}
	})
	for _, left := range []string{"3 more times", "2 more times", "1 more time"} {
		s.signIn()
		s.open("/security-info").wants(http.StatusOK, "F1").has(left, `data-test="secondary-not-now"`)
		s.follow(s.post("/security-info/prompt")).wants(http.StatusOK, "S0")
		s.clock.add(24 * time.Hour)
		s.forgetCookies()
	}
	s.signIn()
	s.open("/security-info").wants(http.StatusOK, "F1").hasNot(`data-test="secondary-not-now"`).has("as often as you can")
	s.follow(s.post("/security-info/prompt")).wants(http.StatusOK, "F1")
	s.register(newDevice(t, appAndroid))
	s.open("/security-info").wants(http.StatusOK, "S0")
	s.open("/security-info/prompt").wants(http.StatusOK, "S0")
}

// MFA-08 on the page of the proof: the text says that another method is needed, and the run stays.
func TestWeakProofIsTold(t *testing.T) {
	s := newSite(t, func(core *rp.Config, _ *Config) {
		core.Policy.AuthenticationStrengths.RegisterSecurityInfo.ID = policy.StrengthPhishingResistant
	})
	s.signIn()
	page := s.start("passkey").wants(http.StatusOK, "S2")
	page = s.press(page, "next").wants(http.StatusOK, "S2a")
	s.clock.add(time.Minute)
	s.press(page, "prove", "code", s.code()).wants(http.StatusForbidden, "S2a").has("Another method is needed", `data-code="auth.method_too_weak"`)
}

// SEC-09 over HTTP: 429 says how long to wait.
func TestTooManyVerifies(t *testing.T) {
	s := newSite(t, func(core *rp.Config, _ *Config) { core.Limits = rp.Limits{Browser: 2} })
	for range 2 {
		s.api("/sign-in/verify", "{}").is(http.StatusUnprocessableEntity)
	}
	s.clock.add(10 * time.Second)
	a := s.api("/sign-in/verify", "{}").is(http.StatusTooManyRequests)
	if a.header.Get("Retry-After") != "50" || a.json()["code"] != "rp.rate_limited" {
		t.Errorf("Retry-After %q: %s", a.header.Get("Retry-After"), a.body)
	}
}

// A pass is longer than a code and has letters: where one is taken, the page says so and its fields let it through.
func TestPagesTakeAPass(t *testing.T) {
	s := newSite(t)
	s.get("/sign-in").has(`maxlength="10" required`).hasNot(`data-test="pass-hint"`)
	s.signIn()
	s.get("/security-info/prove").has(`inputmode="numeric" maxlength="10"`).hasNot("temporary pass")

	s = newSite(t, withAdmin)
	s.get("/sign-in").has(`data-test="pass-hint"`).hasNot(`maxlength="10" required`)
	issued, _, err := s.rp.IssuePass(s.ctx, s.user.ID, rp.PassRequest{})
	if err != nil {
		t.Fatal(err)
	}
	s.open("/sign-in")
	if a := s.post("/sign-in", "userName", "mia", "password", issued, "code", ""); a.header.Get("Location") != "/security-info" {
		t.Fatalf("the pass signs in to %q: %s", a.header.Get("Location"), a.body)
	}
	s.get("/security-info/prove").has("or your temporary pass", `maxlength="64"`).hasNot("numeric")
	s.follow(s.post("/security-info/prove", "code", issued)).wants(http.StatusOK, "S0")

	p := s.rp.Policy()
	p.TemporaryAccessPass.State = policy.StateDisabled
	if err := s.rp.ChangePolicy(s.ctx, s.rp.PolicyDigest(), p); err != nil {
		t.Fatal(err)
	}
	s.forgetCookies()
	s.get("/sign-in").hasNot(`data-test="pass-hint"`)
}
