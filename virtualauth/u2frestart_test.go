package virtualauth_test

import (
	"path/filepath"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/vaultfile"
)

// Key handles work after a power cycle and after a restart from an encrypted file, their counters go on, and what CTAP2 made
// beside them is still none of theirs. A reset is one for good.
func TestU2FGoesOnInAnotherProcess(t *testing.T) {
	o := vaultfile.Options{Path: filepath.Join(t.TempDir(), "vault"), Key: make([]byte, 32), Rand: seeded(8)}
	file, err := vaultfile.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	d := newDurable(t, u2fModel, file)
	restart := func() {
		d.must("close the file", file.Close())
		file, err = vaultfile.Open(o)
		d.must("open the file", err)
		d.world.Store = file
		d.restart()
	}
	defer func() { d.must("close the file", file.Close()) }()
	keys := []registered{d.registerU2F(), d.registerU2F()}
	passkey := d.register("ada")
	for i, again := range []struct {
		what string
		do   func()
	}{{"at first", func() {}}, {"after a power cycle", d.PowerCycle}, {"after a restart", restart}, {"after another", restart}} {
		again.do()
		for _, r := range keys {
			if _, status := d.u2f(u2fAuthenticate, checkOnly, ours(r.keyHandle)); status != swTouch {
				t.Errorf("%s: check-only: %04x", again.what, status)
			}
			response, status := d.u2f(u2fAuthenticate, enforcePresence, ours(r.keyHandle))
			if status != swOK {
				t.Fatalf("%s: %04x", again.what, status)
			}
			presence, counter, err := r.verifyAuthentication(response)
			if err != nil || presence != 1 || counter != uint32(i+1) {
				t.Errorf("%s: presence %d, counter %d, %v", again.what, presence, counter, err)
			}
		}
		if _, status := d.u2f(u2fAuthenticate, enforcePresence, ours(passkey.id)); status != swData {
			t.Errorf("%s: a passkey of another application: %04x", again.what, status)
		}
	}
	d.must("reset", ctap2.Reset(t.Context(), d))
	restart()
	if _, status := d.u2f(u2fAuthenticate, enforcePresence, ours(keys[0].keyHandle)); status != swData {
		t.Errorf("after a reset and a restart: %04x", status)
	}
}
