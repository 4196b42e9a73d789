// Package vaultfile keeps small values under names in one encrypted file, so that an authenticator's credentials survive a
// restart. A File is a virtualauth.Store.
//
// The file is a log: one header, then one frame a Save. A Save returns when its frame is on the disk; a process that is killed
// in the middle of one leaves a torn frame at the end, which the next Open cuts off, so what was acknowledged is there and
// what was not is not, whole or not at all. When more of the log is outdated than current, it is written anew beside the old
// file and renamed over it. What a Save costs does not grow with the number of values.
//
//	header   offset  length  content
//	              0       8  "pklvault"
//	              8       1  version: 1
//	              9       1  key: 0 given, 1 argon2id of a passphrase
//	             10       4  argon2id: memory in KiB, big endian, as all numbers here
//	             14       4  argon2id: passes
//	             18       1  argon2id: threads
//	             19      16  argon2id: salt
//	             35      32  salt of this file's keys
//	             67      16  key check: HMAC-SHA-256 of all above, cut
//	             83       4  CRC-32C of all above
//
//	frame         0       4  marker: 9e "rec"
//	              4       4  length L of the sealed part
//	              8       4  CRC-32C of all above
//	             12      24  nonce
//	             36       L  sealed by XChaCha20-Poly1305, the frame's offset in 8 bytes as additional data:
//	                         CBOR list of changes, each {1: name, 2: value, or null when the name is forgotten}
//
// The keys for sealing, nonces and the key check come from the given key, or from the passphrase through argon2id, by
// HKDF-SHA-256 with the file's salt. A nonce is an HMAC-SHA-256 of offset and content, cut to 24 bytes: whatever the source of
// randomness does, none is ever used for two contents. Frames cannot be changed, moved or left out of the middle
// unnoticed; an older copy of the whole file, or one that ends early, cannot be told from the true one.
package vaultfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"sync"

	"github.com/gofrs/flock"
)

// Options say which file, and how it is opened.
type Options struct {
	// Path is the file. It is made, readable for its owner only, when it is not there. Path+".lock" is made beside it and
	// stays; Path+".new" is there while the log is written anew.
	Path string
	// Key is 32 secret bytes; or else
	Key []byte
	// Passphrase is what a key is made of through argon2id, which takes time and 64 MiB of memory.
	Passphrase string
	// Rand gives each new file its salts; it is read when one is made or written anew.
	Rand io.Reader
	// Salvage opens a damaged file all the same: what can be read is kept, and a copy of the file as it was stays beside it
	// as Path+".damaged".
	Salvage bool
}

// Errors of this package; test for them with errors.Is. Damage behind the header is a *CorruptError.
var (
	// ErrWrongKey says that the file was made with another key or passphrase.
	ErrWrongKey = errors.New("vaultfile: wrong key or passphrase")
	// ErrLocked says that another process, or another File of this one, has the file open.
	ErrLocked = errors.New("vaultfile: the file is open elsewhere: close it there, or give each authenticator a file of its own")
	// ErrBroken says that an earlier Save failed in a way that leaves unknown what is on the disk: close the file and open
	// it anew.
	ErrBroken = errors.New("vaultfile: an earlier write failed: close the file and open it again")
	// ErrNoHeader says that the file does not begin as it must. It is another file, or the part is damaged without which
	// nothing else can be read.
	ErrNoHeader = errors.New("vaultfile: no vault file begins here: name the right one, or restore it from a copy")
	// ErrUnknownFormat says that the file is of a version, or asks for a way of making its key, that is unknown here.
	ErrUnknownFormat = errors.New("vaultfile: the file was made by another version of this software: use that one")
	// ErrOptions says that options contradict each other or lack something.
	ErrOptions = errors.New("vaultfile: wrong options")
)

// File is an open file. It is safe for concurrent use.
type File struct {
	options Options
	lock    *flock.Flock

	mu     sync.Mutex // guards all below
	log    *os.File   // nil once closed
	keys   keys
	head   header
	end    int64 // where the next frame goes
	values map[string][]byte
	live   int64 // bytes that a log of the values alone would take
	broken error
}

