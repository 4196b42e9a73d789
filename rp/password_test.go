package rp_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/rp"
)

const newPassword = "an owl in the elm tree"

func (p *person) changes(current, wanted string) error {
	return p.ChangePassword(p.ctx, p.session.ID, rp.PasswordChange{Current: current, New: wanted})
}

func (p *person) tries(password string) error {
	_, err := p.SignInWithPassword(p.ctx, rp.PasswordSignIn{UserName: p.user.UserName, Password: password, Code: p.code()})
	return err
}

// OWASP ASVS 5.0.0 §6.2.2 and §6.2.3.
func TestAPasswordIsChangedByWhoKnowsIt(t *testing.T) {
	p := newLab(t).signedIn("mia")
	other := p.signIn()
	must(0, p.changes(testPassword, newPassword))
	wantRefused(t, p.tries(testPassword), rp.CodeWrongCredentials)
	if err := p.tries(newPassword); err != nil {
		t.Errorf("the new one: %v", err)
	}
	if _, err := p.Session(p.ctx, other.ID); err != nil {
		t.Errorf("the other session was not to end: %v", err)
	}
	must(0, p.ChangePassword(p.ctx, p.session.ID, rp.PasswordChange{Current: newPassword, New: testPassword, EndOthers: true}))
	_, err := p.Session(p.ctx, other.ID)
	wantRefused(t, err, rp.CodeSessionExpired)
	if _, err := p.Session(p.ctx, p.session.ID); err != nil {
		t.Errorf("her own session: %v", err)
	}
	notices := must(p.Notices(p.ctx, p.user.ID))
	if len(notices) != 2 || notices[0].Kind != rp.ActionPasswordChanged {
		t.Errorf("notices %+v", notices)
	}
	var changed, revoked int
	for _, event := range must(p.AuditEvents(p.ctx, p.user.ID)) {
		switch {
		case event.Action == rp.ActionPasswordChanged && event.Actor == p.user.ID && event.Code == "":
			changed++
		case event.Action == rp.ActionSessionRevoked && event.Actor == p.user.ID:
			revoked++
		}
	}
	if changed != 2 || revoked != 2 { // the other one, and that of the try with the new password
		t.Errorf("the audit log has %d changes and %d sessions that were ended", changed, revoked)
	}
}

