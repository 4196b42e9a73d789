package rpcases

import (
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
)

// Related is a relying party that publishes which origins may use its passkeys.
const Related conformance.Capability = "a list of related origins"

const relatedPath = "/.well-known/webauthn"

// relatedOrigins is about the document that tells browsers which origins may use passkeys of an RP ID (WebAuthn L3 §5.11), and
// about whether the server accepts what it says there, and nothing else.
func relatedOrigins() []Case {
	document := l3("5.11", "related-origins-document")
	needs := []conformance.Capability{Related}
	return []Case{
		{
			ID: "api/related/document", Aliases: []string{"S-ROR-001"}, Level: must, Clause: document, Needs: needs,
			Says: "the list of related origins is HTTP 200 with application/json, an object whose origins are an array of at least one string",
			Run: func(ctx context.Context, b *Bench) error {
				_, err := b.related(ctx)
				return err
			},
		},
		{
			ID: "api/related/redirect", Aliases: []string{"S-ROR-002"}, Level: must, Clause: l3("5.11.1", "related-origins-redirect"), Needs: needs,
			Says: "the list of related origins is reached without a redirect to anything but https",
			Run:  relatedRedirect,
		},
		{
			ID: "api/related/labels", Aliases: []string{"S-ROR-003"}, Level: policy, Clause: l3("5.11.1", "related-origins-labels"), Needs: needs,
			Says: "related origins have no more than five names, as domains without their public suffix, or it is known that browsers may ignore the others",
			Run:  relatedLabels,
		},
		{
			ID: "api/related/origins", Aliases: []string{"S-ROR-004"}, Level: should, Clause: document, Needs: needs,
			Says: "each related origin is a web origin: https, or http on localhost, a host without wildcards, and no path",
			Run:  relatedEntries,
		},
		{
			ID: "reg/related/listed-origin", Aliases: []string{"S-ROR-006.r"}, Level: policy, Clause: reg("9", "origin"), Needs: needs,
			Says: "a registration on each origin that the server lists is accepted",
			Run:  onRelated(listedOrigins, func(lies []Lie) Run { return Registration{Lies: lies}.Accepted }),
		},
		{
			ID: "auth/related/listed-origin", Aliases: []string{"S-ROR-006.a"}, Level: policy, Clause: auth("12", "origin"), Needs: needs,
			Says: "a sign-in on each origin that the server lists is accepted",
			Run:  onRelated(listedOrigins, func(lies []Lie) Run { return Authentication{Lies: lies}.Accepted }),
		},
		{
			ID: "reg/related/origin-not-listed", Aliases: []string{"S-ROR-007.r"}, Level: policy, Clause: reg("9", "origin"), Needs: needs,
			Says: "a registration on an origin that is not, or no longer, on the server's list is refused",
			Run:  onRelated(unlistedOrigins, func(lies []Lie) Run { return Registration{Lies: lies}.Refused }),
		},
		{
			ID: "auth/related/origin-not-listed", Aliases: []string{"S-ROR-007.a"}, Level: policy, Clause: auth("12", "origin"), Needs: needs,
			Says: "a sign-in on an origin that is not, or no longer, on the server's list is refused",
			Run:  onRelated(unlistedOrigins, func(lies []Lie) Run { return Authentication{Lies: lies}.Refused }),
		},
	}
}

func relatedExcuses() []Excuse {
	return []Excuse{{
		"S-ROR-005", "whether a listed domain still belongs to the organisation is what its registrar knows; the suite asks nobody but the server, and runs without a network",
	}}
}

// askRelated asks for the document as a browser does: without credentials.
func (b *Bench) askRelated(ctx context.Context) subject.Answer {
	return b.RP.Visit().Do(ctx, subject.Request{
		Endpoint: subject.CreationOptions, Path: relatedPath, Method: http.MethodGet, ContentType: "-", Purpose: "related origins",
	})
}

// probeRelated finds out whether there is a document: a server without one says that there is nothing.
func (s *Suite) probeRelated(ctx context.Context, has *conformance.Capabilities, b *Bench) {
	answer := b.askRelated(ctx)
	switch answer.Status {
	case 0, http.StatusNotFound, http.StatusGone, http.StatusMethodNotAllowed, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotImplemented:
		has.Lack(Related, "the server has no "+relatedPath)
	default:
		has.Add(Related)
	}
}

