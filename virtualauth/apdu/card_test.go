package apdu_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/apdu"
)

// device stands for an authenticator: it answers a request with a status byte and the request itself, or, when asked to
// wait, once it is told to or its request is cancelled.
type device struct {
	wait   chan struct{} // nil answers at once
	failed error
}

const cancelled = 0x2d // CTAP2_ERR_KEEPALIVE_CANCEL

func (d *device) Exchange(ctx context.Context, request []byte) ([]byte, error) {
	if d.wait != nil {
		select {
		case <-d.wait:
		case <-ctx.Done():
			return []byte{cancelled}, nil
		}
	}
	return append([]byte{0}, request...), d.failed
}

// key stands for a U2F authenticator that knows its version and echoes everything else.
type key struct {
	disabled bool
	failed   error
}

func (k *key) U2F(_ context.Context, instruction, _ byte, data []byte) ([]byte, uint16, error) {
	switch {
	case k.failed != nil:
		return nil, 0, k.failed
	case k.disabled:
		return nil, 0x6986, nil
	case instruction == apdu.Version:
		return []byte("U2F_V2"), 0x9000, nil
	case instruction == apdu.Authenticate, instruction == 0x10:
		return data, 0x9000, nil
	}
	return nil, 0x6d00, nil
}

// talk sends one command after the other and returns the last response.
func talk(t *testing.T, card apdu.Transmitter, commands ...string) apdu.Response {
	t.Helper()
	var last apdu.Response
	for _, c := range commands {
		raw, err := card.Transmit(t.Context(), unhex(t, c))
		if err != nil {
			t.Fatalf("%s: %v", c, err)
		}
		if last, err = apdu.ParseResponse(raw); err != nil {
			t.Fatalf("%s: %v", c, err)
		}
	}
	return last
}

const selectFIDO = "00a40400 08 a0000006472f0001 00"

// TestSelection is A-NFC-001.
func TestSelection(t *testing.T) {
	for _, c := range []struct {
		name    string
		card    *apdu.Card
		command string
		status  apdu.Status
		version string
	}{
		{"both protocols", &apdu.Card{CTAP: &device{}, U2F: &key{}}, selectFIDO, apdu.OK, "U2F_V2"},
		{"U2F alone", &apdu.Card{U2F: &key{}}, selectFIDO, apdu.OK, "U2F_V2"},
		{"CTAP2 alone", &apdu.Card{CTAP: &device{}}, selectFIDO, apdu.OK, "FIDO_2_0"},
		{"U2F disabled", &apdu.Card{CTAP: &device{}, U2F: &key{disabled: true}}, selectFIDO, apdu.OK, "FIDO_2_0"},
		{"U2F alone and disabled", &apdu.Card{U2F: &key{disabled: true}}, selectFIDO, apdu.CommandNotAllowed, ""},
		{"no Le", &apdu.Card{CTAP: &device{}}, "00a40400 08 a0000006472f0001", apdu.OK, "FIDO_2_0"},
		{"extended length", &apdu.Card{CTAP: &device{}}, "00a40400 000008 a0000006472f0001 0000", apdu.OK, "FIDO_2_0"},
		{"another applet", &apdu.Card{CTAP: &device{}}, "00a40400 08 a0000006472f0002", apdu.FileNotFound, ""},
		{"half the name", &apdu.Card{CTAP: &device{}}, "00a40400 05 a000000647", apdu.FileNotFound, ""},
		{"by file id", &apdu.Card{CTAP: &device{}}, "00a40000 02 3f00", apdu.WrongParameters, ""},
		{"next occurrence", &apdu.Card{CTAP: &device{}}, "00a40402 08 a0000006472f0001", apdu.WrongParameters, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := talk(t, c.card, c.command)
			if got.Status != c.status || string(got.Data) != c.version {
				t.Errorf("got %v %q, want %v %q", got.Status, got.Data, c.status, c.version)
			}
		})
	}
}

