package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
)

// press posts an event on the screen the run is on and returns the page that follows.
func (s *site) press(page *answer, event string, pairs ...string) *answer {
	s.t.Helper()
	return s.follow(s.post(page.path, append([]string{"event", event, "from", page.screen()}, pairs...)...))
}

// start begins a run with a method and returns its first page.
func (s *site) start(method string) *answer {
	s.t.Helper()
	s.open("/security-info/add").wants(200, "S1")
	return s.follow(s.post("/security-info/add", "method", method))
}

// ready walks a run on a computer with an Android phone to S7.
func (s *site) ready() *answer {
	s.t.Helper()
	page := s.press(s.start("app").wants(200, "S3"), "next").wants(200, "S4")
	page = s.press(page, "next", "phone", "android").wants(200, "S5a")
	page = s.press(page, "next").wants(200, "S6")
	return s.press(page, "next").wants(200, "S7")
}

func runOf(page *answer) string { return page.path[:strings.LastIndex(page.path, "/")] }

// create runs one ceremony from S7 or K2 and returns the answer of verify.
func (s *site) create(page *answer, d *device) *answer {
	s.t.Helper()
	options := s.api(runOf(page)+"/options", "{}")
	if options.status != 200 {
		s.t.Fatalf("options: %d %s", options.status, options.body)
	}
	return s.api(runOf(page)+"/verify", d.create(options.json()))
}

// register adds a passkey and returns S11.
func (s *site) register(d *device) *answer {
	s.t.Helper()
	stored := s.create(s.ready(), d)
	if stored.status != http.StatusCreated {
		s.t.Fatalf("verify: %d %s", stored.status, stored.body)
	}
	return s.press(s.open(stored.next()).wants(200, "S10"), "next").wants(200, "S11")
}

func allowApp(core *rp.Config, _ *Config) { core.Policy = policy.AllowList(appAndroid) }

func TestWalkThroughTheWholeWizard(t *testing.T) {
	s := newSite(t)
	s.signIn()
	s.open("/security-info").wants(200, "S0").has(`data-test="hero"`, "Add sign-in method")
	titles := map[string]string{}
	note := func(page *answer) *answer { titles[page.screen()] = page.title(); return page }

	page := note(s.start("app").wants(200, "S3"))
	page.has("Get Larkspur ID on your phone", `<ol class="stepper"`, `aria-current="step"`, "I want to use something else")
	page = note(s.press(page, "next").wants(200, "S4"))
	s.press(page, "next").wants(http.StatusUnprocessableEntity, "S4").has("Choose one of the two first")
	page = note(s.press(page, "next", "phone", "android").wants(200, "S5a")).has("Passwords &amp; accounts").hasNot("AutoFill &amp; Passwords")
	page = note(s.press(page, "next").wants(200, "S6")).has("I&#39;m ready", "or the scanner inside Larkspur ID")
	page = note(s.press(page, "next").wants(200, "S7")).has("I understand", "Waiting for your phone", `data-screen="S8"`, `data-screen="S9"`, "Save another way")
	if page.attribute("flow") != "A" {
		t.Errorf("flow is %q, want A", page.attribute("flow"))
	}

	stored := s.create(page, newDevice(t, appAndroid))
	if stored.status != http.StatusCreated {
		t.Fatalf("verify: %d %s", stored.status, stored.body)
	}
	page = note(s.open(stored.next()).wants(200, "S10")).has("dialog-cancel-run", "Keep this name")
	refused := s.post(page.path, "event", "name", "from", "S10", "name", "   ").wants(http.StatusUnprocessableEntity, "S10")
	refused.has(`aria-invalid="true"`, "Fill this in", `aria-describedby="name-hint name-error"`)
	page = note(s.press(page, "name", "name", "  My phone  ").wants(200, "S11")).has("Passkey added", "<bdi dir=\"auto\">My phone</bdi>", "Try it now")
	s.press(page, "next").wants(200, "S0").has("My phone added", `aria-label="Delete My phone"`, `aria-label="Rename My phone"`,
		`aria-label="Details for My phone"`, `<ul class="cards" aria-label="Passkeys"`, `data-provider="app"`, "Larkspur ID", "May 6, 2031 (today)", "Never used",
		"On this device only", `data-status="active"`, `data-focus="`)

	want := map[string]string{"S3": "Get Larkspur ID on your phone, step 2 of 8, Larkspur", "S4": "Which phone will you use?, step 3 of 8, Larkspur",
		"S5a": "Turn on Larkspur ID in Settings, step 4 of 8, Larkspur", "S6": "Get your phone ready, step 5 of 8, Larkspur",
		"S7": "Save it in Larkspur ID, step 6 of 8, Larkspur", "S10": "Name your passkey, step 7 of 8, Larkspur", "S11": "Passkey added, step 8 of 8, Larkspur"}
	for screen, title := range want {
		if titles[screen] != title {
			t.Errorf("title of %s is %q, want %q", screen, titles[screen], title)
		}
	}
}

