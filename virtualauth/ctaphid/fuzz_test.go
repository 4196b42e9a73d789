package ctaphid_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/ctaphid"
)

func TestAPacketWithoutDataCarriesNothing(t *testing.T) {
	var a ctaphid.Assembler
	p := ctaphid.Packet{Initial: true, Length: 1}
	if _, _, err := a.Add(p); !errors.Is(err, ctaphid.InvalidLength) {
		t.Errorf("got %v", err)
	}
}

// FuzzAssembler cuts any bytes into reports of any size. Whatever the assembler makes of them has the length that was
// announced, its bytes are those of the packets in their order, and cut anew it makes the same reports but for the padding.
func FuzzAssembler(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 0x81, 0, 2, 7, 8}, uint8(9))
	f.Add([]byte{0, 0, 0, 1, 0x81, 0, 5, 7, 8, 0, 0, 0, 1, 0, 9, 9, 9, 9}, uint8(9))
	f.Add([]byte{0, 0, 0, 1, 0x90, 0, 0, 1, 1, 0, 0, 0, 1, 0x11, 9, 9, 9, 9}, uint8(9))
	f.Add([]byte{0, 0, 0, 1}, uint8(64))
	f.Fuzz(func(t *testing.T, raw []byte, size uint8) {
		if size < 8 {
			return
		}
		var assembler ctaphid.Assembler
		var announced int
		var carried []byte
		for len(raw) >= int(size) {
			report := raw[:size]
			raw = raw[size:]
			p, err := ctaphid.ParsePacket(report)
			if err != nil {
				t.Fatalf("%x: %v", report, err)
			}
			if !bytes.Equal(p.Encode(int(size)), report) {
				t.Fatalf("%x became %x", report, p.Encode(int(size)))
			}
			if p.Initial {
				announced = p.Length
			}
			carried = append(carried, p.Data...)
			message, whole, err := assembler.Add(p)
			if err != nil {
				return
			}
			if !whole {
				continue
			}
			if len(message.Data) != announced || !bytes.HasPrefix(carried, message.Data) {
				t.Fatalf("announced %d bytes, %x; got %x", announced, carried, message.Data)
			}
			if announced > ctaphid.MaxMessage(int(size)) {
				t.Fatalf("%d bytes in reports of %d", announced, size)
			}
			again, err := message.Reports(int(size))
			if err != nil || len(again)*int(size) < len(message.Data) {
				t.Fatalf("%d reports, %v", len(again), err)
			}
			return
		}
	})
}

// reports are read one after the other; what is written is kept.
type reports struct {
	in  [][]byte
	out [][]byte
}

func (r *reports) Read(p []byte) (int, error) {
	if len(r.in) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.in[0])
	r.in = r.in[1:]
	return n, nil
}

func (r *reports) Write(p []byte) (int, error) {
	r.out = append(r.out, bytes.Clone(p))
	return len(p), nil
}

func (r *reports) Close() error { return nil }

// FuzzDevice sends a device any reports. It never fails, what it writes are whole reports, and afterwards it still gives out
// channels.
func FuzzDevice(f *testing.F) {
	initialise := ctaphid.Packet{Channel: ctaphid.Broadcast, Initial: true, Command: ctaphid.CommandInit, Length: 8, Data: []byte("fuzzing!")}.Encode(24)
	f.Add(initialise)
	f.Add(append(bytes.Clone(initialise), 0, 0, 0, 1, 0x90, 0, 1, 4))
	f.Add(append(bytes.Clone(initialise), 0, 0, 0, 1, 0x81, 0, 99, 4))
	f.Fuzz(func(t *testing.T, raw []byte) {
		conn := &reports{}
		for len(raw) > 0 {
			n := min(24, len(raw))
			conn.in, raw = append(conn.in, raw[:n]), raw[n:]
		}
		conn.in = append(conn.in, initialise)
		d := full()
		d.ReportSize = 24
		if err := d.Serve(t.Context(), conn); err != nil {
			t.Fatal(err)
		}
		alive := false
		for _, r := range conn.out {
			if len(r) != 24 {
				t.Fatalf("a report of %d bytes", len(r))
			}
			alive = alive || bytes.HasPrefix(r, []byte("\xff\xff\xff\xff\x86\x00\x11fuzzing!"))
		}
		if !alive {
			t.Fatal("it gives out no channel any more")
		}
	})
}
