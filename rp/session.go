package rp

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// Session is one signed-in browser.
type Session struct {
	// ID is unguessable; the cookie layer keeps it in its own data, never in a URL.
	ID, UserID string
	CreatedAt  time.Time
	// Methods are what signed it in; ProofMethod and ProofAt the latest proof of presence. ProofAt is zero when
	// the passkey that proved it was deleted since.
	Methods     []Method
	ProofAt     time.Time
	ProofMethod Method
	// ProofAAGUID is the model of the passkey that proved it, all zero for another method.
	ProofAAGUID uuid.UUID
	// CredentialID is the passkey that signed it in, nil for a password.
	CredentialID []byte
	// SeenAt is the latest time this session was used, ExpiresAt its end whatever happens.
	SeenAt, ExpiresAt time.Time
	Client            Client

	endedAt time.Time
}

// Purpose is what a proof of presence is wanted for.
type Purpose int

// The purposes: adding, changing or deleting a passkey needs Timers.Proof, looking around Timers.Manage.
const (
	ToChange Purpose = iota
	ToManage
)

// Freshness is the state of a session's proof for one purpose.
type Freshness struct {
	// Fresh is true while the proof counts; it ends at Until.
	Fresh bool
	Until time.Time
}

// usedPasskey reports whether the session was signed in by the passkey with that id.
func (s *Session) usedPasskey(id []byte) bool {
	return len(s.CredentialID) > 0 && slices.Equal(s.CredentialID, id)
}

// freshness judges the proof at an instant. SeenAt guards against a clock that went back across a restart: the
// proof's age is counted from the latest time this session ever saw.
func (s *Session) freshness(now time.Time, limit time.Duration) Freshness {
	if s.SeenAt.After(now) {
		now = s.SeenAt
	}
	if s.ProofAt.IsZero() {
		return Freshness{}
	}
	until := s.ProofAt.Add(limit)
	return Freshness{Fresh: now.Before(until), Until: until}
}
