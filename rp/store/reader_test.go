package store_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"sync"
	"testing"

	"github.com/passkeylab/passkeylab/rp/store"
)

// rows reads the number of sessions with the statement that everybody here shares.
func rows(q store.Querier) (n int, err error) {
	err = q.QueryRow("SELECT count(*) FROM http_sessions").Scan(&n)
	return n, err
}

func TestReaderSeesOneSnapshotWhateverIsWrittenMeanwhile(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "rp.db"), store.Options{Readers: 1})
	err := s.Read(t.Context(), func(q store.Querier) error {
		before, err := rows(q)
		if err != nil {
			return err
		}
		if err := put(s, "meanwhile"); err != nil {
			return err
		}
		after, err := rows(q)
		if before != 0 || after != 0 {
			t.Errorf("%d rows, then %d within one snapshot", before, after)
		}
		return err
	})
	if err != nil || count(t, s) != 1 {
		t.Errorf("%v; the next snapshot has %d rows, want 1", err, count(t, s))
	}
}

func TestMoreReadsThanConnectionsAllEnd(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "rp.db"), store.Options{Readers: 2})
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if n := count(t, s); n != 0 {
				t.Errorf("%d rows", n)
			}
		})
	}
	all.Wait()
}

// A reader that ends badly leaves its connection, of which there is one here, fit for the next.
func TestConnectionServesAfterWhateverEndedARead(t *testing.T) {
	refused := errors.New("refused")
	for name, end := range map[string]func(context.Context, *store.Store){
		"an error": func(ctx context.Context, s *store.Store) {
			if err := s.Read(ctx, func(store.Querier) error { return refused }); !errors.Is(err, refused) {
				t.Errorf("got %v", err)
			}
		},
		"a panic": func(ctx context.Context, s *store.Store) {
			defer func() { _ = recover() }()
			_ = s.Read(ctx, func(store.Querier) error { panic("reading") })
		},
		"a query that is none": func(ctx context.Context, s *store.Store) {
			err := s.Read(ctx, func(q store.Querier) error {
				if _, err := q.Query("SELECT nothing FROM nowhere"); err == nil {
					t.Error("the query was accepted")
				}
				return q.QueryRow("SELECT nothing FROM nowhere").Scan(new(int))
			})
			if err == nil {
				t.Error("the row was accepted")
			}
		},
		"rows that were not read": func(ctx context.Context, s *store.Store) {
			var left *sql.Rows
			err := s.Read(ctx, func(q store.Querier) (err error) {
				left, err = q.Query("SELECT name FROM sqlite_master")
				left.Next()
				return errors.Join(err, left.Close())
			})
			if err != nil {
				t.Error(err)
			}
		},
		"a context that ended before": func(ctx context.Context, s *store.Store) {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			if err := s.Read(ctx, func(store.Querier) error { return nil }); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		},
		"a context that ends meanwhile": func(ctx context.Context, s *store.Store) {
			ctx, cancel := context.WithCancel(ctx)
			err := s.Read(ctx, func(q store.Querier) error {
				cancel()
				_, err := rows(q)
				return err
			})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, filepath.Join(t.TempDir(), "rp.db"), store.Options{Readers: 1})
			end(t.Context(), s)
			if err := put(s, "later"); err != nil {
				t.Fatal(err)
			}
			if n := count(t, s); n != 1 {
				t.Errorf("the next read sees %d rows, want 1", n)
			}
		})
	}
}

func TestReadingAfterCloseIsRefused(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "rp.db"), store.Options{})
	count(t, s)
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if err := s.Read(t.Context(), func(store.Querier) error { return nil }); !errors.Is(err, store.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

// What need not be durable is there all the same for whoever reads it.
func TestNotDurableStoreKeepsWhatWasWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rp.db")
	s := open(t, path, store.Options{NotDurable: true})
	if err := errors.Join(put(s, "one"), s.Close()); err != nil {
		t.Fatal(err)
	}
	if n := count(t, open(t, path, store.Options{})); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
}
