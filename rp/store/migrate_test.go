package store

import (
	"database/sql"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/pressly/goose/v3"
)

// What an earlier version kept is there after the ceremonies moved to their new table, and after they moved back.
func TestCeremoniesSurviveTheirMove(t *testing.T) {
	path := filepath.Join(t.TempDir(), "moved.db")
	db, err := sql.Open("sqlite", dsn(path, Options{}.withDefaults(), false))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), 5); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), `INSERT INTO ceremonies (id, kind, run_id, session_id, user_id, binding, challenge_hash,
		options_digest, state, exclude_ids, issued_at, expires_at, response_digest, client_error, client_error_at)
		VALUES ('c', 'create', 'r', 's', 'u', 'b', x'01', 'd', '{}', '[]', 1, 2, x'03', 'e', 4)`); err != nil {
		t.Fatal(err)
	}
	look := func(when string) {
		t.Helper()
		var got string
		err := db.QueryRowContext(t.Context(), `SELECT concat_ws(' ', id, kind, run_id, session_id, user_id, binding, hex(challenge_hash), options_digest,
			state, exclude_ids, issued_at, expires_at, consumed_at, hex(response_digest), server_code, client_error, client_error_at) FROM ceremonies`).Scan(&got)
		if want := "c create r s u b 01 d {} [] 1 2 0 03  e 4"; err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", when, got, err, want)
		}
	}
	if _, err := provider.UpTo(t.Context(), 6); err != nil {
		t.Fatal(err)
	}
	look("moved")
	if _, err := provider.DownTo(t.Context(), 5); err != nil {
		t.Fatal(err)
	}
	look("moved back")
}
