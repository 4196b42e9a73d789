package rp_test

import (
	"strings"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/rp"
)

func TestSignUpChecksItsFields(t *testing.T) {
	l := newLab(t)
	l.signedIn("mia")
	for _, tc := range []struct {
		name           string
		reg            rp.Registration
		field, problem string
	}{
		{"no name", rp.Registration{Password: testPassword}, "userName", rp.ProblemEmpty},
		{"taken, other case", rp.Registration{UserName: " MIA", Password: testPassword}, "userName", rp.ProblemDuplicate},
		{"space inside", rp.Registration{UserName: "m a", Password: testPassword}, "userName", rp.ProblemForbidden},
		{"bidi override", rp.Registration{UserName: "a\u202eb", Password: testPassword}, "userName", rp.ProblemForbidden},
		{"too long", rp.Registration{UserName: strings.Repeat("ö", 65), Password: testPassword}, "userName", rp.ProblemTooLong},
		{"display name", rp.Registration{UserName: "x", DisplayName: "a\x00b", Password: testPassword}, "displayName", rp.ProblemForbidden},
		{"display name too long", rp.Registration{UserName: "x", DisplayName: strings.Repeat("x", 65), Password: testPassword}, "displayName", rp.ProblemTooLong},
		{"no password", rp.Registration{UserName: "x"}, "password", rp.ProblemEmpty},
		{"short password", rp.Registration{UserName: "x", Password: "1234567"}, "password", rp.ProblemTooShort},
		{"huge password", rp.Registration{UserName: "x", Password: strings.Repeat("x", 5000)}, "password", rp.ProblemTooLong},
		{"bad secret", rp.Registration{UserName: "x", Password: testPassword, TOTPSecret: "not base32!"}, "totpSecret", rp.ProblemInvalid},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := l.SignUp(l.ctx, tc.reg)
			fields := rp.FieldErrors(err)
			if len(fields) != 1 || fields[0].Field != tc.field || fields[0].Problem != tc.problem {
				t.Errorf("got %v", err)
			}
		})
	}
	_, err := l.SignUp(l.ctx, rp.Registration{})
	if len(rp.FieldErrors(err)) != 2 {
		t.Errorf("all problems at once: %v", err)
	}
}

func TestPasswordSignInTellsNothing(t *testing.T) {
	p := newLab(t).signedIn("mia")
	for _, tc := range []rp.PasswordSignIn{
		{UserName: "mia", Password: "wrong password", Code: p.code()},
		{UserName: "mia", Password: testPassword, Code: "000000"},
		{UserName: "nobody", Password: testPassword, Code: "000000"},
		{UserName: "nobody", Password: "", Code: ""},
	} {
		_, err := p.SignInWithPassword(p.ctx, tc)
		wantRefused(t, err, rp.CodeWrongCredentials)
	}
	// Known and unknown names lock alike.
	for _, name := range []string{"mia", "somebody else"} {
		var err error
		for range rp.MaxTries {
			_, err = p.SignInWithPassword(p.ctx, rp.PasswordSignIn{UserName: name, Password: "wrong password"})
		}
		if refusal := wantRefused(t, err, rp.CodeLocked); !refusal.RetryAt.After(p.Now()) {
			t.Errorf("%s: %+v", name, refusal)
		}
	}
	_, err := p.SignInWithPassword(p.ctx, rp.PasswordSignIn{UserName: "mia", Password: testPassword, Code: p.code()})
	wantRefused(t, err, rp.CodeLocked)
	p.clock.add(5 * time.Minute)
	p.signIn()
}

