package browser

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Version is what the browser says about itself.
type Version struct {
	Product   string // "Chrome/156.0.8078.79"
	Revision  string // "@" and the commit that it was built from
	Protocol  string // of DevTools, "1.3"
	UserAgent string
}

// String is the product and its revision.
func (v Version) String() string { return fmt.Sprintf("%s (revision %s)", v.Product, v.Revision) }

// Version returns what the browser said about itself when it started.
func (b *Browser) Version() Version { return b.version }

// knownWebAuthn lists the DevTools domain WebAuthn of Chromium 156, one part a line: see (domain).parts.
//
//go:embed webauthn156.txt
var knownWebAuthn string

// Differences compares the browser's DevTools domain WebAuthn with that of Chromium 156, which this module was written
// against, and returns one sentence for each difference, sorted. A difference is worth telling, it is not a failure.
func (b *Browser) Differences(ctx context.Context) ([]string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+b.host+"/json/protocol", nil)
	if err != nil {
		return nil, fmt.Errorf("browser: read the protocol: %w", err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("browser: read the protocol: %w", err)
	}
	defer response.Body.Close()
	var protocol struct{ Domains []domain }
	if err := json.NewDecoder(response.Body).Decode(&protocol); err != nil {
		return nil, fmt.Errorf("browser: read the protocol: %w", err)
	}
	for _, d := range protocol.Domains {
		if d.Domain == "WebAuthn" {
			return differences(strings.Fields(knownWebAuthn), d.parts()), nil
		}
	}
	return []string{"The browser has no DevTools domain WebAuthn: virtual authenticators are not available."}, nil
}

// domain is the part of the protocol's description that is compared.
type domain struct {
	Domain   string
	Types    []member
	Commands []member
	Events   []member
}

type member struct {
	ID, Name                        string
	Enum                            []string
	Properties, Parameters, Returns []member
}

// parts flattens the domain: "command:name", "command:name.parameter", "command:name->result", "event:name", "event:name.parameter",
// "type:name", "type:name.property", "type:name=value".
func (d domain) parts() []string {
	var out []string
	for _, t := range d.Types {
		out = append(out, "type:"+t.ID)
		for _, p := range t.Properties {
			out = append(out, "type:"+t.ID+"."+p.Name)
		}
		for _, v := range t.Enum {
			out = append(out, "type:"+t.ID+"="+v)
		}
	}
	for _, kind := range []struct {
		name    string
		members []member
	}{{"command:", d.Commands}, {"event:", d.Events}} {
		for _, m := range kind.members {
			out = append(out, kind.name+m.Name)
			for _, p := range m.Parameters {
				out = append(out, kind.name+m.Name+"."+p.Name)
			}
			for _, p := range m.Returns {
				out = append(out, kind.name+m.Name+"->"+p.Name)
			}
		}
	}
	slices.Sort(out)
	return out
}

// differences says in sentences what only one of the two lists has. The parts of a missing whole are not told one by one.
func differences(known, found []string) []string {
	var out []string
	for _, part := range known {
		if !slices.Contains(found, part) && !wholeMissing(part, found) {
			out = append(out, "This browser lacks the "+describe(part)+" that Chromium 156 has in its DevTools domain WebAuthn.")
		}
	}
	for _, part := range found {
		if !slices.Contains(known, part) && !wholeMissing(part, known) {
			out = append(out, "This browser has the "+describe(part)+" in its DevTools domain WebAuthn, unknown in Chromium 156.")
		}
	}
	slices.Sort(out)
	return out
}

// wholeMissing tells whether the part belongs to something that the list lacks altogether.
func wholeMissing(part string, list []string) bool {
	i := strings.IndexAny(part, ".=-")
	return i > 0 && !slices.Contains(list, part[:i])
}

// describe turns a part into words.
func describe(part string) string {
	kind, rest, _ := strings.Cut(part, ":")
	if whole, value, ok := strings.Cut(rest, "="); ok {
		return fmt.Sprintf("value %q of %s", value, whole)
	}
	if whole, result, ok := strings.Cut(rest, "->"); ok {
		return fmt.Sprintf("result %s of command %s", result, whole)
	}
	if whole, name, ok := strings.Cut(rest, "."); ok {
		if kind == "type" {
			return fmt.Sprintf("property %s of %s", name, whole)
		}
		return fmt.Sprintf("parameter %s of %s %s", name, kind, whole)
	}
	return kind + " " + rest
}
