package journeys

import (
	"fmt"
	"slices"
	"strings"

	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/reports"
)

// Drivers are the ways in which one journey can be told, and why it cannot be told in others. The same body is played over
// each; where a word needs another meaning over another driver, the word knows (see hand).
type Drivers struct {
	over   []config.Driver
	cannot []reports.Inability
}

// Over returns the drivers that tell a journey. Its results over each stand side by side in the report. The first one has the
// journey's plain name; the others have their driver's in brackets behind it.
func Over(drivers ...config.Driver) Drivers { return Drivers{over: drivers} }

// Cannot adds a driver that one might expect and that cannot tell the journey. The reason reaches the report.
func (d Drivers) Cannot(driver config.Driver, why string) Drivers {
	d.cannot = append(slices.Clone(d.cannot), reports.Inability{Driver: string(driver), Reason: why})
	return d
}

// What several journeys cannot be told for.
const (
	// oneAAGUID is why DevTools' authenticator tells no journey about the choice of a provider.
	oneAAGUID = "Its authenticator has one fixed AAGUID, so no provider can be told from another."
	// noPhoneBetween is why the bridge tells no journey about what lies between phone and computer.
	noPhoneBetween = "It answers inside the browser, so there is no phone with a code, Bluetooth and a connection that could fail."
	// readsNoCode is why hybrid tells no journey about the phone's own browser.
	readsNoCode = "It reaches a phone from a computer; this is about the phone's own browser."
)

// variant is one journey over one driver.
type variant struct {
	id, says string
	driver   config.Driver
	first    bool // it has the journey's plain name
	alone    bool // no other driver tells the journey
	cannot   []reports.Inability
}

// variants are the journeys that one declaration makes, in the order of its drivers.
func (d Drivers) variants(id, says string) []variant {
	all := make([]variant, len(d.over))
	for i, driver := range d.over {
		all[i] = variant{id: id, says: says, driver: driver, first: i == 0, alone: len(d.over) == 1, cannot: d.cannot}
	}
	return all
}

// text is the variant's unique name: "WP-01 is told … (hybrid)".
func (v variant) text() string {
	if v.first {
		return v.id + " " + v.says
	}
	return fmt.Sprintf("%s %s (%s)", v.id, v.says, v.driver)
}

// place is the unique name of its stage, its origin and the folder of its evidence: "wp-01-hybrid".
func (v variant) place() string {
	place := strings.ToLower(v.id)
	if v.first {
		return place
	}
	return place + "-" + string(v.driver)
}

// filter selects this variant and no other one.
func (v variant) filter() string {
	filter := "id:" + v.id
	if v.alone {
		return filter
	}
	return filter + " && driver:" + string(v.driver)
}

// over returns the world as it must be for a driver. Over hybrid the phone answers a computer: what is given as the phone's own
// browser is that computer's.
func (g Given) over(driver config.Driver) Given {
	if driver == config.Hybrid {
		g.Context.Mobile = ""
	}
	return g
}
