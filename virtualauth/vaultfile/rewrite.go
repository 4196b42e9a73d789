package vaultfile

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
)

// rewrite writes all values into a new file, one frame each, so that damage to one harms no other, and puts it in the place of
// the old one. Until that has happened, the old one is as it was; a failure after that breaks f.
func (f *File) rewrite() error {
	head, k, err := f.head.renew(f.options.Rand, f.keys.master)
	if err != nil {
		return err
	}
	var content bytes.Buffer
	content.Write(head[:])
	for _, name := range slices.Sorted(maps.Keys(f.values)) {
		frame, err := k.seal(int64(content.Len()), map[string][]byte{name: f.values[name]})
		if err != nil {
			return err
		}
		content.Write(frame)
	}
	fresh := f.options.Path + ".new"
	if err := writeDurably(fresh, content.Bytes()); err != nil {
		return fmt.Errorf("vaultfile: write anew: %w", err)
	}
	if err := f.replace(fresh); err != nil {
		f.broken = err // nobody knows which of the two is there
		return fmt.Errorf("vaultfile: write anew: %w", err)
	}
	f.head, f.keys, f.end = head, k, int64(content.Len())
	return nil
}

// replace puts a new file in the place of the old one and opens it.
func (f *File) replace(fresh string) error {
	if f.log != nil && runtime.GOOS == "windows" { // which does not rename over an open file
		if err := f.log.Close(); err != nil {
			return err
		}
	}
	if err := os.Rename(fresh, f.options.Path); err != nil {
		return err
	}
	if err := syncDirectory(filepath.Dir(f.options.Path)); err != nil {
		return err
	}
	log, err := os.OpenFile(f.options.Path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if f.log != nil && runtime.GOOS != "windows" {
		err = f.log.Close()
	}
	f.log = log
	return err
}

// writeDurably makes a file that only its owner may read, and returns when it is on the disk.
func writeDurably(path string, content []byte) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) { // one left behind may have other permissions
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// syncDirectory makes a rename durable. Windows has no such thing and needs none.
func syncDirectory(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	directory, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}
