package virtualauth

import (
	"slices"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// This file decides which key store makes a key. A credential remembers which one has its own.

// storeFor returns the store that makes keys for an algorithm: World.Keys, or the fallback where the model allows it and
// World.Keys does not support the algorithm; nil where neither does.
func (a *Authenticator) storeFor(algorithm cose.Algorithm) keystore.KeyStore {
	if a.world.Keys.Supports(algorithm) {
		return a.world.Keys
	}
	if a.fallback != nil && a.fallback.Supports(algorithm) {
		return a.fallback
	}
	return nil
}

// storeOf returns the store that has the key of a record; nil for one in the fallback where the model has none, which Open
// takes up no record of.
func (a *Authenticator) storeOf(r *record) keystore.KeyStore {
	if r.inSoftware {
		return a.fallback
	}
	return a.world.Keys
}

// usable reports whether the model has an algorithm and a store makes keys for it.
func (a *Authenticator) usable(algorithm cose.Algorithm) bool {
	return slices.Contains(a.model.algorithms(), algorithm) && a.storeFor(algorithm) != nil
}
