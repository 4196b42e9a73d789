package bluetooth_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"

	"github.com/passkeylab/passkeylab/harness/bluetooth"
	"github.com/passkeylab/passkeylab/virtualauth/hybrid"
)

var ours, second, foreign = hybrid.Advert{1, 2, 3}, hybrid.Advert{4, 5, 6}, hybrid.Advert{7, 8, 9}

// stage is a bus, a browser and a clock.
type stage struct {
	*bluetooth.Bus
	*client
	t     *testing.T
	clock *clock
	diary *diary
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, clock: newClock(), diary: &diary{}}
	s.Bus = start(t, bluetooth.Options{Now: s.clock.Now, AfterFunc: s.clock.AfterFunc, Observe: s.diary.observe})
	s.client = connect(t, s.Bus)
	return s
}

func (s *stage) send(advert hybrid.Advert) {
	s.t.Helper()
	if err := s.Radio.Send(limit(s.t), advert); err != nil {
		s.t.Fatal(err)
	}
}

// TestWhatABrowserHears plays each script and each state of the adapter, and says which adverts the browser hears.
func TestWhatABrowserHears(t *testing.T) {
	type adverts = []hybrid.Advert
	for _, c := range []struct {
		name string
		play func(*stage)
		want adverts
	}{
		{"an advert during a discovery", func(s *stage) { s.discover(); s.send(ours) }, adverts{ours}},
		{"an advert without a discovery", func(s *stage) { s.send(ours) }, nil},
		{"an advert before the discovery, which its phone repeats", func(s *stage) { s.send(ours); s.discover() }, adverts{ours}},
		{"an advert whose phone gave up before the discovery", func(s *stage) { s.send(ours); s.clock.advance(11e9); s.discover() }, nil},
		{"an advert before the discovery that is lost", func(s *stage) {
			s.Radio.Follow(bluetooth.Script{LoseEarly: true})
			s.send(ours)
			s.discover()
			s.send(second)
		}, adverts{second}},
		{"an advert after the discovery", func(s *stage) {
			s.discover()
			s.must(adapterPath, "org.bluez.Adapter1.StopDiscovery")
			s.send(ours)
		}, nil},
		{"a second discovery hears only what is new", func(s *stage) {
			s.discover()
			s.send(ours)
			s.must(adapterPath, "org.bluez.Adapter1.StopDiscovery")
			s.discover()
			s.send(second)
		}, adverts{ours, second}},
		{"a discovery of classic devices only", func(s *stage) {
			s.must(adapterPath, "org.bluez.Adapter1.SetDiscoveryFilter", map[string]dbus.Variant{"Transport": dbus.MakeVariant("bredr")})
			s.must(adapterPath, "org.bluez.Adapter1.StartDiscovery")
			s.send(ours)
		}, nil},
		{"a discovery of another service", func(s *stage) {
			s.discover()
			s.must(adapterPath, "org.bluez.Adapter1.SetDiscoveryFilter", map[string]dbus.Variant{"UUIDs": dbus.MakeVariant([]string{"0000180d-0000-1000-8000-00805f9b34fb"})})
			s.send(ours)
		}, nil},
		{"power off", func(s *stage) { s.discover(); s.Adapter.Power(false); s.send(ours) }, nil},
		{"power off, and on again, and a new discovery", func(s *stage) {
			s.discover()
			s.Adapter.Power(false)
			s.send(ours)
			s.Adapter.Power(true)
			s.discover()
		}, adverts{ours}},
		{"an adapter that is unplugged", func(s *stage) { s.discover(); s.Adapter.Unplug(); s.send(ours) }, nil},
		{"an adapter that is plugged in again", func(s *stage) {
			s.Adapter.Unplug()
			s.send(ours)
			s.Adapter.Plug()
			s.discover()
		}, adverts{ours}},
		{"a restart forgets, and a new discovery hears again", func(s *stage) {
			s.discover()
			s.send(ours)
			if err := s.RestartBlueZ(limit(s.t)); err != nil {
				s.t.Fatal(err)
			}
			s.discover()
		}, adverts{ours, ours}},
		{"out of range", func(s *stage) { s.Radio.Follow(bluetooth.Script{OutOfRange: true}); s.discover(); s.send(ours) }, nil},
		{"the first two are lost", func(s *stage) {
			s.Radio.Follow(bluetooth.Script{Lose: 2})
			s.discover()
			s.send(ours)
			s.send(ours)
			s.send(second)
		}, adverts{second}},
		{"a new script counts anew", func(s *stage) {
			s.Radio.Follow(bluetooth.Script{Lose: 1})
			s.discover()
			s.send(ours)
			s.Radio.Follow(bluetooth.Script{Lose: 1})
			s.send(ours)
			s.send(second)
		}, adverts{second}},
		{"late, and never released", func(s *stage) { s.Radio.Follow(bluetooth.Script{Hold: true}); s.discover(); s.send(ours) }, nil},
		{"late, until it is released", func(s *stage) {
			s.Radio.Follow(bluetooth.Script{Hold: true})
			s.discover()
			s.send(ours)
			s.send(second)
			if n := s.Radio.Release(); n != 2 {
				s.t.Errorf("released %d", n)
			}
		}, adverts{ours, second}},
		{"somebody else's first", func(s *stage) {
			s.Radio.Follow(bluetooth.Script{Strangers: adverts{foreign, foreign}})
			s.discover()
			s.send(ours)
		}, adverts{foreign, foreign, ours}},
		{"replayed by the script", func(s *stage) {
			s.Radio.Follow(bluetooth.Script{Replays: 2})
			s.discover()
			s.send(ours)
		}, adverts{ours, ours, ours}},
		{"replayed later", func(s *stage) {
			s.discover()
			s.send(ours)
			s.clock.advance(60e9)
			if !s.Radio.Replay() {
				s.t.Error("there was nothing to replay")
			}
		}, adverts{ours, ours}},
		{"nothing to replay", func(s *stage) {
			s.discover()
			if s.Radio.Replay() {
				s.t.Error("something was replayed")
			}
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t)
			c.play(s)
			if got := s.hear(); !slices.Equal(got, c.want) {
				t.Errorf("heard %x, want %x", got, c.want)
			}
		})
	}
}

