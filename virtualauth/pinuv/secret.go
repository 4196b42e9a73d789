package pinuv

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"io"
	"slices"
)

// Secret is what platform and authenticator share after one key agreement. It is safe for concurrent use as far as the
// reader is that it was made with.
type Secret struct {
	protocol        Protocol
	hmacKey, aesKey []byte
	random          io.Reader
	misbehave       Misbehaviour
}

// Protocol returns the protocol that it belongs to.
func (s *Secret) Protocol() Protocol { return s.protocol }

// Encrypt encrypts plaintext, whose length must be a multiple of 16 bytes, or fails with ErrCiphertext, or as the
// randomness for the IV does (CTAP 2.3 §6.5.6 and §6.5.7, encrypt).
func (s *Secret) Encrypt(plaintext []byte) ([]byte, error) {
	if len(plaintext)%aes.BlockSize != 0 {
		return nil, fmt.Errorf("%w: plaintext of %d bytes", ErrCiphertext, len(plaintext))
	}
	iv := make([]byte, aes.BlockSize)
	if s.protocol == Two && !s.misbehave.ConstantIV {
		if _, err := io.ReadFull(s.random, iv); err != nil {
			return nil, fmt.Errorf("pinuv: draw an IV: %w", err)
		}
	}
	block, err := aes.NewCipher(s.aesKey)
	if err != nil {
		return nil, fmt.Errorf("pinuv: encrypt: %w", err)
	}
	ciphertext := make([]byte, len(plaintext))
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(ciphertext, plaintext)
	if s.protocol == One {
		return ciphertext, nil
	}
	return slices.Concat(iv, ciphertext), nil
}

// Decrypt reverses Encrypt, or fails with ErrCiphertext (CTAP 2.3 §6.5.6 and §6.5.7, decrypt).
func (s *Secret) Decrypt(ciphertext []byte) ([]byte, error) {
	iv := make([]byte, aes.BlockSize)
	if s.protocol == Two {
		if len(ciphertext) < aes.BlockSize {
			return nil, fmt.Errorf("%w: %d bytes hold no IV", ErrCiphertext, len(ciphertext))
		}
		iv, ciphertext = ciphertext[:aes.BlockSize], ciphertext[aes.BlockSize:]
	}
	if len(ciphertext)%aes.BlockSize != 0 {
		return nil, fmt.Errorf("%w: %d bytes are no whole blocks", ErrCiphertext, len(ciphertext))
	}
	block, err := aes.NewCipher(s.aesKey)
	if err != nil {
		return nil, fmt.Errorf("pinuv: decrypt: %w", err)
	}
	plaintext := make([]byte, len(ciphertext))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plaintext, ciphertext)
	return plaintext, nil
}

// Authenticate returns the MAC of message under the shared secret, 16 or 32 bytes.
func (s *Secret) Authenticate(message []byte) []byte {
	return s.protocol.Authenticate(s.hmacKey, message)
}

// Verify fails with ErrMAC unless param is the MAC of message under the shared secret.
func (s *Secret) Verify(message, param []byte) error {
	return s.protocol.Verify(s.hmacKey, message, param)
}
