package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
)

// This file looks for damage. A check of the whole file reads every page: half a gigabyte, which a million passkeys need, takes
// seconds. So a large file that was closed well is checked at its edges before it is used, and wholly beside its use.

// Check looks for damage in the whole file, unless Open has done that; it fails with ErrCorrupt. It may run for seconds, and keeps
// nobody from reading or writing meanwhile.
func (s *Store) Check(ctx context.Context) error {
	if s.checked {
		return nil
	}
	db, err := sql.Open("sqlite", dsn(s.path, Options{}.withDefaults(), true)) // so that it holds up no reader
	if err != nil {
		return fmt.Errorf("store: check %s: %w", s.path, classify(err))
	}
	defer db.Close() // nothing was written
	if err := checkWholly(ctx, db); err != nil {
		return fmt.Errorf("store: check %s: %w", s.path, classify(err))
	}
	return nil
}

// wasClosedWell reports whether whoever used the file last closed it: then all is in the file, and its write-ahead log is gone.
func wasClosedWell(path string) bool {
	info, err := os.Stat(path + "-wal")
	return err != nil || info.Size() == 0
}

// checkBefore looks for damage before anything is written, and reports whether it looked everywhere: in a file of at most that many
// pages, and in one that was not closed well. Whether the file is as long as it says SQLite itself finds out.
func checkBefore(ctx context.Context, db *sql.DB, pages int, closedWell bool) (wholly bool, err error) {
	var have int
	if err := db.QueryRowContext(ctx, "PRAGMA page_count").Scan(&have); err != nil {
		return false, err
	}
	if have > pages && closedWell {
		return false, checkEdges(ctx, db)
	}
	return true, checkWholly(ctx, db)
}

// checkWholly checks every page.
func checkWholly(ctx context.Context, db *sql.DB) error {
	var result string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&result); err != nil {
		return err
	}
	if result != "ok" {
		return fmt.Errorf("%w: %s", ErrCorrupt, result)
	}
	return nil
}

// checkEdges reads the schema, and the first and the last entry of each table and index: the pages from the root of its tree to
// both ends.
func checkEdges(ctx context.Context, db *sql.DB) error {
	trees, err := treesOf(ctx, db)
	if err != nil {
		return err
	}
	for _, tree := range trees {
		for _, order := range []string{"ASC", "DESC"} {
			var entry any
			err := db.QueryRowContext(ctx, tree+order+" LIMIT 1").Scan(&entry)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
		}
	}
	return nil
}

// treesOf returns, for each table and each whole index on a column, a query that goes through it in order. A table without row ids
// is the index of its key.
func treesOf(ctx context.Context, db *sql.DB) (queries []string, err error) {
	rows, err := db.QueryContext(ctx, `
		SELECT format('SELECT rowid FROM "%w" NOT INDEXED ORDER BY rowid ', name) FROM pragma_table_list
		WHERE schema = 'main' AND type = 'table' AND wr = 0
		UNION ALL
		SELECT format('SELECT "%w" FROM "%w" INDEXED BY "%w" ORDER BY "%w" ', c.name, t.name, i.name, c.name)
		FROM pragma_table_list AS t, pragma_index_list(t.name) AS i, pragma_index_info(i.name) AS c
		WHERE t.schema = 'main' AND t.type = 'table' AND i.partial = 0 AND c.seqno = 0 AND c.name IS NOT NULL`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var query string
		if err := rows.Scan(&query); err != nil {
			return nil, err
		}
		queries = append(queries, query)
	}
	return queries, rows.Err()
}
