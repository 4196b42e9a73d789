package web

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
)

// accepted is the list that the page hands to the script, nil without one.
func (a *answer) accepted() []string {
	a.t.Helper()
	found := regexp.MustCompile(`data-accepted="([^"]*)"`).FindStringSubmatch(a.body)
	if found == nil {
		return nil
	}
	var list rp.AcceptedCredentials
	if err := json.Unmarshal([]byte(html.UnescapeString(found[1])), &list); err != nil {
		a.t.Fatal(err)
	}
	return list.AllAcceptedCredentialIDs
}

// Whatever the account is called now is in the page, for the browser to be told.
func TestTheBrowserIsToldWhatTheAccountIsCalled(t *testing.T) {
	s := newSite(t)
	s.signIn()
	handle := base64.RawURLEncoding.EncodeToString(s.user.Handle)
	for _, name := range []string{"mia", "mia.larsen"} {
		if err := s.rp.RenameAccount(s.ctx, s.user.ID, name); err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf(`{"rpId":"login.localhost","userId":%q,"name":%q,"displayName":"Mia Larsen"}`, handle, name)
		s.open("/security-info").wants(200, "S0").has(`data-details="` + html.EscapeString(want) + `"`)
	}
}

func TestDeleteAPasskey(t *testing.T) {
	s := newSite(t)
	s.signIn()
	first, second := newDevice(t, appAndroid), newDevice(t, googlePM)
	s.register(first)
	s.register(second)
	home := s.open("/security-info").wants(200, "S0").has("2 passkeys")
	if got := home.accepted(); len(got) != 2 {
		t.Fatalf("accepted: %v", got)
	}
	key := text64(second.id)
	s.open("/security-info/passkeys/"+key+"/delete").wants(200, "delete").has("Delete Google Password Manager on Android?", "created May 6, 2031", "Never used").hasNot("your only passkey")

	if gone := s.script("/security-info/passkeys/" + key + "/delete"); gone.status != http.StatusNoContent || gone.body != "" {
		t.Fatalf("delete: %d %s", gone.status, gone.body)
	}
	home = s.open("/security-info").wants(200, "S0").has("Passkey deleted", `data-test="removal"`, "Now remove it from your device", "1 passkey", `data-test="last-passkey"`)
	if got := home.accepted(); len(got) != 1 || got[0] != text64(first.id) {
		t.Errorf("accepted: %v, want only %s", got, text64(first.id))
	}
	s.open("/security-info").hasNot("Passkey deleted", `data-test="removal"`)

	twice := s.script("/security-info/passkeys/" + key + "/delete")
	if twice.status != http.StatusNotFound {
		t.Errorf("second delete: %d %s", twice.status, twice.body)
	}
	s.follow(s.post("/security-info/passkeys/"+key+"/delete")).wants(200, "S0").has("already deleted")
	s.follow(s.post("/security-info/passkeys/"+text64(first.id)+"/delete")).wants(200, "S0").has(`data-test="hero"`, "Passkey deleted")
}

func TestDeleteNeedsAFreshProof(t *testing.T) {
	s := newSite(t)
	s.signIn()
	d := newDevice(t, appAndroid)
	s.register(d)
	s.clock.add(6 * time.Minute)
	path := "/security-info/passkeys/" + text64(d.id) + "/delete"

	refused := s.script(path)
	if refused.status != http.StatusUnauthorized || refused.json()["code"] != "auth.proof_stale" {
		t.Fatalf("delete: %d %s", refused.status, refused.body)
	}
	prove := s.open(refused.next()).wants(200, "S2a")
	s.follow(s.post("/security-info/prove", "return", "/security-info?delete="+text64(d.id), "code", s.code())).
		wants(200, "S0").has(`data-open-dialog="delete"`, `data-open-card="`+tail(text64(d.id))+`"`)
	prove.has(`value="/security-info?delete=` + text64(d.id) + `"`)

	s.clock.add(6 * time.Minute)
	s.follow(s.post(path)).wants(200, "S2a").has(`value="` + path + `"`)
}

