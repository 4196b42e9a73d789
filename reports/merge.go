package reports

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Merge makes one run of several: of parallel processes of one suite, or of several suites.
//
// What all runs agree on stays; names that differ are joined by " + ". The merged run begins when the first began and
// lasts until the last ended. Versions that differ are kept side by side ("156 | 157") and noted, because results of
// different browsers in one report would mislead otherwise; so are differing seeds. Results are sorted by start, then
// by id and driver; results that carry the same of both stay as they are, since a repeated journey is two findings.
func Merge(runs ...Run) Run {
	var merged Run
	if len(runs) == 0 {
		return merged
	}
	merged.Suite = joined(runs, func(r Run) string { return r.Suite })
	merged.Subject = joined(runs, func(r Run) string { return r.Subject })
	merged.Tool = joined(runs, func(r Run) string { return r.Tool })
	merged.Edition = joined(runs, func(r Run) string { return r.Edition })
	merged.Command = joinedBy(runs, " && ", func(r Run) string { return r.Command })
	merged.Seed = runs[0].Seed
	merged.Started, merged.Duration = span(runs)
	for _, run := range runs {
		merged.Interrupted = merged.Interrupted || run.Interrupted
		merged.Results = append(merged.Results, run.Results...)
		merged.Notes, merged.Unused = appendNew(merged.Notes, run.Notes...), appendNew(merged.Unused, run.Unused...)
		if run.Seed != merged.Seed {
			merged.Notes = appendNew(merged.Notes, "The merged runs had different seeds; the one shown is the first.")
		}
	}
	var differing []string
	merged.Versions, differing = mergeVersions(runs)
	for _, name := range differing {
		merged.Notes = appendNew(merged.Notes, "The merged runs had different versions of "+name+": "+merged.Versions[name]+".")
	}
	slices.SortStableFunc(merged.Results, func(a, b Result) int {
		if order := a.Started.Compare(b.Started); order != 0 {
			return order
		}
		return strings.Compare(a.Key(), b.Key())
	})
	return merged
}

func joined(runs []Run, get func(Run) string) string { return joinedBy(runs, " + ", get) }

func joinedBy(runs []Run, separator string, get func(Run) string) string {
	var values []string
	for _, run := range runs {
		if value := get(run); value != "" {
			values = appendNew(values, value)
		}
	}
	return strings.Join(values, separator)
}

func appendNew(list []string, values ...string) []string {
	for _, value := range values {
		if !slices.Contains(list, value) {
			list = append(list, value)
		}
	}
	return list
}

// span is from the earliest start to the latest end; runs that never started do not count.
func span(runs []Run) (time.Time, time.Duration) {
	var first, last time.Time
	for _, run := range runs {
		if run.Started.IsZero() {
			continue
		}
		if first.IsZero() || run.Started.Before(first) {
			first = run.Started
		}
		if end := run.Started.Add(run.Duration); end.After(last) {
			last = end
		}
	}
	return first, last.Sub(first)
}

func mergeVersions(runs []Run) (versions map[string]string, differing []string) {
	seen := map[string][]string{}
	for _, run := range runs {
		for name, version := range run.Versions {
			seen[name] = appendNew(seen[name], version)
		}
	}
	if len(seen) == 0 {
		return nil, nil
	}
	versions = map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		versions[name] = strings.Join(seen[name], " | ")
		if len(seen[name]) > 1 {
			differing = append(differing, name)
		}
	}
	return versions, differing
}