// MFA-06.
func TestFiveWrongCodesLock(t *testing.T) {
	p := newLab(t).signedIn("mia")
	for left := 4; left >= 1; left-- {
		_, err := p.ProveWithCode(p.ctx, p.session.ID, "000000")
		if refusal := wantRefused(t, err, rp.CodeWrongCode); refusal.TriesLeft != left {
			t.Errorf("%d left, want %d", refusal.TriesLeft, left)
		}
	}
	_, err := p.ProveWithCode(p.ctx, p.session.ID, "000000")
	end := wantRefused(t, err, rp.CodeLocked).RetryAt
	if end.Sub(p.Now()) != 5*time.Minute {
		t.Errorf("locked for %s", end.Sub(p.Now()))
	}
	p.clock.add(5*time.Minute - time.Nanosecond)
	_, err = p.ProveWithCode(p.ctx, p.session.ID, p.code())
	wantRefused(t, err, rp.CodeLocked)
	p.clock.add(-time.Hour) // MFA-12: nor does a clock set back lengthen or shorten it
	p.clock.add(time.Hour + time.Nanosecond)
	if _, err = p.ProveWithCode(p.ctx, p.session.ID, p.code()); err != nil {
		t.Error(err)
	}
}

func TestCodesAreUsedOnce(t *testing.T) {
	p := newLab(t).signedIn("mia") // used the present step's
	code := must(rp.OneTimeCode(p.secret, p.clock.Now()))
	_, err := p.ProveWithCode(p.ctx, p.session.ID, code)
	wantRefused(t, err, rp.CodeCodeUsed)
	_, err = p.FreshCode(p.ctx, p.user.ID, p.secret)
	wait := wantRefused(t, err, rp.CodeCodeUsed).RetryAt.Sub(p.Now())
	if wait <= 0 || wait > 30*time.Second {
		t.Errorf("wait %s", wait)
	}
	p.clock.add(wait)
	must(p.ProveWithCode(p.ctx, p.session.ID, must(p.FreshCode(p.ctx, p.user.ID, p.secret))))
}

