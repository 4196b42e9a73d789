package main

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/rp/store"
)

// A large database is served before all of it was looked at; damage that is found then ends the serving, and is named.
func TestDamageThatIsFoundLaterStopsTheServing(t *testing.T) {
	for name, damaged := range map[string]bool{"damaged": true, "whole": false} {
		t.Run(name, func(t *testing.T) {
			db := largeDatabase(t, damaged)
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			err := examine(ctx, db, stop)
			if errors.Is(err, store.ErrCorrupt) != damaged || (ctx.Err() != nil) != damaged {
				t.Errorf("found %v; stopped: %v", err, ctx.Err())
			}
			if damaged && !strings.Contains(err.Error(), db.Path()) {
				t.Errorf("the file is not named: %v", err)
			}
		})
	}
}

// largeDatabase is opened as a large one is, with damage far from the edges of everything in it, or without.
func largeDatabase(t *testing.T, damaged bool) *store.Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "passkeylab.db")
	fresh, err := store.Open(t.Context(), path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := fresh.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i<2000)
		INSERT INTO locks (subject, failures, locked_until, changed_at) SELECT format('subject-%0100d', i), 0, 0, 0 FROM n`)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if damaged {
		damage(t, path)
	}
	large, err := store.Open(t.Context(), path, store.Options{CheckPages: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = large.Close() })
	return large
}

// damage overwrites the page of the table's middle row.
func damage(t *testing.T, path string) {
	t.Helper()
	const pageSize, tableLeaf = 4096, 0x0d
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := pageSize; at < len(content); at += pageSize {
		page := content[at : at+pageSize]
		if page[0] == tableLeaf && strings.Contains(string(page), "001000") {
			copy(page, strings.Repeat("y", pageSize))
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatal("the middle row is on no page")
}
