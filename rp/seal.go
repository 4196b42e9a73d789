package rp

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/passkeylab/passkeylab/rp/store"
)

// SecretKeyLength is that of Config.SecretKey, in bytes: AES-256.
const SecretKeyLength = 32

// sealMark is what a sealed secret begins with. After it stand, in base64, the nonce of 12 bytes and what AES-256-GCM made of the
// secret; the account's id is authenticated with it, so that one account's secret is of no use in the row of another.
const sealMark = "sealed1:"

// errSealed is a secret that cannot be read.
var errSealed = errors.New("a secret in the store cannot be opened; set Config.SecretKey to the key that it was sealed with")

// newSealer returns nil without a key.
func newSealer(key []byte) (cipher.AEAD, error) {
	if len(key) == 0 {
		return nil, nil
	}
	if len(key) != SecretKeyLength {
		return nil, fmt.Errorf("rp: Config.SecretKey has %d bytes, want %d", len(key), SecretKeyLength)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// seal returns the secret as it is kept: as it is where there is no key, or no secret.
func (rp *RelyingParty) seal(userID, secret string) (string, error) {
	if rp.sealer == nil || secret == "" {
		return secret, nil
	}
	nonce, err := rp.rand.bytes(rp.sealer.NonceSize())
	if err != nil {
		return "", err
	}
	return sealMark + base64.StdEncoding.EncodeToString(rp.sealer.Seal(nonce, nonce, []byte(secret), []byte(userID))), nil
}

// unseal returns the secret of an account's one-time codes. One that was kept before there was a key is read as it is.
func (rp *RelyingParty) unseal(a account) (string, error) {
	text, sealed := strings.CutPrefix(a.totpSecret, sealMark)
	if !sealed {
		return a.totpSecret, nil
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || rp.sealer == nil || len(raw) < rp.sealer.NonceSize() {
		return "", errSealed
	}
	size := rp.sealer.NonceSize()
	secret, err := rp.sealer.Open(nil, raw[:size], raw[size:], []byte(a.ID))
	if err != nil {
		return "", errSealed
	}
	return string(secret), nil
}

// SealSecrets seals the secrets that were kept before there was a key, and returns how many there were.
func (rp *RelyingParty) SealSecrets(ctx context.Context) (sealed int, err error) {
	if rp.sealer == nil {
		return 0, nil
	}
	err = rp.write(ctx, "seal secrets", func(tx *store.Tx) error {
		open, err := collect(tx, scanAccount, "SELECT "+userColumns+" FROM users WHERE totp_secret <> '' AND substr(totp_secret, 1, ?) <> ?", len(sealMark), sealMark)
		if err != nil {
			return err
		}
		for i := range open {
			kept, err := rp.seal(open[i].ID, open[i].totpSecret)
			if err != nil {
				return err
			}
			if err := tx.ExecOne("UPDATE users SET totp_secret = ? WHERE id = ?", kept, open[i].ID); err != nil {
				return err
			}
		}
		sealed = len(open)
		return nil
	})
	return sealed, err
}
