package main

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// measured are the figures of the turns.
type measured []float64

// median and spread in the words of a line.
func (m measured) String() string {
	sorted := slices.Sorted(slices.Values(m))
	return fmt.Sprintf("median %9.2f   (%.2f to %.2f)", m.median(), sorted[0], sorted[len(sorted)-1])
}

func (m measured) median() float64 {
	sorted := slices.Sorted(slices.Values(m))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// aimed is a ratio and what it should be. Nothing is judged by it: it says how far the aim is.
type aimed struct {
	says   string
	values measured
	most   float64 // at most this; or
	least  float64 // at least this; or neither
}

func (r aimed) String() string {
	text := fmt.Sprintf("  %-58s %s", r.says, r.values)
	if r.most == 0 && r.least == 0 {
		return text
	}
	bound, limit, reached := "at most", r.most, r.values.median() <= r.most
	if r.least > 0 {
		bound, limit, reached = "at least", r.least, r.values.median() >= r.least
	}
	verdict := "missed"
	if reached {
		verdict = "reached"
	}
	return fmt.Sprintf("%s   aim: %s %.1f: %s", text, bound, limit, verdict)
}

// pace is how fast one kind of ceremony goes: of a relying party that waits for the disk and of one that does not, beside
// bare verification.
type pace struct {
	rate, hasty     measured // a second
	used, bare      measured // µs of processor time for one
	least           measured // the same, of verification behind net/http; empty where there is none
	byBare, byHasty measured // ratios of the turns
	byLeast         measured
}

// add notes a turn of both, and what bare verification of the first one's answers takes.
func (p *pace) add(durable, hasty batchResult, bare time.Duration) {
	for of, value := range map[*measured]float64{
		&p.rate: durable.rate(), &p.hasty: hasty.rate(),
		&p.used: inMicroseconds(durable.each()), &p.bare: inMicroseconds(bare),
		&p.byBare: float64(durable.each()) / float64(bare), &p.byHasty: durable.rate() / hasty.rate(),
	} {
		*of = append(*of, value)
	}
}

// addLeast notes a turn of verification behind net/http.
func (p *pace) addLeast(durable, least batchResult) {
	p.least = append(p.least, inMicroseconds(least.each()))
	p.byLeast = append(p.byLeast, float64(durable.each())/float64(least.each()))
}

// print prints the pace of a ceremony, "sign-in" for example. most is how many times bare verification it should cost at
// most; 0 sets no aim.
func (p *pace) print(w io.Writer, says string, most float64) {
	for _, row := range []struct {
		says   string
		values measured
		unit   string
	}{
		{says + "s", p.rate, "a second"},
		{says + "s, without waiting for the disk", p.hasty, "a second"},
		{"the relying party's processor time for one", p.used, "µs"},
		{"bare verification of the same response", p.bare, "µs"},
	} {
		fmt.Fprintf(w, "  %-58s %s   %s\n", row.says, row.values, row.unit)
	}
	if len(p.least) > 0 {
		fmt.Fprintf(w, "  %-58s %s   µs\n", "verification behind net/http, two requests, nothing kept", p.least)
	}
	fmt.Fprintln(w, aimed{says: "processor time of one, by bare verification", values: p.byBare, most: most})
	if len(p.byLeast) > 0 {
		fmt.Fprintln(w, aimed{says: "processor time of one, by verification behind net/http", values: p.byLeast})
	}
	fmt.Fprintln(w, aimed{says: "how many a second, by those without waiting for the disk", values: p.byHasty, least: 0.7})
}

func inMicroseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
