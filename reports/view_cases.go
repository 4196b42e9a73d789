package reports

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// caseView is what a case has and a journey has not.
type caseView struct {
	Fix    string // Fix says what to do, where there is something to do
	Links  []linkView
	Talk   []talkView
	Change ChangeKind // Change is how it differs from the baseline; empty when it does not, or there is none

	took map[*Exchange]time.Duration
}

// linkView is something published; Href is empty where nobody knows its address.
type linkView struct{ Name, Href string }

// talkView is one request and its answer, nil when there was none.
type talkView struct {
	Number          int
	Asked, Answered *Exchange
}

// clauseView is a clause with what was found of it.
type clauseView struct {
	Name   string
	Count  int
	Worst  State
	States []stateView
	Bad    []resultView
}

// sinceView is the changes of one kind.
type sinceView struct {
	Kind    ChangeKind
	Means   string
	Open    bool
	Changes []changeView
}

type changeView struct {
	Change
	Anchor string // Anchor is that of the result; empty for one that is gone
}

// changes are the kinds of change since the baseline, by id.
func (r Run) changes() map[string]ChangeKind {
	if r.Since == nil {
		return nil
	}
	kinds := map[string]ChangeKind{}
	for _, c := range r.Since.Changes {
		kinds[c.ID] = c.Kind
	}
	return kinds
}

func (b *viewBuilder) caseOf(result Result) *caseView {
	if b.noun != "case" {
		return nil
	}
	v := &caseView{Change: b.changes[result.ID], took: map[*Exchange]time.Duration{}}
	if result.State.Bad() || result.State == Advised {
		v.Fix = result.Fix
	}
	for _, name := range result.CVEs {
		v.Links = append(v.Links, linkView{Name: name, Href: published(name)})
	}
	for i := range result.Exchanges {
		e := &result.Exchanges[i]
		last := len(v.Talk) - 1
		if e.Direction == "response" && last >= 0 && v.Talk[last].Answered == nil {
			v.Talk[last].Answered = e
			v.took[e] = e.At.Sub(v.Talk[last].Asked.At)
			continue
		}
		v.Talk = append(v.Talk, talkView{Number: last + 2, Asked: e})
	}
	return v
}

// Took says how long an answer took to come, "" when nobody knows.
func (v *caseView) Took(answer *Exchange) string {
	if took := v.took[answer]; took > 0 {
		return short(took)
	}
	return ""
}

// projects are those whose issues cases name, as "keycloak#50719".
var projects = map[string]string{
	"keycloak": "keycloak/keycloak", "kratos": "ory/kratos", "lbuchs": "lbuchs/WebAuthn", "web-auth": "web-auth/webauthn-framework",
	"webauthn.io": "duo-labs/webauthn.io", "BossConsole": "risa-labs-inc/BossConsole",
}

// published is where something published can be read: a CVE, a GitHub advisory, an issue of a project.
func published(name string) string {
	switch {
	case strings.HasPrefix(name, "CVE-"):
		return "https://www.cve.org/CVERecord?id=" + url.QueryEscape(name)
	case strings.HasPrefix(name, "GHSA-"):
		return "https://github.com/advisories/" + url.PathEscape(name)
	}
	if project, number, found := strings.Cut(name, "#"); found && projects[project] != "" {
		return "https://github.com/" + projects[project] + "/issues/" + url.PathEscape(number)
	}
	return ""
}

// caseViews are the overviews that only cases have: by clause, and since the baseline.
func (v *view) caseViews() {
	if !v.Cases {
		return
	}
	anchors := map[string]string{}
	byClause := map[string][]resultView{}
	for _, g := range v.Groups {
		for _, result := range g.Results {
			anchors[result.ID] = result.Anchor
			for _, clause := range result.Clauses {
				byClause[clause] = append(byClause[clause], result)
			}
		}
	}
	for name, results := range byClause {
		v.Clauses = append(v.Clauses, newClauseView(name, results))
	}
	slices.SortFunc(v.Clauses, func(a, b clauseView) int { return byNumbers(a.Name, b.Name) })
	if v.Run.Since == nil {
		return
	}
	for _, kind := range ChangeKinds() {
		group := sinceView{Kind: kind, Means: changeMeans[kind], Open: kind == ChangeNew}
		for _, c := range v.Run.Since.Of(kind) {
			group.Changes = append(group.Changes, changeView{Change: c, Anchor: anchors[c.ID]})
		}
		if len(group.Changes) > 0 {
			v.Since = append(v.Since, group)
		}
	}
}

// changeMeans says what a kind of change is.
var changeMeans = map[ChangeKind]string{
	ChangeNew: "bad now, and not before", ChangeOther: "neither better nor worse", ChangeRepaired: "bad before, and good now",
	ChangeAdded: "not in the earlier run", ChangeGone: "in the earlier run, and not in this one",
}

func newClauseView(name string, results []resultView) clauseView {
	c := clauseView{Name: name, Count: len(results)}
	var plain []Result
	for _, result := range results {
		plain = append(plain, result.Result)
		if result.State.Bad() {
			c.Bad = append(c.Bad, result)
		}
	}
	c.States = stateViews(plain)
	c.Worst = c.States[0].State // they are sorted, worst first
	return c
}

var numbers = regexp.MustCompile(`[0-9]+|[^0-9]+`)

// byNumbers sorts section 7.2 before 7.10, and step 9 before step 10.
func byNumbers(a, b string) int {
	one, other := numbers.FindAllString(a, -1), numbers.FindAllString(b, -1)
	for i := range min(len(one), len(other)) {
		n, err := strconv.Atoi(one[i])
		m, wrong := strconv.Atoi(other[i])
		order := cmp.Compare(one[i], other[i])
		if err == nil && wrong == nil {
			order = cmp.Compare(n, m)
		}
		if order != 0 {
			return order
		}
	}
	return cmp.Compare(len(one), len(other))
}
