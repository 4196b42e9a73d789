package rp_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
)

// SI-01, SI-03, SI-13.
func TestSignInWithAPasskey(t *testing.T) {
	l := newLab(t)
	p := l.signedIn("mia")
	d := newDevice(google)
	d.flags |= flagBE
	made := p.register(d)
	l.clock.add(time.Hour)
	d.flags |= flagBS
	in, err := l.signInWith(d, made)
	if err != nil {
		t.Fatal(err)
	}
	if in.User.ID != p.user.ID || in.Session.ProofMethod != rp.MethodPasskey || !l.Freshness(in.Session, rp.ToChange).Fresh || !in.OfferHere {
		t.Errorf("signed in %+v", in)
	}
	c := p.credentials()[0]
	if !c.LastUsedAt.Equal(l.Now()) || c.LastUsedClient != "Chromium" || !c.BackupState || c.SignCount != 1 {
		t.Errorf("after use %+v", c)
	}
	info := must(l.SecurityInfo(l.ctx, in.Session.ID))
	if !info.Cards[0].ThisSession || info.Cards[0].Lives != rp.LivesSynced {
		t.Errorf("card %+v", info.Cards[0])
	}
	if list := must(l.Ceremonies(l.ctx, p.user.ID)); list[len(list)-1].Kind != rp.KindGet {
		t.Errorf("the sign-in's ceremony is not the user's: %+v", list)
	}
}

// SI-06 to SI-08, SI-10, SI-14 and each lie of WebAuthn L3 §7.2.
func TestSignInRefusesEachLie(t *testing.T) {
	for _, tc := range []struct {
		name string
		lie  func(*device, *parts)
		want rp.Code
	}{
		{"honest control", nil, ""},
		{"type", func(_ *device, p *parts) { p.clientData["type"] = "webauthn.create" }, rp.CodeSignInFailed},
		{"challenge", func(_ *device, p *parts) { p.clientData["challenge"] = b64(random(32)) }, rp.CodeSignInFailed},
		{"origin", func(_ *device, p *parts) { p.clientData["origin"] = "https://login.localhost" }, rp.CodeSignInFailed},
		{"cross origin", func(_ *device, p *parts) { p.clientData["crossOrigin"] = true }, rp.CodeSignInFailed},
		{"rp id hash", func(_ *device, p *parts) { p.rpIDHash = random(32) }, rp.CodeSignInFailed},
		{"user presence", func(_ *device, p *parts) { p.flags &^= flagUP }, rp.CodeSignInFailed},
		{"user verification", func(_ *device, p *parts) { p.flags &^= flagUV }, rp.CodeSignInFailed},
		{"BE changed", func(_ *device, p *parts) { p.flags |= flagBE }, rp.CodeSignInFailed},
		{"BS without BE", func(_ *device, p *parts) { p.flags |= flagBS }, rp.CodeSignInFailed},
		{"signature", func(_ *device, p *parts) { p.signature = random(70) }, rp.CodeSignInFailed},
		{"user handle", func(_ *device, p *parts) { p.userHandle = random(32) }, rp.CodeSignInFailed},
		{"no user handle", func(_ *device, p *parts) { p.userHandle = nil }, rp.CodeSignInFailed},
		{"unknown id", func(_ *device, p *parts) { p.id = random(32) }, rp.CodeSignInUnknown},
		{"unknown id from another origin", func(_ *device, p *parts) {
			p.id, p.clientData["origin"] = random(32), "http://evil.localhost"
		}, rp.CodeSignInFailed},
		{"counter went back", func(d *device, _ *parts) { d.counter = 3 }, rp.CodeSignInFailed},
		{"counter stood still", func(d *device, _ *parts) { d.counter = 7 }, rp.CodeSignInFailed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := newLab(t)
			p := l.signedIn("mia")
			d := newDevice(appAndroid)
			made := p.register(d)
			d.counter = 6
			must(l.signInWith(d, made))
			before := p.credentials()[0]
			l.clock.add(time.Minute)
			if tc.lie != nil {
				d.edit = func(p *parts) { tc.lie(d, p) }
			}
			_, err := l.signInWith(d, made)
			if tc.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			refusal := wantRefused(t, err, tc.want)
			if refusal.SignalUnknown {
				t.Error("a signal for a cross-device response")
			}
			after := p.credentials()[0]
			if after.SignCount != before.SignCount || !after.LastUsedAt.Equal(before.LastUsedAt) {
				t.Errorf("the record changed: %+v", after)
			}
			if sessions := must(l.Sessions(l.ctx, p.user.ID)); len(sessions) != 2 {
				t.Errorf("%d sessions, want 2", len(sessions))
			}
		})
	}
}

