package apdu_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/apdu"
)

// insert serves a card to a reader that the test plays. served has what Serve returned.
func insert(ctx context.Context, slot apdu.Slot) (reader net.Conn, served <-chan error) {
	ours, theirs := net.Pipe()
	result := make(chan error, 1)
	go func() { result <- slot.Serve(ctx, theirs) }()
	return ours, result
}

// say writes one message to the card, its length first.
func say(t *testing.T, reader io.Writer, message string) {
	t.Helper()
	raw := unhex(t, message)
	if _, err := reader.Write(append([]byte{byte(len(raw) >> 8), byte(len(raw))}, raw...)); err != nil {
		t.Fatal(err)
	}
}

func hear(t *testing.T, reader io.Reader) []byte {
	t.Helper()
	var length [2]byte
	if _, err := io.ReadFull(reader, length[:]); err != nil {
		t.Fatal(err)
	}
	message := make([]byte, binary.BigEndian.Uint16(length[:]))
	if _, err := io.ReadFull(reader, message); err != nil {
		t.Fatal(err)
	}
	return message
}

func TestACardInASlot(t *testing.T) {
	powered := 0
	reader, served := insert(t.Context(), apdu.Slot{Card: &apdu.Card{CTAP: &device{}, U2F: &key{}}, Powered: func() { powered++ }})
	for _, c := range []struct{ say, want string }{
		{"01", ""},
		{"04", "3b80800101"},
		{selectFIDO, "5532465f5632 9000"},
		{"80100000 01 04 00", "0004 9000"},
		{"02", ""},
		{"80100000 01 04 00", "6986"}, // nothing is selected any more
		{selectFIDO, "5532465f5632 9000"},
		{"00", ""},
		{"99", ""}, // whatever that may be
		{"01", ""},
		{"80100000 01 04 00", "6986"},
		{"", "6700"},
	} {
		say(t, reader, c.say)
		if c.want == "" {
			continue
		}
		if got := hear(t, reader); !bytes.Equal(got, unhex(t, c.want)) {
			t.Errorf("%s: heard %x, want %s", c.say, got, c.want)
		}
	}
	reader.Close()
	if err := <-served; err != nil {
		t.Errorf("served: %v", err)
	}
	if powered != 3 {
		t.Errorf("powered %d times", powered)
	}
}

func TestASlotEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	reader, served := insert(ctx, apdu.Slot{Card: &apdu.Card{}})
	say(t, reader, "01") // and nobody is told
	cancel()
	if err := <-served; err != nil {
		t.Errorf("its context ended: %v", err)
	}
	reader, served = insert(t.Context(), apdu.Slot{Card: &apdu.Card{CTAP: &device{failed: io.ErrNoProgress}}})
	say(t, reader, selectFIDO)
	hear(t, reader)
	say(t, reader, "80100000 01 04")
	if err := <-served; !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("the authenticator failed: %v", err)
	}
	reader, served = insert(t.Context(), apdu.Slot{Card: &apdu.Card{}})
	if _, err := reader.Write([]byte{0, 5, 1}); err != nil {
		t.Fatal(err)
	}
	reader.Close()
	if err := <-served; !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("half a message: %v", err)
	}
	reader, served = insert(t.Context(), apdu.Slot{Card: &apdu.Card{CTAP: transport(func(context.Context, []byte) ([]byte, error) {
		return make([]byte, 0xffff), nil
	})}})
	say(t, reader, selectFIDO)
	hear(t, reader)
	say(t, reader, "80100000 000001 04 0000")
	if err := <-served; !errors.Is(err, apdu.WrongLength) {
		t.Errorf("a response beyond all readers: %v", err)
	}
}