// TestStatusWords holds A-NFC-005 to A-NFC-008, A-NFC-010, A-NFC-013, A-NFC-014 and what else a card refuses.
func TestStatusWords(t *testing.T) {
	for _, c := range []struct {
		name     string
		commands []string
		want     apdu.Status
		data     string
	}{
		{"A-NFC-005 unknown instruction, short", []string{selectFIDO, "80ff0000 01 aa 00"}, apdu.InstructionNotSupported, ""},
		{"A-NFC-006 unknown instruction, extended", []string{selectFIDO, "80ff0000 000001 aa 0000"}, apdu.InstructionNotSupported, ""},
		{"unknown instruction of U2F", []string{selectFIDO, "00090000"}, apdu.InstructionNotSupported, ""},
		{"unknown class", []string{selectFIDO, "20100000 01 04"}, apdu.ClassNotSupported, ""},
		{"A-NFC-007 wrong Lc, short", []string{selectFIDO, "80100000 05 04"}, apdu.WrongLength, ""},
		{"A-NFC-008 wrong Lc, extended", []string{selectFIDO, "80100000 000005 04"}, apdu.WrongLength, ""},
		{"A-NFC-010 no selection", []string{"80100000 01 04"}, apdu.CommandNotAllowed, ""},
		{"no selection, U2F", []string{"00030000"}, apdu.CommandNotAllowed, ""},
		{"selection undone by another", []string{selectFIDO, "00a40400 01 aa", "80100000 01 04"}, apdu.CommandNotAllowed, ""},
		{"A-NFC-013 end", []string{selectFIDO, "80120100"}, apdu.OK, ""},
		{"A-NFC-013 after the end", []string{selectFIDO, "80120100", "80100000 01 04"}, apdu.CommandNotAllowed, ""},
		{"A-NFC-013 the end drops a chain", []string{selectFIDO, "90100000 01 04", "80120100", selectFIDO, "80100000 01 aa"}, apdu.OK, "00aa"},
		{"end of something else", []string{selectFIDO, "80120200"}, apdu.WrongParameters, ""},
		{"a request", []string{selectFIDO, "80100000 01 04"}, apdu.OK, "0004"},
		{"a request without a command", []string{selectFIDO, "80100000"}, apdu.WrongLength, ""},
		{"a request with unknown P1", []string{selectFIDO, "80100100 01 04"}, apdu.WrongParameters, ""},
		{"a request with unknown P2", []string{selectFIDO, "80100001 01 04"}, apdu.WrongParameters, ""},
		{"a chain", []string{selectFIDO, "90100000 01 04", "90100000 02 0506", "80100000 01 07"}, apdu.OK, "0004050607"},
		{"a fragment", []string{selectFIDO, "90100000 01 04"}, apdu.OK, ""},
		{"a chain of U2F", []string{selectFIDO, "10020000 01 04", "00020000 01 05"}, apdu.OK, "0405"},
		{"a fragment of an unknown instruction", []string{selectFIDO, "90ff0000 01 04"}, apdu.InstructionNotSupported, ""},
		{"A-NFC-014 chain interrupted", []string{selectFIDO, "90100000 01 04", "00030000"}, apdu.OK, "5532465f5632"},
		{"A-NFC-014 after the interruption", []string{selectFIDO, "90100000 01 04", "00030000", "80100000 01 05"}, apdu.OK, "0005"},
		{"A-NFC-014 interrupted by another instruction", []string{selectFIDO, "10010000 01 04", "00020000 01 05"}, apdu.OK, "05"},
		{"A-NFC-014 interrupted by another class", []string{selectFIDO, "90100000 01 04", "00100000 01 05"}, apdu.OK, "05"},
		{"A-NFC-014 interrupted by a malformed command", []string{selectFIDO, "90100000 01 04", "8010", "80100000 01 05"}, apdu.OK, "0005"},
		{"nothing to get", []string{selectFIDO, "00c00000 00"}, apdu.ConditionsNotSatisfied, ""},
		{"no request to ask about", []string{selectFIDO, "80110000"}, apdu.ConditionsNotSatisfied, ""},
		{"asking with unknown P1", []string{selectFIDO, "80110100"}, apdu.WrongParameters, ""},
		{"asking with unknown P2", []string{selectFIDO, "80110001"}, apdu.WrongParameters, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := talk(t, &apdu.Card{CTAP: &device{}, U2F: &key{}}, c.commands...)
			if got.Status != c.want || !bytes.Equal(got.Data, unhex(t, c.data)) {
				t.Errorf("got %v %x, want %v %s", got.Status, got.Data, c.want, c.data)
			}
		})
	}
}

