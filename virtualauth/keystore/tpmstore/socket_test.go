package tpmstore

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
	"github.com/passkeylab/passkeylab/virtualauth/keystore/keystoretest"
)

// served starts a swtpm that listens, as somebody else would run it, and returns the path of its socket.
func served(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("swtpm")
	if err != nil {
		t.Skip(ErrNoSwtpm)
	}
	dir, err := os.MkdirTemp("", "tpm") // t.TempDir may be too long for a socket's path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "s")
	process := exec.CommandContext(context.WithoutCancel(t.Context()), program, "socket", "--tpm2", "--tpmstate", "dir="+dir,
		"--server", "type=unixio,path="+path, "--flags", "not-need-init")
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = process.Process.Kill()
		_ = process.Wait() // says that it was killed
	})
	for { // it says nothing when it listens
		connection, err := net.Dial("unix", path)
		if err == nil {
			connection.Close()
			return path
		}
		if t.Context().Err() != nil {
			t.Fatal(err)
		}
		runtime.Gosched()
	}
}

func TestAStoreOverASocketPassesTheSuite(t *testing.T) {
	keystoretest.Run(t, keystoretest.Subject{
		New: func(t *testing.T) keystore.KeyStore {
			store, _ := opened(t, Socket{Network: "unix", Address: served(t)}, Config{})
			return store
		},
		Algorithms: algorithms,
	})
}

func TestWhatAKilledProcessLeftInTheTPMIsFlushed(t *testing.T) {
	path := served(t)
	handle, key := killed(t, "socket", path)
	witness, err := Socket{Network: "unix", Address: path}.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	left, err := transients(witness)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 2 {
		t.Errorf("the killed process left %x, want its root and its key", left)
	}
	if err := witness.Close(); err != nil {
		t.Fatal(err)
	}
	store, p := opened(t, Socket{Network: "unix", Address: path}, Config{})
	within(t, store, func(*machine) error {
		left, err = transients(p.link)
		return err
	})
	if len(left) != 1 {
		t.Errorf("after connecting there are %x, want the root alone", left)
	}
	mustSign(t, store, handle, key)
}

func TestASocketThatBrokeIsDialledAgain(t *testing.T) {
	store, p := opened(t, Socket{Network: "unix", Address: served(t)}, Config{})
	handle, key := created(t, store, cose.ES256)
	within(t, store, func(*machine) error { return p.link.(*socketLink).Conn.Close() })
	mustSign(t, store, handle, key)
	if _, err := store.Certify(t.Context(), handle, nil); err != nil {
		t.Error(err)
	}
}

func TestNobodyListens(t *testing.T) {
	_, err := Open(t.Context(), Socket{Network: "unix", Address: filepath.Join(t.TempDir(), "none")}, Config{})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Open: %v, want os.ErrNotExist", err)
	}
}

func TestAResponseIsReadByItsLength(t *testing.T) {
	header := func(length byte) []byte { return []byte{0x80, 1, 0, 0, 0, length, 0, 0, 0, 0} }
	for _, c := range []struct {
		name     string
		sent     []byte
		want     int
		wantFail bool
	}{
		{"a bare header", header(10), 10, false},
		{"a header and two bytes, with more behind", append(header(12), 1, 2, 3), 12, false},
		{"nothing", nil, 0, true},
		{"half a header", header(10)[:5], 0, true},
		{"too little", append(header(12), 1), 0, true},
		{"shorter than a header", header(9), 0, true},
		{"longer than any response", append([]byte{0x80, 1, 0, 0, 0x20, 1}, make([]byte, 0x2001)...), 0, true},
		{"endless", []byte{0x80, 1, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}, 0, true},
	} {
		response, err := readResponse(bytes.NewReader(c.sent))
		if (err != nil) != c.wantFail || !bytes.Equal(response, c.sent[:c.want]) {
			t.Errorf("%s: %x, %v", c.name, response, err)
		}
	}
}

func FuzzReadResponse(f *testing.F) {
	f.Add([]byte{0x80, 1, 0, 0, 0, 12, 0, 0, 0, 0, 1, 2, 3})
	f.Add([]byte{0x80, 1, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		response, err := readResponse(bytes.NewReader(data))
		if err == nil && !bytes.HasPrefix(data, response) {
			t.Errorf("%x was read from %x", response, data)
		}
	})
}

func TestABrokenConnectionIsClosed(t *testing.T) {
	var others []net.Conn
	l := &socketLink{dial: func(context.Context) (net.Conn, error) {
		ours, other := net.Pipe()
		others = append(others, other)
		return ours, nil
	}}
	if err := l.connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := l.reopen(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := others[0].Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("reading at the other end of the first connection: %v, want io.EOF", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}
