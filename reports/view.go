package reports

import (
	"html/template"
	"slices"
	"strconv"
	"strings"
	"time"
)

// view is the run as the page shows it: counted, grouped and put into words, so that the template only lays out.
type view struct {
	Run       Run
	Verdict   Verdict
	Totals    Totals
	Tone      string // Tone is "good", "bad" or "odd" and colours the page
	States    []stateView
	Groups    []groupView
	Bad       []resultView
	Skips     []skipView
	Slowest   []slowView
	Compare   []compareView
	Drivers   []choice
	Labels    []choice
	Versions  []versionView
	Notes     []string
	Processes int
	Shots     int // Shots is how many pictures the gallery has
	Thumbs    template.CSS

	Cases     bool         // Cases says that the results are cases and not journeys
	One, Many string       // One and Many are what the results are called
	Clauses   []clauseView // Clauses are those of the specification, for cases
	Since     []sinceView  // Since are the changes since the baseline, by kind
}

// stateView is how many results ended in one state.
type stateView struct {
	State   State
	Count   int
	Percent float64
}

type groupView struct {
	Name    string
	Anchor  string
	States  []stateView
	Results []resultView
	Time    time.Duration
}

type resultView struct {
	Result
	Anchor     string
	Compared   string // Compared is the anchor of its comparison with other drivers
	Headline   string
	Share      float64   // Share of the longest duration, in percent
	Noun       string    // Noun is what it is called: journey or case
	Case       *caseView // Case is what only cases have; nil for journeys
	Steps      []stepView
	Pictures   []pictureView
	Files      []fileView
	Ceremonies []ceremonyView
	BadConsole int
	BadNetwork int
}

type fileView struct {
	Href, Name, MediaType string
}

type ceremonyView struct {
	Ceremony
	Number int
	Title  string
	Bytes  []segmentView
	Ladder *ladderView
}

// segmentView is a segment of the byte map with the room it gets.
type segmentView struct {
	Segment
	Grow int
	Tone int // Tone is the number of its colour
	End  int // End is the offset of its last byte
}

type skipView struct {
	Reason  string
	Results []resultView
}

type slowView struct {
	Result  resultView
	Percent float64
}

// choice is one entry of a filter.
type choice struct {
	Name  string
	Count int
}

