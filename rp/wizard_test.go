package rp_test

import (
	crand "crypto/rand"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
)

// Each flow, screen by screen, forward and back again.
func TestFlows(t *testing.T) {
	pick := func(os rp.PhoneOS) rp.Input { return rp.Input{Event: rp.EventNext, PhoneOS: os} }
	for _, tc := range []struct {
		name  string
		start rp.Start
		walk  []rp.Input
		want  []rp.Screen
		flow  rp.Flow
	}{
		{"A", rp.Start{Method: rp.AddApp}, []rp.Input{next(), pick(rp.Android), next(), next()}, []rp.Screen{rp.S3, rp.S4, rp.S5a, rp.S6, rp.S7}, rp.FlowAndroid},
		{"B", rp.Start{Method: rp.AddApp}, []rp.Input{next(), pick(rp.IOS), next(), next()}, []rp.Screen{rp.S3, rp.S4, rp.S5i, rp.S6, rp.S7}, rp.FlowIOS},
		{"C", rp.Start{Method: rp.AddApp, SameDevice: true, PhoneOS: rp.Android}, []rp.Input{next(), next()}, []rp.Screen{rp.S3, rp.S5a, rp.S7}, rp.FlowSame},
		{"C on an iPhone", rp.Start{Method: rp.AddApp, SameDevice: true, PhoneOS: rp.IOS}, []rp.Input{next(), next()}, []rp.Screen{rp.S3, rp.S5i, rp.S7}, rp.FlowSame},
		{"D", rp.Start{Method: rp.AddKey}, []rp.Input{{Event: rp.EventNext, KeyTransport: rp.KeyNFC}}, []rp.Screen{rp.K1, rp.K2}, rp.FlowKey},
		{"P", rp.Start{Method: rp.AddPasskey}, nil, []rp.Screen{rp.S7}, rp.FlowAny},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := newLab(t).signedIn("mia")
			run := p.start(tc.start)
			if run.Screen != tc.want[0] {
				t.Fatalf("starts on %s, want %s", run.Screen, tc.want[0])
			}
			lastN := 1
			for i, in := range tc.walk {
				run = p.step(run, in, tc.want[i+1])
				n, of := run.Progress()
				if n != lastN+1 && i > 0 || n > of {
					t.Errorf("%s is step %d of %d after %d", run.Screen, n, of, lastN)
				}
				lastN = n
			}
			if run.Flow != tc.flow {
				t.Errorf("flow %s, want %s", run.Flow, tc.flow)
			}
			// Every screen reached can be opened by its address; none ahead can.
			for _, screen := range tc.want {
				if shown, err := p.Visit(p.ctx, p.session.ID, run.ID, screen); err != nil || shown.Screen != screen {
					t.Errorf("opening %s shows %v, %v", screen, shown, err)
				}
			}
			for _, ahead := range []rp.Screen{rp.S8, rp.S9, rp.S10, rp.S11, rp.E2} {
				if shown, err := p.Visit(p.ctx, p.session.ID, run.ID, ahead); err != nil || shown.Screen != tc.want[len(tc.want)-1] {
					t.Errorf("opening %s shows %s, %v", ahead, shown.Screen, err)
				}
			}
			for i := len(tc.want) - 1; i >= 0; i-- {
				back := rp.S1
				if i > 0 {
					back = tc.want[i-1]
				}
				if run.BackScreen() != back {
					t.Errorf("Back on %s leads to %s, want %s", run.Screen, run.BackScreen(), back)
				}
				run = p.step(run, rp.Input{Event: rp.EventBack}, back)
			}
		})
	}
}

