package rpcases

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
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
//	headers: {Authorization: Bearer 123}      # sent with each request
//	cookies: {tenant: lab}                    # every visitor's from the start
//	tls: {ca: ca.pem, serverName: rp, certificate: me.pem, key: me.key, insecure: false}
//	limits: {time: 10s, body: 1048576}
//	policy: {counter: refuse, crossOrigin: refuse, subdomains: refuse, ports: refuse, origins: [https://app.example]}
//	variants:
//	  attestation-required: {base: https://staging.example/strict}
//	  framed: {base: https://staging.example/framed, policy: {topOrigins: [https://partner.example]}}
//	expected:                                 # failures that are known; each must happen
//	  - {id: "reg/client-data/*", reason: our issue 12}
//
// Paths of files are relative to the target's.
//
// Where policy.trustsLab is true the server trusts the root of Authority, and its variants lab-metadata and metadata-required have
// the lists of SignedModels and of MetadataServices. All of them follow from a public seed: a program writes them down once.
type Target struct {
	Name     string             `yaml:"name"`
	Server   Server             `yaml:",inline"`
	Policy   Policy             `yaml:"policy"`
	Variants map[Variant]*Other `yaml:"variants"`
	Expected []struct {
		ID     string `yaml:"id"`
		Reason string `yaml:"reason"`
	} `yaml:"expected"`

	folder string
}

// Other is the same relying party in another configuration, with what it decided there; without a policy, that of the target.
type Other struct {
	Server Server  `yaml:",inline"`
	Policy *Policy `yaml:"policy"`
}

// Server is where a server with FIDO's REST API is, and how it is spoken to.
type Server struct {
	Base    string            `yaml:"base"`
	Origin  string            `yaml:"origin"`
	Paths   Paths             `yaml:"paths"`
	Headers map[string]string `yaml:"headers"`
	Cookies map[string]string `yaml:"cookies"`
	TLS     TLS               `yaml:"tls"`
	Limits  struct {
		Time time.Duration `yaml:"time"`
		Body int           `yaml:"body"`
	} `yaml:"limits"`
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

// TLS is how a server proves itself, and the suite to it.
type TLS struct {
	// CA is a PEM file of roots; Certificate and Key are the suite's own.
	CA          string `yaml:"ca"`
	Certificate string `yaml:"certificate"`
	Key         string `yaml:"key"`
	ServerName  string `yaml:"serverName"`
	// Insecure takes any certificate.
	Insecure bool `yaml:"insecure"`
}

// ReadTarget reads the description of a target. Everything that it does not know is an error.
func ReadTarget(name string) (*Target, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read the target: %w", err)
	}
	t := &Target{folder: filepath.Dir(name)}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	if err := decoder.Decode(t); err != nil {
		return nil, fmt.Errorf("read the target %s: %w", name, err)
	}
	for v, other := range t.Variants {
		if err := other.check(v, t.Policy); err != nil {
			return nil, fmt.Errorf("read the target %s: %w", name, err)
		}
	}
	if _, err := t.Failures(); err != nil {
		return nil, fmt.Errorf("read the target %s: %w", name, err)
	}
	return t, nil
}

// check says what is missing of a variant's description; usual is the target's own policy.
func (o *Other) check(v Variant, usual Policy) error {
	if !slices.Contains(allVariants(), v) {
		return fmt.Errorf("there is no variant %q; those that exist: %v", v, allVariants())
	}
	if o == nil {
		return fmt.Errorf("the variant %s is empty; say where it is: {base: https://…}", v)
	}
	decided := usual
	if o.Policy != nil {
		decided = *o.Policy
	}
	switch {
	case v == Framed && len(decided.TopOrigins) == 0:
		return fmt.Errorf("the variant %s names no page that may frame it; say which: policy: {topOrigins: [https://…]}", v)
	case v == WideOrigins && len(decided.Origins) == 0:
		return fmt.Errorf("the variant %s names no further origin; say which: policy: {origins: [https://…]}", v)
	}
	return nil
}

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
	s := &Suite{Policy: t.Policy, Variants: map[Variant]subject.RelyingParty{}, Policies: map[Variant]Policy{}}
	var err error
	if s.RP, err = t.Server.dial(t.folder, t.Name); err != nil {
		return nil, err
	}
	for v, other := range t.Variants {
		if other.Policy != nil {
			s.Policies[v] = *other.Policy
		}
		if s.Variants[v], err = other.Server.dial(t.folder, t.Name+", "+string(v)); err != nil {
			delete(s.Variants, v)
			return nil, errors.Join(fmt.Errorf("variant %s: %w", v, err), s.Close())
		}
	}
	return s, nil
}

func (s *Server) dial(folder, title string) (subject.RelyingParty, error) {
	settings, err := s.TLS.config(folder)
	if err != nil {
		return nil, err
	}
	header := http.Header{}
	for name, value := range s.Headers {
		header.Set(name, value)
	}
	return subject.FIDOServer{
		Title: title, Base: s.Base, PageOrigin: s.Origin, Header: header, Cookies: s.Cookies, TLS: settings,
		Paths: map[subject.Endpoint]string{
			subject.CreationOptions: s.Paths.CreationOptions, subject.CreationResult: s.Paths.CreationResult,
			subject.RequestOptions: s.Paths.RequestOptions, subject.RequestResult: s.Paths.RequestResult,
			subject.Removal: s.Paths.Removal,
		},
		Limits: subject.Limits{Time: s.Limits.Time, Body: s.Limits.Body},
	}.Dial()
}

func (t TLS) config(folder string) (*tls.Config, error) {
	c := &tls.Config{ServerName: t.ServerName, InsecureSkipVerify: t.Insecure, MinVersion: tls.VersionTLS12}
	at := func(name string) string {
		if filepath.IsAbs(name) {
			return name
		}
		return filepath.Join(folder, name)
	}
	if t.CA != "" {
		content, err := os.ReadFile(at(t.CA))
		if err != nil {
			return nil, fmt.Errorf("tls.ca: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(content) {
			return nil, fmt.Errorf("tls.ca: %s holds no certificate; it must be PEM", t.CA)
		}
	}
	if t.Certificate != "" || t.Key != "" {
		pair, err := tls.LoadX509KeyPair(at(t.Certificate), at(t.Key))
		if err != nil {
			return nil, fmt.Errorf("tls.certificate and tls.key: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}
