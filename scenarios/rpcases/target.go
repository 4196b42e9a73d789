package rpcases

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
)

// Target is the description of a relying party to judge, as a YAML file has it:
//
//	name: Our staging server
//	base: https://staging.example/fido        # the four paths of the API are below it
//	origin: https://staging.example           # of the page; that of base when left out
//	paths: {creationOptions: /register/begin} # and creationResult, requestOptions, requestResult, removal
//	headers: {Authorization: "Bearer ${env.TOKEN}"}  # sent with each request
//	cookies: {tenant: lab}                    # every visitor's from the start
//	tls: {ca: ca.pem, serverName: rp, certificate: me.pem, key: me.key, insecure: false}
//	limits: {time: 10s, body: 1048576, header: 65536, pause: 200ms, patience: 10m}   # see subject.Limits and subject.Pace
//	application: {creationOptions: {path: /passkeys/new, options: "${answer.publicKey}"}}   # see subject.Application
//	website: {signIn: {steps: [{go: /sign-in}, {press: "#passkey"}], accepted: {see: "#home"}}}             # see subject.Pages
//	policy: {counter: refuse, crossOrigin: refuse, subdomains: refuse, ports: refuse, origins: [https://app.example]}
//	variants:
//	  attestation-required: {base: https://staging.example/strict}
//	  framed: {base: https://staging.example/framed, policy: {topOrigins: [https://partner.example]}}
//	expected:                                 # failures that are known; each must happen
//	  - {id: "reg/client-data/*", reason: our issue 12}
//
// Without application and website, the server has FIDO's REST API. Paths of files are relative to the target's. SampleTarget and
// SampleWebsite have every key with a comment.
//
// Where policy.trustsLab is true the server trusts the root of Authority, and its variants lab-metadata and metadata-required have
// the lists of SignedModels and of MetadataServices. TrustFiles are all of them, and check rp --export-trust writes them.
type Target struct {
	Name     string             `yaml:"name"`
	Server   Server             `yaml:",inline"`
	Policy   Policy             `yaml:"policy"`
	Variants map[Variant]*Other `yaml:"variants"`
	Expected []struct {
		ID     string `yaml:"id"`
		Reason string `yaml:"reason"`
	} `yaml:"expected"`

	folder    string
	variables []string // values of the environment that it names, each before its name
}

// Other is the same relying party in another configuration, with what it decided there; without a policy, that of the target.
type Other struct {
	Server Server  `yaml:",inline"`
	Policy *Policy `yaml:"policy"`
}

// Server is where a server is, and how it is spoken to.
type Server struct {
	Base    string            `yaml:"base"`
	Origin  string            `yaml:"origin"`
	Paths   Paths             `yaml:"paths"`
	Headers map[string]string `yaml:"headers"`
	Cookies map[string]string `yaml:"cookies"`
	TLS     TLS               `yaml:"tls"`
	Limits  struct {
		Time   time.Duration `yaml:"time"`
		Body   int           `yaml:"body"`
		Header int           `yaml:"header"`
		// Pause and Patience are those of subject.Pace, for the whole target: a variant has none of its own.
		Pause    time.Duration `yaml:"pause"`
		Patience time.Duration `yaml:"patience"`
	} `yaml:"limits"`
	// Application is nil for a server with FIDO's REST API, and Website for one that is not used by its pages. At most one of
	// them is given. A variant without either has the target's.
	Application *subject.Application `yaml:"application"`
	Website     *subject.Pages       `yaml:"website"`
}

// Paths are those of the endpoints, where they are not the API's own.
type Paths struct {
	CreationOptions string `yaml:"creationOptions"`
	CreationResult  string `yaml:"creationResult"`
	RequestOptions  string `yaml:"requestOptions"`
	RequestResult   string `yaml:"requestResult"`
	// Removal is none of the API's: POST {username, id} removes a credential. Empty: nobody can be asked to.
	Removal string `yaml:"removal"`
}

// ReadTarget reads the description of a target. All that is wrong with it is told at once: each error is a *[Mistake].
func ReadTarget(name string) (*Target, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read the target: %w", err)
	}
	f, document := &file{name: name}, yaml.Node{}
	if err := yaml.Unmarshal(content, &document); err != nil {
		return nil, fmt.Errorf("read the target: %w", &Mistake{File: name, Says: "this is no YAML: " + strings.TrimPrefix(err.Error(), "yaml: ")})
	}
	t := &Target{folder: filepath.Dir(name), variables: secretsOf(content)}
	if len(document.Content) > 0 {
		f.top = document.Content[0]
		f.check(f.top, reflect.TypeFor[Target](), "")
	}
	if f.mistakes == nil && f.top != nil {
		if err := document.Decode(t); err != nil {
			f.say(nil, "", "%v", err)
		}
	}
	if f.mistakes == nil {
		t.check(f)
	}
	if err := f.err(); err != nil {
		return nil, fmt.Errorf("read the target: %w", err)
	}
	return t, nil
}

