package virtualauth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// This file makes the two members of getInfo that only owners of the persistent token can read (CTAP 2.3 §6.4, encIdentifier
// and encCredStoreState): a platform that was trusted once recognizes the device, and sees that its credentials changed.

// describeState fills them in. The caller holds the mutex.
func (a *Authenticator) describeState(info *ctap2.GetInfoResponse) (err error) {
	if !a.model.persists() {
		return nil
	}
	if a.settings.Identifier == nil {
		identifier := make([]byte, aes.BlockSize)
		if _, err := io.ReadFull(a.world.Rand, identifier); err != nil {
			return fmt.Errorf("draw an identifier: %w", err)
		}
		a.settings.Identifier = identifier
	}
	if info.EncIdentifier, err = a.hide("encIdentifier", a.settings.Identifier); err != nil {
		return err
	}
	state := sha256.Sum256(binary.BigEndian.AppendUint64(slices.Clone(a.settings.Identifier), a.vault.changes))
	info.EncCredStoreState, err = a.hide("encCredStoreState", state[:aes.BlockSize])
	return err
}

// hide encrypts 16 bytes by AES-128-CBC under a key that follows from the persistent token and the member's name, and returns
// IV ‖ ciphertext, 32 bytes.
func (a *Authenticator) hide(member string, plaintext []byte) ([]byte, error) {
	token, err := a.persistentToken()
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Key(sha256.New, token, make([]byte, sha256.Size), member, 16)
	if err != nil {
		return nil, fmt.Errorf("derive the key of %s: %w", member, err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("hide %s: %w", member, err)
	}
	hidden := make([]byte, 2*aes.BlockSize)
	iv, ciphertext := hidden[:aes.BlockSize], hidden[aes.BlockSize:]
	if _, err := io.ReadFull(a.world.Rand, iv); err != nil {
		return nil, fmt.Errorf("draw an IV: %w", err)
	}
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(ciphertext, plaintext)
	return hidden, nil
}