func TestIPhoneWords(t *testing.T) {
	s := newSite(t)
	s.signIn()
	page := s.press(s.start("app"), "next")
	page = s.press(page, "next", "phone", "ios").wants(200, "S5i").has("AutoFill &amp; Passwords", "iOS 17").hasNot("Passwords &amp; accounts")
	page = s.press(page, "next").wants(200, "S6").has("The scanner inside Larkspur ID cannot read this code").hasNot("or the scanner inside")
	if flow := page.attribute("flow"); flow != "B" {
		t.Errorf("flow is %q, want B", flow)
	}
}

func TestOnThePhoneItself(t *testing.T) {
	s := newSite(t)
	s.header.Set("Sec-CH-UA-Platform", `"Android"`)
	s.header.Set("Sec-CH-UA-Mobile", "?1")
	s.signIn()
	s.open("/security-info/add").wants(200, "S1").has(`data-same-device="true"`, "screen lock on this phone")
	page := s.start("app").wants(200, "S3").has("on this phone").hasNot("iPhone and iPad", `class="qr"`)
	page = s.press(page, "next").wants(200, "S5a").has("Not an Android phone?")
	other := s.press(page, "other-phone").wants(200, "S5i")
	page = s.press(s.press(other, "other-phone").wants(200, "S5a"), "next").wants(200, "S7").has("Follow the steps on this phone").hasNot("If this computer asks")
	options := s.api(runOf(page)+"/options", "{}").json()["publicKey"].(map[string]any)
	if got := options["authenticatorSelection"].(map[string]any)["authenticatorAttachment"]; got != "platform" {
		t.Errorf("attachment is %v, want platform", got)
	}
}

func TestSecurityKeyScreens(t *testing.T) {
	s := newSite(t)
	s.signIn()
	page := s.start("security-key").wants(200, "K1")
	s.press(page, "next").wants(http.StatusUnprocessableEntity, "K1").has("Choose one of the two first")
	page = s.press(page, "next", "key", "usb").wants(200, "K2").has("Have your key ready", "Insert your key and touch it", "Waiting for your security key")
	d := newDevice(t, uuid.Nil)
	d.transports = []string{"usb"}
	stored := s.create(page, d)
	s.press(s.press(s.open(stored.next()).wants(200, "S10"), "next"), "next").wants(200, "S0").has(`data-kind="security-key"`, "On this security key only")
}

func TestAddressesAheadGoToWhereTheRunIs(t *testing.T) {
	s := newSite(t)
	s.signIn()
	page := s.start("app").wants(200, "S3")
	for _, word := range []string{"get-ready", "save-in", "waiting", "checking", "name", "done", "problem", "prove"} {
		if a := s.open(runOf(page)+"/"+word).wants(200, "S3"); a.path != page.path {
			t.Errorf("%s shows S3 at %s", word, a.path)
		}
	}
	s.open(runOf(page)+"/nowhere").wants(404, "error")
	s.open(strings.Replace(page.path, "/add/", "/add/x", 1)).wants(404, "error")
}

func TestWaitingOpenedAfreshIsInterrupted(t *testing.T) {
	s := newSite(t)
	s.signIn()
	page := s.ready()
	s.api(runOf(page)+"/options", "{}")
	s.open(runOf(page)+"/waiting").wants(200, "S7").has("Setup was interrupted", `data-test="interrupted"`)
}

func TestBackAndCancel(t *testing.T) {
	s := newSite(t)
	s.signIn()
	page := s.ready()
	for _, screen := range []string{"S6", "S5a", "S4", "S3", "S1"} {
		page = s.press(page, "back").wants(200, screen)
	}
	s.press(s.ready(), "cancel").wants(200, "S0").has(`data-focus="add"`)
}

