package bluetooth_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/passkeylab/passkeylab/harness/bluetooth"
)

func TestABrowserFindsTheAdapterInTheManagedObjects(t *testing.T) {
	b := start(t, bluetooth.Options{})
	all := connect(t, b).objects()
	adapter, found := all[adapterPath]["org.bluez.Adapter1"]
	if !found {
		t.Fatalf("no adapter in %v", all)
	}
	for name, want := range map[string]any{
		"Address": "00:11:22:33:44:55", "AddressType": "public", "Powered": true, "Discovering": false, "Discoverable": false,
		"Pairable": true, "Name": "passkeylab", "Alias": "passkeylab", "UUIDs": []string{}, "DiscoverableTimeout": uint32(180),
	} {
		if got := adapter[name].Value(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %#v, want %#v", name, got, want)
		}
	}
	if _, found := all["/org/bluez"]["org.bluez.AgentManager1"]; !found {
		t.Errorf("no agent manager in %v", all)
	}
}

// TestEveryCallOfACeremonyIsAnswered goes through the calls that Chromium makes for one ceremony, in its order.
func TestEveryCallOfACeremonyIsAnswered(t *testing.T) {
	var d diary
	b := start(t, bluetooth.Options{Observe: d.observe})
	c := connect(t, b)
	if refusal := c.name(c.conn.BusObject().Call("org.freedesktop.DBus.GetNameOwner", 0, "org.chromium.bluetooth.Manager").Err); refusal != "org.freedesktop.DBus.Error.NameHasNoOwner" {
		t.Errorf("the other manager: %q", refusal)
	}
	c.objects()
	c.discover()
	if err := b.Adapter.AwaitDiscovery(limit(t)); err != nil {
		t.Fatal(err)
	}
	c.must(adapterPath, "org.bluez.Adapter1.StopDiscovery")
	if refusal := c.call("/org/bluez", "org.bluez.AgentManager1.UnregisterAgent", dbus.ObjectPath("/org/chromium/bluetooth_agent")); refusal != "org.bluez.Error.DoesNotExist" {
		t.Errorf("an agent that nobody registered: %q", refusal)
	}
	if err := b.Adapter.Await(limit(t), func(s bluetooth.State) bool { return !s.Discovering }); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"org.freedesktop.DBus.ObjectManager.GetManagedObjects", "org.bluez.Adapter1.SetDiscoveryFilter", "org.bluez.Adapter1.StartDiscovery",
		"org.bluez.Adapter1.StopDiscovery", "org.bluez.AgentManager1.UnregisterAgent",
	}
	eventually(t, "the calls were observed", func() bool { return len(d.titles(bluetooth.Called)) == len(want) })
	if got := d.titles(bluetooth.Called); !slices.Equal(got, want) {
		t.Errorf("observed %q, want %q", got, want)
	}
}

