package reports

import (
	"html/template"
	"slices"
	"strconv"
	"time"
)

// ladderView draws the messages below the page in the order of time, between lanes.
type ladderView struct {
	Lanes []string
	Rungs []rungView
}

// rungView is one message between two lanes, or something that happened in one.
type rungView struct {
	Exchange
	Offset string        // Offset is the time since the first message
	Way    string        // Way is "right", "left" or "here"
	Route  string        // Route says the same in words: "computer to phone"
	Style  template.CSS  // Style places the arrow
	Wait   time.Duration // Wait is the time since the message before it
}

// newLadder has two lanes, or three when anything goes through air or tunnel.
func newLadder(exchanges []Exchange) *ladderView {
	if len(exchanges) == 0 {
		return nil
	}
	device, middle := PartyAuthenticator, false
	for _, e := range exchanges {
		middle = middle || slices.Contains([]string{PartyAir, PartyTunnel}, e.From) || slices.Contains([]string{PartyAir, PartyTunnel}, e.To)
		if e.From == PartyPhone || e.To == PartyPhone {
			device = PartyPhone
		}
	}
	v := &ladderView{Lanes: []string{PartyComputer, device}}
	if middle {
		v.Lanes = []string{PartyComputer, "air and tunnel", device}
	}
	// Messages come from several observers; where a time is missing, the order in which they were recorded is all there is.
	sorted := slices.Clone(exchanges)
	if !slices.ContainsFunc(sorted, func(e Exchange) bool { return e.At.IsZero() }) {
		slices.SortStableFunc(sorted, func(a, b Exchange) int { return a.At.Compare(b.At) })
	}
	for i, e := range sorted {
		e.From, e.To = ends(e, device)
		rung := v.rung(e)
		if i > 0 && !e.At.IsZero() && !sorted[i-1].At.IsZero() {
			rung.Wait = e.At.Sub(sorted[i-1].At)
		}
		if !e.At.IsZero() && !sorted[0].At.IsZero() {
			rung.Offset = "+" + short(e.At.Sub(sorted[0].At))
		}
		v.Rungs = append(v.Rungs, rung)
	}
	return v
}

// ends are the parties of a message; those that it does not name follow from its direction.
func ends(e Exchange, device string) (from, to string) {
	if e.From != "" || e.To != "" {
		return firstOf(e.From, e.To), firstOf(e.To, e.From)
	}
	switch {
	case e.Layer == LayerHTTP || e.Layer == LayerWebAuthn:
		return PartyComputer, PartyComputer
	case e.Direction == "request":
		return PartyComputer, device
	case e.Direction == "response":
		return device, PartyComputer
	}
	return PartyComputer, PartyComputer
}

func (v *ladderView) rung(e Exchange) rungView {
	rung := rungView{Exchange: e, Way: "here", Route: "at the " + e.From}
	from, to := v.lane(e.From), v.lane(e.To)
	switch {
	case from < to:
		rung.Way = "right"
	case from > to:
		rung.Way = "left"
	}
	if from != to {
		rung.Route = e.From + " to " + e.To
	}
	// Lanes stand in the middle of equally wide columns.
	column := 100 / float64(len(v.Lanes))
	left := column * (float64(min(from, to)) + 0.5)
	width := column * float64(max(from, to)-min(from, to))
	number := func(f float64) string { return strconv.FormatFloat(f, 'f', 2, 64) + "%" }
	rung.Style = template.CSS("--l:" + number(left) + ";--w:" + number(width))
	return rung
}

func (v *ladderView) lane(party string) int {
	switch party {
	case PartyComputer:
		return 0
	case PartyAir, PartyTunnel:
		return 1
	}
	return len(v.Lanes) - 1
}
