package lab

import (
	"errors"
	"fmt"
	"strconv"
	"testing"

	"github.com/passkeylab/passkeylab/harness/bluetooth"
	"github.com/passkeylab/passkeylab/harness/dialog"
	"github.com/passkeylab/passkeylab/virtualauth/hybrid"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

// weather sets what happens to adverts, and undoes it when the test ends.
func weather(t *testing.T, s *Stage, script bluetooth.Script) {
	t.Helper()
	s.Reach.Bus.Radio.Follow(script)
	t.Cleanup(func() { s.Reach.Bus.Radio.Follow(bluetooth.Script{}) })
}

// changes changes the phone's settings.
func changes(t *testing.T, s *Stage, change func(*phone.Settings)) {
	t.Helper()
	if err := s.Reach.Phone.Change(change); err != nil {
		t.Fatal(err)
	}
}

// adapterFails takes Bluetooth away from the running browser, and gives it back.
func adapterFails(t *testing.T, s *Stage) {
	adapter := s.Reach.Bus.Adapter
	t.Run("BlueZ is restarted before a ceremony", func(t *testing.T) {
		if err := s.Reach.Bus.StopBlueZ(); err != nil {
			t.Fatal(err)
		}
		hasHybrid(t, s, false)
		if err := s.Reach.Bus.StartBlueZ(bound(t)); err != nil {
			t.Fatal(err)
		}
		hasHybrid(t, s, true)
		succeeds(t, s)
	})
	t.Run("BlueZ is restarted while the phone is asked", func(t *testing.T) {
		before := len(s.Reach.Phone.Passkeys())
		asks(t, s)
		mia := phone.Person{Script: phone.Script{{At: "P11", Do: phone.Wait, Until: s.Reach.Bus.RestartBlueZ}}}
		if outcome := <-scans(t, s, mia); outcome.Err != nil {
			t.Fatal(outcome.Err)
		}
		holds(t, s, before, learns(t, s))
		arrives(t, s, dialog.Closed)
		hasHybrid(t, s, true)
		succeeds(t, s)
	})
	t.Run("the adapter is unplugged and plugged in again", func(t *testing.T) {
		adapter.Unplug()
		hasHybrid(t, s, false)
		asks(t, s)
		arrives(t, s, dialog.UsbInsertAndActivate)
		givesUp(t, s)
		if learned := learns(t, s); learned != aborted {
			t.Errorf("the page learned %s", learned)
		}
		arrives(t, s, dialog.Closed)
		adapter.Plug()
		hasHybrid(t, s, true)
		succeeds(t, s)
	})
	t.Run("the power is off, and switched on when the browser asks for it", func(t *testing.T) {
		before := len(s.Reach.Phone.Passkeys())
		adapter.Power(false)
		defer adapter.Power(true)
		if err := s.Reach.Bus.AwaitHeard(bound(t)); err != nil {
			t.Fatal(err)
		}
		asks(t, s)
		arrives(t, s, dialog.BlePowerOnAutomatic)
		adapter.Power(true)
		if outcome := <-scans(t, s, phone.Person{}); outcome.Err != nil {
			t.Fatal(outcome.Err)
		}
		holds(t, s, before, learns(t, s))
		arrives(t, s, dialog.Closed)
	})
}

// hasHybrid waits until the browser can reach phones, or no longer can: it notices the comings and goings of BlueZ and adapter
// in its own time.
func hasHybrid(t *testing.T, s *Stage, wanted bool) {
	t.Helper()
	eventually(t, fmt.Sprintf("the browser's hybrid transport is there: %v", wanted), func() bool {
		return evaluate(t, s, `PublicKeyCredential.getClientCapabilities().then((can) => String(can.hybridTransport))`) == strconv.FormatBool(wanted)
	})
}

// badWeather lets the adverts of a phone come late, twice, or not at all.
func badWeather(t *testing.T, s *Stage) {
	radio := s.Reach.Bus.Radio
	for name, script := range map[string]bluetooth.Script{
		"the first adverts are lost":               {Lose: 2},
		"somebody else's advert is heard before":   {Strangers: []hybrid.Advert{{1, 2, 3}, {4}}},
		"somebody repeats each advert":             {Replays: 2},
		"the phone advertises before anyone hears": {LoseEarly: true},
	} {
		t.Run(name, func(t *testing.T) {
			weather(t, s, script)
			succeeds(t, s)
		})
	}
	t.Run("the advert of an earlier ceremony is heard again", func(t *testing.T) {
		asks(t, s)
		arrives(t, s, dialog.QRCode)
		if err := s.Reach.Bus.Adapter.AwaitDiscovery(bound(t)); err != nil {
			t.Fatal(err)
		}
		if !radio.Replay() {
			t.Fatal("there was no earlier advert")
		}
		before := len(s.Reach.Phone.Passkeys())
		if outcome := <-scans(t, s, phone.Person{}); outcome.Err != nil {
			t.Fatal(outcome.Err)
		}
		holds(t, s, before, learns(t, s))
		arrives(t, s, dialog.Closed)
	})
	t.Run("the advert is late", func(t *testing.T) {
		weather(t, s, bluetooth.Script{Hold: true})
		before := len(s.Reach.Phone.Passkeys())
		asks(t, s)
		came := scans(t, s, phone.Person{})
		shows(t, s, phone.ScreenConnecting)
		eventually(t, "the advert is released", func() bool { return radio.Release() > 0 })
		if outcome := <-came; outcome.Err != nil {
			t.Fatal(outcome.Err)
		}
		holds(t, s, before, learns(t, s))
		arrives(t, s, dialog.Closed)
	})
	t.Run("the phone is out of range", func(t *testing.T) {
		weather(t, s, bluetooth.Script{OutOfRange: true})
		asks(t, s)
		came := scans(t, s, phone.Person{})
		eventually(t, "the phone is in the tunnel", func() bool { return s.Reach.Tunnel.Metrics().Waiting == 1 })
		givesUp(t, s)
		if learned := learns(t, s); learned != aborted {
			t.Errorf("the page learned %s", learned)
		}
		if err := s.Reach.Phone.Tap("connect-cancel"); err != nil {
			t.Fatal(err)
		}
		if outcome := <-came; !errors.Is(outcome.Err, phone.ErrDeclined) {
			t.Errorf("the phone ended with %v", outcome.Err)
		}
		weather(t, s, bluetooth.Script{})
		succeeds(t, s)
	})
}