func TestWhatTheAdapterRefuses(t *testing.T) {
	const adapter = "org.bluez.Adapter1."
	type filter = map[string]dbus.Variant
	b := start(t, bluetooth.Options{})
	c := connect(t, b)
	for _, step := range []struct {
		name   string
		before func()
		path   dbus.ObjectPath
		method string
		args   []any
		want   string
	}{
		{name: "a stop before any start", method: adapter + "StopDiscovery", want: "org.bluez.Error.Failed"},
		{name: "a start", method: adapter + "StartDiscovery"},
		{name: "a second start", method: adapter + "StartDiscovery", want: "org.bluez.Error.InProgress"},
		{name: "a filter meanwhile", method: adapter + "SetDiscoveryFilter", args: []any{filter{"UUIDs": dbus.MakeVariant([]string{fido}), "DuplicateData": dbus.MakeVariant(true)}}},
		{name: "an empty filter", method: adapter + "SetDiscoveryFilter", args: []any{filter{}}},
		{name: "an unknown entry of a filter", method: adapter + "SetDiscoveryFilter", args: []any{filter{"Colour": dbus.MakeVariant("red")}}, want: "org.bluez.Error.InvalidArguments"},
		{name: "an entry of another type", method: adapter + "SetDiscoveryFilter", args: []any{filter{"RSSI": dbus.MakeVariant("near")}}, want: "org.bluez.Error.InvalidArguments"},
		{name: "an unknown transport", method: adapter + "SetDiscoveryFilter", args: []any{filter{"Transport": dbus.MakeVariant("pigeon")}}, want: "org.bluez.Error.InvalidArguments"},
		{name: "two measures of distance", method: adapter + "SetDiscoveryFilter", args: []any{filter{"RSSI": dbus.MakeVariant(int16(-60)), "Pathloss": dbus.MakeVariant(uint16(3))}}, want: "org.bluez.Error.InvalidArguments"},
		{name: "the names of the filters", method: adapter + "GetDiscoveryFilters"},
		{name: "a stop", method: adapter + "StopDiscovery"},
		{name: "a second stop", method: adapter + "StopDiscovery", want: "org.bluez.Error.Failed"},
		{name: "a start without power", before: func() { b.Adapter.Power(false) }, method: adapter + "StartDiscovery", want: "org.bluez.Error.NotReady"},
		{name: "a filter without power", method: adapter + "SetDiscoveryFilter", args: []any{filter{}}, want: "org.bluez.Error.NotReady"},
		{name: "a stop without power", method: adapter + "StopDiscovery", want: "org.bluez.Error.NotReady"},
		{name: "an unknown method", method: adapter + "ConnectDevice", args: []any{filter{}}, want: "org.freedesktop.DBus.Error.UnknownMethod"},
		{name: "a method with other arguments", method: adapter + "StartDiscovery", args: []any{"now"}, want: "org.freedesktop.DBus.Error.UnknownMethod"},
		{name: "an unknown interface", method: "org.bluez.Media1.RegisterEndpoint", want: "org.freedesktop.DBus.Error.UnknownInterface"},
		{name: "an unknown object", path: "/org/bluez/hci7", method: adapter + "StartDiscovery", want: "org.freedesktop.DBus.Error.UnknownObject"},
		{name: "an unplugged adapter", before: b.Adapter.Unplug, method: adapter + "StartDiscovery", want: "org.freedesktop.DBus.Error.UnknownObject"},
	} {
		t.Run(step.name, func(t *testing.T) {
			if step.before != nil {
				step.before()
			}
			path := step.path
			if path == "" {
				path = adapterPath
			}
			if got := c.call(path, step.method, step.args...); got != step.want {
				t.Errorf("got %q, want %q", got, step.want)
			}
		})
	}
}

func TestAProgramReadsAndWritesProperties(t *testing.T) {
	b := start(t, bluetooth.Options{Off: true})
	c := connect(t, b)
	adapter := c.conn.Object("org.bluez", adapterPath)
	powered, err := adapter.GetProperty("org.bluez.Adapter1.Powered")
	if err != nil || powered.Value() != false {
		t.Fatalf("the power is %v (%v)", powered, err)
	}
	set := func(iface, name string, value any) string {
		return c.call(adapterPath, "org.freedesktop.DBus.Properties.Set", iface, name, dbus.MakeVariant(value))
	}
	for _, refused := range []struct {
		name, iface, property string
		value                 any
		want                  string
	}{
		{"what is only read", "org.bluez.Adapter1", "Address", "66:55:44:33:22:11", "org.freedesktop.DBus.Error.PropertyReadOnly"},
		{"another type", "org.bluez.Adapter1", "Powered", "yes", "org.bluez.Error.InvalidArguments"},
		{"an unknown property", "org.bluez.Adapter1", "Colour", "red", "org.freedesktop.DBus.Error.InvalidArgs"},
		{"an unknown interface", "org.bluez.Media1", "Powered", true, "org.freedesktop.DBus.Error.InvalidArgs"},
	} {
		if got := set(refused.iface, refused.property, refused.value); got != refused.want {
			t.Errorf("%s: got %q, want %q", refused.name, got, refused.want)
		}
	}
	if got := set("org.bluez.Adapter1", "Powered", true); got != "" {
		t.Fatal(got)
	}
	if err := b.Adapter.Await(limit(t), func(s bluetooth.State) bool { return s.Powered }); err != nil {
		t.Fatal(err)
	}
	changes := c.until(propChanged)
	body := changes[len(changes)-1].Body
	if body[0] != "org.bluez.Adapter1" || body[1].(map[string]dbus.Variant)["Powered"].Value() != true {
		t.Errorf("the change was told as %v", body)
	}
	var all map[string]dbus.Variant
	if err := adapter.Call("org.freedesktop.DBus.Properties.GetAll", 0, "org.bluez.Adapter1").Store(&all); err != nil || all["Powered"].Value() != true {
		t.Errorf("all properties: %v (%v)", all, err)
	}
}

