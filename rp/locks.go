package rp

import (
	"database/sql"
	"errors"
	"time"

	"github.com/passkeylab/passkeylab/rp/store"
)

// lockSubject is something that can be guessed at: the sign-in of a user name, known or not, or the one-time
// code of an account, or its password by who is signed in. Unknown names lock like known ones, so that a lock tells nothing.
type lockSubject string

func signInSubject(userName string) lockSubject { return lockSubject("sign-in:" + foldName(userName)) }
func codeSubject(userID string) lockSubject     { return lockSubject("code:" + userID) }
func passwordSubject(userID string) lockSubject { return lockSubject("password:" + userID) }

// lockedUntil returns when the subject may be tried again, zero when now.
func (rp *RelyingParty) lockedUntil(q store.Querier, subject lockSubject) (time.Time, error) {
	var until time.Time
	err := q.QueryRow("SELECT locked_until FROM locks WHERE subject = ?", string(subject)).Scan(instant{&until})
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	if err != nil || !rp.Now().Before(until) {
		return time.Time{}, err
	}
	return until, nil
}

// lockRefusal is the answer while the subject is locked, nil when it is not.
func (rp *RelyingParty) lockRefusal(q store.Querier, subject lockSubject) (*Refusal, error) {
	until, err := rp.lockedUntil(q, subject)
	if err != nil || until.IsZero() {
		return nil, err
	}
	refusal := refuse(CodeLocked, nil)
	refusal.RetryAt = until
	return refusal, nil
}

// countFailure notes one wrong try and returns how many are left; at none the subject is locked for
// Timers.Lock, and the count starts anew after that.
func (rp *RelyingParty) countFailure(tx *store.Tx, subject lockSubject) (left int, until time.Time, err error) {
	var failures int
	err = tx.QueryRow("SELECT failures FROM locks WHERE subject = ?", string(subject)).Scan(&failures)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, until, err
	}
	now := rp.Now()
	if failures++; failures >= MaxTries {
		failures, until = 0, now.Add(rp.timers.Lock)
	} else {
		left = MaxTries - failures
	}
	_, err = tx.Exec(`INSERT INTO locks (subject, failures, locked_until, changed_at) VALUES (?,?,?,?)
		ON CONFLICT (subject) DO UPDATE SET failures = excluded.failures, locked_until = excluded.locked_until, changed_at = excluded.changed_at`,
		string(subject), failures, store.Nanos(until), store.Nanos(now))
	return left, until, err
}

func clearFailures(tx *store.Tx, subject lockSubject) error {
	_, err := tx.Exec("DELETE FROM locks WHERE subject = ?", string(subject))
	return err
}

// wrongTry counts a failure and returns the refusal for it: code with the tries that are left, or CodeLocked.
func (rp *RelyingParty) wrongTry(tx *store.Tx, subject lockSubject, code Code) (*Refusal, error) {
	left, until, err := rp.countFailure(tx, subject)
	if err != nil {
		return nil, err
	}
	if !until.IsZero() {
		refusal := refuse(CodeLocked, nil)
		refusal.RetryAt = until
		return refusal, nil
	}
	refusal := refuse(code, nil)
	refusal.TriesLeft = left
	return refusal, nil
}
