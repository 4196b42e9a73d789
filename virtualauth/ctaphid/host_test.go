package ctaphid_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/ctaphid"
)

// dial serves a device and opens it, both for the length of the test.
func dial(t testing.TB, d *ctaphid.Device, settings ctaphid.Settings) *ctaphid.Host {
	t.Helper()
	ours, theirs := net.Pipe()
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := d.Serve(context.WithoutCancel(t.Context()), theirs); err != nil {
			t.Errorf("served: %v", err)
		}
	})
	settings.ReportSize = d.ReportSize
	h, err := ctaphid.Open(t.Context(), ours, settings)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		h.Close()
		serving.Wait()
	})
	return h
}

func TestHostAndDevice(t *testing.T) {
	for _, size := range []int{0, 24, 33, 1024} {
		d := full()
		d.ReportSize = size
		h := dial(t, d, ctaphid.Settings{Nonce: [8]byte{1, 2, 3}})
		want := ctaphid.Info{Channel: 1, Protocol: 2, Version: [3]byte{5, 4, 3}, Capabilities: ctaphid.CanWink | ctaphid.CanLock | ctaphid.SpeaksCBOR}
		if got := h.Info(); got != want {
			t.Errorf("info %+v, want %+v", got, want)
		}
		for _, n := range []int{1, 17, 57, 58, 1000, 2000} {
			data := bytes.Repeat([]byte{byte(n)}, n)
			if got, err := h.Ping(t.Context(), data); err != nil || !bytes.Equal(got, data) {
				t.Errorf("ping of %d bytes: %d bytes, %v", n, len(got), err)
			}
			for name, carry := range map[string]func(context.Context, []byte) ([]byte, error){"CBOR": h.Exchange, "MSG": h.Message} {
				if got, err := carry(t.Context(), data); err != nil || !bytes.Equal(got, append([]byte{0}, data...)) {
					t.Errorf("%s of %d bytes: %d bytes, %v", name, n, len(got), err)
				}
			}
		}
		for name, err := range map[string]error{"wink": h.Wink(t.Context()), "lock": h.Lock(t.Context(), 10), "unlock": h.Lock(t.Context(), 0)} {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := h.Lock(t.Context(), 11); !errors.Is(err, ctaphid.InvalidParameter) {
			t.Errorf("lock for 11 seconds: %v", err)
		}
	}
}

func TestHostsTakeTurns(t *testing.T) {
	h := dial(t, full(), ctaphid.Settings{})
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			data := bytes.Repeat([]byte{byte(i)}, 100*i+1)
			if got, err := h.Exchange(t.Context(), data); err != nil || !bytes.Equal(got[1:], data) {
				t.Errorf("exchange %d: %d bytes, %v", i, len(got), err)
			}
		})
	}
	all.Wait()
}

// The end of the context cancels a CTAP request, and the authenticator has the last word.
func TestAHostCancels(t *testing.T) {
	d, a := full(), waiting()
	d.CTAP = a
	h := dial(t, d, ctaphid.Settings{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-a.asked
		cancel()
	}()
	if got, err := h.Exchange(ctx, []byte{1}); err != nil || !bytes.Equal(got, []byte{0x2d}) {
		t.Errorf("got %x, %v", got, err)
	}
	if _, err := h.Exchange(ctx, []byte{1}); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %v", err)
	}
	if len(a.asked) != 0 {
		t.Error("it was sent all the same")
	}
	if got, err := h.Ping(t.Context(), []byte{7}); err != nil || !bytes.Equal(got, []byte{7}) {
		t.Errorf("ping afterwards: %x, %v", got, err)
	}
}

