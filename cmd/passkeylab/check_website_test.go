package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/reports"
	"github.com/passkeylab/passkeylab/scenarios/rpcases"
)

// Our own website is judged by its pages, as the sample describes them: the page's script, the browser and the server.
func TestAWebsiteIsJudgedInARealBrowser(t *testing.T) {
	origin, _, _, stop := served(t, "--temporary")
	defer stop()
	folder := t.TempDir()
	target, found := filepath.Join(folder, "website.yaml"), filepath.Join(folder, "run.json")
	content := strings.Replace(rpcases.SampleWebsite, "http://localhost:8080", origin, 1)
	if err := os.WriteFile(target, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	wanted := map[string]reports.State{
		"reg/data/user-absent":           reports.Passed,
		"auth/signature/does-not-verify": reports.Advised, // the page of the problem sets a cookie, and that is worth a word
		"reg/envelope/type-missing":      reports.Skipped, // the browser makes the type itself
		"reg/session/replayed":           reports.Skipped, // the page waits for one response
	}
	var only []string
	for id := range wanted {
		only = append(only, id)
	}
	out, failed := &output{}, &output{}
	code := app{in: strings.NewReader(""), out: out, err: failed}.run(context.WithoutCancel(t.Context()), []string{
		"check", "rp", "--target=" + target, "--only=" + strings.Join(only, ","), "--json=" + found, "--exchanges=all",
	})
	if code != 0 {
		t.Fatalf("exit code %d\n%s%s", code, out, failed)
	}
	var run reports.Run
	encoded, err := os.ReadFile(found)
	if err == nil {
		err = json.Unmarshal(encoded, &run)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range run.Results {
		if want := wanted[result.ID]; result.State != want {
			t.Errorf("%s %s (%s), want %s", result.ID, result.State, result.Reason, want)
		}
		delete(wanted, result.ID)
	}
	if len(wanted) > 0 {
		t.Errorf("these did not run: %v", wanted)
	}
}
