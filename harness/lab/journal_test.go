package lab

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
)

func TestTheJournalKeepsWhatTheLabsOwnLogLeavesOut(t *testing.T) {
	var journal, own Journal
	log := logTo(slog.New(slog.NewTextHandler(&own, &slog.HandlerOptions{Level: slog.LevelWarn})), &journal)
	log.Debug("a whisper")
	log.Warn("a shout")
	if got := journal.String(); !strings.Contains(got, "a whisper") || !strings.Contains(got, "a shout") {
		t.Errorf("the journal has %q", got)
	}
	if got := own.String(); strings.Contains(got, "a whisper") || !strings.Contains(got, "a shout") {
		t.Errorf("the lab's own log has %q", got)
	}
}

func TestAStageKnowsWhatItsDatabaseWasAsked(t *testing.T) {
	l := &Lab{options: Options{}.withDefaults(), dir: t.TempDir()}
	s, err := l.Raise(t.Context(), StageOptions{ID: "statements", NoBrowser: true})
	t.Cleanup(func() { _ = s.Close() })
	if err != nil {
		t.Fatal(err)
	}
	before := len(s.Statements())
	if _, err := s.RP.Credentials(t.Context(), s.Account.ID); err != nil {
		t.Fatal(err)
	}
	asked := s.Statements()[before:]
	if len(asked) != 2 || !strings.Contains(asked[0], "FROM clock") || !strings.Contains(asked[1], "FROM credentials") || strings.Contains(asked[1], s.Account.ID) {
		t.Errorf("listing passkeys asked %q, want one statement for the time and one for the passkeys, without values", asked)
	}
	if !slices.ContainsFunc(s.Statements(), func(statement string) bool { return strings.HasPrefix(statement, "INSERT INTO users") }) {
		t.Error("signing up was not noticed")
	}
	if !strings.Contains(s.Log.String(), "audit") {
		t.Error("the log of signing up is not kept")
	}
}
