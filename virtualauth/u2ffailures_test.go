package virtualauth_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

var errU2FBroken = errors.New("broken")

// brokenKeys is a software store that fails to sign, or makes no keys, or those of another algorithm.
type brokenKeys struct {
	keystore.KeyStore
	sign        error
	unsupported bool
	another     bool
}

func (k *brokenKeys) Supports(a cose.Algorithm) bool { return !k.unsupported && k.KeyStore.Supports(a) }

func (k *brokenKeys) Create(ctx context.Context, a cose.Algorithm) (keystore.Handle, cose.Key, error) {
	if k.another {
		a = cose.EdDSA
	}
	return k.KeyStore.Create(ctx, a)
}

func (k *brokenKeys) Sign(ctx context.Context, h keystore.Handle, message []byte) ([]byte, error) {
	if k.sign != nil {
		return nil, k.sign
	}
	return k.KeyStore.Sign(ctx, h, message)
}

// newBrokenStage is a stage with a key store that can be broken.
func newBrokenStage(t *testing.T) (*stage, *brokenKeys) {
	s := newStage(t, u2fModel)
	keys := &brokenKeys{KeyStore: keystore.NewSoftware(seeded(3))}
	s.Authenticator = virtualauth.New(u2fModel, virtualauth.World{User: s.person, Clock: s.clock, Rand: seeded(2), Keys: keys})
	return s, keys
}