func TestStepsThatLeadNowhereStay(t *testing.T) {
	p := newLab(t).signedIn("mia")
	run := p.start(rp.Start{Method: rp.AddApp})
	run = p.step(run, next(), rp.S4)
	run = p.step(run, next(), rp.S4) // no phone picked
	run = p.step(run, rp.Input{Event: rp.EventNext, PhoneOS: "nokia"}, rp.S4)
	run = p.step(run, rp.Input{Event: rp.EventRetry}, rp.S4)
	run = p.step(run, rp.Input{Event: "jump"}, rp.S4)
	// A double click on S3's Next moves on once.
	moved, err := p.Step(p.ctx, p.session.ID, run.ID, rp.Input{Event: rp.EventNext, From: rp.S3})
	if err != nil || moved.Screen != rp.S4 {
		t.Errorf("second click: %v, %v", moved, err)
	}
	moved = p.step(p.step(moved, rp.Input{Event: rp.EventNext, PhoneOS: rp.Android}, rp.S5a), next(), rp.S6)
	if again := must(p.Step(p.ctx, p.session.ID, run.ID, rp.Input{Event: rp.EventNext, From: rp.S5a})); again.Screen != rp.S6 {
		t.Errorf("second click on S5a leads to %s", again.Screen)
	}
	moved = p.step(p.step(moved, rp.Input{Event: rp.EventBack}, rp.S5a), rp.Input{Event: rp.EventBack}, rp.S4)
	// The choice is kept when the screen is passed again, and changing it leads to the other phone's words.
	run = p.step(moved, rp.Input{Event: rp.EventNext, PhoneOS: rp.Android}, rp.S5a)
	run = p.step(run, rp.Input{Event: rp.EventOtherPhone}, rp.S4)
	run = p.step(run, next(), rp.S5a)
	run = p.step(run, rp.Input{Event: rp.EventBack}, rp.S4)
	run = p.step(run, rp.Input{Event: rp.EventNext, PhoneOS: rp.IOS}, rp.S5i)
	if run.Flow != rp.FlowIOS {
		t.Errorf("flow %s", run.Flow)
	}
	if _, err := p.BeginRegistration(p.ctx, p.session.ID, run.ID); !errors.Is(err, rp.ErrOutOfStep) {
		t.Errorf("options on S5i: %v, want ErrOutOfStep", err)
	}
	if _, err := p.NameRun(p.ctx, p.session.ID, run.ID, "x"); !errors.Is(err, rp.ErrOutOfStep) {
		t.Errorf("name on S5i: %v, want ErrOutOfStep", err)
	}
	same := p.start(rp.Start{Method: rp.AddApp, SameDevice: true})
	same = p.step(same, next(), rp.S5a)
	same = p.step(same, rp.Input{Event: rp.EventOtherPhone}, rp.S5i)
	p.step(same, next(), rp.S7)
}

// MFA-01, MFA-02, MFA-10, MFA-12 and the detour's way back.
func TestProofFreshness(t *testing.T) {
	for _, tc := range []struct {
		age  time.Duration
		want rp.Screen
	}{
		{0, rp.S3}, {4*time.Minute + 59*time.Second, rp.S3}, {5 * time.Minute, rp.S2}, {5*time.Minute + time.Second, rp.S2},
	} {
		p := newLab(t).signedIn("mia")
		p.clock.add(tc.age)
		if run := p.start(rp.Start{Method: rp.AddApp}); run.Screen != tc.want {
			t.Errorf("proof %s old: run starts on %s, want %s", tc.age, run.Screen, tc.want)
		}
	}
	p := newLab(t).signedIn("mia")
	p.clock.add(6 * time.Minute)
	run := p.start(rp.Start{Method: rp.AddApp})
	if shown, err := p.Visit(p.ctx, p.session.ID, run.ID, rp.S3); err != nil || shown.Screen != rp.S2 {
		t.Errorf("S3 without proof shows %v, %v", shown, err)
	}
	run = p.step(run, next(), rp.S2a)
	_, err := p.ProveRun(p.ctx, p.session.ID, run.ID, "000000")
	if refusal := wantRefused(t, err, rp.CodeWrongCode); refusal.TriesLeft != 4 {
		t.Errorf("%d tries left, want 4", refusal.TriesLeft)
	}
	if run, err = p.ProveRun(p.ctx, p.session.ID, run.ID, p.code()); err != nil || run.Screen != rp.S3 {
		t.Fatalf("after the proof: %v, %v, want S3", run, err)
	}
	run = p.step(run, next(), rp.S4)
	run = p.step(run, rp.Input{Event: rp.EventNext, PhoneOS: rp.Android}, rp.S5a)
	run = p.step(p.step(run, next(), rp.S6), next(), rp.S7)
	// MFA-10: it goes stale on S7.
	p.clock.add(5 * time.Minute)
	_, err = p.BeginRegistration(p.ctx, p.session.ID, run.ID)
	wantRefused(t, err, rp.CodeProofStale)
	if now, _ := p.Run(p.ctx, p.session.ID, run.ID); now.Screen != rp.S2a || now.After != rp.S7 {
		t.Errorf("run on %s, back to %s", now.Screen, now.After)
	}
	if run, err = p.ProveRun(p.ctx, p.session.ID, run.ID, p.code()); err != nil || run.Screen != rp.S7 {
		t.Fatalf("after the second proof: %v, %v, want S7", run, err)
	}
	// MFA-12: setting the clock back extends nothing.
	p.clock.add(4 * time.Minute)
	p.Now()
	p.clock.add(-3 * time.Minute)
	p.clock.add(2 * time.Minute) // the clock says 3 minutes since the proof, the guard 4
	if f := p.Freshness(must(p.Session(p.ctx, p.session.ID)), rp.ToChange); !f.Fresh || f.Until.Sub(p.Now()) != time.Minute {
		t.Errorf("%+v at %s", f, p.Now())
	}
	if runs, err := p.Runs(p.ctx, p.user.ID); err != nil || len(runs) != 1 {
		t.Errorf("%d runs, %v: the detour must not start another", len(runs), err)
	}
}

