package tpmstore

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-tpm/tpm2"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
	"github.com/passkeylab/passkeylab/virtualauth/keystore/keystoretest"
)

// inBubble runs a test with the simulator where time stands still until everybody waits, and where a goroutine that
// outlives the test fails it.
func inBubble(t *testing.T, config Config, test func(t *testing.T, s *Store, p *tap)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		store, p := opened(t, Simulator{}, config)
		test(t, store, p)
	})
}

// occupy keeps the owner busy until release is called.
func occupy(t *testing.T, s *Store) (release func()) {
	t.Helper()
	gate := make(chan struct{})
	go s.do(context.Background(), func(*machine) error { <-gate; return nil })
	synctest.Wait()
	return func() { close(gate) }
}

func TestACancelledCallLeavesTheQueue(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *Store, p *tap) {
		handle, key := created(t, s, cose.ES256)
		before := p.count(tpm2.TPMCCSign)
		release := occupy(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error, 1)
		go func() {
			_, err := s.Sign(ctx, handle, nil)
			result <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-result; !errors.Is(err, context.Canceled) { // though the owner is still busy
			t.Errorf("Sign: %v, want context.Canceled", err)
		}
		release()
		mustSign(t, s, handle, key)
		if got := p.count(tpm2.TPMCCSign) - before; got != 1 {
			t.Errorf("%d signatures, want 1", got)
		}
	})
}

func TestACallWithACancelledContextDoesNotStart(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *Store, p *tap) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		synctest.Wait() // the owner waits for work
		for range 20 {  // it could slip in by chance
			if _, _, err := s.Create(ctx, cose.ES256); !errors.Is(err, context.Canceled) {
				t.Fatalf("Create: %v, want context.Canceled", err)
			}
		}
		if got := p.count(tpm2.TPMCCCreate); got != 0 {
			t.Errorf("%d keys were made, want none", got)
		}
		handle, _ := created(t, s, cose.ES256)
		if err := s.Delete(ctx, handle); err != nil {
			t.Errorf("Delete, which is to work nevertheless: %v", err)
		}
	})
}

func TestARunningCommandIsFinished(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *Store, p *tap) {
		handle, key := created(t, s, cose.ES256)
		ctx, cancel := context.WithCancel(t.Context())
		p.hook(false, func(code tpm2.TPMCC) error {
			if code == tpm2.TPMCCSign {
				cancel()
			}
			return nil
		})
		signature, err := s.Sign(ctx, handle, []byte("message"))
		if err == nil {
			err = keystoretest.Verify(key, []byte("message"), signature)
		}
		if err != nil {
			t.Error(err)
		}
	})
}

func TestCloseEndsEverything(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, s *Store, _ *tap) {
		handle, _ := created(t, s, cose.ES256)
		release := occupy(t, s)
		waiting := make(chan error, 1)
		go func() {
			_, err := s.Sign(t.Context(), handle, nil)
			waiting <- err
		}()
		closed := make(chan error, 2)
		go func() { closed <- s.Close() }()
		go func() { closed <- s.Close() }()
		if err := <-waiting; !errors.Is(err, ErrClosed) {
			t.Errorf("the call that waited: %v, want ErrClosed", err)
		}
		synctest.Wait()
		if len(closed) != 0 {
			t.Error("Close did not wait for the transaction that ran")
		}
		release()
		for range 2 {
			if err := <-closed; err != nil {
				t.Errorf("Close: %v", err)
			}
		}
		if _, err := s.Sign(t.Context(), handle, nil); !errors.Is(err, ErrClosed) {
			t.Errorf("Sign after Close: %v, want ErrClosed", err)
		}
		if _, err := s.AttestationKey(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("AttestationKey after Close: %v, want ErrClosed", err)
		}
		if err := s.Fill(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("Fill after Close: %v, want ErrClosed", err)
		}
	})
}

