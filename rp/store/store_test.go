package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/passkeylab/passkeylab/rp/store"
)

func open(t testing.TB, path string, opts store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), path, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func put(s *store.Store, token string) error {
	return s.Write(context.Background(), func(tx *store.Tx) error { return tx.PutHTTPSession(token, []byte(token), time.Unix(1e9, 0)) })
}

func count(t testing.TB, s *store.Store) (n int) {
	t.Helper()
	if err := s.Read(t.Context(), func(q store.Querier) error { return q.QueryRow("SELECT count(*) FROM http_sessions").Scan(&n) }); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestGroupCommit(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "a folder", "x y?#%.db"), store.Options{MaxBatch: 8})
	var wg sync.WaitGroup
	errs := make([]error, 200)
	refused := errors.New("refused")
	for i := range errs {
		wg.Go(func() {
			errs[i] = s.Write(t.Context(), func(tx *store.Tx) error {
				if _, err := tx.Exec("INSERT INTO http_sessions (token, data, expiry) VALUES (?, x'', 0)", fmt.Sprint(i)); err != nil {
					return err
				}
				if i%3 == 0 {
					return refused
				}
				return nil
			})
		})
	}
	wg.Wait()
	for i, err := range errs {
		if (i%3 == 0) != errors.Is(err, refused) || i%3 != 0 && err != nil {
			t.Errorf("write %d: %v", i, err)
		}
	}
	if n := count(t, s); n != 133 {
		t.Errorf("%d rows, want 133: a neighbour's failure took something with it, or left something", n)
	}
	if info, err := os.Stat(s.Path()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v: the file must be its owner's alone", info.Mode(), err)
	}
}

// The context of Open ends with opening: the store lives on.
func TestOpenContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, err := store.Open(ctx, filepath.Join(t.TempDir(), "rp.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	cancel()
	if err := put(s, "x"); err != nil || count(t, s) != 1 {
		t.Errorf("%v, %d rows", err, count(t, s))
	}
}

func TestTypedErrors(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "rp.db"), store.Options{})
	insert := func(tx *store.Tx) error {
		_, err := tx.Exec("INSERT INTO http_sessions (token, data, expiry) VALUES ('one', x'', 0)")
		return err
	}
	if err := s.Write(t.Context(), insert); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.Context(), insert); !errors.Is(err, store.ErrConflict) {
		t.Errorf("twice: %v", err)
	}
	if err := s.Write(t.Context(), func(tx *store.Tx) error { return tx.ExecOne("DELETE FROM http_sessions WHERE token = 'two'") }); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("none: %v", err)
	}
	if _, err := s.HTTPSession(t.Context(), "two", time.Now()); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("none: %v", err)
	}
	if err := s.Write(t.Context(), func(tx *store.Tx) error { _, err := tx.Exec("NOT SQL"); return err }); err == nil {
		t.Error("nonsense was executed")
	}
	if err := s.Read(t.Context(), func(q store.Querier) error { _, err := q.Query("DELETE FROM http_sessions RETURNING 1"); return err }); err == nil || count(t, s) != 1 {
		t.Errorf("a reader wrote: %v", err)
	}
	var fk int
	if err := s.Write(t.Context(), func(tx *store.Tx) error { return tx.QueryRow("PRAGMA foreign_keys").Scan(&fk) }); err != nil || fk != 1 {
		t.Errorf("foreign keys %d, %v", fk, err)
	}
	var sync int
	if err := s.Write(t.Context(), func(tx *store.Tx) error { return tx.QueryRow("PRAGMA synchronous").Scan(&sync) }); err != nil || sync != 2 {
		t.Errorf("synchronous %d, %v, want 2 (FULL)", sync, err)
	}
}

