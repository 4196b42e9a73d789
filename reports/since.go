package reports

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Since is how a run differs from an earlier run of the same suite, its baseline.
type Since struct {
	Subject string    `json:"subject,omitempty"` // Subject, Tool, Edition, Seed and Started are those of the baseline.
	Tool    string    `json:"tool,omitempty"`
	Edition string    `json:"edition,omitempty"`
	Seed    int64     `json:"seed"`
	Started time.Time `json:"started"`

	Doubts   []string `json:"doubts,omitempty"`  // Doubts say why the two are to be compared with care.
	Changes  []Change `json:"changes,omitempty"` // Changes are in the order of the run; what is gone comes last.
	Same     int      `json:"same"`              // Same is how many ended as they did before, whether good or bad.
	StillBad int      `json:"stillBad"`          // StillBad is how many of these are bad.
}

// Change is one journey or case that ended otherwise than in the baseline.
type Change struct {
	Kind  ChangeKind `json:"kind"`
	ID    string     `json:"id"`
	Title string     `json:"title,omitempty"`
	Was   State      `json:"was,omitempty"`  // Was is its state in the baseline, "" when it was not there.
	Is    State      `json:"is,omitempty"`   // Is is its state now, "" when it is not there any more.
	Note  string     `json:"note,omitempty"` // Note says what else there is to know.
}

// ChangeKind is what a change means to whoever must decide whether to let the subject through.
type ChangeKind string

// The kinds of change, worst first.
const (
	ChangeNew      ChangeKind = "new"      // ChangeNew: bad now and not bad before.
	ChangeOther    ChangeKind = "changed"  // ChangeOther: another state or another failure, no better and no worse.
	ChangeRepaired ChangeKind = "repaired" // ChangeRepaired: bad before, or expected to be, and good now.
	ChangeAdded    ChangeKind = "added"    // ChangeAdded: not in the baseline, and not bad.
	ChangeGone     ChangeKind = "gone"     // ChangeGone: in the baseline and not in this run.
)

// ChangeKinds lists every kind, worst first.
func ChangeKinds() []ChangeKind {
	return []ChangeKind{ChangeNew, ChangeOther, ChangeRepaired, ChangeAdded, ChangeGone}
}

// Of returns the changes of one kind.
func (s *Since) Of(kind ChangeKind) []Change {
	var some []Change
	for _, c := range s.Changes {
		if c.Kind == kind {
			some = append(some, c)
		}
	}
	return some
}

// Compare says how a run differs from a baseline. What was repeated counts as its worst repetition. A failure that is expected
// (Result.Expected) is bad on neither side; one that was a surprise and is expected now is changed and not repaired.
func Compare(baseline, run Run) *Since {
	s := &Since{
		Subject: baseline.Subject, Tool: baseline.Tool, Edition: baseline.Edition, Seed: baseline.Seed, Started: baseline.Started,
		Doubts: doubts(baseline, run),
	}
	before, now := worst(baseline.Results), worst(run.Results)
	for _, result := range now.order {
		old, found := before.of[result.Key()]
		change := Change{ID: result.ID, Title: result.Title, Is: result.State}
		if found {
			change.Was = old.State
			change.Kind, change.Note = changeOf(old, result)
		} else if change.Kind = ChangeAdded; result.State.Bad() {
			change.Kind, change.Note = ChangeNew, "it was not in the baseline"
		}
		if change.Kind != "" {
			s.Changes = append(s.Changes, change)
			continue
		}
		s.Same++
		s.StillBad += one(result.State.Bad())
	}
	for _, old := range before.order {
		if _, found := now.of[old.Key()]; !found {
			s.Changes = append(s.Changes, Change{Kind: ChangeGone, ID: old.ID, Title: old.Title, Was: old.State})
		}
	}
	return s
}

