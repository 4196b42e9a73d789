package hybrid

import (
	"crypto/cipher"
	"fmt"
	"math"
)

// granularity is what the length of a padded message is a multiple of, in bytes.
const granularity = 32

// crypter encrypts what goes one way and decrypts what comes the other (CTAP 2.3 §11.5.1.3).
//
//	frame   = AES-256-GCM(key, nonce = 8 zero bytes ‖ counter, big-endian, padded message)
//	padded  = message ‖ zeros ‖ number of zeros, one byte; a multiple of 32 bytes
//
// A frame that was repeated, left out or moved does not decrypt.
type crypter struct {
	read, write       cipher.AEAD
	received, written uint64 // frames; the next one's counter
}

// clientCrypter and phoneCrypter are the two ends of one tunnel.
func clientCrypter(o outcome) *crypter { return &crypter{read: aead(o.phone), write: aead(o.client)} }

func phoneCrypter(o outcome) *crypter { return &crypter{read: aead(o.client), write: aead(o.phone)} }

// pad adds zeros and their number.
func pad(message []byte) []byte {
	zeros := granularity - 1 - len(message)%granularity
	padded := make([]byte, len(message)+zeros+1)
	copy(padded, message)
	padded[len(padded)-1] = byte(zeros)
	return padded
}

// unpad takes them off. It looks at the number only.
func unpad(padded []byte) ([]byte, error) {
	if len(padded) == 0 {
		return nil, &ProtocolError{Problem: "a frame has nothing in it, not even its padding"}
	}
	zeros := int(padded[len(padded)-1])
	if zeros+1 > len(padded) {
		return nil, &ProtocolError{Problem: fmt.Sprintf("the padding of a frame has %d bytes of %d", zeros, len(padded)-1)}
	}
	return padded[:len(padded)-1-zeros], nil
}

// seal makes a frame of a padded message.
func (c *crypter) seal(padded []byte) ([]byte, error) {
	if c.written > math.MaxUint32 {
		return nil, &ProtocolError{Problem: "the tunnel has carried as many frames as it can"}
	}
	frame := c.write.Seal(nil, nonceOf(uint32(c.written)), padded, nil)
	c.written++
	return frame, nil
}

// open reads a frame. It fails with a *ProtocolError.
func (c *crypter) open(frame []byte) ([]byte, error) {
	if c.received > math.MaxUint32 {
		return nil, &ProtocolError{Problem: "the tunnel has carried as many frames as it can"}
	}
	padded, err := c.read.Open(nil, nonceOf(uint32(c.received)), frame, nil)
	if err != nil {
		return nil, &ProtocolError{Problem: fmt.Sprintf("frame %d does not decrypt", c.received)}
	}
	c.received++
	return unpad(padded)
}
