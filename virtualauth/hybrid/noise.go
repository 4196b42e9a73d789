package hybrid

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

const (
	keyLength      = 32 // bytes of keys and of hashes
	tagLength      = 16 // bytes that AES-GCM adds
	gcmNonce       = 12 // bytes
	noiseHash      = sha256.Size
	protocolKN     = "Noise_KNpsk0_P256_AESGCM_SHA256"
	protocolNK     = "Noise_NKpsk0_P256_AESGCM_SHA256"
	prologueQR     = 1 // the client's key was in the QR code
	prologueLinked = 0 // the phone's key was in an update
)

// symmetric is the SymmetricState of the Noise Protocol Framework (revision 34 §5.2), with the names that it has there.
type symmetric struct {
	ck [noiseHash]byte
	h  [noiseHash]byte
	k  [keyLength]byte
	n  uint32
}

// initialize begins with the protocol's name, which has 31 bytes and is padded rather than hashed.
func initialize(protocol string) symmetric {
	var s symmetric
	copy(s.h[:], protocol)
	s.ck = s.h
	return s
}

func (s *symmetric) mixHash(data []byte) {
	s.h = sha256.Sum256(append(s.h[:len(s.h):len(s.h)], data...))
}

// mixKey makes a new chaining key and a new encryption key.
func (s *symmetric) mixKey(material []byte) {
	out := expand(s.ck, material, 2)
	s.ck, s.k, s.n = [noiseHash]byte(out), [keyLength]byte(out[32:]), 0
}

// mixKeyAndHash is what the token psk does.
func (s *symmetric) mixKeyAndHash(material []byte) {
	out := expand(s.ck, material, 3)
	s.ck = [noiseHash]byte(out)
	s.mixHash(out[32:64])
	s.k, s.n = [keyLength]byte(out[64:]), 0
}

func (s *symmetric) encryptAndHash(plaintext []byte) []byte {
	ciphertext := aead(s.k).Seal(nil, nonceOf(s.n), plaintext, s.h[:])
	s.n++
	s.mixHash(ciphertext)
	return ciphertext
}

func (s *symmetric) decryptAndHash(ciphertext []byte) ([]byte, error) {
	plaintext, err := aead(s.k).Open(nil, nonceOf(s.n), ciphertext, s.h[:])
	if err != nil {
		return nil, errors.New("it does not decrypt")
	}
	s.n++
	s.mixHash(ciphertext)
	return plaintext, nil
}

// split ends the handshake: the first key is for what the initiator, the client, sends.
func (s *symmetric) split() (client, phone [keyLength]byte) {
	out := expand(s.ck, nil, 2)
	return [keyLength]byte(out), [keyLength]byte(out[32:])
}

// expand is HKDF with the chaining key as salt, to as many keys.
func expand(ck [noiseHash]byte, material []byte, keys int) []byte {
	out, err := hkdf.Key(sha256.New, material, ck[:], "", keys*keyLength)
	if err != nil {
		panic(err) // only for more than 255 keys
	}
	return out
}

func aead(key [keyLength]byte) cipher.AEAD {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // only for another length
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // only for another block length
	}
	return gcm
}

// nonceOf is eight zero bytes and the counter, big-endian.
func nonceOf(n uint32) []byte {
	return binary.BigEndian.AppendUint32(make([]byte, 8, gcmNonce), n)
}
