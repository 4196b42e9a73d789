package ctap1_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/passkeylab/passkeylab/harness/client/ctap1"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

const rpID = "example.org"

var (
	dataHash = sha256.Sum256([]byte("client data"))
	ofRPID   = sha256.Sum256([]byte(rpID))
	errCut   = errors.New("unplugged")
)

// answer is what a scripted device says to a command.
type answer struct {
	data   []byte
	status uint16
	err    error
}

// script is a device that answers each command, by INS and P1 such as "02 07", always the same, and notes them.
type script struct {
	answers map[string]answer
	asked   []string
	data    []byte // of the last command
}

func (s *script) U2F(_ context.Context, instruction, p1 byte, data []byte) ([]byte, uint16, error) {
	command := fmt.Sprintf("%02x %02x", instruction, p1)
	s.asked, s.data = append(s.asked, command), data
	a := s.answers[command]
	return a.data, a.status, a.err
}

func entries(ids ...[]byte) (list []ctap2.Descriptor) {
	for _, id := range ids {
		list = append(list, ctap2.Descriptor{ID: id, Type: ctap2.PublicKey})
	}
	return list
}

func TestVersions(t *testing.T) {
	for _, c := range []struct {
		answer answer
		want   error
	}{
		{answer{data: []byte("U2F_V2"), status: 0x9000}, nil},
		{answer{data: []byte("U2F_V3"), status: 0x9000}, ctap1.ErrMalformed},
		{answer{status: 0x6d00}, ctap1.Status(0x6d00)},
		{answer{err: errCut}, errCut},
	} {
		key := &ctap1.Key{Device: &script{answers: map[string]answer{"03 00": c.answer}}}
		if err := key.Speaks(t.Context()); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v, want %v", c.answer, err, c.want)
		}
	}
}

func TestWhichKeyHandlesAKeyKnows(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer answer
		known  bool
		want   error
	}{
		{"awaits a touch", answer{status: 0x6985}, true, nil},
		{"needs none", answer{status: 0x9000}, true, nil},
		{"wrong data", answer{status: 0x6a80}, false, nil},
		{"wrong length", answer{status: 0x6700}, false, nil},
		{"another status", answer{status: 0x6f00}, false, ctap1.Status(0x6f00)},
		{"no answer", answer{err: errCut}, false, errCut},
	} {
		device := &script{answers: map[string]answer{"02 07": c.answer}}
		found, err := (&ctap1.Key{Device: device}).Known(t.Context(), rpID, entries([]byte("handle")))
		if !errors.Is(err, c.want) || (found != nil) != c.known || found != nil && string(found.ID) != "handle" {
			t.Errorf("%s: %+v, %v", c.name, found, err)
		}
		if want := slices.Concat(make([]byte, 32), ofRPID[:], []byte{6}, []byte("handle")); !bytes.Equal(device.data, want) {
			t.Errorf("%s: sent %x", c.name, device.data)
		}
	}
}

func TestIDsThatNoKeyHandleCanBe(t *testing.T) {
	device := &script{answers: map[string]answer{"02 07": {status: 0x6a80}}}
	list := entries(make([]byte, 256), make([]byte, 255))
	list = append(list, ctap2.Descriptor{ID: []byte("handle"), Type: "something else"})
	found, err := (&ctap1.Key{Device: device}).Known(t.Context(), rpID, list)
	if found != nil || err != nil || len(device.asked) != 1 || len(device.data) != 65+255 || device.data[64] != 255 {
		t.Errorf("found %v, %v, after %v and %x", found, err, device.asked, device.data)
	}
}

// A dummy registration names nobody: neither its challenge nor its application is one of a relying party.
func TestSelectionNamesNobody(t *testing.T) {
	device := &script{answers: map[string]answer{"01 00": {status: 0x9000}}}
	if err := (&ctap1.Key{Device: device}).Selection(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := append(bytes.Repeat([]byte("B"), 32), bytes.Repeat([]byte("A"), 32)...); !bytes.Equal(device.data, want) {
		t.Errorf("sent %q", device.data)
	}
}

// Who gives up while the key waits by itself is told so, and not that she refused.
func TestGivingUpIsNoRefusal(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errCut)
	key := &ctap1.Key{Device: &script{answers: map[string]answer{"01 00": {status: 0x6985}}}}
	if err := key.Selection(ctx); !errors.Is(err, errCut) || errors.Is(err, ctap2.OperationDenied) {
		t.Error(err)
	}
	if err := key.Selection(t.Context()); !errors.Is(err, ctap2.OperationDenied) || !errors.Is(err, ctap1.Status(0x6985)) {
		t.Error(err)
	}
}
