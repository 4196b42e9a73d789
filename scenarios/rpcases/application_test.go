package rpcases_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/reports"
	"github.com/passkeylab/passkeylab/scenarios/rpcases"
)

// shop is an application as they are: it wants an account, a token against forged requests, and a signed-in user, and it has
// JSON of its own. What it decides about passkeys is the reference's.
type shop struct {
	rp    subject.RelyingParty
	write func([]byte) any // how it writes bytes; nil for base64url
	read  func(any) []byte

	mu       sync.Mutex
	accounts map[string]bool
	sessions map[string]*shopSession
}

type shopSession struct {
	user    string
	trying  string // who asked for options to sign in
	visitor subject.Visitor
}

func (s *shop) session(w http.ResponseWriter, r *http.Request) *shopSession {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cookie, err := r.Cookie("shop"); err == nil && s.sessions[cookie.Value] != nil {
		return s.sessions[cookie.Value]
	}
	id := fmt.Sprint("session-", len(s.sessions))
	s.sessions[id] = &shopSession{visitor: s.rp.Visit()}
	http.SetCookie(w, &http.Cookie{Name: "shop", Value: id, Path: "/"})
	return s.sessions[id]
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	session := s.session(w, r)
	answer := func(status int, body any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(body)
	}
	no := func(words string) {
		answer(http.StatusUnprocessableEntity, map[string]any{"error": map[string]any{"text": words}})
	}
	if r.URL.Path == "/sign-in" && r.Method == http.MethodGet {
		fmt.Fprint(w, `<!doctype html><form><input type="hidden" name="csrf" value="t0ken"></form>`)
		return
	}
	if r.Method == http.MethodPost && r.Header.Get("X-CSRF-Token") != "t0ken" {
		no("forged")
		return
	}
	var body struct {
		Email, Attestation, UV, Login string
		Credential                    any
	}
	json.NewDecoder(r.Body).Decode(&body)
	ask := func(endpoint subject.Endpoint, members any) subject.Answer {
		encoded, _ := json.Marshal(members)
		return session.visitor.Do(r.Context(), subject.Request{Endpoint: endpoint, Body: encoded})
	}
	s.route(r, session, body.Email, func(endpoint subject.Endpoint, members any) bool {
		got := ask(endpoint, members)
		switch {
		case got.Outcome == subject.Refused:
			no(got.Message)
		case got.Outcome != subject.Accepted:
			answer(http.StatusInternalServerError, nil)
		case got.Options() != nil && strings.HasSuffix(r.URL.Path, "options"):
			var options map[string]any
			json.Unmarshal(got.Options(), &options)
			s.spell(options)
			answer(http.StatusOK, map[string]any{"publicKey": options, "login": "login-1"})
		default:
			answer(http.StatusOK, map[string]any{"verified": true})
		}
		return got.Outcome == subject.Accepted
	}, map[string]any{"credential": s.understand(body.Credential), "attestation": body.Attestation, "uv": body.UV, "login": body.Login}, answer, no)
}

