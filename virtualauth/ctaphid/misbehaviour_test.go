package ctaphid_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/ctaphid"
)

// Each lie is told beside its honest twin. A client notices it, or goes on as it must.
func TestLiesOfAnswers(t *testing.T) {
	for _, c := range []struct {
		name string
		lie  ctaphid.Misbehaviour
		// code is what the *Irregularity is about; tolerated says that there is none.
		code      error
		tolerated bool
	}{
		{"honest", ctaphid.Misbehaviour{}, nil, true},
		{"KeepaliveFlood", ctaphid.Misbehaviour{KeepaliveFlood: 1000}, nil, true},
		{"ForeignPacket", ctaphid.Misbehaviour{ForeignPacket: true}, nil, true},
		{"WrongCommand", ctaphid.Misbehaviour{WrongCommand: true}, nil, false},
		{"OversizeLength", ctaphid.Misbehaviour{OversizeLength: true}, ctaphid.InvalidLength, false},
		{"WrongSequence", ctaphid.Misbehaviour{WrongSequence: true}, ctaphid.InvalidSequence, false},
		{"ShortReport", ctaphid.Misbehaviour{ShortReport: true}, nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := full()
			d.Misbehave = c.lie
			alive := 0
			h := dial(t, d, ctaphid.Settings{Keepalive: func(ctaphid.Progress) { alive++ }})
			request := make([]byte, 200)
			got, err := h.Exchange(t.Context(), request)
			var irregular *ctaphid.Irregularity
			if c.tolerated && (err != nil || !bytes.Equal(got, append([]byte{0}, request...))) {
				t.Errorf("got %d bytes, %v", len(got), err)
			}
			if !c.tolerated && (!errors.As(err, &irregular) || c.code != nil && !errors.Is(err, c.code)) {
				t.Errorf("got %d bytes, %v; want an *Irregularity with %v", len(got), err, c.code)
			}
			if alive != c.lie.KeepaliveFlood {
				t.Errorf("heard %d keep-alives", alive)
			}
			if got, err := h.Ping(t.Context(), request); err != nil || !bytes.Equal(got, request) {
				t.Errorf("ping afterwards: %d bytes, %v", len(got), err)
			}
		})
	}
}

// What a client makes of these two, it makes of any packet for somebody else: nothing.
func TestLiesAboutTheAddressee(t *testing.T) {
	for _, lying := range []bool{false, true} {
		d := full()
		d.Misbehave = ctaphid.Misbehaviour{WrongChannel: lying}
		if lying {
			d.Misbehave.WrongNonce = 0x80
		}
		w := connect(t, d)
		w.send(broadcast, 6, make([]byte, 8), 0)
		if got := w.read(); (got.data[0] == 0x80) != lying || !bytes.Equal(got.data[1:8], make([]byte, 7)) {
			t.Errorf("lying %v: nonce %x", lying, got.data[:8])
		}
		w.send(1, 0x10, []byte{4}, 0)
		if got := w.read(); (got.channel == 2) != lying || !bytes.Equal(got.data, []byte{0, 4}) {
			t.Errorf("lying %v: %+v", lying, got)
		}
	}
}

// A client does not wait forever for a device that goes on after it was cancelled, even when it gives signs of life.
func TestIgnoreCancel(t *testing.T) {
	d, a, c, alive := full(), waiting(), newClock(3*time.Second), newClock(100*time.Millisecond)
	d.CTAP, d.After, d.Misbehave = a, alive.After, ctaphid.Misbehaviour{IgnoreCancel: true}
	ctx, cancel := context.WithCancel(t.Context())
	heard := make(chan struct{}, 1)
	h := dial(t, d, ctaphid.Settings{After: c.After, Keepalive: func(ctaphid.Progress) {
		select {
		case heard <- struct{}{}:
		default:
		}
	}})
	<-c[3*time.Second] // of opening
	go func() {
		<-a.asked
		<-c[3*time.Second] // of the request
		cancel()
		limit := <-c[3*time.Second] // after cancelling
		alive.ring(100 * time.Millisecond)
		<-heard
		limit <- time.Time{}
	}()
	if _, err := h.Exchange(ctx, []byte{1}); !errors.Is(err, ctaphid.ErrSilent) {
		t.Errorf("got %v", err)
	}
	close(a.gate)
	if _, err := h.Exchange(t.Context(), []byte{1}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
