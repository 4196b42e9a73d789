package hybrid

import (
	"crypto/ecdh"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/passkeylab/passkeylab/virtualauth/internal/derive"
)

// purpose is what a key is derived for (CTAP 2.3 §11.5.1, key purposes).
type purpose uint32

// The purposes. The first three belong to every transaction; the others are a phone's own, made of its root secret, so that
// it has nothing to keep for each computer but a link id.
const (
	purposeEIDKey       purpose = 1 // salt: empty by QR, the client's nonce when linked; 64 bytes
	purposeTunnelID     purpose = 2 // salt: empty; 16 bytes
	purposePSK          purpose = 3 // salt: the plaintext advert; 32 bytes
	purposePairedSecret purpose = 4 // salt: the link id; 32 bytes
	purposeIdentitySeed purpose = 5 // salt: empty; as many bytes as the key's maker needs
	purposePerContactID purpose = 6 // salt: the contact id; 32 bytes
)

// keyFor is HKDF-SHA256 with the purpose as info, in four little-endian bytes.
func keyFor(secret, salt []byte, why purpose, length int) ([]byte, error) {
	info := binary.LittleEndian.AppendUint32(nil, uint32(why))
	key, err := hkdf.Key(sha256.New, secret, salt, string(info), length)
	if err != nil {
		return nil, fmt.Errorf("hybrid: derive a key: %w", err)
	}
	return key, nil
}

const (
	pointLength      = 65 // bytes of an uncompressed point: 0x04 ‖ x ‖ y
	compressedLength = 33 // bytes of a compressed point: 0x02 or 0x03 ‖ x
	wideLength       = 48 // bytes that a private key is reduced from
)

// newKey draws a private key. The generator of crypto/ecdh would ignore the reader.
func newKey(random io.Reader) (*ecdh.PrivateKey, error) {
	wide := make([]byte, wideLength)
	if _, err := io.ReadFull(random, wide); err != nil {
		return nil, fmt.Errorf("hybrid: draw a key: %w", err)
	}
	return keyOf(wide)
}

// keyOf reduces 48 bytes to a key.
func keyOf(wide []byte) (*ecdh.PrivateKey, error) {
	private, err := ecdh.P256().NewPrivateKey(derive.Scalar(wide, elliptic.P256().Params().N))
	if err != nil {
		return nil, fmt.Errorf("hybrid: derive a key: %w", err)
	}
	return private, nil
}

// compress returns the 33 bytes that a QR code has room for.
func compress(public *ecdh.PublicKey) [compressedLength]byte {
	point := public.Bytes()
	var compressed [compressedLength]byte
	compressed[0] = 2 | point[pointLength-1]&1
	copy(compressed[1:], point[1:])
	return compressed
}

// decompress returns nil for what is no compressed point of P-256.
func decompress(compressed []byte) *ecdh.PublicKey {
	x, y := elliptic.UnmarshalCompressed(elliptic.P256(), compressed)
	if x == nil {
		return nil
	}
	point := slices.Concat([]byte{4}, x.FillBytes(make([]byte, 32)), y.FillBytes(make([]byte, 32)))
	public, err := ecdh.P256().NewPublicKey(point)
	if err != nil {
		return nil
	}
	return public
}
