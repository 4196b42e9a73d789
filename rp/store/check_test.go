package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/rp/store"
)

// manyRows are enough for a tree with more than one level.
const manyRows = 2000

// filled is a file with many rows that was closed well.
func filled(t *testing.T) (path string, content []byte) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "filled.db")
	s := open(t, path, store.Options{NotDurable: true})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db := execute(t, path, fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i<%d)
		INSERT INTO locks (subject, failures, locked_until, changed_at) SELECT '%s' || format('%%06d', i), 0, 0, 0 FROM n`, manyRows-1, strings.Repeat("x", 100)))
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, content
}

// subject is the key of a row; it sorts as its number does.
func subject(i int) string { return strings.Repeat("x", 100) + fmt.Sprintf("%06d", i) }

const pageSize = 4096

// The kinds of a page of a tree that has entries and no pages below it: its first byte.
const (
	tableLeaf = 0x0d
	indexLeaf = 0x0a
)

// leaf finds the page of a kind that holds a row.
func leaf(t *testing.T, content []byte, kind byte, row int) int {
	t.Helper()
	for at := pageSize; at < len(content); at += pageSize {
		if content[at] == kind && strings.Contains(string(content[at:at+pageSize]), subject(row)) {
			return at
		}
	}
	t.Fatalf("row %d is on no page of kind %d", row, kind)
	return 0
}

// spoiled is the content with one page of nonsense.
func spoiled(content []byte, page int) []byte {
	damaged := append([]byte(nil), content...)
	copy(damaged[page:], strings.Repeat("y", pageSize))
	return damaged
}

// large makes every file count as a large one.
var large = store.Options{CheckPages: 1}

// A large file that was closed well is open before the damage in its middle is found; Check finds it. After a crash, Open does.
func TestDamageInALargeFileIsFoundBesideItsUse(t *testing.T) {
	path, content := filled(t)
	if pages := len(content) / pageSize; pages < 50 {
		t.Fatalf("%d pages are too few for this test", pages)
	}
	damaged := spoiled(content, leaf(t, content, tableLeaf, manyRows/2))
	write(t, path, damaged)

	s := open(t, path, large)
	if err := s.Check(t.Context()); !errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), path) {
		t.Errorf("beside its use: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, path, damaged)
	write(t, path+"-wal", []byte("what a crash leaves behind"))
	if _, err := store.Open(t.Context(), path, large); !errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), path) {
		t.Errorf("after a crash: %v", err)
	}
}

func TestDamageAtTheEdgesOfALargeFileIsFoundAtOnce(t *testing.T) {
	path, content := filled(t)
	for name, damaged := range map[string][]byte{
		"no header": append([]byte(strings.Repeat("letter ", 14)), content[98:]...), "cut short": content[:len(content)/2/pageSize*pageSize],
		"first row": spoiled(content, leaf(t, content, tableLeaf, 0)), "last row": spoiled(content, leaf(t, content, tableLeaf, manyRows-1)),
		"first of the index": spoiled(content, leaf(t, content, indexLeaf, 0)), "last of the index": spoiled(content, leaf(t, content, indexLeaf, manyRows-1)),
	} {
		t.Run(name, func(t *testing.T) {
			write(t, path, damaged)
			if _, err := store.Open(t.Context(), path, large); !errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAWholeFileHasNothingToCheckLater(t *testing.T) {
	path, _ := filled(t)
	for name, o := range map[string]store.Options{"small": {}, "large": large} {
		t.Run(name, func(t *testing.T) {
			s := open(t, path, o)
			if err := s.Check(t.Context()); err != nil {
				t.Error(err)
			}
			ended, end := context.WithCancel(t.Context())
			end()
			if err := s.Check(ended); (err != nil) != (name == "large") {
				t.Errorf("asked to stop: %v", err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(path + "-wal"); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the log stays: %v", err)
			}
		})
	}
}