func TestWithdrawnAndPanickingWrites(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "rp.db"), store.Options{})
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	ran := false
	if err := s.Write(cancelled, func(*store.Tx) error { ran = true; return nil }); err != nil && !errors.Is(err, context.Canceled) || err == nil != ran {
		t.Errorf("cancelled before: %v, ran %v", err, ran)
	}
	// A context that ends while the function runs does not break the shared transaction.
	during, cancel := context.WithCancel(t.Context())
	if err := s.Write(during, func(tx *store.Tx) error {
		cancel()
		_, err := tx.Exec("INSERT INTO http_sessions (token, data, expiry) VALUES ('kept', x'', 0)")
		return err
	}); err != nil || count(t, s) != 1 {
		t.Errorf("cancelled during: %v, %d rows", err, count(t, s))
	}
	func() {
		defer func() {
			if recover() != "boom" {
				t.Error("the panic did not reach its caller")
			}
		}()
		_ = s.Write(t.Context(), func(tx *store.Tx) error {
			_, _ = tx.Exec("INSERT INTO http_sessions (token, data, expiry) VALUES ('lost', x'', 0)")
			panic("boom")
		})
	}()
	if err := put(s, "after"); err != nil || count(t, s) != 2 {
		t.Errorf("after a panic: %v, %d rows", err, count(t, s))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := put(s, "closed"); !errors.Is(err, store.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

func TestFilesThatCannotBeUsed(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good.db")
	s := open(t, good, store.Options{})
	for i := range 200 {
		if err := put(s, strings.Repeat("x", 100)+fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name    string
		prepare func(path string)
		want    error
	}{
		{"not a database", func(path string) { write(t, path, []byte(strings.Repeat("this is a letter ", 100))) }, store.ErrCorrupt},
		{"damaged", func(path string) {
			damaged := append([]byte(nil), content...)
			for i := 4096 + 100; i < len(damaged); i += 97 {
				damaged[i] ^= 0xff
			}
			write(t, path, damaged)
		}, store.ErrCorrupt},
		{"newer", func(path string) {
			write(t, path, content)
			execute(t, path, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)")
		}, store.ErrNewer},
	} {
		path := filepath.Join(dir, tc.name)
		tc.prepare(path)
		_, err := store.Open(t.Context(), path, store.Options{})
		if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %v", tc.name, err, tc.want)
		}
	}
	if _, err := store.Open(t.Context(), dir, store.Options{}); err == nil || !strings.Contains(err.Error(), "folder") {
		t.Errorf("a folder: %v", err)
	}
	if _, err := store.Open(t.Context(), "", store.Options{}); err == nil || !strings.Contains(err.Error(), "empty") {
		t.Errorf("no path: %v", err)
	}
	again := open(t, good, store.Options{})
	if n := count(t, again); n != 200 {
		t.Errorf("%d rows after reopening, want 200", n)
	}
}

func write(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func execute(t testing.TB, path, statement string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
	return db
}

func TestLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rp.db")
	s := open(t, path, store.Options{BusyTimeout: 50 * time.Millisecond})
	other := execute(t, path, "BEGIN IMMEDIATE")
	if err := put(s, "x"); !errors.Is(err, store.ErrLocked) {
		t.Errorf("locked: %v", err)
	}
	if _, err := other.Exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := put(s, "x"); err != nil {
		t.Errorf("unlocked: %v", err)
	}
}

func TestFull(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "rp.db"), store.Options{MaxPages: 60})
	var err error
	kept := 0
	for i := 0; err == nil && i < 1000; i++ {
		if err = s.Write(t.Context(), func(tx *store.Tx) error {
			return tx.PutHTTPSession(fmt.Sprint(i), make([]byte, 3000), time.Unix(1e9, 0))
		}); err == nil {
			kept++
		}
	}
	if !errors.Is(err, store.ErrFull) {
		t.Fatalf("full: %v", err)
	}
	if n := count(t, s); n != kept {
		t.Errorf("%d rows, %d acknowledged", n, kept)
	}
	if err := s.Write(t.Context(), func(tx *store.Tx) error { return tx.DeleteHTTPSession("0") }); err != nil {
		t.Errorf("making room: %v", err)
	}
	if err := put(s, "small"); err != nil {
		t.Errorf("after making room: %v", err)
	}
}

func BenchmarkWrite(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "rp.db"), store.Options{})
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := put(s, fmt.Sprint(time.Now().UnixNano())); err != nil {
				b.Fatal(err)
			}
		}
	})
}