// route decides what is asked of the reference.
func (s *shop) route(r *http.Request, session *shopSession, email string, pass func(subject.Endpoint, any) bool, body map[string]any, answer func(int, any), no func(string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch r.Method + " " + r.URL.Path {
	case "POST /accounts":
		if s.accounts[email] || email == "" {
			no("there is such an account")
			return
		}
		s.accounts[email], session.user = true, email
		answer(http.StatusCreated, map[string]any{"account": map[string]any{"id": len(s.accounts)}})
	case "POST /sign-in/password":
		if !s.accounts[email] {
			no("nobody")
			return
		}
		session.user = email
		answer(http.StatusOK, map[string]any{})
	case "POST /sign-out":
		session.user = ""
		answer(http.StatusFound, nil)
	case "POST /passkeys/options":
		if session.user == "" {
			no("sign in first")
			return
		}
		pass(subject.CreationOptions, map[string]any{
			"username": session.user, "displayName": "x", "attestation": body["attestation"],
			"authenticatorSelection": map[string]any{"userVerification": body["uv"], "requireResidentKey": false},
		})
	case "POST /passkeys":
		pass(subject.CreationResult, body["credential"])
	case "GET /login/options":
		if session.user != "" {
			no("sign out first")
			return
		}
		members := map[string]any{"userVerification": r.URL.Query().Get("uv")}
		session.trying = r.URL.Query().Get("email")
		if email := session.trying; email != "" {
			members["username"] = email
		}
		pass(subject.RequestOptions, members)
	case "POST /login":
		if body["login"] != "login-1" {
			no("which login?")
			return
		}
		if pass(subject.RequestResult, body["credential"]) {
			session.user = session.trying
		}
	default:
		no("no such page")
	}
}

var spelled = []string{"challenge", "user.id", "excludeCredentials.id", "allowCredentials.id"}

// spell writes the bytes of options in the shop's way.
func (s *shop) spell(options map[string]any) {
	if s.write == nil {
		return
	}
	change := func(members map[string]any, name string) {
		if text, ok := members[name].(string); ok {
			decoded, _ := base64.RawURLEncoding.DecodeString(text)
			members[name] = s.write(decoded)
		}
	}
	for _, path := range spelled {
		list, name, nested := strings.Cut(path, ".")
		if !nested {
			change(options, list)
			continue
		}
		switch inner := options[list].(type) {
		case map[string]any:
			change(inner, name)
		case []any:
			for _, one := range inner {
				change(one.(map[string]any), name)
			}
		}
	}
}

// understand reads the bytes of a credential in the shop's way.
func (s *shop) understand(credential any) any {
	members, ok := credential.(map[string]any)
	if !ok || s.read == nil {
		return credential
	}
	change := func(members map[string]any, names ...string) {
		for _, name := range names {
			if members[name] != nil {
				members[name] = base64.RawURLEncoding.EncodeToString(s.read(members[name]))
			}
		}
	}
	change(members, "id", "rawId")
	if response, ok := members["response"].(map[string]any); ok {
		change(response, "clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle", "publicKey")
	}
	return members
}

// shopTarget is the shop's description.
const shopTarget = `
name: The shop
base: BASE
origin: http://localhost
application:
  bytes: BYTES
  start: [{method: GET, path: /sign-in, match: {csrf: 'name="csrf" value="([^"]+)"'}}]
  account: [{path: /accounts, body: {email: "${ask.username}@shop.example"}, headers: {X-CSRF-Token: "${kept.csrf}"}, keep: {account: "${answer.account.id}"}}]
  resume: [{path: /sign-in/password, body: {email: "${ask.username}@shop.example"}, headers: {X-CSRF-Token: "${kept.csrf}"}}]
  signOut: [{path: /sign-out, headers: {X-CSRF-Token: "${kept.csrf}"}}]
  creationOptions:
    path: /passkeys/options
    body: {attestation: "${ask.attestation}", uv: "${ask.authenticatorSelection.userVerification}"}
    headers: {X-CSRF-Token: "${kept.csrf}"}
    options: ${answer.publicKey}
  creationResult:
    path: /passkeys
    body: {credential: "${credential}"}
    headers: {X-CSRF-Token: "${kept.csrf}"}
    accepted: {members: {verified: true}}
    message: error.text
  requestOptions:
    method: GET
    path: /login/options
    query: {email: "${ask.username}@shop.example", uv: "${ask.userVerification}"}
    options: ${answer.publicKey}
    keep: {login: "${answer.login}"}
  requestResult:
    path: /login
    body: {login: "${kept.login}", credential: "${credential}"}
    headers: {X-CSRF-Token: "${kept.csrf}"}
    accepted: {members: {verified: true}}
    message: error.text
policy: {counter: refuse, crossOrigin: refuse, enumeration: deny, selfAttestation: accept, trustsLab: false, backupEligible: accept, deviceBound: accept}
`

// judgeShop holds the suite against the shop and returns the results by id.
func judgeShop(t *testing.T, s *shop, target string, only ...string) map[string]reports.Result {
	t.Helper()
	rp, err := subject.Reference{}.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rp.Close() })
	s.rp, s.accounts, s.sessions = rp, map[string]bool{}, map[string]*shopSession{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	read, err := rpcases.ReadTarget(write(t, t.TempDir(), "target.yaml", strings.ReplaceAll(target, "BASE", server.URL)))
	if err != nil {
		t.Fatal(err)
	}
	suite, err := read.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { suite.Close() })
	runner := suite.Runner()
	if runner.Has, err = suite.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	if runner.Only, err = conformance.ParsePatterns(only); err != nil {
		t.Fatal(err)
	}
	finding, err := runner.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]reports.Result{}
	for _, result := range finding.Run.Results {
		all[result.ID] = result
	}
	return all
}