func TestDeleteTheLastWayIn(t *testing.T) {
	s := newSite(t)
	s.signIn()
	d := newDevice(t, appAndroid)
	s.register(d)
	s.clock.add(time.Minute)
	if err := s.rp.RemovePassword(s.ctx, s.sessionID()); err != nil {
		t.Fatal(err)
	}
	refused := s.script("/security-info/passkeys/" + text64(d.id) + "/delete")
	if refused.status != http.StatusConflict || refused.json()["code"] != "policy.last_method" {
		t.Fatalf("delete: %d %s", refused.status, refused.body)
	}
	s.open("/security-info").wants(200, "S0").has(`data-test="last-blocked"`)
}

func TestSomebodyElsesPasskeyIsNotFound(t *testing.T) {
	s := newSite(t)
	s.signIn()
	d := newDevice(t, appAndroid)
	s.register(d)
	if _, err := s.rp.SignUp(s.ctx, rp.Registration{UserName: "eve", DisplayName: "Eve", Password: testPassword}); err != nil {
		t.Fatal(err)
	}
	s.forgetCookies()
	eve := *s
	eve.user, _ = s.rp.UserByName(s.ctx, "eve")
	made, err := s.rp.SignUp(s.ctx, rp.Registration{UserName: "eva", DisplayName: "Eva", Password: testPassword})
	if err != nil {
		t.Fatal(err)
	}
	eve.user, eve.secret = made.User, made.TOTPSecret
	eve.post("/sign-in", "userName", "eva", "password", testPassword, "code", eve.code())
	for _, action := range []string{"delete", "rename"} {
		path := "/security-info/passkeys/" + text64(d.id) + "/" + action
		if a := eve.script(path, "name", "Mine"); a.status != http.StatusNotFound {
			t.Errorf("%s: %d %s", action, a.status, a.body)
		}
		eve.open(path).wants(404, "error")
	}
	if list, err := s.rp.Credentials(s.ctx, s.user.ID); err != nil || len(list) != 1 {
		t.Errorf("Mia's passkeys: %v, %v", list, err)
	}
}

func TestRenameAPasskey(t *testing.T) {
	s := newSite(t)
	s.signIn()
	d := newDevice(t, appAndroid)
	s.register(d)
	path := "/security-info/passkeys/" + text64(d.id) + "/rename"
	s.open(path).wants(200, "rename").has("Rename Larkspur ID on Android", `value="Larkspur ID on Android"`)
	bad := s.script(path, "name", strings.Repeat("x", 65))
	if body := bad.json(); bad.status != http.StatusUnprocessableEntity || body["field"] != "name" || body["message"] != "Use at most 64 characters." {
		t.Errorf("rename: %d %s", bad.status, bad.body)
	}
	s.post(path, "name", "").wants(http.StatusUnprocessableEntity, "rename").has("Fill this in")
	if ok := s.script(path, "name", `<img src=x onerror="alert(1)">`); ok.status != http.StatusNoContent {
		t.Fatalf("rename: %d %s", ok.status, ok.body)
	}
	s.open("/security-info").wants(200, "S0").has("Passkey renamed", "&lt;img src=x onerror=&#34;alert(1)&#34;&gt;").hasNot("<img")
}

func TestListThatFailsToLoad(t *testing.T) {
	s := newSite(t)
	s.signIn()
	s.register(newDevice(t, appAndroid))
	s.damage("ALTER TABLE credentials RENAME TO elsewhere")
	page := s.open("/security-info").wants(http.StatusServiceUnavailable, "S0").has(`data-test="list-failed"`, `disabled data-test="add"`, `data-test="retry"`)
	if list := page.accepted(); list != nil {
		t.Errorf("a list to signal is on the page: %v", list)
	}
	page.hasNot("data-accepted", `data-test="hero"`)
	if failed := s.script("/security-info/passkeys/abc/delete"); failed.status != http.StatusServiceUnavailable || failed.json()["code"] != "rp.unavailable" {
		t.Errorf("delete: %d %s", failed.status, failed.body)
	}
}

