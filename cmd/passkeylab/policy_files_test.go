package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/rp/policy"
)

// TestEachSampleRunsFromAFile: a policy that ships runs from a file of one's own, and the administrator's page shows what it
// says, with what each setting does when a passkey is added and when somebody signs in.
func TestEachSampleRunsFromAFile(t *testing.T) {
	shows := map[string]string{
		policy.SampleOpen:        "all_users",
		policy.SampleApprovedApp: "dd868f11-004c-544f-b49b-35dacdd504e4",
		policy.SampleAttested:    `value="registrationOnly" selected`,
	}
	for _, name := range policy.Samples() {
		t.Run(name, func(t *testing.T) {
			document, err := policy.SampleDocument(name)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			file, token := filepath.Join(dir, "policy.yaml"), filepath.Join(dir, "token")
			for path, content := range map[string][]byte{file: document, token: []byte("the-administrators-token")} {
				if err := os.WriteFile(path, content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			origin, printed, _, stop := served(t, "--temporary", "--policy="+file, "--admin-token="+token)
			page := policyPageAt(t, origin, "the-administrators-token")
			if code := stop(); code != exitGood || !strings.Contains(printed.String(), file) {
				t.Errorf("exit code %d, the console says\n%s", code, printed)
			}
			for _, words := range []string{shows[name], "When a passkey is added", "When somebody signs in"} {
				if !strings.Contains(page, words) {
					t.Errorf("the policy page does not say %q", words)
				}
			}
		})
	}
}

// policyPageAt signs in as the administrator and returns the policy page.
func policyPageAt(t *testing.T, origin, token string) string {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, origin+"/admin/sign-in", strings.NewReader(url.Values{"token": {token}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := (&http.Client{Jar: jar, Transport: transport}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK || response.Request.URL.Path != "/admin/policy" {
		t.Fatal(fmt.Sprint(response.Status, " at ", response.Request.URL, ": ", err))
	}
	return string(body)
}
