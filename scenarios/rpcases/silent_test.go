package rpcases_test

import (
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/scenarios/rpcases"
)

func TestAServerThatIsGoneEndsTheRun(t *testing.T) {
	server, err := subject.FIDOServer{Base: "http://localhost:1"}.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	found, err := (&rpcases.Suite{RP: server}).Runner().Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(found.Run.Results); n == 0 || n > 200 || !found.Run.Interrupted || !strings.Contains(strings.Join(found.Run.Notes, " "), "Given up") {
		t.Errorf("%d of %d cases ran; notes %q", n, len(rpcases.Cases()), found.Run.Notes)
	}
}
