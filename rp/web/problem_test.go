package web

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
)

// problemTitles are the headings that the product promises, by screen.
var problemTitles = map[rp.Screen]string{
	rp.E1: "Setup did not finish", rp.E2: "Saved in the wrong place", rp.E2b: "This passkey syncs", rp.E3: "You already have a passkey here",
	rp.E4: "You have reached the limit", rp.E5a: "Not available for your account", rp.E5b: "Your admin adds passkeys for you",
	rp.E5c: "Create it inside Larkspur ID", rp.E5d: "Use your home organisation", rp.E6: "Please confirm it&#39;s you again", rp.E7: "This setup expired",
	rp.E8: "This browser can&#39;t do it here", rp.E9: "We are checking what happened", rp.E10: "This passkey could not be accepted", rp.E11: "Wait a moment",
	rp.E12: "Your phone has one we don&#39;t",
}

// problemActionsWanted are the primary action of each screen, and others.
var problemActionsWanted = map[rp.Screen][]string{
	rp.E1: {"Try again", "Use a different way", "Help"}, rp.E2: {"I&#39;ve removed it, try again", "Do this later"}, rp.E2b: {"I&#39;ve removed it, try again"},
	rp.E3: {"Show my passkeys", "Use a different device"}, rp.E4: {"Manage passkeys"}, rp.E5a: {"Back to security info"}, rp.E5b: {"Back to security info"},
	rp.E5c: {"How to do that", "Use a security key"}, rp.E5d: {"Back to security info"}, rp.E6: {"Confirm"}, rp.E7: {"Start again"},
	rp.E8: {"Use another browser", "Use a security key"}, rp.E9: {"Check again"}, rp.E10: {"Try again", "Use a different way"}, rp.E11: {"Try again"},
	rp.E12: {"I&#39;ve removed it, try again"},
}

// showOne renders the page of a refusal, with or without a run.
func showOne(t *testing.T, s *site, refusal *rp.Refusal, run *rp.Run) *answer {
	t.Helper()
	r := httptest.NewRequestWithContext(rp.WithRequestID(t.Context(), "REQUESTID1"), "GET", testOrigin+"/security-info/add/run/problem", nil)
	w := httptest.NewRecorder()
	v := s.newVisit(w, r, route{access: member})
	v.user, v.session = s.user, &rp.Session{UserID: s.user.ID, ProofAt: s.clock.Now(), SeenAt: s.clock.Now()}
	if err := v.showProblem(refusal, run); err != nil {
		t.Fatal(err)
	}
	return &answer{t: t, status: w.Code, header: w.Header(), body: w.Body.String(), path: string(refusal.Code)}
}

func TestEveryCodeHasItsPage(t *testing.T) {
	s := newSite(t)
	seen := map[rp.Screen]bool{}
	for _, code := range rp.Codes() {
		screen := code.Screen()
		if !screen.Problem() {
			continue
		}
		seen[screen] = true
		for _, flow := range []rp.Flow{"", rp.FlowAndroid, rp.FlowIOS, rp.FlowSame, rp.FlowKey, rp.FlowAny} {
			for _, provider := range []string{"", "Google Password Manager"} {
				t.Run(strings.Join([]string{string(code), string(flow), provider}, "/"), func(t *testing.T) {
					checkProblem(t, s, code, flow, provider)
				})
			}
		}
	}
	for screen := range problemTitles {
		if !seen[screen] {
			t.Errorf("no code leads to %s", screen)
		}
	}
}

func checkProblem(t *testing.T, s *site, code rp.Code, flow rp.Flow, provider string) {
	screen := code.Screen()
	refusal := &rp.Refusal{Code: code, Stray: code.Info().Stray, Provider: provider, ProviderKnown: provider != "", ProviderKey: "unknown",
		Steps: []string{"remove.unknown.open"}, Limit: 10, RetryAt: s.clock.Now().Add(42 * time.Second), AAGUID: googlePM.String(), Hints: []string{rp.HintSwitchOff}}
	var run *rp.Run
	if flow != "" {
		run = &rp.Run{ID: "run", Flow: flow, PhoneOS: rp.Android, Screen: screen, Furthest: rp.S7, Attempt: 2, Problem: refusal}
	}
	page := showOne(t, s, refusal, run).wants(code.Status(), string(screen))
	page.has("<h1", problemTitles[screen], `role="alert"`, `data-code="`+string(code)+`"`, "REQUESTID1", `data-test="primary"`, `data-test="cancel"`)
	page.has(problemActionsWanted[screen]...)
	page.hasNot(missingMark, "{{", "<no value>")
	if strings.Count(page.body, `data-test="primary"`) != 1 {
		t.Error("there must be one primary action")
	}
	if named := strings.Contains(page.body, "Google Password Manager"); named != (provider != "" && (screen == rp.E2 || screen == rp.E2b)) {
		t.Errorf("provider named: %v", named)
	}
	switch {
	case screen == rp.E11:
		page.has("42 seconds", `data-wait="42000"`)
		if run != nil {
			page.has("disabled data-after-wait")
		}
	case screen == rp.E2 && provider == "":
		page.has("another password manager")
	case screen == rp.E4:
		page.has("10 of 10")
	}
}