// A U2F command cannot be cancelled: its late answer is dropped before the next exchange.
func TestAHostStopsWaiting(t *testing.T) {
	d, a := full(), waiting()
	d.Messages = a
	h := dial(t, d, ctaphid.Settings{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-a.asked
		cancel()
	}()
	if _, err := h.Message(ctx, []byte{1}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if got, err := h.Ping(t.Context(), []byte{7}); err != nil || !bytes.Equal(got, []byte{7}) {
		t.Errorf("ping afterwards: %x, %v", got, err)
	}
	<-a.left
}

func TestWaitingForTheTurnEnds(t *testing.T) {
	d, a := full(), waiting()
	d.CTAP = a
	h := dial(t, d, ctaphid.Settings{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		if _, err := h.Exchange(t.Context(), []byte{1}); err != nil {
			t.Error(err)
		}
	}()
	<-a.asked
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Millisecond, cancel)
	if _, err := h.Ping(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(a.gate)
	<-done
}

func TestAHostHearsWhyItWaits(t *testing.T) {
	d, a, c := full(), waiting(), newClock(100*time.Millisecond)
	d.CTAP, d.After, d.AwaitsUser = a, c.After, func() bool { return true }
	h := dial(t, d, ctaphid.Settings{Keepalive: func(p ctaphid.Progress) {
		if p != ctaphid.UserPresenceNeeded {
			t.Errorf("progress %d", p)
		}
		close(a.gate)
	}})
	go c.ring(100 * time.Millisecond)
	if got, err := h.Exchange(t.Context(), []byte{1}); err != nil || len(got) != 2 {
		t.Errorf("got %x, %v", got, err)
	}
}

func TestAHostPassesOnRefusals(t *testing.T) {
	h := dial(t, &ctaphid.Device{}, ctaphid.Settings{})
	if _, err := h.Exchange(t.Context(), []byte{4}); !errors.Is(err, ctaphid.InvalidCommand) {
		t.Errorf("CBOR: %v", err)
	}
	if _, err := h.Ping(t.Context(), make([]byte, 7610)); !errors.Is(err, ctaphid.InvalidLength) {
		t.Errorf("a message beyond all: %v", err)
	}
	if _, err := h.Ping(t.Context(), []byte{4}); err != nil {
		t.Errorf("and then: %v", err)
	}
}

// script is a device that writes given reports, the next one or more after each report that it reads.
func script(t *testing.T, settings ctaphid.Settings, answers ...[]string) (*ctaphid.Host, error) {
	t.Helper()
	ours, theirs := net.Pipe()
	var playing sync.WaitGroup
	playing.Go(func() {
		buffer := make([]byte, 64)
		for _, reports := range answers {
			if _, err := theirs.Read(buffer); err != nil {
				return
			}
			for _, r := range reports {
				if _, err := theirs.Write(append(unhex(t, r), make([]byte, 64-len(unhex(t, r)))...)); err != nil {
					return
				}
			}
		}
	})
	t.Cleanup(func() {
		theirs.Close()
		playing.Wait()
	})
	return ctaphid.Open(t.Context(), ours, settings)
}

const (
	initOK      = "ffffffff 86 0011 0000000000000000 00000005 02 010203 04"
	initForeign = "ffffffff 86 0011 0000000000000001 00000004 02 010203 04"
)

func TestOpeningStrangeDevices(t *testing.T) {
	for _, c := range []struct {
		name    string
		reports []string
		want    error
	}{
		{"answers to others come first", []string{"00000003 81 0000", initForeign, initOK}, nil},
		{"it is busy", []string{"ffffffff bf 0001 06"}, ctaphid.ChannelBusy},
		{"it gives out channel 0", []string{"ffffffff 86 0011 0000000000000000 00000000 02 010203 04"}, ctaphid.InvalidChannel},
		{"it gives out the broadcast channel", []string{"ffffffff 86 0011 0000000000000000 ffffffff 02 010203 04"}, ctaphid.InvalidChannel},
	} {
		h, err := script(t, ctaphid.Settings{}, c.reports)
		if !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if h != nil {
			if h.Info().Channel != 5 {
				t.Errorf("%s: channel %d", c.name, h.Info().Channel)
			}
			h.Close()
		}
	}
	clock := newClock(3 * time.Second)
	go clock.ring(3 * time.Second)
	if _, err := script(t, ctaphid.Settings{After: clock.After}, []string{initForeign}); !errors.Is(err, ctaphid.ErrSilent) {
		t.Errorf("a silent device: %v", err)
	}
	for _, size := range []int{23, 1025} {
		conn := &brokenReports{closed: make(chan struct{})}
		if _, err := ctaphid.Open(t.Context(), conn, ctaphid.Settings{ReportSize: size}); !errors.Is(err, ctaphid.ErrReportSize) {
			t.Errorf("reports of %d bytes: %v", size, err)
		}
		<-conn.closed
	}
	if _, err := ctaphid.Open(t.Context(), &brokenReports{write: io.ErrNoProgress, closed: make(chan struct{})}, ctaphid.Settings{}); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("writing fails: %v", err)
	}
	if _, err := ctaphid.Open(t.Context(), &brokenReports{read: io.ErrNoProgress, closed: make(chan struct{})}, ctaphid.Settings{}); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("reading fails: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ctaphid.Open(ctx, &brokenReports{closed: make(chan struct{})}, ctaphid.Settings{}); !errors.Is(err, context.Canceled) {
		t.Errorf("no time: %v", err)
	}
}

func TestAnsweringStrangely(t *testing.T) {
	for _, c := range []struct {
		name    string
		reports []string
		code    error
	}{
		{"it begins with a continuation", []string{"00000005 00"}, ctaphid.InvalidSequence},
		{"a message within a message", []string{"00000005 90 0100", "00000005 90 0100"}, ctaphid.InvalidSequence},
		{"a length beyond all messages", []string{"00000005 90 1dba"}, ctaphid.InvalidLength},
		{"an error without a code", []string{"00000005 bf 0000"}, nil},
		{"another command", []string{"00000005 83 0001"}, nil},
	} {
		h, err := script(t, ctaphid.Settings{}, []string{initOK}, c.reports)
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.Exchange(t.Context(), []byte{4})
		var irregular *ctaphid.Irregularity
		if !errors.As(err, &irregular) || irregular.Error() == "" || c.code != nil && !errors.Is(err, c.code) {
			t.Errorf("%s: %v, want an *Irregularity with %v", c.name, err, c.code)
		}
		h.Close()
		if _, err := h.Exchange(t.Context(), []byte{4}); !errors.Is(err, ctaphid.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	}
}

// After an answer that could not be read the channel is synchronised, and what is left of the answer dropped.
func TestAHostSynchronises(t *testing.T) {
	h, err := script(t, ctaphid.Settings{}, []string{initOK},
		[]string{"00000005 90 0100", "00000005 01", "00000005 02", "00000005 bf 0001 04"},
		[]string{"00000005 86 0011 0000000000000000 00000005 02 010203 04"},
		[]string{"00000005 90 0001 00"},
		[]string{"00000005 90 0100", "00000005 01"},
		[]string{"00000005 bf 0001 0b"},
		[]string{"00000005 86 0011 0000000000000000 00000006 02 010203 04"})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if _, err := h.Exchange(t.Context(), []byte{4}); !errors.Is(err, ctaphid.InvalidSequence) {
		t.Errorf("a packet is missing: %v", err)
	}
	if got, err := h.Exchange(t.Context(), []byte{4}); err != nil || !bytes.Equal(got, []byte{0}) {
		t.Errorf("synchronised: %x, %v", got, err)
	}
	if _, err := h.Exchange(t.Context(), []byte{4}); !errors.Is(err, ctaphid.InvalidSequence) {
		t.Errorf("a packet is missing again: %v", err)
	}
	if _, err := h.Exchange(t.Context(), []byte{4}); !errors.Is(err, ctaphid.InvalidChannel) {
		t.Errorf("the device has forgotten the channel: %v", err)
	}
	if _, err := h.Exchange(t.Context(), []byte{4}); !errors.Is(err, ctaphid.InvalidChannel) {
		t.Errorf("the device gives out another channel: %v", err)
	}
}

func TestErrorsHaveNames(t *testing.T) {
	for code, want := range map[ctaphid.Error]string{ctaphid.LockRequired: "ctaphid: ERR_LOCK_REQUIRED", 0x55: "ctaphid: error 0x55"} {
		if got := code.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