func TestAPhoneWhoseBluetoothIsOffCannotSend(t *testing.T) {
	s := newStage(t)
	s.discover()
	s.Radio.Follow(bluetooth.Script{Off: true})
	if err := s.Radio.Send(limit(t), ours); !errors.Is(err, bluetooth.ErrRadioOff) {
		t.Errorf("got %v", err)
	}
	ended, cancel := context.WithCancel(limit(t))
	cancel()
	s.Radio.Follow(bluetooth.Script{})
	if err := s.Radio.Send(ended, ours); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that ended: %v", err)
	}
	if got := s.hear(); len(got) > 0 {
		t.Errorf("heard %x", got)
	}
}

func TestAnAdvertIsADeviceForAWhile(t *testing.T) {
	s := newStage(t)
	s.discover()
	s.send(ours)
	s.send(ours)
	var paths []dbus.ObjectPath
	for path, object := range s.objects() {
		device, found := object["org.bluez.Device1"]
		if !found {
			continue
		}
		paths = append(paths, path)
		address := device["Address"].Value().(string)
		if want := adapterPath + dbus.ObjectPath("/dev_"+strings.ReplaceAll(address, ":", "_")); path != want {
			t.Errorf("the device %s is at %s", address, path)
		}
		if device["Adapter"].Value() != adapterPath || device["AddressType"].Value() != "random" {
			t.Errorf("the device is %v", device)
		}
	}
	if len(paths) != 2 {
		t.Fatalf("two adverts made the devices %v", paths)
	}
	if refusal := s.call(paths[0], "org.bluez.Device1.Connect"); refusal != "org.freedesktop.DBus.Error.UnknownMethod" {
		t.Errorf("a connection: %q", refusal)
	}
	s.clock.advance(9e9)
	if devices := len(s.objects()); devices != 4 {
		t.Errorf("after 9 seconds there are %d objects", devices)
	}
	s.clock.advance(2e9)
	gone := s.until(removed)
	if path := gone[len(gone)-1].Body[0]; !slices.Contains(paths, path.(dbus.ObjectPath)) {
		t.Errorf("gone is %v", path)
	}
	if devices := len(s.objects()); devices != 2 {
		t.Errorf("after 11 seconds there are %d objects", devices)
	}
	eventually(t, "the end was observed", func() bool { return len(s.diary.titles(bluetooth.Gone)) == 2 })
}

