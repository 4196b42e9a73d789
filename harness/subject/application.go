package subject

import (
	"net/http"
)

// Application describes how an application's own server is spoken to, which does not have FIDO's REST API. A request of the
// API becomes one of the application's by templates, and its answer is read back by them; see [Template].
//
//	creationOptions: {method: POST, path: /passkeys/new, body: {email: "${ask.username}"}, options: "${answer.publicKey}"}
//	creationResult:  {path: /passkeys, body: {credential: "${credential}"}, accepted: {members: {verified: true}}}
//	requestOptions:  {method: GET, path: /login/options, query: {user: "${ask.username}"}, keep: {login: "${answer.id}"}}
//	requestResult:   {path: /login, body: {id: "${kept.login}", credential: "${credential}"}}
//
// The four are required. What an application is not told of a case's request, for want of a place in its templates, cannot be
// lied about: such a request is Inexpressible, and so its case is skipped with the reason.
type Application struct {
	// Start is asked once by each new visitor, before anything else: for a cookie, or a token against forged requests.
	Start []Call `yaml:"start"`
	// Account makes an account with the user name of the first request for creation options, and leaves the visitor signed in
	// where the application wants that. Resume signs in somebody who has an account already, without a passkey: it comes before
	// creation options in a browser that is not, or no longer, signed in.
	Account []Call `yaml:"account"`
	Resume  []Call `yaml:"resume"`
	// SignOut comes before request options in a browser that is signed in. It may be refused.
	SignOut []Call `yaml:"signOut"`

	CreationOptions Call `yaml:"creationOptions"`
	CreationResult  Call `yaml:"creationResult"`
	RequestOptions  Call `yaml:"requestOptions"`
	RequestResult   Call `yaml:"requestResult"`

	// Removal removes the credential ask.id of the user ask.username. It may be left out: nobody can be asked to then.
	Removal Call `yaml:"removal"`

	// Bytes is how the application writes bytes inside options and responses: "base64url", which is WebAuthn's own and the
	// default, "base64" with padding, or "array", of numbers.
	Bytes string `yaml:"bytes"`
}

// Call is one request to an application, and what its answer means. Every string in it that is sent is a template.
type Call struct {
	// Method is POST when empty, and Path is below the base.
	Method string `yaml:"method"`
	Path   string `yaml:"path"`
	// Query is added to the path; Headers to those of the target.
	Query   map[string]string `yaml:"query"`
	Headers map[string]string `yaml:"headers"`
	// Body is sent as JSON; Form as application/x-www-form-urlencoded. At most one of them.
	Body any               `yaml:"body"`
	Form map[string]string `yaml:"form"`
	// Accepted is how an answer looks that says yes, and Refused one that says no; what is neither is not as described, which
	// counts as broken. A 5xx is a server error unless Refused lists it.
	Accepted Verdict `yaml:"accepted"`
	Refused  Verdict `yaml:"refused"`
	// Message is the path of the server's own words: "error.text". Common names are tried when it is empty.
	Message string `yaml:"message"`
	// Keep makes values for later templates, kept.NAME, out of an accepted answer; Match does it by a regular expression over
	// its text, whose first group is kept: for what stands in a page.
	Keep  map[string]string `yaml:"keep"`
	Match map[string]string `yaml:"match"`
	// Options is where WebAuthn's options are in the answer of an options endpoint, as a template: "${answer}" when nil. A
	// string with JSON in it is read as that.
	Options any `yaml:"options"`
}

// Verdict is how an answer looks. All that is given must hold; the zero value has the default statuses of its place.
type Verdict struct {
	// Statuses are HTTP statuses and ranges of them: 400-499. By default 200-299 accepts, 200-399 for calls that are no
	// endpoint, and 400-499 refuses.
	Statuses []string `yaml:"statuses"`
	// Members are values at paths of a JSON answer: {verified: true}.
	Members map[string]any `yaml:"members"`
	// Location is the path that a redirect leads to.
	Location string `yaml:"location"`
}

// Mapped is an application's server: FIDOServer without the API (Paths is not used), and the Application in its place.
type Mapped struct {
	FIDOServer
	Application Application
	// Env looks up ${env.NAME}; nil knows none.
	Env func(name string) (string, bool)
}

// Dial returns the relying party that m describes. It makes no connection yet; its error is one of the description: a
// [*Problem], or several joined.
func (m Mapped) Dial() (RelyingParty, error) {
	transport := m.dialler()
	return m.over(transport, func() error { transport.CloseIdleConnections(); return nil })
}

// InProcess returns an application that is a handler of this process.
func (m Mapped) InProcess(handler http.Handler) (RelyingParty, error) {
	return m.over(m.around(handler), func() error { return nil })
}

func (m Mapped) over(transport http.RoundTripper, release func() error) (RelyingParty, error) {
	plan, err := m.compile()
	if err != nil {
		return nil, err
	}
	w, err := m.wire(transport, release)
	if err != nil {
		return nil, err
	}
	return &mapped{wire: w, plan: plan}, nil
}

// endpoints are the four calls, by what they are for.
func (a *Application) endpoints() map[Endpoint]*Call {
	return map[Endpoint]*Call{
		CreationOptions: &a.CreationOptions, CreationResult: &a.CreationResult, RequestOptions: &a.RequestOptions, RequestResult: &a.RequestResult,
		Removal: &a.Removal,
	}
}
