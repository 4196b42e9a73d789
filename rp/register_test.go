package rp_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
)

func TestRegistrationStoresWhatWasSigned(t *testing.T) {
	p := newLab(t).signedIn("mia")
	run := p.start(rp.Start{Method: rp.AddApp, SameDevice: true, PhoneOS: rp.Android})
	run = p.step(run, next(), rp.S5a)
	run = p.step(run, next(), rp.S7)
	options := p.begin(run)
	if options.Run.Screen != rp.S8 || options.Run.Attempt != 1 {
		t.Fatalf("run after options: %s attempt %d, want S8 attempt 1", options.Run.Screen, options.Run.Attempt)
	}
	d := newDevice(appAndroid)
	d.attachment = "platform"
	made, body := d.create(t, optionsJSON(t, options))
	stored, err := p.finish(run, body)
	if err != nil {
		t.Fatal(err)
	}
	if stored.Run.Screen != rp.S10 || string(stored.Run.ResultCredentialID) != string(made.id) {
		t.Errorf("run: %s with result %x", stored.Run.Screen, stored.Run.ResultCredentialID)
	}
	list := p.credentials()
	if len(list) != 1 {
		t.Fatalf("%d passkeys stored, want 1", len(list))
	}
	c := list[0]
	if string(c.ID) != string(made.id) || c.AAGUID != appAndroid || c.Algorithm != -7 || c.BackupEligible || !c.UVInitialized || c.Attachment != "platform" {
		t.Errorf("stored %+v", c)
	}
	if c.Name != "Larkspur ID on Android" || c.NamedByUser || !c.LastUsedAt.IsZero() || !c.CreatedAt.Equal(p.Now()) {
		t.Errorf("name %q by user %v, used %v, created %v", c.Name, c.NamedByUser, c.LastUsedAt, c.CreatedAt)
	}
	wantAudit(t, p, rp.ActionPasskeyAdded, "")
	if notices, err := p.Notices(p.ctx, p.user.ID); err != nil || len(notices) != 1 || notices[0].Kind != rp.ActionPasskeyAdded {
		t.Errorf("notices %+v, %v", notices, err)
	}
}

func wantAudit(t testing.TB, p *person, action rp.Action, code rp.Code) {
	t.Helper()
	events, err := p.AuditEvents(p.ctx, p.user.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if e.Action == action && e.Code == code && e.RequestID == "req-1" && !e.At.IsZero() {
			return
		}
	}
	t.Errorf("no audit event %s with code %q in %+v", action, code, events)
}