func TestSupersededRunSaysSo(t *testing.T) {
	s := newSite(t)
	s.signIn()
	old := s.start("app").wants(200, "S3")
	s.start("security-key").wants(200, "K1")
	s.open(old.path).wants(http.StatusConflict, "E7").has("You continued in another tab", `data-code="wizard.run_superseded"`, `href="/security-info/add"`)
	s.press(old, "next").wants(http.StatusConflict, "E7")
	refused := s.api(runOf(old)+"/options", "{}")
	if refused.status != http.StatusConflict || refused.json()["code"] != "wizard.run_superseded" {
		t.Errorf("options of a superseded run: %d %s", refused.status, refused.body)
	}
	s.open(refused.next()).wants(http.StatusConflict, "E7")
}

func TestStaleProofAsksFirst(t *testing.T) {
	s := newSite(t)
	s.signIn()
	s.clock.add(5*time.Minute + time.Second)
	page := s.start("app").wants(200, "S2").has("within the last 5 minutes")
	page = s.press(page, "next").wants(200, "S2a").has(`autocomplete="one-time-code"`)
	wrong := s.press(page, "prove", "code", "000000").wants(http.StatusUnprocessableEntity, "S2a").has("You have 4 tries left", `aria-invalid="true"`)
	if wrong.attribute("code") != "auth.wrong_code" {
		t.Errorf("code is %q", wrong.attribute("code"))
	}
	s.press(page, "prove", "code", s.code()).wants(200, "S3")
}

func TestTooManyWrongCodesLock(t *testing.T) {
	s := newSite(t)
	s.signIn()
	s.clock.add(6 * time.Minute)
	page := s.press(s.start("app"), "next").wants(200, "S2a")
	for range rp.MaxTries - 1 {
		s.press(page, "prove", "code", "000000").wants(http.StatusUnprocessableEntity, "S2a")
	}
	s.press(page, "prove", "code", "000000").wants(http.StatusTooManyRequests, "S2a").has("Too many wrong codes", "5 minutes").hasNot(`id="code"`)
}

func TestProofEndingOnS7LeadsBackToS7(t *testing.T) {
	s := newSite(t)
	s.signIn()
	page := s.ready().has(`data-idle="`)
	s.clock.add(6 * time.Minute)
	refused := s.api(runOf(page)+"/options", "{}")
	if refused.status != http.StatusUnauthorized || refused.json()["code"] != "auth.proof_stale" {
		t.Fatalf("options with a stale proof: %d %s", refused.status, refused.body)
	}
	s.press(s.open(refused.next()).wants(200, "S2a"), "prove", "code", s.code()).wants(200, "S7")
}

func TestProofWithAPasskeyInARun(t *testing.T) {
	s := newSite(t)
	s.signIn()
	d := newDevice(t, appAndroid)
	s.register(d)
	s.clock.add(6 * time.Minute)
	page := s.press(s.start("security-key").wants(200, "S2"), "next").wants(200, "S2a").has("Use a passkey instead", "/security-info/prove/verify?run=")
	run := runOf(page)[len("/security-info/add/"):]
	done := s.api("/security-info/prove/verify?run="+run, d.get(s.api("/security-info/prove/options", "{}").json()))
	if done.status != 200 {
		t.Fatalf("proof: %d %s", done.status, done.body)
	}
	s.open(done.next()).wants(200, "K1")
}

func TestWrongProviderAndRetry(t *testing.T) {
	s := newSite(t, allowApp)
	s.signIn()
	page := s.ready()
	stray := newDevice(t, googlePM)
	refused := s.create(page, stray)
	body := refused.json()
	if refused.status != http.StatusForbidden || body["code"] != "policy.provider_not_allowed" || body["provider"] != "Google Password Manager" ||
		body["providerKnown"] != true || body["aaguid"] != googlePM.String() || len(body["steps"].([]any)) == 0 || body["requestID"] == "" {
		t.Fatalf("refusal: %d %s", refused.status, refused.body)
	}
	if body["signalUnknown"] != nil {
		t.Error("a signal was asked for, although the passkey is on another device")
	}
	problem := s.open(refused.next()).wants(http.StatusForbidden, "E2")
	problem.has(`role="alert"`, "Saved in the wrong place", "Yours was saved in Google Password Manager", "I&#39;ve removed it, try again", "Do this later", "Support code",
		`data-code="policy.provider_not_allowed"`, `data-provider="google-password-manager"`, `data-stray="yes"`, "fingerprint sensor", runOf(problem)+"/turn-on")
	again := s.press(problem, "retry").wants(200, "S7").has("Last time it went to Google Password Manager")
	if stored := s.create(again, newDevice(t, appAndroid)); stored.status != http.StatusCreated {
		t.Errorf("retry: %d %s", stored.status, stored.body)
	}
}

