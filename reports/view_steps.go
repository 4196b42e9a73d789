package reports

import (
	"net/url"
	"reflect"
	"slices"
)

type stepView struct {
	Step
	Number int
	Offset string // Offset from the beginning of the journey: "+1.2 s"
	Shot   *pictureView
	Looks  []lookView // Looks take the place of Shot when there are several
}

type pictureView struct {
	Href, Class, Caption string
	Word                 string // Word stands in for a thumbnail that there is not
	Tall                 bool   // Tall says that it is higher than wide: a phone
}

// lookView is one of several views of a step.
type lookView struct {
	View
	Shot  *pictureView
	Same  bool // Same says that it shows what it showed in the step before
	Phone bool // Phone says that it is drawn as one when there is no picture
}

// steps are the views of a result's steps.
func (b *viewBuilder) steps(result Result) []stepView {
	var list []stepView
	last := "" // class of the last single screenshot
	before := map[string]lookView{}
	for i, step := range result.Steps {
		s := stepView{Step: step, Number: i + 1}
		if step.State == "" {
			s.State = Passed
		}
		if !step.At.IsZero() && !result.Started.IsZero() {
			s.Offset = "+" + short(step.At.Sub(result.Started))
		}
		for _, view := range step.looks() {
			look := b.look(view, step.Text)
			look.Same = !s.State.Bad() && look.same(before[view.Name])
			before[view.Name] = look
			if look.Same && look.Shot != nil {
				look.Shot.Word = "unchanged"
			}
			s.Looks = append(s.Looks, look)
		}
		s.still()
		if step.Screenshot != nil && len(step.looks()) == 0 {
			shot := b.picture(*step.Screenshot, step.Text)
			// Many steps only look; the same screen again and again would hide where it changes.
			if shot.Class != "" && shot.Class == last && !s.State.Bad() {
				shot.Word = "unchanged"
			}
			last = shot.Class
			s.Shot = &shot
		}
		list = append(list, s)
	}
	return list
}

// still leaves one word of a step during which nothing in sight has changed, and a link to the picture.
func (s *stepView) still() {
	shown := slices.IndexFunc(s.Looks, func(l lookView) bool { return l.Shot != nil })
	if shown >= 0 && !slices.ContainsFunc(s.Looks, func(l lookView) bool { return !l.Same }) {
		s.Shot, s.Looks = s.Looks[shown].Shot, nil
	}
}

func (b *viewBuilder) look(view View, step string) lookView {
	look := lookView{View: view, Phone: view.Name == ViewPhone}
	if view.Picture != nil {
		shot := b.picture(*view.Picture, capital(firstOf(view.Name, "view"))+": "+firstOf(view.described(), step))
		look.Shot = &shot
	}
	return look
}

// same says whether two views tell the same: the same words and, if there are any, the same picture.
func (l lookView) same(before lookView) bool {
	if (l.Shot == nil) != (before.Shot == nil) || l.Shot != nil && (l.Shot.Class == "" || l.Shot.Class != before.Shot.Class) {
		return false
	}
	one, other := l.View, before.View
	one.Picture, other.Picture = nil, nil
	return reflect.DeepEqual(one, other)
}

func (b *viewBuilder) picture(picture Picture, caption string) pictureView {
	v := pictureView{Href: href(picture.Path), Caption: firstOf(picture.Caption, caption)}
	switch t, ok := b.thumbs[picture.Path]; {
	case !ok:
		v.Word = "picture"
	case t.blank:
		v.Word = "blank page"
	default:
		v.Class, v.Tall = t.class, t.height > t.width
	}
	return v
}

// href is the path as a relative URL, whatever characters it has.
func href(path string) string { return (&url.URL{Path: path}).String() }
