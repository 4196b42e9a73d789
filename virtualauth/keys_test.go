package virtualauth_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// counted is a software store that knows how many keys are in it and can be made to fail.
type counted struct {
	*keystore.Software
	mu      sync.Mutex
	keys    int
	signing error
}

func (c *counted) count(by int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		c.keys += by
	}
}

func (c *counted) Create(ctx context.Context, algorithm cose.Algorithm) (keystore.Handle, cose.Key, error) {
	handle, key, err := c.Software.Create(ctx, algorithm)
	c.count(1, err)
	return handle, key, err
}

func (c *counted) Import(ctx context.Context, algorithm cose.Algorithm, der []byte) (keystore.Handle, cose.Key, error) {
	handle, key, err := c.Software.Import(ctx, algorithm, der)
	c.count(1, err)
	return handle, key, err
}

func (c *counted) Delete(ctx context.Context, handle keystore.Handle) error {
	err := c.Software.Delete(ctx, handle)
	c.count(-1, err)
	return err
}

func (c *counted) Sign(ctx context.Context, handle keystore.Handle, message []byte) ([]byte, error) {
	if c.signing != nil {
		return nil, c.signing
	}
	return c.Software.Sign(ctx, handle, message)
}

// TestNoKeyIsLeftBehind: whatever happens, there are as many keys as credentials. A TPM's room is small.
func TestNoKeyIsLeftBehind(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		name string
		do   func(*stage, *counted)
		want int
	}{
		{"an overwritten credential", func(s *stage, _ *counted) { s.register("ada") }, 1},
		{"another account", func(s *stage, _ *counted) { s.register("bea") }, 2},
		{"a deleted credential", func(s *stage, _ *counted) { _ = s.Delete(s.Credentials()[0].ID) }, 0},
		{"a reset", func(s *stage, _ *counted) { _ = ctap2.Reset(s.t.Context(), s) }, 0},
		{"a statement that fails", func(s *stage, keys *counted) {
			keys.signing = broken
			if _, err := ctap2.MakeCredential(s.t.Context(), s, registration("bea")); !errors.Is(err, broken) {
				s.t.Errorf("got %v, want the store's own error", err)
			}
		}, 1},
		{"an import that fails", func(s *stage, _ *counted) {
			portable, err := s.Export(s.t.Context(), s.Credentials()[0].ID)
			if err == nil {
				err = s.Import(s.t.Context(), portable)
			}
			if !errors.Is(err, virtualauth.ErrCredentialExists) {
				s.t.Errorf("got %v", err)
			}
		}, 1},
		{"a refusal", func(s *stage, _ *counted) {
			s.person.consent = refuses
			_, _ = ctap2.MakeCredential(s.t.Context(), s, registration("bea"))
		}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, virtualauth.Model{})
			keys := &counted{Software: keystore.NewSoftware(seeded(5))}
			s.Authenticator = virtualauth.New(virtualauth.Model{Attestation: attestation.FormatPacked, Backup: virtualauth.NotBackedUpYet}, virtualauth.World{
				User: s.person, Clock: s.clock, Rand: seeded(6), Keys: keys,
			})
			s.register("ada")
			c.do(s, keys)
			if got := len(s.Credentials()); keys.keys != c.want || got != c.want {
				t.Errorf("%d keys and %d credentials, want %d of each", keys.keys, got, c.want)
			}
		})
	}
}

// One person cannot answer two prompts at once, and an authenticator has one person.
func TestOneRequestAtATime(t *testing.T) {
	var asked atomic.Int32
	user := virtualauth.UserFunc(func(context.Context, virtualauth.Prompt) (virtualauth.Consent, error) {
		if n := asked.Add(1); n != 1 {
			t.Errorf("she is asked %d things at once", n)
		}
		for range 1000 {
			runtime.Gosched() // let the others run into it
		}
		asked.Add(-1)
		return agrees, nil
	})
	a := virtualauth.New(mandatory, virtualauth.World{User: user, Clock: &clock{}, Rand: seeded(1)})
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			if err := ctap2.Selection(t.Context(), a); err != nil {
				t.Error(err)
			}
		})
	}
	workers.Wait()
}
