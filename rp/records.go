package rp

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"

	"github.com/passkeylab/passkeylab/rp/store"
)

// actorSystem is the actor of what no user did.
const actorSystem = "system"

// audit appends to the audit log; the instant and the support code are filled in, and the user is the actor
// unless the event names another.
func (rp *RelyingParty) audit(ctx context.Context, tx *store.Tx, e AuditEvent) error {
	if e.Actor == "" {
		e.Actor = e.UserID
	}
	rp.log.InfoContext(ctx, "audit", "user", e.UserID, "action", string(e.Action), "target", e.Target, "code", string(e.Code), "request", RequestID(ctx))
	_, err := tx.Exec(`INSERT INTO audit_events (user_id, actor, action, target, code, at, request_id) VALUES (?,?,?,?,?,?,?)`,
		e.UserID, e.Actor, string(e.Action), e.Target, string(e.Code), store.Nanos(rp.Now()), RequestID(ctx))
	return err
}

// notify puts a message to the user into the outbox, in the language of their profile, or else in the one they read now.
func (rp *RelyingParty) notify(ctx context.Context, tx *store.Tx, userID string, kind Action, subject string) error {
	_, err := tx.Exec(`INSERT INTO notices (user_id, kind, subject, at, language)
		VALUES (?1,?2,?3,?4,COALESCE((SELECT NULLIF(language, '') FROM users WHERE id = ?1), ?5))`,
		userID, string(kind), subject, store.Nanos(rp.Now()), languageIn(ctx))
	return err
}

// idTail is how logs and pages name a credential: the last 8 characters of its base64url id.
func idTail(id []byte) string {
	key := base64.RawURLEncoding.EncodeToString(id)
	return key[max(0, len(key)-8):]
}

// rememberStray records a refused passkey, once.
func (rp *RelyingParty) rememberStray(tx *store.Tx, try RefusedTry) error {
	_, err := tx.Exec(`INSERT INTO refused_tries (credential_id_hash, user_id, run_id, aaguid, reason, scope, at)
		SELECT ?1,?2,?3,?4,?5,?6,?7 WHERE NOT EXISTS (SELECT 1 FROM refused_tries WHERE credential_id_hash = ?1 AND user_id = ?2 AND run_id = ?3)`,
		try.CredentialIDHash, try.UserID, try.RunID, try.AAGUID[:], string(try.Reason), string(try.Scope), store.Nanos(rp.Now()))
	return err
}

const refusedTryColumns = `id, credential_id_hash, user_id, run_id, aaguid, reason, scope, at, dismissed`

func (rp *RelyingParty) scanRefusedTry(row scanner) (t RefusedTry, err error) {
	var aaguid []byte
	err = row.Scan(&t.ID, &t.CredentialIDHash, &t.UserID, &t.RunID, &aaguid, &t.Reason, &t.Scope, instant{&t.At}, &t.Dismissed)
	copy(t.AAGUID[:], aaguid)
	t.Provider = rp.Provider(t.AAGUID)
	return t, err
}

// findStray looks for a refused passkey by its id, within Timers.StrayMemory.
func (rp *RelyingParty) findStray(q store.Querier, credentialID []byte) (*RefusedTry, error) {
	hash := sha256.Sum256(credentialID)
	try, err := rp.scanRefusedTry(q.QueryRow("SELECT "+refusedTryColumns+" FROM refused_tries WHERE credential_id_hash = ? AND at > ? ORDER BY id DESC LIMIT 1",
		hash[:], rp.strayHorizon()))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &try, nil
}

func (rp *RelyingParty) strayHorizon() int64 {
	return store.Nanos(rp.Now().Add(-rp.timers.StrayMemory))
}

func (rp *RelyingParty) refusedTriesOf(q store.Querier, userID string) ([]RefusedTry, error) {
	return collect(q, rp.scanRefusedTry, "SELECT "+refusedTryColumns+" FROM refused_tries WHERE user_id = ? AND at > ? ORDER BY id DESC",
		userID, rp.strayHorizon())
}

