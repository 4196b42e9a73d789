package rpcases

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"strings"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
)

// apiAnswers is about the form of all answers (FIDO's server API).
func apiAnswers() []Case {
	return []Case{
		{
			ID: "api/answers/refusal-says-why", Aliases: []string{"S-API-035.r"}, Level: must, Clause: api("failure"),
			Says: "a refused registration is HTTP 4xx with status failed and an errorMessage",
			Run:  each(refusedAtRegistration, refusalSaysWhy),
		},
		{
			ID: "api/answers/refused-sign-in-says-why", Aliases: []string{"S-API-035.a"}, Level: must, Clause: api("failure"),
			Says: "a refused sign-in is HTTP 4xx with status failed and an errorMessage",
			Run:  each(refusedAtSignIn, refusalSaysWhy),
		},
		{
			ID: "api/answers/registration-succeeds", Aliases: []string{"S-API-036.r"}, Level: must, Clause: api("success"),
			Says: "the answers of a registration have status ok and an empty errorMessage",
			Run:  each(honestRegistration, successSaysSo),
		},
		{
			ID: "api/answers/sign-in-succeeds", Aliases: []string{"S-API-036.a"}, Level: must, Clause: api("success"),
			Says: "the answers of a sign-in have status ok and an empty errorMessage",
			Run:  each(honestSignIn, successSaysSo),
		},
		{
			ID: "api/answers/refused-registration-tells-nothing", Aliases: []string{"S-API-037.r"}, Level: robust, Clause: api("errorMessage"),
			Says: "a refused registration tells nothing of what is inside: no stack, no file, no query",
			Run:  each(refusedAtRegistration, tellsNothing),
		},
		{
			ID: "api/answers/refused-sign-in-tells-nothing", Aliases: []string{"S-API-037.a"}, Level: robust, Clause: api("errorMessage"),
			Says: "a refused sign-in tells nothing of what is inside: no stack, no file, no query",
			Run:  each(refusedAtSignIn, tellsNothing),
		},
		{
			ID: "api/answers/registration-is-not-cached", Aliases: []string{"S-API-038.r"}, Level: robust, Clause: api("headers"),
			Says: "the answers of a registration are JSON by their headers, and for no cache",
			Run:  each(honestRegistration, jsonUncached),
		},
		{
			ID: "api/answers/sign-in-is-not-cached", Aliases: []string{"S-API-038.a"}, Level: robust, Clause: api("headers"),
			Says: "the answers of a sign-in are JSON by their headers, and for no cache",
			Run:  each(honestSignIn, jsonUncached),
		},
		{
			ID: "api/answers/cookie-of-a-registration", Aliases: []string{"S-API-039.r"}, Level: robust, Clause: l3("13.4.3", "session-cookie"),
			Says: "the cookie of a registration is for this site and its server only, and does not show the challenge",
			Run:  each(honestRegistration, guardedCookie),
		},
		{
			ID: "api/answers/cookie-of-a-sign-in", Aliases: []string{"S-API-039.a"}, Level: robust, Clause: l3("13.4.3", "session-cookie"),
			Says: "the cookie of a sign-in is for this site and its server only, and does not show the challenge",
			Run:  each(honestSignIn, guardedCookie),
		},
	}
}

// each judges the answers of something one by one.
func each(do func(context.Context, *Bench) ([]subject.Answer, error), judge func(*Bench, []subject.Answer) error) Run {
	return func(ctx context.Context, b *Bench) error {
		answers, err := do(ctx, b)
		if err != nil {
			return err
		}
		return judge(b, answers)
	}
}

// honestRegistration and honestSignIn return the answers of the two endpoints of a ceremony.
func honestRegistration(ctx context.Context, b *Bench) ([]subject.Answer, error) {
	p := b.Person(nil)
	offered := p.CreationOptions(ctx, Ask{})
	if err := b.MustAccept("options to register", offered); err != nil {
		return nil, conformance.Control("options to register", err)
	}
	message, err := p.Create(ctx, offered.Options(), Lie{})
	if err != nil {
		return nil, conformance.Control("an honest registration", err)
	}
	answer, err := p.mustPost(ctx, subject.CreationResult, message, "an honest registration")
	return []subject.Answer{offered, answer}, err
}

func honestSignIn(ctx context.Context, b *Bench) ([]subject.Answer, error) {
	p, err := b.registered(ctx)
	if err != nil {
		return nil, err
	}
	p.Browser = b.RP.Visit() // its first cookie is then that of the sign-in
	offered := p.RequestOptions(ctx, Ask{})
	if err := b.MustAccept("options to sign in", offered); err != nil {
		return nil, conformance.Control("options to sign in", err)
	}
	message, err := p.Get(ctx, offered.Options(), Lie{})
	if err != nil {
		return nil, conformance.Control("an honest sign-in", err)
	}
	answer, err := p.mustPost(ctx, subject.RequestResult, message, "an honest sign-in")
	return []subject.Answer{offered, answer}, err
}

