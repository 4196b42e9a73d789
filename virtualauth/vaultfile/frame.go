package vaultfile

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"

	"github.com/fxamacker/cbor/v2"
	"golang.org/x/crypto/chacha20poly1305"
)

const (
	marker          = "\x9erec"
	frameHeadLength = 12
	nonceLength     = chacha20poly1305.NonceSizeX
	frameOverhead   = frameHeadLength + nonceLength + chacha20poly1305.Overhead
)

// change is one element of a frame's list.
type change struct {
	Name string `cbor:"1,keyasint"`
	// Value is null when the name is forgotten.
	Value []byte `cbor:"2,keyasint"`
}

// weight is about how many bytes a frame with one value takes.
func weight(name string, value []byte) int64 {
	const structure = 16 // heads of CBOR
	return int64(frameOverhead + structure + len(name) + len(value))
}

// strict is immutable once made and safe for concurrent use.
var strict = func() cbor.DecMode {
	mode, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField, MaxArrayElements: 1 << 24,
	}.DecMode()
	if err != nil {
		panic(err) // constant options: right on every run or wrong on every run
	}
	return mode
}()

// seal makes the frame that will stand at an offset.
func (k keys) seal(offset int64, changes map[string][]byte) ([]byte, error) {
	list := make([]change, 0, len(changes))
	for _, name := range slices.Sorted(maps.Keys(changes)) { // sorted, so that the same changes give the same bytes
		list = append(list, change{Name: name, Value: changes[name]})
	}
	content, err := cbor.Marshal(list)
	if err != nil {
		return nil, fmt.Errorf("vaultfile: encode: %w", err)
	}
	aead, err := chacha20poly1305.NewX(k.sealing)
	if err != nil {
		return nil, fmt.Errorf("vaultfile: seal: %w", err)
	}
	place := binary.BigEndian.AppendUint64(nil, uint64(offset))
	mac := hmac.New(sha256.New, k.nonces)
	mac.Write(place)
	mac.Write(content)
	nonce := mac.Sum(nil)[:nonceLength]

	frame := append(make([]byte, 0, frameOverhead+len(content)), marker...)
	frame = binary.BigEndian.AppendUint32(frame, uint32(len(content)+chacha20poly1305.Overhead))
	frame = binary.BigEndian.AppendUint32(frame, crc32.Checksum(frame, castagnoli))
	frame = append(frame, nonce...)
	return aead.Seal(frame, nonce, content, place), nil
}

// errTorn says that a frame ends where the file does, before its time.
var errTorn = errors.New("the frame ends early")

// unseal reads the frame at an offset and returns its changes and where it ends.
func (k keys) unseal(data []byte, offset int64) (changes map[string][]byte, end int64, err error) {
	rest := data[offset:]
	if len(rest) < frameHeadLength {
		return nil, 0, errTorn
	}
	if string(rest[:4]) != marker || crc32.Checksum(rest[:8], castagnoli) != binary.BigEndian.Uint32(rest[8:]) {
		return nil, 0, errors.New("no frame begins here")
	}
	length := int64(binary.BigEndian.Uint32(rest[4:]))
	if length > int64(len(rest)-frameHeadLength-nonceLength) {
		return nil, 0, errTorn
	}
	aead, err := chacha20poly1305.NewX(k.sealing)
	if err != nil {
		return nil, 0, err
	}
	nonce, sealed := rest[frameHeadLength:][:nonceLength], rest[frameHeadLength+nonceLength:][:length]
	content, err := aead.Open(nil, nonce, sealed, binary.BigEndian.AppendUint64(nil, uint64(offset)))
	if err != nil {
		return nil, 0, errors.New("the frame's seal is broken")
	}
	if changes, err = parseChanges(content); err != nil {
		return nil, 0, err
	}
	return changes, offset + frameHeadLength + nonceLength + length, nil
}

// parseChanges reads a frame's content.
func parseChanges(content []byte) (map[string][]byte, error) {
	var list []change
	if err := strict.Unmarshal(content, &list); err != nil {
		return nil, fmt.Errorf("the frame's content is malformed: %w", err)
	}
	changes := make(map[string][]byte, len(list))
	for _, c := range list {
		changes[c.Name] = c.Value
	}
	return changes, nil
}

// replay applies all frames and returns where the last good one ends. What cannot be read it adds to damaged, and goes on with
// the next frame that can.
func (f *File) replay(data []byte, damaged *CorruptError) (end int64) {
	end = headerLength
	for at := end; at < int64(len(data)); {
		changes, next, err := f.keys.unseal(data, at)
		if err == nil {
			f.apply(changes)
			at, end = next, next
			continue
		}
		next = f.nextFrame(data, at+1)
		// A write that was cut short leaves a frame without its end, or, after a loss of power, nothing but zeros.
		torn := errors.Is(err, errTorn) || len(bytes.Trim(data[at:], "\x00")) == 0
		if next == int64(len(data)) && torn {
			return end
		}
		damaged.add(at, next-at, err.Error())
		at = next
	}
	return end
}

// nextFrame looks for the next good frame, and returns the end of data when there is none.
func (f *File) nextFrame(data []byte, from int64) int64 {
	for at := from; at < int64(len(data)); at++ {
		step := bytes.Index(data[at:], []byte(marker))
		if step < 0 {
			break
		}
		at += int64(step)
		if _, _, err := f.keys.unseal(data, at); err == nil {
			return at
		}
	}
	return int64(len(data))
}