func TestU2FFailures(t *testing.T) {
	s, keys := newBrokenStage(t)
	r := s.registerU2F()
	fails := func(name string, instruction byte, data []byte) {
		t.Helper()
		if _, _, err := s.U2F(t.Context(), instruction, enforcePresence, data); !errors.Is(err, errU2FBroken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	keys.sign = errU2FBroken
	fails("signing a certificate", u2fRegister, registerMessage())
	fails("signing an authentication", u2fAuthenticate, ours(r.keyHandle))
	keys.sign, s.person.err = nil, errU2FBroken
	fails("asking to register", u2fRegister, registerMessage())
	fails("asking to authenticate", u2fAuthenticate, ours(r.keyHandle))
	s.person.err, keys.another = nil, true
	if _, _, err := s.U2F(t.Context(), u2fRegister, 0, registerMessage()); err == nil {
		t.Error("a key of another algorithm was registered")
	}
	keys.another, keys.unsupported = false, true
	if _, status := s.u2f(u2fRegister, 0, registerMessage()); status != swUnknown {
		t.Errorf("a store without ES256: %04x", status)
	}
	if len(s.Credentials()) != 1 {
		t.Errorf("failures left %d credentials", len(s.Credentials()))
	}
	if _, _, err := virtualauth.New(u2fModel, virtualauth.World{}).U2F(t.Context(), u2fVersion, 0, nil); !errors.As(err, new(*virtualauth.WorldError)) {
		t.Errorf("without a world: %v", err)
	}
}

// The key store may fail in every one of the signatures of a registration.
func TestU2FRegistrationFailsHalfway(t *testing.T) {
	for _, when := range []int{1, 2} {
		s, keys := newBrokenStage(t)
		counting := &countingKeys{KeyStore: keys.KeyStore, failAt: when}
		s.Authenticator = virtualauth.New(u2fModel, virtualauth.World{User: s.person, Clock: s.clock, Rand: seeded(2), Keys: counting})
		if _, _, err := s.U2F(t.Context(), u2fRegister, 0, registerMessage()); !errors.Is(err, errU2FBroken) {
			t.Errorf("signature %d: %v", when, err)
		}
		if len(s.Credentials()) != 0 || counting.deleted != 1 {
			t.Errorf("signature %d: %d credentials are left, %d keys were deleted", when, len(s.Credentials()), counting.deleted)
		}
	}
}

// countingKeys fails one signature, and counts deletions.
type countingKeys struct {
	keystore.KeyStore
	failAt, deleted int
}

func (k *countingKeys) Sign(ctx context.Context, h keystore.Handle, message []byte) ([]byte, error) {
	if k.failAt--; k.failAt == 0 {
		return nil, errU2FBroken
	}
	return k.KeyStore.Sign(ctx, h, message)
}

func (k *countingKeys) Delete(ctx context.Context, h keystore.Handle) error {
	k.deleted++
	return k.KeyStore.Delete(ctx, h)
}

func TestU2FEndsWithItsContext(t *testing.T) {
	s := newStage(t, u2fModel)
	ctx, cancel := context.WithCancel(t.Context())
	s.person.meanwhile, s.person.err = cancel, context.Canceled
	if _, status, err := s.U2F(ctx, u2fRegister, 0, registerMessage()); err != nil || status != swTouch {
		t.Errorf("while she is asked: %04x, %v", status, err)
	}
	// Somebody else's turn is under way: nobody waits with a context that has ended.
	s.person.err = nil
	s.person.meanwhile = func() {
		if _, status, err := s.U2F(ctx, u2fVersion, 0, nil); err != nil || status != swTouch {
			t.Errorf("while it is busy: %04x, %v", status, err)
		}
	}
	s.registerU2F()
}

// A credential that is deleted while she makes up her mind is unknown.
func TestU2FCredentialsGoMeanwhile(t *testing.T) {
	s := newStage(t, u2fModel)
	r := s.registerU2F()
	s.person.meanwhile = func() {
		if !s.AwaitsUser() {
			t.Error("it does not say that it waits for her")
		}
		if err := s.Delete(r.keyHandle); err != nil {
			t.Error(err)
		}
	}
	if s.AwaitsUser() {
		t.Error("it waits for nobody")
	}
	if _, status := s.u2f(u2fAuthenticate, enforcePresence, ours(r.keyHandle)); status != swData {
		t.Errorf("got %04x", status)
	}
}

// U2F is a command like any other: what getNextAssertion could continue is gone.
func TestU2FDropsPendingAssertions(t *testing.T) {
	s := newStage(t, u2fModel)
	s.three()
	s.signIn()
	s.u2f(u2fVersion, 0, nil)
	if _, err := ctap2.GetNextAssertion(t.Context(), s); s.statusOf(err) != ctap2.NotAllowed {
		t.Errorf("got %v", err)
	}
}

// Lies about credential ids reach U2F: an id given twice replaces the first, and one that its length byte cannot say fails.
func TestU2FWithLiesAboutIDs(t *testing.T) {
	s := newStage(t, u2fModel)
	s.Misbehave.CredentialID = []byte("one id")
	first := s.registerU2F()
	second := s.registerU2F()
	if all := s.Credentials(); len(all) != 1 || !bytes.Equal(second.keyHandle, []byte("one id")) || first.public.Equal(second.public) {
		t.Errorf("remembered: %+v", all)
	}
	d := newDurable(t, u2fModel, &shelf{values: map[string][]byte{}})
	d.Misbehave.CredentialID = []byte("one id")
	d.registerU2F()
	d.registerU2F()
	if keys := d.world.Keys.(*counted).keys; keys != 1 {
		t.Errorf("%d keys for one credential", keys)
	}
	s.Misbehave = virtualauth.Misbehaviour{CredentialIDLength: 255}
	if r := s.registerU2F(); len(r.keyHandle) != 255 {
		t.Errorf("a key handle of %d bytes", len(r.keyHandle))
	}
	s.Misbehave.CredentialIDLength = 256
	if _, _, err := s.U2F(t.Context(), u2fRegister, 0, registerMessage()); err == nil {
		t.Error("a key handle of 256 bytes was told")
	}
}

// FuzzU2F sends any command. It never fails, answers with one of the status words of U2F, and keeps its credentials.
func FuzzU2F(f *testing.F) {
	s := newStage(f, u2fModel)
	response, _, err := s.U2F(context.Background(), u2fRegister, 0, registerMessage())
	if err != nil {
		f.Fatal(err)
	}
	r, err := readRegistration(response)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(byte(u2fRegister), byte(0), registerMessage())
	f.Add(byte(u2fAuthenticate), byte(checkOnly), ours(r.keyHandle))
	f.Add(byte(u2fAuthenticate), byte(ignorePresence), ours(r.keyHandle))
	f.Add(byte(u2fVersion), byte(0), []byte{})
	f.Fuzz(func(t *testing.T, instruction, p1 byte, data []byte) {
		s := newStage(t, u2fModel)
		r := s.registerU2F()
		response, status, err := s.U2F(t.Context(), instruction, p1, data)
		if err != nil {
			t.Fatal(err)
		}
		switch status {
		case swOK:
			if len(response) == 0 {
				t.Error("an answer of no bytes")
			}
		case swTouch, swData, swLength, swUnknown:
			if len(response) != 0 {
				t.Errorf("status %04x with %x", status, response)
			}
		default:
			t.Errorf("status %04x", status)
		}
		if _, status := s.u2f(u2fAuthenticate, checkOnly, ours(r.keyHandle)); status != swTouch {
			t.Errorf("the credential is gone: %04x", status)
		}
	})
}

// What U2F registered survives a restart, and nothing is answered that is not stored.
func TestU2FSurvivesARestart(t *testing.T) {
	store := &shelf{values: map[string][]byte{}}
	d := newDurable(t, u2fModel, store)
	r := d.registerU2F()
	store.failing = errU2FBroken
	for instruction, data := range map[byte][]byte{u2fRegister: registerMessage(), u2fAuthenticate: ours(r.keyHandle)} {
		if _, _, err := d.U2F(t.Context(), instruction, enforcePresence, data); !errors.Is(err, errU2FBroken) {
			t.Errorf("command %02x: %v", instruction, err)
		}
	}
	if keys := d.world.Keys.(*counted).keys; keys != 1 || len(d.Credentials()) != 1 {
		t.Errorf("%d keys, %d credentials", keys, len(d.Credentials()))
	}
	store.failing = nil
	d.restart()
	response, status := d.u2f(u2fAuthenticate, enforcePresence, ours(r.keyHandle))
	if status != swOK {
		t.Fatalf("after a restart: %04x", status)
	}
	if _, counter, err := r.verifyAuthentication(response); err != nil || counter != 1 {
		t.Errorf("after a restart: counter %d, %v", counter, err)
	}
	if _, _, err := virtualauth.New(u2fModel, d.world).U2F(t.Context(), u2fVersion, 0, nil); !errors.Is(err, virtualauth.ErrNotOpened) {
		t.Errorf("not opened: %v", err)
	}
}
