package journeys

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// Given is the world before the first step. Its zero value is a person with a
// password and a one-time code, no passkeys, on a desktop browser, in an
// organisation that accepts any provider.
type Given struct {
	Policy  policy.Policy          // what the organisation accepts; zero is an open policy
	Context browser.ContextOptions // the window: size, phone emulation, theme, language
	Timers  rp.Timers              // lengths that the relying party hands to its pages; zero is the specification's
	Limits  rp.Limits              // on responses that fail; zero is the specification's
	Models  []provider.Provider    // which the relying party's metadata lists as certified; nil is lab.CertifiedKey alone
	// RootsListed makes the relying party trust the roots that its metadata lists, and no others.
	RootsListed bool
	Person      rp.Membership               // the person's groups, and whether she is a guest
	Setup       func(p *browser.Page) error // what is done to the page before its first document, such as hiding an API
}

// inside says what of a relying party's inside the journey sets before it begins, or nothing.
func (g Given) inside() string {
	switch {
	case stated(g.Policy):
		return "the policy"
	case stated(g.Timers):
		return "the time limits"
	case stated(g.Limits):
		return "the limits"
	case stated(g.Models), g.RootsListed:
		return "the metadata"
	case stated(g.Person):
		return "the groups of its people"
	}
	return ""
}

// stated reports whether a journey says something about a part of its world.
func stated(part any) bool { return !reflect.ValueOf(part).IsZero() }

// Priority says how soon a journey must run.
type Priority string

// Essential journeys are part of make test; the others run with make scenarios.
const (
	Essential Priority = "essential"
	Regular   Priority = "regular"
)

// Journey declares one journey: its id in the product specification, the
// sentence it proves, how its authenticator reaches the page, and what happens.
// It is played once over each of its drivers. The id is also a label, and so
// are the driver, the group and the priority:
//
//	ginkgo run --label-filter 'id:WP-01' ./scenarios/journeys
//	ginkgo run --label-filter 'id:WP-01 && driver:hybrid' ./scenarios/journeys
//	ginkgo run --label-filter 'group:DEL && driver:bridge' ./scenarios/journeys
func Journey(id, says string, drivers Drivers, priority Priority, given Given, tell func(mia *Person)) {
	GinkgoHelper()
	group, _, _ := strings.Cut(id, "-")
	for _, one := range drivers.variants(id, says) {
		It(one.text(),
			Label("id:"+id, "group:"+group, "driver:"+string(one.driver), string(priority)),
			func(ctx SpecContext) {
				telling := newTelling(one, priority)
				DeferCleanup(func() { AddReportEntry(entryName, telling.entry(), types.ReportEntryVisibilityNever) })
				if reason := house.lacks(ctx, one.driver); reason != "" {
					telling.withhold(one.driver, reason)
				}
				mia := telling.enter(ctx, given.over(one.driver))
				tell(mia)
				mia.leaves()
			})
	}
}

// entryName is the Ginkgo report entry that carries a telling to the report.
const entryName = "passkeylab.telling"

// entry is the telling as text without secrets, for it crosses from one test process to another.
func (t *Telling) entry() string {
	t.secrets.Result(&t.result)
	text, err := json.Marshal(t.result)
	if err != nil {
		return fmt.Sprintf(`{"observations":[%q]}`, "the record of this journey could not be kept: "+err.Error())
	}
	return string(text)
}

// withhold ends a journey whose driver is not to be had: with a failure when
// the configuration requires the driver, else with a skip that says why.
func (t *Telling) withhold(driver config.Driver, reason string) {
	GinkgoHelper()
	text := fmt.Sprintf("needs the %s driver: %s", driver, reason)
	if slices.Contains(house.config.Drivers.Required, driver) {
		Fail(text + " (drivers.required makes this a failure)")
	}
	t.skip(text)
}

// skip ends a journey, or what is left of it, with a reason.
func (t *Telling) skip(reason string) {
	GinkgoHelper()
	t.result.Reason = reason
	Skip(reason)
}
