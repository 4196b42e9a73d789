package tpmstore

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-tpm/tpm2"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
	"github.com/passkeylab/passkeylab/virtualauth/keystore/keystoretest"
	"github.com/passkeylab/passkeylab/virtualauth/keystore/tpmstore/internal/failsim"
)

// mustSign signs and verifies.
func mustSign(t *testing.T, s *Store, handle keystore.Handle, key cose.Key) {
	t.Helper()
	signature, err := s.Sign(t.Context(), handle, []byte("message"))
	if err == nil {
		err = keystoretest.Verify(key, []byte("message"), signature)
	}
	if err != nil {
		t.Errorf("sign: %v", err)
	}
}

func TestTheSimulatorRecoversFromItsFailureMode(t *testing.T) {
	store, p := opened(t, Simulator{}, Config{})
	handle, key := created(t, store, cose.ES256)
	mustSign(t, store, handle, key)
	attestation, err := store.AttestationKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	failsim.Fail()
	if _, err := transients(p.link); err == nil {
		t.Fatal("the simulator works in failure mode")
	}
	mustSign(t, store, handle, key)
	again, err := store.AttestationKey(t.Context())
	if err != nil || !bytes.Equal(attestation.Encode(), again.Encode()) {
		t.Errorf("the attestation key became another, or %v", err)
	}
}

