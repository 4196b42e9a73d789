package rp_test

import (
	"strings"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
)

// appCertificate is the hash of the certificate that the tests' Android app is signed with.
var appCertificate = [32]byte{1, 2, 3}

func withApps(c *rp.Config) { c.Apps = rp.Apps{Android: [][32]byte{appCertificate}, Apple: true} }

// inApp is a phone app that a person is signed in to.
type inApp struct {
	*person
	token string
}

func (p *person) signsInToTheApp() *inApp {
	p.t.Helper()
	app, err := p.SignInApp(p.ctx, rp.PasswordSignIn{UserName: p.user.UserName, Password: testPassword, Code: p.code()})
	if err != nil {
		p.t.Fatal(err)
	}
	return &inApp{p, app.Token}
}

// phoneApp is what makes passkeys inside the app.
func phoneApp() *device {
	d := newDevice(appAndroid)
	d.origin, d.attachment = rp.AndroidOrigin(appCertificate), "platform"
	return d
}

func (a *inApp) begins() *rp.CreationOptions {
	a.t.Helper()
	options, err := a.BeginInApp(a.ctx, a.token, rp.Android)
	if err != nil {
		a.t.Fatal(err)
	}
	return options
}

// makes lets a device answer fresh options and hands the answer in.
func (a *inApp) makes(d *device) (*rp.Credential, error) {
	a.t.Helper()
	_, body := d.create(a.t, optionsJSON(a.t, a.begins()))
	return a.FinishInApp(a.ctx, a.token, body)
}

func TestTheAppMakesAPasskey(t *testing.T) {
	app := newLab(t, withApps).signedIn("ada").signsInToTheApp()
	options := app.begins()
	if o := options.Options; o.AuthenticatorSelection.AuthenticatorAttachment != "platform" || options.Run != nil || len(o.Challenge) != 32 {
		t.Errorf("options: %+v", o)
	}
	_, body := phoneApp().create(t, optionsJSON(t, options))
	stored, err := app.FinishInApp(app.ctx, app.token, body)
	if err != nil {
		t.Fatal(err)
	}
	if stored.Name != "Larkspur ID on Android" || stored.UserID != app.user.ID {
		t.Errorf("stored %+v", stored)
	}
	again, err := app.FinishInApp(app.ctx, app.token, body)
	if err != nil || again.Key() != stored.Key() || len(app.credentials()) != 1 {
		t.Errorf("the same answer again: %v, %v", again, err)
	}
	notices, _ := app.Notices(app.ctx, app.user.ID)
	if len(notices) != 1 || notices[0].Kind != rp.ActionPasskeyAdded {
		t.Errorf("notices: %+v", notices)
	}
	if excluded := app.begins().Options.CredentialExcludeList; len(excluded) != 1 {
		t.Errorf("the next options exclude %d passkeys", len(excluded))
	}
}

func TestTheAppOfAnAppleSystemSignsForItsDomain(t *testing.T) {
	app := newLab(t, withApps).signedIn("ada").signsInToTheApp()
	d := newDevice(appIOS)
	d.origin, d.attachment = rp.AppleOrigin(testRPID), "platform"
	if _, err := app.makes(d); err != nil {
		t.Error(err)
	}
}

func TestOnlyTheAppsOriginsMakePasskeysInTheApp(t *testing.T) {
	for name, origin := range map[string]string{
		"the site's pages": testOrigin, "another app": rp.AndroidOrigin([32]byte{9}), "another domain": "https://evil.example",
		"no origin": "", "the certificate in another case": strings.ToUpper(rp.AndroidOrigin(appCertificate)),
	} {
		t.Run(name, func(t *testing.T) {
			app := newLab(t, withApps).signedIn("ada").signsInToTheApp()
			d := phoneApp()
			d.origin = origin
			_, err := app.makes(d)
			wantRefused(t, err, rp.CodeVerificationFailed)
			if len(app.credentials()) != 0 {
				t.Error("it is stored")
			}
		})
	}
	t.Run("without an app of Apple's systems its domain counts for nothing", func(t *testing.T) {
		app := newLab(t, func(c *rp.Config) { c.Apps.Android = [][32]byte{appCertificate} }).signedIn("ada").signsInToTheApp()
		d := phoneApp()
		d.origin = rp.AppleOrigin(testRPID)
		_, err := app.makes(d)
		wantRefused(t, err, rp.CodeVerificationFailed)
	})
	t.Run("nor do an app's origins on a page", func(t *testing.T) {
		p := newLab(t, withApps).signedIn("ada")
		run := p.anywhere()
		_, body := phoneApp().create(t, optionsJSON(t, p.begin(run)))
		_, err := p.finish(run, body)
		wantRefused(t, err, rp.CodeVerificationFailed)
	})
}

