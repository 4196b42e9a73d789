package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/reports"
)

// gullible is a relying party that accepts whatever it is sent. It returns the description of itself as a target.
func gullible(t *testing.T, more string) string {
	t.Helper()
	var challenges atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		challenge := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "challenge number %16d", challenges.Add(1)))
		switch r.URL.Path {
		case "/attestation/options":
			fmt.Fprintf(w, `{"status":"ok","errorMessage":"","challenge":%q,"rp":{"id":"localhost","name":"x"},"user":{"id":"AAAA","name":"a","displayName":"A"},
				"pubKeyCredParams":[{"type":"public-key","alg":-7}],"authenticatorSelection":{"residentKey":"required"}}`, challenge)
		case "/assertion/options":
			fmt.Fprintf(w, `{"status":"ok","errorMessage":"","challenge":%q,"rpId":"localhost"}`, challenge)
		default:
			fmt.Fprint(w, `{"status":"ok","errorMessage":""}`)
		}
	}))
	t.Cleanup(server.Close)
	path := filepath.Join(t.TempDir(), "target.yaml")
	text := "name: gullible\nbase: " + strings.Replace(server.URL, "127.0.0.1", "localhost", 1) + "\n" + more
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// checking runs check rp on the cases about client data.
func checking(t *testing.T, target string, more ...string) (code int, out, told string) {
	t.Helper()
	var stdout, stderr output
	a := app{in: strings.NewReader(""), out: &stdout, err: &stderr}
	code = a.run(t.Context(), append([]string{"check", "rp", "--target=" + target, "--only=reg/client-data/*", "--seed=7"}, more...))
	return code, stdout.String(), stderr.String()
}

func TestABaselineSaysWhatIsNewAndExcusesNothing(t *testing.T) {
	before := filepath.Join(t.TempDir(), "before.json")
	code, out, told := checking(t, gullible(t, ""), "--json="+before)
	if code != exitBad || !strings.Contains(out, "FAILED reg/client-data/type-of-an-assertion") || !strings.Contains(out, "fix:       Compare the type member") {
		t.Fatalf("exit %d\n%s\n%s", code, out, told)
	}
	const known = "expected: [{id: reg/client-data/type-of-an-assertion, reason: our issue 12}]\n"
	for name, test := range map[string]struct {
		target, more string
		code         int
		says         string
	}{
		"the same again":                {"", "--profile=l3", exitKnown, ": nothing changed; "},
		"one is expected to fail now":   {known, "--profile=l3", exitKnown, "failed before, advised now (it fails still, and is expected to: our issue 12)"},
		"one that is expected does not": {"expected: [{id: reg/client-data/nothing-of-the-kind, reason: our issue 12}]\n", "--profile=l3", exitBad, "Expected to fail and nothing did"},
		"without a baseline":            {"", "--baseline=", exitBad, "need a look"},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, told := checking(t, gullible(t, test.target), "--baseline="+before, "--json="+before+".again", test.more)
			if code != test.code || !strings.Contains(out, test.says) {
				t.Errorf("exit %d, want %d and %q\n%s\n%s", code, test.code, test.says, out, told)
			}
		})
	}
	// What passed in the baseline and fails now is new, and so is the exit code.
	content, err := os.ReadFile(before)
	if err != nil {
		t.Fatal(err)
	}
	better := strings.Replace(string(content), `"state": "failed"`, `"state": "passed"`, 1)
	if err := os.WriteFile(before, []byte(better), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, _ := checking(t, gullible(t, ""), "--baseline="+before); code != exitBad || !strings.Contains(out, ": 1 new; ") {
		t.Errorf("exit %d\n%s", code, out)
	}
}

func TestWhatABaselineMustBe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.json")
	for content, want := range map[string]string{
		"":   "the file is empty",
		"{}": "some other JSON",
		`{"format":"passkeylab-run/1","suite":"journeys","tool":"x","seed":0,"started":"2026-01-01T00:00:00Z","durationNs":0,"results":[]}`: `a run of the suite "journeys"`,
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, _, told := checking(t, "reference", "--baseline="+path); code != exitUsage || !strings.Contains(told, want) {
			t.Errorf("%q: exit %d, %s", content, code, told)
		}
	}
	if code, _, told := checking(t, "reference", "--baseline="+path+".none"); code != exitUsage || !strings.Contains(told, "a run with --json writes one") {
		t.Errorf("exit %d, %s", code, told)
	}
	if code, _, told := checking(t, "reference", "--baseline="+path, "--replay=S-CDJ-005"); code != exitUsage || !strings.Contains(told, "give one of them") {
		t.Errorf("exit %d, %s", code, told)
	}
}

