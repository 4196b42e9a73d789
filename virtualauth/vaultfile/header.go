package vaultfile

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"

	"golang.org/x/crypto/argon2"
)

const (
	magic     = "pklvault"
	version   = 1
	keyLength = 32
	// Offsets in the header, by the table in the package comment.
	atVersion, atKind, atMemory, atPasses, atThreads  = 8, 9, 10, 14, 18
	atPassphraseSalt, atFileSalt, atCheck, atChecksum = 19, 35, 67, 83
	headerLength                                      = 87
)

// Kinds of key.
const (
	keyGiven byte = iota
	keyOfPassphrase
)

// The cost of argon2id in new files (RFC 9106 §4, second recommended option), and the most that is taken from a file: whoever
// can write a header must not decide how much memory opening it takes.
const (
	memoryKiB, passes, threads = 64 << 10, 3, 4
	maxMemoryKiB, maxPasses    = 1 << 20, 64
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// header is the bytes of a header, known to be whole.
type header [headerLength]byte

// newHeader makes the header of a new file up to the passphrase's salt; renew adds the rest.
func newHeader(o Options) (header, error) {
	var h header
	copy(h[:], magic)
	h[atVersion] = version
	if o.Passphrase != "" {
		h[atKind] = keyOfPassphrase
		binary.BigEndian.PutUint32(h[atMemory:], memoryKiB)
		binary.BigEndian.PutUint32(h[atPasses:], passes)
		h[atThreads] = threads
	}
	if _, err := io.ReadFull(o.Rand, h[atPassphraseSalt:atFileSalt]); err != nil {
		return header{}, fmt.Errorf("vaultfile: make salts: %w", err)
	}
	return h, nil
}

// parseHeader judges all that can be judged without a key. It fails with ErrNoHeader or ErrUnknownFormat.
func parseHeader(data []byte) (header, error) {
	if len(data) < headerLength || !bytes.HasPrefix(data, []byte(magic)) {
		return header{}, ErrNoHeader
	}
	h := header(data[:headerLength])
	if crc32.Checksum(h[:atChecksum], castagnoli) != binary.BigEndian.Uint32(h[atChecksum:]) {
		return header{}, fmt.Errorf("%w: its checksum is wrong", ErrNoHeader)
	}
	memory, passes := binary.BigEndian.Uint32(h[atMemory:]), binary.BigEndian.Uint32(h[atPasses:])
	switch {
	case h[atVersion] != version:
		return header{}, fmt.Errorf("%w: version %d, and %d is known", ErrUnknownFormat, h[atVersion], version)
	case h[atKind] == keyGiven:
	case h[atKind] != keyOfPassphrase:
		return header{}, fmt.Errorf("%w: a key of kind %d", ErrUnknownFormat, h[atKind])
	case memory > maxMemoryKiB, passes < 1, passes > maxPasses, h[atThreads] < 1:
		return header{}, fmt.Errorf("%w: %d passes over %d KiB by %d threads are out of bounds", ErrUnknownFormat, passes, memory, h[atThreads])
	}
	return h, nil
}

// keys are those of one file.
type keys struct{ sealing, nonces, checks, master []byte }

// master is the key that was given, or made of the passphrase.
func (h *header) master(o Options) ([]byte, error) {
	given := o.Passphrase == ""
	if given != (h[atKind] == keyGiven) {
		return nil, fmt.Errorf("%w: the file was made with the other of the two", ErrWrongKey)
	}
	if given {
		return bytes.Clone(o.Key), nil
	}
	return argon2.IDKey([]byte(o.Passphrase), h[atPassphraseSalt:atFileSalt],
		binary.BigEndian.Uint32(h[atPasses:]), binary.BigEndian.Uint32(h[atMemory:]), h[atThreads], keyLength), nil
}

// unlock makes the keys of a file, or fails with ErrWrongKey.
func (h *header) unlock(o Options) (keys, error) {
	master, err := h.master(o)
	if err != nil {
		return keys{}, err
	}
	k, err := h.derive(master)
	if err == nil && !hmac.Equal(h.check(k), h[atCheck:atChecksum]) {
		err = ErrWrongKey
	}
	return k, err
}

func (h *header) derive(master []byte) (keys, error) {
	k := keys{master: master}
	for purpose, key := range map[string]*[]byte{"seal": &k.sealing, "nonce": &k.nonces, "check": &k.checks} {
		var err error
		if *key, err = hkdf.Key(sha256.New, master, h[atFileSalt:atCheck], "passkeylab vault file "+purpose, keyLength); err != nil {
			return keys{}, fmt.Errorf("vaultfile: derive keys: %w", err)
		}
	}
	return k, nil
}

func (h *header) check(k keys) []byte {
	mac := hmac.New(sha256.New, k.checks)
	mac.Write(h[:atCheck])
	return mac.Sum(nil)[:atChecksum-atCheck]
}

// complete adds the key check and the checksum.
func (h *header) complete(k keys) {
	copy(h[atCheck:], h.check(k))
	binary.BigEndian.PutUint32(h[atChecksum:], crc32.Checksum(h[:atChecksum], castagnoli))
}

// renew completes the header of a file that is to be written, with a salt and keys of its own.
func (h header) renew(random io.Reader, master []byte) (header, keys, error) {
	if _, err := io.ReadFull(random, h[atFileSalt:atCheck]); err != nil {
		return header{}, keys{}, fmt.Errorf("vaultfile: make salts: %w", err)
	}
	k, err := h.derive(master)
	if err != nil {
		return header{}, keys{}, err
	}
	h.complete(k)
	return h, k, nil
}