func TestAnAppsTokenAndABrowsersSessionAreNotTheSame(t *testing.T) {
	p := newLab(t, withApps).signedIn("ada")
	app := p.signsInToTheApp()
	for name, token := range map[string]string{"none": "", "made up": "AAAA", "a browser's session": p.session.ID, "an app's session id": strings.TrimPrefix(p.sessionsOf()[1].ID, "app:")} {
		t.Run(name, func(t *testing.T) {
			_, err := p.BeginInApp(p.ctx, token, "")
			wantRefused(t, err, rp.CodeSessionExpired)
			_, err = p.FinishInApp(p.ctx, token, []byte("{}"))
			wantRefused(t, err, rp.CodeSessionExpired)
			wantRefused(t, p.DeletedInApp(p.ctx, token, "AAAA"), rp.CodeSessionExpired)
			_, err = p.ProveInApp(p.ctx, token, "000000")
			wantRefused(t, err, rp.CodeSessionExpired)
		})
	}
	_, err := p.SecurityInfo(p.ctx, app.token)
	wantRefused(t, err, rp.CodeSessionExpired)
	if strings.Contains(p.log.String(), app.token) {
		t.Error("the token is in the log")
	}
}

func (p *person) sessionsOf() []rp.Session {
	p.t.Helper()
	list, err := p.Sessions(p.ctx, p.user.ID)
	if err != nil || len(list) < 2 {
		p.t.Fatal(list, err)
	}
	return list
}

func TestAChallengeOfTheAppIsItsSessionsAlone(t *testing.T) {
	l := newLab(t, withApps)
	ada, otto := l.signedIn("ada").signsInToTheApp(), l.signedIn("otto").signsInToTheApp()
	_, body := phoneApp().create(t, optionsJSON(t, ada.begins()))
	_, err := otto.FinishInApp(l.ctx, otto.token, body)
	wantRefused(t, err, rp.CodeVerificationFailed)
	l.clock.add(time.Minute) // for another code
	second := ada.signsInToTheApp()
	_, err = second.FinishInApp(l.ctx, second.token, body)
	wantRefused(t, err, rp.CodeVerificationFailed)
	if len(ada.strays()) != 1 || len(otto.strays()) != 0 {
		t.Errorf("%d and %d strays", len(ada.strays()), len(otto.strays()))
	}
	if _, err := ada.FinishInApp(l.ctx, ada.token, body); err != nil || len(ada.strays()) != 0 {
		t.Errorf("whose it is: %v, %d strays", err, len(ada.strays()))
	}
	_, other := phoneApp().create(t, optionsJSON(t, otto.begins()))
	otto.begins()
	_, err = otto.FinishInApp(l.ctx, otto.token, other)
	wantRefused(t, err, rp.CodeChallengeUsed)
}