// A clock set back across a restart revives no proof: its age is counted from the latest time the session saw.
func TestProofAcrossARestart(t *testing.T) {
	p := newLab(t).signedIn("mia")
	p.clock.add(5*time.Minute + time.Second)
	must(p.Session(p.ctx, p.session.ID))
	p.clock.add(-4 * time.Minute)
	restarted := must(rp.New(rp.Config{Origin: testOrigin, Organisation: "x", App: "y", Store: p.store, Clock: p.clock, Rand: crand.Reader}))
	s := must(restarted.Session(p.ctx, p.session.ID))
	if restarted.Freshness(s, rp.ToChange).Fresh {
		t.Error("the proof is fresh again")
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// The rows of the transition table that begin on the Waiting screen.
func TestClientErrors(t *testing.T) {
	for _, tc := range []struct {
		name string
		want rp.Screen
		code rp.Code
	}{
		{"NotAllowedError", rp.E1, rp.CodeNotAllowed}, {rp.ClientErrorTimer, rp.E1, rp.CodeNotAllowed},
		{"InvalidStateError", rp.E3, rp.CodeAlreadyRegistered}, {"AbortError", rp.S7, ""},
		{"SecurityError", rp.E8, rp.CodeSecurityError}, {"NotSupportedError", rp.E8, rp.CodeNotSupported},
		{"ConstraintError", rp.E8, rp.CodeConstraint}, {"TypeError", rp.E8, rp.CodeInvalidOptions},
		{"UnknownError", rp.E8, rp.CodeUnknownClientError}, {"<script>", rp.E8, rp.CodeUnknownClientError},
		{rp.ClientErrorNetwork, rp.E9, rp.CodeNetwork},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := newLab(t).signedIn("mia")
			run := p.anywhere()
			options := p.begin(run)
			moved, err := p.ReportClientError(p.ctx, p.session.ID, run.ID, tc.name)
			if err != nil || moved.Screen != tc.want {
				t.Fatalf("run on %v, %v, want %s", moved, err, tc.want)
			}
			if tc.code != "" && (moved.Problem == nil || moved.Problem.Code != tc.code) {
				t.Errorf("problem %+v, want %s", moved.Problem, tc.code)
			}
			_, body := newDevice(appAndroid).create(t, optionsJSON(t, options))
			_, err = p.finish(run, body)
			if tc.want == rp.E9 {
				if err != nil {
					t.Errorf("verify after a lost reply: %v", err)
				}
				return
			}
			wantRefused(t, err, rp.CodeChallengeUsed)
			if len(p.credentials()) != 0 {
				t.Error("stored after the ceremony had ended")
			}
			// A second report changes nothing.
			again, err := p.ReportClientError(p.ctx, p.session.ID, run.ID, "InvalidStateError")
			if err != nil || tc.want != rp.E3 && again.Screen == rp.E3 {
				t.Errorf("late report: %v, %v", again, err)
			}
		})
	}
}