func TestTheSimulatorIsOpenedOnce(t *testing.T) {
	store, _ := opened(t, Simulator{}, Config{})
	if second, err := Open(t.Context(), Simulator{}, Config{}); !errors.Is(err, ErrSimulatorInUse) {
		t.Errorf("the second Open: %v, %v, want ErrSimulatorInUse", second, err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	opened(t, Simulator{}, Config{})
}

func TestSixtyFourGoroutinesAtOnce(t *testing.T) {
	overEach(t, func(t *testing.T, backend Backend) {
		store, _ := opened(t, backend, Config{Pool: map[cose.Algorithm]int{cose.ES256: 4}})
		shared, sharedKey := created(t, store, cose.ES256)
		var workers sync.WaitGroup
		for range 64 {
			workers.Go(func() {
				if err := store.live(t.Context()); err != nil {
					t.Error(err)
				}
				mustSign(t, store, shared, sharedKey)
			})
		}
		workers.Wait()
	})
}

// live is all that can happen to a key and a secret.
func (s *Store) live(ctx context.Context) error {
	handle, key, err := s.Create(ctx, cose.ES256)
	if err != nil {
		return err
	}
	hidden, err := s.CreateSecret(ctx)
	if err != nil {
		return err
	}
	if _, err = s.Certify(ctx, handle, []byte("extra")); err != nil {
		return err
	}
	signature, err := s.Sign(ctx, handle, []byte("message"))
	if err == nil {
		err = keystoretest.Verify(key, []byte("message"), signature)
	}
	if err != nil {
		return err
	}
	if _, err = s.HMAC(ctx, hidden, make([]byte, 3*maxBuffer)); err != nil {
		return err
	}
	return errors.Join(s.Delete(ctx, handle), s.Delete(ctx, hidden))
}

func pooled(size int) Config { return Config{Pool: map[cose.Algorithm]int{cose.ES256: size}} }

func TestThePoolIsFilledWhenIdle(t *testing.T) {
	inBubble(t, pooled(3), func(t *testing.T, s *Store, p *tap) {
		if got := p.count(tpm2.TPMCCCreate); got != 0 {
			t.Errorf("%d keys were made at once", got)
		}
		time.Sleep(idleAfter) // of the bubble's time
		synctest.Wait()
		if got := p.count(tpm2.TPMCCCreate); got != 3 {
			t.Fatalf("%d keys were made ahead, want 3", got)
		}
		seen := map[string]bool{}
		for range 3 {
			handle, key := created(t, s, cose.ES256)
			mustSign(t, s, handle, key)
			seen[string(handle)] = true
		}
		if got := p.count(tpm2.TPMCCCreate); got != 3 || len(seen) != 3 {
			t.Errorf("%d keys were made for %d different ones of the pool", got, len(seen))
		}
		created(t, s, cose.ES256)
		if got := p.count(tpm2.TPMCCCreate); got != 4 {
			t.Errorf("an empty pool: %d keys were made, want 4", got)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := p.count(tpm2.TPMCCCreate); got != 7 {
			t.Errorf("the pool was filled again with %d keys, want 3", got-4)
		}
	})
}

func TestWhoWaitsComesBeforeThePool(t *testing.T) {
	inBubble(t, pooled(20), func(t *testing.T, s *Store, p *tap) {
		handle, key := created(t, s, cose.ES256)
		gate := make(chan struct{})
		p.hook(false, func(code tpm2.TPMCC) error {
			if code == tpm2.TPMCCCreate {
				<-gate
			}
			return nil
		})
		for round := range 20 { // by chance the pool would come first every other time
			time.Sleep(idleAfter)
			synctest.Wait() // a key is being made
			done := make(chan struct{})
			go func() {
				mustSign(t, s, handle, key)
				close(done)
			}()
			synctest.Wait() // and somebody waits
			made := p.count(tpm2.TPMCCCreate)
			gate <- struct{}{}
			<-done
			if p.count(tpm2.TPMCCCreate) != made {
				t.Fatalf("round %d: another key was made while somebody waited", round)
			}
		}
		close(gate)
	})
}

func TestThePoolStopsAfterAFailure(t *testing.T) {
	inBubble(t, pooled(3), func(t *testing.T, s *Store, p *tap) {
		handle, key := created(t, s, cose.ES256)
		p.hook(false, func(code tpm2.TPMCC) error {
			if code == tpm2.TPMCCCreate {
				return errors.New("broken on purpose")
			}
			return nil
		})
		made := p.count(tpm2.TPMCCCreate)
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := p.count(tpm2.TPMCCCreate) - made; got != 2 {
			t.Errorf("%d attempts, want one and one after bringing the TPM back", got)
		}
		p.hook(false, nil)
		mustSign(t, s, handle, key)
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := p.count(tpm2.TPMCCCreate) - made; got != 5 {
			t.Errorf("%d attempts, want 3 more", got)
		}
	})
}

func TestFillFillsThePoolAtOnce(t *testing.T) {
	inBubble(t, pooled(3), func(t *testing.T, s *Store, p *tap) {
		if err := s.Fill(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := p.count(tpm2.TPMCCCreate); got != 3 {
			t.Errorf("%d keys were made, want 3", got)
		}
	})
}

func TestOpenRefusesAPoolOfKeysThatTheTPMCannotMake(t *testing.T) {
	for _, algorithm := range []cose.Algorithm{cose.EdDSA, secret} {
		_, err := Open(t.Context(), Swtpm{}, Config{Pool: map[cose.Algorithm]int{algorithm: 1}})
		if errors.Is(err, ErrNoSwtpm) {
			t.Skip(err)
		}
		if !errors.Is(err, keystore.ErrUnsupportedAlgorithm) {
			t.Errorf("Open with a pool for %v: %v, want ErrUnsupportedAlgorithm", algorithm, err)
		}
	}
}

// A key that makes room for another is flushed when the other has signed and its signature is out. Nobody waits for it, and a
// failure to flush it fails nothing.
func TestTheKeyUsedBeforeIsFlushedAfterTheAnswer(t *testing.T) {
	overEach(t, func(t *testing.T, backend Backend) {
		s, p := opened(t, backend, Config{})
		var handles []keystore.Handle
		for range 3 {
			handle, _ := created(t, s, cose.ES256)
			handles = append(handles, handle)
		}
		signWith := func(i int) {
			if _, err := s.Sign(t.Context(), handles[i], []byte("message")); err != nil {
				t.Errorf("key %d: %v", i, err)
			}
		}
		signWith(1)
		signWith(0)
		wantLoaded(t, s, 2) // root and key
		p.hook(false, func(code tpm2.TPMCC) error {
			if code == tpm2.TPMCCFlushContext {
				return tpm2.TPMRCRetry
			}
			return nil
		})
		signWith(1)
		wantLoaded(t, s, 3) // and the key that could not be flushed, once that was tried: the answer comes before
		p.hook(false, nil)
		signWith(2)
		wantLoaded(t, s, 2)
		if _, err := s.AttestationKey(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i := range handles {
			signWith(i)
			wantLoaded(t, s, 3) // root, attestation key, key
		}
	})
}

func wantLoaded(t *testing.T, s *Store, want int) {
	t.Helper()
	within(t, s, func(m *machine) error {
		loaded, err := transients(m)
		if len(loaded) != want {
			t.Errorf("%d objects are in the TPM, want %d", len(loaded), want)
		}
		return err
	})
}