func TestTheAppIsHeldToPolicyProofAndTime(t *testing.T) {
	google := func() *device { d := phoneApp(); d.aaguid = google; return d }
	noUV := func() *device { d := phoneApp(); d.flags &^= flagUV; return d }
	for name, c := range map[string]struct {
		device func() *device
		change func(*inApp)
		code   rp.Code
	}{
		"another provider":             {google, func(*inApp) {}, rp.CodeProviderNotAllowed},
		"no verification":              {noUV, func(*inApp) {}, rp.CodeUVRequired},
		"a challenge that has expired": {phoneApp, func(a *inApp) { a.clock.add(6 * time.Minute) }, rp.CodeChallengeExpired},
		"signed out":                   {phoneApp, func(a *inApp) { _ = a.SignOutApp(a.ctx, a.token) }, rp.CodeSessionExpired},
		"signed out everywhere":        {phoneApp, func(a *inApp) { _ = a.SignOutEverywhere(a.ctx, a.session.ID) }, rp.CodeSessionExpired},
		"attestation enforced": {phoneApp, func(a *inApp) { a.sets(policy.Policy{IsAttestationEnforced: true}) },
			rp.CodeAttestationRequired},
		"self-service off": {phoneApp, func(a *inApp) {
			off := false
			a.sets(policy.Policy{IsSelfServiceRegistrationAllowed: &off})
		}, rp.CodeSelfServiceOff},
		"the app blocked": {phoneApp, func(a *inApp) { a.sets(policy.AllowList(samsung)) }, rp.CodeProviderNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			app := newLab(t, withApps).signedIn("ada").signsInToTheApp()
			_, body := c.device().create(t, optionsJSON(t, app.begins()))
			c.change(app)
			_, err := app.FinishInApp(app.ctx, app.token, body)
			wantRefused(t, err, c.code)
			if len(app.credentials()) != 0 {
				t.Error("it is stored")
			}
		})
	}
	t.Run("a stale proof gets no options until it is renewed", func(t *testing.T) {
		app := newLab(t, withApps).signedIn("ada").signsInToTheApp()
		app.clock.add(6 * time.Minute)
		_, err := app.BeginInApp(app.ctx, app.token, rp.Android)
		wantRefused(t, err, rp.CodeProofStale)
		if _, err := app.ProveInApp(app.ctx, app.token, app.code()); err != nil {
			t.Fatal(err)
		}
		app.begins()
	})
}

// What the phone made and the relying party refused is a stray, wherever the app's session was by then.
func TestWhatTheAppMadeInVainIsAStray(t *testing.T) {
	for name, late := range map[string]func(app *inApp, body []byte) error{
		"after its sign-out": func(app *inApp, body []byte) error {
			_ = app.SignOutApp(app.ctx, app.token)
			_, err := app.FinishInApp(app.ctx, app.token, body)
			return err
		},
		"after another sign-in": func(app *inApp, body []byte) error {
			app.clock.add(time.Minute) // for another code
			_, err := app.FinishInApp(app.ctx, app.signsInToTheApp().token, body)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			app := newLab(t, withApps).signedIn("ada").signsInToTheApp()
			_, body := phoneApp().create(t, optionsJSON(t, app.begins()))
			if rp.AsRefusal(late(app, body)) == nil || len(app.credentials()) != 0 || len(app.strays()) != 1 {
				t.Errorf("%d stored, %d strays", len(app.credentials()), len(app.strays()))
			}
		})
	}
	t.Run("and so is a second one to one challenge", func(t *testing.T) {
		app := newLab(t, withApps).signedIn("ada").signsInToTheApp()
		options := optionsJSON(t, app.begins())
		lax := phoneApp()
		lax.flags &^= flagUV
		_, first := lax.create(t, options)
		_, second := phoneApp().create(t, options)
		_, err := app.FinishInApp(app.ctx, app.token, first)
		wantRefused(t, err, rp.CodeUVRequired)
		_, err = app.FinishInApp(app.ctx, app.token, second)
		wantRefused(t, err, rp.CodeChallengeUsed)
		if len(app.strays()) != 2 {
			t.Errorf("%d strays", len(app.strays()))
		}
	})
	t.Run("but not for who has no token", func(t *testing.T) {
		app := newLab(t, withApps).signedIn("ada").signsInToTheApp()
		_, body := phoneApp().create(t, optionsJSON(t, app.begins()))
		_, err := app.FinishInApp(app.ctx, "nobody's token", body)
		wantRefused(t, err, rp.CodeSessionExpired)
		if len(app.strays()) != 0 {
			t.Error("a stray")
		}
		if _, err := app.FinishInApp(app.ctx, app.token, body); err != nil {
			t.Error(err)
		}
	})
}

func (a *inApp) sets(p policy.Policy) {
	a.t.Helper()
	if err := a.SetPolicy(a.ctx, p); err != nil {
		a.t.Fatal(err)
	}
}

