package store

import (
	"context"
	"time"
)

// HTTPSession returns the cookie layer's data for token, ErrNotFound when there is none or it expired at or
// before now.
func (s *Store) HTTPSession(ctx context.Context, token string, now time.Time) (data []byte, err error) {
	err = s.Read(ctx, func(q Querier) error {
		return q.QueryRow("SELECT data FROM http_sessions WHERE token = ? AND expiry > ?", token, Nanos(now)).Scan(&data)
	})
	return data, err
}

// PutHTTPSession keeps the cookie layer's data for token until expiry.
func (t *Tx) PutHTTPSession(token string, data []byte, expiry time.Time) error {
	_, err := t.Exec(`INSERT INTO http_sessions (token, data, expiry) VALUES (?, ?, ?)
		ON CONFLICT (token) DO UPDATE SET data = excluded.data, expiry = excluded.expiry`, token, data, Nanos(expiry))
	return err
}

// DeleteHTTPSession forgets token; one that is not there is no error.
func (t *Tx) DeleteHTTPSession(token string) error {
	_, err := t.Exec("DELETE FROM http_sessions WHERE token = ?", token)
	return err
}
