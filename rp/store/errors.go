package store

import (
	"database/sql"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// The typed errors of the store. Use errors.Is.
var (
	// ErrNotFound means that no row matched.
	ErrNotFound = errors.New("no such row")
	// ErrConflict means that a row with the same key is there already.
	ErrConflict = errors.New("the row exists already")
	// ErrFull means that the disk, or the file's size limit, is reached. Nothing was written.
	ErrFull = errors.New("the disk is full; free some space and try again")
	// ErrLocked means that another process kept the file locked for longer than the busy timeout.
	ErrLocked = errors.New("another process holds the database; stop it or use another file")
	// ErrCorrupt means that the file is damaged or is not a database.
	ErrCorrupt = errors.New("the file is damaged or not a database; restore a copy or name another file")
	// ErrNewer means that a newer version of this program wrote the file.
	ErrNewer = errors.New("the database was written by a newer version; update this program or name another file")
	// ErrReadOnly means that the file cannot be written.
	ErrReadOnly = errors.New("the database cannot be written; check the file's owner and permissions")
	// ErrClosed means that the store is closed.
	ErrClosed = errors.New("the store is closed")
)

// classify puts the typed error in front of the driver's, and leaves other errors alone.
func classify(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, sql.ErrNoRows) && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	var driver *sqlite.Error
	if !errors.As(err, &driver) {
		return err
	}
	kind := kindOf(driver.Code())
	if kind == nil || errors.Is(err, kind) {
		return err
	}
	return fmt.Errorf("%w: %w", kind, err)
}

// kindOf maps SQLite's result codes: extended ones where they say more, else the primary code, its low byte.
func kindOf(code int) error {
	switch code {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return ErrConflict
	}
	switch code & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return ErrLocked
	case sqlite3.SQLITE_FULL:
		return ErrFull
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return ErrCorrupt
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return ErrReadOnly
	}
	return nil
}