// Open opens a file, or makes it. It fails with ErrLocked, ErrWrongKey, ErrOptions, ErrNoHeader, ErrUnknownFormat,
// a *CorruptError, or as the file system does.
func Open(o Options) (*File, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	lock := flock.New(o.Path+".lock", flock.SetPermissions(0o600))
	locked, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("vaultfile: lock: %w", err)
	}
	if !locked {
		return nil, fmt.Errorf("%w: %s", ErrLocked, o.Path)
	}
	f := &File{options: o, lock: lock, values: map[string][]byte{}}
	if err := f.open(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (o Options) check() error {
	switch {
	case o.Path == "":
		return fmt.Errorf("%w: Path is empty", ErrOptions)
	case o.Rand == nil:
		return fmt.Errorf("%w: Rand is nil", ErrOptions)
	case (len(o.Key) == 0) == (o.Passphrase == ""):
		return fmt.Errorf("%w: give either Key or Passphrase", ErrOptions)
	case len(o.Key) != 0 && len(o.Key) != keyLength:
		return fmt.Errorf("%w: Key has %d bytes, want %d", ErrOptions, len(o.Key), keyLength)
	}
	return nil
}

func (f *File) open() error {
	log, err := os.OpenFile(f.options.Path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return f.create()
	}
	if err != nil {
		return fmt.Errorf("vaultfile: %w", err)
	}
	f.log = log
	if err := log.Chmod(0o600); err != nil {
		return fmt.Errorf("vaultfile: %w", err)
	}
	data, err := io.ReadAll(log)
	if err != nil {
		return fmt.Errorf("vaultfile: %w", err)
	}
	if f.head, err = parseHeader(data); err != nil {
		return fmt.Errorf("%w: %s", err, f.options.Path)
	}
	if f.keys, err = f.head.unlock(f.options); err != nil {
		return err
	}
	damaged := &CorruptError{Path: f.options.Path}
	f.end = f.replay(data, damaged)
	return f.recover(data, damaged)
}

// recover cuts off a torn frame, and deals with damage as the options say.
func (f *File) recover(data []byte, damaged *CorruptError) error {
	if len(damaged.Damages) > 0 {
		if !f.options.Salvage {
			return damaged
		}
		if err := writeDurably(f.options.Path+".damaged", data); err != nil {
			return fmt.Errorf("vaultfile: keep a copy of the damaged file: %w", err)
		}
		return f.rewrite()
	}
	if f.end < int64(len(data)) {
		return f.cut()
	}
	return nil
}

// create makes a new file with nothing in it.
func (f *File) create() error {
	head, err := newHeader(f.options)
	if err != nil {
		return err
	}
	f.head = head
	if f.keys.master, err = f.head.master(f.options); err != nil {
		return err
	}
	return f.rewrite()
}

// Load returns all values by name.
func (f *File) Load(context.Context) (map[string][]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.log == nil {
		return nil, fmt.Errorf("vaultfile: load: %w", fs.ErrClosed)
	}
	return maps.Clone(f.values), nil
}

// Save changes values, all of them or none, and returns when the change is durable; a nil value forgets its name. It takes
// values over; do not write to them any more. After a failure nothing has changed, or else every further Save fails with
// ErrBroken. The end of ctx does not stop what has begun.
func (f *File) Save(ctx context.Context, changes map[string][]byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.log == nil:
		return fmt.Errorf("vaultfile: save: %w", fs.ErrClosed)
	case f.broken != nil:
		return fmt.Errorf("%w: %w", ErrBroken, f.broken)
	case ctx.Err() != nil:
		return fmt.Errorf("vaultfile: save: %w", ctx.Err())
	case len(changes) == 0:
		return nil
	}
	frame, err := f.keys.seal(f.end, changes)
	if err != nil {
		return err
	}
	if err := f.append(frame); err != nil {
		return err
	}
	f.apply(changes)
	if f.end-f.live > f.live+spare {
		// The change is durable whether or not this succeeds. When there is no room for a second file, the next Save tries
		// again; when the old one was half replaced, rewrite has marked the file as broken.
		_ = f.rewrite()
	}
	return nil
}

// spare is how many outdated bytes a log may have before it is worth while to write it anew.
const spare = 64 << 10

// append writes one frame through to the disk.
func (f *File) append(frame []byte) error {
	if _, err := f.log.WriteAt(frame, f.end); err != nil {
		f.broken = f.cut()
		return fmt.Errorf("vaultfile: save: %w", err)
	}
	if err := f.log.Sync(); err != nil { // the system may have dropped the pages: nobody knows what is on the disk
		f.broken = err
		return fmt.Errorf("vaultfile: save: %w", err)
	}
	f.end += int64(len(frame))
	return nil
}

// cut takes away what stands behind the last good frame.
func (f *File) cut() error {
	if err := errors.Join(f.log.Truncate(f.end), f.log.Sync()); err != nil {
		return fmt.Errorf("vaultfile: cut off a torn frame: %w", err)
	}
	return nil
}

func (f *File) apply(changes map[string][]byte) {
	for name, value := range changes {
		if old, there := f.values[name]; there {
			f.live -= weight(name, old)
		}
		if value == nil {
			delete(f.values, name)
			continue
		}
		f.values[name] = value
		f.live += weight(name, value)
	}
}

// Close closes the file and lets others open it. Closing twice is harmless.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var err error
	if f.log != nil {
		err = f.log.Close()
		f.log = nil
	}
	if err = errors.Join(err, f.lock.Close()); err != nil {
		return fmt.Errorf("vaultfile: close: %w", err)
	}
	return nil
}