// REG-25 and the table of attachment and hints.
func TestCreationOptions(t *testing.T) {
	for _, tc := range []struct {
		name       string
		start      rp.Start
		walk       []rp.Input
		attachment string
		hints      []string
	}{
		{"android", rp.Start{Method: rp.AddApp}, []rp.Input{next(), {Event: rp.EventNext, PhoneOS: rp.Android}, next(), next()}, "cross-platform", []string{"hybrid"}},
		{"ios", rp.Start{Method: rp.AddApp}, []rp.Input{next(), {Event: rp.EventNext, PhoneOS: rp.IOS}, next(), next()}, "cross-platform", []string{"hybrid"}},
		{"same device", rp.Start{Method: rp.AddApp, SameDevice: true}, []rp.Input{next(), next()}, "platform", []string{"client-device"}},
		{"security key", rp.Start{Method: rp.AddKey}, []rp.Input{{Event: rp.EventNext, KeyTransport: rp.KeyUSB}}, "cross-platform", []string{"security-key"}},
		{"anywhere", rp.Start{Method: rp.AddPasskey}, nil, "", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := newLab(t, withPolicy(policy.Policy{Attestation: policy.AttestationDirect})).signedIn("mia")
			first := p.register(newDevice(google).synced())
			run := p.start(tc.start)
			for _, in := range tc.walk {
				in.From = run.Screen
				var err error
				if run, err = p.Step(p.ctx, p.session.ID, run.ID, in); err != nil {
					t.Fatal(err)
				}
			}
			var o, other creationJSON
			if err := json.Unmarshal(optionsJSON(t, p.begin(run)), &o); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(optionsJSON(t, p.begin(run)), &other); err != nil {
				t.Fatal(err)
			}
			if o.AuthenticatorSelection.AuthenticatorAttachment != tc.attachment || !slices.Equal(o.Hints, tc.hints) {
				t.Errorf("attachment %q hints %q", o.AuthenticatorSelection.AuthenticatorAttachment, o.Hints)
			}
			if len(unb64(t, o.Challenge)) != 32 || o.Challenge == other.Challenge {
				t.Errorf("challenges %q, %q: want 32 bytes, never twice", o.Challenge, other.Challenge)
			}
			if len(unb64(t, o.User.ID)) != 32 || o.User.Name != "mia" || o.RP.ID != testRPID || o.RP.Name != "Larkspur" {
				t.Errorf("user %+v rp %+v", o.User, o.RP)
			}
			s := o.AuthenticatorSelection
			if s.ResidentKey != "required" || !s.RequireResidentKey || s.UserVerification != "required" || !o.Extensions.CredProps {
				t.Errorf("selection %+v extensions %+v", s, o.Extensions)
			}
			if o.Attestation != "direct" || o.Timeout != 300_000 || o.PubKeyCredParams[0].Alg != -7 {
				t.Errorf("attestation %q timeout %d params %+v", o.Attestation, o.Timeout, o.PubKeyCredParams)
			}
			ceremonies := must(p.Ceremonies(p.ctx, p.user.ID))
			if last := ceremonies[len(ceremonies)-1]; len(last.ExcludeIDs) != 1 || string(last.ExcludeIDs[0]) != string(first.id) || len(last.OptionsDigest) != 64 {
				t.Errorf("recorded %+v", last)
			}
			if len(o.ExcludeCredentials) != 1 || o.ExcludeCredentials[0].ID != b64(first.id) || len(o.ExcludeCredentials[0].Transports) != 2 {
				t.Errorf("exclude list %+v", o.ExcludeCredentials)
			}
		})
	}
}

// RP-07, SEC-15 and the rest of WebAuthn L3 §7.1: each lie alone is refused with one public answer, nothing is
// stored, and no stray is remembered, as nobody knows that a passkey was made.
func TestVerificationRefusesEachLie(t *testing.T) {
	for _, tc := range []struct {
		name string
		lie  func(*parts)
	}{
		{"type", func(p *parts) { p.clientData["type"] = "webauthn.get" }},
		{"challenge", func(p *parts) { p.clientData["challenge"] = b64(random(32)) }},
		{"origin", func(p *parts) { p.clientData["origin"] = "http://login.localhost.example:8080" }},
		{"origin port", func(p *parts) { p.clientData["origin"] = "http://login.localhost:8081" }},
		{"cross origin", func(p *parts) { p.clientData["crossOrigin"] = true }},
		{"top origin", func(p *parts) { p.clientData["topOrigin"] = "http://evil.localhost" }},
		{"rp id hash", func(p *parts) { p.rpIDHash = random(32) }},
		{"user presence", func(p *parts) { p.flags &^= flagUP }},
		{"BS without BE", func(p *parts) { p.flags |= flagBS }},
		{"no attested data", func(p *parts) { p.flags &^= flagAT }},
		{"other id outside", func(p *parts) { p.outerID = random(32) }},
		{"id of 1024 bytes", func(p *parts) { p.id = random(1024) }},
		{"empty id", func(p *parts) { p.id = []byte{} }},
		{"malformed authenticator data", func(p *parts) { p.authData = random(36) }},
		{"statement with none", func(p *parts) { p.statement = map[string]any{"sig": random(70)} }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := newLab(t).signedIn("mia")
			run := p.anywhere()
			d := newDevice(appAndroid)
			d.edit = tc.lie
			_, body := d.create(t, optionsJSON(t, p.begin(run)))
			_, err := p.finish(run, body)
			refusal := wantRefused(t, err, rp.CodeVerificationFailed)
			if refusal.AAGUID != "" || refusal.Provider != "" || refusal.SignalUnknown {
				t.Errorf("the refusal tells %+v", refusal)
			}
			if len(p.credentials()) != 0 || len(p.strays()) != 0 {
				t.Error("something was stored")
			}
			if run, err := p.Run(p.ctx, p.session.ID, run.ID); err != nil || run.Screen != rp.E10 {
				t.Errorf("run on %v, %v, want E10", run, err)
			}
			wantAudit(t, p, rp.ActionPasskeyRefused, rp.CodeVerificationFailed)
			// The challenge is used up: the honest response comes too late.
			d.edit = nil
			if tc.name != "challenge" {
				_, honest := d.create(t, optionsJSON(t, p.begin(p.retry(run))))
				if _, err := p.finish(run, honest); err != nil {
					t.Errorf("the honest control was refused: %v", err)
				}
			}
		})
	}
}

