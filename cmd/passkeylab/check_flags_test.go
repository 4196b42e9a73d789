package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// checked runs check rp with these flags alone.
func checked(ctx context.Context, flags ...string) (code int, out, told string) {
	var stdout, stderr output
	a := app{in: strings.NewReader(""), out: &stdout, err: &stderr}
	code = a.run(ctx, append([]string{"check", "rp"}, flags...))
	return code, stdout.String(), stderr.String()
}

func TestWrongFlagsAreToldBeforeAnybodyIsAsked(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for says, flags := range map[string][]string{
		"--only is empty":               {"--only="},
		"--replay is empty":             {"--replay="},
		"give one of them":              {"--replay=S-CDJ-005", "--only=reg/*"},
		"an empty pattern":              {"--only=,"},
		"nothing selects no case":       {"--replay=nothing"},
		"S-CDJ-00* is ":                 {"--replay=S-CDJ-00*"},
		"each case runs once at least":  {"--repeat=0"},
		"one case at a time":            {"--parallel=0"},
		"a case needs some time":        {"--case-timeout=-1s"},
		"no such profile":               {"--profile=l4"},
		"write bad or all":              {"--exchanges=none"},
		"are the same file":             {"--json=" + filepath.Join(folder, "same"), "--html=" + folder + "/./same"},
		"this is a folder":              {"--junit=" + folder},
		"its folder cannot be made":     {"--json=" + filepath.Join(file, "below", "run.json")},
		"there is no such file":         {"--baseline=" + filepath.Join(folder, "none.json")},
		"no such file or directory":     {"--target=" + filepath.Join(folder, "none.yaml")},
		`"" is no URL of a server`:      {"--target=" + file},
		"passkeylab cases --suite=rp":   {"--only=nothing/*"},
		"a run of the suite":            {"--baseline=" + journeysRun(t)},
		"is missing; name the YAML fil": {"--target="},
	} {
		if code, out, told := checked(t.Context(), append([]string{"--target=reference"}, flags...)...); code != exitUsage || !strings.Contains(told, says) || out != "" {
			t.Errorf("%v: exit %d, want %q in %q", flags, code, says, told)
		}
	}
	if left, err := filepath.Glob(filepath.Join(folder, ".*")); err != nil || len(left) > 0 {
		t.Errorf("%v was left behind, %v", left, err)
	}
}

// journeysRun is the file of a run of another suite.
func journeysRun(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run.json")
	const run = `{"format":"passkeylab-run/1","suite":"journeys","tool":"x","seed":0,"started":"2026-01-01T00:00:00Z","durationNs":0,"results":[]}`
	if err := os.WriteFile(path, []byte(run), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWhoeverInterruptsIsToldSoAndNobodyIsAccused(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // only then is it seen that the client has gone
		cancel()
		<-r.Context().Done()
	}))
	defer server.Close()
	target := filepath.Join(t.TempDir(), "target.yaml")
	if err := os.WriteFile(target, []byte("name: hanging\nbase: "+server.URL+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, told := checked(ctx, "--target="+target)
	if code != exitInterrupted || !strings.Contains(told, "hanging: interrupted before the first case") || out != "" {
		t.Errorf("exit %d\n%s\n%s", code, out, told)
	}
}

func TestASummaryNamesWhoWasJudgedByWhomAndWithWhat(t *testing.T) {
	code, out, told := checked(t.Context(), "--target=reference", "--only=S-CDJ-005", "--repeat=2", "--seed=7")
	if code != exitGood {
		t.Fatalf("exit %d, %s", code, told)
	}
	for _, want := range []string{"All passed: 2 runs of 1 case in ", "seed 7, profile l3\n", "subject: reference relying party\n", "edition: WebAuthn L3", "tool: passkeylab "} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}
