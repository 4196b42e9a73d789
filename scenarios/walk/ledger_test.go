package walk

import (
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/google/uuid"
	_ "modernc.org/sqlite" // the driver that package rp/store opens the same file with

	"github.com/passkeylab/passkeylab/rp"
)

// ledger reads the relying party's tables beside it, so that what is believed of them does not come from the code that
// is tried.
type ledger struct {
	db    *sql.DB
	stmts map[string]*sql.Stmt
}

// entries are what the tables hold about one account.
type entries struct {
	passkeys   []passkeyRow
	strays     []strayRow
	ceremonies []ceremonyRow
	runs       []runRow
	audited    map[rp.Action]int
	told       map[rp.Action]int
}

type passkeyRow struct {
	id, name string
	kept     kept
}

type strayRow struct {
	hash, reason string
	aaguid       uuid.UUID
}

type ceremonyRow struct {
	hash, run, session string
	open               bool
}

type runRow struct {
	id, session, result, problem, flow string
	screen                             rp.Screen
	superseded, over                   bool
}

// The questions, in the order of the fields of entries.
var questions = []string{
	"SELECT id, name, aaguid, backup_eligible FROM credentials WHERE user_id = ? ORDER BY created_at, rowid",
	"SELECT credential_id_hash, reason, aaguid FROM refused_tries WHERE user_id = ?",
	"SELECT challenge_hash, run_id, session_id, consumed_at FROM ceremonies WHERE user_id = ? AND kind IN ('create', 'app') ORDER BY issued_at, rowid",
	"SELECT id, session_id, flow, result_id, problem, screen, superseded_by, closed_at FROM runs WHERE user_id = ? ORDER BY started_at, rowid",
	"SELECT action, count(*) FROM audit_events WHERE user_id = ? GROUP BY action",
	"SELECT kind, count(*) FROM notices WHERE user_id = ? GROUP BY kind",
}

func openLedger(dir string) (*ledger, error) {
	file := url.URL{Scheme: "file", Opaque: filepath.Join(dir, "rp.db"), RawQuery: "_pragma=busy_timeout(5000)&_pragma=query_only(1)"}
	db, err := sql.Open("sqlite", file.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	l := &ledger{db: db, stmts: map[string]*sql.Stmt{}}
	for _, question := range questions {
		if l.stmts[question], err = db.Prepare(question); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", question, err), db.Close())
		}
	}
	return l, nil
}

// read asks all questions about one account.
func (l *ledger) read(user string) (*entries, error) {
	e := &entries{audited: map[rp.Action]int{}, told: map[rp.Action]int{}}
	for i, take := range []func(*sql.Rows) error{e.passkey, e.stray, e.ceremony, e.run, counted(e.audited), counted(e.told)} {
		rows, err := l.stmts[questions[i]].Query(user)
		if err != nil {
			return nil, err
		}
		for rows.Next() && err == nil {
			err = take(rows)
		}
		if err := errors.Join(err, rows.Err(), rows.Close()); err != nil {
			return nil, fmt.Errorf("%s: %w", questions[i], err)
		}
	}
	return e, nil
}

func (e *entries) passkey(rows *sql.Rows) error {
	var id, aaguid []byte
	var row passkeyRow
	err := rows.Scan(&id, &row.name, &aaguid, &row.kept.synced)
	row.id = base64URL(id)
	copy(row.kept.aaguid[:], aaguid)
	e.passkeys = append(e.passkeys, row)
	return err
}

func (e *entries) stray(rows *sql.Rows) error {
	var hash, aaguid []byte
	var row strayRow
	err := rows.Scan(&hash, &row.reason, &aaguid)
	row.hash = string(hash)
	copy(row.aaguid[:], aaguid)
	e.strays = append(e.strays, row)
	return err
}

func (e *entries) ceremony(rows *sql.Rows) error {
	var hash []byte
	var consumed int64
	var row ceremonyRow
	err := rows.Scan(&hash, &row.run, &row.session, &consumed)
	row.hash, row.open = string(hash), consumed == 0
	e.ceremonies = append(e.ceremonies, row)
	return err
}

func (e *entries) run(rows *sql.Rows) error {
	var result []byte
	var superseded string
	var closed int64
	var row runRow
	err := rows.Scan(&row.id, &row.session, &row.flow, &result, &row.problem, &row.screen, &superseded, &closed)
	row.result, row.superseded = base64URL(result), superseded != ""
	row.over = row.superseded || closed != 0
	e.runs = append(e.runs, row)
	return err
}

func counted(in map[rp.Action]int) func(*sql.Rows) error {
	return func(rows *sql.Rows) error {
		var action rp.Action
		var n int
		err := rows.Scan(&action, &n)
		in[action] += n
		return err
	}
}

// entries returns what is kept of this account now.
func (w *walker) entries() *entries {
	if w.known == nil {
		known, err := w.ledger.read(w.id)
		if err != nil {
			w.fail("read the tables: %v", err)
		}
		w.known = known
	}
	return w.known
}

// ceremonyOf finds the row of a ceremony, nil for none.
func (e *entries) ceremonyOf(c *ceremony) *ceremonyRow {
	hash, raw := sha256.Sum256([]byte(c.options.Challenge)), sha256.Sum256(c.challenge)
	for i := range e.ceremonies {
		if got := e.ceremonies[i].hash; got == string(hash[:]) || got == string(raw[:]) {
			return &e.ceremonies[i]
		}
	}
	return nil
}

// runAt finds the row of the run with a path, nil for none.
func (e *entries) runAt(path string) *runRow {
	for i := range e.runs {
		if strings.HasSuffix(path, "/"+e.runs[i].id) {
			return &e.runs[i]
		}
	}
	return nil
}

// hashOf is how a refused passkey is kept.
func hashOf(id string) string {
	raw, _ := base64.RawURLEncoding.DecodeString(id)
	hash := sha256.Sum256(raw)
	return string(hash[:])
}