func TestCounterRules(t *testing.T) {
	l := newLab(t, withPolicy(policy.Policy{Counter: policy.CounterWarn}))
	p := l.signedIn("mia")
	d := newDevice(appAndroid)
	made := p.register(d)
	d.counter = 9
	must(l.signInWith(d, made))
	d.counter = 3
	in, err := l.signInWith(d, made)
	if err != nil || !in.CounterWarning || p.credentials()[0].SignCount != 10 {
		t.Errorf("warned: %+v, %v, counter %d", in, err, p.credentials()[0].SignCount)
	}
	found := false
	for _, e := range must(l.AuditEvents(l.ctx, p.user.ID)) {
		found = found || e.Action == rp.ActionCounter
	}
	if !found {
		t.Error("no audit event for the counter")
	}
	// SI-09: constant zero is honest.
	zero := newDevice(google).synced()
	zero.fixedCounter = true
	made = p.register(zero)
	for range 3 {
		if in, err := l.signInWith(zero, made); err != nil || in.CounterWarning {
			t.Fatalf("constant zero: %+v, %v", in, err)
		}
	}
}

// SI-11, POL-06, POL-09, EX-14.
func TestPolicyAtSignIn(t *testing.T) {
	for name, narrow := range map[string]policy.Policy{
		"allow list": policy.AllowList(appAndroid), "block list": policy.BlockList(google), "device-bound": {PasskeyTypes: policy.TypeDeviceBound},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			p := l.signedIn("mia")
			d := newDevice(google).synced()
			made := p.register(d)
			must(0, l.SetPolicy(l.ctx, narrow))
			_, err := l.signInWith(d, made)
			if refusal := wantRefused(t, err, rp.CodeSignInBlocked); refusal.Provider != "Google Password Manager" || refusal.SignalUnknown {
				t.Errorf("%+v", refusal)
			}
			// A forged response learns nothing of the policy.
			d.edit = func(p *parts) { p.signature = random(70) }
			_, err = l.signInWith(d, made)
			wantRefused(t, err, rp.CodeSignInFailed)
			d.edit = nil
			if info := must(l.SecurityInfo(l.ctx, p.session.ID)); info.Cards[0].Status != rp.StatusBlocked {
				t.Errorf("card %s", info.Cards[0].Status)
			}
			must(0, l.SetPolicy(l.ctx, policy.Policy{}))
			must(l.signInWith(d, made))
		})
	}
}

func TestSignInCeremoniesBelongToTheirBrowser(t *testing.T) {
	l := newLab(t)
	p := l.signedIn("mia")
	d := newDevice(appAndroid)
	d.fixedCounter = true // so that a counter cannot do the work of "used once"
	made := p.register(d)
	begin := func(in rp.SignInStart) []byte { return optionsJSON(t, must(l.BeginSignIn(l.ctx, in))) }
	finish := func(binding string, body []byte) error {
		_, err := l.FinishSignIn(l.ctx, rp.SignInResponse{Binding: binding, Body: body})
		return err
	}
	body := d.get(t, begin(rp.SignInStart{Binding: "one"}), made)
	wantRefused(t, finish("two", body), rp.CodeSignInFailed)
	if err := finish("one", body); err != nil {
		t.Errorf("the stranger's post used the challenge up: %v", err)
	}
	wantRefused(t, finish("one", body), rp.CodeSignInFailed) // a sign-in is never replayed

	options := begin(rp.SignInStart{Binding: "one"})
	l.clock.add(6 * time.Minute)
	wantRefused(t, finish("one", d.get(t, options, made)), rp.CodeSignInFailed)

	// With a user name: the options are alike for everybody, the account is compared in the end.
	wantRefused(t, finish("one", d.get(t, begin(rp.SignInStart{Binding: "one", UserName: "nobody"}), made)), rp.CodeSignInFailed)
	if err := finish("one", d.get(t, begin(rp.SignInStart{Binding: "one", UserName: "MIA "}), made)); err != nil {
		t.Error(err)
	}
	known, unknown := begin(rp.SignInStart{Binding: "b", UserName: "mia"}), begin(rp.SignInStart{Binding: "b", UserName: "nobody"})
	if len(known) != len(unknown) {
		t.Errorf("SEC-08: options differ:\n%s\n%s", known, unknown)
	}
	if _, err := l.BeginSignIn(l.ctx, rp.SignInStart{}); err == nil {
		t.Error("options without a browser")
	}
	// A registration's or a proof's challenge is no sign-in's.
	proof := must(l.BeginProof(l.ctx, p.session.ID))
	wantRefused(t, finish("one", d.get(t, optionsJSON(t, proof), made)), rp.CodeSignInFailed)
	for _, garbage := range []string{"", "{}", "[]", `{"id":"AA"}`, `{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"bnVsbA"}}`} {
		wantRefused(t, finish("one", []byte(garbage)), rp.CodeSignInFailed)
	}
}

