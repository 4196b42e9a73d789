package web

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"

	"github.com/passkeylab/passkeylab/rp"
)

// pageError is an error of HTTP rather than of the relying party: a status, and the key below "error." of the
// texts that explain it.
type pageError struct {
	status int
	key    string
	cause  error
}

func (e *pageError) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("web: %s: %v", e.key, e.cause)
	}
	return "web: " + e.key
}

func (e *pageError) Unwrap() error { return e.cause }

var (
	errNoPage    = &pageError{status: http.StatusNotFound, key: "not_found"}
	errMethod    = &pageError{status: http.StatusMethodNotAllowed, key: "method"}
	errCrossSite = &pageError{status: http.StatusForbidden, key: "cross_site"}
	errTooLarge  = &pageError{status: http.StatusRequestEntityTooLarge, key: "too_large"}
	errInternal  = &pageError{status: http.StatusInternalServerError, key: "internal"}
	errNoSession = &pageError{status: http.StatusUnauthorized, key: "session"}
)

// badRequest wraps what was wrong with a request; a body over the limit keeps its own status.
func badRequest(cause error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(cause, &tooLarge) {
		return errTooLarge
	}
	return &pageError{status: http.StatusBadRequest, key: "bad", cause: cause}
}

// isSessionEnd reports whether the relying party no longer knows the session.
func isSessionEnd(err error) bool {
	refusal := rp.AsRefusal(err)
	return errors.Is(err, rp.ErrNotFound) || refusal != nil && refusal.Code == rp.CodeSessionExpired
}

// asPageError finds the status and texts for any error that is not a refusal. What we do not know is a fault of
// ours, and its details are for the log only.
func asPageError(err error) *pageError {
	var page *pageError
	switch {
	case errors.As(err, &page):
		return page
	case errors.Is(err, rp.ErrNotFound):
		return errNoPage
	default:
		return &pageError{status: http.StatusServiceUnavailable, key: "unavailable", cause: err}
	}
}

// codeOfPage gives JSON answers a code for errors of HTTP.
var codeOfPage = map[string]rp.Code{
	"not_found": "http.not_found", "method": "http.method_not_allowed", "cross_site": "http.cross_site",
	"too_large": "http.too_large", "bad": "http.bad_request", "internal": "rp.internal",
	"unavailable": rp.CodeUnavailable, "session": rp.CodeSessionExpired,
}

// fail answers an error: JSON for a script, a page for a person.
func (v *visit) fail(err error) {
	if errors.Is(err, context.Canceled) && v.ctx().Err() != nil {
		return // nobody is there to read an answer
	}
	if refusal := rp.AsRefusal(err); refusal != nil {
		v.failRefused(refusal)
		return
	}
	if errors.Is(err, rp.ErrOutOfStep) {
		v.failOutOfStep()
		return
	}
	page := asPageError(err)
	code := codeOfPage[page.key]
	logged(v.ctx()).code = string(code)
	if page.status >= http.StatusInternalServerError {
		v.log.ErrorContext(v.ctx(), "request failed", "id", rp.RequestID(v.ctx()), "error", err)
	}
	if v.json {
		next := ""
		if page == errNoSession {
			next = v.endedPath()
		}
		v.report(v.writeJSON(page.status, problemJSON{Code: code, Message: v.tongue.T("error." + page.key + "_title"),
			Next: next, RequestID: rp.RequestID(v.ctx())}))
		return
	}
	if page == errNoSession && v.r.PathValue("run") == "" {
		v.report(v.redirect(v.signInPath()))
		return
	}
	if page == errNoSession {
		v.signInPath()
		v.report(v.showProblem(&rp.Refusal{Code: rp.CodeSessionExpired}, nil))
		return
	}
	v.report(v.showError(page))
}

// failOutOfStep sends a page that is behind its run to where the run is.
func (v *visit) failOutOfStep() {
	logged(v.ctx()).code = codeOutOfStep
	next := pathAdd
	if id := v.r.PathValue("run"); id != "" {
		next = pathAdd + "/" + id
	}
	if v.json {
		v.report(v.writeJSON(http.StatusConflict, problemJSON{Code: codeOutOfStep, Message: v.tongue.T("error.method_title"), Next: next,
			RequestID: rp.RequestID(v.ctx())}))
		return
	}
	v.report(v.redirect(next))
}

// codeOutOfStep is the code of a request that its run is not ready for, or has left behind.
const codeOutOfStep = "wizard.out_of_step"

