package rpcases

import (
	"regexp"
	"slices"
	"testing"
)

// known is how vulnerabilities are called: CVEs, advisories of GitHub, and issues of projects, of which reports make links.
var known = regexp.MustCompile(`^(CVE-\d{4}-\d{4,}|GHSA(-[0-9a-z]{4}){3}|[A-Za-z0-9.-]+#\d+)$`)

func TestVulnerabilitiesHaveNamesThatLead(t *testing.T) {
	for _, c := range Cases() {
		for _, name := range c.CVEs {
			if !known.MatchString(name) {
				t.Errorf("%s: %q is no CVE, advisory or issue", c.ID, name)
			}
		}
		if !slices.IsSorted(c.CVEs) || len(slices.Compact(slices.Clone(c.CVEs))) != len(c.CVEs) {
			t.Errorf("%s: %v", c.ID, c.CVEs)
		}
	}
}

// A vulnerability is cited by a case, unless all fact sheets of its kind are excused: no server can show it by this API.
func TestEveryKnownVulnerabilityIsCited(t *testing.T) {
	cites, excused := map[string]bool{}, map[string]bool{}
	for _, c := range Cases() {
		for _, name := range c.CVEs {
			cites[name] = true
		}
	}
	for _, e := range Excuses() {
		excused[e.ID] = true
	}
	seen := map[string]bool{}
	for _, v := range vulnerabilities() {
		if seen[v.ID] || len(v.Sheets) == 0 {
			t.Errorf("%s is listed twice, or without fact sheets", v.ID)
		}
		seen[v.ID] = true
		shown := slices.ContainsFunc(v.Sheets, func(sheet string) bool { return !excused[sheet] })
		if !cites[v.ID] && shown {
			t.Errorf("%s is cited by no case, and %v are not all excused", v.ID, v.Sheets)
		}
	}
}