// Only an organisation that accepts its app alone may say so; under a block list the same refusal names the place.
func TestWrongPlaceSaysWhatThePolicySays(t *testing.T) {
	refusal := &rp.Refusal{Code: rp.CodeProviderNotAllowed, Provider: "Google Password Manager", ProviderKnown: true, ProviderKey: "google", Steps: []string{"remove.unknown.open"}}
	run := &rp.Run{ID: "run", Flow: rp.FlowSame, PhoneOS: rp.Android, Screen: rp.E2, Furthest: rp.S7, Problem: refusal}
	for name, c := range map[string]struct {
		policy policy.Policy
		only   bool
	}{
		"the app alone":      {policy.AllowList(appAndroid), true},
		"the app and others": {policy.AllowList(appAndroid, googlePM), false},
		"a block list":       {policy.BlockList(googlePM), false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, func(core *rp.Config, _ *Config) { core.Policy = c.policy })
			page := showOne(t, s, refusal, run)
			if c.only {
				page.has("Larkspur accepts passkeys from Larkspur ID", "turn-on", "it needs Android 14, iOS 17 or later")
			} else {
				page.has("does not accept passkeys from Google Password Manager").hasNot("accepts passkeys from Larkspur ID", "turn-on", "Android 14")
			}
		})
	}
}

func TestWordsOfOnlySomeProblems(t *testing.T) {
	s := newSite(t)
	key := &rp.Refusal{Code: rp.CodeProviderNotAllowed, ProviderKey: rp.ProviderSecurityKey, Steps: []string{"remove.key.tool"}}
	run := &rp.Run{ID: "run", Flow: rp.FlowKey, Screen: rp.E2, Furthest: rp.K2, Problem: key}
	showOne(t, s, key, run).has("accepts only certain security keys", "maker").hasNot("turn-on", "fingerprint")
	e1 := &rp.Refusal{Code: rp.CodeNotAllowed, Stray: rp.StrayPossible}
	page := showOne(t, s, e1, &rp.Run{ID: "run", Flow: rp.FlowAndroid, Screen: rp.E1, Furthest: rp.S7, Problem: e1})
	page.has("Bluetooth is on", "screen lock", "does not already hold a passkey for this account", "remove it before you try again", "Android 14", "no network or company filter")
	if strings.Index(page.body, "Bluetooth is on") > strings.Index(page.body, "Both are online") {
		t.Error("Bluetooth is not first in the list")
	}
	showOne(t, s, e1, &rp.Run{ID: "run", Flow: rp.FlowKey, Screen: rp.E1, Furthest: rp.K2, Problem: e1}).has("The key is inserted", "the key did not answer").hasNot("Bluetooth", "#phone\"")
	here := showOne(t, s, e1, &rp.Run{ID: "run", Flow: rp.FlowSame, PhoneOS: rp.Android, Screen: rp.E1, Furthest: rp.S7, Problem: e1})
	here.has("screen lock", "Android 14", "does not already hold a passkey for this account").hasNot("Bluetooth", "computer", "scan")
	anywhere := showOne(t, s, e1, &rp.Run{ID: "run", Flow: rp.FlowAny, Screen: rp.E1, Furthest: rp.S7, Problem: e1})
	anywhere.has("With a phone, Bluetooth", "the place that you chose did not save it").hasNot("Larkspur ID is switched on")
}

// Help promises what the policy does.
func TestHelpSaysWhatThePolicySays(t *testing.T) {
	newSite(t).get("/help/faq").has("may not accept every password manager").hasNot("passkeys saved in Larkspur ID only")
	only := newSite(t, func(core *rp.Config, _ *Config) { core.Policy = policy.AllowList(appAndroid) })
	only.get("/help/faq").has("passkeys saved in Larkspur ID only").hasNot("may not accept every")
}

// Help names the hosts at which phone and computer meet, for whoever minds a company's network.
func TestHelpNamesWhatNetworksMustAllow(t *testing.T) {
	newSite(t).get("/help/faq").has("cable.ua5v.com", "cable.auth.com", "allow Bluetooth")
}

// A passkey that the phone did not offer may be in its other profile. The page cannot know, so the advice is always in the
// document, unseen until a try came to nothing.
func TestSignInKeepsAdviceAboutProfiles(t *testing.T) {
	newSite(t).get("/sign-in").has(`data-test="not-offered" hidden`, "each profile keeps its own passkeys")
}

// The page of E1 tells nothing of what the phone did: two causes, one page.
func TestE1IsConstant(t *testing.T) {
	s := newSite(t)
	run := &rp.Run{ID: "run", Flow: rp.FlowAndroid, Screen: rp.E1, Furthest: rp.S7}
	first := showOne(t, s, &rp.Refusal{Code: rp.CodeNotAllowed, Stray: rp.StrayPossible}, run)
	second := showOne(t, s, &rp.Refusal{Code: rp.CodeNotAllowed, Stray: rp.StrayPossible, AAGUID: googlePM.String(), Provider: "Google Password Manager", ProviderKnown: true}, run)
	if first.body != second.body {
		t.Error("the page depends on more than the code")
	}
}
