package lab

import (
	"errors"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/harness/bluetooth"
	"github.com/passkeylab/passkeylab/harness/dialog"
	"github.com/passkeylab/passkeylab/virtualauth/hybrid/tunnel"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

// TestFaultsLeaveNothingBehindAndLoseNothing lets one thing after the other go wrong between one browser and one phone. After each
// one the next ceremony succeeds, and at the end nothing is left of the stage.
func TestFaultsLeaveNothingBehindAndLoseNothing(t *testing.T) {
	l := bare(t)
	t.Cleanup(func() { closes(t, l) })
	watch := watchLeftovers(t, l)
	s := raiseReach(t, l, "faults-01")
	t.Run("messages", func(t *testing.T) { spoiltMessages(t, s) })
	t.Run("the phone's connection", func(t *testing.T) { phoneKeptOut(t, s) })
	t.Run("the browser's connection", func(t *testing.T) { browserKeptOut(t, s) })
	t.Run("the phone", func(t *testing.T) { phoneKilled(t, s) })
	t.Run("the adapter", func(t *testing.T) { adapterFails(t, s) })
	t.Run("the radio", func(t *testing.T) { badWeather(t, s) })
	t.Run("the browser", func(t *testing.T) { browserKilled(t, s) })
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	watch.nothingLeft(t)
}

// What a page learns of a ceremony that failed, and of one that it has ended itself.
const (
	notAllowed = "NotAllowedError"
	aborted    = "AbortError"
)

// idle is somebody who does not touch the phone any more from a place on: what ends the ceremony then was no tap.
func idle(at string) phone.Person {
	return phone.Person{Script: phone.Script{{At: at, Do: phone.Ignore}}}
}

// failed is what becomes of one ceremony that something spoils.
type failed struct {
	class phone.ErrorClass // that the phone shows
	err   error            // beneath; nil is not looked at
	page  string           // what the page learns; aborted: the browser goes on waiting, until the page ends it
}

// fails carries out a ceremony that comes to no passkey for the page, and one that does after the faults are undone.
func fails(t *testing.T, s *Stage, mia phone.Person, want failed) {
	t.Helper()
	before := len(s.Reach.Phone.Passkeys())
	asks(t, s)
	ended(t, s, <-scans(t, s, mia), want)
	holds(t, s, before, "")
	spoils(t, s, tunnel.Faults{})
	succeeds(t, s)
}

// ended holds the end of a ceremony to what is wanted, on the phone and on the page.
func ended(t *testing.T, s *Stage, outcome phone.Outcome, want failed) {
	t.Helper()
	if outcome.Class != want.class || outcome.Err == nil || want.err != nil && !errors.Is(outcome.Err, want.err) {
		t.Errorf("the phone ended with class %d: %v; want class %d, and %v", outcome.Class, outcome.Err, want.class, want.err)
	}
	if last := outcome.Last; last.Screen != phone.ScreenError || last.Error != want.class {
		t.Errorf("the phone shows %s with class %d, want an error of class %d", last.Screen, last.Error, want.class)
	}
	if want.page == aborted {
		givesUp(t, s)
	}
	if learned := learns(t, s); learned != want.page {
		t.Errorf("the page learned %s, want %s", learned, want.page)
	}
	arrives(t, s, dialog.Closed)
}

// spoiltMessages cuts both connections, or spoils a byte, at each message that the two halves send: of the desktop the
// handshake, the request and the farewell, of the phone the handshake, what it is, and the answer.
func spoiltMessages(t *testing.T, s *Stage) {
	drop := func(after int) tunnel.MessageFaults { return tunnel.MessageFaults{DropAfter: new(after)} }
	corrupt := func(message int) tunnel.MessageFaults {
		return tunnel.MessageFaults{Corrupt: &tunnel.Corruption{Message: message, Byte: 70}}
	}
	for _, c := range []struct {
		name  string
		fault tunnel.Faults
		want  failed
	}{
		{"cut when both are there", tunnel.Faults{FromDesktop: drop(0)}, failed{class: phone.UnexpectedEnd, page: aborted}},
		{"cut after the desktop's handshake", tunnel.Faults{FromDesktop: drop(1)}, failed{class: phone.UnexpectedEnd, page: aborted}},
		{"cut after the phone's handshake", tunnel.Faults{FromPhone: drop(1)}, failed{class: phone.UnexpectedEnd, page: aborted}},
		{"cut after the phone said what it is", tunnel.Faults{FromPhone: drop(2)}, failed{class: phone.UnexpectedEnd, page: notAllowed}},
		{"cut after the request", tunnel.Faults{FromDesktop: drop(2)}, failed{class: phone.EndWhileProcessing, page: notAllowed}},
		{"the desktop's handshake is spoilt", tunnel.Faults{FromDesktop: corrupt(0)}, failed{class: phone.HandshakeFailed, page: aborted}},
		{"the phone's handshake is spoilt", tunnel.Faults{FromPhone: corrupt(0)}, failed{class: phone.UnexpectedEnd, page: aborted}},
		{"the request is spoilt", tunnel.Faults{FromDesktop: corrupt(1)}, failed{class: phone.DecryptionFailed, page: notAllowed}},
	} {
		t.Run(c.name, func(t *testing.T) {
			spoils(t, s, c.fault)
			fails(t, s, idle("P11"), c.want)
		})
	}
	for _, c := range []struct {
		name  string
		fault tunnel.Faults
	}{
		{"cut after the answer", tunnel.Faults{FromPhone: drop(3)}},
		{"cut after the farewell", tunnel.Faults{FromDesktop: drop(3)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			spoils(t, s, c.fault)
			succeeds(t, s)
		})
	}
	t.Run("the answer is spoilt", func(t *testing.T) { // the phone cannot know
		spoils(t, s, tunnel.Faults{FromPhone: corrupt(2)})
		before := s.Reach.Phone.Passkeys()
		asks(t, s)
		if outcome := <-scans(t, s, phone.Person{}); outcome.Err != nil || outcome.SavedIn == "" {
			t.Errorf("the phone ended with %+v", outcome)
		}
		if learned := learns(t, s); learned != notAllowed {
			t.Errorf("the page learned %s", learned)
		}
		strayed(t, s, len(before))
		spoils(t, s, tunnel.Faults{})
		succeeds(t, s)
	})
}

// strayed finds one passkey more on the phone than before.
func strayed(t *testing.T, s *Stage, before int) {
	t.Helper()
	if held := len(s.Reach.Phone.Passkeys()); held != before+1 {
		t.Errorf("the phone holds %d passkeys, want %d: the last one was saved before anything went wrong", held, before+1)
	}
}

// phoneKeptOut spoils the connection that the phone opens: the browser goes on showing its code.
func phoneKeptOut(t *testing.T, s *Stage) {
	for _, c := range []struct {
		name  string
		fault tunnel.Faults
		limit time.Duration
		want  failed
	}{
		{"reset", tunnel.Faults{Refuse: true}, 0, failed{class: phone.TunnelFailed, page: aborted}},
		{"never answered", tunnel.Faults{Hang: true}, time.Millisecond, failed{phone.UnexpectedEnd, phone.ErrTimedOut, aborted}},
		{"intercepted", tunnel.Faults{InterceptTLS: true}, 0, failed{class: phone.TunnelFailed, page: aborted}},
		{"refused with 410", tunnel.Faults{Status: 410}, 0, failed{class: phone.TunnelFailed, page: aborted}},
	} {
		t.Run(c.name, func(t *testing.T) {
			changes(t, s, func(s *phone.Settings) { s.ConnectLimit = c.limit })
			spoils(t, s, c.fault)
			asks(t, s)
			outcome := <-scans(t, s, phone.Person{})
			ended(t, s, outcome, c.want)
			changes(t, s, func(s *phone.Settings) { s.ConnectLimit = 0 })
			spoils(t, s, tunnel.Faults{})
			succeeds(t, s)
		})
	}
}

// browserKeptOut spoils the connection that the browser opens, while the phone waits in the tunnel. The browser then waits for as
// long as it waits for anybody: its dialog is ended by hand.
func browserKeptOut(t *testing.T, s *Stage) {
	for name, fault := range map[string]tunnel.Faults{
		"reset": {Refuse: true}, "never answered": {Hang: true}, "intercepted": {InterceptTLS: true}, "refused with 410": {Status: 410},
	} {
		t.Run(name, func(t *testing.T) {
			weather(t, s, bluetooth.Script{Hold: true})
			asks(t, s)
			came := scans(t, s, phone.Person{})
			eventually(t, "the phone is in the tunnel", func() bool { return s.Reach.Tunnel.Metrics().Waiting == 1 })
			spoils(t, s, fault)
			eventually(t, "the advert is sent", func() bool { return s.Reach.Bus.Radio.Release() == 1 })
			arrives(t, s, dialog.CableV2Connecting)
			if err := s.Reach.Dialog.Press(bound(t), string(dialog.Cancel)); err != nil {
				t.Fatal(err)
			}
			if learned := learns(t, s); learned != notAllowed {
				t.Errorf("the page learned %s", learned)
			}
			if err := s.Reach.Phone.Tap("connect-cancel"); err != nil {
				t.Fatal(err)
			}
			if outcome := <-came; !errors.Is(outcome.Err, phone.ErrDeclined) {
				t.Errorf("the phone ended with %v", outcome.Err)
			}
			weather(t, s, bluetooth.Script{})
			spoils(t, s, tunnel.Faults{})
			succeeds(t, s)
		})
	}
}

// phoneKilled ends the phone's side around the moment at which it saves: before it nothing is kept, after it there is a stray.
func phoneKilled(t *testing.T, s *Stage) {
	for _, c := range []struct {
		name  string
		at    phone.State
		kind  phone.InterruptionKind
		stray bool
	}{
		{"the app is killed at the sheet", phone.P11, phone.AppKilled, false},
		{"the app is killed when it has saved", phone.P15, phone.AppKilled, true},
		{"the phone dies when it has saved", phone.P15, phone.PhoneDies, true},
		{"the phone dies before it has answered", phone.P16, phone.PhoneDies, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := len(s.Reach.Phone.Passkeys())
			changes(t, s, func(s *phone.Settings) { s.Interrupt = phone.Interruption{At: c.at, Kind: c.kind} })
			asks(t, s)
			outcome := <-scans(t, s, phone.Person{})
			if !errors.Is(outcome.Err, phone.ErrKilled) || outcome.Sent || outcome.Strayed() != c.stray {
				t.Errorf("the phone ended with %v, sent %v, strayed %v", outcome.Err, outcome.Sent, outcome.Strayed())
			}
			if learned := learns(t, s); learned != notAllowed {
				t.Errorf("the page learned %s", learned)
			}
			if c.stray {
				strayed(t, s, before)
			} else {
				holds(t, s, before, "")
			}
			changes(t, s, func(s *phone.Settings) { s.Interrupt = phone.Interruption{} })
			if c.kind == phone.PhoneDies {
				if err := s.Reach.Phone.Tap("power"); err != nil {
					t.Fatal(err)
				}
			}
			succeeds(t, s) // for another account: of the same one, the stray would be in the way
		})
	}
}
