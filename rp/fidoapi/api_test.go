package fidoapi_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/fidoapi"
	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/rp/store"
)

type clock struct{}

func (clock) Now() time.Time { return time.Unix(1_900_000_000, 0) }

func handler(t *testing.T, origin string) http.Handler {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "rp.db"), store.Options{NotDurable: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	site, err := rp.New(rp.Config{
		Origin: origin, Organisation: "Larkspur", App: "Larkspur ID", Store: db, Clock: clock{}, Rand: rand.Reader,
		Policy: policy.Policy{UserVerification: policy.UserVerificationPreferred},
	})
	if err != nil {
		t.Fatal(err)
	}
	return fidoapi.Handler(site)
}

func post(t *testing.T, h http.Handler, path, body string, edits ...func(*http.Request)) (*httptest.ResponseRecorder, map[string]any) {
	t.Helper()
	request := httptest.NewRequestWithContext(context.Background(), http.MethodPost, path, strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	for _, edit := range edits {
		edit(request)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, request)
	var members map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &members); err != nil {
		t.Fatalf("%s: %s: %v", path, w.Body, err)
	}
	return w, members
}

func TestOptionsEcho(t *testing.T) {
	h := handler(t, "https://login.example")
	w, got := post(t, h, "/attestation/options", `{"username":"ada","displayName":"Ada","attestation":"direct","extensions":{"example.extension":true},
		"authenticatorSelection":{"requireResidentKey":true,"userVerification":"required","authenticatorAttachment":"platform"},"unknown":[]}`)
	selection, _ := got["authenticatorSelection"].(map[string]any)
	extensions, _ := got["extensions"].(map[string]any)
	user, _ := got["user"].(map[string]any)
	if w.Code != 200 || got["status"] != "ok" || got["errorMessage"] != "" || got["attestation"] != "direct" || selection["residentKey"] != "required" ||
		selection["requireResidentKey"] != true || selection["userVerification"] != "required" || selection["authenticatorAttachment"] != "platform" ||
		extensions["example.extension"] != true || user["name"] != "ada" || user["displayName"] != "Ada" {
		t.Errorf("%d %v", w.Code, got)
	}
	cookies := w.Result().Cookies()
	if len(cookies) != 1 || !cookies[0].HttpOnly || !cookies[0].Secure || cookies[0].SameSite != http.SameSiteLaxMode || len(cookies[0].Value) < 22 {
		t.Errorf("cookies %v", cookies)
	}
	if w.Header().Get("Content-Type") != "application/json" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", w.Header())
	}
	again, _ := post(t, h, "/attestation/options", `{"username":"ada"}`, func(r *http.Request) { r.AddCookie(cookies[0]) })
	if len(again.Result().Cookies()) != 0 {
		t.Error("a visitor got a second cookie")
	}
	_, plain := post(t, h, "/attestation/options", `{"username":"ada","attestation":"bogus","authenticatorSelection":{"requireResidentKey":false,"userVerification":"bogus"}}`)
	selection, _ = plain["authenticatorSelection"].(map[string]any)
	if plain["attestation"] != "none" || selection["userVerification"] != "preferred" || selection["residentKey"] != "discouraged" {
		t.Errorf("%v", plain)
	}
	if plain["user"].(map[string]any)["id"] != user["id"] {
		t.Error("the user handle changed")
	}
}

// Whoever calls in this process may dictate a challenge; over a network nothing can.
func TestAChallengeIsDictatedInThisProcess(t *testing.T) {
	h := handler(t, "https://login.example")
	dictate := func(challenge string) func(*http.Request) {
		return func(r *http.Request) { *r = *r.WithContext(fidoapi.WithChallenge(r.Context(), []byte(challenge))) }
	}
	_, creation := post(t, h, "/attestation/options", `{"username":"ada"}`, dictate("sixteen bytes ok"))
	_, request := post(t, h, "/assertion/options", `{}`, dictate("sixteen bytes to"))
	_, free := post(t, h, "/attestation/options", `{"username":"ada","challenge":"c2l4dGVlbiBieXRlcyBvaw"}`)
	if creation["challenge"] != "c2l4dGVlbiBieXRlcyBvaw" || request["challenge"] != "c2l4dGVlbiBieXRlcyB0bw" || free["challenge"] == creation["challenge"] {
		t.Errorf("%v, %v, %v", creation, request, free)
	}
}

func TestRelatedOriginsAreTold(t *testing.T) {
	w := httptest.NewRecorder()
	handler(t, "https://login.example").ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/.well-known/webauthn", nil))
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/json" || w.Body.String() != `{"origins":["https://login.example"]}` {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestWhatIsNoRequest(t *testing.T) {
	h := handler(t, "http://localhost")
	for name, test := range map[string]struct {
		path, body string
		status     int
		edit       func(*http.Request)
	}{
		"no body":              {"/attestation/options", "", 400, nil},
		"an array":             {"/attestation/options", "[]", 400, nil},
		"null":                 {"/attestation/options", "null", 400, nil},
		"no JSON":              {"/assertion/options", "{", 400, nil},
		"two objects":          {"/assertion/options", "{}{}", 400, nil},
		"no user name":         {"/attestation/options", "{}", 400, nil},
		"a number for a name":  {"/attestation/options", `{"username":7}`, 400, nil},
		"a name with a space":  {"/attestation/options", `{"username":"a b"}`, 400, nil},
		"extensions of a text": {"/attestation/options", `{"username":"ada","extensions":"x"}`, 400, nil},
		"removal for nobody":   {fidoapi.PathRemoval, `{"username":"nobody","id":"AAAA"}`, 404, nil},
		"an unknown account":   {"/assertion/options", `{"username":"nobody"}`, 400, nil},
		"an empty response":    {"/attestation/result", "{}", 400, nil},
		"an empty assertion":   {"/assertion/result", "{}", 400, nil},
		"another method":       {"/attestation/options", "{}", 405, func(r *http.Request) { r.Method = http.MethodPut }},
		"another type":         {"/attestation/options", "{}", 415, func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }},
		"no type":              {"/attestation/options", "{}", 415, func(r *http.Request) { r.Header.Del("Content-Type") }},
		"a flood":              {"/attestation/result", strings.Repeat(" ", rp.MaxBody+1), 413, nil},
		"nowhere":              {"/", "{}", 404, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var edits []func(*http.Request)
			if test.edit != nil {
				edits = append(edits, test.edit)
			}
			w, got := post(t, h, test.path, test.body, edits...)
			if message, _ := got["errorMessage"].(string); w.Code != test.status || got["status"] != "failed" || message == "" || strings.Contains(message, "go") && strings.Contains(message, ":/") {
				t.Errorf("%d %v", w.Code, got)
			}
		})
	}
}
