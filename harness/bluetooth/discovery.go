package bluetooth

import (
	"slices"

	"github.com/godbus/dbus/v5"
)

// filter is what a program wants to discover, as far as it decides about adverts of phones.
type filter struct {
	transport string   // auto, bredr or le; empty: auto
	uuids     []string // empty: all
}

// passes is true when the filter lets the advert of a phone pass.
func (f filter) passes() bool {
	return f.transport != "bredr" && (len(f.uuids) == 0 || slices.Contains(f.uuids, advertUUID))
}

// transports are the values of the filter's entry of that name.
var transports = []string{"auto", "bredr", "le"}

// filterEntries are the entries of a discovery filter, each with an example of its type.
var filterEntries = map[string]any{
	"UUIDs": []string{}, "RSSI": int16(0), "Pathloss": uint16(0), "Transport": "", "DuplicateData": false, "Discoverable": false,
	"Pattern": "", "AutoConnect": false,
}

// parseFilter checks a filter as BlueZ does: unknown entries, wrong types and both measures of distance at once are refused.
func parseFilter(entries map[string]dbus.Variant) (filter, bool) {
	for name, value := range entries {
		example, known := filterEntries[name]
		if !known || value.Signature() != dbus.SignatureOf(example) {
			return filter{}, false
		}
	}
	_, rssi := entries["RSSI"]
	_, pathloss := entries["Pathloss"]
	var f filter
	f.transport, _ = entries["Transport"].Value().(string)
	f.uuids, _ = entries["UUIDs"].Value().([]string)
	return f, !(rssi && pathloss) && (entries["Transport"].Value() == nil || slices.Contains(transports, f.transport))
}

// client returns what a program does with the adapter, to be changed.
func (a *Adapter) client(name string) *searcher {
	s, found := a.clients[name]
	if !found {
		s = &searcher{}
		a.clients[name] = s
	}
	return s
}

// errNotReady is how BlueZ refuses while the power is off.
func errNotReady() *dbus.Error { return refuse("NotReady", "Resource Not Ready") }

func (b *Bus) setDiscoveryFilter(c *call) ([]any, *dbus.Error) {
	if !b.Adapter.is("Powered") {
		return nil, errNotReady()
	}
	f, good := parseFilter(c.args[0].(map[string]dbus.Variant))
	if !good {
		return nil, refuse("InvalidArguments", "Invalid arguments in method call")
	}
	b.Adapter.client(c.sender).filter = f
	c.then = b.Radio.deliver
	return nil, nil
}

func (b *Bus) startDiscovery(c *call) ([]any, *dbus.Error) {
	if !b.Adapter.is("Powered") {
		return nil, errNotReady()
	}
	client := b.Adapter.client(c.sender)
	if client.discovering {
		return nil, refuse("InProgress", "Operation already in progress")
	}
	client.discovering = true
	c.then = func() {
		b.Adapter.set("Discovering", true)
		b.Radio.deliver()
	}
	return nil, nil
}

func (b *Bus) stopDiscovery(c *call) ([]any, *dbus.Error) {
	if !b.Adapter.is("Powered") {
		return nil, errNotReady()
	}
	client := b.Adapter.client(c.sender)
	if !client.discovering {
		return nil, refuse("Failed", "No discovery started")
	}
	client.discovering = false // its filter stays, for the next time
	c.then = func() { b.Adapter.set("Discovering", b.Adapter.searched()) }
	return nil, nil
}

func (b *Bus) getDiscoveryFilters(*call) ([]any, *dbus.Error) {
	names := make([]string, 0, len(filterEntries))
	for name := range filterEntries {
		names = append(names, name)
	}
	slices.Sort(names)
	return []any{names}, nil
}