// OWASP ASVS 5.0.0 §6.5.5: a code lives as long as it is shown, to the nanosecond.
func TestACodeLivesThirtySeconds(t *testing.T) {
	p := newLab(t).signedIn("mia")
	begins := p.clock.Now().Truncate(30 * time.Second).Add(10 * time.Minute)
	for _, tc := range []struct {
		name string
		at   time.Duration
		want rp.Code
	}{
		{"just before", -time.Nanosecond, rp.CodeWrongCode}, {"as it begins", 0, ""}, {"used", time.Second, rp.CodeCodeUsed},
		{"just before its end", time.Minute - time.Nanosecond, rp.CodeCodeUsed}, {"a step later", time.Minute, rp.CodeWrongCode},
	} {
		p.clock.add(begins.Add(tc.at).Sub(p.clock.Now()))
		_, err := p.ProveWithCode(p.ctx, p.session.ID, must(rp.OneTimeCode(p.secret, begins)))
		if tc.want != "" {
			wantRefused(t, err, tc.want)
		} else if err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	next := begins.Add(5 * time.Minute)
	p.clock.add(next.Add(30*time.Second - time.Nanosecond).Sub(p.clock.Now()))
	must(p.ProveWithCode(p.ctx, p.session.ID, must(rp.OneTimeCode(p.secret, next))))
	p.clock.add(5 * time.Minute)
	_, err := p.ProveWithCode(p.ctx, p.session.ID, must(rp.OneTimeCode(p.secret, p.clock.Now().Add(-30*time.Second))))
	wantRefused(t, err, rp.CodeCodeUsed) // over, and never used
}

func TestDemoAccounts(t *testing.T) {
	l := newLab(t)
	must(0, l.SeedDemo(l.ctx))
	must(0, l.SeedDemo(l.ctx)) // twice is once
	for _, demo := range rp.DemoAccounts() {
		code := must(l.DemoCode(l.ctx, demo.UserName))
		s, err := l.SignInWithPassword(l.ctx, rp.PasswordSignIn{UserName: demo.UserName, Password: demo.Password, Code: code})
		if err != nil {
			t.Fatalf("%s: %v", demo.UserName, err)
		}
		if user := must(l.User(l.ctx, s.UserID)); !user.Demo || user.DisplayName != demo.DisplayName {
			t.Errorf("%+v", user)
		}
	}
	_, err := l.DemoCode(l.ctx, "nobody")
	wantNotFound(t, err)
}

func TestSessionsEnd(t *testing.T) {
	for _, tc := range []struct {
		name string
		wait []time.Duration
		want bool
	}{
		{"fresh", []time.Duration{time.Minute}, true},
		{"idle", []time.Duration{time.Hour}, false},
		{"kept alive", []time.Duration{59 * time.Minute, 59 * time.Minute, 59 * time.Minute}, true},
		{"old", []time.Duration{59 * time.Minute, 59 * time.Minute, 59 * time.Minute, 59 * time.Minute, 59 * time.Minute, 59 * time.Minute,
			59 * time.Minute, 59 * time.Minute, 59 * time.Minute, 59 * time.Minute, 59 * time.Minute, 59 * time.Minute, 12 * time.Minute}, false},
	} {
		p := newLab(t).signedIn("mia")
		var err error
		for _, d := range tc.wait {
			p.clock.add(d)
			_, err = p.Session(p.ctx, p.session.ID)
		}
		if (err == nil) != tc.want {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	p := newLab(t).signedIn("mia")
	other := p.signIn()
	must(0, p.SignOut(p.ctx, other.ID))
	must(0, p.SignOut(p.ctx, other.ID))
	if _, err := p.Session(p.ctx, p.session.ID); err != nil {
		t.Errorf("signing out elsewhere: %v", err)
	}
	made := p.register(newDevice(appAndroid))
	must(0, p.SignOutEverywhere(p.ctx, p.session.ID)) // SEC-12
	_, err := p.Session(p.ctx, p.session.ID)
	wantRefused(t, err, rp.CodeSessionExpired)
	if len(p.credentials()) != 1 || must(p.signInWith(newDevice(appAndroid), made)) == nil {
		t.Error("signing out touched the passkeys")
	}
	_, err = p.Session(p.ctx, "")
	wantRefused(t, err, rp.CodeSessionExpired)
}

func TestHTTPSessions(t *testing.T) {
	l := newLab(t)
	h := l.HTTPSessions()
	must(0, h.Commit("token", []byte("data"), time.Time{}))
	if b, found, err := h.Find("token"); err != nil || !found || string(b) != "data" {
		t.Errorf("%q %v %v", b, found, err)
	}
	must(0, h.Commit("token", []byte("more"), time.Time{}))
	if b, _, _ := h.Find("token"); string(b) != "more" {
		t.Errorf("%q", b)
	}
	l.clock.add(25 * time.Hour)
	if _, found, err := h.Find("token"); err != nil || found {
		t.Errorf("found after its life: %v", err)
	}
	must(0, h.Delete("token"))
	must(0, h.Delete("token"))
	must(0, l.Sweep(l.ctx))
}

func TestNewReportsEveryMistake(t *testing.T) {
	_, err := rp.New(rp.Config{Timers: rp.Timers{Proof: -1}, RelatedOrigins: []string{"larkspur"}, Algorithms: []int64{-47}})
	for _, want := range []string{"Origin", "Organisation", "App", "Store", "Clock", "Rand", "Timers.Proof", "RelatedOrigins", "-47"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no word about %s in: %v", want, err)
		}
	}
	l := newLab(t)
	for origin, want := range map[string]string{
		"login.example": "must look like", "ftp://x": "must look like", "https://x/path": "no path", "https://127.0.0.1": "IP address",
		"http://login.example": "use https", "http://[::1]:80": "IP address", "https://a@b": "user", "https://x?y": "query",
	} {
		_, err := rp.New(rp.Config{Origin: origin, Organisation: "x", App: "y", Store: l.store, Clock: l.clock, Rand: strings.NewReader("")})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", origin, err, want)
		}
	}
	for data, want := range map[string]string{
		"providers: 5": "providers", "providers: [{key: x, aaguids: [zzz]}]": "zzz",
		"providers: [{key: x, aaguids: [00000000-0000-0000-0000-000000000000]}]": "all-zero",
	} {
		_, err := rp.New(rp.Config{Origin: testOrigin, Organisation: "x", App: "y", Store: l.store, Clock: l.clock, Rand: strings.NewReader(""), Providers: []byte(data)})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", data, err, want)
		}
	}
	if l.Origin() != testOrigin || l.RPID() != testRPID || l.Timers().ChallengeLife() != 6*time.Minute || l.Ready(l.ctx) != nil {
		t.Error("the configuration in force is not the one given")
	}
}
