package rpcases

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/big"
	"sync"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// Sign signs in the name of a credential's key, in some other way than the key store would. key is nil for algorithms that
// package crypto/x509 does not know.
type Sign func(message []byte, key crypto.Signer) (signature []byte, err error)

// Equip changes the world of an authenticator before it is made: other keys, another authority, another user.
type Equip func(*virtualauth.World)

// keys is a key store in software whose signatures a lie may make.
type keys struct {
	*keystore.Software
	// given are keys in PKCS #8 that are not made but taken: those for RSA, which are slow to make.
	given map[cose.Algorithm][]byte

	mu  sync.Mutex
	lie Sign
}

// Create implements keystore.KeyStore.
func (k *keys) Create(ctx context.Context, algorithm cose.Algorithm) (keystore.Handle, cose.Key, error) {
	if given := k.given[algorithm]; given != nil {
		return k.Import(ctx, algorithm, given)
	}
	return k.Software.Create(ctx, algorithm)
}

// tell makes the lie sign from now on; nil is honest.
func (k *keys) tell(lie Sign) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.lie = lie
}

// Sign implements keystore.KeyStore.
func (k *keys) Sign(ctx context.Context, handle keystore.Handle, message []byte) ([]byte, error) {
	k.mu.Lock()
	lie := k.lie
	k.mu.Unlock()
	if lie == nil {
		return k.ordinary(ctx, handle, message)
	}
	encoded, err := k.Export(ctx, handle)
	if err != nil {
		return nil, fmt.Errorf("rpcases: the private key: %w", err)
	}
	parsed, _ := x509.ParsePKCS8PrivateKey(encoded) // what it does not know is nil
	key, _ := parsed.(crypto.Signer)
	return lie(message, key)
}

// ordinary signs honestly, and where that is for ES256 with two numbers that are as long as they can be. A server that chokes on shorter
// ones refuses one honest signature in 128: that is a case of its own, and no other shall fail or be inconclusive of it.
func (k *keys) ordinary(ctx context.Context, handle keystore.Handle, message []byte) (signature []byte, err error) {
	if signature, err = k.Software.Sign(ctx, handle, message); err != nil || !short(signature) {
		return signature, err
	}
	encoded, err := k.Export(ctx, handle)
	if err != nil {
		return nil, fmt.Errorf("rpcases: the private key: %w", err)
	}
	key, err := x509.ParsePKCS8PrivateKey(encoded)
	if err != nil {
		return nil, fmt.Errorf("rpcases: the private key: %w", err)
	}
	ec, isEC := key.(*ecdsa.PrivateKey)
	if !isEC || ec.Curve != elliptic.P256() { // others hash otherwise, and may be as they are
		return signature, nil
	}
	// The key store signs the same in the same way each time; another nonce comes to other numbers.
	return searched(crypto.SHA256, func(p pair, _ *big.Int) bool { return min(p.R.BitLen(), p.S.BitLen()) > 248 })(message, ec)
}

// short reports whether a signature is of ECDSA on P-256, and has a number that begins with a zero byte.
func short(signature []byte) bool {
	var numbers struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(signature, &numbers); err != nil || len(rest) > 0 {
		return false
	}
	return len(signature) <= 72 && min(numbers.R.BitLen(), numbers.S.BitLen()) <= 248
}

// models changes an authenticator by each of several.
func models(all ...Model) Model {
	return func(m *virtualauth.Model) {
		for _, change := range all {
			change(m)
		}
	}
}
