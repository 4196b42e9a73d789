package bluetooth

import (
	"fmt"
	"slices"

	"github.com/godbus/dbus/v5"
)

// call is one call of a method of org.bluez.
type call struct {
	sender        string
	path          dbus.ObjectPath
	iface, member string
	args          []any
	then          func() // is done after the reply was sent; may be nil
}

// method is one method that org.bluez has. The lock of the bus is held while it runs, and its arguments have its signature.
type method struct {
	iface, member, signature string
	perform                  func(*Bus, *call) ([]any, *dbus.Error)
}

// methods are all that org.bluez answers. What else BlueZ has, no browser has ever called on the way to a phone.
var methods = []method{
	{objectManager, "GetManagedObjects", "", (*Bus).getManagedObjects},
	{adapterName, "StartDiscovery", "", (*Bus).startDiscovery},
	{adapterName, "StopDiscovery", "", (*Bus).stopDiscovery},
	{adapterName, "SetDiscoveryFilter", "a{sv}", (*Bus).setDiscoveryFilter},
	{adapterName, "GetDiscoveryFilters", "", (*Bus).getDiscoveryFilters},
	{agentManager, "UnregisterAgent", "o", (*Bus).unregisterAgent},
	{properties, "Get", "ss", (*Bus).getProperty},
	{properties, "GetAll", "s", (*Bus).getProperties},
	{properties, "Set", "ssv", (*Bus).setProperty},
	{peer, "Ping", "", func(*Bus, *call) ([]any, *dbus.Error) { return nil, nil }},
}

// perform does what a call asks for. A call that nothing here answers gets the standard error that says what is unknown:
// the object, the interface or the method.
func (b *Bus) perform(c *call) ([]any, *dbus.Error) {
	interfaces := b.interfacesOf(c.path)
	if interfaces == nil {
		return nil, failure("org.freedesktop.DBus.Error.UnknownObject", "there is no object %s", c.path)
	}
	if c.iface != "" && !slices.Contains(interfaces, c.iface) {
		return nil, failure("org.freedesktop.DBus.Error.UnknownInterface", "the object %s has no interface %s", c.path, c.iface)
	}
	signature := dbus.SignatureOf(c.args...).String()
	for _, m := range methods {
		if m.member == c.member && m.signature == signature && (m.iface == c.iface || c.iface == "" && slices.Contains(interfaces, m.iface)) {
			c.iface = m.iface
			return m.perform(b, c)
		}
	}
	return nil, failure("org.freedesktop.DBus.Error.UnknownMethod", "there is no method %s with the signature %q on %s", c.member, signature, c.iface)
}

// failure makes a D-Bus error.
func failure(name, format string, args ...any) *dbus.Error {
	return &dbus.Error{Name: name, Body: []any{fmt.Sprintf(format, args...)}}
}

// refuse makes an error of BlueZ.
func refuse(name, words string) *dbus.Error { return failure("org.bluez.Error."+name, "%s", words) }

// objects are all objects that org.bluez manages: path, interface, properties.
func (b *Bus) objects() map[dbus.ObjectPath]map[string]map[string]dbus.Variant {
	all := map[dbus.ObjectPath]map[string]map[string]dbus.Variant{bluezPath: {agentManager: {}}}
	if b.Adapter.plugged {
		all[adapterPath] = map[string]map[string]dbus.Variant{adapterName: variants(b.Adapter.values)}
		for _, d := range b.Radio.known() {
			all[d.path] = map[string]map[string]dbus.Variant{deviceName: d.properties()}
		}
	}
	return all
}

// interfacesOf names the interfaces of the object at a path; nil when there is no such object.
func (b *Bus) interfacesOf(path dbus.ObjectPath) []string {
	if path == rootPath {
		return []string{objectManager, peer}
	}
	object, found := b.objects()[path]
	if !found {
		return nil
	}
	interfaces := []string{properties, peer}
	for name := range object {
		interfaces = append(interfaces, name)
	}
	return interfaces
}

// variants wraps each value.
func variants(values map[string]any) map[string]dbus.Variant {
	wrapped := make(map[string]dbus.Variant, len(values))
	for name, value := range values {
		wrapped[name] = dbus.MakeVariant(value)
	}
	return wrapped
}

func (b *Bus) getManagedObjects(*call) ([]any, *dbus.Error) { return []any{b.objects()}, nil }

func (b *Bus) getProperties(c *call) ([]any, *dbus.Error) {
	values, found := b.objects()[c.path][c.args[0].(string)]
	if !found {
		return nil, failure("org.freedesktop.DBus.Error.InvalidArgs", "the object %s has no interface %s", c.path, c.args[0])
	}
	return []any{values}, nil
}

func (b *Bus) getProperty(c *call) ([]any, *dbus.Error) {
	value, found := b.objects()[c.path][c.args[0].(string)][c.args[1].(string)]
	if !found {
		return nil, failure("org.freedesktop.DBus.Error.InvalidArgs", "the object %s has no property %s of %s", c.path, c.args[1], c.args[0])
	}
	return []any{value}, nil
}

func (b *Bus) setProperty(c *call) ([]any, *dbus.Error) {
	old, refused := b.getProperty(c)
	if refused != nil {
		return nil, refused
	}
	name, value := c.args[1].(string), c.args[2].(dbus.Variant)
	if c.args[0] != adapterName || !slices.Contains(writable, name) {
		return nil, failure("org.freedesktop.DBus.Error.PropertyReadOnly", "the property %s of %s cannot be written", name, c.args[0])
	}
	if value.Signature() != old[0].(dbus.Variant).Signature() {
		return nil, refuse("InvalidArguments", "Invalid arguments in method call")
	}
	c.then = func() { b.Adapter.write(name, value.Value()) }
	return nil, nil
}

// unregisterAgent refuses as BlueZ does when nobody registered one: a browser tries it after each discovery.
func (b *Bus) unregisterAgent(*call) ([]any, *dbus.Error) {
	return nil, refuse("DoesNotExist", "Does Not Exist")
}