func TestReportsKeepTheExchangesThatMatter(t *testing.T) {
	dir := t.TempDir()
	for flag, want := range map[string]bool{"bad": false, "all": true} {
		path := filepath.Join(dir, flag+".json")
		if code, out, told := checking(t, "reference", "--exchanges="+flag, "--json="+path); code != exitGood {
			t.Fatalf("exit %d\n%s\n%s", code, out, told)
		}
		run, err := readRun(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, result := range run.Results {
			if result.State == reports.Passed && (len(result.Exchanges) > 0) != want {
				t.Errorf("--exchanges=%s: %s has %d", flag, result.ID, len(result.Exchanges))
			}
		}
	}
	if code, _, told := checking(t, "reference", "--exchanges=some"); code != exitUsage || !strings.Contains(told, "write bad or all") {
		t.Errorf("exit %d, %s", code, told)
	}
}

func TestProgressCountsAndSaysHowLong(t *testing.T) {
	told := func(terminal bool) string {
		var out output
		teller := newCheckTeller(&out)
		teller.screen.terminal = terminal
		for i, v := range []conformance.Verdict{"", conformance.Passed, "", conformance.Failed, conformance.Passed, conformance.WasSkipped} {
			done := max(0, i-1)
			teller.hear(conformance.Progress{Done: done, Total: 4, ID: "a/b", Says: "it holds", Verdict: v, Elapsed: time.Duration(i*3) * time.Second, Left: 9 * time.Second})
		}
		teller.end()
		return out.String()
	}
	const failed, last = "failed       a/b: it holds\n", "4 of 4 (100 %): 2 passed, 1 failed, 1 skipped\n"
	if got, want := told(false), failed+"2 of 4 (50 %): 1 passed, 1 failed; 9s left\n"+last; got != want {
		t.Errorf("in a log:\n%s\nwant:\n%s", got, want)
	}
	if got := told(true); !strings.Contains(got, "0 of 4 (0 %): 1 passed; 9s left\n\x1b[1A\r\x1b[J"+failed) || !strings.HasSuffix(got, "\x1b[1A\r\x1b[J"+last) {
		t.Errorf("on a terminal: %q", got)
	}
}

func TestAReplayShowsWhatWasSaidAndWhatToDo(t *testing.T) {
	var stdout, stderr output
	a := app{in: strings.NewReader(""), out: &stdout, err: &stderr}
	code := a.run(context.Background(), []string{"check", "rp", "--target=" + gullible(t, ""), "--replay=reg/client-data/type-of-an-assertion"})
	for _, want := range []string{
		"reg/client-data/type-of-an-assertion: failed\n", "(must)\n", "want a refusal\n  got  accepted", "curl -sS -i -X POST", "fix: Compare the type member",
		"again: passkeylab check rp --target=",
	} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("no %q in\n%s", want, stdout.String())
		}
	}
	if code != exitBad {
		t.Errorf("exit %d", code)
	}
}

func TestWhatMutantsFoundBeforeIsKnownAndExcusesNothing(t *testing.T) {
	before := filepath.Join(t.TempDir(), "before.json")
	fuzzing := func(target string, more ...string) (code int, out, told string) {
		var stdout, stderr output
		a := app{in: strings.NewReader(""), out: &stdout, err: &stderr}
		code = a.run(t.Context(), append([]string{"check", "rp", "--target=" + target, "--fuzz=2s", "--only=sign-in/der", "--parallel=2"}, more...))
		return code, stdout.String(), stderr.String()
	}
	code, out, told := fuzzing(gullible(t, ""), "--seed=7", "--json="+before)
	for _, want := range []string{
		"FAILED fuzz/sign-in/signature  a sign-in with ", "expected:  a refusal, because its signature is another one", "clause:    WebAuthn L3 §7.2 step 21",
		"fix:       Verify the signature", "--mutant='sign-in: response/signature", "with a curl line",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if code != exitBad || !strings.Contains(told, "failed       fuzz/sign-in/signature: a sign-in with ") {
		t.Fatalf("exit %d\n%s", code, told)
	}
	code, out, told = fuzzing(gullible(t, ""), "--seed=8", "--baseline="+before)
	if code != exitKnown || !strings.Contains(told, "known        fuzz/sign-in/signature: ") || !strings.Contains(out, ": nothing changed; 1 is bad as before") {
		t.Errorf("exit %d\n%s\n%s", code, out, told)
	}
	code, out, told = fuzzing(gullible(t, "expected: [{id: fuzz/sign-in/signature, reason: our issue 12}]\n"), "--seed=8")
	if code != exitGood || !strings.Contains(out, "1 advised") {
		t.Errorf("exit %d\n%s\n%s", code, out, told)
	}
}
