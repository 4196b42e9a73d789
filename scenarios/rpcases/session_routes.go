package rpcases

import (
	"bytes"
	"context"
	"net/http"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
)

// sessionRoutes is about ceremonies that a framework offers by itself, beside those of the application (CVE-2024-12225).
func sessionRoutes() []Case {
	return []Case{
		{
			ID: "reg/session/routes-of-frameworks", Aliases: []string{"S-SES-022.r"}, CVEs: []string{"CVE-2024-12225"}, Level: robust, Clause: api("other-endpoints"),
			Says: "none of the paths at which frameworks register passkeys by default gives a challenge",
			Fix:  "Turn the framework's own endpoints off, or put them behind the application's rules.",
			Run: noChallengeAt(
				"/q/webauthn/register", "/q/webauthn/register-options-challenge", "/webauthn/register", "/webauthn/register/options", "/webauthn/registration/options",
				"/webauthn/attestation/options", "/webauthn/keys/options", "/passkeys/register/options", "/user/passkeys/options", "/auth/passkey/generate-register-options",
				"/api/auth/passkey/generate-register-options",
			),
		},
		{
			ID: "auth/session/routes-of-frameworks", Aliases: []string{"S-SES-022.a"}, CVEs: []string{"CVE-2024-12225"}, Level: robust, Clause: api("other-endpoints"),
			Says: "none of the paths at which frameworks sign in with passkeys by default gives a challenge",
			Fix:  "Turn the framework's own endpoints off, or put them behind the application's rules.",
			Run: noChallengeAt(
				"/q/webauthn/login", "/q/webauthn/login-options-challenge", "/webauthn/login", "/webauthn/login/options", "/webauthn/authenticate/options",
				"/webauthn/assertion/options", "/passkeys/login/options", "/passkeys/authentication-options", "/auth/passkey/generate-authenticate-options",
				"/api/auth/passkey/generate-authenticate-options",
			),
		},
	}
}

// sessionExcuses are fact sheets about state that this API does not have.
func sessionExcuses() []Excuse {
	return []Excuse{{"S-SES-021", "the API has no invitations or enrolment tokens: whoever reaches it may register, so that none can be used twice"}}
}

func noChallengeAt(paths ...string) Run {
	return func(ctx context.Context, b *Bench) error {
		p, err := b.registered(ctx)
		if err != nil {
			return err
		}
		for _, path := range paths {
			for _, method := range []string{http.MethodPost, http.MethodGet} {
				request := subject.Request{Path: path, Method: method, Purpose: "an endpoint of a framework"}
				if method == http.MethodPost {
					request.Body = []byte(`{"username":"` + p.Name + `","name":"` + p.Name + `","displayName":"Somebody"}`)
				}
				answer := p.Browser.Do(ctx, request)
				if answer.Outcome == subject.Inexpressible {
					return conformance.Skip("only the endpoints of such a server can be reached")
				}
				if answer.Status >= 200 && answer.Status < 300 && bytes.Contains(answer.Body, []byte(`"challenge"`)) {
					return &conformance.Mismatch{What: method + " " + path, Want: "nothing there", Got: "a challenge"}
				}
			}
		}
		return nil
	}
}
