package mutants

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
)

// maxBody is how many bytes a request may have.
const maxBody = 64 << 10

// cookieName is that of the cookie that tells visitors apart.
const cookieName = "passkeylab-mutant"

// pathRemoval is none of the API's: POST {username, id} removes a passkey.
const pathRemoval = "/credential/removal"

// answerDeeds are what every answer must be.
func answerDeeds() []Step {
	return []Step{
		{Name: "api/refusal/status", Clause: api("failure")},
		{Name: "api/refusal/message", Clause: api("failure")},
	}
}

func (rp *RP) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("/attestation/options", rp.endpoint(rp.creationOptions))
	mux.HandleFunc("/attestation/result", rp.endpoint(rp.creationResult))
	mux.HandleFunc("/assertion/options", rp.endpoint(rp.requestOptions))
	mux.HandleFunc("/assertion/result", rp.endpoint(rp.requestResult))
	mux.HandleFunc("GET /.well-known/webauthn", func(w http.ResponseWriter, _ *http.Request) {
		write(w, http.StatusOK, map[string]any{"origins": append([]string{rp.settings.Origin}, rp.settings.Related...)})
	})
	mux.HandleFunc(pathRemoval, rp.endpoint(rp.removal))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		rp.refuse(w, &unserved{http.StatusNotFound, "there is nothing here"})
	})
	return mux
}

// ServeHTTP implements http.Handler.
func (rp *RP) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if address := net.ParseIP(host); err != nil || address == nil || !address.IsLoopback() {
		http.Error(w, "a relying party that lacks checks answers this machine only", http.StatusForbidden)
		return
	}
	rp.mux.ServeHTTP(w, r)
}

// unserved is a request that is none, with the HTTP status that says so.
type unserved struct {
	status int
	words  string
}

// Error tells the words.
func (u *unserved) Error() string { return u.words }

// call is a request whose body was read.
type call struct {
	w       http.ResponseWriter
	body    []byte
	visitor string
}

func (rp *RP) endpoint(do func(call) (map[string]any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, err := rp.read(w, r)
		var members map[string]any
		if err == nil {
			rp.mu.Lock()
			members, err = do(c)
			rp.mu.Unlock()
		}
		if err != nil {
			rp.refuse(w, err)
			return
		}
		if members == nil {
			members = map[string]any{}
		}
		members["status"], members["errorMessage"] = "ok", ""
		write(w, http.StatusOK, members)
	}
}

func (rp *RP) read(w http.ResponseWriter, r *http.Request) (call, error) {
	c := call{w: w}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return c, &unserved{http.StatusMethodNotAllowed, "use POST"}
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return c, &unserved{http.StatusUnsupportedMediaType, "send application/json"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLong := new(http.MaxBytesError); errors.As(err, &tooLong) {
		return c, &unserved{http.StatusRequestEntityTooLarge, "the body is too long"}
	}
	if err != nil {
		return c, &unserved{http.StatusBadRequest, "the body cannot be read"}
	}
	c.body = body
	if cookie, err := r.Cookie(cookieName); err == nil {
		c.visitor = cookie.Value
	}
	return c, nil
}

// visit gives a visitor their cookie, at their first options.
func (rp *RP) visit(c call) string {
	if len(c.visitor) >= 22 {
		return c.visitor
	}
	visitor := base64.RawURLEncoding.EncodeToString(rp.random(16))
	http.SetCookie(c.w, &http.Cookie{
		Name: cookieName, Value: visitor, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(rp.settings.Origin, "https:"),
	})
	return visitor
}

func (rp *RP) random(length int) []byte {
	value := make([]byte, length)
	_, _ = io.ReadFull(rp.settings.Rand, value) // randomness that fails is the caller's mistake, and a test would see it
	return value
}

// refuse answers with a refusal. A response that was refused says which step did it: it is a laboratory.
func (rp *RP) refuse(w http.ResponseWriter, err error) {
	status, words := http.StatusBadRequest, err.Error()
	if u := new(unserved); errors.As(err, &u) {
		status = u.status
	}
	if !rp.does("api/refusal/status") {
		status = http.StatusOK
	}
	if !rp.does("api/refusal/message") {
		words = ""
	}
	write(w, status, map[string]any{"status": "failed", "errorMessage": strings.ToValidUTF8(words, "?")})
}

func write(w http.ResponseWriter, status int, members map[string]any) {
	encoded, err := json.Marshal(members)
	if err != nil { // everything in it was made here
		status, encoded = http.StatusInternalServerError, []byte(`{"status":"failed","errorMessage":"no JSON"}`)
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(encoded) // whoever asked is gone
}