// A card that lacks one of the two protocols does not know its instructions.
func TestCardsOfOneProtocol(t *testing.T) {
	if got := talk(t, &apdu.Card{U2F: &key{}}, selectFIDO, "80100000 01 04"); got.Status != apdu.InstructionNotSupported {
		t.Errorf("CTAP2 on a U2F card: %v", got.Status)
	}
	if got := talk(t, &apdu.Card{CTAP: &device{}}, selectFIDO, "00030000"); got.Status != apdu.InstructionNotSupported {
		t.Errorf("U2F on a CTAP2 card: %v", got.Status)
	}
}

// TestLongResponses is A-NFC-009: what does not fit waits for GET RESPONSE, piece by piece.
func TestLongResponses(t *testing.T) {
	card := &apdu.Card{CTAP: &device{}}
	request := bytes.Repeat([]byte{5}, 520)
	first := append(unhex(t, "90100000 ff"), request[:255]...)
	second := append(unhex(t, "90100000 ff"), request[255:510]...)
	last := append(append(unhex(t, "80100000 0a"), request[510:]...), 0)
	talk(t, card, selectFIDO)
	for _, raw := range [][]byte{first, second} {
		if got, err := card.Transmit(t.Context(), raw); err != nil || !bytes.Equal(got, []byte{0x90, 0}) {
			t.Fatalf("a fragment: %x, %v", got, err)
		}
	}
	got, err := card.Transmit(t.Context(), last)
	if err != nil || len(got) != 258 || !bytes.Equal(got[256:], []byte{0x61, 0x00}) {
		t.Fatalf("first part: %d bytes ending in %x, %v", len(got), got[len(got)-2:], err)
	}
	whole := got[:256]
	got, err = card.Transmit(t.Context(), unhex(t, "00c00000 00"))
	if err != nil || len(got) != 258 || !bytes.Equal(got[256:], []byte{0x61, 0x09}) {
		t.Fatalf("second part: %d bytes ending in %x, %v", len(got), got[len(got)-2:], err)
	}
	whole = append(whole, got[:256]...)
	got, err = card.Transmit(t.Context(), unhex(t, "80c00000 04"))
	if err != nil || len(got) != 6 || !bytes.Equal(got[4:], []byte{0x61, 0x05}) {
		t.Fatalf("third part: %x, %v", got, err)
	}
	whole = append(whole, got[:4]...)
	got, err = card.Transmit(t.Context(), unhex(t, "00c00000 09"))
	if err != nil || !bytes.Equal(got[len(got)-2:], []byte{0x90, 0x00}) {
		t.Fatalf("the end: %x, %v", got, err)
	}
	whole = append(whole, got[:len(got)-2]...)
	if !bytes.Equal(whole, append([]byte{0}, request...)) {
		t.Errorf("the parts make %x", whole)
	}
	// Without an Le there is room for as much as a short response has.
	got, err = card.Transmit(t.Context(), append(unhex(t, "80100000 ff"), request[:255]...))
	if err != nil || len(got) != 258 || !bytes.Equal(got[256:], []byte{0x90, 0x00}) {
		t.Fatalf("256 bytes without an Le: %d bytes ending in %x, %v", len(got), got[len(got)-2:], err)
	}
	talk(t, card, "90100000 02 0505")
	got, err = card.Transmit(t.Context(), append(unhex(t, "80100000 ff"), request[:255]...))
	if err != nil || len(got) != 258 || !bytes.Equal(got[256:], []byte{0x61, 0x02}) {
		t.Fatalf("258 bytes without an Le: %d bytes ending in %x, %v", len(got), got[len(got)-2:], err)
	}
	// Anything else in between ends it.
	if _, err := card.Transmit(t.Context(), append(append(unhex(t, "80100000 ff"), request[:255]...), 1)); err != nil {
		t.Fatal(err)
	}
	if got := talk(t, card, "80110001", "00c00000 00"); got.Status != apdu.ConditionsNotSatisfied {
		t.Errorf("the rest outlived another command: %v", got.Status)
	}
}