// Credentials returns the user's passkeys, oldest first.
func (rp *RelyingParty) Credentials(ctx context.Context, userID string) (list []Credential, err error) {
	err = rp.read(ctx, "credentials", func(q store.Querier) error {
		list, err = credentialsOf(q, userID)
		return err
	})
	return list, err
}

// RefusedTries returns the user's refused passkeys of the last Timers.StrayMemory, newest first.
func (rp *RelyingParty) RefusedTries(ctx context.Context, userID string) (list []RefusedTry, err error) {
	err = rp.read(ctx, "refused tries", func(q store.Querier) error {
		list, err = rp.refusedTriesOf(q, userID)
		return err
	})
	return list, err
}

// AuditEvents returns what the audit log holds about the user, oldest first; an empty userID gives the whole log.
func (rp *RelyingParty) AuditEvents(ctx context.Context, userID string) (list []AuditEvent, err error) {
	err = rp.read(ctx, "audit events", func(q store.Querier) error {
		list, err = collect(q, scanAudit, `SELECT id, user_id, actor, action, target, code, at, request_id FROM audit_events WHERE ?1 = '' OR user_id = ?1 ORDER BY id`, userID)
		return err
	})
	return list, err
}

// LatestAudit returns the newest events of the whole log, newest first, at most that many.
func (rp *RelyingParty) LatestAudit(ctx context.Context, most int) (list []AuditEvent, err error) {
	err = rp.read(ctx, "latest audit", func(q store.Querier) error {
		list, err = collect(q, scanAudit, `SELECT id, user_id, actor, action, target, code, at, request_id FROM audit_events ORDER BY id DESC LIMIT ?`, most)
		return err
	})
	return list, err
}

func scanAudit(row scanner) (e AuditEvent, err error) {
	return e, row.Scan(&e.ID, &e.UserID, &e.Actor, &e.Action, &e.Target, &e.Code, instant{&e.At}, &e.RequestID)
}

// Notices returns the user's notices, newest first; an empty userID gives everybody's.
func (rp *RelyingParty) Notices(ctx context.Context, userID string) (list []Notice, err error) {
	err = rp.read(ctx, "notices", func(q store.Querier) error {
		list, err = collect(q, func(row scanner) (n Notice, err error) {
			return n, row.Scan(&n.ID, &n.UserID, &n.Kind, &n.Subject, instant{&n.At}, &n.Language, &n.UserName)
		}, `SELECT n.id, n.user_id, n.kind, n.subject, n.at, n.language, COALESCE(u.user_name, '')
			FROM notices n LEFT JOIN users u ON u.id = n.user_id WHERE ?1 = '' OR n.user_id = ?1 ORDER BY n.id DESC`, userID)
		return err
	})
	return list, err
}

// Runs returns the user's runs, oldest first; those that are over have ClosedAt or SupersededBy set.
func (rp *RelyingParty) Runs(ctx context.Context, userID string) (list []Run, err error) {
	err = rp.read(ctx, "runs", func(q store.Querier) error {
		list, err = collect(q, scanRun, "SELECT "+runColumns+" FROM runs WHERE user_id = ? ORDER BY started_at, rowid", userID)
		return err
	})
	return list, err
}

// Ceremonies returns the user's ceremonies, oldest first. A sign-in belongs to a user once it succeeded.
func (rp *RelyingParty) Ceremonies(ctx context.Context, userID string) (list []Ceremony, err error) {
	err = rp.read(ctx, "ceremonies", func(q store.Querier) error {
		list, err = collect(q, scanCeremony, "SELECT "+ceremonyColumns+" FROM ceremonies WHERE user_id = ? AND user_id <> '' ORDER BY issued_at, rowid", userID)
		return err
	})
	return list, err
}
