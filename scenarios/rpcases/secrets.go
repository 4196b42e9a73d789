package rpcases

import (
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/passkeylab/passkeylab/reports"
)

// secrets is what a target's description has that is nobody else's business.
type secrets struct {
	// headers are the names of those that it adds to each request.
	headers []string
	// hide puts the names of environment variables where their values were; nil where there are none.
	hide *strings.Replacer
}

// shortestSecret is the length from which on a value is looked for in texts: shorter ones are words.
const shortestSecret = 4

var variable = regexp.MustCompile(`\$\{env\.([^}]+)\}`)

// secretsOf reads a target's own text for the variables that it names.
func secretsOf(content []byte) []string {
	var pairs []string
	for _, match := range variable.FindAllStringSubmatch(string(content), -1) {
		if value := os.Getenv(match[1]); len(value) >= shortestSecret {
			pairs = append(pairs, value, match[0])
		}
	}
	return pairs
}

// secrets are those of the target and of its variants.
func (t *Target) secrets() secrets {
	var s secrets
	for _, server := range append([]*Server{&t.Server}, t.others()...) {
		for name := range server.Headers {
			s.headers = append(s.headers, strings.ToLower(name))
		}
	}
	if len(t.variables) > 0 {
		s.hide = strings.NewReplacer(t.variables...)
	}
	return s
}

func (t *Target) others() []*Server {
	var all []*Server
	for _, other := range t.Variants {
		all = append(all, &other.Server)
	}
	return all
}

// Scrubbed is a run without what a report would carry off: values of cookies, of authorization and of the headers that the
// target adds, and values of the environment variables that it names, wherever they stand. What is left says that they were
// there.
func (s *Suite) Scrubbed(run reports.Run) reports.Run {
	run.Results = slices.Clone(run.Results)
	for i := range run.Results {
		s.secrets.scrub(&run.Results[i])
	}
	return run
}

func (s secrets) scrub(result *reports.Result) {
	result.Exchanges = slices.Clone(result.Exchanges)
	for i := range result.Exchanges {
		e := &result.Exchanges[i]
		e.Title, e.Text, e.Problem = s.text(e.Title), s.text(e.Text), s.text(e.Problem)
		e.Head = slices.Clone(e.Head)
		for j, line := range e.Head {
			e.Head[j] = s.text(s.line(line))
		}
	}
	result.Reason = s.text(result.Reason)
	result.Observations = slices.Clone(result.Observations)
	for i, observation := range result.Observations {
		result.Observations[i] = s.text(observation)
	}
	if result.Failure != nil {
		f := *result.Failure
		f.Got, f.Message = s.text(f.Got), s.text(f.Message)
		result.Failure = &f
	}
}

func (s secrets) text(text string) string {
	if s.hide == nil {
		return text
	}
	return s.hide.Replace(text)
}

// hidden stands where a secret was.
const hidden = "(hidden)"

// line is a line of a header without its secret. Of cookies the names stay, and how they were set.
func (s secrets) line(line string) string {
	name, value, _ := strings.Cut(line, ": ")
	switch lower := strings.ToLower(name); {
	case lower == "cookie":
		cookies := strings.Split(value, "; ")
		for i := range cookies {
			cookies[i] = withoutValue(cookies[i])
		}
		return name + ": " + strings.Join(cookies, "; ")
	case lower == "set-cookie":
		cookie, attributes, more := strings.Cut(value, ";")
		if value = withoutValue(cookie); more {
			value += ";" + attributes
		}
		return name + ": " + value
	case lower == "authorization", lower == "proxy-authorization", slices.Contains(s.headers, lower):
		return name + ": " + hidden
	}
	return line
}

func withoutValue(cookie string) string {
	name, value, _ := strings.Cut(cookie, "=")
	if value == "" { // one that is deleted has none
		return name + "="
	}
	return name + "=" + hidden
}
