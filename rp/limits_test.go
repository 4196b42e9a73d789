package rp_test

import (
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/rp"
)

// SEC-09: too many responses that fail are answered with a wait, by browser and by network; others are not bothered.
func TestFailingSignInsAreLimited(t *testing.T) {
	p := newLab(t, func(c *rp.Config) { c.Limits = rp.Limits{Browser: 3, Network: 5} }).signedIn("mia")
	d := newDevice(appAndroid)
	made := p.register(d)
	try := func(browser, network string, broken bool) error {
		options := must(p.BeginSignIn(p.ctx, rp.SignInStart{Binding: browser}))
		d.edit = func(parts *parts) {
			if broken {
				parts.signature = []byte("no signature")
			}
		}
		body := d.get(t, optionsJSON(t, options), made)
		_, err := p.FinishSignIn(p.ctx, rp.SignInResponse{Binding: browser, Body: body, Client: rp.Client{IPPrefix: network}})
		return err
	}
	for range 3 {
		wantRefused(t, try("a", "10.0.0.0/24", true), rp.CodeSignInFailed)
	}
	p.clock.add(20 * time.Second)
	refusal := wantRefused(t, try("a", "10.0.0.0/24", false), rp.CodeRateLimited)
	if wait := refusal.RetryAt.Sub(p.Now()); wait != 40*time.Second {
		t.Errorf("the wait is %s", wait)
	}
	if err := try("b", "10.0.0.0/24", false); err != nil {
		t.Errorf("another browser: %v", err)
	}
	for range 2 {
		wantRefused(t, try("b", "10.0.0.0/24", true), rp.CodeSignInFailed)
	}
	wantRefused(t, try("c", "10.0.0.0/24", false), rp.CodeRateLimited)
	if err := try("c", "10.0.1.0/24", false); err != nil {
		t.Errorf("another network: %v", err)
	}
	p.clock.add(40 * time.Second)
	if err := try("a", "10.0.0.0/24", false); err != nil {
		t.Errorf("after the wait: %v", err)
	}
}

// SEC-09, E11: the same for registrations; the run waits on E11 and goes on after the wait.
func TestFailingRegistrationsAreLimited(t *testing.T) {
	p := newLab(t, func(c *rp.Config) { c.Limits = rp.Limits{Browser: 2} }).signedIn("mia")
	run := p.anywhere()
	for range 2 {
		p.begin(run)
		_, err := p.finish(run, []byte("{}"))
		wantRefused(t, err, rp.CodeVerificationFailed)
		run = p.step(must(p.Run(p.ctx, p.session.ID, run.ID)), rp.Input{Event: rp.EventRetry}, rp.S7)
	}
	options := p.begin(run)
	_, body := newDevice(appAndroid).create(t, optionsJSON(t, options))
	_, err := p.finish(run, body)
	wantRefused(t, err, rp.CodeRateLimited)
	run = must(p.Run(p.ctx, p.session.ID, run.ID))
	if run.Screen != rp.E11 || run.Problem.RetryAt.IsZero() {
		t.Fatalf("the run stands on %s, %+v", run.Screen, run.Problem)
	}
	p.step(run, rp.Input{Event: rp.EventRetry}, rp.E11)
	p.clock.add(time.Minute)
	run = p.step(run, rp.Input{Event: rp.EventRetry}, rp.S7)
	_, body = newDevice(appAndroid).create(t, optionsJSON(t, p.begin(run)))
	if _, err := p.finish(run, body); err != nil {
		t.Error(err)
	}
}

func TestNoLimit(t *testing.T) {
	p := newLab(t, func(c *rp.Config) { c.Limits = rp.Limits{Browser: -1, Network: -1} })
	for range 700 {
		_, err := p.FinishSignIn(p.ctx, rp.SignInResponse{Binding: "a", Body: []byte("{}"), Client: rp.Client{IPPrefix: "10.0.0.0/24"}})
		wantRefused(t, err, rp.CodeSignInFailed)
	}
}

// SEC-08: the options for an unknown name are those for a known one, but for what is random in both.
func TestSignInOptionsDoNotTellWhoExists(t *testing.T) {
	p := newLab(t).signedIn("mia")
	p.register(newDevice(appAndroid))
	shape := func(name string) string {
		options := must(p.BeginSignIn(p.ctx, rp.SignInStart{Binding: "a", UserName: name}))
		if n := len(options.Options.Challenge); n != 32 {
			t.Errorf("%s: a challenge of %d bytes", name, n)
		}
		options.Options.Challenge = nil
		return string(optionsJSON(t, options))
	}
	if known, unknown := shape("mia"), shape("nobody"); known != unknown {
		t.Errorf("%s\nis not\n%s", known, unknown)
	}
}