// retry presses "Try again" on the run's problem screen.
func (p *person) retry(run *rp.Run) *rp.Run {
	p.t.Helper()
	run, err := p.Run(p.ctx, p.session.ID, run.ID)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.step(run, rp.Input{Event: rp.EventRetry}, rp.S7)
}

func TestBadAttestationStatements(t *testing.T) {
	for name, lie := range map[string]func(*parts){
		"bad signature":  func(p *parts) { p.format, p.statement = "packed", map[string]any{"alg": -7, "sig": random(70)} },
		"unknown format": func(p *parts) { p.format = "unheard-of" },
	} {
		t.Run(name, func(t *testing.T) {
			p := newLab(t, withPolicy(policy.Policy{Attestation: policy.AttestationDirect})).signedIn("mia")
			run := p.anywhere()
			d := newDevice(appAndroid)
			d.edit = lie
			_, body := d.create(t, optionsJSON(t, p.begin(run)))
			_, err := p.finish(run, body)
			wantRefused(t, err, rp.CodeAttestationInvalid)
			if len(p.credentials()) != 0 || len(p.strays()) != 0 {
				t.Error("something was stored")
			}
		})
	}
}

func TestAlgorithmAndUserVerificationHaveTheirOwnCodes(t *testing.T) {
	p := newLab(t).signedIn("mia")
	run := p.anywhere()
	d := newDevice(appAndroid)
	d.algorithm = -35
	_, body := d.create(t, optionsJSON(t, p.begin(run)))
	_, err := p.finish(run, body)
	if refusal := rp.AsRefusal(err); refusal == nil || refusal.Code.Screen() != rp.E10 {
		t.Errorf("ES384 over P-256 that nobody asked for: %v", err)
	}
	d = newDevice(appAndroid)
	d.flags &^= flagUV
	_, body = d.create(t, optionsJSON(t, p.begin(p.retry(run))))
	_, err = p.finish(run, body)
	wantRefused(t, err, rp.CodeUVRequired)
	if strays := p.strays(); len(strays) != 1 || strays[0].Reason != rp.CodeUVRequired {
		t.Errorf("strays %+v: an authentic passkey was refused", strays)
	}
}

// RP-08: garbage is answered, quickly and without a panic, and the run can go on.
func TestMalformedBodies(t *testing.T) {
	p := newLab(t).signedIn("mia")
	for _, body := range []string{
		"", "{", "null", "[]", "{}", `"x"`, `{"id":"AA","rawId":"AA","type":"public-key","response":{}}`,
		`{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"_____w"}}`,
		`{"id":5}`, strings.Repeat("x", rp.MaxBody+1), `{"id":"` + strings.Repeat("A", 5000) + `"}`,
	} {
		run := p.anywhere()
		p.begin(run)
		_, err := p.finish(run, []byte(body))
		wantRefused(t, err, rp.CodeVerificationFailed)
	}
}

