package apdu_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/apdu"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestCommandsOfAllCases: the tables of ISO 7816-4 §5.1, each case in both forms, and the limits of each length field.
func TestCommandsOfAllCases(t *testing.T) {
	long := bytes.Repeat([]byte{7}, 256)
	most := bytes.Repeat([]byte{7}, 65535)
	for _, c := range []struct {
		name, raw string
		tail      []byte // data that is too long to write
		le        string
		want      apdu.Command
	}{
		{"case 1", "00030000", nil, "", apdu.Command{Instruction: 3}},
		{"case 2 short", "00030102 05", nil, "", apdu.Command{Instruction: 3, P1: 1, P2: 2, Expected: 5}},
		{"case 2 short, the most", "00030000 00", nil, "", apdu.Command{Instruction: 3, Expected: 256}},
		{"case 2 extended", "00030000 000100", nil, "", apdu.Command{Instruction: 3, Expected: 256, Extended: true}},
		{"case 2 extended, the most", "00030000 000000", nil, "", apdu.Command{Instruction: 3, Expected: 65536, Extended: true}},
		{"case 3 short", "80100000 02 aabb", nil, "", apdu.Command{Class: 0x80, Instruction: 16, Data: []byte{0xaa, 0xbb}}},
		{"case 3 short, the most", "80100000 ff", long[:255], "", apdu.Command{Class: 0x80, Instruction: 16, Data: long[:255]}},
		{"case 3 extended", "80100000 000002 aabb", nil, "", apdu.Command{Class: 0x80, Instruction: 16, Data: []byte{0xaa, 0xbb}, Extended: true}},
		{"case 3 extended, more than short", "80100000 000100", long, "", apdu.Command{Class: 0x80, Instruction: 16, Data: long, Extended: true}},
		{"case 3 extended, the most", "80100000 00ffff", most, "", apdu.Command{Class: 0x80, Instruction: 16, Data: most, Extended: true}},
		{"case 4 short", "80100000 01 aa 00", nil, "", apdu.Command{Class: 0x80, Instruction: 16, Data: []byte{0xaa}, Expected: 256}},
		{"case 4 extended", "80100000 000001 aa 0000", nil, "", apdu.Command{Class: 0x80, Instruction: 16, Data: []byte{0xaa}, Expected: 65536, Extended: true}},
		{"case 4 extended, long", "80100000 000100", long, "0123", apdu.Command{Class: 0x80, Instruction: 16, Data: long, Expected: 0x123, Extended: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw := append(append(unhex(t, c.raw), c.tail...), unhex(t, c.le)...)
			got, err := apdu.ParseCommand(raw)
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Fatalf("parsed %+v, %v; want %+v", got, err, c.want)
			}
			if encoded, err := got.Encode(); err != nil || !bytes.Equal(encoded, raw) {
				t.Errorf("encoded %x, %v; want %x", encoded, err, raw)
			}
		})
	}
}

func TestCommandsWithWrongLengths(t *testing.T) {
	for _, raw := range []string{
		"", "00", "000300", // no whole header
		"00030000 02 aa", "00030000 01 aabbcc", "00030000 0000", // short: cut off, too much, half an extended field
		"00030000 000002 aa", "00030000 000001 aabb", "00030000 000001 aabbccdd", // extended: cut off, half an Le, too much
		"00030000 000000 aa", "00030000 000000 aabbcc", // no data, and yet not only an Le
	} {
		_, err := apdu.ParseCommand(unhex(t, raw))
		var length *apdu.LengthError
		if !errors.As(err, &length) || !errors.Is(err, apdu.WrongLength) || length.Error() == "" {
			t.Errorf("%q: got %v, want a *LengthError that is WrongLength", raw, err)
		}
	}
	for _, c := range []apdu.Command{{Data: make([]byte, 65536)}, {Expected: 65537}, {Expected: -1}} {
		if _, err := c.Encode(); !errors.Is(err, apdu.WrongLength) {
			t.Errorf("encoded %d bytes with %d expected: %v", len(c.Data), c.Expected, err)
		}
	}
}

// Clients of U2F write an Lc of zero before an Le.
func TestAnExtendedLcOfZeroBeforeAnLe(t *testing.T) {
	got, err := apdu.ParseCommand(unhex(t, "00030000 000000 0000"))
	if want := (apdu.Command{Instruction: 3, Expected: 65536, Extended: true}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// A command takes the extended form by itself when its lengths need it.
func TestEncodingChoosesTheForm(t *testing.T) {
	for _, c := range []struct {
		command apdu.Command
		want    string
	}{
		{apdu.Command{Expected: 257}, "00000000 000101"},
		{apdu.Command{Data: []byte{1}, Expected: 257}, "00000000 000001 01 0101"},
		{apdu.Command{Data: []byte{1}, Expected: 5, Extended: true}, "00000000 000001 01 0005"},
		{apdu.Command{Extended: true}, "00000000"},
	} {
		if got, err := c.command.Encode(); err != nil || !bytes.Equal(got, unhex(t, c.want)) {
			t.Errorf("%+v: got %x, %v; want %s", c.command, got, err, c.want)
		}
	}
	if got, err := (apdu.Command{Data: make([]byte, 256)}).Encode(); err != nil || !bytes.Equal(got[:7], unhex(t, "00000000 000100")) {
		t.Errorf("got %x, %v", got, err)
	}
}

func TestResponses(t *testing.T) {
	got, err := apdu.ParseResponse(unhex(t, "aabb 9000"))
	if err != nil || !bytes.Equal(got.Data, []byte{0xaa, 0xbb}) || got.Status != apdu.OK {
		t.Errorf("got %+v, %v", got, err)
	}
	if encoded := got.Encode(); !bytes.Equal(encoded, unhex(t, "aabb9000")) {
		t.Errorf("encoded %x", encoded)
	}
	if _, err := apdu.ParseResponse([]byte{0x90}); !errors.Is(err, apdu.WrongLength) {
		t.Errorf("half a status word: %v", err)
	}
}

func TestStatusWordsSayWhatTheyMean(t *testing.T) {
	for status, want := range map[apdu.Status]string{
		apdu.WrongData: "apdu: status 6A80 (wrong data)",
		0x6105:         "apdu: status 6105 (5 more bytes available)",
		0x6100:         "apdu: status 6100 (256 more bytes available)",
		0x1234:         "apdu: status 1234",
	} {
		if got := status.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// FuzzParseCommand: what was understood means the same after it was written again.
func FuzzParseCommand(f *testing.F) {
	for _, s := range []string{"00030000", "0003000000", "00030000000000", "801000000201aa", "8010000000000201aa0000", "9010000001aa", "00a4040008a0000006472f000100", "000300000000000000"} {
		f.Add(unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := apdu.ParseCommand(raw)
		if err != nil {
			if !errors.Is(err, apdu.WrongLength) {
				t.Fatalf("%x: %v is no wrong length", raw, err)
			}
			return
		}
		encoded, err := c.Encode()
		if err != nil {
			t.Fatalf("%x: %v", raw, err)
		}
		again, err := apdu.ParseCommand(encoded)
		if err != nil || !reflect.DeepEqual(again, c) {
			t.Fatalf("%x: %+v became %+v, %v", raw, c, again, err)
		}
		if !bytes.Equal(encoded, raw) && len(raw) != len(encoded)+2 { // an Lc of zero is not written again
			t.Fatalf("%x became %x", raw, encoded)
		}
	})
}
