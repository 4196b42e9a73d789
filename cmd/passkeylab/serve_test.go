package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/rp"
)

var address = regexp.MustCompile(`is at (http://localhost:\d+)`)

// served runs passkeylab rp in this process until the returned function stops it, which returns the exit code.
func served(t *testing.T, flags ...string) (origin string, printed, failed *output, stop func() int) {
	t.Helper()
	printed, failed = &output{}, &output{}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	arguments := append([]string{"rp", "--listen=127.0.0.1:0"}, flags...)
	go func() { ended <- app{in: strings.NewReader(""), out: printed, err: failed}.run(ctx, arguments) }()
	stop = func() int {
		cancel()
		select {
		case code := <-ended:
			return code
		case <-time.After(15 * time.Second):
			t.Error("the relying party did not stop")
			return -1
		}
	}
	found := eventually(func() bool { return address.MatchString(printed.String()) || failed.String() != "" })
	if !found || failed.String() != "" {
		stop()
		t.Fatalf("no address:\n%s%s", printed, failed)
	}
	return address.FindStringSubmatch(printed.String())[1], printed, failed, stop
}

func get(t *testing.T, url string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode
}

func TestTheRelyingPartyIsServedAndStopsCleanly(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_DATA_HOME", dir)
	origin, printed, failed, stop := served(t, "--policy=approved-app")
	for _, path := range []string{"/healthz", "/sign-in", "/sign-up"} {
		if code := get(t, origin+path); code != http.StatusOK {
			t.Errorf("%s answers %d", path, code)
		}
	}
	demo := rp.DemoAccounts()[0]
	if !eventually(func() bool { return strings.Contains(printed.String(), demo.UserName) }) {
		t.Errorf("no demo account on the console:\n%s", printed)
	}
	if code := stop(); code != exitGood || failed.String() != "" {
		t.Errorf("exit code %d, %q", code, failed)
	}
	text := printed.String()
	for _, want := range []string{"only Larkspur ID", filepath.Join(dir, "passkeylab", "passkeylab.db"), demo.Password, "Ctrl-C"} {
		if !strings.Contains(text, want) {
			t.Errorf("the console does not say %q:\n%s", want, text)
		}
	}
	if matched := regexp.MustCompile(regexp.QuoteMeta(demo.Password) + ` +\d{6}`).MatchString(text); !matched {
		t.Errorf("no one-time code beside the password:\n%s", text)
	}
	if _, err := os.Stat(filepath.Join(dir, "passkeylab", "passkeylab.db")); err != nil {
		t.Errorf("the data was not kept: %v", err)
	}
}

func TestATemporaryRelyingPartyLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	origin, _, _, stop := served(t, "--temporary", "--no-demo")
	if code := get(t, origin+"/healthz"); code != http.StatusOK {
		t.Errorf("/healthz answers %d", code)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("one temporary folder is expected while it runs: %v, %v", left, err)
	}
	if code := stop(); code != exitGood {
		t.Errorf("exit code %d", code)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A database that once had demo accounts is not served to others either.
func TestDemoAccountsOfAnEarlierRunAreNotServedToOthers(t *testing.T) {
	dir := t.TempDir()
	_, _, _, stop := served(t, "--data="+dir)
	if code := stop(); code != exitGood {
		t.Fatalf("exit code %d", code)
	}
	var failed output
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	code := app{out: &output{}, err: &failed}.run(ctx, []string{"rp", "--listen=127.0.0.1:0", "--origin=https://login.example.com", "--no-demo", "--data=" + dir})
	if code != exitUsage || !strings.Contains(failed.String(), "start with another folder: --data") {
		t.Errorf("exit code %d: %s", code, &failed)
	}
}

// Requests under way are answered before the server ends.
func TestStoppingLetsRequestsUnderWayFinish(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	begun, finish := make(chan struct{}), make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(begun)
		<-finish
		w.WriteHeader(http.StatusTeapot)
	})
	companionEnded := false
	ended := make(chan error, 1)
	go func() {
		ended <- runServer(ctx, listener, handler, func(ctx context.Context) { <-ctx.Done(); companionEnded = true })
	}()
	answer := make(chan int, 1)
	go func() {
		recorder := httptest.NewRecorder()
		response, err := http.Get("http://" + listener.Addr().String())
		if err == nil {
			recorder.Code = response.StatusCode
			_ = response.Body.Close()
		}
		answer <- recorder.Code
	}()
	<-begun
	stop()
	refused := eventually(func() bool {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
	if !refused {
		t.Error("new requests are still accepted")
	}
	close(finish)
	if code := <-answer; code != http.StatusTeapot {
		t.Errorf("the request under way got %d", code)
	}
	if err := <-ended; err != nil || !companionEnded {
		t.Errorf("stop: %v; the companion ended: %v", err, companionEnded)
	}
}

func TestAPortThatIsTakenIsNamed(t *testing.T) {
	taken, err := listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if _, err := listen(t.Context(), taken.Addr().String()); err == nil || !strings.Contains(err.Error(), taken.Addr().String()) || errors.Is(err, syscall.EACCES) {
		t.Errorf("got %v", err)
	}
}

func TestWhereTheSiteIs(t *testing.T) {
	loopback, everywhere := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080}, &net.TCPAddr{IP: net.IPv4zero, Port: 80}
	six := &net.TCPAddr{IP: net.IPv6loopback, Port: 9}
	tests := []struct {
		name    string
		address net.Addr
		origin  string
		want    site
		wrong   bool
	}{
		{"this machine", loopback, "", site{origin: "http://localhost:8080", local: true}, false},
		{"this machine, IPv6", six, "", site{origin: "http://localhost:9", local: true}, false},
		{"a name of this machine", loopback, "http://mia.localhost:8080", site{origin: "http://mia.localhost:8080", local: true}, false},
		{"behind a proxy", loopback, "https://login.example.com", site{origin: "https://login.example.com", secure: true}, false},
		{"localhost for all", everywhere, "https://localhost", site{origin: "https://localhost", secure: true}, false},
		{"a name that only begins so", loopback, "https://localhost.example.com", site{origin: "https://localhost.example.com", secure: true}, false},
		{"everywhere without a name", everywhere, "", site{}, true},
		{"no address", loopback, "http://[::1", site{}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := siteOf(test.address, rpOptions{origin: test.origin})
			if (err != nil) != test.wrong || got != test.want {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestTheDataFolder(t *testing.T) {
	tests := []struct {
		xdg, home, want string
	}{
		{"/data", "/home/mia", "/data/passkeylab"},
		{"", "/home/mia", "/home/mia/.local/share/passkeylab"},
		{"relative", "/home/mia", "/home/mia/.local/share/passkeylab"},
		{"", "", ""},
	}
	for _, test := range tests {
		environment := map[string]string{"XDG_DATA_HOME": test.xdg, "HOME": test.home}
		got, err := userDataFolder(func(name string) string { return environment[name] })
		if got != filepath.FromSlash(test.want) || (err != nil) != (test.want == "") {
			t.Errorf("%+v: got %q, %v", test, got, err)
		}
	}
}

func TestPolicyFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "policy.yaml")
	const content = "passkeyTypes: deviceBound\nkeyRestrictions:\n  isEnforced: true\n  enforcementType: allow\n  aaGuids: [dd868f11-004c-544f-b49b-35dacdd504e4]\n"
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	got, described, err := readPolicy(path)
	if err != nil || !got.KeyRestrictions.IsEnforced || len(got.KeyRestrictions.AAGUIDs) != 1 || !strings.Contains(described, path) {
		t.Errorf("got %+v, %q, %v", got, described, err)
	}
	approved, _, err := readPolicy("approved-app")
	if err != nil || !approved.KeyRestrictions.IsEnforced || approved.KeyRestrictions.AAGUIDs[0] != got.KeyRestrictions.AAGUIDs[0] || len(approved.KeyRestrictions.AAGUIDs) != 2 {
		t.Errorf("approved-app is %+v, %v", approved, err)
	}
}