// some are cases of every kind; the whole list is for the reference itself.
var some = []string{"reg/envelope/*", "reg/client-data/type-*", "auth/envelope/*", "auth/client-data/type-*", "auth/signature/*", "auth/counter/*", "api/answers/*"}

// An application in front of the reference comes off as the reference does, whatever its own shape.
func TestAnApplicationIsJudgedInItsOwnShape(t *testing.T) {
	numbers := func(b []byte) any {
		all := make([]any, len(b))
		for i := range b {
			all[i] = int(b[i])
		}
		return all
	}
	for bytes, s := range map[string]*shop{
		"base64url": {},
		"base64": {
			write: func(b []byte) any { return base64.StdEncoding.EncodeToString(b) },
			read:  func(v any) []byte { text, _ := v.(string); b, _ := base64.StdEncoding.DecodeString(text); return b },
		},
		"array": {write: numbers, read: func(v any) []byte {
			var b []byte
			list, _ := v.([]any)
			for _, one := range list {
				b = append(b, byte(one.(float64)))
			}
			return b
		}},
	} {
		t.Run(bytes, func(t *testing.T) {
			only, least := some, 10
			if s.read != nil {
				only, least = []string{"*/envelope/honest", "reg/envelope/listed-afterwards", "auth/signature/*", "api/answers/*"}, 3
			}
			results := judgeShop(t, s, strings.ReplaceAll(shopTarget, "BYTES", bytes), only...)
			passed := 0
			for id, result := range results {
				if result.State.Bad() {
					t.Errorf("%s: %s: %s %+v", id, result.State, result.Reason, result.Failure)
				}
				if result.State == reports.Passed {
					passed++
				}
			}
			if passed < least || results["api/answers/refusal-says-why"].State != reports.Skipped {
				t.Errorf("%d of %d passed; a case of FIDO's API: %s", passed, len(results), results["api/answers/refusal-says-why"].State)
			}
		})
	}
}

// What an application is not sent cannot be lied about, and so proves nothing about it.
func TestALieThatAnApplicationIsNotToldIsSkipped(t *testing.T) {
	target := strings.ReplaceAll(strings.ReplaceAll(shopTarget, "BYTES", "base64url"), `path: /passkeys
    body: {credential: "${credential}"}`, `path: /passkeys
    body: {credential: {id: "${credential.id}", rawId: "${credential.id}", type: public-key, clientExtensionResults: {}, response: "${credential.response}"}}`)
	results := judgeShop(t, &shop{}, target, "reg/envelope/type-not-public-key", "reg/envelope/id-missing")
	untold := results["reg/envelope/type-not-public-key"]
	if untold.State != reports.Skipped || !strings.Contains(untold.Reason, `the application is not sent type, which is "password" here`) {
		t.Errorf("%s: %s", untold.State, untold.Reason)
	}
	if told := results["reg/envelope/id-missing"]; told.State != reports.Passed {
		t.Errorf("%s: %s %+v", told.State, told.Reason, told.Failure)
	}
}

func TestTheSampleTargetIsRight(t *testing.T) {
	explains(t, rpcases.SampleTarget,
		"making an account, once for each user name", "GET https://staging.example/sign-in/options?email=user-1@example.com", `"credential":"${credential}"`,
		"accepted: HTTP 302, leading to /home", "Not sent for request options: userVerification.",
	)
}