// changeOf compares one result with what it was; the kind is empty when it is the same.
func changeOf(old, now Result) (kind ChangeKind, note string) {
	switch {
	case now.State.Bad() && !old.State.Bad():
		if old.Expected != "" {
			note = "it failed before, and was expected to: " + old.Expected
		}
		return ChangeNew, note
	case old.State.Bad() && now.Expected != "":
		return ChangeOther, "it fails still, and is expected to: " + now.Expected
	case old.State.Bad() && now.State == Skipped:
		return ChangeOther, firstOf(now.Reason, "it does not run any more")
	case old.State.Bad() && !now.State.Bad(), old.Expected != "" && now.Expected == "" && now.State != Skipped:
		return ChangeRepaired, ""
	case old.State != now.State:
		return ChangeOther, now.Reason
	case now.State.Bad() && varying.ReplaceAllString(cause(old), "") != varying.ReplaceAllString(cause(now), ""):
		return ChangeOther, "it is bad in another way; before: " + oneLine(cause(old), 200)
	}
	return "", ""
}

// varying is what differs from run to run in a text that tells the same: numbers, names that were drawn, bytes.
var varying = regexp.MustCompile(`[0-9]+|\b[A-Za-z0-9_-]{20,}\b`)

// cause is what a failure comes to.
func cause(r Result) string {
	if r.Failure == nil || r.Failure.Expected == "" {
		return r.Reason
	}
	return "want " + r.Failure.Expected + ", got " + r.Failure.Got
}

// worstOf holds one result for each key: the worst, where there are several.
type worstOf struct {
	order []Result
	of    map[string]Result
}

func worst(results []Result) worstOf {
	w := worstOf{of: map[string]Result{}}
	var keys []string
	for _, result := range results {
		result.State = shownState(result.State)
		key := result.Key()
		have, found := w.of[key]
		if !found {
			keys = append(keys, key)
		}
		if !found || slices.Index(States(), result.State) < slices.Index(States(), have.State) {
			w.of[key] = result
		}
	}
	for _, key := range keys {
		w.order = append(w.order, w.of[key])
	}
	return w
}

// doubts are what makes two runs unlike, beside what they found.
func doubts(baseline, run Run) []string {
	var list []string
	for _, one := range []struct{ what, was, is string }{
		{"subject", baseline.Subject, run.Subject}, {"edition", baseline.Edition, run.Edition},
		{"profile", baseline.Versions["profile"], run.Versions["profile"]}, {"tool", baseline.Tool, run.Tool},
	} {
		if one.was != one.is {
			list = append(list, fmt.Sprintf("another %s: %q then, %q now", one.what, one.was, one.is))
		}
	}
	if baseline.Interrupted {
		list = append(list, "the baseline was stopped before its end")
	}
	return list
}

// Phrase tells the changes in a few words: "2 new, 1 repaired; 3 are bad as before".
func (s *Since) Phrase() string {
	var parts []string
	for _, kind := range ChangeKinds() {
		if n := len(s.Of(kind)); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, kind))
		}
	}
	phrase := firstOf(strings.Join(parts, ", "), "nothing changed")
	if s.StillBad > 0 {
		phrase += "; " + count(s.StillBad, "is", "are") + " bad as before"
	}
	return phrase
}

// writeSince is the part of the summary about the baseline.
func writeSince(w io.Writer, s *Since) {
	if s == nil {
		return
	}
	fmt.Fprintf(w, "\nSince the run of %s: %s\n", s.Started.UTC().Format("2006-01-02 15:04 UTC"), s.Phrase())
	for _, doubt := range s.Doubts {
		fmt.Fprintf(w, "  careful: %s\n", doubt)
	}
	for _, kind := range ChangeKinds() {
		changes := s.Of(kind)
		for i, c := range changes {
			if i == 20 {
				fmt.Fprintf(w, "  %-9s and %d more\n", kind, len(changes)-i)
				break
			}
			fmt.Fprintf(w, "  %-9s %s\n", kind, c.line())
		}
	}
}

// line is for example "reg/a/b: passed before, failed now".
func (c Change) line() string {
	text := c.ID + ": " + firstOf(string(c.Is), "missing") + " now"
	if c.Was != "" {
		text = c.ID + ": " + string(c.Was) + " before, " + firstOf(string(c.Is), "missing") + " now"
	}
	if c.Note != "" {
		text += " (" + oneLine(c.Note, 240) + ")"
	}
	return text
}
