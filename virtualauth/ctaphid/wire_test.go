package ctaphid_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/ctaphid"
)

// wire is a client that writes and reads packets by the table of CTAP 2.3 §11.2.4, with nothing of the package under test.
type wire struct {
	t    testing.TB
	conn net.Conn
	size int
	// served is what Serve returned; to be read after wait.
	served error
	wait   func()
}

// connect serves a device for the length of the test.
func connect(t testing.TB, d *ctaphid.Device) *wire {
	ours, theirs := net.Pipe()
	w := &wire{t: t, conn: ours, size: 64}
	if d.ReportSize != 0 {
		w.size = d.ReportSize
	}
	var serving sync.WaitGroup
	serving.Go(func() { w.served = d.Serve(context.WithoutCancel(t.Context()), theirs) })
	w.wait = serving.Wait
	t.Cleanup(func() {
		ours.Close()
		w.wait()
	})
	return w
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// write writes one report, padded.
func (w *wire) write(report []byte) {
	w.t.Helper()
	if _, err := w.conn.Write(append(bytes.Clone(report), make([]byte, max(0, w.size-len(report)))...)); err != nil {
		w.t.Fatal(err)
	}
}

// send writes a message, or as many of its packets as are asked for.
func (w *wire) send(channel uint32, command byte, data []byte, packets int) {
	w.t.Helper()
	report := append(binary.BigEndian.AppendUint32(nil, channel), 0x80|command, byte(len(data)>>8), byte(len(data)))
	for sequence := byte(0); ; sequence++ {
		n := min(w.size-len(report), len(data))
		w.write(append(report, data[:n]...))
		data = data[n:]
		if packets--; len(data) == 0 || packets == 0 {
			return
		}
		report = append(binary.BigEndian.AppendUint32(nil, channel), sequence)
	}
}

type reply struct {
	channel uint32
	command byte
	data    []byte
}

// read reads one whole message.
func (w *wire) read() reply {
	w.t.Helper()
	report := make([]byte, w.size)
	take := func() {
		w.t.Helper()
		if n, err := w.conn.Read(report); err != nil || n != w.size {
			w.t.Fatalf("read %d bytes: %v", n, err)
		}
	}
	take()
	r := reply{channel: binary.BigEndian.Uint32(report), command: report[4] &^ 0x80}
	missing := int(binary.BigEndian.Uint16(report[5:]))
	rest := report[7:]
	for sequence := 0; ; sequence++ {
		n := min(missing, len(rest))
		r.data = append(r.data, rest[:n]...)
		if missing -= n; missing == 0 {
			return r
		}
		take()
		if binary.BigEndian.Uint32(report) != r.channel || int(report[4]) != sequence {
			w.t.Fatalf("continuation %x, want sequence %d", report[:5], sequence)
		}
		rest = report[5:]
	}
}

// want reads one message and compares it.
func (w *wire) want(channel uint32, command byte, data []byte) {
	w.t.Helper()
	if got := w.read(); got.channel != channel || got.command != command || !bytes.Equal(got.data, data) {
		w.t.Fatalf("got %08x %02x %x, want %08x %02x %x", got.channel, got.command, got.data, channel, command, data)
	}
}

// wantError reads an ERROR.
func (w *wire) wantError(channel uint32, code byte) {
	w.t.Helper()
	w.want(channel, 0x3f, []byte{code})
}

// quiet shows that nothing is on its way but the answer to a ping.
func (w *wire) quiet(channel uint32) {
	w.t.Helper()
	w.send(channel, 1, []byte("quiet?"), 0)
	w.want(channel, 1, []byte("quiet?"))
}

const broadcast = 0xffffffff

// open asks for a channel.
func (w *wire) open() uint32 {
	w.t.Helper()
	nonce := []byte("nonce..!")
	w.send(broadcast, 6, nonce, 0)
	got := w.read()
	if got.channel != broadcast || got.command != 6 || len(got.data) != 17 || !bytes.Equal(got.data[:8], nonce) || got.data[12] != 2 {
		w.t.Fatalf("INIT was answered with %+v", got)
	}
	return binary.BigEndian.Uint32(got.data[8:])
}

// clock hands out alarms of known lengths, which the test rings.
type clock map[time.Duration]chan chan time.Time

func newClock(lengths ...time.Duration) clock {
	c := clock{}
	for _, d := range lengths {
		c[d] = make(chan chan time.Time, 1000)
	}
	return c
}

func (c clock) After(d time.Duration) <-chan time.Time {
	alarm := make(chan time.Time, 1)
	if alarms, known := c[d]; known {
		alarms <- alarm
	}
	return alarm
}

// ring lets the next alarm of a length go off.
func (c clock) ring(d time.Duration) { (<-c[d]) <- time.Time{} }

// authenticator answers a request with a status byte and the request itself; or, when it has one, once gate lets it, or its
// request is cancelled.
type authenticator struct {
	gate   chan struct{}
	failed error
	// asked and left are told when a request begins and ends.
	asked, left chan struct{}
}

func (a *authenticator) Exchange(ctx context.Context, request []byte) ([]byte, error) {
	if a.asked != nil {
		a.asked <- struct{}{}
		defer func() { a.left <- struct{}{} }()
	}
	if a.gate != nil {
		select {
		case <-a.gate:
		case <-ctx.Done():
			return []byte{0x2d}, nil
		}
	}
	return append([]byte{0}, request...), a.failed
}

func waiting() *authenticator {
	return &authenticator{gate: make(chan struct{}), asked: make(chan struct{}, 9), left: make(chan struct{}, 9)}
}
