package tpmstore

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"testing"

	"github.com/google/go-tpm/tpm2"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// tap is a backend that watches another: it counts commands, may fail them, and looks for leaks at the end.
type tap struct {
	t testing.TB // nil: does not look for leaks
	Backend
	link
	// before, when set, is called with each command before it is sent. A tpm2.TPMRC is the response then; any other error
	// breaks the link.
	before func(tpm2.TPMCC) error
	// carryOut says that the TPM gets the command nevertheless, and only its response is lost.
	carryOut bool

	mu   sync.Mutex
	seen map[tpm2.TPMCC]int
}

func (p *tap) open(ctx context.Context) (link, error) {
	l, err := p.Backend.open(ctx)
	if err != nil {
		return nil, err
	}
	p.link = l
	return p, nil
}

func (p *tap) Send(command []byte) ([]byte, error) {
	code := tpm2.TPMCC(binary.BigEndian.Uint32(command[6:]))
	p.mu.Lock()
	p.seen[code]++
	before, carryOut := p.before, p.carryOut
	p.mu.Unlock()
	if before != nil {
		if err := before(code); err != nil {
			if carryOut {
				_, _ = p.link.Send(command)
			}
			if code, is := err.(tpm2.TPMRC); is {
				return binary.BigEndian.AppendUint32([]byte{0x80, 0x01, 0, 0, 0, 10}, uint32(code)), nil
			}
			return nil, err
		}
	}
	return p.link.Send(command)
}

// hook sets before and carryOut.
func (p *tap) hook(carryOut bool, before func(tpm2.TPMCC) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.before, p.carryOut = before, carryOut
}

// count returns how often a command was sent.
func (p *tap) count(code tpm2.TPMCC) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen[code]
}

// Close looks for objects that the store left behind.
func (p *tap) Close() error {
	if p.t == nil {
		return p.link.Close()
	}
	left, err := transients(p.link)
	if err != nil {
		p.t.Errorf("look for leaked objects: %v", err)
	}
	if len(left) != 0 {
		p.t.Errorf("the closed store left objects in the TPM: %x", left)
	}
	return p.link.Close()
}

// opened opens a store, to be closed with the test, and skips the test where there is no such TPM.
func opened(t testing.TB, backend Backend, config Config) (*Store, *tap) {
	t.Helper()
	return openedTap(t, &tap{t: t, Backend: backend, seen: map[tpm2.TPMCC]int{}}, config)
}

func openedTap(t testing.TB, p *tap, config Config) (*Store, *tap) {
	t.Helper()
	s, err := Open(t.Context(), p, config)
	if errors.Is(err, ErrNoSimulator) || errors.Is(err, ErrNoSwtpm) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s, p
}

// overEach runs a test over each kind of TPM there is.
func overEach(t *testing.T, test func(t *testing.T, backend Backend)) {
	t.Run("simulator", func(t *testing.T) { test(t, Simulator{}) })
	t.Run("swtpm", func(t *testing.T) { test(t, Swtpm{}) })
}

func created(t testing.TB, s *Store, algorithm cose.Algorithm) (keystore.Handle, cose.Key) {
	t.Helper()
	handle, key, err := s.Create(t.Context(), algorithm)
	if err != nil {
		t.Fatal(err)
	}
	return handle, key
}

// within runs a job with the machine, for tests that meddle with the TPM behind the store's back.
func within(t testing.TB, s *Store, run func(*machine) error) {
	t.Helper()
	if err := s.do(context.WithoutCancel(t.Context()), run); err != nil {
		t.Fatal(err)
	}
}