// related reads the document; its error is what is wrong with it.
func (b *Bench) related(ctx context.Context) ([]string, error) {
	answer := b.askRelated(ctx)
	wrong := func(want, got string) ([]string, error) {
		return nil, &conformance.Mismatch{What: "GET " + relatedPath, Want: want, Got: got}
	}
	if answer.Outcome == subject.Redirected {
		return nil, conformance.Skip("%s is reached by a redirect, which the suite does not follow", relatedPath)
	}
	if answer.Status != http.StatusOK {
		return wrong("HTTP 200", answer.String())
	}
	if media, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return wrong("Content-Type application/json", fmt.Sprintf("%q", answer.Header.Get("Content-Type")))
	}
	var document map[string]json.RawMessage
	if json.Unmarshal(answer.Body, &document) != nil || document == nil {
		return wrong("a JSON object", string(answer.Body))
	}
	var origins []*string
	if json.Unmarshal(document["origins"], &origins) != nil || len(origins) == 0 {
		return wrong("origins, an array of at least one string", string(document["origins"]))
	}
	var all []string
	for _, origin := range origins {
		if origin == nil {
			return wrong("origins that are strings", string(document["origins"]))
		}
		all = append(all, *origin)
	}
	return all, nil
}

func relatedRedirect(ctx context.Context, b *Bench) error {
	answer := b.askRelated(ctx)
	if answer.Outcome != subject.Redirected {
		_, err := b.related(ctx)
		return conformance.Control("the document", err)
	}
	target := answer.Header.Get("Location")
	b.Observe("%s is redirected to %s", relatedPath, target)
	if strings.HasPrefix(target, "/") && !strings.HasPrefix(target, "//") {
		target = b.RP.Origin() + target
	}
	if !strings.HasPrefix(strings.ToLower(target), "https://") {
		return &conformance.Mismatch{What: "the redirect of " + relatedPath, Want: "https", Got: target}
	}
	b.Advise("%s is redirected, which some browsers follow only within the origin", relatedPath)
	return nil
}

// mustSupport is how many labels a browser must heed at least.
const mustSupport = 5

func relatedLabels(ctx context.Context, b *Bench) error {
	origins, err := b.related(ctx)
	if err != nil {
		return conformance.Control("the document", err)
	}
	labels := map[string]bool{}
	for _, origin := range origins {
		if u, err := url.Parse(origin); err == nil {
			if site, err := publicsuffix.EffectiveTLDPlusOne(u.Hostname()); err == nil {
				label, _, _ := strings.Cut(site, ".")
				labels[label] = true
			}
		}
	}
	b.Observe("%d origins with %d names", len(origins), len(labels))
	if len(labels) > mustSupport {
		b.Advise("%d names are listed: a browser may ignore all behind the first %d", len(labels), mustSupport)
	}
	return nil
}

func relatedEntries(ctx context.Context, b *Bench) error {
	origins, err := b.related(ctx)
	if err != nil {
		return conformance.Control("the document", err)
	}
	for _, origin := range origins {
		u, err := url.Parse(origin)
		host := ""
		if err == nil {
			host = u.Hostname()
		}
		secure := err == nil && (u.Scheme == "https" || u.Scheme == "http" && (host == "localhost" || strings.HasSuffix(host, ".localhost")))
		if !secure || host == "" || strings.Contains(host, "*") || origin != u.Scheme+"://"+strings.ToLower(u.Host) {
			return &conformance.Mismatch{What: "the origins of " + relatedPath, Want: "web origins such as https://example.org", Got: origin}
		}
	}
	return nil
}

// onRelated runs a case on origins that depend on the document.
func onRelated(choose func(own string, listed []string) []string, run func([]Lie) Run) Run {
	return func(ctx context.Context, b *Bench) error {
		listed, err := b.related(ctx)
		if err != nil {
			return conformance.Control("the document", err)
		}
		var lies []Lie
		for _, origin := range choose(b.RP.Origin(), listed) {
			lies = append(lies, Lie{Is: "the origin " + origin, Client: client.Misbehaviour{Origin: origin}})
		}
		if len(lies) == 0 {
			return conformance.Skip("the server lists no origin but its own")
		}
		return run(lies)(ctx, b)
	}
}

// listedOrigins are the listed ones but the server's own, at most ten of them.
func listedOrigins(own string, listed []string) []string {
	var others []string
	for _, origin := range listed {
		if origin != own && len(others) < 10 {
			others = append(others, origin)
		}
	}
	return others
}

// unlistedOrigins are one beside the first that is listed, at another port, and one below it.
func unlistedOrigins(own string, listed []string) []string {
	known := map[string]bool{own: true}
	for _, origin := range listed {
		known[origin] = true
	}
	var others []string
	for _, origin := range listedOrigins(own, listed) {
		u, err := url.Parse(origin)
		if err != nil {
			continue
		}
		for _, near := range []string{u.Scheme + "://" + u.Hostname() + ":8443", u.Scheme + "://not-listed." + u.Host} {
			if !known[near] {
				others = append(others, near)
			}
		}
		break
	}
	return others
}
