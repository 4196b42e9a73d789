package bluetooth

import (
	"context"
	"maps"
	"slices"

	"github.com/godbus/dbus/v5"
)

// Adapter is the computer's Bluetooth adapter, as org.bluez.Adapter1 shows it to the browser.
type Adapter struct {
	bus *Bus

	// What follows is guarded by the lock of the bus.
	plugged bool
	values  map[string]any       // its properties
	clients map[string]*searcher // programs that set a filter or discover, by their unique names
	news    chan struct{}        // closed and replaced when the state changes
}

// State is what can be seen of an adapter.
type State struct {
	Plugged     bool // it is there
	Powered     bool // it is switched on
	Discovering bool // at least one program looks for devices with it
}

// searcher is one program that uses the adapter to look for devices.
type searcher struct {
	filter      filter
	discovering bool
}

// writable are the properties that a program may set.
var writable = []string{"Powered", "Alias", "Discoverable", "DiscoverableTimeout", "Pairable", "PairableTimeout"}

// adapterAddress is the adapter's own address; it means nothing.
const adapterAddress = "00:11:22:33:44:55"

// newAdapter is the adapter that the options describe, with the properties that BlueZ gives a plain one.
func newAdapter(b *Bus) *Adapter {
	return &Adapter{bus: b, plugged: !b.options.Unplugged, clients: map[string]*searcher{}, news: make(chan struct{}), values: map[string]any{
		"Address": adapterAddress, "AddressType": "public", "Name": "passkeylab", "Alias": "passkeylab", "Class": uint32(0x0c010c),
		"Powered": !b.options.Off, "Discoverable": false, "DiscoverableTimeout": uint32(180), "Pairable": true, "PairableTimeout": uint32(0),
		"Discovering": false, "UUIDs": []string{}, "Modalias": "usb:v1D6Bp0246d0542", "Roles": []string{"central"},
		"Manufacturer": uint16(0xffff), "Version": byte(0x0b),
	}}
}

// State is what can be seen of the adapter now.
func (a *Adapter) State() State {
	a.bus.mu.Lock()
	defer a.bus.mu.Unlock()
	return a.state()
}

func (a *Adapter) state() State {
	return State{Plugged: a.plugged, Powered: a.is("Powered"), Discovering: a.is("Discovering")}
}

// Discovering is true while a program looks for devices.
func (a *Adapter) Discovering() bool { return a.State().Discovering }

// Await waits until the state of the adapter is as wanted. It fails when the context or the bus ends first.
func (a *Adapter) Await(ctx context.Context, wanted func(State) bool) error {
	for {
		a.bus.mu.Lock()
		state, news, err := a.state(), a.news, a.bus.err
		a.bus.mu.Unlock()
		if err != nil {
			return err
		}
		if wanted(state) {
			return nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// AwaitDiscovery waits until a program looks for devices: a browser does as soon as it shows its QR code.
func (a *Adapter) AwaitDiscovery(ctx context.Context) error {
	return a.Await(ctx, func(s State) bool { return s.Discovering })
}

// Power switches the adapter on or off. Off, it ends every discovery and forgets all devices.
func (a *Adapter) Power(on bool) {
	a.bus.mu.Lock()
	defer a.bus.mu.Unlock()
	a.write("Powered", on)
}

// Plug plugs the adapter in. Its power is as it was before.
func (a *Adapter) Plug() {
	a.bus.mu.Lock()
	defer a.bus.mu.Unlock()
	if a.plugged {
		return
	}
	a.plugged = true
	a.bus.note(Event{Kind: Changed, Title: "plugged in", Path: string(adapterPath)})
	a.bus.emit(rootPath, objectManager+".InterfacesAdded", adapterPath,
		map[string]map[string]dbus.Variant{adapterName: variants(a.values), properties: {}})
	a.changed()
}

// Unplug takes the adapter away, with every discovery and device.
func (a *Adapter) Unplug() {
	a.bus.mu.Lock()
	defer a.bus.mu.Unlock()
	if !a.plugged {
		return
	}
	a.reset()
	a.plugged = false
	a.bus.note(Event{Kind: Changed, Title: "unplugged", Path: string(adapterPath)})
	a.bus.emit(rootPath, objectManager+".InterfacesRemoved", adapterPath, []string{adapterName, properties})
	a.changed()
}

func (a *Adapter) is(name string) bool { return a.values[name] == true }

// changed wakes everybody who waits for a change.
func (a *Adapter) changed() {
	close(a.news)
	a.news = make(chan struct{})
}

// write changes a property because a program or a person asked for it.
func (a *Adapter) write(name string, value any) {
	if name == "Powered" && value == false {
		a.reset()
	}
	a.set(name, value)
	a.bus.Radio.deliver()
}

// set changes a property and tells so, unless it has that value already.
func (a *Adapter) set(name string, value any) {
	if a.values[name] == value {
		return
	}
	a.values[name] = value
	e := Event{Kind: Changed, Title: name + " " + dbus.MakeVariant(value).String(), Path: string(adapterPath)}
	a.bus.note(e)
	if a.plugged {
		a.bus.emit(adapterPath, properties+".PropertiesChanged", adapterName, map[string]dbus.Variant{name: dbus.MakeVariant(value)}, []string{})
	}
	a.changed()
}

// reset ends every discovery and forgets every device.
func (a *Adapter) reset() {
	clear(a.clients)
	a.set("Discovering", false)
	a.bus.Radio.forget()
}

// forget ends what a program does that left the bus.
func (a *Adapter) forget(client string) {
	delete(a.clients, client)
	a.set("Discovering", a.searched())
}

// searched is true when a program discovers.
func (a *Adapter) searched() bool {
	return slices.ContainsFunc(slices.Collect(maps.Values(a.clients)), func(s *searcher) bool { return s.discovering })
}

// hears is true when an advert of a phone would come to a program's attention. Nobody discovers while BlueZ, the adapter or
// its power is gone: see reset.
func (a *Adapter) hears() bool {
	for _, s := range a.clients {
		if s.discovering && s.filter.passes() {
			return true
		}
	}
	return false
}
