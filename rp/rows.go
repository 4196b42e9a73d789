package rp

import (
	"database/sql"
	"encoding/json"
	"strings"
	"time"

	"github.com/passkeylab/passkeylab/rp/store"
)

// scanner is what *sql.Row and *sql.Rows have in common.
type scanner interface{ Scan(dest ...any) error }

// instant scans and binds a time as the store keeps it.
type instant struct{ t *time.Time }

// Scan implements sql.Scanner.
func (i instant) Scan(value any) error {
	var n sql.NullInt64
	if err := n.Scan(value); err != nil {
		return err
	}
	*i.t = store.Time(n.Int64)
	return nil
}

// jsonText scans a JSON column; ” leaves the value alone.
type jsonText struct{ into any }

// Scan implements sql.Scanner.
func (j jsonText) Scan(value any) error {
	var s sql.NullString
	if err := s.Scan(value); err != nil || s.String == "" {
		return err
	}
	return json.Unmarshal([]byte(s.String), j.into)
}

// toJSON encodes plain data, which cannot fail.
func toJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// collect runs a query and scans every row.
func collect[T any](q store.Querier, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

const userColumns = `id, handle, user_name, display_name, password, totp_secret, totp_step, demo, created_at, language, member_of, guest,
	snoozes, next_prompt_at, snoozed_session`

// account is a user with the secrets that stay in this package.
type account struct {
	User
	password, totpSecret string
	totpStep             int64
	// snoozes, nextPromptAt and snoozedSession are how the person answered the campaign.
	snoozes        int
	nextPromptAt   time.Time
	snoozedSession string
}

func scanAccount(row scanner) (a account, err error) {
	err = row.Scan(&a.ID, &a.Handle, &a.UserName, &a.DisplayName, &a.password, &a.totpSecret, &a.totpStep, &a.Demo, instant{&a.CreatedAt},
		&a.Language, jsonText{&a.Groups}, &a.Guest, &a.snoozes, instant{&a.nextPromptAt}, &a.snoozedSession)
	a.HasPassword, a.HasCode = a.password != "", a.totpSecret != ""
	return a, err
}

func accountByID(q store.Querier, id string) (account, error) {
	return scanAccount(q.QueryRow("SELECT "+userColumns+" FROM users WHERE id = ?", id))
}

func accountByName(q store.Querier, userName string) (account, error) {
	return scanAccount(q.QueryRow("SELECT "+userColumns+" FROM users WHERE user_key = ?", foldName(userName)))
}

const sessionColumns = `id, user_id, created_at, methods, proof_at, proof_method, credential_id, seen_at, expires_at, ended_at, client_family, ip_prefix, proof_aaguid`

func scanSession(row scanner) (s Session, err error) {
	var methods string
	var proofAAGUID []byte
	err = row.Scan(&s.ID, &s.UserID, instant{&s.CreatedAt}, &methods, instant{&s.ProofAt}, &s.ProofMethod, &s.CredentialID,
		instant{&s.SeenAt}, instant{&s.ExpiresAt}, instant{&s.endedAt}, &s.Client.Family, &s.Client.IPPrefix, &proofAAGUID)
	copy(s.ProofAAGUID[:], proofAAGUID)
	for method := range strings.SplitSeq(methods, ",") {
		s.Methods = append(s.Methods, Method(method))
	}
	return s, err
}

func insertSession(tx *store.Tx, s *Session) error {
	methods := make([]string, len(s.Methods))
	for i, method := range s.Methods {
		methods[i] = string(method)
	}
	_, err := tx.Exec(`INSERT INTO sessions (`+sessionColumns+`) VALUES (?,?,?,?,?,?,?,?,?,0,?,?,?)`,
		s.ID, s.UserID, store.Nanos(s.CreatedAt), strings.Join(methods, ","), store.Nanos(s.ProofAt), string(s.ProofMethod),
		s.CredentialID, store.Nanos(s.SeenAt), store.Nanos(s.ExpiresAt), s.Client.Family, s.Client.IPPrefix, s.ProofAAGUID[:])
	return err
}

const credentialColumns = `id, user_id, user_handle, public_key, algorithm, sign_count, aaguid, attestation_format, attested,
	backup_eligible, backup_state, uv_initialized, transports, attachment, name, named_by_user, account_name,
	created_at, last_used_at, last_used_client, replaced_hint, attestation_certificates`

func scanCredential(row scanner) (c Credential, err error) {
	var aaguid []byte
	err = row.Scan(&c.ID, &c.UserID, &c.UserHandle, &c.PublicKey, &c.Algorithm, &c.SignCount, &aaguid, &c.AttestationFormat, &c.Attested,
		&c.BackupEligible, &c.BackupState, &c.UVInitialized, jsonText{&c.Transports}, &c.Attachment, &c.Name, &c.NamedByUser, &c.AccountName,
		instant{&c.CreatedAt}, instant{&c.LastUsedAt}, &c.LastUsedClient, &c.ReplacedHint,
		jsonText{&c.AttestationCertificates})
	copy(c.AAGUID[:], aaguid)
	return c, err
}

func insertCredential(tx *store.Tx, c *Credential) error {
	_, err := tx.Exec(`INSERT INTO credentials (`+credentialColumns+`) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`,
		c.ID, c.UserID, c.UserHandle, c.PublicKey, c.Algorithm, c.SignCount, c.AAGUID[:], c.AttestationFormat, c.Attested,
		c.BackupEligible, c.BackupState, c.UVInitialized, toJSON(c.Transports), c.Attachment, c.Name, c.NamedByUser, c.AccountName,
		store.Nanos(c.CreatedAt), store.Nanos(c.LastUsedAt), c.LastUsedClient, c.ReplacedHint,
		toJSON(c.AttestationCertificates))
	return err
}

func credentialsOf(q store.Querier, userID string) ([]Credential, error) {
	return collect(q, scanCredential, "SELECT "+credentialColumns+" FROM credentials WHERE user_id = ? ORDER BY created_at, rowid", userID)
}

func credentialByID(q store.Querier, id []byte) (Credential, error) {
	return scanCredential(q.QueryRow("SELECT "+credentialColumns+" FROM credentials WHERE id = ?", id))
}

const runColumns = `id, user_id, session_id, flow, phone_os, key_transport, screen, furthest, after, attempt, refusals, problem,
	last_provider, interrupted, started_at, seen_at, superseded_by, closed_at, result_id, policy_digest`

func scanRun(row scanner) (r Run, err error) {
	var problem string
	err = row.Scan(&r.ID, &r.UserID, &r.SessionID, &r.Flow, &r.PhoneOS, &r.KeyTransport, &r.Screen, &r.Furthest, &r.After, &r.Attempt,
		&r.Refusals, &problem, &r.LastProvider, &r.Interrupted, instant{&r.StartedAt}, instant{&r.SeenAt}, &r.SupersededBy,
		instant{&r.ClosedAt}, &r.ResultCredentialID, &r.policyDigest)
	if err == nil && problem != "" {
		r.Problem = new(Refusal)
		err = json.Unmarshal([]byte(problem), r.Problem)
	}
	return r, err
}

func (r *Run) values() []any {
	problem := ""
	if r.Problem != nil {
		problem = toJSON(r.Problem)
	}
	return []any{r.ID, r.UserID, r.SessionID, string(r.Flow), string(r.PhoneOS), string(r.KeyTransport), string(r.Screen), string(r.Furthest),
		string(r.After), r.Attempt, r.Refusals, problem, r.LastProvider, r.Interrupted, store.Nanos(r.StartedAt), store.Nanos(r.SeenAt),
		r.SupersededBy, store.Nanos(r.ClosedAt), r.ResultCredentialID, r.policyDigest}
}

func saveRun(tx *store.Tx, r *Run) error {
	_, err := tx.Exec(`INSERT INTO runs (`+runColumns+`) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
		ON CONFLICT (id) DO UPDATE SET session_id = excluded.session_id, flow = excluded.flow, phone_os = excluded.phone_os,
		key_transport = excluded.key_transport, screen = excluded.screen, furthest = excluded.furthest, after = excluded.after,
		attempt = excluded.attempt, refusals = excluded.refusals, problem = excluded.problem, last_provider = excluded.last_provider,
		interrupted = excluded.interrupted, seen_at = excluded.seen_at, superseded_by = excluded.superseded_by,
		closed_at = excluded.closed_at, result_id = excluded.result_id, policy_digest = excluded.policy_digest`, r.values()...)
	return err
}

func runByID(q store.Querier, id string) (Run, error) {
	return scanRun(q.QueryRow("SELECT "+runColumns+" FROM runs WHERE id = ?", id))
}

// A ceremony is found by its challenge. The indexes by run, session and user leave out rows where that is empty, so a query
// that is to use one says that it is not.
const ceremonyColumns = `id, kind, run_id, session_id, user_id, binding, challenge_hash, options_digest, state, exclude_ids, issued_at, expires_at,
	consumed_at, response_digest, server_code, refusal, result_id, client_error, client_error_at`

func scanCeremony(row scanner) (c Ceremony, err error) {
	var refusal string
	err = row.Scan(&c.ID, &c.Kind, &c.RunID, &c.SessionID, &c.UserID, &c.Binding, &c.ChallengeHash, &c.OptionsDigest, jsonText{&c.state},
		jsonText{&c.ExcludeIDs}, instant{&c.IssuedAt}, instant{&c.ExpiresAt}, instant{&c.ConsumedAt}, &c.responseDigest, &c.ServerCode,
		&refusal, &c.resultID, &c.ClientErrorName, instant{&c.ClientErrorAt})
	if err == nil && refusal != "" {
		c.refusal = new(Refusal)
		err = json.Unmarshal([]byte(refusal), c.refusal)
	}
	return c, err
}

func insertCeremony(tx *store.Tx, c *Ceremony) error {
	_, err := tx.Exec(`INSERT INTO ceremonies (`+ceremonyColumns+`) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`,
		c.ID, string(c.Kind), c.RunID, c.SessionID, c.UserID, c.Binding, c.ChallengeHash, c.OptionsDigest, toJSON(c.state),
		toJSON(c.ExcludeIDs), store.Nanos(c.IssuedAt), store.Nanos(c.ExpiresAt), store.Nanos(c.ConsumedAt), c.responseDigest,
		string(c.ServerCode), c.refusalText(), c.resultID, c.ClientErrorName, store.Nanos(c.ClientErrorAt))
	return err
}

// saveCeremony keeps what became of a ceremony; what was issued never changes.
func saveCeremony(tx *store.Tx, c *Ceremony) error {
	return tx.ExecOne(`UPDATE ceremonies SET user_id = ?, consumed_at = ?, response_digest = ?, server_code = ?, refusal = ?, result_id = ?,
		client_error = ?, client_error_at = ? WHERE challenge_hash = ?`,
		c.UserID, store.Nanos(c.ConsumedAt), c.responseDigest, string(c.ServerCode), c.refusalText(), c.resultID,
		c.ClientErrorName, store.Nanos(c.ClientErrorAt), c.ChallengeHash)
}

// refusalText is the refusal as its column has it.
func (c *Ceremony) refusalText() string {
	if c.refusal == nil {
		return ""
	}
	return toJSON(c.refusal)
}

func ceremonyByChallenge(q store.Querier, hash []byte) (Ceremony, error) {
	return scanCeremony(q.QueryRow("SELECT "+ceremonyColumns+" FROM ceremonies WHERE challenge_hash = ?", hash))
}

// latestCeremony is the run's newest ceremony: the one an outcome is asked about.
func latestCeremony(q store.Querier, runID string) (Ceremony, error) {
	return scanCeremony(q.QueryRow("SELECT "+ceremonyColumns+" FROM ceremonies WHERE run_id = ? AND run_id <> '' ORDER BY issued_at DESC, rowid DESC LIMIT 1", runID))
}
