package bluetooth

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"

	"github.com/godbus/dbus/v5"

	"github.com/passkeylab/passkeylab/virtualauth/hybrid"
)

// advertUUID is the service whose data an advert is: 0xfff9, written out as BlueZ writes it (CTAP 2.3 §11.5.1).
const advertUUID = "0000fff9-0000-1000-8000-00805f9b34fb"

// transmission is one advert on the air: for the adapter, a device.
type transmission struct {
	advert  hybrid.Advert
	address string          // of the sender, made anew for each, as phones do
	path    dbus.ObjectPath // of the device that the adapter makes of it
	heard   bool            // the adapter knows the device
	ever    bool            // the adapter has ever known it
	cancel  func() bool     // keeps it from leaving the air
}

// transmit puts an advert on the air until its time is over.
func (r *Radio) transmit(advert hybrid.Advert, whose string) {
	address := newAddress()
	t := &transmission{advert: advert, address: address, path: adapterPath + dbus.ObjectPath("/dev_"+strings.ReplaceAll(address, ":", "_"))}
	r.note(Sent, advert, whose)
	_ = r.ether.Send(context.Background(), advert) // fails only with its context
	r.air = append(r.air, t)
	t.cancel = r.bus.options.AfterFunc(r.bus.options.Airtime, func() {
		r.bus.mu.Lock()
		defer r.bus.mu.Unlock()
		r.leave(t)
	})
	r.deliver()
}

// newAddress is a random non-resolvable private address: its two highest bits are zero (Bluetooth Core, vol. 6, part B,
// §1.3.2.2).
func newAddress() string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails, says its documentation
	return fmt.Sprintf("%02X:%02X:%02X:%02X:%02X:%02X", b[0]&0x3f, b[1], b[2], b[3], b[4], b[5])
}

// deliver lets the adapter hear what it has not heard yet, if it hears.
func (r *Radio) deliver() {
	if !r.bus.Adapter.hears() {
		return
	}
	for _, t := range r.air {
		if !t.heard {
			t.heard, t.ever = true, true
			r.bus.emit(rootPath, objectManager+".InterfacesAdded", t.path,
				map[string]map[string]dbus.Variant{deviceName: t.properties(), properties: {}})
			r.note(Heard, t.advert, string(t.path))
		}
	}
}

// leave takes an advert off the air.
func (r *Radio) leave(t *transmission) {
	i := slices.Index(r.air, t)
	if i < 0 {
		return
	}
	r.air = slices.Delete(r.air, i, i+1)
	if !t.ever {
		r.note(Lost, t.advert, "nobody listened in time")
	}
	r.remove(t)
}

// remove lets the adapter forget a device.
func (r *Radio) remove(t *transmission) {
	if t.heard {
		t.heard = false
		r.bus.emit(rootPath, objectManager+".InterfacesRemoved", t.path, []string{deviceName, properties})
		r.note(Gone, t.advert, string(t.path))
	}
}

// forget lets the adapter forget all devices; their adverts stay on the air.
func (r *Radio) forget() {
	for _, t := range r.air {
		r.remove(t)
	}
}

// silence ends all transmissions, when the bus ends.
func (r *Radio) silence() {
	for _, t := range r.air {
		t.cancel()
	}
	for _, l := range r.listeners {
		l.end(r.bus.err)
	}
	r.air, r.held = nil, nil
}

// known are the devices that the adapter knows.
func (r *Radio) known() []*transmission {
	var known []*transmission
	for _, t := range r.air {
		if t.heard {
			known = append(known, t)
		}
	}
	return known
}

// properties are those of the device, as BlueZ shows one that it heard and nobody connected to.
func (t *transmission) properties() map[string]dbus.Variant {
	return variants(map[string]any{
		"Address": t.address, "AddressType": "random", "Alias": strings.ReplaceAll(t.address, ":", "-"), "Adapter": adapterPath,
		"Paired": false, "Bonded": false, "Trusted": false, "Blocked": false, "LegacyPairing": false, "Connected": false,
		"ServicesResolved": false, "RSSI": int16(-52), "UUIDs": []string{advertUUID},
		"ServiceData": map[string]dbus.Variant{advertUUID: dbus.MakeVariant(t.advert[:])},
	})
}
