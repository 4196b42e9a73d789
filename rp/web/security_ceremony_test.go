package web

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/store"
)

// Flags of authenticator data (WebAuthn L3 §6.1).
const flagBS byte = 0x10

// spoil sets flags in a registration response that its authenticator did not set. Attestation none signs nothing, so only
// the flags tell.
func spoil(t *testing.T, body string, flags byte) string {
	t.Helper()
	_, rest, found := strings.Cut(body, `"attestationObject":"`)
	encoded, _, _ := strings.Cut(rest, `"`)
	object, err := base64.RawURLEncoding.DecodeString(encoded)
	at := bytes.Index(object, []byte("authData"))
	if !found || err != nil || at < 0 {
		t.Fatalf("no authenticator data in %s: %v", body, err)
	}
	at += len("authData") + 2 + 32 // the header of the byte string, and the hash of the RP ID
	object[at] |= flags
	return strings.Replace(body, encoded, text64(object), 1)
}

// RP-04.
func TestTheSameVerifyPostedTwiceIsAnsweredAlike(t *testing.T) {
	s := newSite(t)
	s.signIn()
	run := runOf(s.ready())
	body := newDevice(t, appAndroid).create(s.api(run+"/options", "{}").json())
	first, second := s.api(run+"/verify", body), s.api(run+"/verify", body)
	if first.status != http.StatusCreated || second.status != first.status || second.body != first.body {
		t.Errorf("first %d %s, second %d %s", first.status, first.body, second.status, second.body)
	}
	s.stores(1)
}

// stores fails the test unless Mia has so many passkeys.
func (s *site) stores(n int) {
	s.t.Helper()
	if list, err := s.rp.Credentials(s.ctx, s.user.ID); err != nil || len(list) != n {
		s.t.Errorf("%d passkeys are stored, want %d: %v", len(list), n, err)
	}
}

// elsewhere is the same person in another browser, signed in.
func (s *site) elsewhere() *site {
	s.t.Helper()
	other := *s
	other.forgetCookies()
	other.clock.add(time.Minute) // the next code
	other.signIn()
	return &other
}

// POL-12.
func TestOfTwoParallelVerifiesAtTheLimitOneWins(t *testing.T) {
	s := newSite(t)
	s.signIn()
	other := s.elsewhere()
	browsers := []*site{s, other}
	for range s.rp.Policy().Limit() - 1 {
		s.register(newDevice(t, appAndroid))
	}
	runs, bodies := make([]string, 2), make([]string, 2)
	for i, b := range browsers {
		runs[i] = runOf(b.ready())
		bodies[i] = newDevice(t, appAndroid).create(b.api(runs[i]+"/options", "{}").json())
	}
	var wait sync.WaitGroup
	answers := make([]*answer, 2)
	for i, b := range browsers {
		wait.Go(func() { answers[i] = b.api(runs[i]+"/verify", bodies[i]) })
	}
	wait.Wait()
	won := 0
	for _, a := range answers {
		if a.status == http.StatusCreated {
			won++
		} else if a.json()["code"] != string(rp.CodeLimitReached) {
			t.Errorf("the other: %d %s", a.status, a.body)
		}
	}
	if won != 1 {
		t.Errorf("%d won", won)
	}
	s.stores(s.rp.Policy().Limit())
}

// restart closes the store and opens everything afresh from its file. The browser keeps its cookies.
func (s *site) restart() {
	s.t.Helper()
	path := s.store.Path()
	if err := s.store.Close(); err != nil {
		s.t.Fatal(err)
	}
	db, err := store.Open(s.ctx, path, store.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = db.Close() })
	s.store = db
	s.rp, err = rp.New(rp.Config{Origin: testOrigin, Organisation: "Larkspur", App: "Larkspur ID", Store: db, Clock: s.clock, Rand: rand.Reader,
		Hashing: &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}})
	if err != nil {
		s.t.Fatal(err)
	}
	if s.Server, err = New(Config{RP: s.rp, Rand: rand.Reader}); err != nil {
		s.t.Fatal(err)
	}
}

// RP-10.
func TestCeremoniesOutliveARestart(t *testing.T) {
	s := newSite(t)
	s.signIn()
	run := runOf(s.ready())
	d := newDevice(t, appAndroid)
	body := d.create(s.api(run+"/options", "{}").json())
	s.restart()
	stored := s.api(run+"/verify", body)
	if stored.status != http.StatusCreated {
		t.Fatalf("registration: %d %s", stored.status, stored.body)
	}
	s.open(stored.next()).wants(200, "S10")
	s.stores(1)
	s.restart()
	if again := s.api(run+"/verify", body); again.status != http.StatusCreated || again.body != stored.body {
		t.Errorf("posted again: %d %s", again.status, again.body)
	}
	s.post("/sign-out")
	body = d.get(s.api("/sign-in/options", "{}").json())
	s.restart()
	if in := s.api("/sign-in/verify", body); in.status != http.StatusOK {
		t.Fatalf("sign-in: %d %s", in.status, in.body)
	}
	s.open("/security-info").wants(200, "S0")
}