// WP-01, WP-05, WP-07, WP-08, WP-09, WP-10.
func TestWrongProvider(t *testing.T) {
	for _, tc := range []struct {
		name       string
		aaguid     uuid.UUID
		attachment string
		provider   string
		known      bool
		signal     bool
	}{
		{"google, cross-device", google, "cross-platform", "Google Password Manager", true, false},
		{"google, same device", google, "platform", "Google Password Manager", true, true},
		{"samsung", samsung, "cross-platform", "Samsung Pass", true, false},
		{"google, attachment not told", google, "", "Google Password Manager", true, false},
		{"unknown", uuid.MustParse("12345678-1234-1234-1234-123456789abc"), "cross-platform", "", false, false},
		{"not disclosed", uuid.Nil, "platform", "", false, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := newLab(t, withPolicy(policy.AllowList(appAndroid, appIOS))).signedIn("mia")
			run := p.anywhere()
			d := newDevice(tc.aaguid).synced()
			d.attachment = tc.attachment
			made, body := d.create(t, optionsJSON(t, p.begin(run)))
			_, err := p.finish(run, body)
			refusal := wantRefused(t, err, rp.CodeProviderNotAllowed)
			if refusal.Provider != tc.provider || refusal.ProviderKnown != tc.known || refusal.AAGUID != tc.aaguid.String() {
				t.Errorf("refusal names %+v", refusal)
			}
			if refusal.SignalUnknown != tc.signal || (refusal.CredentialID == b64(made.id)) != tc.signal {
				t.Errorf("signal %v for %q", refusal.SignalUnknown, refusal.CredentialID)
			}
			if len(refusal.Steps) == 0 || refusal.Stray != rp.StrayYes {
				t.Errorf("steps %q stray %q", refusal.Steps, refusal.Stray)
			}
			if len(p.credentials()) != 0 {
				t.Error("the refused passkey was stored")
			}
			strays := p.strays()
			if len(strays) != 1 || strays[0].AAGUID != tc.aaguid || strays[0].Reason != rp.CodeProviderNotAllowed {
				t.Fatalf("strays %+v", strays)
			}
			info, err := p.SecurityInfo(p.ctx, p.session.ID)
			if err != nil || info.Reminder == nil || info.Reminder.ID != strays[0].ID {
				t.Fatalf("reminder %+v, %v", info, err)
			}
			if err := p.DismissReminder(p.ctx, p.session.ID, strays[0].ID); err != nil {
				t.Fatal(err)
			}
			if info, err = p.SecurityInfo(p.ctx, p.session.ID); err != nil || info.Reminder != nil {
				t.Errorf("reminder after dismissal: %+v, %v", info.Reminder, err)
			}
			// WP-02, WP-03: the retry into the app succeeds, stray or no stray, and its challenge is new.
			again := p.retry(run)
			if again.LastProvider != tc.provider {
				t.Errorf("S7 reminds of %q, want %q", again.LastProvider, tc.provider)
			}
			options := p.begin(again)
			if options.Run.Attempt != 2 || len(options.Options.CredentialExcludeList) != 0 {
				t.Errorf("attempt %d, excluding %d", options.Run.Attempt, len(options.Options.CredentialExcludeList))
			}
			_, body = newDevice(appAndroid).create(t, optionsJSON(t, options))
			if _, err := p.finish(run, body); err != nil || len(p.credentials()) != 1 {
				t.Errorf("retry: %v, %d stored", err, len(p.credentials()))
			}
			// WP-04: the stray at sign-in.
			_, err = p.signInWith(d, made)
			if stray := wantRefused(t, err, rp.CodeSignInStray); stray.Provider != tc.provider {
				t.Errorf("at sign-in the stray is in %q", stray.Provider)
			}
		})
	}
}