// An extended command has room for a response of any length.
func TestExtendedResponsesAreWhole(t *testing.T) {
	card := &apdu.Card{CTAP: &device{}}
	talk(t, card, selectFIDO)
	request := append(unhex(t, "80100000 001000"), make([]byte, 4096)...)
	for _, le := range []string{"", "0000"} {
		got, err := card.Transmit(t.Context(), append(bytes.Clone(request), unhex(t, le)...))
		if err != nil || len(got) != 4097+2 || !bytes.Equal(got[4097:], []byte{0x90, 0}) {
			t.Errorf("Le %q: %d bytes, %v", le, len(got), err)
		}
	}
	if got, err := card.Transmit(t.Context(), append(request, 0x01, 0x00)); err != nil || len(got) != 258 {
		t.Errorf("a smaller Le was overrun: %d bytes, %v", len(got), err)
	}
}

// A reader may write each command over the last.
func TestAChainKeepsItsOwnBytes(t *testing.T) {
	card := &apdu.Card{CTAP: &device{}}
	talk(t, card, selectFIDO)
	buffer := unhex(t, "90100000 01 04")
	if _, err := card.Transmit(t.Context(), buffer); err != nil {
		t.Fatal(err)
	}
	clear(buffer)
	if got := talk(t, card, "80100000 01 05"); !bytes.Equal(got.Data, []byte{0, 4, 5}) {
		t.Errorf("got %x", got.Data)
	}
}

func TestAChainHasAnEnd(t *testing.T) {
	card := &apdu.Card{CTAP: &device{}}
	talk(t, card, selectFIDO)
	fragment := append(unhex(t, "90100000 00ffff"), make([]byte, 65535)...)
	if got, err := card.Transmit(t.Context(), fragment); err != nil || !bytes.Equal(got, []byte{0x90, 0}) {
		t.Fatalf("got %x, %v", got, err)
	}
	if got := talk(t, card, "90100000 01 00"); got.Status != apdu.WrongLength {
		t.Errorf("a byte too many: %v", got.Status)
	}
	if got := talk(t, card, "80100000 01 04"); !bytes.Equal(got.Data, []byte{0, 4}) {
		t.Errorf("the chain lives on: %x", got.Data)
	}
}

func TestAFailingAuthenticatorFailsTheCard(t *testing.T) {
	card := &apdu.Card{CTAP: &device{failed: io.ErrUnexpectedEOF}, U2F: &key{}}
	talk(t, card, selectFIDO)
	if _, err := card.Transmit(t.Context(), unhex(t, "80100000 01 04")); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("CTAP: %v", err)
	}
	card = &apdu.Card{U2F: &key{failed: io.ErrNoProgress}}
	if _, err := card.Transmit(t.Context(), unhex(t, selectFIDO)); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("selection: %v", err)
	}
	if _, err := (apdu.Messages{Handler: &key{failed: io.ErrNoProgress}}).Exchange(t.Context(), unhex(t, "00030000")); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("messages: %v", err)
	}
}

// patience is a clock whose alarms the test rings.
type patience struct{ alarms chan chan time.Time }

func newPatience() *patience { return &patience{alarms: make(chan chan time.Time, 16)} }

func (p *patience) After(d time.Duration) <-chan time.Time {
	alarm := make(chan time.Time, 1)
	if d == 100*time.Millisecond {
		p.alarms <- alarm
	}
	return alarm
}

// ring lets the next alarm go off.
func (p *patience) ring() { (<-p.alarms) <- time.Time{} }

