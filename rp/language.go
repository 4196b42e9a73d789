package rp

import (
	"context"
	"fmt"

	"golang.org/x/text/language"

	"github.com/passkeylab/passkeylab/rp/store"
)

// SetLanguage keeps the language that the session's person wants to read, a BCP 47 tag; "" forgets it. It is a
// preference, so it needs no proof. A tag that is not well formed is a FieldError.
func (rp *RelyingParty) SetLanguage(ctx context.Context, sessionID, tag string) error {
	if tag != "" {
		if _, err := language.Parse(tag); err != nil {
			return fmt.Errorf("rp: set language: %w", &FieldError{Field: "language", Problem: ProblemInvalid})
		}
	}
	return rp.write(ctx, "set language", func(tx *store.Tx) error {
		s, err := rp.liveSession(tx, sessionID)
		if err != nil {
			return err
		}
		return tx.ExecOne("UPDATE users SET language = ? WHERE id = ?", tag, s.UserID)
	})
}

type languageKey struct{}

// WithLanguage returns a context of a request by a person who reads that language, a BCP 47 tag: what they are told because
// of it is sent in it, unless their profile names another one.
func WithLanguage(ctx context.Context, tag string) context.Context {
	return context.WithValue(ctx, languageKey{}, tag)
}

// languageIn returns the language in ctx, "" if there is none.
func languageIn(ctx context.Context) string {
	tag, _ := ctx.Value(languageKey{}).(string)
	return tag
}
