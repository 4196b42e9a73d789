package rp

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"time"

	"github.com/passkeylab/passkeylab/rp/store"
)

// HTTPSessions keeps the cookie layer's sessions in the store; it is an scs.CtxStore. A row outlives a
// session by afterSession, counted by the relying party's clock: the expiry that the cookie layer computes from the machine's clock
// is not used, so that there is one clock. Only the hash of a token is kept.
type HTTPSessions struct{ rp *RelyingParty }

// afterSession is how much longer than a session its cookie is known, so that a person who comes back the same day is
// told that the session ended.
const afterSession = 12 * time.Hour

// HTTPSessions returns the persistence of the cookie layer's sessions.
func (rp *RelyingParty) HTTPSessions() *HTTPSessions { return &HTTPSessions{rp: rp} }

func tokenKey(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// FindCtx implements scs.CtxStore.
func (h *HTTPSessions) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	data, err := h.rp.store.HTTPSession(ctx, tokenKey(token), h.rp.Now())
	if errors.Is(err, store.ErrNotFound) {
		return nil, false, nil
	}
	return data, err == nil, err
}

// CommitCtx implements scs.CtxStore.
func (h *HTTPSessions) CommitCtx(ctx context.Context, token string, b []byte, _ time.Time) error {
	until := h.rp.Now().Add(h.rp.timers.SessionLife + afterSession)
	return h.write(ctx, func(tx *store.Tx) error { return tx.PutHTTPSession(tokenKey(token), b, until) })
}

// DeleteCtx implements scs.CtxStore.
func (h *HTTPSessions) DeleteCtx(ctx context.Context, token string) error {
	return h.write(ctx, func(tx *store.Tx) error { return tx.DeleteHTTPSession(tokenKey(token)) })
}

// Find implements scs.Store.
func (h *HTTPSessions) Find(token string) ([]byte, bool, error) {
	return h.FindCtx(context.Background(), token)
}

// Commit implements scs.Store.
func (h *HTTPSessions) Commit(token string, b []byte, expiry time.Time) error {
	return h.CommitCtx(context.Background(), token, b, expiry)
}

// Delete implements scs.Store.
func (h *HTTPSessions) Delete(token string) error { return h.DeleteCtx(context.Background(), token) }

// transactionKey finds the transaction that a context is within.
type transactionKey struct{}

func within(ctx context.Context, tx *store.Tx) context.Context {
	return context.WithValue(ctx, transactionKey{}, tx)
}

// write runs f within the transaction of the context, or else in one of its own.
func (h *HTTPSessions) write(ctx context.Context, f func(tx *store.Tx) error) error {
	if tx, ok := ctx.Value(transactionKey{}).(*store.Tx); ok {
		return f(tx)
	}
	return h.rp.store.Write(ctx, f)
}