// TestStatusUpdates is A-NFC-011: a client that understands them hears 9100 while the authenticator works, and why.
func TestStatusUpdates(t *testing.T) {
	d, p := &device{wait: make(chan struct{})}, newPatience()
	waits := false
	card := &apdu.Card{CTAP: d, After: p.After, AwaitsUser: func() bool { return waits }}
	talk(t, card, selectFIDO)
	go p.ring()
	if got := talk(t, card, "80108000 01 04"); got.Status != apdu.StatusUpdate || !bytes.Equal(got.Data, []byte{1}) {
		t.Fatalf("at first: %v %x", got.Status, got.Data)
	}
	waits = true
	go p.ring()
	if got := talk(t, card, "80110000"); got.Status != apdu.StatusUpdate || !bytes.Equal(got.Data, []byte{2}) {
		t.Fatalf("while she thinks: %v %x", got.Status, got.Data)
	}
	close(d.wait)
	if got := talk(t, card, "80110000"); got.Status != apdu.OK || !bytes.Equal(got.Data, []byte{0, 4}) {
		t.Errorf("in the end: %v %x", got.Status, got.Data)
	}
	if got := talk(t, card, "80110000"); got.Status != apdu.ConditionsNotSatisfied {
		t.Errorf("after the end: %v", got.Status)
	}
}

// A client that is in a hurry gets an update at once.
func TestAnEndedContextDoesNotWait(t *testing.T) {
	d := &device{wait: make(chan struct{})}
	card := &apdu.Card{CTAP: d, After: newPatience().After}
	defer card.Close()
	talk(t, card, selectFIDO)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got, err := card.Transmit(ctx, unhex(t, "80108000 01 04"))
	if err != nil || !bytes.Equal(got, unhex(t, "01 9100")) {
		t.Errorf("got %x, %v", got, err)
	}
	close(d.wait)
	if got := talk(t, card, "80110000"); !bytes.Equal(got.Data, []byte{0, 4}) {
		t.Errorf("the request did not go on: %v %x", got.Status, got.Data)
	}
}

// TestCancellation is A-NFC-012. Selecting anew, a new request, a reset and the end of the conversation cancel as well.
func TestCancellation(t *testing.T) {
	for _, how := range []string{"80111100", selectFIDO, "80120100", "80100000 01 05", "reset"} {
		ended := make(chan struct{})
		waits := transport(func(ctx context.Context, request []byte) ([]byte, error) {
			if request[0] != 4 {
				return request, nil
			}
			<-ctx.Done()
			close(ended)
			return []byte{cancelled}, nil
		})
		p := newPatience()
		card := &apdu.Card{CTAP: waits, After: p.After}
		talk(t, card, selectFIDO)
		go p.ring()
		talk(t, card, "80108000 01 04")
		if how == "reset" {
			card.Reset()
		} else if got := talk(t, card, how); how == "80111100" && (got.Status != apdu.OK || !bytes.Equal(got.Data, []byte{cancelled})) {
			t.Errorf("got %v %x, want KEEPALIVE_CANCEL", got.Status, got.Data)
		}
		<-ended
	}
}

type transport func(ctx context.Context, request []byte) ([]byte, error)

func (f transport) Exchange(ctx context.Context, request []byte) ([]byte, error) {
	return f(ctx, request)
}

func TestMessagesAreU2FWithoutACard(t *testing.T) {
	for _, c := range []struct {
		name, message, want string
	}{
		{"version", "00030000", "5532465f5632 9000"},
		{"version with Le", "00030000 000000", "5532465f5632 9000"},
		{"data", "00020300 000002 aabb 0000", "aabb 9000"},
		{"unknown instruction", "00090000", "6d00"},
		{"A-U2F-008 wrong class", "80030000", "6e00"},
		{"wrong length", "00030000 05 aa", "6700"},
		{"no message", "", "6700"},
	} {
		got, err := apdu.Messages{Handler: &key{}}.Exchange(t.Context(), unhex(t, c.message))
		if err != nil || !bytes.Equal(got, unhex(t, c.want)) {
			t.Errorf("%s: got %x, %v; want %s", c.name, got, err, c.want)
		}
	}
}