// severalLies are refused for different reasons, by different layers.
func severalLies() []Lie {
	return []Lie{
		{Is: "no id", Message: without("id")},
		{Is: "a body that is no JSON", Body: func([]byte) []byte { return []byte("{") }},
		{Is: "client data that is no JSON", Message: set("response.clientDataJSON", "AAAA")},
		{Is: "the origin of another site", Client: client.Misbehaviour{Origin: "https://phishing.example"}},
		{Is: "a type that is a quote", Message: set("type", "public-key' OR 1=1 --")},
	}
}

func refusedAtRegistration(ctx context.Context, b *Bench) ([]subject.Answer, error) {
	if err := (Registration{}).control(ctx, b); err != nil {
		return nil, err
	}
	var all []subject.Answer
	for _, lie := range severalLies() {
		answer, err := b.Person(nil).Registers(ctx, Ask{}, lie)
		if err != nil {
			return nil, conformance.Control("registration with "+lie.Is, err)
		}
		if err := b.MustRefuse("registration with "+lie.Is, answer); err != nil {
			return nil, err
		}
		all = append(all, answer)
	}
	return all, nil
}

func refusedAtSignIn(ctx context.Context, b *Bench) ([]subject.Answer, error) {
	p, err := Authentication{}.control(ctx, b)
	if err != nil {
		return nil, err
	}
	var all []subject.Answer
	for _, lie := range severalLies() {
		answer, err := p.SignsIn(ctx, Ask{}, lie)
		if err != nil {
			return nil, conformance.Control("sign-in with "+lie.Is, err)
		}
		if err := b.MustRefuse("sign-in with "+lie.Is, answer); err != nil {
			return nil, err
		}
		all = append(all, answer)
	}
	return all, nil
}

func refusalSaysWhy(_ *Bench, answers []subject.Answer) error {
	for _, answer := range answers {
		if answer.Outcome != subject.Refused || len(answer.Complaints) > 0 {
			return &conformance.Mismatch{What: "the refusal", Want: "HTTP 4xx, status failed and an errorMessage", Got: fmt.Sprintf("%s %v", answer, answer.Complaints)}
		}
	}
	return nil
}

func successSaysSo(_ *Bench, answers []subject.Answer) error {
	for _, answer := range answers {
		if answer.Outcome != subject.Accepted || len(answer.Complaints) > 0 {
			return &conformance.Mismatch{What: "the answer", Want: "HTTP 2xx, status ok and an empty errorMessage", Got: fmt.Sprintf("%s %v", answer, answer.Complaints)}
		}
	}
	return nil
}

// inside is what the inside of a server looks like: frames of stacks, files, queries.
var inside = regexp.MustCompile(`(?i)\bat [\w.$<>]+\(|\.(go|java|kt|py|rb|php|cs|js|ts|rs):?\(?\d+|traceback|stack ?trace|goroutine \d|panic:|node_modules|` +
	`/(usr|home|var|opt|srv|app|root|tmp)/|[a-z]:\\|\b(select|insert into|update|delete from)\b.+\b(from|values|set|where)\b|exception in thread`)

func tellsNothing(_ *Bench, answers []subject.Answer) error {
	for _, answer := range answers {
		if found := inside.Find(answer.Body); found != nil {
			return &conformance.Mismatch{What: "the refusal", Want: "nothing of what is inside of the server", Got: string(found)}
		}
	}
	return nil
}

func jsonUncached(_ *Bench, answers []subject.Answer) error {
	for _, answer := range answers {
		kind, cache := answer.Header.Get("Content-Type"), answer.Header.Get("Cache-Control")
		media, _, _ := mime.ParseMediaType(kind)
		if err := firstFalse(
			claim{"Content-Type", "application/json", media == "application/json", kind},
			claim{"Cache-Control", "no-store", strings.Contains(strings.ToLower(cache), "no-store"), cache},
		); err != nil {
			return err
		}
	}
	return nil
}

// guardedCookie looks at the cookies that the options set.
func guardedCookie(b *Bench, answers []subject.Answer) error {
	offered := answers[0]
	cookies := (&http.Response{Header: offered.Header}).Cookies()
	if len(cookies) == 0 {
		return conformance.Skip("the server sets no cookie")
	}
	challenge := text(offered.Members["challenge"])
	for _, cookie := range cookies {
		if err := firstFalse(
			claim{"the cookie " + cookie.Name, "HttpOnly", cookie.HttpOnly, cookie.Raw},
			claim{"the cookie " + cookie.Name, "SameSite=Lax or Strict", cookie.SameSite == http.SameSiteLaxMode || cookie.SameSite == http.SameSiteStrictMode, cookie.Raw},
			claim{"the cookie " + cookie.Name, "Secure", cookie.Secure || !strings.HasPrefix(b.RP.Origin(), "https:"), cookie.Raw},
			claim{"the cookie " + cookie.Name, "nothing of the challenge", challenge == "" || !strings.Contains(cookie.Value, challenge), cookie.Raw},
		); err != nil {
			return err
		}
	}
	return nil
}