func TestKeysSurviveThatTheTPMIsReset(t *testing.T) {
	reset := map[string]func(l link) error{
		"simulator": func(l link) error { return resetSimulator(l) },
		"swtpm":     func(l link) error { return l.(*swtpmLink).process.Process.Kill() },
	}
	overEach(t, func(t *testing.T, backend Backend) {
		store, p := opened(t, backend, Config{})
		handle, key := created(t, store, cose.ES256)
		secret, err := store.CreateSecret(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		mac, err := store.HMAC(t.Context(), secret, []byte("salt"))
		if err != nil {
			t.Fatal(err)
		}
		for _, use := range []func(){
			func() { mustSign(t, store, handle, key) },
			func() { created(t, store, cose.ES256) },
			func() {
				if _, err := store.Certify(t.Context(), handle, nil); err != nil {
					t.Error(err)
				}
			},
			func() {
				if again, err := store.HMAC(t.Context(), secret, []byte("salt")); err != nil || !bytes.Equal(mac, again) {
					t.Errorf("HMAC is %x, was %x; %v", again, mac, err)
				}
			},
		} {
			name := "simulator"
			if _, is := backend.(Swtpm); is {
				name = "swtpm"
			}
			within(t, store, func(*machine) error { return reset[name](p.link) })
			use()
		}
	})
}

// fillSlots loads objects behind the store's back until the TPM is full.
func fillSlots(m *machine) error {
	for {
		_, err := m.primary(tpm2.New2B(tpm2.ECCSRKTemplate))
		if errors.Is(err, tpm2.TPMRCObjectMemory) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func TestAFullTPMIsSweptWhenItIsOurs(t *testing.T) {
	overEach(t, func(t *testing.T, backend Backend) {
		store, _ := opened(t, backend, Config{})
		handle, key := created(t, store, cose.ES256)
		for _, use := range []func(){
			func() { mustSign(t, store, handle, key) },
			func() { created(t, store, cose.ES256) },
			func() {
				if _, err := store.Certify(t.Context(), handle, nil); err != nil {
					t.Error(err)
				}
			},
		} {
			within(t, store, fillSlots)
			use()
		}
	})
}

// shared lets a store believe that others use the TPM too.
type shared struct{ link }

func (shared) exclusive() bool { return false }

func TestAFullTPMIsLeftAloneWhenOthersUseIt(t *testing.T) {
	overEach(t, func(t *testing.T, backend Backend) {
		l, err := backend.open(t.Context())
		if errors.Is(err, ErrNoSimulator) || errors.Is(err, ErrNoSwtpm) {
			t.Skip(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		stranger := &machine{link: l}
		if err := stranger.begin(); err != nil {
			t.Fatal(err)
		}
		store, err := Open(t.Context(), Transport{TPM: shared{l}}, Config{})
		if err != nil {
			t.Fatal(err)
		}
		handle, key := created(t, store, cose.ES256)
		mustSign(t, store, handle, key)
		if _, err := store.Certify(t.Context(), handle, nil); !errors.Is(err, tpm2.TPMRCObjectMemory) {
			t.Errorf("Certify, which needs all places: %v, want TPM_RC_OBJECT_MEMORY", err)
		}
		mustSign(t, store, handle, key)
		within(t, store, func(m *machine) error {
			m.unload()
			return fillSlots(m)
		})
		if _, err := store.Sign(t.Context(), handle, nil); !errors.Is(err, tpm2.TPMRCObjectMemory) {
			t.Errorf("Sign with a TPM full of strangers: %v, want TPM_RC_OBJECT_MEMORY", err)
		}
		if _, err := (tpm2.ReadPublic{ObjectHandle: stranger.root.handle}).Execute(l); err != nil {
			t.Errorf("the stranger's object is gone: %v", err)
		}
		if err := sweep(l); err != nil {
			t.Fatal(err)
		}
		mustSign(t, store, handle, key)
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestACorruptedHandleHarmsNoOther(t *testing.T) {
	overEach(t, func(t *testing.T, backend Backend) {
		store, _ := opened(t, backend, Config{})
		handle, key := created(t, store, cose.ES256)
		other, otherKey := created(t, store, cose.ES256)
		for i := range handle {
			corrupted := bytes.Clone(handle)
			corrupted[i] ^= 1
			if _, err := store.Sign(t.Context(), corrupted, nil); !errors.Is(err, keystore.ErrUnknownHandle) {
				t.Errorf("byte %d flipped: %v, want ErrUnknownHandle", i, err)
			}
		}
		crossed := append(bytes.Clone(handle[:len(handle)/2]), other[len(handle)/2:]...)
		if _, err := store.Sign(t.Context(), crossed, nil); !errors.Is(err, keystore.ErrUnknownHandle) {
			t.Errorf("two handles crossed: %v, want ErrUnknownHandle", err)
		}
		mustSign(t, store, handle, key)
		mustSign(t, store, other, otherKey)
	})
}

func TestAHandleOfAnotherTPMIsUnknown(t *testing.T) {
	store, _ := opened(t, Swtpm{}, Config{})
	other, _ := opened(t, Swtpm{}, Config{})
	handle, key := created(t, store, cose.ES256)
	if _, err := other.Sign(t.Context(), handle, nil); !errors.Is(err, keystore.ErrUnknownHandle) {
		t.Errorf("Sign: %v, want ErrUnknownHandle", err)
	}
	forged, err := decode(handle)
	if err != nil {
		t.Fatal(err)
	}
	within(t, other, func(m *machine) error {
		forged.parent = m.parent
		return nil
	})
	if _, err := other.Sign(t.Context(), forged.encode(), nil); !errors.Is(err, keystore.ErrUnknownHandle) {
		t.Errorf("Sign with a forged parent: %v, want ErrUnknownHandle", err)
	}
	mustSign(t, store, handle, key)
}

// operations are all that a store does with its TPM. Each checks its own result.
func operations(t *testing.T, s *Store) map[string]func() error {
	handle, key := created(t, s, cose.ES256)
	hidden, err := s.CreateSecret(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	macs := map[int][]byte{}
	hmac := func(length int) func() error {
		return func() error {
			mac, err := s.HMAC(t.Context(), hidden, make([]byte, length))
			if err == nil && macs[length] != nil && !bytes.Equal(mac, macs[length]) {
				return errors.New("another MAC")
			}
			if err == nil {
				macs[length] = mac
			}
			return err
		}
	}
	return map[string]func() error{
		"Create":       func() error { _, _, err := s.Create(t.Context(), cose.ES256); return err },
		"CreateSecret": func() error { _, err := s.CreateSecret(t.Context()); return err },
		"Sign": func() error {
			signature, err := s.Sign(t.Context(), handle, []byte("message"))
			if err == nil {
				err = keystoretest.Verify(key, []byte("message"), signature)
			}
			return err
		},
		"HMAC":           hmac(32),
		"a long HMAC":    hmac(3 * maxBuffer),
		"AttestationKey": func() error { _, err := s.AttestationKey(t.Context()); return err },
		"Certify":        func() error { _, err := s.Certify(t.Context(), handle, nil); return err },
		"Delete": func() error {
			doomed, _, err := s.Create(t.Context(), cose.ES256)
			if err == nil {
				err = s.Delete(t.Context(), doomed)
			}
			return err
		},
	}
}

// errOnPurpose is how the link fails in tests.
var errOnPurpose = errors.New("broken on purpose")

// failure is how a command fails.
type failure struct {
	with       error // errOnPurpose, or a response code
	forGood    bool  // until further notice, rather than once
	carriedOut bool  // the TPM has got it nevertheless
	told       bool  // the operation fails with it, rather than bringing the TPM back and beginning anew
}

var failures = []failure{
	{with: errOnPurpose},
	{with: errOnPurpose, carriedOut: true},
	{with: errOnPurpose, forGood: true, told: true},
	{with: errOnPurpose, forGood: true, told: true, carriedOut: true},
	{with: tpm2.TPMRCFailure},
	{with: tpm2.TPMRCInitialize},
	{with: tpm2.TPMRCObjectMemory},
	{with: tpm2.TPMRCRetry, forGood: true, told: true},
	{with: tpm2.TPMRCCommandCode, told: true},
}

// Whatever command of an operation fails, and however: when it helps to bring the TPM back nobody notices, and else the
// operation fails and the next one succeeds.
func TestEveryCommandMayFail(t *testing.T) {
	overEach(t, func(t *testing.T, backend Backend) {
		store, p := opened(t, backend, Config{}) // no pool, whose filling would send commands of its own
		for name, operation := range operations(t, store) {
			for _, how := range failures {
				for nth := 1; ; nth++ {
					failed, err := failNth(t, store, p, nth, how, operation)
					if err != nil {
						t.Errorf("%s with command %d failing by %+v: %v", name, nth, how, err)
					}
					if !failed {
						break // it has fewer commands
					}
				}
			}
		}
	})
}

// failNth runs an operation whose nth command fails, and reports whether it has that many, and what went otherwise than it
// should.
func failNth(t *testing.T, s *Store, p *tap, nth int, how failure, operation func() error) (failed bool, err error) {
	t.Helper()
	sent := 0
	within(t, s, func(m *machine) error {
		m.unload() // so that every operation begins with nothing
		m.alive = false
		p.hook(how.carriedOut, func(code tpm2.TPMCC) error {
			if code == tpm2.TPMCCStartup && how.with == tpm2.TPMRCInitialize {
				return nil // where it is a good answer
			}
			if sent++; sent == nth || failed && how.forGood {
				failed = true
				return how.with
			}
			return nil
		})
		return nil
	})
	err = operation()
	p.hook(false, nil)
	if failed && how.told {
		if !errors.Is(err, how.with) {
			return failed, fmt.Errorf("got %v", err)
		}
		err = nil
	}
	return failed, errors.Join(err, operation())
}

func TestOrdinaryWorkNeedsNoRecovery(t *testing.T) {
	overEach(t, func(t *testing.T, backend Backend) {
		store, p := opened(t, backend, pooled(1))
		all := operations(t, store)
		for first, one := range all {
			for then, other := range all {
				if err := errors.Join(one(), other()); err != nil {
					t.Error(err)
				}
				if got := p.count(tpm2.TPMCCStartup); got != 1 {
					t.Fatalf("%s, then %s: the TPM was started up %d times", first, then, got)
				}
			}
		}
	})
}

func TestAnInterruptedHMACLeavesNothing(t *testing.T) {
	store, p := opened(t, Swtpm{}, Config{})
	hidden, err := store.CreateSecret(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want, err := store.HMAC(t.Context(), hidden, []byte("salt"))
	if err != nil {
		t.Fatal(err)
	}
	p.hook(false, func(code tpm2.TPMCC) error {
		if code == tpm2.TPMCCSequenceUpdate {
			return tpm2.TPMRCCommandCode
		}
		return nil
	})
	if _, err := store.HMAC(t.Context(), hidden, make([]byte, 2*maxBuffer)); !errors.Is(err, tpm2.TPMRCCommandCode) {
		t.Errorf("HMAC: %v, want TPM_RC_COMMAND_CODE", err)
	}
	if got, err := store.HMAC(t.Context(), hidden, []byte("salt")); err != nil || !bytes.Equal(got, want) {
		t.Errorf("HMAC afterwards is %x, was %x; %v", got, want, err)
	}
	if got := p.count(tpm2.TPMCCStartup); got != 1 {
		t.Errorf("the TPM was started up %d times", got)
	}
}

func TestOpenFailsWithTheTPM(t *testing.T) {
	for nth := 1; ; nth++ {
		sent := 0
		p := &tap{Backend: Swtpm{}, seen: map[tpm2.TPMCC]int{}, before: func(tpm2.TPMCC) error {
			if sent++; sent >= nth {
				return errOnPurpose
			}
			return nil
		}}
		store, err := Open(t.Context(), p, Config{})
		if errors.Is(err, ErrNoSwtpm) {
			t.Skip(err)
		}
		if err == nil {
			t.Cleanup(func() { store.Close() })
			if sent >= nth {
				t.Errorf("Open succeeded without its command %d", nth)
			}
			return
		}
		if !errors.Is(err, errOnPurpose) {
			t.Fatalf("Open without command %d: %v", nth, err)
		}
	}
}

func TestAClearedTPMMakesNewKeysAndKnowsNoOld(t *testing.T) {
	store, _ := opened(t, Swtpm{}, Config{Pool: map[cose.Algorithm]int{cose.ES256: 2}})
	if err := store.Fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	handle, _ := created(t, store, cose.ES256)
	attestation, err := store.AttestationKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	within(t, store, func(m *machine) error {
		_, err := tpm2.Clear{AuthHandle: tpm2.AuthHandle{Handle: tpm2.TPMRHLockout, Auth: tpm2.PasswordAuth(nil)}}.Execute(m)
		return err
	})
	fresh, key := created(t, store, cose.ES256)
	mustSign(t, store, fresh, key)
	if _, err := store.Sign(t.Context(), handle, nil); !errors.Is(err, keystore.ErrUnknownHandle) {
		t.Errorf("Sign with a key of before: %v, want ErrUnknownHandle", err)
	}
	if now, err := store.AttestationKey(t.Context()); err != nil || bytes.Equal(now.Encode(), attestation.Encode()) {
		t.Errorf("the attestation key is still the same, %v", err)
	}
}

func TestASimulatorInFailureModeIsClosed(t *testing.T) {
	backend := keptIn("simulator", t.TempDir())
	store, err := Open(t.Context(), backend, Config{})
	if errors.Is(err, ErrNoSimulator) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	handle, key := created(t, store, cose.ES256)
	failsim.Fail()
	if err := store.Close(); err == nil {
		t.Error("Close does not say that the simulator failed")
	}
	store, _ = opened(t, backend, Config{})
	mustSign(t, store, handle, key)
}