// The rows that begin on an error screen.
func TestProblemScreens(t *testing.T) {
	on := func(p *person, run *rp.Run, name string) *rp.Run {
		p.t.Helper()
		p.begin(run)
		moved, err := p.ReportClientError(p.ctx, p.session.ID, run.ID, name)
		if err != nil {
			p.t.Fatal(err)
		}
		return moved
	}
	toS7 := func(p *person) *rp.Run {
		run := p.step(p.start(rp.Start{Method: rp.AddApp}), next(), rp.S4)
		run = p.step(run, rp.Input{Event: rp.EventNext, PhoneOS: rp.Android}, rp.S5a)
		return p.step(p.step(run, next(), rp.S6), next(), rp.S7)
	}
	t.Run("E1 try again, S6 at the second failure, a pause at the fifth", func(t *testing.T) {
		p := newLab(t).signedIn("mia")
		run := on(p, toS7(p), "NotAllowedError")
		run = p.step(run, rp.Input{Event: rp.EventRetry}, rp.S7)
		for range 3 {
			run = on(p, run, "NotAllowedError")
			run = p.step(run, rp.Input{Event: rp.EventRetry}, rp.S6)
			run = p.step(run, next(), rp.S7)
		}
		run = on(p, run, "NotAllowedError")
		if run.Attempt != 5 {
			t.Errorf("attempt %d, want 5", run.Attempt)
		}
		run = p.step(run, rp.Input{Event: rp.EventRetry}, rp.E11)
		if run.Problem.Code != rp.CodeRateLimited || !run.Problem.RetryAt.After(p.Now()) {
			t.Errorf("problem %+v", run.Problem)
		}
		run = p.step(run, rp.Input{Event: rp.EventRetry}, rp.E11)
		p.clock.add(time.Minute)
		p.step(run, rp.Input{Event: rp.EventRetry}, rp.S7)
	})
	t.Run("E1 with a stale proof", func(t *testing.T) {
		p := newLab(t).signedIn("mia")
		run := on(p, toS7(p), "NotAllowedError")
		p.clock.add(5 * time.Minute)
		run = p.step(run, rp.Input{Event: rp.EventRetry}, rp.S2a)
		if run, err := p.ProveRun(p.ctx, p.session.ID, run.ID, p.code()); err != nil || run.Screen != rp.S7 {
			t.Errorf("%v, %v, want S7", run, err)
		}
	})
	t.Run("E3 shows the passkeys", func(t *testing.T) {
		p := newLab(t).signedIn("mia")
		run := on(p, toS7(p), "InvalidStateError")
		p.step(run, rp.Input{Event: rp.EventShow}, rp.S0)
		if shown, err := p.Visit(p.ctx, p.session.ID, run.ID, rp.S7); err != nil || shown.Screen != rp.S0 {
			t.Errorf("a run that is over shows %v, %v", shown, err)
		}
	})
	t.Run("E8 a different way", func(t *testing.T) {
		p := newLab(t).signedIn("mia")
		run := on(p, toS7(p), "NotSupportedError")
		if shown, err := p.Visit(p.ctx, p.session.ID, run.ID, rp.E8); err != nil || shown.Screen != rp.E8 {
			t.Errorf("reload of E8 shows %v, %v", shown, err)
		}
		p.step(run, rp.Input{Event: rp.EventDifferent}, rp.S1)
	})
	t.Run("cancel", func(t *testing.T) {
		p := newLab(t).signedIn("mia")
		run := on(p, toS7(p), "NotAllowedError")
		run = p.step(run, rp.Input{Event: rp.EventCancel}, rp.S0)
		if !run.Over() {
			t.Error("the run goes on")
		}
	})
}

// REG-14, REG-16: leaving the Waiting screen kills the challenge.
func TestWaitingIsLeft(t *testing.T) {
	for name, leave := range map[string]func(p *person, run *rp.Run) *rp.Run{
		"reload": func(p *person, run *rp.Run) *rp.Run {
			shown := must(p.Visit(p.ctx, p.session.ID, run.ID, rp.S8))
			if !shown.Interrupted {
				p.t.Error("S7 does not say that setup was interrupted")
			}
			return shown
		},
		"browser back": func(p *person, run *rp.Run) *rp.Run { return must(p.Visit(p.ctx, p.session.ID, run.ID, rp.S7)) },
		"back":         func(p *person, run *rp.Run) *rp.Run { return p.step(run, rp.Input{Event: rp.EventBack}, rp.S7) },
		"start again":  func(p *person, run *rp.Run) *rp.Run { return p.step(run, rp.Input{Event: rp.EventRetry}, rp.S7) },
	} {
		t.Run(name, func(t *testing.T) {
			p := newLab(t).signedIn("mia")
			run := p.anywhere()
			options := p.begin(run)
			shown := leave(p, options.Run)
			if shown.Screen != rp.S7 {
				t.Fatalf("shows %s, want S7", shown.Screen)
			}
			_, body := newDevice(appAndroid).create(t, optionsJSON(t, options))
			_, err := p.finish(run, body)
			wantRefused(t, err, rp.CodeChallengeUsed)
			if len(p.credentials()) != 0 || len(p.strays()) != 1 {
				t.Errorf("%d stored, %d strays", len(p.credentials()), len(p.strays()))
			}
			again := p.begin(run)
			if string(again.Options.Challenge) == string(options.Options.Challenge) || again.Run.Interrupted {
				t.Error("the challenge is the same, or the notice stays")
			}
		})
	}
}

