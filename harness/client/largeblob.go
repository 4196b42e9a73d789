package client

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// A large-blob array is a CBOR array of maps, followed by the first 16 bytes of its SHA-256 (CTAP 2.3 §6.10.2, §6.10.3):
//
//	{1: ciphertext ‖ tag (16 bytes), 2: nonce (12 bytes), 3: length of the blob before compression}
//
// A ciphertext is a blob, compressed by DEFLATE (RFC 1951) and encrypted by AES-256-GCM under the credential's large-blob key
// with the additional data "blob" ‖ length (8 bytes, little endian). An entry belongs to whoever can decrypt it.

// blobEntry is one element of the array.
type blobEntry struct {
	Ciphertext ctap2.Bytes `cbor:"1,keyasint"`
	Nonce      ctap2.Bytes `cbor:"2,keyasint"`
	Size       uint64      `cbor:"3,keyasint"`
}

// checksumLength is that of the end of the array, in bytes.
const checksumLength = 16

// maxBlob is the largest blob that the client unpacks, in bytes: what is announced need not be true.
const maxBlob = 1 << 20

// Reasons why a blob is not there.
var (
	errNoBlob   = errors.New("client: the large-blob array has no blob of this credential")
	errBlobFull = errors.New("client: the large-blob array has no room for the blob")
)

func checksum(array []byte) []byte {
	sum := sha256.Sum256(array)
	return sum[:checksumLength]
}

func blobCipher(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// associated is the additional data of an entry.
func associated(size uint64) []byte {
	return binary.LittleEndian.AppendUint64([]byte("blob"), size)
}

// open decrypts and unpacks an entry; an error says that it is not of this key.
func (e *blobEntry) open(key []byte) ([]byte, error) {
	aead, err := blobCipher(key)
	if err != nil {
		return nil, err
	}
	if len(e.Nonce) != aead.NonceSize() {
		return nil, errNoBlob
	}
	packed, err := aead.Open(nil, e.Nonce, e.Ciphertext, associated(e.Size))
	if err != nil {
		return nil, err
	}
	return inflate(packed, e.Size)
}

// sealBlob packs and encrypts a blob.
func sealBlob(random io.Reader, key, blob []byte) (*blobEntry, error) {
	aead, err := blobCipher(key)
	if err != nil {
		return nil, err
	}
	packed, err := deflate(blob)
	if err != nil {
		return nil, err
	}
	e := &blobEntry{Nonce: make([]byte, aead.NonceSize()), Size: uint64(len(blob))}
	if _, err := io.ReadFull(random, e.Nonce); err != nil {
		return nil, err
	}
	e.Ciphertext = aead.Seal(nil, e.Nonce, packed, associated(e.Size))
	return e, nil
}

func deflate(data []byte) ([]byte, error) {
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	err = w.Close() // before the bytes are looked at: it writes the last of them
	return packed.Bytes(), err
}

// inflate unpacks a blob that must have a length.
func inflate(packed []byte, size uint64) ([]byte, error) {
	if size > maxBlob {
		return nil, fmt.Errorf("client: a blob of %d bytes is too large", size)
	}
	blob, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), int64(size)+1))
	if err == nil && uint64(len(blob)) != size {
		err = fmt.Errorf("client: a blob claims to have %d bytes and has not", size)
	}
	return blob, err
}

// fragment is how many bytes of the array travel at once (CTAP 2.3 §6.10.2).
func (d *device) fragment() uint {
	return max(d.info.MaxMessageSize, smallestMessage) - 64
}

// blobRoom is how long the array may be in bytes, its checksum included; every authenticator that has one has room for 1024
// (CTAP 2.3 §6.4, maxSerializedLargeBlobArray).
func (d *device) blobRoom() uint { return max(d.info.MaxLargeBlobArray, 1024) }

// readBlobs reads the array. One that is damaged counts as empty (CTAP 2.3 §6.10.3).
func (c *Client) readBlobs(ctx context.Context, d *device) ([]cbor.RawMessage, error) {
	var array []byte
	for {
		piece, err := ctap2.LargeBlobs(ctx, c.Device, &ctap2.LargeBlobsRequest{Get: new(d.fragment()), Offset: new(uint(len(array)))})
		if err != nil {
			return nil, err
		}
		array = append(array, piece.Config...)
		if uint(len(piece.Config)) < d.fragment() || uint(len(array)) > d.blobRoom() {
			break
		}
	}
	end := len(array) - checksumLength
	if end < 1 || !bytes.Equal(checksum(array[:end]), array[end:]) {
		return nil, nil
	}
	var entries []cbor.RawMessage
	if err := ctap2.Unmarshal(array[:end], &entries); err != nil {
		return nil, nil
	}
	return entries, nil
}

// readBlob finds and decrypts the blob of a key (CTAP 2.3 §6.10.3, reading).
func (c *Client) readBlob(ctx context.Context, d *device, key []byte) ([]byte, error) {
	entries, err := c.readBlobs(ctx, d)
	if err != nil {
		return nil, err
	}
	for _, raw := range entries {
		var e blobEntry
		if ctap2.Unmarshal(raw, &e) != nil {
			continue
		}
		if blob, err := e.open(key); err == nil {
			return blob, nil
		}
	}
	return nil, errNoBlob
}

// writeBlob replaces the blob of the credential that signed, and leaves all other entries as they are (CTAP 2.3 §6.10.3,
// writing).
func (c *Client) writeBlob(ctx context.Context, a *assertion, blob []byte) error {
	key := a.signed.LargeBlobKey
	entries, err := c.readBlobs(ctx, a.device)
	if err != nil {
		return err
	}
	kept := []cbor.RawMessage{}
	for _, raw := range entries {
		var e blobEntry
		if ctap2.Unmarshal(raw, &e) == nil {
			if _, err := e.open(key); err == nil {
				continue
			}
		}
		kept = append(kept, raw)
	}
	e, err := sealBlob(c.random(), key, blob)
	if err != nil {
		return err
	}
	own, err := ctap2.Marshal(e)
	if err != nil {
		return err
	}
	array, err := ctap2.Marshal(append(kept, own))
	if err != nil {
		return err
	}
	return c.writeBlobs(ctx, a, append(array, checksum(array)...))
}

// writeBlobs writes the array piece by piece; each piece is authenticated by itself.
func (c *Client) writeBlobs(ctx context.Context, a *assertion, array []byte) error {
	d := a.device
	if uint(len(array)) > d.blobRoom() {
		return errBlobFull
	}
	for offset := uint(0); offset < uint(len(array)); offset += d.fragment() {
		request := &ctap2.LargeBlobsRequest{Set: array[offset:min(offset+d.fragment(), uint(len(array)))], Offset: &offset}
		if offset == 0 {
			request.Length = new(uint(len(array)))
		}
		if param := a.authorization.param(request.Message()); param != nil {
			request.PINUVAuthParam, request.PINUVAuthProtocol = param, new(a.authorization.number())
		}
		if _, err := ctap2.LargeBlobs(ctx, c.Device, request); err != nil {
			return err
		}
	}
	return nil
}
