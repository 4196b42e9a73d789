package main

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/rp/policy"
)

// The token that the console shows opens the admin API, and no other does.
func TestTheConsoleShowsATokenThatOpensTheAdminAPI(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	origin, printed, _, stop := served(t, "--policy=attested")
	defer stop()
	shown := regexp.MustCompile(`/admin, with the token (\S+)`)
	if !eventually(func() bool { return shown.MatchString(printed.String()) }) {
		t.Fatalf("no token on the console:\n%s", printed)
	}
	token := shown.FindStringSubmatch(printed.String())[1]
	for bearer, want := range map[string]int{token: http.StatusOK, token + "x": http.StatusUnauthorized} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, origin+"/admin/api/v1.0/policies/authenticationMethodsPolicy", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+bearer)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if err := response.Body.Close(); err != nil || response.StatusCode != want {
			t.Errorf("%d (%v), want %d", response.StatusCode, err, want)
		}
	}
}

func TestAdminTokenFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte("a-token-of-some-length\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if token, err := readAdminToken(rpOptions{adminToken: path}); err != nil || token != "a-token-of-some-length" {
		t.Errorf("%q, %v", token, err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{path, path + "-missing"} {
		if _, err := readAdminToken(rpOptions{adminToken: file}); err == nil || !strings.Contains(err.Error(), "--admin-token") {
			t.Errorf("%s: %v", file, err)
		}
	}
	if token, err := readAdminToken(rpOptions{noDemo: true}); err != nil || token != "" {
		t.Errorf("without demo accounts there is an administrator: %q, %v", token, err)
	}
	first, _ := readAdminToken(rpOptions{})
	if second, _ := readAdminToken(rpOptions{}); len(first) < 16 || first == second {
		t.Errorf("tokens %q and %q", first, second)
	}
}

func TestPoliciesThatShip(t *testing.T) {
	for _, name := range policy.Samples() {
		if p, described, err := readPolicy(name); err != nil || described == "" || p.Validate() != nil {
			t.Errorf("%s: %+v %q %v", name, p, described, err)
		}
	}
	if _, _, err := readPolicy("closed"); err == nil || !strings.Contains(err.Error(), "open, approved-app, attested") {
		t.Errorf("an unknown name: %v", err)
	}
}