// failRefused answers a refusal that no handler wanted to explain itself.
func (v *visit) failRefused(refusal *rp.Refusal) {
	logged(v.ctx()).code = string(refusal.Code)
	next := ""
	switch {
	case refusal.Code == rp.CodeSessionExpired:
		next = v.endedPath()
	case refusal.Code == rp.CodeProofStale:
		next = provePath(v.here())
	case v.r.PathValue("run") != "":
		next = runPath(&rp.Run{ID: v.r.PathValue("run")}, "problem")
	}
	if v.json {
		v.report(v.writeJSON(refusal.Code.Status(), v.problemJSON(refusal, next)))
		return
	}
	if refusal.Code == rp.CodeProofStale {
		v.report(v.redirect(next))
		return
	}
	v.report(v.showProblem(refusal, nil))
}

// report logs an answer that could not be made.
func (v *visit) report(err error) {
	if err != nil {
		v.log.ErrorContext(v.ctx(), "answer failed", "id", rp.RequestID(v.ctx()), "error", err)
		http.Error(v.w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
	}
}

// here returns the address to come back to: the page itself, or for a post the page its form stood on.
func (v *visit) here() string {
	if v.r.Method == http.MethodGet || v.r.Method == http.MethodHead {
		return v.r.URL.RequestURI()
	}
	return localPath(v.r.PostFormValue("return"), v.r.URL.Path)
}

// signInPath remembers where the person wanted to go and returns the address of the sign-in page.
func (v *visit) signInPath() string {
	back := v.here()
	if v.route.access.speaksJSON() {
		back = pathInfo
		if run := v.r.PathValue("run"); run != "" {
			back = pathAdd + "/" + run
		}
	}
	v.sessions.Put(v.ctx(), keyReturn, back)
	if v.sid != "" {
		v.sessions.Remove(v.ctx(), keySession)
		v.leave(flash{Notice: "signin.ended"})
	}
	return pathSignIn
}

// endedPath is where somebody goes on whose session is over: to sign in, and from a run first to E6, which says so and that the
// steps are kept. A page of a run says it itself.
func (v *visit) endedPath() string {
	signIn := v.signInPath()
	if run := v.r.PathValue("run"); run != "" && v.route.access.speaksJSON() {
		return pathAdd + "/" + run
	}
	return signIn
}

// problemJSON is the JSON shape of every error.
type problemJSON struct {
	Code      rp.Code `json:"code"`
	Message   string  `json:"message"`
	Next      string  `json:"next,omitempty"`
	RequestID string  `json:"requestID"`
	*refusalJSON
}

// refusalJSON is what a refusal adds for the script and for tests.
type refusalJSON struct {
	AAGUID        string         `json:"aaguid,omitempty"`
	Provider      string         `json:"provider,omitempty"`
	ProviderKnown bool           `json:"providerKnown"`
	DeviceScope   rp.DeviceScope `json:"deviceScope,omitempty"`
	Stray         rp.Stray       `json:"stray,omitempty"`
	Steps         []string       `json:"steps,omitempty"`
	// SignalUnknown is the argument of PublicKeyCredential.signalUnknownCredential, present only when the
	// relying party is sure that it does not keep the passkey and that it is on this device.
	SignalUnknown *unknownCredential `json:"signalUnknown,omitempty"`
}

type unknownCredential struct {
	RPID         string `json:"rpId"`
	CredentialID string `json:"credentialId"`
}

func (v *visit) problemJSON(refusal *rp.Refusal, next string) problemJSON {
	if !refusal.RetryAt.IsZero() { // RFC 9110 §10.2.3
		v.w.Header().Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(refusal.RetryAt.Sub(v.rp.Now()).Seconds())))))
	}
	extra := &refusalJSON{AAGUID: refusal.AAGUID, Provider: refusal.Provider, ProviderKnown: refusal.ProviderKnown,
		DeviceScope: refusal.DeviceScope, Stray: refusal.Stray, Steps: v.removalSteps(refusal.Steps)}
	if refusal.SignalUnknown && refusal.CredentialID != "" {
		extra.SignalUnknown = &unknownCredential{RPID: v.rp.RPID(), CredentialID: refusal.CredentialID}
	}
	return problemJSON{Code: refusal.Code, Message: v.titleOf(refusal), Next: next, RequestID: rp.RequestID(v.ctx()), refusalJSON: extra}
}

// removalSteps resolves message keys; one key may hold several steps, one a line.
func (v *visit) removalSteps(keys []string) []string {
	var steps []string
	for _, key := range keys {
		steps = append(steps, v.tongue.Lines(key)...)
	}
	return steps
}
