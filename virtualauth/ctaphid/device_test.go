package ctaphid_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/ctaphid"
)

// Error codes of CTAP 2.3 §11.2.9.1.6, as bytes.
const (
	errCommand, errParameter, errLength, errSequence, errTimeout, errBusy, errChannel, errOther = 1, 2, 3, 4, 5, 6, 11, 127
)

// full is a device with everything.
func full() *ctaphid.Device {
	return &ctaphid.Device{CTAP: &authenticator{}, Messages: &authenticator{}, Wink: func() {}, Lockable: true, Version: [3]byte{5, 4, 3}}
}

// A-HID-001: a device that nobody speaks to is silent. A-HID-002: so it is about continuation packets that continue nothing.
func TestSilence(t *testing.T) {
	w := connect(t, full())
	channel := w.open()
	w.write(unhex(t, "00000001 00 aabb"))
	w.write(unhex(t, "00000007 00 aabb"))
	w.quiet(channel)
	if _, err := w.conn.Write([]byte{0, 0, 0}); err != nil { // not even a header
		t.Fatal(err)
	}
	if _, err := w.conn.Write([]byte{0, 0, 0, 1, 0x81, 0}); err != nil {
		t.Fatal(err)
	}
	w.quiet(channel)
}

// A-HID-003 and A-HID-004.
func TestChannels(t *testing.T) {
	w := connect(t, full())
	w.send(broadcast, 6, []byte{1, 2, 3, 4, 5, 6, 7, 8}, 0)
	w.want(broadcast, 6, unhex(t, "0102030405060708 00000001 02 050403 07"))
	seen := map[uint32]bool{}
	for range 100 {
		channel := w.open()
		if channel == 0 || channel == broadcast || seen[channel] {
			t.Fatalf("channel %08x", channel)
		}
		seen[channel] = true
	}
}

func TestCapabilities(t *testing.T) {
	for _, c := range []struct {
		device ctaphid.Device
		want   byte
	}{
		{ctaphid.Device{}, 0x08},
		{ctaphid.Device{CTAP: &authenticator{}}, 0x0c},
		{ctaphid.Device{Messages: &authenticator{}}, 0x00},
		{ctaphid.Device{CTAP: &authenticator{}, Messages: &authenticator{}, Wink: func() {}}, 0x05},
		{ctaphid.Device{Lockable: true}, 0x0a},
	} {
		w := connect(t, &c.device)
		w.send(broadcast, 6, make([]byte, 8), 0)
		if got := w.read().data[16]; got != c.want {
			t.Errorf("%+v: capabilities %02x, want %02x", c.device, got, c.want)
		}
	}
}

// A-HID-005, A-HID-006, A-HID-008, A-HID-027, A-HID-028 and A-HID-037: whatever the length, a ping returns as it was.
func TestPing(t *testing.T) {
	for _, size := range []int{24, 64, 1024} {
		d := full()
		d.ReportSize = size
		w := connect(t, d)
		channel := w.open()
		most := size - 7 + 128*(size-5)
		for _, n := range []int{0, 1, size - 8, size - 7, size - 6, 2*size - 12, 2*size - 11, min(most, 65535)} {
			data := make([]byte, n) // it begins with zeros
			if n > 1 {
				data[n-1] = 9
			}
			w.send(channel, 1, data, 0)
			w.want(channel, 1, data)
		}
	}
}

// A-HID-012.
func TestWink(t *testing.T) {
	winks := 0
	d := full()
	d.Wink = func() { winks++ }
	w := connect(t, d)
	channel := w.open()
	w.send(channel, 8, nil, 0)
	w.want(channel, 8, nil)
	w.send(channel, 8, []byte{1}, 0)
	w.wantError(channel, errLength)
	if winks != 1 {
		t.Errorf("it winked %d times", winks)
	}
}