func TestLimitIsToldBeforeAnyCeremony(t *testing.T) {
	s := newSite(t, func(core *rp.Config, _ *Config) { core.Policy.MaxPasskeys = 1 })
	s.signIn()
	s.register(newDevice(t, appAndroid))
	s.open("/security-info").wants(200, "S0").has("which is the limit").hasNot(`disabled data-test="add"`)
	s.open("/security-info/add").wants(http.StatusConflict, "E4").has("You have reached the limit", "1 of 1", "Manage passkeys", `href="/security-info"`)
}

func TestPoliciesOnTheFirstScreen(t *testing.T) {
	s := newSite(t)
	s.signIn()
	off := false
	set := func(p policy.Policy) {
		t.Helper()
		if err := s.rp.SetPolicy(s.ctx, p); err != nil {
			t.Fatal(err)
		}
	}
	set(policy.Policy{IsSelfServiceRegistrationAllowed: &off})
	s.open("/security-info/add").wants(200, "S1").has("Your admin adds passkeys for you", `data-code="policy.self_service_off"`, `data-test="primary" disabled`)
	s.follow(s.post("/security-info/add", "method", "app")).wants(http.StatusForbidden, "E5b")
	s.open("/security-info").wants(200, "S0").has(`data-test="add-closed"`, "Your admin adds passkeys for you")
	set(policy.Policy{IsAttestationEnforced: true})
	s.open("/security-info").wants(200, "S0").hasNot(`data-test="add-closed"`)
	s.open("/security-info/add").wants(200, "S1").has("checks the app itself", `value="security-key" checked`, `value="passkey" disabled`).
		hasNot(`value="app" checked`, `value="app" disabled`, `data-test="primary" disabled`)
	s.follow(s.post("/security-info/add", "method", "app")).wants(http.StatusForbidden, "E5c").has("Create it inside Larkspur ID", `href="/security-info/add"`)
	set(policy.Policy{State: policy.StateDisabled})
	s.open("/security-info").wants(200, "S0").has("Not available for your account")
	s.open("/security-info/add").wants(http.StatusForbidden, "E5a").has("Not available for your account", "Back to security info")
	set(policy.Policy{PasskeyTypes: policy.TypeDeviceBound})
	s.open("/security-info/add").wants(200, "S1").has("accepts this kind only in Larkspur ID")
	s.post("/security-info/add").wants(http.StatusUnprocessableEntity, "S1").has("Choose one of the methods first")
	s.post("/security-info/add", "method", "nonsense").wants(http.StatusUnprocessableEntity, "S1")
}

func TestBlockedCard(t *testing.T) {
	s := newSite(t)
	s.signIn()
	s.register(newDevice(t, googlePM))
	if err := s.rp.SetPolicy(s.ctx, policy.AllowList(appAndroid)); err != nil {
		t.Fatal(err)
	}
	s.open("/security-info").wants(200, "S0").has(`data-status="blockedByPolicy"`, "Blocked by your organisation", "Add one in Larkspur ID")
}

func TestSignInWithAPasskey(t *testing.T) {
	s := newSite(t)
	s.signIn()
	d := newDevice(t, appAndroid)
	s.register(d)
	signOut := s.follow(s.post("/sign-out")).wants(200, "sign-in").has("You are signed out")
	signOut.has(`autocomplete="username webauthn"`, `autocomplete="one-time-code"`, "Sign in with a passkey")
	in := s.api("/sign-in/verify", d.get(s.api("/sign-in/options", `{"userName":""}`).json()))
	if in.status != 200 || in.next() != "/security-info" {
		t.Fatalf("sign-in: %d %s", in.status, in.body)
	}
	s.open(in.next()).wants(200, "S0").has("Used to sign in now", "Add a passkey on this device?", "May 6, 2031 (today)").hasNot("Never used")
}