func TestTheAdapterIsUnpluggedAndPluggedAgain(t *testing.T) {
	b := start(t, bluetooth.Options{Unplugged: true})
	c := connect(t, b)
	if _, found := c.objects()[adapterPath]; found {
		t.Fatal("there is an adapter")
	}
	b.Adapter.Plug()
	signals := c.until(added)
	if path := signals[len(signals)-1].Body[0]; path != adapterPath {
		t.Errorf("added %v", path)
	}
	if _, found := c.objects()[adapterPath]; !found {
		t.Fatal("there is no adapter")
	}
	c.discover()
	b.Adapter.Unplug()
	signals = c.until(removed)
	if path := signals[len(signals)-1].Body[0]; path != adapterPath {
		t.Errorf("removed %v", path)
	}
	if got := b.Adapter.State(); got != (bluetooth.State{Powered: true}) {
		t.Errorf("the state is %+v", got)
	}
}

func TestADiscoveryEndsWithThePowerAndWithItsProgram(t *testing.T) {
	stopped := func(s bluetooth.State) bool { return !s.Discovering }
	b := start(t, bluetooth.Options{})
	c, other := connect(t, b), connect(t, b)
	c.discover()
	other.discover()
	c.must(adapterPath, "org.bluez.Adapter1.StopDiscovery")
	if !b.Adapter.Discovering() {
		t.Error("the discovery of another program ended")
	}
	if err := other.conn.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.Adapter.Await(limit(t), stopped); err != nil {
		t.Fatal("a program left the bus:", err)
	}
	c.discover()
	b.Adapter.Power(false)
	if b.Adapter.Discovering() {
		t.Error("it discovers without power")
	}
	b.Adapter.Power(true)
	if b.Adapter.Discovering() {
		t.Error("power alone made it discover")
	}
	c.discover()
}

// TestAwaitHeardWaitsForEveryProgram has one program that answers, one that has left and one that hears nothing.
func TestAwaitHeardWaitsForEveryProgram(t *testing.T) {
	b := start(t, bluetooth.Options{})
	c, left := connect(t, b), connect(t, b)
	for _, program := range []*client{c, left} {
		program.must("/", "org.freedesktop.DBus.Peer.Ping")
	}
	if err := left.conn.Close(); err != nil {
		t.Fatal(err)
	}
	for _, power := range []bool{false, true, false} {
		b.Adapter.Power(power)
		if err := b.AwaitHeard(limit(t)); err != nil {
			t.Fatal(err)
		}
		if len(c.signals) == 0 {
			t.Fatalf("the program has not heard that the power is %v", power)
		}
		for len(c.signals) > 0 {
			<-c.signals
		}
	}

	deaf, end := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer end()
	other := connect(t, b)
	other.must("/", "org.freedesktop.DBus.Peer.Ping")
	other.conn.Eavesdrop(make(chan *dbus.Message, 10)) // takes the calls away from the library, which would answer
	if err := b.AwaitHeard(deaf); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a program has not answered, but the error is %v", err)
	}
	if err := b.StopBlueZ(); err != nil {
		t.Fatal(err)
	}
	if err := b.AwaitHeard(limit(t)); err != nil {
		t.Errorf("nobody speaks any more, but the error is %v", err)
	}
}

