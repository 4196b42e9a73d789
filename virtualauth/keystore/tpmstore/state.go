package tpmstore

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/go-tpm/tpm2"
	"github.com/google/go-tpm/tpm2/transport"
)

// ErrState says that the kept state of a TPM cannot be used: it is damaged, encrypted with another secret, or made by
// another version of the simulator. It is left as it is.
var ErrState = errors.New("tpmstore: the kept state of the TPM cannot be used")

// minSecret is the length in bytes of the shortest secret.
const minSecret = 16

// A state file is as follows. Each has a salt of its own from the TPM, and so a key of its own, which is why the nonce can
// be zero.
//
//	 0 ..  7  "pkltpm" 0 1: the format and its version
//	 8 .. 39  salt
//	40 ..     AES-256-GCM with nonce zero, the bytes above as additional data, and the key HKDF-SHA-256(secret, salt), of:
//	            32 bytes  digest in the name of the storage root key
//	            the rest  the simulator's memory
const (
	stateMagic = "pkltpm\x00\x01"
	saltLength = 32
	// stateInfo binds a state to the version of the simulator: one that lays out its memory in another way would not notice,
	// but crash. When the version changes, see whether states of the old one still start up before changing this.
	stateInfo = "passkeylab tpmstore state, go-tpm-tools " + simulatorVersion
	// simulatorVersion is the version in go.mod.
	simulatorVersion = "v0.4.11"
)

// state is a TPM at rest.
type state struct {
	root   [sha256.Size]byte
	memory []byte // nil: a TPM not made yet
}

// stateFile is where a state is kept; with an empty path nothing is.
type stateFile struct {
	path   string
	secret []byte
	state  state // what was in it when it was opened
}

// openState reads the file, if there is one.
func openState(path string, secret []byte) (*stateFile, error) {
	f := &stateFile{path: path, secret: bytes.Clone(secret)}
	if path == "" {
		return f, nil
	}
	if len(secret) < minSecret {
		return nil, ErrWeakSecret
	}
	sealed, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return nil, err
	}
	if f.state, err = unseal(secret, sealed); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// write keeps a state with a new salt from the TPM.
func (f *stateFile) write(t transport.TPM, s state) error {
	salt, err := newSalt(t)
	if err != nil {
		return err
	}
	return f.writeSalted(salt, s)
}

// writeSalted replaces the file as a whole or leaves it as it was. A file that came to be meanwhile, when there was none, is
// not replaced: it is another TPM.
func (f *stateFile) writeSalted(salt []byte, s state) error {
	if f.path == "" {
		return nil
	}
	sealed, err := seal(f.secret, salt, s)
	if err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(f.path), ".tpm-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name()) // fails after the renaming, rightly
	_, err = temporary.Write(sealed)
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	replace := os.Rename
	if f.state.memory == nil {
		replace = os.Link
	}
	if err := replace(temporary.Name(), f.path); err != nil {
		return err
	}
	f.state = s
	return nil
}

// newSalt asks a TPM for random bytes.
func newSalt(t transport.TPM) ([]byte, error) {
	response, err := tpm2.GetRandom{BytesRequested: saltLength}.Execute(t)
	if err != nil {
		return nil, err
	}
	if len(response.RandomBytes.Buffer) != saltLength {
		return nil, fmt.Errorf("%d random bytes of %d", len(response.RandomBytes.Buffer), saltLength)
	}
	return response.RandomBytes.Buffer, nil
}

// seal encrypts a state.
func seal(secret, salt []byte, s state) ([]byte, error) {
	aead, err := stateCipher(secret, salt)
	if err != nil {
		return nil, err
	}
	header := append([]byte(stateMagic), salt...)
	plain := append(s.root[:len(s.root):len(s.root)], s.memory...)
	return aead.Seal(header, make([]byte, aead.NonceSize()), plain, header), nil
}

// unseal decrypts what seal made, or fails with ErrState.
func unseal(secret, sealed []byte) (state, error) {
	const header = len(stateMagic) + saltLength
	if len(sealed) < header || string(sealed[:len(stateMagic)]) != stateMagic {
		return state{}, fmt.Errorf("%w: not a state file of this version", ErrState)
	}
	aead, err := stateCipher(secret, sealed[len(stateMagic):header])
	if err != nil {
		return state{}, err
	}
	plain, err := aead.Open(nil, make([]byte, aead.NonceSize()), sealed[header:], sealed[:header])
	if err != nil {
		return state{}, fmt.Errorf("%w: another secret, another version of the simulator, or damaged", ErrState)
	}
	var s state
	if len(plain) <= len(s.root) {
		return state{}, fmt.Errorf("%w: empty", ErrState)
	}
	s.memory = plain[copy(s.root[:], plain):]
	return s, nil
}

func stateCipher(secret, salt []byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, secret, salt, stateInfo, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
