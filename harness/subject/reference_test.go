package subject_test

import (
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/harness/subject"
)

// user asks for options to register and returns the account that they are for.
func user(t *testing.T, server subject.RelyingParty) string {
	t.Helper()
	answer := server.Visit().Do(t.Context(), subject.Request{Endpoint: subject.CreationOptions, Body: []byte(`{"username":"ada"}`)})
	if answer.Outcome != subject.Accepted {
		t.Fatal(answer)
	}
	return string(answer.Members["user"])
}

func TestAReferenceGoesOnInItsFolder(t *testing.T) {
	reference := subject.Reference{Folder: t.TempDir(), Now: func() time.Time { return time.Unix(1_900_000_000, 0) }}
	var seen []string
	for range 2 {
		server, err := reference.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, user(t, server))
		if err := server.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if seen[0] != seen[1] {
		t.Errorf("the account is %s, and was %s", seen[1], seen[0])
	}
}