func TestPasswordsThatWillNotDo(t *testing.T) {
	p := newLab(t, func(c *rp.Config) { c.PasswordWords = []string{"Nightjar"} }).signedIn("mia")
	for _, tc := range []struct {
		name, current, wanted string
		field, problem        string
	}{
		{"none", testPassword, "", "newPassword", rp.ProblemEmpty},
		{"short", testPassword, "1234567", "newPassword", rp.ProblemTooShort},
		{"huge", testPassword, strings.Repeat("x", 5000), "newPassword", rp.ProblemTooLong},
		{"one that most people have", testPassword, "Qwertyuiop", "newPassword", rp.ProblemFrequent},
		{"the organisation", testPassword, "Larkspur-2031!", "newPassword", rp.ProblemGuessable},
		{"her name", testPassword, "themia1234", "newPassword", rp.ProblemGuessable},
		{"a word of the configuration", testPassword, "nightjar 2031", "newPassword", rp.ProblemGuessable},
		{"the one that she has", testPassword, testPassword, "newPassword", rp.ProblemSame},
		{"without the one that she has", "", newPassword, "currentPassword", rp.ProblemEmpty},
	} {
		t.Run(tc.name, func(t *testing.T) {
			fields := rp.FieldErrors(p.changes(tc.current, tc.wanted))
			if len(fields) != 1 || fields[0].Field != tc.field || fields[0].Problem != tc.problem {
				t.Errorf("got %+v", fields)
			}
			if tc.field == "currentPassword" || tc.problem == rp.ProblemSame {
				return
			}
			_, err := p.SignUp(p.ctx, rp.Registration{UserName: "the.mia", Password: tc.wanted})
			if fields = rp.FieldErrors(err); len(fields) != 1 || fields[0].Field != "password" || fields[0].Problem != tc.problem {
				t.Errorf("at sign-up: %v", err)
			}
		})
	}
	for _, good := range []string{"abcdefgh", strings.Repeat("é", 64), "        x", "пароль для миа", "77777 77777 7"} {
		if err := p.changes(testPassword, good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
		must(0, p.changes(good, testPassword))
	}
}

func TestPasswordChangesAreGuarded(t *testing.T) {
	p := newLab(t).signedIn("mia")
	for left := rp.MaxTries - 1; left > 0; left-- {
		if refusal := wantRefused(t, p.changes("not the one", newPassword), rp.CodeWrongCredentials); refusal.TriesLeft != left {
			t.Errorf("%d tries left, want %d", refusal.TriesLeft, left)
		}
	}
	wantRefused(t, p.changes("not the one", newPassword), rp.CodeLocked)
	wantRefused(t, p.changes(testPassword, newPassword), rp.CodeLocked)
	if err := p.tries(testPassword); err != nil {
		t.Errorf("whoever guesses in a session locks its owner out: %v", err)
	}
	p.clock.add(5 * time.Minute)
	wantRefused(t, p.changes(testPassword, newPassword), rp.CodeProofStale)
	p.session = p.signIn()
	must(0, p.changes(testPassword, newPassword))

	p.register(newDevice(appAndroid))
	must(0, p.RemovePassword(p.ctx, p.session.ID))
	if err := p.changes(newPassword, testPassword); !errors.Is(err, rp.ErrNotFound) {
		t.Errorf("without a password: %v", err)
	}
	wantRefused(t, p.ChangePassword(p.ctx, "nobody", rp.PasswordChange{Current: testPassword, New: newPassword}), rp.CodeSessionExpired)
}

// OWASP ASVS 5.0.0 §7.5.2: one's own sessions are ended one by one, after a fresh proof.
func TestOneSessionIsEnded(t *testing.T) {
	l := newLab(t)
	p, sam := l.signedIn("mia"), l.signedIn("sam")
	other := p.signIn()
	if p.session.Ref() == other.Ref() || strings.Contains(other.ID, other.Ref()) {
		t.Errorf("refs %s and %s of %s", p.session.Ref(), other.Ref(), other.ID)
	}
	for _, ref := range []string{"", "nobody", other.ID, sam.session.Ref()} {
		if err := p.EndSession(p.ctx, p.session.ID, ref); !errors.Is(err, rp.ErrNotFound) {
			t.Errorf("%q: %v", ref, err)
		}
	}
	must(0, p.EndSession(p.ctx, p.session.ID, other.Ref()))
	_, err := p.Session(p.ctx, other.ID)
	wantRefused(t, err, rp.CodeSessionExpired)
	if err := p.EndSession(p.ctx, p.session.ID, other.Ref()); !errors.Is(err, rp.ErrNotFound) {
		t.Errorf("twice: %v", err)
	}
	p.clock.add(5 * time.Minute)
	wantRefused(t, p.EndSession(p.ctx, p.session.ID, p.session.Ref()), rp.CodeProofStale)
	if live := must(p.Sessions(p.ctx, p.user.ID)); len(live) != 1 {
		t.Errorf("%d sessions live", len(live))
	}
}

// OWASP ASVS 5.0.0 §7.4.5.
func TestAnAdministratorEndsSessions(t *testing.T) {
	l := newLab(t)
	p, sam := l.signedIn("mia"), l.signedIn("sam")
	p.signIn()
	if n := must(l.EndSessionsOf(l.ctx, p.user.ID)); n != 2 {
		t.Errorf("%d sessions of mia's", n)
	}
	if live := must(l.Sessions(l.ctx, sam.user.ID)); len(live) != 1 {
		t.Errorf("sam has %d sessions", len(live))
	}
	events := must(l.AuditEvents(l.ctx, p.user.ID))
	if last := events[len(events)-1]; last.Action != rp.ActionSessionRevoked || last.Actor != rp.ActorAdmin || last.Target == "" {
		t.Errorf("audit %+v", last)
	}
	if n := must(l.EndSessionsOf(l.ctx, "")); n != 1 {
		t.Errorf("%d sessions of everybody's", n)
	}
	if n := must(l.EndSessionsOf(l.ctx, "")); n != 0 {
		t.Errorf("%d sessions when there is none", n)
	}
}