// MFA-12: what was stale stays stale, whatever the clock says, and also for a server that was started in between.
func TestAClockThatGoesBackRevivesNoProof(t *testing.T) {
	for _, restarts := range []bool{false, true} {
		s := newSite(t)
		s.signIn()
		d := newDevice(t, appAndroid)
		s.register(d)
		s.clock.add(6 * time.Minute)
		path := "/security-info/passkeys/" + text64(d.id) + "/delete"
		if a := s.script(path); a.json()["code"] != string(rp.CodeProofStale) {
			t.Fatalf("delete: %d %s", a.status, a.body)
		}
		s.clock.add(-6 * time.Minute)
		if restarts {
			s.restart()
		}
		if a := s.script(path); a.status != http.StatusUnauthorized || a.json()["code"] != string(rp.CodeProofStale) {
			t.Errorf("restarted %v: delete with the clock set back: %d %s", restarts, a.status, a.body)
		}
		s.stores(1)
	}
}

// SEC-01.
func TestTheChallengeOfAnotherSessionIsRefused(t *testing.T) {
	s := newSite(t)
	s.signIn()
	other := s.elsewhere()
	first, second := runOf(s.ready()), runOf(other.ready())
	theirs := newDevice(t, appAndroid).create(s.api(first+"/options", "{}").json())
	other.api(second+"/options", "{}")
	for name, a := range map[string]*answer{"in a run of its own": other.api(second+"/verify", theirs), "in the first one's run": other.api(first+"/verify", theirs)} {
		if a.status < 400 || a.status >= 500 {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	s.stores(0)
	if a := s.api(first+"/verify", theirs); a.status != http.StatusCreated {
		t.Errorf("the honest control: %d %s", a.status, a.body)
	}
}

// SEC-05, with the id of nobody as the control: both look alike.
func TestCredentialIDsOfOthersLookLikeThoseOfNobody(t *testing.T) {
	s := newSite(t)
	s.signIn()
	d := newDevice(t, appAndroid)
	s.register(d)
	made, err := s.rp.SignUp(s.ctx, rp.Registration{UserName: "eve", DisplayName: "Eve", Password: testPassword})
	if err != nil {
		t.Fatal(err)
	}
	eve := *s
	eve.user, eve.secret = made.User, made.TOTPSecret
	eve.forgetCookies()
	eve.post("/sign-in", "userName", "eve", "password", testPassword, "code", eve.code())
	withoutID := func(a *answer) string { return strings.ReplaceAll(a.body, a.header.Get("X-Request-Id"), "") }
	for _, action := range []string{"rename", "delete"} {
		theirs := eve.script("/security-info/passkeys/"+text64(d.id)+"/"+action, "name", "Mine")
		nobodys := eve.script("/security-info/passkeys/"+text64(bytes.Repeat([]byte{7}, 32))+"/"+action, "name", "Mine")
		if theirs.status != http.StatusNotFound || nobodys.status != theirs.status || withoutID(nobodys) != withoutID(theirs) {
			t.Errorf("%s: %d %s, and %d %s", action, theirs.status, theirs.body, nobodys.status, nobodys.body)
		}
	}
	s.stores(1)
}

// SEC-14: whoever steals the cookie of a session with a stale proof may look, and change nothing.
func TestAStolenSessionWithAStaleProofChangesNothing(t *testing.T) {
	s := newSite(t)
	s.signIn()
	d := newDevice(t, appAndroid)
	s.register(d)
	run := runOf(s.ready())
	body := newDevice(t, appAndroid).create(s.api(run+"/options", "{}").json())
	s.clock.add(9 * time.Minute) // past the challenge as well
	for path, send := range map[string]func() *answer{
		"options": func() *answer { return s.api(run+"/options", "{}") },
		"verify":  func() *answer { return s.api(run+"/verify", body) },
		"delete":  func() *answer { return s.script("/security-info/passkeys/" + text64(d.id) + "/delete") },
	} {
		if a := send(); a.status < 400 || a.status >= 500 {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	s.start("app").wants(200, "S2") // the proof is asked for
	s.stores(1)
}

// SEC-15, and the honest control.
func TestBackupStateWithoutEligibilityIsRefused(t *testing.T) {
	s := newSite(t)
	s.signIn()
	run := runOf(s.ready())
	body := newDevice(t, appAndroid).create(s.api(run+"/options", "{}").json())
	if a := s.api(run+"/verify", spoil(t, body, flagBS)); a.status != http.StatusUnprocessableEntity || a.json()["code"] != string(rp.CodeVerificationFailed) {
		t.Errorf("BS without BE: %d %s", a.status, a.body)
	}
	s.stores(0)
	run = runOf(s.ready())
	body = newDevice(t, appAndroid).create(s.api(run+"/options", "{}").json())
	if a := s.api(run+"/verify", spoil(t, body, 0x08|flagBS)); a.status != http.StatusCreated {
		t.Errorf("BS with BE: %d %s", a.status, a.body)
	}
}