func TestTheAppReportsADeletion(t *testing.T) {
	l := newLab(t, withApps)
	ada, otto := l.signedIn("ada").signsInToTheApp(), l.signedIn("otto").signsInToTheApp()
	stored, err := ada.makes(phoneApp())
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := ada.register(newDevice(google))
	wantNotFound(t, otto.DeletedInApp(l.ctx, otto.token, stored.Key()))
	wantNotFound(t, ada.DeletedInApp(l.ctx, ada.token, b64(elsewhere.id)))
	wantNotFound(t, ada.DeletedInApp(l.ctx, ada.token, "not base64url!"))
	if len(ada.credentials()) != 2 {
		t.Fatal("something is gone")
	}
	l.clock.add(20 * time.Minute) // it needs no fresh proof: it has happened
	if err := ada.DeletedInApp(l.ctx, ada.token, stored.Key()); err != nil {
		t.Fatal(err)
	}
	wantNotFound(t, ada.DeletedInApp(l.ctx, ada.token, stored.Key()))
	events, _ := l.AuditEvents(l.ctx, ada.user.ID)
	last := events[len(events)-1]
	if last.Action != rp.ActionPasskeyDeleted || last.Actor != rp.ActorApp || len(ada.credentials()) != 1 {
		t.Errorf("audit: %+v, %d passkeys", last, len(ada.credentials()))
	}
}

// lookingFor is a run of flow E on V2.
func (p *person) lookingFor() *rp.Run {
	p.t.Helper()
	run := p.start(rp.Start{Method: rp.AddInApp})
	run = p.step(run, next(), rp.V1)
	return p.step(run, next(), rp.V2)
}

func (p *person) looks(run *rp.Run, want rp.Screen) *rp.Run {
	p.t.Helper()
	seen, err := p.LookInApp(p.ctx, p.session.ID, run.ID)
	if err != nil || seen.Screen != want {
		p.t.Fatalf("looking led to %v, %v; want %s", seen, err, want)
	}
	return seen
}

func TestTheWizardFindsWhatTheAppMakes(t *testing.T) {
	p := newLab(t, withApps).signedIn("ada")
	app := p.signsInToTheApp()
	if _, err := app.makes(phoneApp()); err != nil { // before the run, and hence not what it looks for
		t.Fatal(err)
	}
	p.clock.add(time.Second)
	run := p.lookingFor()
	p.looks(run, rp.V2)
	p.register(newDevice(google))
	run = p.lookingFor() // the registration above took the run over
	p.clock.add(time.Second)
	p.looks(run, rp.V2)
	stored, err := app.makes(phoneApp())
	if err != nil {
		t.Fatal(err)
	}
	run = p.looks(run, rp.S11)
	if run.ResultKey() != stored.Key() {
		t.Errorf("found %s, want %s", run.ResultKey(), stored.Key())
	}
	if n, of := run.Progress(); n != 5 || of != 5 {
		t.Errorf("step %d of %d", n, of)
	}
	p.step(run, next(), rp.S0)
}

func TestTheWizardTellsOnceWhatTheAppWasRefused(t *testing.T) {
	p := newLab(t, withApps, withPolicy(policy.Policy{IsAttestationEnforced: true})).signedIn("ada")
	app, run := p.signsInToTheApp(), p.lookingFor()
	_, err := app.makes(phoneApp())
	wantRefused(t, err, rp.CodeAttestationRequired)
	run = p.looks(run, rp.E10)
	if run.Problem == nil || run.Problem.Code != rp.CodeAttestationRequired {
		t.Errorf("problem: %+v", run.Problem)
	}
	run = p.step(run, rp.Input{Event: rp.EventRetry}, rp.V1)
	run = p.step(run, next(), rp.V2)
	p.looks(run, rp.V2)
}

func TestWhileTheWizardLooksThePolicyMayClose(t *testing.T) {
	p := newLab(t, withApps).signedIn("ada")
	run := p.lookingFor()
	off := false
	(&inApp{person: p}).sets(policy.Policy{IsSelfServiceRegistrationAllowed: &off})
	p.looks(run, rp.E5b)
}

