package orgapp

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

// answering serves fixed answers by path; everything else is not found.
func answering(t *testing.T, answers map[string]func(http.ResponseWriter)) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if answer := answers[r.URL.Path]; answer != nil {
			answer(w)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func text(status int, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

const (
	originsPath = "/.well-known/webauthn"
	optionsPath = "/app/api/v1/passkeys/options"
)

func TestThePartyIsKnownByTheOriginThatItPublishes(t *testing.T) {
	url := answering(t, map[string]func(http.ResponseWriter){
		originsPath: text(200, `{"origins":["http://ada.localhost:8080"]}`), optionsPath: text(401, `{"code":"auth.session_expired"}`),
	})
	p, err := Connect(t.Context(), url+"/", nil)
	if err != nil || p.Origin != url || p.RPID != "ada.localhost" {
		t.Errorf("got %+v, %v", p, err)
	}
}

func TestWhatIsNoRelyingPartyWithAnAppIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		answers map[string]func(http.ResponseWriter)
		want    error
	}{
		"another site":              {nil, ErrNoParty},
		"pages for every address":   {map[string]func(http.ResponseWriter){originsPath: text(200, "<html>")}, ErrNoParty},
		"no origin":                 {map[string]func(http.ResponseWriter){originsPath: text(200, `{"origins":[]}`)}, ErrNoParty},
		"an origin that is none":    {map[string]func(http.ResponseWriter){originsPath: text(200, `{"origins":["ada"]}`)}, ErrNoParty},
		"no app":                    {map[string]func(http.ResponseWriter){originsPath: text(200, `{"origins":["http://localhost"]}`)}, ErrNoApp},
		"an API that asks for more": {map[string]func(http.ResponseWriter){originsPath: text(200, `{"origins":["http://localhost"]}`), optionsPath: text(200, "")}, ErrNoParty},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Connect(t.Context(), answering(t, c.answers), nil); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestAnAddressThatIsNoneIsSaid(t *testing.T) {
	for _, address := range []string{"", "localhost:8080", "ftp://localhost", "http://", "http://localhost/sign-in", "http://localhost/?a=b", "http://ada@localhost", "://"} {
		var wrong *AddressError
		if _, err := Connect(t.Context(), address, nil); !errors.As(err, &wrong) || !strings.Contains(err.Error(), "such as http://localhost:8080") {
			t.Errorf("%q: %v", address, err)
		}
	}
	server := httptest.NewServer(nil)
	server.Close()
	if _, err := Connect(t.Context(), server.URL, nil); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("nobody there: %v", err)
	}
}

// The app in a work profile is another one than that beside it: it signs in by itself.
func TestOnlyTheOrganisationsAppHasSomethingToTalkTo(t *testing.T) {
	of := Party{Origin: "http://localhost", RPID: "localhost"}.Services()
	for key, want := range map[string]bool{
		"Larkspur ID (Android)": true, "Larkspur ID (Android) (work)": true, "Larkspur ID (iOS)": true, "Google Password Manager": false, "": false,
	} {
		if got := of(key); (got != nil) != want || got != nil && got.RPID() != "localhost" {
			t.Errorf("%q: %v", key, got)
		}
	}
	if of("Larkspur ID (Android)") == of("Larkspur ID (Android) (work)") || of("Larkspur ID (iOS)") != of("Larkspur ID (iOS)") {
		t.Error("one session is shared, or forgotten")
	}
}

func TestAnswersAreWhatTheyMeanToAnApp(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		want   error  // nil: none of the phone's own
		words  string // of a refusal
	}{
		"the proof is stale":      {401, `{"code":"auth.proof_stale"}`, phone.ErrProveAgain, ""},
		"the session is over":     {401, `{"code":"auth.session_expired"}`, phone.ErrSignInAgain, ""},
		"the last way to sign in": {409, `{"code":"store.last_method","message":"Add another first"}`, nil, "Add another first."},
		"a fault is no answer":    {500, `{"code":"http.internal"}`, nil, ""},
		"a proxy's page":          {404, `<html>`, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := refused(c.status, []byte(c.body))
			var said phone.RefusedError
			if found := new(phone.RefusedError); errors.As(err, &found) {
				said = *found
			}
			if err == nil || said.Words != c.words || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("got %v with the words %q, want %v, %q", err, said.Words, c.want, c.words)
			}
		})
	}
}
