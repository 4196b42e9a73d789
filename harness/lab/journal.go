package lab

import (
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
)

// Journal keeps text that is written while others read it. The zero value is empty.
type Journal struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements io.Writer.
func (j *Journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

// String returns everything that was written so far.
func (j *Journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// logTo is a log that goes to two places: the lab's own, and, from debug up, the stage's journal.
func logTo(log *slog.Logger, journal io.Writer) *slog.Logger {
	kept := slog.NewTextHandler(journal, &slog.HandlerOptions{Level: slog.LevelDebug})
	return slog.New(slog.NewMultiHandler(log.Handler(), kept))
}

// statements are what the relying party asked of its database, oldest first.
type statements struct {
	mu   sync.Mutex
	list []string
}

func (s *statements) add(statement string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, statement)
}

// Statements returns the SQL of what the relying party has asked of its database so far, oldest first and without values:
// how much work a request makes shows in it, and no clock is needed to see that two requests make the same.
func (s *Stage) Statements() []string {
	s.asked.mu.Lock()
	defer s.asked.mu.Unlock()
	return slices.Clone(s.asked.list)
}
