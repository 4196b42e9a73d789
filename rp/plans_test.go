package rp_test

import (
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/store"
)

// No request reads a whole table of those that grow with use: a plan that would is named.
func TestNoStatementOfARequestScansATable(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "rp.db"), store.Options{Trace: func(statement string) {
		mu.Lock()
		defer mu.Unlock()
		if !slices.Contains(asked, statement) {
			asked = append(asked, statement)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	l := newLab(t, withApps, func(c *rp.Config) { c.Store = db })
	p := l.signedIn("mia")
	d := newDevice(appAndroid)
	made := p.register(d)
	if _, err := l.signInWith(d, made); err != nil {
		t.Fatal(err)
	}
	p.begin(p.anywhere())
	app := p.signsInToTheApp()
	app.begins()
	p.clock.add(time.Second) // what was made before is not what the wizard looks for
	p.looks(p.lookingFor(), rp.V2)
	must(p.Ceremonies(p.ctx, p.user.ID))
	mu.Lock()
	statements := slices.Clone(asked)
	mu.Unlock()
	for _, statement := range statements {
		for _, table := range []string{"ceremonies", "credentials", "sessions", "users", "audit_events", "http_sessions", "runs", "refused_tries"} {
			if plan := planOf(t, db, statement); strings.Contains(plan, "SCAN "+table) {
				t.Errorf("%s\n\tscans: %s", statement, plan)
			}
		}
	}
}

// planOf is how SQLite would find the rows; the values do not matter to it.
func planOf(t testing.TB, db *store.Store, statement string) string {
	t.Helper()
	var steps []string
	err := db.Read(t.Context(), func(q store.Querier) error {
		values := make([]any, strings.Count(statement, "?"))
		rows, err := q.Query("EXPLAIN QUERY PLAN "+statement, values...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var id, parent, unused int
			var step string
			if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
				return err
			}
			steps = append(steps, step)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return strings.Join(steps, "; ")
}
