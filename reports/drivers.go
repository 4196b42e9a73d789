package reports

import (
	"fmt"
	"slices"
	"strings"
)

// Key tells a result apart from those of the same journey over other drivers: "WP-01/hybrid", or the ID alone when there is no
// driver. A journey that was repeated has several results of one key.
func (r Result) Key() string {
	if r.Driver == "" {
		return r.ID
	}
	return r.ID + "/" + r.Driver
}

// name is the key as people read it: "WP-01 [hybrid]", and "reg/a/b (run 2)" of what ran several times.
func (r Result) name() string {
	name := r.ID
	if r.Driver != "" {
		name = strings.TrimSpace(name + " [" + r.Driver + "]")
	}
	if r.Repetition > 0 {
		name += fmt.Sprintf(" (run %d)", r.Repetition)
	}
	return name
}

// family is what results are compared by.
func (r Result) family() string { return firstOf(r.Journey, r.ID) }

// comparison is one journey over each driver that can express it.
type comparison struct {
	journey string
	title   string
	results []Result    // by driver
	cannot  []Inability // by driver
}

// driverOrder is from the simplest driver to the whole way.
func driverOrder(driver string) int {
	order := []string{"api", "devtools", "bridge", "hybrid"}
	if i := slices.Index(order, driver); i >= 0 {
		return i
	}
	return len(order)
}

func byDriver(a, b string) int {
	if order := driverOrder(a) - driverOrder(b); order != 0 {
		return order
	}
	return strings.Compare(a, b)
}

// comparisons finds the journeys that were told over several drivers, or that say which drivers cannot tell them, by name.
func comparisons(results []Result) []comparison {
	found := map[string]*comparison{}
	var names []string
	for _, result := range results {
		if result.Driver == "" {
			continue
		}
		c := found[result.family()]
		if c == nil {
			c = &comparison{journey: result.family(), title: result.Title}
			found[c.journey] = c
			names = append(names, c.journey)
		}
		c.add(result)
	}
	slices.Sort(names)
	var list []comparison
	for _, name := range names {
		if c := found[name]; len(c.drivers())+len(c.cannot) > 1 {
			list = append(list, c.sorted())
		}
	}
	return list
}

func (c *comparison) add(result Result) {
	c.results = append(c.results, result)
	for _, inability := range result.Cannot {
		known := slices.ContainsFunc(c.cannot, func(i Inability) bool { return i.Driver == inability.Driver })
		if !known {
			c.cannot = append(c.cannot, inability)
		}
	}
}

func (c *comparison) drivers() []string {
	var list []string
	for _, result := range c.results {
		list = appendNew(list, result.Driver)
	}
	return list
}

func (c *comparison) sorted() comparison {
	slices.SortStableFunc(c.results, func(a, b Result) int {
		if order := byDriver(a.Driver, b.Driver); order != 0 {
			return order
		}
		return strings.Compare(a.ID, b.ID) // several journeys of one family
	})
	slices.SortStableFunc(c.cannot, func(a, b Inability) int { return byDriver(a.Driver, b.Driver) })
	return *c
}

// told are what the page learned in a result, ceremony by ceremony.
func told(result Result) []Revealed {
	var list []Revealed
	for _, ceremony := range result.Ceremonies {
		if ceremony.RevealedToPage != nil {
			list = append(list, *ceremony.RevealedToPage)
		}
	}
	return list
}

// savedIn are the providers that a result says hold its passkeys or else those that its registrations came from.
func savedIn(result Result) []string {
	if len(result.SavedIn) > 0 {
		return result.SavedIn
	}
	var list []string
	for _, ceremony := range result.Ceremonies {
		if ceremony.Kind == Registration && ceremony.Authenticator != nil && ceremony.Authenticator.Provider != "" {
			list = appendNew(list, ceremony.Authenticator.Provider)
		}
	}
	return list
}

// differences names what a page could tell the results of a comparison apart by; none when it learned the same each time.
// Results that revealed nothing are not compared. The number says how many were.
func (c comparison) differences() (names []string, compared int) {
	var first []Revealed
	for _, result := range c.results {
		list := told(result)
		if len(list) == 0 {
			continue
		}
		if compared++; compared == 1 {
			first = list
			continue
		}
		if len(list) != len(first) {
			names = appendNew(names, "the number of ceremonies")
		}
		for i := range min(len(list), len(first)) {
			names = appendNew(names, first[i].apart(list[i])...)
		}
	}
	return names, compared
}

// apart names the members in which two differ.
func (r Revealed) apart(other Revealed) []string {
	var names []string
	for _, member := range []struct {
		name   string
		differ bool
	}{
		{"the outcome", r.Outcome != other.Outcome},
		{"the message", r.Message != other.Message},
		{"the attachment", r.Attachment != other.Attachment},
		{"the transports", !slices.Equal(r.Transports, other.Transports)},
		{"the AAGUID", r.AAGUID != other.AAGUID},
	} {
		if member.differ {
			names = append(names, member.name)
		}
	}
	return names
}

// driversOf counts the drivers that each id was told over.
func driversOf(results []Result) map[string]int {
	counts, seen := map[string]int{}, map[string]bool{}
	for _, result := range results {
		if key := result.Key(); !seen[key] {
			seen[key] = true
			counts[result.ID]++
		}
	}
	return counts
}

// compareKeys sorts by id, then by driver.
func compareKeys(a, b Result) int {
	if order := strings.Compare(a.ID, b.ID); order != 0 {
		return order
	}
	return byDriver(a.Driver, b.Driver)
}