func TestSignalOnlyForThisDevice(t *testing.T) {
	s := newSite(t, allowApp)
	s.header.Set("Sec-CH-UA-Platform", `"Android"`)
	s.signIn()
	page := s.press(s.press(s.start("app"), "next"), "next").wants(200, "S7")
	d := newDevice(t, googlePM)
	d.attachment, d.transports = "platform", []string{"internal"}
	signal, ok := s.create(page, d).json()["signalUnknown"].(map[string]any)
	if !ok || signal["rpId"] != "login.localhost" || signal["credentialId"] != text64(d.id) {
		t.Errorf("signal is %v", signal)
	}
}

func TestLaterReminds(t *testing.T) {
	s := newSite(t, allowApp)
	s.signIn()
	problem := s.open(s.create(s.ready(), newDevice(t, googlePM)).next())
	home := s.press(problem, "show").wants(200, "S0").has(`data-test="reminder"`, "A passkey is left in Google Password Manager")
	_, rest, _ := strings.Cut(home.body, `action="/security-info/reminders/`)
	id, _, _ := strings.Cut(rest, "/")
	s.follow(s.post("/security-info/reminders/"+id+"/dismiss")).wants(200, "S0").hasNot(`data-test="reminder"`)
}

func TestHintsAfterThreeRefusals(t *testing.T) {
	s := newSite(t, allowApp)
	s.signIn()
	page := s.ready()
	for try := 1; try <= 3; try++ {
		problem := s.open(s.create(page, newDevice(t, googlePM)).next()).wants(http.StatusForbidden, "E2")
		if shown := strings.Contains(problem.body, `data-test="hints"`); shown != (try == 3) {
			t.Errorf("hints shown on try %d: %v", try, shown)
		}
		page = s.press(problem, "retry").wants(200, "S7")
	}
}

func TestClientErrorsLeadToTheirScreens(t *testing.T) {
	for name, screen := range map[string]string{"NotAllowedError": "E1", "timer": "E1", "InvalidStateError": "E3", "SecurityError": "E8", "AbortError": "S7", "unsupported": "E8", "network": "E9"} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.signIn()
			page := s.ready()
			s.api(runOf(page)+"/options", "{}")
			told := s.api(runOf(page)+"/client-error", `{"name":"`+name+`"}`)
			s.open(told.next()).wants(200, screen)
		})
	}
}

func TestLostReply(t *testing.T) {
	s := newSite(t)
	s.signIn()
	page := s.ready()
	run := runOf(page)
	body := newDevice(t, appAndroid).create(s.api(run+"/options", "{}").json())
	told := s.api(run+"/client-error", `{"name":"network"}`)
	s.open(told.next()).wants(200, "E9").has("Do not delete anything", `data-outcome="`+run+`/outcome"`)
	if pending := s.get(run + "/outcome").json(); pending["state"] != "pending" || pending["next"] != nil {
		t.Fatalf("outcome: %v", pending)
	}
	if late := s.api(run+"/verify", body); late.status != http.StatusCreated {
		t.Fatalf("verify: %d %s", late.status, late.body)
	}
	stored := s.get(run + "/outcome")
	if stored.json()["state"] != "stored" {
		t.Fatalf("outcome: %s", stored.body)
	}
	s.open(stored.next()).wants(200, "S10")
}

func TestSettledOutcomeIsE12(t *testing.T) {
	s := newSite(t)
	s.signIn()
	page := s.ready()
	run := runOf(page)
	s.api(run+"/options", "{}")
	s.api(run+"/client-error", `{"name":"network"}`)
	settled := s.api(run+"/outcome", "{}")
	if settled.json()["state"] != "not-stored" {
		t.Fatalf("outcome: %s", settled.body)
	}
	s.open(settled.next()).wants(200, "E12").has("Your phone has one we don")
}

func TestNameNotSavedKeepsThePasskey(t *testing.T) {
	s := newSite(t)
	s.signIn()
	stored := s.create(s.ready(), newDevice(t, appAndroid))
	page := s.open(stored.next()).wants(200, "S10")
	s.damage("CREATE TRIGGER fail BEFORE UPDATE ON credentials BEGIN SELECT RAISE(ABORT, 'no'); END")
	s.post(page.path, "event", "name", "from", "S10", "name", "My phone").wants(http.StatusServiceUnavailable, "S10").has("The name was not saved", `value="My phone"`, "Larkspur ID on Android")
}
