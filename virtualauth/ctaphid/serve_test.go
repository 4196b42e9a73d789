package ctaphid_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/ctaphid"
)

// An authenticator that could not work is ERR_OTHER to the client and an error of Serve; so is an answer beyond all messages.
func TestFailures(t *testing.T) {
	for _, a := range []*authenticator{{failed: io.ErrUnexpectedEOF}, {}} {
		d := full()
		d.CTAP = a
		w := connect(t, d)
		channel := w.open()
		w.send(channel, 0x10, make([]byte, 7609), 0)
		w.wantError(channel, errOther)
		w.quiet(channel)
		w.conn.Close()
		w.wait()
		if want := map[bool]error{true: io.ErrUnexpectedEOF, false: ctaphid.InvalidLength}[a.failed != nil]; !errors.Is(w.served, want) {
			t.Errorf("served: %v, want %v", w.served, want)
		}
	}
}

// brokenReports fail in their own way.
type brokenReports struct {
	read, write error
	reports     [][]byte
	closed      chan struct{}
}

func (b *brokenReports) Read(p []byte) (int, error) {
	if len(b.reports) > 0 {
		n := copy(p, b.reports[0])
		b.reports = b.reports[1:]
		return n, nil
	}
	if b.read == nil {
		<-b.closed
		return 0, io.EOF
	}
	return 0, b.read
}
func (b *brokenReports) Write(p []byte) (int, error) { return len(p), b.write }
func (b *brokenReports) Close() error {
	close(b.closed)
	return nil
}

func TestServeEnds(t *testing.T) {
	initialise := ctaphid.Packet{Channel: ctaphid.Broadcast, Initial: true, Command: ctaphid.CommandInit, Length: 8}.Encode(64)
	for _, c := range []struct {
		name string
		conn *brokenReports
		want error
	}{
		{"reading fails", &brokenReports{read: io.ErrNoProgress}, io.ErrNoProgress},
		{"reading ends", &brokenReports{read: io.EOF}, nil},
		{"writing fails", &brokenReports{write: io.ErrShortWrite, reports: [][]byte{initialise}}, io.ErrShortWrite},
		{"the other end is gone", &brokenReports{write: io.ErrClosedPipe, reports: [][]byte{initialise}}, nil},
	} {
		c.conn.closed = make(chan struct{})
		if err := full().Serve(t.Context(), c.conn); !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		<-c.conn.closed
	}
	for _, size := range []int{23, 1025, -1} {
		conn := &brokenReports{closed: make(chan struct{})}
		if err := (&ctaphid.Device{ReportSize: size}).Serve(t.Context(), conn); !errors.Is(err, ctaphid.ErrReportSize) {
			t.Errorf("reports of %d bytes: %v", size, err)
		}
		<-conn.closed
	}
}

// The end of the context ends everything, a request under way included.
func TestServeEndsWithItsContext(t *testing.T) {
	d, a := full(), waiting()
	d.CTAP = a
	ours, theirs := net.Pipe()
	w := &wire{t: t, conn: ours, size: 64}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error)
	go func() { served <- d.Serve(ctx, theirs) }()
	channel := w.open()
	w.send(channel, 0x10, []byte{1}, 0)
	<-a.asked
	cancel()
	if err := <-served; err != nil {
		t.Errorf("served: %v", err)
	}
	<-a.left
	if _, err := ours.Read(make([]byte, 64)); err != io.EOF {
		t.Errorf("the connection is open: %v", err)
	}
}