func TestTheAnswerComesBeforeWhatItCauses(t *testing.T) {
	s := newStage(t)
	s.send(ours)
	raw := make(chan *dbus.Message, 100)
	s.conn.Eavesdrop(raw)
	request := &dbus.Message{Type: dbus.TypeMethodCall, Headers: map[dbus.HeaderField]dbus.Variant{
		dbus.FieldDestination: dbus.MakeVariant("org.bluez"), dbus.FieldPath: dbus.MakeVariant(adapterPath),
		dbus.FieldInterface: dbus.MakeVariant("org.bluez.Adapter1"), dbus.FieldMember: dbus.MakeVariant("StartDiscovery"),
	}}
	s.conn.SendWithContext(limit(t), request, make(chan *dbus.Call, 1))
	var order []string
	for len(order) < 3 {
		select {
		case msg := <-raw:
			if member, ok := msg.Headers[dbus.FieldMember].Value().(string); ok {
				order = append(order, member)
			} else {
				order = append(order, "reply")
			}
		case <-limit(t).Done():
			t.Fatalf("only %q came", order)
		}
	}
	if want := []string{"reply", "PropertiesChanged", "InterfacesAdded"}; !slices.Equal(order, want) {
		t.Errorf("the order is %q, want %q", order, want)
	}
}

func TestTheTraceTellsTheWayOfAnAdvert(t *testing.T) {
	s := newStage(t)
	s.Radio.Follow(bluetooth.Script{Lose: 1, Strangers: []hybrid.Advert{foreign}})
	s.send(ours)
	s.send(ours)
	s.clock.advance(11e9)
	s.discover()
	s.send(second)
	want := []bluetooth.Kind{
		bluetooth.Lost, bluetooth.Sent, bluetooth.Sent, bluetooth.Lost, bluetooth.Lost,
		bluetooth.Sent, bluetooth.Heard, bluetooth.Sent, bluetooth.Heard,
	}
	kinds := func() []bluetooth.Kind {
		var found []bluetooth.Kind
		s.diary.mu.Lock()
		defer s.diary.mu.Unlock()
		for _, e := range s.diary.events {
			if e.Advert != nil {
				found = append(found, e.Kind)
			}
		}
		return found
	}
	eventually(t, "all was told", func() bool { return len(kinds()) >= len(want) })
	if got := kinds(); !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
	s.diary.mu.Lock()
	defer s.diary.mu.Unlock()
	if at := s.diary.events[0].At; !at.Equal(newClock().now) {
		t.Errorf("the first event is at %v", at)
	}
}

func TestADesktopNearbyHearsWhatIsOnTheAir(t *testing.T) {
	s := newStage(t)
	s.Adapter.Power(false) // it has a receiver of its own
	ctx, cancel := context.WithCancel(limit(t))
	defer cancel()
	began := make(chan error, 1)
	go func() {
		advert, err := s.Radio.Hear(ctx)
		if advert != ours && err == nil {
			err = errors.New("heard another advert")
		}
		began <- err
	}()
	// Nobody can see that a listener has begun, so an advert is sent until one is heard.
	for heard := false; !heard; {
		s.send(ours)
		select {
		case err := <-began:
			if err != nil {
				t.Fatal(err)
			}
			heard = true
		default:
		}
	}
	// From then on it misses nothing, even while it does not wait.
	s.send(second)
	s.Radio.Follow(bluetooth.Script{Lose: 1})
	s.send(second)
	s.send(foreign)
	var rest []hybrid.Advert
	for len(rest) == 0 || rest[len(rest)-1] != foreign {
		advert, err := s.Radio.Hear(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if advert != ours {
			rest = append(rest, advert)
		}
	}
	if want := []hybrid.Advert{second, foreign}; !slices.Equal(rest, want) {
		t.Errorf("heard %x, want %x", rest, want)
	}
	cancel()
	if _, err := s.Radio.Hear(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that ended: %v", err)
	}
}

func TestTheEndOfTheBusStopsItsTimers(t *testing.T) {
	s := newStage(t)
	s.send(ours)
	if s.clock.waiting() != 1 {
		t.Fatalf("%d timers run", s.clock.waiting())
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s.clock.waiting() != 0 {
		t.Errorf("%d timers still run", s.clock.waiting())
	}
}