func TestSignInProblems(t *testing.T) {
	s := newSite(t, allowApp)
	s.signIn()
	known, stray := newDevice(t, appAndroid), newDevice(t, googlePM)
	s.register(known)
	s.create(s.ready(), stray)
	deleted := newDevice(t, appAndroid)
	s.register(deleted)
	s.script("/security-info/passkeys/" + text64(deleted.id) + "/delete")
	s.post("/sign-out")

	try := func(d *device) *answer {
		t.Helper()
		refused := s.api("/sign-in/verify", d.get(s.api("/sign-in/options", `{}`).json()))
		if refused.next() != "/sign-in/problem" {
			t.Fatalf("next: %s", refused.body)
		}
		return s.open(refused.next())
	}
	try(stray).wants(http.StatusForbidden, "SI-stray").has("saved in Google Password Manager and was never added", "Remove it from Google Password Manager", `data-code="signin.stray"`)
	try(deleted).wants(http.StatusNotFound, "SI-unknown").has("can no longer be used", "Remove it from the device")
	if err := s.rp.SetPolicy(s.ctx, policy.AllowList(uuid.New())); err != nil {
		t.Fatal(err)
	}
	try(known).wants(http.StatusForbidden, "SI-blocked").has("use this passkey here")
	other := newDevice(t, appAndroid)
	other.create(map[string]any{"publicKey": map[string]any{"challenge": "x", "user": map[string]any{"id": "AA"}}})
	other.id, other.handle = known.id, known.handle
	try(other).wants(http.StatusUnprocessableEntity, "SI-failed")
	s.open("/sign-in/problem").wants(http.StatusUnprocessableEntity, "SI-failed")
	s.forgetCookies()
	s.open("/sign-in/problem").wants(200, "sign-in")
}

func TestSignInWithPassword(t *testing.T) {
	s := newSite(t)
	wrong := s.post("/sign-in", "userName", "mia", "password", "nonsense", "code", "000000").wants(http.StatusUnprocessableEntity, "sign-in")
	wrong.has("is not right", `value="mia"`, `data-code="auth.wrong_credentials"`).hasNot("nonsense")
	unknown := s.post("/sign-in", "userName", "nobody", "password", "nonsense", "code", "000000").wants(http.StatusUnprocessableEntity, "sign-in")
	if strings.ReplaceAll(unknown.body, "nobody", "mia") == "" || wrong.status != unknown.status {
		t.Error("an unknown user is answered differently")
	}
	s.open("/outbox").wants(200, "sign-in")
	a := s.post("/sign-in", "userName", "mia", "password", testPassword, "code", s.code())
	if to := a.header.Get("Location"); a.status != http.StatusSeeOther || to != "/outbox" {
		t.Errorf("sign-in leads to %q, want the page asked for", to)
	}
	s.open("/sign-in").wants(200, "S0")
}

func TestSessionCookieChangesAtSignIn(t *testing.T) {
	s := newSite(t)
	s.open("/outbox")
	at := &url.URL{Scheme: "http", Host: "login.localhost", Path: "/"}
	before := s.jar.Cookies(at)
	s.signIn()
	after := s.jar.Cookies(at)
	if len(before) != 1 || len(after) != 1 || before[0].Value == after[0].Value {
		t.Errorf("cookie before and after sign-in: %v, %v", before, after)
	}
}

func TestSessionEnd(t *testing.T) {
	s := newSite(t)
	s.signIn()
	page := s.ready()
	s.clock.add(13 * time.Hour)
	s.open("/security-info").wants(200, "sign-in").has("Your session has ended")
	s.forgetCookies()
	s.open(page.path).wants(http.StatusUnauthorized, "E6").has("Please confirm it&#39;s you again", `href="/sign-in"`)
	api := s.api(runOf(page)+"/options", "{}")
	if api.status != http.StatusUnauthorized || api.json()["code"] != "auth.session_expired" || api.next() != runOf(page) {
		t.Errorf("options: %d %s", api.status, api.body)
	}
}

