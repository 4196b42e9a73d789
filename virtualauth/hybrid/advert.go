package hybrid

import (
	"crypto/aes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
)

// ServiceUUID is the Bluetooth service under which a phone advertises (CTAP 2.3 §11.5.1): 16-bit UUID fff9, which is FIDO's.
const ServiceUUID = "0000fff9-0000-1000-8000-00805f9b34fb"

// Advert is the service data of a phone's advertisement (CTAP 2.3 §11.5.1): one AES block and a tag. Whoever did not see the QR
// code sees 20 random bytes.
//
//	0   16  AES-256(key[0:32], plaintext)
//	16   4  HMAC-SHA-256(key[32:64], the 16 bytes before), cut
type Advert [advertLength]byte

const (
	advertLength   = 20
	eidLength      = 16
	eidKeyLength   = 64
	nonceLength    = 10
	routingLength  = 3
	tunnelIDLength = 16
)

// eid is the plaintext of an advert. It is also the salt of the handshake's PSK, which proves that the client heard it.
//
//	0    1  reserved, 0
//	1   10  nonce
//	11   3  routing id of the tunnel
//	14   2  number of the tunnel server, little-endian
type eid [eidLength]byte

// newEID draws the nonce.
func newEID(random io.Reader, routing [routingLength]byte, domain uint16) (eid, error) {
	var e eid
	if _, err := io.ReadFull(random, e[1:1+nonceLength]); err != nil {
		return eid{}, fmt.Errorf("hybrid: draw the nonce of an advert: %w", err)
	}
	copy(e[11:14], routing[:])
	binary.LittleEndian.PutUint16(e[14:], domain)
	return e, nil
}

func (e eid) routing() [routingLength]byte { return [routingLength]byte(e[11:14]) }

func (e eid) domain() uint16 { return binary.LittleEndian.Uint16(e[14:]) }

// seal encrypts with a key of 64 bytes.
func (e eid) seal(key []byte) (Advert, error) {
	var advert Advert
	block, err := aes.NewCipher(key[:32])
	if err != nil {
		return Advert{}, fmt.Errorf("hybrid: seal an advert: %w", err)
	}
	block.Encrypt(advert[:eidLength], e[:])
	copy(advert[eidLength:], advertTag(key, advert[:eidLength]))
	return advert, nil
}

// open tries a key. It is false for the adverts of others, for a reserved byte that is set, which would be a feature nobody
// asked for, and for tunnel servers that nobody knows.
func (a Advert) open(key []byte) (eid, bool) {
	if !hmac.Equal(advertTag(key, a[:eidLength]), a[eidLength:]) {
		return eid{}, false
	}
	block, err := aes.NewCipher(key[:32])
	if err != nil {
		return eid{}, false
	}
	var e eid
	block.Decrypt(e[:], a[:eidLength])
	if e[0] != 0 {
		return eid{}, false
	}
	_, known := DomainName(e.domain())
	return e, known
}

func advertTag(key, ciphertext []byte) []byte {
	mac := hmac.New(sha256.New, key[32:])
	mac.Write(ciphertext)
	return mac.Sum(nil)[:advertLength-eidLength]
}