// Where nobody waits any more for a response, none counts: neither after the reply was lost, nor after too many responses
// that failed. It does while the person stays.
func TestLeavingAProblemThatAResponseMayStillSolve(t *testing.T) {
	create := func(p *person, run *rp.Run) []byte {
		_, body := newDevice(appAndroid).create(p.t, optionsJSON(p.t, p.begin(run)))
		return body
	}
	problems := map[string]func(p *person, run *rp.Run) (late []byte, on rp.Screen){
		"the reply was lost": func(p *person, run *rp.Run) ([]byte, rp.Screen) {
			late := create(p, run)
			must(p.ReportClientError(p.ctx, p.session.ID, run.ID, rp.ClientErrorNetwork))
			return late, rp.E9
		},
		"too many responses failed": func(p *person, run *rp.Run) ([]byte, rp.Screen) {
			p.begin(run)
			_, err := p.finish(run, []byte("{}"))
			wantRefused(p.t, err, rp.CodeVerificationFailed)
			late := create(p, p.retry(run))
			_, err = p.finish(run, late)
			wantRefused(p.t, err, rp.CodeRateLimited)
			return late, rp.E11
		},
	}
	ways := map[string]func(p *person, run *rp.Run) *rp.Run{
		"by an address": func(p *person, run *rp.Run) *rp.Run { return must(p.Visit(p.ctx, p.session.ID, run.ID, rp.S7)) },
		"by Back":       func(p *person, run *rp.Run) *rp.Run { return p.step(run, rp.Input{Event: rp.EventBack}, rp.S7) },
		"not, reloaded": func(p *person, run *rp.Run) *rp.Run {
			return must(p.Visit(p.ctx, p.session.ID, run.ID, run.Screen))
		},
	}
	for problem, meet := range problems {
		for way, leave := range ways {
			t.Run(problem+", left "+way, func(t *testing.T) {
				p := newLab(t, func(c *rp.Config) { c.Limits = rp.Limits{Browser: 1} }).signedIn("mia")
				run := p.anywhere()
				late, on := meet(p, run)
				if run = must(p.Run(p.ctx, p.session.ID, run.ID)); run.Screen != on {
					t.Fatalf("the run is on %s, want %s", run.Screen, on)
				}
				run = leave(p, run)
				p.clock.add(time.Minute) // the pause is over
				_, err := p.finish(run, late)
				if run.Screen == on && err == nil {
					return
				}
				wantRefused(t, err, rp.CodeChallengeUsed)
				if now := must(p.Run(p.ctx, p.session.ID, run.ID)); now.Screen != rp.S7 || now.Interrupted || len(p.credentials()) != 0 || len(p.strays()) != 1 {
					t.Errorf("the run is on %s (interrupted: %v), %d stored, %d strays", now.Screen, now.Interrupted, len(p.credentials()), len(p.strays()))
				}
			})
		}
	}
}

// RP-01, RP-02: after a lost reply.
func TestOutcome(t *testing.T) {
	t.Run("stored", func(t *testing.T) {
		p := newLab(t).signedIn("mia")
		run := p.anywhere()
		_, body := newDevice(appAndroid).create(t, optionsJSON(t, p.begin(run)))
		if _, err := p.finish(run, body); err != nil {
			t.Fatal(err)
		}
		moved, err := p.ReportClientError(p.ctx, p.session.ID, run.ID, rp.ClientErrorNetwork)
		if err != nil || moved.Screen != rp.S10 {
			t.Errorf("a lost reply to a stored passkey shows %v, %v", moved, err)
		}
		for _, ask := range []func() (*rp.Outcome, error){
			func() (*rp.Outcome, error) { return p.Outcome(p.ctx, p.session.ID, run.ID) },
			func() (*rp.Outcome, error) { return p.SettleOutcome(p.ctx, p.session.ID, run.ID) },
		} {
			if o, err := ask(); err != nil || o.State != rp.OutcomeStored || o.Credential == nil || o.Run.Screen != rp.S10 {
				t.Errorf("outcome %+v, %v", o, err)
			}
		}
	})
	t.Run("verify never arrives", func(t *testing.T) {
		p := newLab(t).signedIn("mia")
		run := p.anywhere()
		options := p.begin(run)
		must(p.ReportClientError(p.ctx, p.session.ID, run.ID, rp.ClientErrorNetwork))
		if o, err := p.Outcome(p.ctx, p.session.ID, run.ID); err != nil || o.State != rp.OutcomePending || o.Run.Screen != rp.E9 {
			t.Fatalf("outcome %+v, %v, want pending", o, err)
		}
		o, err := p.SettleOutcome(p.ctx, p.session.ID, run.ID)
		if err != nil || o.State != rp.OutcomeNotStored || o.Refusal.Code != rp.CodeSavedNotRegistered || o.Run.Screen != rp.E12 {
			t.Fatalf("settled %+v, %v", o, err)
		}
		_, body := newDevice(appAndroid).create(t, optionsJSON(t, options))
		_, err = p.finish(run, body)
		wantRefused(t, err, rp.CodeChallengeUsed)
		if len(p.credentials()) != 0 {
			t.Error("stored after it was said not to be")
		}
		p.retry(run)
	})
	t.Run("refused", func(t *testing.T) {
		p := newLab(t, withPolicy(policy.AllowList(appAndroid))).signedIn("mia")
		run := p.anywhere()
		_, body := newDevice(google).create(t, optionsJSON(t, p.begin(run)))
		_, err := p.finish(run, body)
		wantRefused(t, err, rp.CodeProviderNotAllowed)
		if o, err := p.Outcome(p.ctx, p.session.ID, run.ID); err != nil || o.State != rp.OutcomeNotStored || o.Refusal.Code != rp.CodeProviderNotAllowed {
			t.Errorf("outcome %+v, %v", o, err)
		}
	})
	t.Run("reload of the Checking screen", func(t *testing.T) {
		p := newLab(t).signedIn("mia")
		run := p.anywhere()
		options := p.begin(run)
		if shown, err := p.Visit(p.ctx, p.session.ID, run.ID, rp.S9); err != nil || shown.Screen != rp.E9 {
			t.Fatalf("shows %v, %v, want E9", shown, err)
		}
		_, body := newDevice(appAndroid).create(t, optionsJSON(t, options))
		if _, err := p.finish(run, body); err != nil {
			t.Fatal(err)
		}
		if shown, err := p.Visit(p.ctx, p.session.ID, run.ID, rp.S9); err != nil || shown.Screen != rp.S10 {
			t.Errorf("shows %v, %v, want S10", shown, err)
		}
	})
	t.Run("the challenge ran out", func(t *testing.T) {
		p := newLab(t).signedIn("mia")
		run := p.anywhere()
		p.begin(run)
		p.clock.add(6 * time.Minute)
		if o, err := p.Outcome(p.ctx, p.session.ID, run.ID); err != nil || o.State != rp.OutcomeNotStored || o.Run.Screen != rp.E12 {
			t.Errorf("outcome %+v, %v", o, err)
		}
	})
}