// The session may end while S7 is on the screen, and the next thing be the call for options: she is told so on E6, and nothing is
// lost.
func TestTheSessionEndsBeforeTheCeremonyBegins(t *testing.T) {
	s := newSite(t)
	s.signIn()
	page := s.ready()
	if err := s.rp.SignOut(s.ctx, s.sessionID()); err != nil {
		t.Fatal(err)
	}
	api := s.api(runOf(page)+"/options", "{}")
	if api.status != http.StatusUnauthorized || api.json()["code"] != "auth.session_expired" {
		t.Fatalf("options: %d %s", api.status, api.body)
	}
	s.open(api.next()).wants(http.StatusUnauthorized, "E6").has("Your steps are kept", `href="/sign-in"`)
	s.follow(s.post("/sign-in", "userName", "mia", "password", testPassword, "code", s.code())).wants(200, "S7")
}

func TestRunGoesOnAfterANewSignIn(t *testing.T) {
	s := newSite(t)
	s.signIn()
	page := s.press(s.start("app"), "next").wants(200, "S4")
	if err := s.rp.SignOut(s.ctx, s.sessionID()); err != nil {
		t.Fatal(err)
	}
	s.open(page.path).wants(http.StatusUnauthorized, "E6")
	a := s.post("/sign-in", "userName", "mia", "password", testPassword, "code", s.code())
	s.follow(a).wants(200, "S4")
}

func (s *site) sessionID() string {
	s.t.Helper()
	list, err := s.rp.Sessions(s.ctx, s.user.ID)
	if err != nil || len(list) == 0 {
		s.t.Fatalf("sessions: %v %v", list, err)
	}
	return list[0].ID
}

func TestSignUp(t *testing.T) {
	s := newSite(t)
	s.open("/sign-up").wants(200, "sign-up")
	s.open("/sign-up/code").wants(200, "sign-up")
	s.post("/sign-up", "userName", "mia", "displayName", "", "password", "short").wants(http.StatusUnprocessableEntity, "sign-up").
		has("Use at least").hasNot(`value="short"`)
	page := s.follow(s.post("/sign-up", "userName", "zoe", "displayName", "Zoe", "password", testPassword)).wants(200, "sign-up-code")
	secret := regexp.MustCompile(`data-test="totp-secret"[^>]*>([A-Z2-7]+)<`).FindStringSubmatch(page.body)
	if secret == nil || !strings.Contains(page.body, `<path d="M`) {
		t.Fatalf("no secret or QR code on the page\n%s", page.body)
	}
	s.post("/sign-up/code", "password", testPassword, "code", "000000").has("does not match")
	code, err := rp.OneTimeCode(secret[1], s.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	s.follow(s.post("/sign-up/code", "password", testPassword, "code", code)).wants(200, "S0").has("Zoe")
	if strings.Contains(s.log.String(), testPassword) || strings.Contains(s.log.String(), secret[1]) {
		t.Error("a secret is in the log")
	}
}

func TestOutboxShowsOwnNotices(t *testing.T) {
	s := newSite(t)
	s.signIn()
	other, err := s.rp.SignUp(s.ctx, rp.Registration{UserName: "eve", DisplayName: "Eve", Password: testPassword})
	if err != nil {
		t.Fatal(err)
	}
	s.damage("INSERT INTO notices (user_id, kind, subject, at) VALUES ('" + other.User.ID + "', 'passkey.added', 'not for Mia', 1)")
	s.open("/outbox").wants(200, "outbox").has("no messages yet").hasNot("not for Mia")
	d := newDevice(t, appAndroid)
	s.register(d)
	s.script("/security-info/passkeys/" + text64(d.id) + "/delete")
	s.open("/outbox").wants(200, "outbox").has(`data-kind="passkey.added"`, `data-kind="passkey.deleted"`, "Larkspur ID on Android")
}
