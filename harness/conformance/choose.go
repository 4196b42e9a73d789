package conformance

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Pattern selects cases by id, alias or tag: * stands for anything, ? for one character, and everything else for itself.
// "reg/*" is every case whose id begins with reg/, however deep.
type Pattern struct {
	text  string
	match *regexp.Regexp
}

// String is the pattern as it was written.
func (p Pattern) String() string { return p.text }

// ParsePattern reads a pattern; only an empty one is wrong.
func ParsePattern(text string) (Pattern, error) {
	if strings.TrimSpace(text) == "" {
		return Pattern{}, fmt.Errorf("conformance: an empty pattern selects nothing; write it like 'reg/*' or S-CDJ-005")
	}
	quoted := regexp.QuoteMeta(text)
	quoted = strings.ReplaceAll(strings.ReplaceAll(quoted, `\*`, `.*`), `\?`, `.`)
	return Pattern{text: text, match: regexp.MustCompile(`^(?s:` + quoted + `)$`)}, nil
}

// ParsePatterns reads several.
func ParsePatterns(texts []string) ([]Pattern, error) {
	var all []Pattern
	for _, text := range texts {
		p, err := ParsePattern(text)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// names is everything that a case answers to.
func (c Case[S]) names() []string { return slices.Concat([]string{c.ID}, c.Aliases, c.Tags) }

// Is reports whether the pattern selects a case.
func (c Case[S]) Is(p Pattern) bool { return slices.ContainsFunc(c.names(), p.match.MatchString) }

// Choose keeps the cases that one of the patterns selects, all without a pattern. A pattern that selects none is an error:
// it is a typing mistake.
func Choose[S any](cases []Case[S], patterns []Pattern) ([]Case[S], error) {
	if len(patterns) == 0 {
		return cases, nil
	}
	used := map[string]bool{}
	var chosen []Case[S]
	for _, c := range cases {
		taken := false
		for _, p := range patterns {
			if c.Is(p) {
				used[p.text], taken = true, true
			}
		}
		if taken {
			chosen = append(chosen, c)
		}
	}
	for _, p := range patterns {
		if !used[p.text] {
			return nil, fmt.Errorf("%s selects no case", p.text)
		}
	}
	return chosen, nil
}

// Check returns what is wrong with a list of cases: ids that are empty, malformed or used twice, and cases without a
// sentence, a clause, a level or a function.
func Check[S any](cases []Case[S]) []string {
	var problems []string
	seen := map[string]bool{}
	for _, c := range cases {
		for what, missing := range map[string]bool{
			"sentence": c.Says == "" || strings.HasSuffix(c.Says, "."), "clause": c.Clause == Clause{} || c.Clause.Slug == "",
			"level": c.Level == "", "function": c.Run == nil,
		} {
			if missing {
				problems = append(problems, fmt.Sprintf("%s: its %s is missing or malformed", c.ID, what))
			}
		}
		if !caseID.MatchString(c.ID) {
			problems = append(problems, fmt.Sprintf("%q is no id; write a path of words in lower case, such as reg/client-data/type", c.ID))
		}
		if seen[c.ID] {
			problems = append(problems, c.ID+": the id is used twice")
		}
		seen[c.ID] = true
	}
	slices.Sort(problems)
	return problems
}

var caseID = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*(/[a-z0-9]+(-[a-z0-9]+)*)+$`)