// A-HID-013, A-HID-014 and A-HID-035.
func TestLock(t *testing.T) {
	d, c := full(), newClock(3*time.Second)
	d.After = c.After
	w := connect(t, d)
	mine, other := w.open(), w.open()
	tryOther := func(free bool) {
		t.Helper()
		w.send(other, 1, nil, 0)
		if free {
			w.want(other, 1, nil)
		} else {
			w.wantError(other, errBusy)
		}
	}
	w.send(mine, 4, []byte{3}, 0)
	w.want(mine, 4, nil)
	tryOther(false)
	w.send(other, 4, []byte{0}, 0) // nobody opens another's lock
	w.wantError(other, errBusy)
	w.quiet(mine)
	w.open() // INIT goes through
	w.send(mine, 4, []byte{0}, 0)
	w.want(mine, 4, nil)
	tryOther(true)
	<-c[3*time.Second]

	w.send(mine, 4, []byte{3}, 0)
	w.want(mine, 4, nil)
	tryOther(false)
	c.ring(3 * time.Second)
	for { // the alarm and this message race; the lock ends all the same
		w.send(other, 1, nil, 0)
		if w.read().command == 1 {
			break
		}
	}
	w.send(mine, 4, []byte{11}, 0)
	w.wantError(mine, errParameter)
	w.send(mine, 4, []byte{10}, 0)
	w.want(mine, 4, nil)
	w.send(mine, 4, nil, 0)
	w.wantError(mine, errLength)
	w.send(mine, 4, []byte{1, 2}, 0)
	w.wantError(mine, errLength)
}

// TestRefusals: what a device refuses it refuses in one packet, and goes on.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name string
		// device is full but for what it lacks.
		lacks   func(*ctaphid.Device)
		reports []string
		channel uint32
		code    byte
	}{
		{"A-HID-015 an unknown command", nil, []string{"00000001 bd 0000"}, 1, errCommand},
		{"an unknown command of several packets", nil, []string{"00000001 bd 0100", "00000001 00"}, 1, errCommand},
		{"A-HID-016 INIT on channel 0", nil, []string{"00000000 86 0008"}, 0, errChannel},
		{"A-HID-017 PING on channel 0", nil, []string{"00000000 81 0001"}, 0, errChannel},
		{"A-HID-019 PING on the broadcast channel", nil, []string{"ffffffff 81 0001"}, broadcast, errChannel},
		{"A-HID-031 a channel never given out", nil, []string{"00000099 81 0001"}, 0x99, errChannel},
		{"INIT on a channel never given out", nil, []string{"00000099 86 0008"}, 0x99, errChannel},
		{"CANCEL on a channel never given out", nil, []string{"00000099 91 0000"}, 0x99, errChannel},
		{"A-HID-018 a continuation out of order", nil, []string{"00000001 81 0100", "00000001 01"}, 1, errSequence},
		{"a continuation repeated", nil, []string{"00000001 81 0100", "00000001 00", "00000001 00"}, 1, errSequence},
		{"a message within a message", nil, []string{"00000001 81 0100", "00000001 81 0100"}, 1, errSequence},
		{"A-HID-021 a length beyond all messages", nil, []string{"00000001 81 1dba"}, 1, errLength},
		{"A-HID-025 a CTAP request of no bytes", nil, []string{"00000001 90 0000"}, 1, errLength},
		{"A-HID-029 a nonce of 7 bytes", nil, []string{"ffffffff 86 0007"}, broadcast, errLength},
		{"A-HID-029 a nonce of 9 bytes", nil, []string{"ffffffff 86 0009"}, broadcast, errLength},
		{"A-HID-034 U2F on a device without", func(d *ctaphid.Device) { d.Messages = nil }, []string{"00000001 83 0001"}, 1, errCommand},
		{"CTAP on a device without", func(d *ctaphid.Device) { d.CTAP = nil }, []string{"00000001 90 0001 04"}, 1, errCommand},
		{"WINK on a device without", func(d *ctaphid.Device) { d.Wink = nil }, []string{"00000001 88 0000"}, 1, errCommand},
		{"LOCK on a device without", func(d *ctaphid.Device) { d.Lockable = false }, []string{"00000001 84 0001 05"}, 1, errCommand},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := full()
			if c.lacks != nil {
				c.lacks(d)
			}
			w := connect(t, d)
			channel := w.open()
			for _, r := range c.reports {
				w.write(unhex(t, r))
			}
			w.wantError(c.channel, c.code)
			w.quiet(channel)
		})
	}
}

// A-HID-026: an empty U2F message is for the APDU's answer to refuse. A-HID-036: padding means nothing.
func TestMessagesAndPadding(t *testing.T) {
	w := connect(t, full())
	channel := w.open()
	w.send(channel, 3, nil, 0)
	w.want(channel, 3, []byte{0})
	w.write(append(unhex(t, "00000001 90 0001 04"), bytes.Repeat([]byte{0xff}, 56)...))
	w.want(channel, 0x10, []byte{0, 4})
}
