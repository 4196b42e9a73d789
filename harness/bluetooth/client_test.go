package bluetooth_test

import (
	"errors"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/passkeylab/passkeylab/harness/bluetooth"
	"github.com/passkeylab/passkeylab/virtualauth/hybrid"
)

const (
	adapterPath = dbus.ObjectPath("/org/bluez/hci0")
	added       = "org.freedesktop.DBus.ObjectManager.InterfacesAdded"
	removed     = "org.freedesktop.DBus.ObjectManager.InterfacesRemoved"
	propChanged = "org.freedesktop.DBus.Properties.PropertiesChanged"
	fido        = "0000fff9-0000-1000-8000-00805f9b34fb"
)

// managed is what GetManagedObjects returns.
type managed map[dbus.ObjectPath]map[string]map[string]dbus.Variant

// client is a program on the bus that does what Chromium does, with the matches that Chromium asks for.
type client struct {
	t       *testing.T
	conn    *dbus.Conn
	signals chan *dbus.Signal
}

func connect(t *testing.T, b *bluetooth.Bus) *client {
	t.Helper()
	conn, err := dbus.Connect(b.Address())
	if err != nil {
		t.Fatal(err)
	}
	c := &client{t: t, conn: conn, signals: make(chan *dbus.Signal, 1000)}
	t.Cleanup(func() { _ = conn.Close() })
	conn.Signal(c.signals)
	for _, match := range [][]dbus.MatchOption{
		{dbus.WithMatchSender("org.bluez"), dbus.WithMatchInterface("org.freedesktop.DBus.ObjectManager"), dbus.WithMatchObjectPath("/")},
		{dbus.WithMatchSender("org.bluez"), dbus.WithMatchInterface("org.freedesktop.DBus.Properties"), dbus.WithMatchMember("PropertiesChanged")},
		{dbus.WithMatchInterface("org.freedesktop.DBus"), dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, "org.bluez")},
	} {
		if err := conn.AddMatchSignal(match...); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// call calls a method of org.bluez and returns the name of the error; empty when it went well.
func (c *client) call(path dbus.ObjectPath, method string, args ...any) string {
	c.t.Helper()
	return c.name(c.conn.Object("org.bluez", path).CallWithContext(limit(c.t), method, 0, args...).Err)
}

func (c *client) name(err error) string {
	c.t.Helper()
	var refusal dbus.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &refusal):
		return refusal.Name
	}
	c.t.Fatal(err)
	return ""
}

// must calls a method that must go well.
func (c *client) must(path dbus.ObjectPath, method string, args ...any) {
	c.t.Helper()
	if refusal := c.call(path, method, args...); refusal != "" {
		c.t.Fatalf("%s was refused: %s", method, refusal)
	}
}

func (c *client) objects() managed {
	c.t.Helper()
	var all managed
	err := c.conn.Object("org.bluez", "/").CallWithContext(limit(c.t), "org.freedesktop.DBus.ObjectManager.GetManagedObjects", 0).Store(&all)
	if err != nil {
		c.t.Fatal(err)
	}
	return all
}

// discover starts a discovery as Chromium does.
func (c *client) discover() {
	c.t.Helper()
	c.must(adapterPath, "org.bluez.Adapter1.SetDiscoveryFilter", map[string]dbus.Variant{"Transport": dbus.MakeVariant("le")})
	c.must(adapterPath, "org.bluez.Adapter1.StartDiscovery")
}

// until returns all signals up to the first with that name, which is the last of them. The signals about org.bluez are
// ordered, so what is not among them did not happen before.
func (c *client) until(name string) []*dbus.Signal {
	c.t.Helper()
	bound := time.After(30 * time.Second)
	var seen []*dbus.Signal
	for {
		select {
		case s := <-c.signals:
			seen = append(seen, s)
			if s.Name == name {
				return seen
			}
		case <-bound:
			c.t.Fatalf("no signal %s in 30 s, only %v", name, names(seen))
		}
	}
}

// hear returns the adverts that came before now: a call to org.bluez is answered after all signals that were sent before.
func (c *client) hear() []hybrid.Advert {
	c.t.Helper()
	c.must("/", "org.freedesktop.DBus.Peer.Ping")
	heard := []hybrid.Advert{}
	for {
		select {
		case s := <-c.signals:
			if advert, ok := advertOf(s); ok {
				heard = append(heard, advert)
			}
		default:
			return heard
		}
	}
}

// advertOf reads the advert out of a signal, as Chromium does.
func advertOf(s *dbus.Signal) (hybrid.Advert, bool) {
	if s.Name != added {
		return hybrid.Advert{}, false
	}
	device, found := s.Body[1].(map[string]map[string]dbus.Variant)["org.bluez.Device1"]
	if !found {
		return hybrid.Advert{}, false
	}
	data, _ := device["ServiceData"].Value().(map[string]dbus.Variant)
	advert, ok := data[fido].Value().([]byte)
	if !ok || len(advert) != len(hybrid.Advert{}) {
		return hybrid.Advert{}, false
	}
	return hybrid.Advert(advert), true
}

func names(signals []*dbus.Signal) []string {
	all := []string{}
	for _, s := range signals {
		all = append(all, s.Name)
	}
	return all
}
