package web

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/rp/store"
)

func (s *site) sessionCount() int {
	s.t.Helper()
	list, err := s.rp.Sessions(s.ctx, s.user.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	return len(list)
}

// A sign-in whose cookie cannot be kept signs nobody in: there is no session, and the passkey works once it can be.
func TestSignInWhoseCookieIsNotKeptIsNone(t *testing.T) {
	s := newSite(t)
	s.signIn()
	d := newDevice(t, appAndroid)
	s.register(d)
	s.forgetCookies()
	before := s.sessionCount()
	s.damage(fmt.Sprintf(`CREATE TRIGGER refuse BEFORE INSERT ON http_sessions WHEN (SELECT count(*) FROM sessions) > %d
		BEGIN SELECT RAISE(ABORT, 'not now'); END`, before))
	body := d.get(s.api("/sign-in/options", "{}").json())
	s.api("/sign-in/verify", body).is(http.StatusServiceUnavailable)
	if got := s.sessionCount(); got != before {
		t.Errorf("%d sessions, want %d", got, before)
	}
	s.get("/security-info").is(http.StatusSeeOther)
	s.damage("DROP TRIGGER refuse")
	s.api("/sign-in/verify", body).is(http.StatusOK)
	s.get("/security-info").is(http.StatusOK)
}

// A transaction that fails after the cookie's data was written takes it along: the answer hands out no cookie that is not kept,
// and none that names the session that never was.
func TestSignInWhoseTransactionFailsLeavesNoCookieBehind(t *testing.T) {
	s := newSite(t)
	s.signIn()
	d := newDevice(t, appAndroid)
	s.register(d)
	s.forgetCookies()
	kept, named := s.kept(), s.keptSessions()
	body := d.get(s.api("/sign-in/options", "{}").json())
	s.damage("CREATE TRIGGER refuse BEFORE UPDATE ON clock BEGIN SELECT RAISE(ABORT, 'not now'); END")
	s.clock.add(2 * time.Second) // the clock is noted at the end of the transaction
	s.api("/sign-in/verify", body).is(http.StatusServiceUnavailable)
	s.cookie()
	if now := s.kept(); now != kept+1 {
		t.Errorf("%d rows are kept, want %d: that of the cookie that was handed out", now, kept+1)
	}
	if now := s.keptSessions(); now != named {
		t.Errorf("%d rows name a session, want %d", now, named)
	}
}

// keptSessions is how many of the rows name a session.
func (s *site) keptSessions() (n int) {
	s.t.Helper()
	if err := s.store.Read(s.ctx, func(q store.Querier) error {
		return q.QueryRow(`SELECT count(*) FROM http_sessions WHERE CAST(data AS TEXT) LIKE '%"session"%'`).Scan(&n)
	}); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// An answer says that the data could not be kept, and nothing besides.
func TestAnswerWhoseDataIsNotKeptIsAnotherAnswer(t *testing.T) {
	s := newSite(t)
	s.damage(`CREATE TRIGGER refuse BEFORE INSERT ON http_sessions BEGIN SELECT RAISE(ABORT, 'not now'); END`)
	s.get("/sign-in?return=/security-info").is(http.StatusServiceUnavailable).hasNot(`name="userName"`)
}