// check says what is wrong with a description whose keys are right.
func (t *Target) check(f *file) {
	t.Server.check(f, "", t.Server)
	for _, v := range slices.Sorted(maps.Keys(t.Variants)) {
		t.Variants[v].check(f, v, t)
	}
	t.Policy.check(f, "policy")
	for i, e := range t.Expected {
		key := "expected." + strconv.Itoa(i)
		if e.Reason == "" {
			f.say(lookUp(f.top, key), key, "the expected failure %q has no reason; say why it is known", e.ID)
		}
		if _, err := conformance.ParsePattern(e.ID); err != nil {
			f.say(lookUp(f.top, key), key, "%v", err)
		}
	}
}

// check says what is wrong with a variant's description.
func (o *Other) check(f *file, v Variant, of *Target) {
	key := "variants." + string(v)
	say := func(format string, values ...any) { f.say(lookUp(f.top, key), key, format, values...) }
	if !slices.Contains(allVariants(), v) {
		say("there is no variant %q; those that exist: %v", v, allVariants())
	}
	if o == nil {
		say("the variant is empty; say where it is: {base: https://…}")
		return
	}
	decided := of.Policy
	if o.Policy != nil {
		decided = *o.Policy
		decided.check(f, key+".policy")
	}
	switch {
	case v == Framed && len(decided.TopOrigins) == 0:
		say("the variant names no page that may frame it; say which: policy: {topOrigins: [https://…]}")
	case v == WideOrigins && len(decided.Origins) == 0:
		say("the variant names no further origin; say which: policy: {origins: [https://…]}")
	}
	if o.Server.Limits.Pause != 0 || o.Server.Limits.Patience != 0 {
		f.say(lookUp(f.top, key+".limits"), key+".limits", "pause and patience are those of the whole target; write them under limits at the top")
	}
	o.Server.check(f, key, of.Server)
}

// check says which decisions are none: all that are texts refuse or accept, but one.
func (p Policy) check(f *file, key string) {
	v := reflect.ValueOf(p)
	for i := range v.NumField() {
		name, value := v.Type().Field(i).Tag.Get("yaml"), v.Field(i)
		switch {
		case value.Kind() != reflect.String:
		case name == "enumeration":
			f.oneOf(key+"."+name, value.String(), "deny", "fake")
		default:
			f.oneOf(key+"."+name, value.String(), "refuse", "accept")
		}
	}
}

// oneOf wants a value to be one of some, or left out.
func (f *file) oneOf(key, value string, those ...string) {
	if value != "" && !slices.Contains(those, value) {
		f.say(lookUp(f.top, key), key, "%q is not one of %s", value, strings.Join(those, ", "))
	}
}

// expanded puts the variables of the environment into a text.
func (f *file) expanded(key string, text *string) {
	value, err := subject.Expand(*text, os.LookupEnv)
	if err != nil {
		f.say(lookUp(f.top, key), key, "%v; is it set in the environment?", err)
		return
	}
	*text = value
}

// check says what is wrong with a server; usual is whose shape it has when it names none.
func (s *Server) check(f *file, key string, usual Server) {
	under := func(name string) string { return strings.TrimPrefix(key+"."+name, ".") }
	f.expanded(under("base"), &s.Base)
	f.expanded(under("origin"), &s.Origin)
	if base, err := url.Parse(s.Base); err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		f.say(lookUp(f.top, under("base")), under("base"), "%q is no URL of a server; write it like https://rp.example", s.Base)
	}
	if origin, err := url.Parse(s.Origin); s.Origin != "" && (err != nil || origin.Host == "" || origin.Scheme+"://"+origin.Host != s.Origin) {
		f.say(lookUp(f.top, under("origin")), under("origin"), "%q is no origin; it has a scheme, a host and perhaps a port, like https://rp.example", s.Origin)
	}
	if s.Limits.Pause < 0 {
		f.say(lookUp(f.top, under("limits")), under("limits"), "a pause is not less than nothing")
	}
	if s.Limits.Time < 0 || s.Limits.Body < 0 || s.Limits.Header < 0 {
		f.say(lookUp(f.top, under("limits")), under("limits"), "a limit is more than nothing")
	}
	if s.ownShape() && s.Paths != (Paths{}) {
		f.say(lookUp(f.top, under("paths")), under("paths"), "an application's paths stand with its calls, under application, and a website's with its steps, under website")
	}
	if s.Application != nil && s.Website != nil {
		f.say(lookUp(f.top, under("website")), under("website"), "a target is judged by its server's calls or by its pages: describe application or website, not both")
	}
	for section, texts := range map[string]map[string]string{"headers": s.Headers, "cookies": s.Cookies} {
		for name, text := range texts {
			f.expanded(under(section+"."+name), &text)
			texts[name] = text
		}
	}
	settings, err := s.TLS.config(filepath.Dir(f.name))
	if err != nil {
		f.say(lookUp(f.top, under("tls")), under("tls"), "%v", err)
	}
	switch {
	case s.Application != nil:
		f.tell(key, subject.Mapped{Application: *s.Application, Env: os.LookupEnv}.Check()...)
	case s.Website != nil:
		f.tell(key, subject.Website{FIDOServer: subject.FIDOServer{TLS: settings}, Pages: *s.Website, Env: os.LookupEnv}.Check()...)
	default:
		s.Application, s.Website = usual.Application, usual.Website
	}
}

