package fidoapi

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/passkeylab/passkeylab/rp"
)

// cookieName is that of the cookie that ties ceremonies to a visitor.
const cookieName = "passkeylab-fido"

// PathRemoval is none of FIDO's API: POST {username, id} removes a passkey, so that it can be tested what is left of it.
const PathRemoval = "/credential/removal"

// Handler serves the API for a relying party.
func Handler(site *rp.RelyingParty) http.Handler {
	a := &api{rp: site, secure: strings.HasPrefix(site.Origin(), "https:")}
	mux := http.NewServeMux()
	mux.HandleFunc("/attestation/options", a.endpoint(a.creationOptions))
	mux.HandleFunc("/attestation/result", a.endpoint(a.creationResult))
	mux.HandleFunc("/assertion/options", a.endpoint(a.requestOptions))
	mux.HandleFunc("/assertion/result", a.endpoint(a.requestResult))
	mux.HandleFunc(PathRemoval, a.endpoint(a.removal))
	mux.HandleFunc("GET /.well-known/webauthn", a.relatedOrigins)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusNotFound, failed("There is nothing here."))
	})
	return mux
}

// relatedOrigins tells browsers which origins may use passkeys of this RP ID (WebAuthn L3 §5.11).
func (a *api) relatedOrigins(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string][]string{"origins": a.rp.Origins()})
}

// dictated is the key of a challenge in a context.
type dictated struct{}

// WithChallenge returns the context of a request for options whose challenge is fixed, as published test vectors fix theirs. Only
// a caller in the same process can do that.
func WithChallenge(ctx context.Context, challenge []byte) context.Context {
	return context.WithValue(ctx, dictated{}, challenge)
}

// challenge is the one that was dictated, nil for none.
func (c call) challenge() []byte {
	challenge, _ := c.Context().Value(dictated{}).([]byte)
	return challenge
}

type api struct {
	rp     *rp.RelyingParty
	secure bool
}

// call is one request whose body was read.
type call struct {
	*http.Request
	body    []byte
	binding string // of the visitor, "" before their first options
}

// status is what every answer carries.
type status struct {
	Status       string `json:"status"`
	ErrorMessage string `json:"errorMessage"`
}

func ok() status                   { return status{Status: "ok"} }
func failed(message string) status { return status{Status: "failed", ErrorMessage: message} }

// badRequest is a request that is none, with the HTTP status that says so.
type badRequest struct {
	status  int
	message string
}

// Error is the message.
func (b *badRequest) Error() string { return b.message }

func bad(message string) error { return &badRequest{http.StatusBadRequest, message} }

// endpoint reads a request, does something, and answers.
func (a *api) endpoint(do func(w http.ResponseWriter, c call) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, err := read(w, r)
		var result any
		if err == nil {
			result, err = do(w, c)
		}
		if err != nil {
			code, said := refusal(err)
			answer(w, code, said)
			return
		}
		answer(w, http.StatusOK, result)
	}
}

func read(w http.ResponseWriter, r *http.Request) (call, error) {
	c := call{Request: r}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return c, &badRequest{http.StatusMethodNotAllowed, "Use POST."}
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return c, &badRequest{http.StatusUnsupportedMediaType, "Send application/json."}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, rp.MaxBody))
	if tooLong := new(http.MaxBytesError); errors.As(err, &tooLong) {
		return c, &badRequest{http.StatusRequestEntityTooLarge, "The body is too long."}
	}
	if err != nil {
		return c, bad("The body could not be read.")
	}
	c.body = body
	if cookie, err := r.Cookie(cookieName); err == nil {
		c.binding = cookie.Value
	}
	return c, nil
}

// visitor returns the visitor's binding, a new one at their first options.
func (a *api) visitor(w http.ResponseWriter, c call) string {
	if len(c.binding) >= 22 {
		return c.binding
	}
	random := make([]byte, 16)
	_, _ = rand.Read(random) // it never fails
	binding := base64.RawURLEncoding.EncodeToString(random)
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: binding, Path: "/", HttpOnly: true, Secure: a.secure, SameSite: http.SameSiteLaxMode})
	return binding
}

// refusal turns an error into HTTP status and words. Faults of ours are 503 and say nothing else.
func refusal(err error) (int, status) {
	var request *badRequest
	if errors.As(err, &request) {
		return request.status, failed(request.message)
	}
	if refused := rp.AsRefusal(err); refused != nil {
		return http.StatusBadRequest, failed(string(refused.Code))
	}
	if errors.Is(err, rp.ErrNotFound) {
		return http.StatusNotFound, failed("There is no such account or passkey.")
	}
	if fields := rp.FieldErrors(err); len(fields) > 0 {
		return http.StatusBadRequest, failed(fields[0].Field + ": " + fields[0].Problem)
	}
	return http.StatusServiceUnavailable, failed(string(rp.CodeUnavailable))
}

func answer(w http.ResponseWriter, code int, body any) {
	encoded, err := json.Marshal(body)
	if err != nil { // everything that is answered was made here
		code, encoded = http.StatusServiceUnavailable, []byte(`{"status":"failed","errorMessage":"rp.unavailable"}`)
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	_, _ = w.Write(encoded) // whoever asked is gone
}
