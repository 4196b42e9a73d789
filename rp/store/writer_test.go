package store

import (
	"errors"
	"path/filepath"
	"testing"
)

// Functions that share a commit see one number, whatever becomes of the others, and those of the next commit another.
func TestTransactionsHaveNumbers(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "numbers.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	s.writer.stop() // and the test takes its place
	w, err := newWriter(t.Context(), s.writeDB, Options{}.withDefaults())
	if err != nil {
		t.Fatal(err)
	}
	defer w.tx.close()
	var seen []uint64
	note := func(err error) *job {
		return &job{done: make(chan struct{}), f: func(tx *Tx) error { seen = append(seen, tx.Number()); return err }}
	}
	w.commit([]*job{note(nil), note(errors.New("refused")), note(nil)})
	w.commit([]*job{note(nil)})
	if len(seen) != 4 || seen[0] == 0 || seen[1] != seen[0] || seen[2] != seen[0] || seen[3] <= seen[2] {
		t.Errorf("numbers %d: want three that are one, and a greater one", seen)
	}
}