func TestNamingAndLeaving(t *testing.T) {
	p := newLab(t).signedIn("mia")
	finished := func() *rp.Run {
		run := p.anywhere()
		_, body := newDevice(appAndroid).create(t, optionsJSON(t, p.begin(run)))
		return must(p.finish(run, body)).Run
	}
	run := finished()
	if run.BackScreen() != "" || !run.CancelAsks() {
		t.Errorf("S10: back %q, cancel asks %v", run.BackScreen(), run.CancelAsks())
	}
	if shown, err := p.Visit(p.ctx, p.session.ID, run.ID, rp.S7); err != nil || shown.Screen != rp.S0 {
		t.Errorf("browser Back from S10 shows %v, %v, want S0", shown, err)
	}
	_, err := p.NameRun(p.ctx, p.session.ID, run.ID, "   ")
	if fields := rp.FieldErrors(err); len(fields) != 1 || fields[0].Problem != rp.ProblemEmpty {
		t.Errorf("empty name: %v", err)
	}
	run, err = p.NameRun(p.ctx, p.session.ID, run.ID, "  Mia's phone ")
	if err != nil || run.Screen != rp.S11 || p.credentials()[0].Name != "Mia's phone" {
		t.Fatalf("%v, %v, name %q", run, err, p.credentials()[0].Name)
	}
	if again, err := p.NameRun(p.ctx, p.session.ID, run.ID, "Mia's phone"); err != nil || again.Screen != rp.S11 {
		t.Errorf("second Done: %v, %v", again, err)
	}
	p.step(run, next(), rp.S0)

	run = finished()
	_, err = p.NameRun(p.ctx, p.session.ID, run.ID, "mia's PHONE")
	if fields := rp.FieldErrors(err); len(fields) != 1 || fields[0].Problem != rp.ProblemDuplicate || fields[0].Suggestion != "mia's PHONE 2" {
		t.Errorf("taken name: %v", err)
	}
	p.step(run, next(), rp.S11) // keep this name
	p.step(finished(), rp.Input{Event: rp.EventCancel}, rp.S0)
	if list := p.credentials(); len(list) != 3 || list[1].Name != "Larkspur ID" || list[2].Name != "Larkspur ID 2" {
		t.Errorf("names %q %q", list[1].Name, list[2].Name)
	}
}

