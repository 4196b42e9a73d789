package reports

import "strings"

// compareView is one journey over each driver, as a table.
type compareView struct {
	Journey, Title, Anchor string
	Rows                   []compareRow
	Cannot                 []Inability
	Learned                string // Learned says whether the page learned the same each time
	Same                   bool   // Same says that it did
}

// compareRow is one driver.
type compareRow struct {
	Result   resultView
	Revealed []Revealed
	Saved    string
	Code     string
}

// compareViews needs the groups, whose results have their anchors already.
func (v *view) compareViews(b *viewBuilder, results []Result) {
	shown := map[string][]resultView{}
	for _, g := range v.Groups {
		for _, result := range g.Results {
			shown[result.Key()] = append(shown[result.Key()], result)
		}
	}
	for _, c := range comparisons(results) {
		table := compareView{Journey: c.journey, Title: c.title, Cannot: c.cannot, Anchor: b.anchor("drivers-" + firstOf(slug(c.journey), "none"))}
		table.Learned, table.Same = learned(c)
		for _, result := range c.results {
			key := result.Key()
			if len(shown[key]) == 0 {
				continue
			}
			row := compareRow{Result: shown[key][0], Revealed: told(result), Saved: strings.Join(savedIn(result), ", "), Code: codeShown(result)}
			shown[key] = shown[key][1:]
			table.Rows = append(table.Rows, row)
		}
		v.Compare = append(v.Compare, table)
		v.linkTo(table)
	}
}

// linkTo gives each result of a comparison the way to it.
func (v *view) linkTo(table compareView) {
	for g := range v.Groups {
		for r := range v.Groups[g].Results {
			result := &v.Groups[g].Results[r]
			if result.Driver != "" && result.family() == table.Journey {
				result.Compared = table.Anchor
			}
		}
	}
}

// learned says in a sentence what differed between the drivers for the page.
func learned(c comparison) (sentence string, same bool) {
	names, compared := c.differences()
	switch {
	case compared < 2:
		return "", false
	case len(names) == 0:
		return "The page learned the same over every driver.", true
	}
	last := len(names) - 1
	if last == 0 {
		return "The page can tell the drivers apart by " + names[0] + ".", false
	}
	return "The page can tell the drivers apart by " + strings.Join(names[:last], ", ") + " and " + names[last] + ".", false
}

// codeShown is the code of the page that the journey ended on: policy.provider_not_allowed (E2).
func codeShown(result Result) string {
	page := result.Ended
	if page == nil && result.Failure != nil {
		page = result.Failure.Page
	}
	if page == nil {
		return ""
	}
	if page.Code == "" {
		return page.Step
	}
	if page.Step == "" {
		return page.Code
	}
	return page.Code + " (" + page.Step + ")"
}
