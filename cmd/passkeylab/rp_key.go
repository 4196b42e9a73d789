package main

import (
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	"github.com/passkeylab/passkeylab/rp"
)

// readSecretKey reads the key that encrypts secrets in the database; no path means no key.
func readSecretKey(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--secret-key: %w", err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != rp.SecretKeyLength {
		return nil, fmt.Errorf("--secret-key: %s does not hold %d hexadecimal digits; make such a file with: openssl rand -hex %d", path, 2*rp.SecretKeyLength, rp.SecretKeyLength)
	}
	return key, nil
}