func TestBlueZIsRestartedUnderARunningBrowser(t *testing.T) {
	b := start(t, bluetooth.Options{})
	c := connect(t, b)
	c.discover()
	if err := b.RestartBlueZ(limit(t)); err != nil {
		t.Fatal(err)
	}
	const changed = "org.freedesktop.DBus.NameOwnerChanged"
	gone, back := c.until(changed), c.until(changed)
	if owner := gone[len(gone)-1].Body[2]; owner != "" {
		t.Errorf("org.bluez first belongs to %v", owner)
	}
	if owner := back[len(back)-1].Body[2]; owner == "" || owner == gone[len(gone)-1].Body[1] {
		t.Errorf("org.bluez then belongs to %v, as before", owner)
	}
	if b.Adapter.Discovering() {
		t.Error("a discovery outlived BlueZ")
	}
	if _, found := c.objects()[adapterPath]; !found {
		t.Error("there is no adapter any more")
	}
	c.discover()
	if err := b.StopBlueZ(); err != nil {
		t.Fatal(err)
	}
	if err := c.conn.Object("org.bluez", "/").Call("org.freedesktop.DBus.Peer.Ping", dbus.FlagNoAutoStart).Err; err == nil {
		t.Error("org.bluez answers although it was stopped")
	}
	for range 2 {
		if err := b.StartBlueZ(limit(t)); err != nil {
			t.Fatal(err)
		}
	}
	c.must("/", "org.freedesktop.DBus.Peer.Ping")
}

// TestManyRestartsLoseNoCall has a browser's first call come as soon as it sees the name.
func TestManyRestartsLoseNoCall(t *testing.T) {
	b := start(t, bluetooth.Options{NoBlueZ: true})
	c := connect(t, b)
	for range 100 {
		if err := b.StartBlueZ(limit(t)); err != nil {
			t.Fatal(err)
		}
		for {
			s := c.until("org.freedesktop.DBus.NameOwnerChanged")
			if s[len(s)-1].Body[2] != "" {
				break
			}
		}
		if _, found := c.objects()[adapterPath]; !found {
			t.Fatal("no adapter")
		}
		if err := b.StopBlueZ(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestStartSaysWhatIsWrong(t *testing.T) {
	dir := shortDir(t)
	dies, hangs := filepath.Join(dir, "dies"), filepath.Join(dir, "hangs")
	for path, script := range map[string]string{dies: "echo 'no bus today' >&2\nexit 7\n", hangs: "while :; do sleep 1; done\n"} {
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	_, err := bluetooth.Start(limit(t), bluetooth.Options{Dir: dir, Daemon: filepath.Join(dir, "none")})
	var missing *bluetooth.NotInstalled
	if !errors.As(err, &missing) || missing.Package != "dbus-daemon" || !strings.Contains(err.Error(), "apt-get install dbus-daemon") || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no daemon: %v", err)
	}
	_, err = bluetooth.Start(limit(t), bluetooth.Options{Dir: dir, Daemon: dies})
	var daemon *bluetooth.DaemonError
	if !errors.As(err, &daemon) || daemon.Status != 7 || !strings.Contains(err.Error(), "no bus today") {
		t.Errorf("a daemon that dies: %v", err)
	}
	_, err = bluetooth.Start(limit(t), bluetooth.Options{Dir: dir, Daemon: hangs, Timeout: 100 * time.Millisecond})
	if !errors.As(err, &daemon) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a daemon that hangs: %v", err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "passkeylab-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}

func TestAClosedBusSaysSo(t *testing.T) {
	b := start(t, bluetooth.Options{})
	if b.Err() != nil {
		t.Errorf("it begins with %v", b.Err())
	}
	listening := make(chan error, 2)
	go func() { _, err := b.Radio.Hear(context.Background()); listening <- err }()
	go func() { listening <- b.Adapter.AwaitDiscovery(context.Background()) }()
	for range 2 {
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
	<-b.Done()
	for range 2 {
		if err := <-listening; !errors.Is(err, bluetooth.ErrClosed) {
			t.Errorf("who waited got %v", err)
		}
	}
	for name, err := range map[string]error{"Err": b.Err(), "Send": b.Radio.Send(limit(t), [20]byte{1}), "StartBlueZ": b.StartBlueZ(limit(t))} {
		if !errors.Is(err, bluetooth.ErrClosed) {
			t.Errorf("%s says %v", name, err)
		}
	}
	b.Adapter.Power(false)
	b.Adapter.Unplug()
	b.Adapter.Plug()
	if b.Radio.Replay() || b.Radio.Release() != 0 {
		t.Error("something was sent")
	}
}