func TestBetweenTheAppAndTheBrowser(t *testing.T) {
	p := newLab(t, withApps).signedIn("ada")
	run := p.lookingFor()
	run = p.step(run, rp.Input{Event: rp.EventRetry}, rp.V2)
	run = p.step(run, rp.Input{Event: rp.EventTrouble}, rp.S4)
	if run.Flow != rp.FlowAndroid {
		t.Errorf("flow %s", run.Flow)
	}
	run = p.step(run, rp.Input{Event: rp.EventNext, PhoneOS: rp.IOS}, rp.S5i)
	run = p.step(run, rp.Input{Event: rp.EventInApp}, rp.V1)
	if run.Flow != rp.FlowInApp || run.PhoneOS != "" {
		t.Errorf("flow %s on %q", run.Flow, run.PhoneOS)
	}
	run = p.step(run, rp.Input{Event: rp.EventTrouble}, rp.S4)
	run = p.step(run, rp.Input{Event: rp.EventBack}, rp.S3)
	p.step(run, rp.Input{Event: rp.EventInApp}, rp.S3) // no such button there
	t.Run("on the phone itself", func(t *testing.T) {
		run := p.start(rp.Start{Method: rp.AddInApp, SameDevice: true, PhoneOS: rp.IOS})
		run = p.step(run, next(), rp.V1)
		run = p.step(run, rp.Input{Event: rp.EventTrouble}, rp.S5i)
		if run.Flow != rp.FlowSame {
			t.Errorf("flow %s", run.Flow)
		}
		p.step(run, rp.Input{Event: rp.EventInApp}, rp.V1)
	})
	t.Run("not while attestation is enforced", func(t *testing.T) {
		(&inApp{person: p}).sets(policy.Policy{IsAttestationEnforced: true})
		run := p.lookingFor()
		p.step(run, rp.Input{Event: rp.EventTrouble}, rp.V2)
		_, err := p.StartRun(p.ctx, p.session.ID, rp.Start{Method: rp.AddApp})
		wantRefused(t, err, rp.CodeAttestationBlocksFlow)
	})
}

func TestTheAddressesOfFlowE(t *testing.T) {
	p := newLab(t, withApps).signedIn("ada")
	run := p.start(rp.Start{Method: rp.AddInApp})
	visit := func(asked, want rp.Screen) {
		t.Helper()
		seen, err := p.Visit(p.ctx, p.session.ID, run.ID, asked)
		if err != nil || seen.Screen != want {
			t.Errorf("%s led to %v, %v; want %s", asked, seen.Screen, err, want)
		}
	}
	visit(rp.V2, rp.S3)
	run = p.step(run, next(), rp.V1)
	run = p.step(run, next(), rp.V2)
	visit(rp.V1, rp.V1)
	visit(rp.V2, rp.V2)
	visit(rp.S11, rp.V2)
	visit(rp.S8, rp.V2)
	run = p.step(run, rp.Input{Event: rp.EventBack}, rp.V1)
	if _, err := p.BeginRegistration(p.ctx, p.session.ID, run.ID); err == nil {
		t.Error("a page got options on V1")
	}
	p.step(run, rp.Input{Event: rp.EventBack}, rp.S3)
	if _, err := p.BeginRegistration(p.ctx, p.session.ID, run.ID); err == nil {
		t.Error("a page got options in flow E")
	}
}

func TestWithoutAnAppThereIsNoFlowE(t *testing.T) {
	p := newLab(t).signedIn("ada")
	if _, err := p.StartRun(p.ctx, p.session.ID, rp.Start{Method: rp.AddInApp}); len(rp.FieldErrors(err)) != 1 {
		t.Errorf("got %v", err)
	}
	rows, _, err := p.Choices(p.ctx, p.session.ID)
	if err != nil || len(rows) != 3 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	run := p.start(rp.Start{Method: rp.AddApp})
	run = p.step(run, next(), rp.S4)
	p.step(run, rp.Input{Event: rp.EventInApp}, rp.S4)
}

func TestTooManyWrongSignInsToTheAppFromOneNetwork(t *testing.T) {
	l := newLab(t, withApps, func(c *rp.Config) { c.Limits.Network = 3 })
	l.signedIn("ada")
	try := func(name string) error {
		_, err := l.SignInApp(l.ctx, rp.PasswordSignIn{UserName: name, Password: "x", Code: "1", Client: rp.Client{IPPrefix: "192.0.2.0/24"}})
		return err
	}
	for _, name := range []string{"a", "b", "c"} {
		wantRefused(t, try(name), rp.CodeWrongCredentials)
	}
	if refusal := wantRefused(t, try("d"), rp.CodeRateLimited); refusal.RetryAt.IsZero() {
		t.Error("it does not say when to try again")
	}
	l.clock.add(time.Minute)
	wantRefused(t, try("e"), rp.CodeWrongCredentials)
}