// RP-09, and the resumption after a new sign-in.
func TestRunsAndSessions(t *testing.T) {
	t.Run("superseded", func(t *testing.T) {
		p := newLab(t).signedIn("mia")
		first := p.anywhere()
		options := p.begin(first)
		p.anywhere()
		_, err := p.Visit(p.ctx, p.session.ID, first.ID, rp.S7)
		if refusal := wantRefused(t, err, rp.CodeRunSuperseded); refusal.Code.Screen() != rp.E7 {
			t.Errorf("shown on %s", refusal.Code.Screen())
		}
		_, body := newDevice(google).create(t, optionsJSON(t, options))
		_, err = p.finish(first, body)
		wantRefused(t, err, rp.CodeRunSuperseded)
		if len(p.credentials()) != 0 || len(p.strays()) != 1 {
			t.Errorf("%d stored, %d strays", len(p.credentials()), len(p.strays()))
		}
	})
	t.Run("another browser keeps its own run", func(t *testing.T) {
		p := newLab(t).signedIn("mia")
		run := p.anywhere()
		other := *p
		other.session = p.signIn()
		other.anywhere()
		if shown, err := p.Visit(p.ctx, p.session.ID, run.ID, rp.S7); err != nil || shown.Screen != rp.S7 {
			t.Errorf("%v, %v", shown, err)
		}
		_, err := other.Visit(p.ctx, other.session.ID, run.ID, rp.S7)
		wantNotFound(t, err)
	})
	for _, tc := range []struct {
		name   string
		change func(p *person)
		want   rp.Screen
	}{
		{"resumed", func(p *person) {}, rp.S4},
		{"too old", func(p *person) { p.clock.add(30 * time.Minute) }, rp.S1},
		{"policy changed", func(p *person) { must(0, p.SetPolicy(p.ctx, policy.AllowList(appAndroid))) }, rp.S1},
	} {
		t.Run("signed in again: "+tc.name, func(t *testing.T) {
			p := newLab(t).signedIn("mia")
			run := p.step(p.start(rp.Start{Method: rp.AddApp}), next(), rp.S4)
			if err := p.SignOut(p.ctx, p.session.ID); err != nil {
				t.Fatal(err)
			}
			_, err := p.Visit(p.ctx, p.session.ID, run.ID, rp.S4)
			wantRefused(t, err, rp.CodeSessionExpired)
			tc.change(p)
			p.session = p.signIn()
			if shown, err := p.Visit(p.ctx, p.session.ID, run.ID, rp.S4); err != nil || shown.Screen != tc.want {
				t.Errorf("shows %v, %v, want %s", shown, err, tc.want)
			}
		})
	}
	t.Run("another user", func(t *testing.T) {
		l := newLab(t)
		ada, ben := l.signedIn("ada"), l.signedIn("ben")
		run := ada.anywhere()
		_, err := l.Visit(l.ctx, ben.session.ID, run.ID, rp.S7)
		wantNotFound(t, err)
		_, err = l.Step(l.ctx, ben.session.ID, "no-such-run", next())
		wantNotFound(t, err)
		must(0, l.SignOut(l.ctx, ada.session.ID)) // a run without a live session is still hers
		_, err = l.Visit(l.ctx, ben.session.ID, run.ID, rp.S7)
		wantNotFound(t, err)
	})
	t.Run("a challenge of the session before", func(t *testing.T) {
		p := newLab(t).signedIn("mia")
		run := p.anywhere()
		options := p.begin(run)
		must(0, p.SignOut(p.ctx, p.session.ID))
		p.session = p.signIn()
		_, body := newDevice(appAndroid).create(t, optionsJSON(t, options))
		_, err := p.finish(run, body)
		wantRefused(t, err, rp.CodeVerificationFailed)
		if len(p.credentials()) != 0 {
			t.Error("stored for a session that did not ask")
		}
	})
	t.Run("a late response leaves the new ceremony alone", func(t *testing.T) {
		p := newLab(t).signedIn("mia")
		run := p.anywhere()
		old := optionsJSON(t, p.begin(run))
		fresh := optionsJSON(t, p.begin(run))
		_, late := newDevice(appAndroid).create(t, old)
		_, err := p.finish(run, late)
		wantRefused(t, err, rp.CodeChallengeUsed)
		if now := must(p.Run(p.ctx, p.session.ID, run.ID)); now.Screen != rp.S8 {
			t.Errorf("run on %s, want S8", now.Screen)
		}
		_, body := newDevice(appAndroid).create(t, fresh)
		must(p.finish(run, body))
	})
}

func TestGuardsOfTheMethodScreen(t *testing.T) {
	off := false
	for _, tc := range []struct {
		name   string
		policy policy.Policy
		start  rp.Start
		want   rp.Code
	}{
		{"passkeys off", policy.Policy{State: policy.StateDisabled, IsSelfServiceRegistrationAllowed: &off}, rp.Start{Method: rp.AddApp}, rp.CodeMethodDisabled},
		{"self-service off", policy.Policy{IsSelfServiceRegistrationAllowed: &off}, rp.Start{Method: rp.AddApp, Unsupported: true}, rp.CodeSelfServiceOff},
		{"unsupported browser", policy.Policy{}, rp.Start{Method: rp.AddApp, Unsupported: true}, rp.CodeUnsupported},
		{"anywhere, but device-bound", policy.Policy{PasskeyTypes: policy.TypeDeviceBound}, rp.Start{Method: rp.AddPasskey}, rp.CodeSyncedNotAllowed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := newLab(t, withPolicy(tc.policy)).signedIn("mia")
			_, err := p.StartRun(p.ctx, p.session.ID, tc.start)
			wantRefused(t, err, tc.want)
			if runs, err := p.Runs(p.ctx, p.user.ID); err != nil || len(runs) != 0 {
				t.Errorf("%d runs, %v", len(runs), err)
			}
		})
	}
}

