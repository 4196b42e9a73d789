package web

import (
	"net/http"
	"slices"
	"strings"
)

// access says who may use a route, and whether it speaks JSON.
type access int

const (
	// open is for everybody.
	open access = iota
	// member needs a session; without one the person is sent to sign in.
	member
	// openAPI and memberAPI answer in JSON, whatever happens.
	openAPI
	memberAPI
)

func (a access) needsSession() bool { return a == member || a == memberAPI }
func (a access) speaksJSON() bool   { return a == openAPI || a == memberAPI }

// route is one address.
type route struct {
	pattern string
	access  access
	handle  func(*Server, *visit) error
}

// routes is every address of the site but the embedded files.
var routes = []route{
	{"GET /{$}", open, (*Server).home},
	{"GET /healthz", openAPI, (*Server).health},
	{"GET /.well-known/passkey-endpoints", openAPI, (*Server).passkeyEndpoints},
	{"GET /.well-known/webauthn", openAPI, (*Server).relatedOrigins},
	{"GET /.well-known/assetlinks.json", openAPI, (*Server).assetLinks},
	{"GET /.well-known/apple-app-site-association", openAPI, (*Server).appleSite},
	{"GET /help/faq", open, (*Server).faq},
	{"GET /outbox", member, (*Server).outbox},
	{"POST /preferences/theme", open, (*Server).setTheme},
	{"POST /preferences/language", open, (*Server).setLanguage},
	{"POST /preferences/zone", openAPI, (*Server).setZone},

	{"GET /sign-in", open, (*Server).signIn},
	{"POST /sign-in", open, (*Server).signInWithPassword},
	{"POST /sign-in/options", openAPI, (*Server).signInOptions},
	{"POST /sign-in/verify", openAPI, (*Server).signInVerify},
	{"GET /sign-in/problem", open, (*Server).signInProblem},
	{"POST /sign-out", open, (*Server).signOut},
	{"GET /sign-up", open, (*Server).signUp},
	{"POST /sign-up", open, (*Server).createAccount},
	{"GET /sign-up/code", open, (*Server).signUpCode},
	{"POST /sign-up/code", open, (*Server).confirmCode},

	{"GET /security-info", member, (*Server).securityInfo},
	{"GET /security-info/prompt", member, (*Server).campaign},
	{"POST /security-info/prompt", member, (*Server).snooze},
	{"POST /security-info/pass/delete", member, (*Server).deletePass},
	{"GET /security-info/sign-out-everywhere", member, (*Server).everywherePage},
	{"POST /security-info/sign-out-everywhere", member, (*Server).signOutEverywhere},
	{"GET /security-info/password", member, (*Server).passwordPage},
	{"POST /security-info/password", member, (*Server).changePassword},
	{"GET /security-info/sessions", member, (*Server).sessionsPage},
	{"POST /security-info/sessions/{id}/end", member, (*Server).endSession},
	{"POST /security-info/reminders/{id}/dismiss", member, (*Server).dismissReminder},
	{"GET /security-info/passkeys/{id}/rename", member, (*Server).renamePage},
	{"POST /security-info/passkeys/{id}/rename", member, (*Server).rename},
	{"GET /security-info/passkeys/{id}/delete", member, (*Server).deletePage},
	{"POST /security-info/passkeys/{id}/delete", member, (*Server).delete},
	{"GET /security-info/prove", member, (*Server).provePage},
	{"POST /security-info/prove", member, (*Server).prove},
	{"POST /security-info/prove/options", memberAPI, (*Server).proveOptions},
	{"POST /security-info/prove/verify", memberAPI, (*Server).proveVerify},

	{"GET /security-info/add", member, (*Server).chooseMethod},
	{"POST /security-info/add", member, (*Server).startRun},
	{"GET /security-info/add/{run}", member, (*Server).resumeRun},
	{"GET /security-info/add/{run}/{step}", member, (*Server).wizardScreen},
	{"POST /security-info/add/{run}/{step}", member, (*Server).wizardStep},
	{"POST /security-info/add/{run}/options", memberAPI, (*Server).creationOptions},
	// Open, because a passkey that comes after the session's end is refused and must be remembered all the same.
	{"POST /security-info/add/{run}/verify", openAPI, (*Server).verifyCreation},
	{"POST /security-info/add/{run}/client-error", memberAPI, (*Server).clientError},
	{"POST /security-info/add/{run}/seen", memberAPI, (*Server).seenInApp},
	{"GET /security-info/add/{run}/outcome", memberAPI, (*Server).outcome},
	{"POST /security-info/add/{run}/outcome", memberAPI, (*Server).settleOutcome},
}

// mux builds the routing table. What matches no route is 404, or 405 when the path has routes for other methods:
// these are found in a second table, because patterns with and without a method may not overlap in one.
func (s *Server) mux() *http.ServeMux {
	mux, paths := http.NewServeMux(), http.NewServeMux()
	methods := map[string][]string{}
	for _, rt := range slices.Concat(routes, appRoutes, adminRoutes, adminPages) {
		method, path, _ := strings.Cut(rt.pattern, " ")
		if len(methods[path]) == 0 {
			paths.Handle(path, http.NotFoundHandler())
		}
		methods[path] = append(methods[path], method)
		mux.Handle(rt.pattern, s.serve(rt))
	}
	mux.Handle("/", s.serve(route{handle: func(_ *Server, v *visit) error {
		_, path := paths.Handler(v.r)
		if path == "" {
			return errNoPage
		}
		v.w.Header().Set("Allow", strings.Join(methods[path], ", "))
		return errMethod
	}}))
	return mux
}