// ownShape is true for a server that does not have FIDO's REST API.
func (s *Server) ownShape() bool { return s.Application != nil || s.Website != nil }

// Failures are the expected ones.
func (t *Target) Failures() ([]conformance.Expected, error) {
	var all []conformance.Expected
	for _, e := range t.Expected {
		if e.Reason == "" {
			return nil, fmt.Errorf("the expected failure %s has no reason; say why it is known", e.ID)
		}
		pattern, err := conformance.ParsePattern(e.ID)
		if err != nil {
			return nil, err
		}
		all = append(all, conformance.Expected{Pattern: pattern, Reason: e.Reason})
	}
	return all, nil
}

// Open returns the suite held against the target. It makes no connection yet. Close it.
func (t *Target) Open(context.Context) (*Suite, error) {
	s := &Suite{
		Pace:   &subject.Pace{Pause: t.Server.Limits.Pause, Patience: t.Server.Limits.Patience},
		Policy: t.Policy, Variants: map[Variant]subject.RelyingParty{}, Policies: map[Variant]Policy{}, OwnShape: t.Server.ownShape(),
		InBrowser: t.Server.Website != nil,
		secrets:   t.secrets(),
	}
	var err error
	if s.RP, err = t.Server.dial(t.folder, t.Name, s.Pace); err != nil {
		return nil, err
	}
	for v, other := range t.Variants {
		if other.Policy != nil {
			s.Policies[v] = *other.Policy
		}
		if s.Variants[v], err = other.Server.dial(t.folder, t.Name+", "+string(v), s.Pace); err != nil {
			delete(s.Variants, v)
			return nil, errors.Join(fmt.Errorf("variant %s: %w", v, err), s.Close())
		}
	}
	return s, nil
}

func (s *Server) dial(folder, title string, pace *subject.Pace) (subject.RelyingParty, error) {
	description, err := s.describe(folder, title, pace)
	if err != nil {
		return nil, err
	}
	return description.Dial()
}

// Explain writes what would be asked of the target, and what its answers would mean, without asking it anything.
func (t *Target) Explain(w io.Writer) error {
	description, err := t.Server.describe(t.folder, t.Name, nil)
	if err != nil {
		return err
	}
	return description.Explain(w)
}

// description is how a server is reached, in one of its shapes.
type description interface {
	Dial() (subject.RelyingParty, error)
	Explain(io.Writer) error
}

// describe is the server as package subject has it.
func (s *Server) describe(folder, title string, pace *subject.Pace) (description, error) {
	settings, err := s.TLS.config(folder)
	if err != nil {
		return nil, err
	}
	header := http.Header{}
	for name, value := range s.Headers {
		header.Set(name, value)
	}
	server := subject.FIDOServer{
		Pace: pace, Title: title, Base: s.Base, PageOrigin: s.Origin, Header: header, Cookies: s.Cookies, TLS: settings,
		Paths: map[subject.Endpoint]string{
			subject.CreationOptions: s.Paths.CreationOptions, subject.CreationResult: s.Paths.CreationResult,
			subject.RequestOptions: s.Paths.RequestOptions, subject.RequestResult: s.Paths.RequestResult,
			subject.Removal: s.Paths.Removal,
		},
		Limits: subject.Limits{Time: s.Limits.Time, Body: s.Limits.Body, Header: s.Limits.Header},
	}
	switch {
	case s.Application != nil:
		return subject.Mapped{FIDOServer: server, Application: *s.Application, Env: os.LookupEnv}, nil
	case s.Website != nil:
		pages := *s.Website
		if pages.Browser == "" {
			pages.Browser = os.Getenv("PASSKEYLAB_BROWSER_PATH")
		}
		return subject.Website{FIDOServer: server, Pages: pages, Env: os.LookupEnv}, nil
	}
	return server, nil
}
