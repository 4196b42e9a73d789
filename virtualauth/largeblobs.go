package virtualauth

import (
	"bytes"
	"context"
	"crypto/sha256"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

const (
	// blobHashLength is that of the hash at the end of the serialised large-blob array, in bytes (CTAP 2.3 §6.10.1).
	blobHashLength = 16
	// smallestBlobArray is an empty array and its hash; freeBlobCapacity always fits, whatever a model says.
	smallestBlobArray, freeBlobCapacity = 1 + blobHashLength, 1024
	// fragmentOverhead is what a message needs beside a fragment (CTAP 2.3 §6.10.2).
	fragmentOverhead = 64
	// blobWriteLimit is how long the next fragment may take to follow (CTAP 2.3 §6, stateful commands).
	blobWriteLimit = 30 * time.Second
)

// blobWrite is a write in progress: what has arrived of an array, and how long it is going to be.
type blobWrite struct {
	arrived []byte
	length  uint
	until   time.Time
}

// withBlobHash returns a serialised array: CBOR array ‖ LEFT(SHA-256(CBOR array), 16).
func withBlobHash(array []byte) []byte {
	hash := sha256.Sum256(array)
	return append(bytes.Clone(array), hash[:blobHashLength]...)
}

// hashFits reports whether the end of a serialised array, of at least 17 bytes, is the hash of the rest.
func hashFits(array []byte) bool {
	return bytes.Equal(array, withBlobHash(array[:len(array)-blobHashLength]))
}

// blobs returns the serialised array, which is an empty one at first (CTAP 2.3 §6.10.1).
func (s *storage) blobs() []byte {
	if s.Blobs == nil {
		return withBlobHash([]byte{0x80})
	}
	return s.Blobs
}

// add takes a fragment, which is known to stand where it belongs, and returns the array when it is complete. It fails with
// INVALID_PARAMETER when there is more than was announced.
func (w *blobWrite) add(fragment []byte) (complete []byte, err error) {
	w.arrived = append(w.arrived, fragment...)
	switch have := uint(len(w.arrived)); {
	case have > w.length:
		return nil, ctap2.InvalidParameter
	case have < w.length:
		return nil, nil
	}
	return w.arrived, nil
}

// largeBlobs is authenticatorLargeBlobs (CTAP 2.3 §6.10.2).
func (a *Authenticator) largeBlobs(_ context.Context, r *ctap2.LargeBlobsRequest) (*ctap2.LargeBlobsResponse, error) {
	if r.Offset == nil || (r.Get == nil) == (r.Set == nil) {
		return nil, ctap2.InvalidParameter
	}
	if r.Get != nil {
		return a.readBlobs(r)
	}
	return nil, a.writeBlobs(r)
}

func (a *Authenticator) readBlobs(r *ctap2.LargeBlobsRequest) (*ctap2.LargeBlobsResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.unfinished.blobs = nil // only the next fragment continues a write
	if r.Length != nil || r.PINUVAuthParam != nil || r.PINUVAuthProtocol != nil {
		return nil, ctap2.InvalidParameter
	}
	if *r.Get > a.maxFragment() {
		return nil, ctap2.InvalidLength
	}
	array := a.storage.blobs()
	if *r.Offset > uint(len(array)) {
		return nil, ctap2.InvalidParameter
	}
	rest := array[*r.Offset:]
	return &ctap2.LargeBlobsResponse{Config: bytes.Clone(rest[:min(*r.Get, uint(len(rest)))])}, nil
}

// maxFragment is maxFragmentLength: the most that one request reads or writes, in bytes (CTAP 2.3 §6.10.2).
func (a *Authenticator) maxFragment() uint { return uint(a.model.maxMessageSize() - fragmentOverhead) }

func (a *Authenticator) writeBlobs(r *ctap2.LargeBlobsRequest) error {
	if uint(len(r.Set)) > a.maxFragment() {
		return ctap2.InvalidLength
	}
	w, err := a.placeFragment(r)
	if err != nil {
		return err
	}
	if err := a.authoriseBlobs(r); err != nil {
		return err
	}
	return a.takeFragment(w, r.Set)
}

// placeFragment judges where a fragment stands, and returns the write that it belongs to: a new one at the start of an array.
func (a *Authenticator) placeFragment(r *ctap2.LargeBlobsRequest) (*blobWrite, error) {
	if *r.Offset == 0 {
		switch {
		case r.Length == nil:
			return nil, ctap2.InvalidParameter
		case *r.Length > a.model.blobCapacity():
			return nil, ctap2.LargeBlobStorageFull
		case *r.Length < smallestBlobArray:
			return nil, ctap2.InvalidParameter
		}
		return &blobWrite{length: *r.Length}, nil
	}
	now := a.world.Clock.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	w := a.unfinished.blobs
	switch {
	case r.Length != nil:
		return nil, ctap2.InvalidParameter
	case w == nil, now.After(w.until), *r.Offset != uint(len(w.arrived)):
		a.unfinished.blobs = nil
		return nil, ctap2.InvalidSeq
	}
	return w, nil
}

// takeFragment adds a fragment, and stores the array when it is complete. Whatever is wrong ends the write; the old array stays.
func (a *Authenticator) takeFragment(w *blobWrite, fragment []byte) error {
	now := a.world.Clock.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	array, err := w.add(fragment)
	switch {
	case err == nil && array == nil:
		w.until = now.Add(blobWriteLimit)
		a.unfinished.blobs = w
		return nil
	case err == nil && (hashFits(array) || a.Misbehave.SkipBlobIntegrity):
		a.storage.Blobs = array
	case err == nil:
		err = ctap2.IntegrityFailure
	}
	a.unfinished.blobs = nil
	return err
}
