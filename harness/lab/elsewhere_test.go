package lab

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"github.com/passkeylab/passkeylab/harness/trace"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/store"
	"github.com/passkeylab/passkeylab/rp/web"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// running serves a relying party of its own on a loopback port, as somebody
// else would, and returns it with its address.
func running(t *testing.T) (*rp.RelyingParty, string) {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "rp.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	address := "http://running.localhost:" + port
	party, err := rp.New(rp.Config{
		Origin: address, Organisation: organisation, App: app, Store: db, Clock: WallClock(), Rand: rand.Reader,
		Hashing: &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32},
	})
	if err != nil {
		t.Fatal(err)
	}
	pages, err := web.New(web.Config{RP: party, Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = pages.Handler()
	server.Start()
	t.Cleanup(func() {
		server.Close()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return party, address
}

func raiseAt(t *testing.T, address, id string) *Stage {
	t.Helper()
	stage, err := bare(t).Raise(t.Context(), StageOptions{ID: id, URL: address, NoBrowser: true})
	t.Cleanup(func() {
		if err := stage.Close(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return stage
}

func TestAStageElsewhereSignsUpOverThePages(t *testing.T) {
	party, address := running(t)
	stage := raiseAt(t, address+"/sign-in", "there-01")
	if stage.RP != nil || stage.Origin != address || stage.RPID() != "running.localhost" {
		t.Errorf("the stage stands at %s (RP ID %s, own relying party %v), want %s and none", stage.Origin, stage.RPID(), stage.RP != nil, address)
	}
	user, err := party.UserByName(t.Context(), stage.Account.UserName)
	if err != nil || user.DisplayName != "Mia" || !strings.HasPrefix(user.UserName, "mia-there-01-") {
		t.Fatalf("the relying party knows %+v (%v), want Mia", user, err)
	}
	google := provider.GooglePasswordManager()
	for _, one := range []provider.Provider{google, provider.LarkspurIDAndroid()} {
		if err := stage.Give(t.Context(), one); err != nil {
			t.Fatal(err)
		}
	}
	listed, err := stage.Passkeys(t.Context(), stage.Account)
	rows, missing := party.Credentials(t.Context(), user.ID)
	if err != nil || missing != nil || len(rows) != 2 {
		t.Fatalf("%d rows (%v), listed: %v", len(rows), missing, err)
	}
	if !slices.EqualFunc(listed, rows, func(p Passkey, row rp.Credential) bool {
		return p.Key() == row.Key() && p.Name == row.Name && p.Row == nil
	}) {
		t.Errorf("the page lists %+v, the store has %+v", listed, rows)
	}
}

func TestTwoStagesElsewhereAreTwoPeople(t *testing.T) {
	party, address := running(t)
	first, second := raiseAt(t, address, "there-02"), raiseAt(t, address, "there-02")
	if first.Account.UserName == second.Account.UserName || first.Account.Password == second.Account.Password {
		t.Errorf("both are %s", first.Account.UserName)
	}
	google := provider.GooglePasswordManager()
	for _, stage := range []*Stage{first, second} {
		if err := stage.Give(t.Context(), google); err != nil {
			t.Fatal(err)
		}
	}
	if one, two := first.Handset.Has(google).Authenticator.Credentials(), second.Handset.Has(google).Authenticator.Credentials(); string(one[0].ID) == string(two[0].ID) {
		t.Error("both phones made the same passkey, as if a seed repeated it")
	}
	neighbour, err := second.AddAccount(t.Context(), "zoe", "Zoe")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := party.UserByName(t.Context(), neighbour.UserName); err != nil {
		t.Error(err)
	}
	if listed, err := second.Passkeys(t.Context(), neighbour); err != nil || len(listed) != 0 {
		t.Errorf("the neighbour's page lists %v (%v), want nothing", listed, err)
	}
}

func TestPasskeysElsewhereOutliveTheSession(t *testing.T) {
	_, address := running(t)
	stage := raiseAt(t, address, "there-03")
	if _, err := stage.sessions[stage.Account.UserName].Post(t.Context(), "/sign-out", nil); err != nil {
		t.Fatal(err)
	}
	if listed, err := stage.Passkeys(t.Context(), stage.Account); err != nil || len(listed) != 0 {
		t.Errorf("after the session's end: %v (%v), want an empty list", listed, err)
	}
}

func TestAStageElsewhereSaysWhatIsWrong(t *testing.T) {
	stranger := httptest.NewServer(http.NotFoundHandler())
	defer stranger.Close()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for name, c := range map[string]struct{ url, want string }{
		"no such pages":  {stranger.URL, "404"},
		"nobody there":   {closed.URL, "must be running"},
		"no web address": {"localhost:8080", "http://localhost:8080"},
	} {
		t.Run(name, func(t *testing.T) {
			stage, err := bare(t).Raise(t.Context(), StageOptions{ID: "there-04", URL: c.url, NoBrowser: true})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want an error that says %q", err, c.want)
			}
			if err := stage.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestOriginsAreWrittenAsBrowsersDo(t *testing.T) {
	for address, want := range map[string]string{
		"http://localhost:8080":             "http://localhost:8080",
		"HTTPS://Login.Example:443/sign-in": "https://login.example",
		"http://login.example:443":          "http://login.example:443",
		"http://login.example:80":           "http://login.example",
		"http://[::1]:80/":                  "http://[::1]",
	} {
		if got, err := originOf(address); err != nil || got != want {
			t.Errorf("originOf(%q) = %q, %v; want %q", address, got, err, want)
		}
	}
}

func TestCodesElsewhereCountOnce(t *testing.T) {
	clock := NewClock(time.Date(2026, 11, 23, 9, 0, 10, 0, time.UTC))
	stage := &Stage{Clock: clock, Trace: &trace.Recorder{Decoder: trace.Decoder{Redactor: &trace.Redactor{}}}}
	mia := Account{UserName: "mia", TOTPSecret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"}
	expect := func(at time.Time) {
		t.Helper()
		want, err := rp.OneTimeCode(mia.TOTPSecret, at)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := stage.CodeFor(t.Context(), mia); err != nil || got != want {
			t.Errorf("code %s (%v), want %s, that of %s", got, err, want, at)
		}
	}
	if wait := stage.CodeWait(); wait != 0 {
		t.Errorf("the first code must be waited for %s, want no wait", wait)
	}
	expect(clock.Now())
	if wait := stage.CodeWait(); wait != 20*time.Second {
		t.Errorf("the second code must be waited for %s, want 20s", wait)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := stage.CodeFor(ended, mia); !errors.Is(err, context.Canceled) {
		t.Errorf("no time to wait: %v, want context.Canceled", err)
	}
	other := mia
	other.UserName = "zoe"
	if _, err := stage.CodeFor(ended, other); err != nil {
		t.Errorf("another account's first code: %v", err)
	}
	waited := make(chan error, 1)
	go func() { waited <- clock.Advance(20 * time.Second) }()
	expect(time.Date(2026, 11, 23, 9, 0, 30, 0, time.UTC))
	if err := <-waited; err != nil {
		t.Error(err)
	}
}
