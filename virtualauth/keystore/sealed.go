package keystore

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"sync"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// NewSealed returns a store that keeps no keys: each handle is the key itself, encrypted under secret, as the wrapped blobs
// of a TPM are. Whoever keeps the handles may open another store with the same secret, in another process and at any time,
// and use them there.
//
// A handle that was deleted is refused as long as the store lives. No later store knows of that: a key is gone for good once
// its handle is.
func NewSealed(random io.Reader, secret [32]byte) *Software {
	return &Software{random: random, vault: newSealed(secret)}
}

// sealed is the vault whose handles are the items. A handle is
//
//	nonce (12 bytes) ‖ ciphertext ‖ tag (16 bytes)
//
// by AES-256-GCM, and what is encrypted is
//
//	algorithm (4 bytes, signed, big endian; 0 for a secret) ‖ PKCS #8 DER of the key, or the secret (32 bytes)
//
// The nonce is a code of what is encrypted and of fresh randomness. A nonce that came from the randomness alone would
// repeat when a store that is seeded for replay opens again with the secret it had, and GCM does not survive that.
type sealed struct {
	aead     cipher.AEAD
	nonceKey []byte

	mu        sync.Mutex
	forgotten map[[sha256.Size]byte]struct{} // hashes of deleted handles
}

// sealedContext binds handles to this package and to this layout.
const sealedContext = "passkeylab keystore sealed 1"

func newSealed(secret [32]byte) *sealed {
	key := must(hkdf.Key(sha256.New, secret[:], nil, sealedContext+" key", 32))
	return &sealed{
		aead:      must(cipher.NewGCM(must(aes.NewCipher(key)))),
		nonceKey:  must(hkdf.Key(sha256.New, secret[:], nil, sealedContext+" nonce", 32)),
		forgotten: map[[sha256.Size]byte]struct{}{},
	}
}

// must takes what only fails for lengths that are wrong on every run.
func must[V any](value V, err error) V {
	if err != nil {
		panic(err)
	}
	return value
}

func (s *sealed) keep(i item, name []byte) (Handle, error) {
	plain, err := i.marshal()
	if err != nil {
		return nil, fmt.Errorf("seal a key: %w", err)
	}
	mac := hmac.New(sha256.New, s.nonceKey)
	mac.Write(name)
	mac.Write(plain)
	nonce := mac.Sum(nil)[:s.aead.NonceSize()]
	handle := make(Handle, 0, len(nonce)+len(plain)+s.aead.Overhead())
	return s.aead.Seal(append(handle, nonce...), nonce, plain, []byte(sealedContext)), nil
}

func (s *sealed) find(handle Handle) (item, bool) {
	if s.isForgotten(handle) {
		return item{}, false
	}
	return s.open(handle)
}

func (s *sealed) forget(handle Handle) bool {
	if _, known := s.open(handle); !known {
		return false
	}
	hash := sha256.Sum256(handle)
	s.mu.Lock()
	defer s.mu.Unlock()
	_, again := s.forgotten[hash]
	s.forgotten[hash] = struct{}{}
	return !again
}

func (s *sealed) isForgotten(handle Handle) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.forgotten) == 0 {
		return false
	}
	_, forgotten := s.forgotten[sha256.Sum256(handle)]
	return forgotten
}

func (s *sealed) open(handle Handle) (item, bool) {
	size := s.aead.NonceSize()
	if len(handle) < size {
		return item{}, false
	}
	plain, err := s.aead.Open(nil, handle[:size], handle[size:], []byte(sealedContext))
	if err != nil {
		return item{}, false
	}
	i, err := unmarshalItem(plain)
	return i, err == nil // nobody else can have sealed it, so it fails only for what a later version has sealed
}

func (i item) marshal() ([]byte, error) {
	plain := binary.BigEndian.AppendUint32(nil, uint32(int32(i.key.algorithm)))
	if i.secret != nil {
		return append(plain, i.secret...), nil
	}
	der, err := marshalPKCS8(i.key.signer)
	if err != nil {
		return nil, err
	}
	return append(plain, der...), nil
}

func unmarshalItem(plain []byte) (item, error) {
	if len(plain) < 4 {
		return item{}, fmt.Errorf("sealed item of %d bytes", len(plain))
	}
	algorithm, body := cose.Algorithm(int32(binary.BigEndian.Uint32(plain))), plain[4:]
	if algorithm == 0 {
		return item{secret: body}, nil
	}
	signer, err := parsePKCS8(body)
	if err != nil {
		return item{}, fmt.Errorf("sealed %v key: %w", algorithm, err)
	}
	return item{key: privateKey{algorithm, signer}}, nil
}