func newView(run Run, thumbs map[string]thumb, style template.CSS, notes []string) view {
	v := view{
		Run: run, Verdict: Judge(run), Totals: Count(run), States: stateViews(run.Results), Versions: versionViews(run), Shots: len(Shots(run)),
		Notes: append(slices.Clone(run.Notes), notes...), Thumbs: style,
	}
	v.Tone, v.Cases = tone(v.Verdict), run.cases()
	v.One, v.Many = run.noun()
	var longest time.Duration
	for _, result := range run.Results {
		longest = max(longest, result.Duration)
		v.Processes = max(v.Processes, result.Process)
		v.Drivers = counted(v.Drivers, result.Driver)
		for _, label := range result.Labels {
			if !v.Cases { // each case has labels of its own, which the search finds
				v.Labels = counted(v.Labels, label)
			}
		}
	}
	slices.SortFunc(v.Labels, func(a, b choice) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(v.Drivers, func(a, b choice) int { return strings.Compare(a.Name, b.Name) })
	b := &viewBuilder{thumbs: thumbs, longest: longest, anchors: map[string]bool{}, drivers: driversOf(run.Results), noun: v.One, changes: run.changes()}
	for _, g := range forReading(groups(run.Results)) {
		v.Groups = append(v.Groups, b.group(g))
	}
	v.compareViews(b, run.Results)
	for _, g := range v.Groups {
		for _, result := range g.Results {
			v.sortIn(result)
		}
	}
	v.caseViews()
	v.sortBad()
	v.slowest()
	return v
}

// forReading sorts groups by name and their results by id, since journeys run in an order that is shuffled anew each
// time and people look for the same one in the same place.
func forReading(list []group) []group {
	slices.SortStableFunc(list, func(a, b group) int { return strings.Compare(a.name, b.name) })
	for _, g := range list {
		slices.SortStableFunc(g.results, func(a, b Result) int { return compareKeys(a, b) })
	}
	return list
}

// versionView is one version on the overview: what people say, and what only a search needs.
type versionView struct{ Name, Value, Note string }

func versionViews(run Run) []versionView {
	var list []versionView
	for _, version := range versions(run) {
		value, note, _ := strings.Cut(version.Value, " (")
		list = append(list, versionView{Name: capital(version.Name), Value: value, Note: strings.TrimSuffix(note, ")")})
	}
	return list
}

func tone(verdict Verdict) string {
	switch {
	case verdict.OK:
		return "good"
	case verdict.Exit == ExitFailed:
		return "bad"
	}
	return "odd"
}

// sortIn puts a result on the lists at the top and the end of the page.
func (v *view) sortIn(result resultView) {
	if result.State.Bad() {
		v.Bad = append(v.Bad, result)
	}
	if result.State != Skipped {
		v.Slowest = append(v.Slowest, slowView{Result: result, Percent: result.Share})
		return
	}
	reason := firstOf(result.Reason, "No reason was given.")
	i := slices.IndexFunc(v.Skips, func(s skipView) bool { return s.Reason == reason })
	if i < 0 {
		v.Skips = append(v.Skips, skipView{Reason: reason})
		i = len(v.Skips) - 1
	}
	v.Skips[i].Results = append(v.Skips[i].Results, result)
}

func (v *view) sortBad() {
	slices.SortStableFunc(v.Bad, func(a, b resultView) int {
		return slices.Index(States(), shownState(a.State)) - slices.Index(States(), shownState(b.State))
	})
}

// slowest keeps the ten that took longest.
func (v *view) slowest() {
	slices.SortStableFunc(v.Slowest, func(a, b slowView) int { return int(b.Result.Duration - a.Result.Duration) })
	v.Slowest = v.Slowest[:min(10, len(v.Slowest))]
}

func counted(list []choice, name string) []choice {
	if name == "" {
		return list
	}
	if i := slices.IndexFunc(list, func(c choice) bool { return c.Name == name }); i >= 0 {
		list[i].Count++
		return list
	}
	return append(list, choice{Name: name, Count: 1})
}

func stateViews(results []Result) []stateView {
	totals := Count(Run{Results: results})
	var list []stateView
	for _, state := range States() {
		if n := totals.Of(state); n > 0 {
			list = append(list, stateView{State: state, Count: n, Percent: 100 * float64(n) / float64(totals.All)})
		}
	}
	return list
}

// viewBuilder holds what the views of single results share.
type viewBuilder struct {
	thumbs  map[string]thumb
	longest time.Duration
	anchors map[string]bool
	drivers map[string]int // how many drivers an id was told over
	noun    string
	changes map[string]ChangeKind // by id
}

func (b *viewBuilder) group(g group) groupView {
	v := groupView{Name: firstOf(g.name, capital(b.noun)+"s"), States: stateViews(g.results)}
	v.Anchor = b.anchor("group-" + firstOf(slug(g.name), "none"))
	for _, result := range g.results {
		v.Time += result.Duration
		v.Results = append(v.Results, b.result(result))
	}
	return v
}

// anchor makes an id of the page that no other element has.
func (b *viewBuilder) anchor(name string) string {
	unique := name
	for n := 2; b.anchors[unique]; n++ {
		unique = name + "-" + strconv.Itoa(n)
	}
	b.anchors[unique] = true
	return unique
}

func (b *viewBuilder) result(result Result) resultView {
	result.State = shownState(result.State)
	name := result.ID
	if b.drivers[result.ID] > 1 {
		name = result.Key()
	}
	v := resultView{Result: result, Noun: b.noun, Anchor: b.anchor("j-" + firstOf(slug(name), "none"))}
	if result.State.Bad() {
		v.Headline = brief(headline(result), 260)
	}
	if b.longest > 0 {
		v.Share = 100 * float64(result.Duration) / float64(b.longest)
	}
	v.Case = b.caseOf(result)
	v.Steps = b.steps(result)
	for _, picture := range result.Pictures {
		v.Pictures = append(v.Pictures, b.picture(picture, picture.Path))
	}
	for _, file := range result.Attachments {
		v.Files = append(v.Files, fileView{href(file.Path), firstOf(file.Name, file.Path), file.MediaType})
	}
	for i, ceremony := range result.Ceremonies {
		v.Ceremonies = append(v.Ceremonies, newCeremonyView(ceremony, i+1))
	}
	for _, entry := range result.Console {
		v.BadConsole += one(entry.Bad())
	}
	for _, entry := range result.Network {
		v.BadNetwork += one(entry.Bad())
	}
	return v
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