// WP-13, WP-16: advice that repetition earns.
func TestHintsAfterRepeatedRefusals(t *testing.T) {
	p := newLab(t, withPolicy(policy.AllowList(appAndroid))).signedIn("mia")
	run := p.start(rp.Start{Method: rp.AddApp, SameDevice: true})
	run = p.step(p.step(run, next(), rp.S5a), next(), rp.S7)
	for n, want := range [][]string{nil, {rp.HintBrowser}, {rp.HintBrowser, rp.HintSwitchOff}} {
		_, body := newDevice(google).create(t, optionsJSON(t, p.begin(run)))
		_, err := p.finish(run, body)
		if refusal := wantRefused(t, err, rp.CodeProviderNotAllowed); !slices.Equal(refusal.Hints, want) {
			t.Errorf("refusal %d hints %q, want %q", n+1, refusal.Hints, want)
		}
		run = p.retry(run)
	}
}

// The third time another way is named as well: the phone's own browser, and the app itself where there is one. The app is
// no way out where it is what was refused.
func TestTheThirdRefusalNamesAnotherWay(t *testing.T) {
	browser, app := rp.HintOtherFlow, rp.HintInApp
	for name, tc := range map[string]struct {
		policy policy.Policy
		device uuid.UUID
		apps   func(*rp.Config)
		want   []string
		leads  rp.Screen // the event that leads to the app
	}{
		"with an app":          {policy.AllowList(appAndroid), google, withApps, []string{rp.HintSwitchOff, browser, app}, rp.V1},
		"without one":          {policy.AllowList(appAndroid), google, func(*rp.Config) {}, []string{rp.HintSwitchOff, browser}, rp.E2},
		"the app is the wrong": {policy.BlockList(appAndroid), appAndroid, withApps, []string{rp.HintSwitchOff, browser}, rp.V1},
	} {
		t.Run(name, func(t *testing.T) {
			p := newLab(t, withPolicy(tc.policy), tc.apps).signedIn("mia")
			run := p.start(rp.Start{Method: rp.AddApp})
			run = p.step(p.step(run, next(), rp.S4), rp.Input{Event: rp.EventNext, PhoneOS: rp.Android}, rp.S5a)
			run = p.step(p.step(run, next(), rp.S6), next(), rp.S7)
			for n := range 3 {
				_, body := newDevice(tc.device).create(t, optionsJSON(t, p.begin(run)))
				_, err := p.finish(run, body)
				refusal := wantRefused(t, err, rp.CodeProviderNotAllowed)
				if n == 2 && !slices.Equal(refusal.Hints, tc.want) {
					t.Errorf("hints %q, want %q", refusal.Hints, tc.want)
				}
				if n < 2 {
					run = p.retry(run)
				}
			}
			run, err := p.Step(p.ctx, p.session.ID, run.ID, rp.Input{From: rp.E2, Event: rp.EventInApp})
			if err != nil || run.Screen != tc.leads {
				t.Errorf("the way to the app leads to %+v, %v; want %s", run, err, tc.leads)
			}
		})
	}
}