// The invariants of wizard.md 8 under random walks: never a dead end, never stored without verify, never S10
// without a row, exclude list and signal list always complete.
func TestRandomWalks(t *testing.T) {
	seed := uint64(7)
	random := rand.New(rand.NewPCG(seed, seed))
	p := newLab(t, withPolicy(policy.Policy{MaxPasskeys: 4, KeyRestrictions: policy.KeyRestrictions{
		IsEnforced: true, EnforcementType: policy.EnforcementBlock, AAGUIDs: policy.BlockList(samsung).KeyRestrictions.AAGUIDs,
	}})).signedIn("mia")
	w := &walker{person: p, random: random}
	for range 1500 {
		w.once()
	}
	if w.verified == 0 || w.refused == 0 {
		t.Errorf("the walk met %d stored and %d refused passkeys: it proves nothing", w.verified, w.refused)
	}
}

type walker struct {
	*person
	random            *rand.Rand
	run               *rp.Run
	options           *rp.CreationOptions
	verified, refused int
}

func (w *walker) once() {
	w.t.Helper()
	p := w.person
	if w.run == nil || w.run.Over() || w.run.Screen == rp.S0 || w.run.Screen == rp.S1 {
		w.makeRoom()
		starts := []rp.Start{{Method: rp.AddApp}, {Method: rp.AddApp, SameDevice: true}, {Method: rp.AddKey}, {Method: rp.AddPasskey}}
		w.run = p.start(starts[w.random.IntN(len(starts))])
		return
	}
	switch w.random.IntN(10) {
	case 0:
		p.clock.add(time.Duration(w.random.IntN(90)) * time.Second)
		w.fresh()
	case 1:
		screens := w.run.Screens()
		w.run = must(p.Visit(p.ctx, p.session.ID, w.run.ID, screens[w.random.IntN(len(screens))]))
	case 2, 3, 4:
		if options, err := p.BeginRegistration(p.ctx, p.session.ID, w.run.ID); err == nil {
			if len(options.Options.CredentialExcludeList) != len(p.credentials()) {
				w.t.Fatal("the exclude list is not all of the user's passkeys")
			}
			w.options = options
		}
		w.reload()
	case 5, 6:
		w.respond()
	case 7:
		names := []string{"NotAllowedError", "InvalidStateError", "AbortError", "network", "TypeError"}
		w.run = must(p.ReportClientError(p.ctx, p.session.ID, w.run.ID, names[w.random.IntN(len(names))]))
	default:
		events := []rp.Event{rp.EventNext, rp.EventNext, rp.EventNext, rp.EventBack, rp.EventRetry, rp.EventRetry, rp.EventOtherPhone}
		in := rp.Input{Event: events[w.random.IntN(len(events))], From: w.run.Screen, PhoneOS: rp.IOS, KeyTransport: rp.KeyUSB}
		w.run = must(p.Step(p.ctx, p.session.ID, w.run.ID, in))
	}
	w.check()
}

func (w *walker) reload() { w.run = must(w.Run(w.ctx, w.session.ID, w.run.ID)) }

// fresh renews the session when the walk's clock ended it, and the proof when it is stale.
func (w *walker) fresh() {
	if _, err := w.Session(w.ctx, w.session.ID); err != nil {
		w.session, w.run = w.signIn(), nil
		return
	}
	if w.run.Screen == rp.S2a {
		w.clock.add(30 * time.Second)
		w.run = must(w.ProveRun(w.ctx, w.session.ID, w.run.ID, w.code()))
	}
}

func (w *walker) makeRoom() {
	if _, err := w.Session(w.ctx, w.session.ID); err != nil {
		w.clock.add(time.Minute)
		w.session = w.signIn()
	}
	if list := w.credentials(); len(list) == 4 {
		w.clock.add(time.Minute)
		must(w.ProveWithCode(w.ctx, w.session.ID, w.code()))
		must(w.Delete(w.ctx, w.session.ID, list[0].Key()))
	}
}

func (w *walker) respond() {
	if w.options == nil {
		return
	}
	d := newDevice(google).synced()
	if w.random.IntN(3) == 0 {
		d.aaguid = samsung
	}
	before := len(w.credentials())
	_, body := d.create(w.t, optionsJSON(w.t, w.options))
	_, err := w.finish(w.run, body)
	after := len(w.credentials())
	switch {
	case err == nil && after == before+1:
		w.verified++
	case rp.AsRefusal(err) != nil && after == before:
		w.refused++
	default:
		w.t.Fatalf("verify said %v and the rows went from %d to %d", err, before, after)
	}
	w.options = nil
	w.reload()
}

func (w *walker) check() {
	w.t.Helper()
	if (w.run.Screen == rp.S10 || w.run.Screen == rp.S11) && len(w.run.ResultCredentialID) == 0 {
		w.t.Fatalf("%s without a passkey", w.run.Screen)
	}
	if w.run.Screen.Problem() && w.run.Problem == nil {
		w.t.Fatalf("%s explains nothing", w.run.Screen)
	}
	if list := w.credentials(); len(list) > 4 {
		w.t.Fatalf("%d passkeys, more than the limit", len(list))
	}
}
