package attest

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"fmt"
)

// appleNonce is the extension of WebAuthn L3 §8.8, 1.2.840.113635.100.8.2.
var appleNonce = asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 8, 2}

// checkAppleNonce compares the SHA-256 of authenticator data and client data hash with the leaf's extension, whose value is
// SEQUENCE { [1] EXPLICIT OCTET STRING }.
func checkAppleNonce(e *evidence) error {
	value, err := extension(e.chain[0], appleNonce)
	if err != nil {
		return err
	}
	var holder struct {
		Nonce []byte `asn1:"tag:1,explicit"`
	}
	if rest, err := asn1.Unmarshal(value, &holder); err != nil {
		return fmt.Errorf("extension %v: %w", appleNonce, err)
	} else if len(rest) > 0 {
		return fmt.Errorf("extension %v: %d bytes behind its value", appleNonce, len(rest))
	}
	if !bytes.Equal(holder.Nonce, e.nonce()) {
		return errors.New("the certificate's nonce is not the hash of authenticator data and client data hash")
	}
	return nil
}
