// Package keystoretest is the suite that every keystore.KeyStore passes: what the authenticator relies on, and nothing about
// how a store does it. Signatures are verified with code that no store signs with, where there is any.
package keystoretest

import (
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// Subject is the store under test.
type Subject struct {
	// New returns an empty store for one test, with secrets of its own: no store knows the handles of another. What must be
	// released is released by t.Cleanup. At most one store is in use at a time, unless it is a keystore.Exporter.
	New func(t *testing.T) keystore.KeyStore
	// Reopen gives up a store and returns one that has its secrets, as after a restart. Nil for stores whose handles do not
	// survive that.
	Reopen func(t *testing.T, store keystore.KeyStore) keystore.KeyStore
	// Broken returns a store whose surroundings, its randomness or its device, fail whenever they are used. Nil for stores
	// that have none.
	Broken func(t *testing.T) keystore.KeyStore
	// Algorithms are exactly those that the store supports. The first is used where one stands for all: name a quick one.
	Algorithms []cose.Algorithm
}

// algorithms are all that a store may support.
var algorithms = [...]cose.Algorithm{
	cose.ES256, cose.ES384, cose.ES512, cose.ES256K, cose.ESP256, cose.ESP384, cose.ESP512,
	cose.EdDSA, cose.Ed25519, cose.Ed448,
	cose.RS256, cose.RS384, cose.RS512, cose.PS256, cose.PS384, cose.PS512,
	cose.MLDSA44, cose.MLDSA65, cose.MLDSA87,
}

// impossible are algorithms that no store makes keys for: one that is broken, none, and one that is not registered.
var impossible = [...]cose.Algorithm{cose.RS1, 0, 4711}

// Run runs the suite.
func Run(t *testing.T, s Subject) {
	for _, algorithm := range s.Algorithms {
		t.Run(algorithm.String(), func(t *testing.T) {
			k := newKeys(t, s.New(t), algorithm)
			t.Run("signs what the public key verifies", k.sign)
			t.Run("makes a new key each time", k.differ)
			t.Run("owns its handles", k.ownHandles)
			t.Run("moves a key where it says so", func(t *testing.T) { k.move(t, s) })
			t.Run("knows nothing of a deleted key", k.delete)
		})
	}
	t.Run("secrets", func(t *testing.T) {
		t.Run("make codes of their own", func(t *testing.T) { codes(t, s.New(t)) })
		t.Run("move where the store says so", func(t *testing.T) { movesSecrets(t, s) })
		t.Run("are gone once deleted", func(t *testing.T) { deletesSecrets(t, s.New(t)) })
		t.Run("are no keys, and keys no secrets", func(t *testing.T) { keepsKindsApart(t, s.New(t), s.Algorithms[0]) })
	})
	t.Run("supports what it says", func(t *testing.T) { supports(t, s.New(t), s.Algorithms) })
	t.Run("certifies its keys where it says so", func(t *testing.T) { certifies(t, s.New(t), s.Algorithms) })
	t.Run("refuses handles that nobody made", func(t *testing.T) { refusesNonsense(t, s.New(t)) })
	t.Run("refuses handles that were changed", func(t *testing.T) { refusesChanged(t, s.New(t), s.Algorithms[0]) })
	t.Run("refuses handles of another store", func(t *testing.T) { refusesForeign(t, s) })
	t.Run("refuses malformed private keys", func(t *testing.T) { refusesKeys(t, s.New(t), s.Algorithms) })
	t.Run("honours the end of a context", func(t *testing.T) { honoursContext(t, s.New(t), s.Algorithms[0]) })
	t.Run("serves many at once", func(t *testing.T) { concurs(t, s.New(t), s.Algorithms[0]) })
	t.Run("knows its handles after a restart", func(t *testing.T) { survives(t, s) })
	t.Run("says so when its surroundings fail", func(t *testing.T) { fails(t, s) })
}
