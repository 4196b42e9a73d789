package ctaphid_test

import (
	"bytes"
	"testing"
	"time"
)

// A-HID-007: INIT on the channel of a transaction aborts it. A-HID-024: INIT elsewhere does not.
func TestInitAbortsItsOwnTransactionOnly(t *testing.T) {
	w := connect(t, full())
	a, b := w.open(), w.open()
	data := bytes.Repeat([]byte{7}, 100)
	w.send(a, 1, data, 1)
	w.send(b, 6, make([]byte, 8), 0)
	if got := w.read(); got.channel != b || got.command != 6 {
		t.Fatalf("INIT on another channel: %+v", got)
	}
	w.open()
	w.write(append(unhex(t, "00000001 00"), data[57:]...))
	w.want(a, 1, data)

	w.send(a, 1, data, 1)
	w.send(a, 6, []byte("12345678"), 0)
	if got := w.read(); got.channel != a || !bytes.Equal(got.data[:12], append([]byte("12345678"), 0, 0, 0, byte(a))) {
		t.Fatalf("A-HID-030: INIT on a channel that exists: %+v", got)
	}
	w.write(append(unhex(t, "00000001 00"), data[57:]...))
	w.quiet(a)
}

// INIT on the channel of a request that an authenticator works on cancels it, and its answer never comes.
func TestInitAbortsARequest(t *testing.T) {
	d, a := full(), waiting()
	d.CTAP = a
	w := connect(t, d)
	channel := w.open()
	w.send(channel, 0x10, []byte{1}, 0)
	<-a.asked
	w.send(channel, 6, make([]byte, 8), 0)
	if got := w.read(); got.command != 6 {
		t.Fatalf("got %+v", got)
	}
	<-a.left
	w.quiet(channel)
}

// A-HID-009, and A-HID-011 as far as a device can tell requests apart: a request that waits for the person is kept alive, and why is told.
func TestKeepAlive(t *testing.T) {
	d, a, c := full(), waiting(), newClock(100*time.Millisecond)
	waits := make(chan bool, 2)
	d.CTAP, d.After, d.AwaitsUser = a, c.After, func() bool { return <-waits }
	w := connect(t, d)
	channel := w.open()
	w.send(channel, 0x10, []byte{1, 2}, 0)
	waits <- false
	c.ring(100 * time.Millisecond)
	w.want(channel, 0x3b, []byte{1})
	waits <- true
	c.ring(100 * time.Millisecond)
	w.want(channel, 0x3b, []byte{2})
	close(a.gate)
	w.want(channel, 0x10, []byte{0, 1, 2})
	c.ring(100 * time.Millisecond) // too late to matter
	w.quiet(channel)
}

// A-HID-010, A-HID-032 and A-HID-033; the request answers for itself.
func TestCancel(t *testing.T) {
	d, a := full(), waiting()
	d.CTAP, d.Messages = a, a
	w := connect(t, d)
	mine, other := w.open(), w.open()
	w.send(mine, 0x11, nil, 0)
	w.quiet(mine) // nothing to cancel, no answer
	w.send(mine, 0x10, []byte{1}, 0)
	<-a.asked
	w.send(other, 0x11, nil, 0)
	w.send(other, 1, nil, 0)
	w.wantError(other, errBusy) // still under way
	w.send(mine, 0x11, nil, 0)
	w.want(mine, 0x10, []byte{0x2d})

	w.send(mine, 3, []byte{1}, 0) // U2F cannot be cancelled
	<-a.asked
	w.send(mine, 0x11, nil, 0)
	w.send(mine, 1, nil, 0)
	w.wantError(mine, errBusy)
	close(a.gate)
	w.want(mine, 3, []byte{0, 1})

	w.send(mine, 1, make([]byte, 60), 1)
	w.send(mine, 0x11, nil, 0) // half a message is no request
	w.write(unhex(t, "00000001 00"))
	w.want(mine, 1, make([]byte, 60))
}

// A-HID-020: a message whose rest does not come in time is dropped.
func TestTransactionTimeout(t *testing.T) {
	d, c := full(), newClock(500*time.Millisecond)
	d.After = c.After
	w := connect(t, d)
	channel := w.open()
	w.send(channel, 1, make([]byte, 200), 2) // each packet has its own time
	<-c[500*time.Millisecond]
	c.ring(500 * time.Millisecond)
	w.wantError(channel, errTimeout)
	w.write(unhex(t, "00000001 01"))
	w.quiet(channel)
}

// A message that is whole has all the time that its request takes.
func TestARequestIsNotLate(t *testing.T) {
	d, a, c := full(), waiting(), newClock(500*time.Millisecond)
	d.After, d.CTAP = c.After, a
	w := connect(t, d)
	channel := w.open()
	request := make([]byte, 100)
	w.send(channel, 0x10, request, 0)
	<-a.asked
	c.ring(500 * time.Millisecond)
	for range 3 {
		w.send(channel, 1, nil, 0)
		w.wantError(channel, errBusy)
	}
	close(a.gate)
	w.want(channel, 0x10, append([]byte{0}, request...))
}

// A-HID-022 and A-HID-023.
func TestAnotherChannelIsBusy(t *testing.T) {
	w := connect(t, full())
	a, b := w.open(), w.open()
	data := make([]byte, 100)
	w.send(a, 1, data, 1)
	w.send(b, 1, nil, 0)
	w.wantError(b, errBusy)
	w.write(unhex(t, "00000002 00 ffff")) // nor does it continue anything
	w.write(unhex(t, "00000001 00"))
	w.want(a, 1, data)
	w.quiet(b)
}

// Only a request from another channel than the last one's is a handover, and it comes first. Pings are no requests.
func TestAnotherChannelTakesOver(t *testing.T) {
	d, handovers := full(), 0
	d.Handover = func() { handovers++ }
	w := connect(t, d)
	a, b := w.open(), w.open()
	for i, step := range []struct {
		channel   uint32
		command   byte
		handovers int
	}{{a, 0x10, 0}, {a, 0x10, 0}, {b, 1, 0}, {a, 0x10, 0}, {b, 0x10, 1}, {b, 3, 1}, {a, 3, 2}} {
		w.send(step.channel, step.command, []byte{4}, 0)
		if got := w.read(); got.channel != step.channel || handovers != step.handovers {
			t.Errorf("step %d: %+v after %d handovers, want %d", i, got, handovers, step.handovers)
		}
	}
}