// WP-17, WP-18, POL-05, WP-19.
func TestPolicyAtRegistration(t *testing.T) {
	for _, tc := range []struct {
		name   string
		policy policy.Policy
		device *device
		want   rp.Code
	}{
		{"device-bound only, syncing", policy.Policy{PasskeyTypes: policy.TypeDeviceBound}, newDevice(google).synced(), rp.CodeSyncedNotAllowed},
		{"device-bound only, bound", policy.Policy{PasskeyTypes: policy.TypeDeviceBound}, newDevice(appAndroid), ""},
		{"block list, blocked", policy.BlockList(google), newDevice(google), rp.CodeProviderNotAllowed},
		{"block list, other", policy.BlockList(google), newDevice(samsung), ""},
		{"allow list, zero", policy.AllowList(appAndroid), newDevice(uuid.Nil), rp.CodeProviderNotAllowed},
		{"uv preferred, none given", policy.Policy{UserVerification: policy.UserVerificationPreferred}, unverified(), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := newLab(t).signedIn("mia")
			run := p.start(rp.Start{Method: rp.AddKey})
			run = p.step(run, rp.Input{Event: rp.EventNext, KeyTransport: rp.KeyUSB}, rp.K2)
			if err := p.SetPolicy(p.ctx, tc.policy); err != nil {
				t.Fatal(err)
			}
			_, body := tc.device.create(t, optionsJSON(t, p.begin(run)))
			_, err := p.finish(run, body)
			if tc.want != "" {
				wantRefused(t, err, tc.want)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

func unverified() *device {
	d := newDevice(appAndroid)
	d.flags &^= flagUV
	return d
}

// POL-10: decided by the policy at verify, and the outer authenticatorData is no evidence (WP-19).
func TestPolicyNarrowsDuringTheCeremony(t *testing.T) {
	p := newLab(t).signedIn("mia")
	run := p.anywhere()
	options := optionsJSON(t, p.begin(run))
	if err := p.SetPolicy(p.ctx, policy.AllowList(appAndroid)); err != nil {
		t.Fatal(err)
	}
	_, body := newDevice(google).create(t, options)
	var outer map[string]any
	if err := json.Unmarshal(body, &outer); err != nil {
		t.Fatal(err)
	}
	data := unb64(t, outer["response"].(map[string]any)["authenticatorData"].(string))
	copy(data[37:53], appAndroid[:])
	outer["response"].(map[string]any)["authenticatorData"] = b64(data)
	_, err := p.finish(run, encodeJSON(t, outer))
	if refusal := wantRefused(t, err, rp.CodeProviderNotAllowed); refusal.Provider != "Google Password Manager" {
		t.Errorf("named %q by unsigned data", refusal.Provider)
	}
	off := false
	if err := p.SetPolicy(p.ctx, policy.Policy{IsSelfServiceRegistrationAllowed: &off}); err != nil {
		t.Fatal(err)
	}
	_, err = p.BeginRegistration(p.ctx, p.session.ID, p.retry(run).ID)
	wantRefused(t, err, rp.CodeSelfServiceOff)
	if run, _ := p.Run(p.ctx, p.session.ID, run.ID); run.Screen != rp.E5b {
		t.Errorf("run on %s, want E5b", run.Screen)
	}
}

// RP-04, RP-06.
func TestSameBodySameAnswer(t *testing.T) {
	p := newLab(t).signedIn("mia")
	run := p.anywhere()
	options := optionsJSON(t, p.begin(run))
	_, body := newDevice(appAndroid).create(t, options)
	first, err := p.finish(run, body)
	if err != nil {
		t.Fatal(err)
	}
	second, err := p.finish(run, body)
	if err != nil || !second.Replay || string(second.Credential.ID) != string(first.Credential.ID) || len(p.credentials()) != 1 {
		t.Errorf("second post: %+v, %v, %d rows", second, err, len(p.credentials()))
	}
	_, other := newDevice(appAndroid).create(t, options)
	_, err = p.finish(run, other)
	wantRefused(t, err, rp.CodeChallengeUsed)
	if len(p.credentials()) != 1 || len(p.strays()) != 1 { // the other one was made all the same
		t.Errorf("%d rows, %d strays", len(p.credentials()), len(p.strays()))
	}
	// A refusal is replayed too, word for word.
	if err := p.SetPolicy(p.ctx, policy.AllowList(appIOS)); err != nil {
		t.Fatal(err)
	}
	run = p.anywhere()
	_, body = newDevice(google).create(t, optionsJSON(t, p.begin(run)))
	_, err1 := p.finish(run, body)
	_, err2 := p.finish(run, body)
	r1, r2 := wantRefused(t, err1, rp.CodeProviderNotAllowed), wantRefused(t, err2, rp.CodeProviderNotAllowed)
	if string(encodeJSON(t, r1)) != string(encodeJSON(t, r2)) || len(p.strays()) != 2 {
		t.Errorf("answers differ: %+v and %+v, or %d strays", r1, r2, len(p.strays()))
	}
}

func TestSameBodyInParallel(t *testing.T) {
	p := newLab(t).signedIn("mia")
	run := p.anywhere()
	_, body := newDevice(appAndroid).create(t, optionsJSON(t, p.begin(run)))
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() { _, errs[i] = p.finish(run, body) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil || len(p.credentials()) != 1 {
		t.Errorf("%v, %d rows", err, len(p.credentials()))
	}
}

// RP-05 and MFA-11, at the boundaries.
func TestChallengeLife(t *testing.T) {
	for _, tc := range []struct {
		name          string
		issued, later time.Duration // since the proof; since the options
		want          rp.Code
	}{
		{"at once", 0, 0, ""},
		{"just in time", 0, 6*time.Minute - time.Nanosecond, ""},
		{"at the end", 0, 6 * time.Minute, rp.CodeChallengeExpired},
		{"MFA-11, verify at 9:00", 4*time.Minute + 59*time.Second, 4*time.Minute + time.Second, ""},
		{"MFA-11, verify at 9:59", 4*time.Minute + 59*time.Second, 5 * time.Minute, ""},
		{"MFA-11, verify at 10:00", 4*time.Minute + 59*time.Second, 5*time.Minute + time.Second, rp.CodeChallengeExpired},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := newLab(t).signedIn("mia")
			p.clock.add(tc.issued)
			run := p.anywhere()
			options := optionsJSON(t, p.begin(run))
			p.clock.add(tc.later)
			_, body := newDevice(appAndroid).create(t, options)
			_, err := p.finish(run, body)
			if tc.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			wantRefused(t, err, tc.want)
			if len(p.credentials()) != 0 || len(p.strays()) != 1 {
				t.Errorf("%d stored, %d strays: the phone has one that came too late", len(p.credentials()), len(p.strays()))
			}
			_, err = p.finish(run, body)
			wantRefused(t, err, tc.want) // RP-04 again
			ceremonies, err := p.Ceremonies(p.ctx, p.user.ID)
			if err != nil || ceremonies[0].Open() || ceremonies[0].ServerCode != tc.want {
				t.Errorf("the challenge is not gone: %+v, %v", ceremonies, err)
			}
		})
	}
}

// SEC-01, SEC-02.
func TestForeignChallenges(t *testing.T) {
	l := newLab(t)
	ada, ben := l.signedIn("ada"), l.signedIn("ben")
	adaRun, benRun := ada.anywhere(), ben.anywhere()
	adaOptions := optionsJSON(t, ada.begin(adaRun))
	ben.begin(benRun)
	_, body := newDevice(appAndroid).create(t, adaOptions)

	t.Run("another user's run", func(t *testing.T) {
		_, err := ben.finish(benRun, body)
		wantRefused(t, err, rp.CodeVerificationFailed)
	})
	t.Run("another user's session", func(t *testing.T) {
		_, err := ben.FinishRegistration(l.ctx, ben.session.ID, adaRun.ID, body)
		wantNotFound(t, err)
	})
	t.Run("another session of the same user", func(t *testing.T) {
		_, err := ada.FinishRegistration(l.ctx, ada.signIn().ID, adaRun.ID, body)
		wantNotFound(t, err)
	})
	if len(ada.credentials()) != 0 || len(ben.credentials()) != 0 {
		t.Fatal("an account changed")
	}
	if _, err := ada.finish(adaRun, body); err != nil {
		t.Errorf("the owner's own response: %v", err)
	}
}

// EX-11, EX-12.
func TestDuplicateCredentialIDs(t *testing.T) {
	l := newLab(t)
	ada, ben := l.signedIn("ada"), l.signedIn("ben")
	made := ada.register(newDevice(appAndroid))
	for _, tc := range []struct {
		who  *person
		want rp.Code
		rows int
	}{{ada, rp.CodeDuplicateCredential, 1}, {ben, rp.CodeVerificationFailed, 0}} {
		d := newDevice(appAndroid)
		d.edit = func(p *parts) { p.id = made.id }
		run := tc.who.anywhere()
		_, body := d.create(t, optionsJSON(t, tc.who.begin(run)))
		_, err := tc.who.finish(run, body)
		refusal := wantRefused(t, err, tc.want)
		if refusal.AAGUID != "" || refusal.SignalUnknown || len(tc.who.credentials()) != tc.rows || len(tc.who.strays()) != 0 {
			t.Errorf("%s: refusal %+v, %d rows, %d strays", tc.who.user.UserName, refusal, len(tc.who.credentials()), len(tc.who.strays()))
		}
	}
}

// REG-22, POL-11, POL-12.
func TestLimitIsCheckedWhereItIsStored(t *testing.T) {
	l := newLab(t, withPolicy(policy.Policy{MaxPasskeys: 3}))
	p := l.signedIn("mia")
	other := *p
	other.session = p.signIn()
	p.register(newDevice(appAndroid))
	p.register(newDevice(appAndroid))
	runs := []*rp.Run{p.anywhere(), other.anywhere()}
	people := []*person{p, &other}
	bodies := make([][]byte, 2)
	for i, who := range people {
		_, bodies[i] = newDevice(appAndroid).create(t, optionsJSON(t, who.begin(runs[i])))
	}
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i, who := range people {
		wg.Go(func() { _, errs[i] = who.finish(runs[i], bodies[i]) })
	}
	wg.Wait()
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Fatalf("exactly one must win: %v, %v", errs[0], errs[1])
	}
	refusal := wantRefused(t, errors.Join(errs...), rp.CodeLimitReached)
	if refusal.Limit != 3 || refusal.Stray != rp.StrayYes || len(p.credentials()) != 3 || len(p.strays()) != 1 {
		t.Errorf("refusal %+v, %d stored, %d strays", refusal, len(p.credentials()), len(p.strays()))
	}
	_, err := p.StartRun(p.ctx, p.session.ID, rp.Start{Method: rp.AddPasskey})
	wantRefused(t, err, rp.CodeLimitReached)
	rows, refusal, err := p.Choices(p.ctx, p.session.ID)
	if err != nil || refusal == nil || rows[0].Disabled != rp.CodeLimitReached || rows[0].Existing == nil {
		t.Errorf("choices %+v, %+v, %v", rows, refusal, err)
	}
}

// EX-10: a provider that keeps one passkey an account probably overwrote the older one; EX-08: a second phone
// with the app did not.
func TestReplacedHint(t *testing.T) {
	p := newLab(t).signedIn("mia")
	older := p.register(newDevice(google).synced())
	p.register(newDevice(google).synced())
	p.register(newDevice(appAndroid))
	p.register(newDevice(appAndroid))
	var hinted int
	for _, c := range p.credentials() {
		if c.ReplacedHint {
			hinted++
			if string(c.ID) != string(older.id) {
				t.Errorf("%q is hinted", c.Name)
			}
		}
	}
	if hinted != 1 {
		t.Errorf("%d hinted, want 1", hinted)
	}
	if _, err := p.signInWith(newDevice(google).synced(), older); err != nil {
		t.Fatal(err)
	}
	if p.credentials()[0].ReplacedHint {
		t.Error("the hint stays although the passkey signed in")
	}
}

// SEC-11: logs hold no challenge, no secret, no full credential id.
func TestLogsHoldNoSecrets(t *testing.T) {
	p := newLab(t).signedIn("mia")
	run := p.anywhere()
	options := p.begin(run)
	made, body := newDevice(appAndroid).create(t, optionsJSON(t, options))
	if _, err := p.finish(run, body); err != nil {
		t.Fatal(err)
	}
	if _, err := p.signInWith(newDevice(appAndroid), made); err != nil {
		t.Fatal(err)
	}
	log := p.log.String()
	if !strings.Contains(log, "passkey.added") {
		t.Fatalf("the log is empty: %s", log)
	}
	for what, secret := range map[string]string{
		"challenge": options.Options.Challenge.String(), "credential id": b64(made.id), "password": testPassword,
		"code secret": p.secret, "session": p.session.ID, "user handle": b64(p.user.Handle),
	} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds the %s", what)
		}
	}
}
