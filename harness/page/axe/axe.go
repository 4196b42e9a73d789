// Package axe looks for barriers on a page with axe-core, the rules of Deque Systems for WCAG. axe-core is embedded
// unmodified; README.md says where it comes from and under which licence.
//
// It finds what a program can: perhaps half of what the criteria ask for. What it does not find may still be wrong.
package axe

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/passkeylab/passkeylab/harness/browser"
)

// Version is the version of axe-core, SHA256 the digest of its script in hexadecimal.
const (
	Version = "4.14.1"
	SHA256  = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
)

//go:embed axe.min.js
var script string

// tags choose the rules: every success criterion of WCAG 2.0, 2.1 and 2.2 at the levels A and AA.
var tags = [...]string{"wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"}

// Violation is one rule that a page breaks, and where.
type Violation struct {
	// Rule is axe's id of the rule, such as "color-contrast"; Impact is "minor", "moderate", "serious" or "critical".
	Rule   string `json:"id"`
	Impact string `json:"impact"`
	// Help says in one sentence what the rule asks for; HelpURL explains it.
	Help    string `json:"help"`
	HelpURL string `json:"helpUrl"`
	// Tags name the success criteria, such as "wcag143".
	Tags  []string `json:"tags"`
	Nodes []Node   `json:"nodes"`
}

// Node is one element that breaks a rule.
type Node struct {
	// Target is a CSS selector of the element, HTML its opening tag, Summary what to do.
	Target  string `json:"target"`
	HTML    string `json:"html"`
	Summary string `json:"failureSummary"`
}

// String is the rule, what it asks for, and the elements, one a line.
func (v Violation) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s (%s): %s", v.Rule, v.Impact, v.Help)
	for _, n := range v.Nodes {
		fmt.Fprintf(&text, "\n  %s: %s", n.Target, strings.Join(strings.Fields(n.Summary), " "))
	}
	return text.String()
}

// run is the expression that checks the page as it is now. Transitions are brought to their end first: half-way from one
// theme to the other the colours belong to neither.
const run = `(async () => {
  for (const each of document.getAnimations()) {
    if (Number.isFinite(each.effect?.getComputedTiming().endTime)) each.finish();
  }
  const { violations } = await axe.run(document, { runOnly: { type: "tag", values: %s }, resultTypes: ["violations"] });
  return violations.map(({ id, impact, help, helpUrl, tags, nodes }) => ({ id, impact, help, helpUrl, tags,
    nodes: nodes.map(({ target, html, failureSummary }) => ({ target: target.join(" "), html, failureSummary })) }));
})()`

// Run checks the page as it is at this moment, its visible state and its theme, and returns the rules that it breaks;
// none is the good answer. Transitions under way are finished first. The script stays in the page until the next navigation.
func Run(ctx context.Context, page *browser.Page) ([]Violation, error) {
	var loaded bool
	if err := page.Evaluate(ctx, `typeof axe === "object"`, &loaded); err != nil {
		return nil, fmt.Errorf("axe: look for the script: %w", err)
	}
	if !loaded {
		if err := page.Evaluate(ctx, script+"\n;undefined", nil); err != nil {
			return nil, fmt.Errorf("axe: load the script: %w", err)
		}
	}
	values, err := json.Marshal(tags)
	if err != nil {
		return nil, fmt.Errorf("axe: encode the tags: %w", err)
	}
	var found []Violation
	if err := page.Evaluate(ctx, fmt.Sprintf(run, values), &found); err != nil {
		return nil, fmt.Errorf("axe: run: %w", err)
	}
	return found, nil
}