// explains wants a file to be a target that is explained with some words.
func explains(t *testing.T, file string, words ...string) {
	t.Helper()
	target, err := rpcases.ReadTarget(write(t, t.TempDir(), "target.yaml", file))
	if err != nil {
		t.Fatal(err)
	}
	var explained strings.Builder
	if err := target.Explain(&explained); err != nil {
		t.Fatal(err)
	}
	for _, want := range words {
		if !strings.Contains(explained.String(), want) {
			t.Errorf("no %q in\n%s", want, explained.String())
		}
	}
}

func TestAMistakeInAnApplicationIsToldWithItsPlace(t *testing.T) {
	right := strings.ReplaceAll(strings.ReplaceAll(shopTarget, "BYTES", "base64"), "BASE", "http://localhost")
	for name, c := range map[string]struct{ old, new, want string }{
		"an unknown key":           {"requestResult:", "requestResults:", "target.yaml:28:3: application.requestResults: there is no such key; did you mean requestResult?"},
		"a key in the wrong place": {"    message: error.text\n  requestO", "    serverName: x\n  requestO", "target.yaml:21:5: application.creationResult.serverName: there is no such key here; serverName belongs under tls"},
		"an unknown value":         {"${ask.attestation}", "${asks.attestation}", "did you mean ${ask.attestation}?"},
		"a value never kept":       {"login: \"${kept.login}\"", "login: \"${kept.lgoin}\"", "application.requestResult.body: ${kept.lgoin}: did you mean ${kept.login}?"},
		"a template left open":     {"${answer.publicKey}", "${answer.publicKey", "without its }"},
		"no template":              {"options: ${answer.publicKey}", "options: publicKey", "write ${answer.publicKey}"},
		"no path":                  {"    path: /login/options\n", "", "application.requestOptions: it has no path"},
		"bytes":                    {"bytes: base64", "bytes: hex", `target.yaml:6:3: application.bytes: "hex" is no way to write bytes; it is one of array, base64, base64url`},
		"a status":                 {"accepted: {members: {verified: true}}", "accepted: {statuses: [2xx]}", `"2xx" is no HTTP status`},
		"an ambiguous status":      {"accepted: {members: {verified: true}}", "accepted: {statuses: [200-400]}", "accepted and refused"},
		"a credential left out":    {`login: "${kept.login}", credential: "${credential}"`, `login: "${kept.login}"`, "it sends no ${credential.id}"},
		"a body of a GET":          {"query: {email", "body: {email", "a GET has no body"},
		"a pattern without group":  {`([^"]+)`, `x`, "with one group"},
		"a list that is none":      {"start: [{", "start: {a: {", "must be a list"},
		"no way back":              {"resume:", "#", "cannot register again without resume"},
		"paths beside it":          {"origin:", "paths: {creationOptions: x}\norigin:", "an application's paths stand with its calls"},
		"a policy":                 {"counter: refuse", "counter: deny", `policy.counter: "deny" is not one of refuse, accept`},
		"the environment":          {"base: http://localhost", "base: http://localhost:${env.PASSKEYLAB_NO_SUCH_PORT}", "is it set in the environment?"},
		"an origin with a path":    {"origin: http://localhost", "origin: http://localhost/x", "is no origin"},
	} {
		content := strings.Replace(right, c.old, c.new, 1)
		if name == "a list that is none" {
			content = strings.Replace(content, `"([^"]+)"'}}]`, `"([^"]+)"'}}}`, 1)
		}
		if content == right {
			t.Fatalf("%s: nothing was changed", name)
		}
		_, err := rpcases.ReadTarget(write(t, t.TempDir(), "target.yaml", content))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// All mistakes are told at once, in the order of the file.
func TestAllMistakesAreToldAtOnce(t *testing.T) {
	_, err := rpcases.ReadTarget(write(t, t.TempDir(), "target.yaml", "bse: x\nlimits: {time: soon, body: many}\nname: [a]\nname: b\n"))
	if err == nil {
		t.Fatal("nothing was wrong")
	}
	var lines []string
	for line := range strings.Lines(err.Error()) {
		lines = append(lines, line)
	}
	if len(lines) != 5 || !strings.Contains(lines[4], ":4:1: name: it is already there, in line 3") {
		t.Errorf("%q", lines)
	}
}