// SI-10, DEL-09.
func TestUnknownPasskeySignalsOnTheSameDeviceOnly(t *testing.T) {
	for _, tc := range []struct {
		attachment string
		signal     bool
	}{{"platform", true}, {"cross-platform", false}, {"", false}} {
		l := newLab(t)
		p := l.signedIn("mia")
		d := newDevice(appAndroid)
		d.attachment = tc.attachment
		made := p.register(d)
		must(l.Delete(l.ctx, p.session.ID, b64(made.id)))
		_, err := l.signInWith(d, made)
		refusal := wantRefused(t, err, rp.CodeSignInUnknown)
		if refusal.SignalUnknown != tc.signal || (refusal.CredentialID != "") != tc.signal || len(refusal.Steps) == 0 {
			t.Errorf("%q: %+v", tc.attachment, refusal)
		}
	}
}

func TestStraysAreForgotten(t *testing.T) {
	l := newLab(t, withPolicy(policy.AllowList(appAndroid)))
	p := l.signedIn("mia")
	run := p.anywhere()
	d := newDevice(google)
	made, body := d.create(t, optionsJSON(t, p.begin(run)))
	_, err := p.finish(run, body)
	wantRefused(t, err, rp.CodeProviderNotAllowed)
	l.clock.add(30*24*time.Hour - time.Second)
	_, err = l.signInWith(d, made)
	wantRefused(t, err, rp.CodeSignInStray)
	l.clock.add(2 * time.Second)
	_, err = l.signInWith(d, made)
	wantRefused(t, err, rp.CodeSignInUnknown)
	must(0, l.Sweep(l.ctx))
	if len(p.strays()) != 0 {
		t.Error("the stray is still there")
	}
}

func TestProofWithAPasskey(t *testing.T) {
	l := newLab(t)
	p := l.signedIn("mia")
	_, err := l.BeginProof(l.ctx, p.session.ID)
	wantRefused(t, err, rp.CodeSignInUnknown)
	d := newDevice(appAndroid)
	made := p.register(d)
	l.clock.add(20 * time.Minute)
	run := p.start(rp.Start{Method: rp.AddApp})
	run = p.step(run, next(), rp.S2a)
	_, err = l.Proved(l.ctx, p.session.ID, run.ID)
	wantRefused(t, err, rp.CodeProofStale)
	options := must(l.BeginProof(l.ctx, p.session.ID))
	if len(options.Options.AllowedCredentials) != 1 {
		t.Errorf("allow list %+v", options.Options.AllowedCredentials)
	}
	s, err := l.FinishProof(l.ctx, p.session.ID, d.get(t, optionsJSON(t, options), made))
	if err != nil || s.ProofMethod != rp.MethodPasskey || !l.Freshness(s, rp.ToChange).Fresh {
		t.Fatalf("%+v, %v", s, err)
	}
	if run, err = l.Proved(l.ctx, p.session.ID, run.ID); err != nil || run.Screen != rp.S3 {
		t.Errorf("%v, %v, want S3", run, err)
	}
	// The challenge of a registration is no proof's.
	creation := p.begin(p.anywhere())
	_, err = l.FinishProof(l.ctx, p.session.ID, d.get(t, optionsJSON(t, creation), made))
	wantRefused(t, err, rp.CodeSignInFailed)
	// Another account's passkey proves nothing here.
	other := l.signedIn("ben")
	theirs := other.register(newDevice(appAndroid))
	options = must(l.BeginProof(l.ctx, p.session.ID))
	_, err = l.FinishProof(l.ctx, p.session.ID, newDevice(appAndroid).get(t, optionsJSON(t, options), theirs))
	wantRefused(t, err, rp.CodeSignInFailed)
}

func TestUnverifiedSignInIsNoProof(t *testing.T) {
	l := newLab(t, withPolicy(policy.Policy{UserVerification: policy.UserVerificationPreferred}))
	p := l.signedIn("mia")
	d := unverified()
	in := must(l.signInWith(d, p.register(d)))
	if l.Freshness(in.Session, rp.ToManage).Fresh {
		t.Error("a passkey without user verification counts as a proof")
	}
}

func TestProviderNamesAreNoPolicy(t *testing.T) {
	l := newLab(t, func(c *rp.Config) { c.Providers = []byte{} }, withPolicy(policy.AllowList(appAndroid)))
	p := l.signedIn("mia")
	p.register(newDevice(appAndroid)) // RP-14: accepted without a name
	if info := must(l.SecurityInfo(l.ctx, p.session.ID)); info.Cards[0].Provider.Known || info.Cards[0].Name != "Passkey" {
		t.Errorf("card %+v", info.Cards[0])
	}
	if got := l.Provider(uuid.Nil); got.Known || got.Name != "" || got.Key != rp.ProviderUnknown {
		t.Errorf("all zero is %+v", got)
	}
}
