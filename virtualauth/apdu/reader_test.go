package apdu_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/apdu"
)

// lengths are those around which fragments begin.
var lengths = []int{1, 2, 254, 255, 256, 257, 510, 511, 4096}

// TestReadersOfAllForms is A-NFC-002 to A-NFC-004: whatever the form and the fragments, the request arrives and the response returns.
func TestReadersOfAllForms(t *testing.T) {
	for name, reader := range map[string]apdu.Reader{
		"A-NFC-002 extended": {}, "A-NFC-003 short": {Short: true}, "A-NFC-004 uneven": {Short: true, Fragment: 37}, "blocking": {Blocking: true},
	} {
		t.Run(name, func(t *testing.T) {
			reader.Card = &apdu.Card{CTAP: &device{}, U2F: &key{}, After: newPatience().After}
			if version, err := reader.Select(t.Context()); err != nil || version != "U2F_V2" {
				t.Fatalf("selected %q, %v", version, err)
			}
			for _, n := range lengths {
				request := bytes.Repeat([]byte{byte(n)}, n)
				got, err := reader.Exchange(t.Context(), request)
				if err != nil || !bytes.Equal(got, append([]byte{0}, request...)) {
					t.Errorf("%d bytes: got %d bytes, %v", n, len(got), err)
				}
			}
			if got, err := reader.Message(t.Context(), apdu.Authenticate, 3, make([]byte, 300)); err != nil || got.Status != apdu.OK || len(got.Data) != 300 {
				t.Errorf("U2F: %v, %v", got.Status, err)
			}
			if err := reader.End(t.Context()); err != nil {
				t.Errorf("end: %v", err)
			}
			if _, err := reader.Exchange(t.Context(), []byte{4}); !errors.Is(err, apdu.CommandNotAllowed) {
				t.Errorf("after the end: %v", err)
			}
			if err := reader.End(t.Context()); !errors.Is(err, apdu.CommandNotAllowed) {
				t.Errorf("end twice: %v", err)
			}
		})
	}
}

// The end of the context cancels the request, and the authenticator has the last word.
func TestAReaderCancels(t *testing.T) {
	p := newPatience()
	card := &apdu.Card{CTAP: &device{wait: make(chan struct{})}, After: p.After, AwaitsUser: func() bool { return true }}
	ctx, cancel := context.WithCancel(t.Context())
	reader := apdu.Reader{Card: card, Update: func(progress apdu.Progress) {
		if progress != apdu.UserPresenceNeeded {
			t.Errorf("progress %d", progress)
		}
		cancel()
	}}
	if _, err := reader.Select(t.Context()); err != nil {
		t.Fatal(err)
	}
	go p.ring()
	got, err := reader.Exchange(ctx, []byte{1})
	if err != nil || !bytes.Equal(got, []byte{cancelled}) {
		t.Errorf("got %x, %v", got, err)
	}
}

// answers is a card that says the same thing always.
type answers string

func (a answers) Transmit(context.Context, []byte) ([]byte, error) { return []byte(a), nil }

type broken struct{}

func (broken) Transmit(context.Context, []byte) ([]byte, error) { return nil, io.ErrClosedPipe }

func TestReadersMeetStrangers(t *testing.T) {
	if _, err := (&apdu.Reader{Card: answers("\x6a\x82")}).Select(t.Context()); !errors.Is(err, apdu.ErrNoApplet) || !errors.Is(err, apdu.FileNotFound) {
		t.Errorf("no applet: %v", err)
	}
	if _, err := (&apdu.Reader{Card: broken{}}).Select(t.Context()); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("no card: %v", err)
	}
	if _, err := (&apdu.Reader{Card: broken{}, Short: true}).Exchange(t.Context(), make([]byte, 300)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("no card: %v", err)
	}
	if _, err := (&apdu.Reader{Card: answers("\x90")}).Exchange(t.Context(), []byte{4}); !errors.Is(err, apdu.WrongLength) {
		t.Errorf("half a status word: %v", err)
	}
	if _, err := (&apdu.Reader{Card: answers("\x6d\x00"), Short: true}).Exchange(t.Context(), make([]byte, 300)); !errors.Is(err, apdu.InstructionNotSupported) {
		t.Errorf("a fragment refused: %v", err)
	}
	if _, err := (&apdu.Reader{Card: answers("x\x61\x01")}).Exchange(t.Context(), []byte{4}); !errors.Is(err, apdu.WrongLength) {
		t.Errorf("a response without an end: %v", err)
	}
	if _, err := (&apdu.Reader{Card: answers("\x61\x01")}).Exchange(t.Context(), []byte{4}); !errors.Is(err, apdu.Status(0x6101)) {
		t.Errorf("a response without bytes: %v", err)
	}
	if _, err := (&apdu.Reader{Card: answers("")}).Exchange(t.Context(), make([]byte, 65536)); !errors.Is(err, apdu.WrongLength) {
		t.Errorf("a request beyond all forms: %v", err)
	}
}

// cut is a card that is taken away after a number of commands.
type cut struct {
	apdu.Transmitter
	left int
}

func (c *cut) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	if c.left--; c.left < 0 {
		return nil, io.ErrClosedPipe
	}
	return c.Transmitter.Transmit(ctx, command)
}

func TestACardIsTakenAwayInTheMiddle(t *testing.T) {
	reader := apdu.Reader{Card: &cut{&apdu.Card{CTAP: &device{}}, 3}, Short: true}
	if _, err := reader.Select(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Exchange(t.Context(), make([]byte, 500)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
}
