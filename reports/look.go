package reports

import (
	"slices"
	"strings"
)

// The names of views. Others may be used; they are shown behind these.
const (
	ViewPage   = "page"           // ViewPage is the document in the tab.
	ViewWindow = "browser window" // ViewWindow is the whole window of the browser, its own dialogs included.
	ViewPhone  = "phone"          // ViewPhone is the phone's screen.
)

// View is what one of the things that a person looks at showed after a step: a picture, words, or both. A phone that has only
// words is drawn from them.
type View struct {
	Name     string    `json:"name"`               // Name is ViewPage, ViewWindow or ViewPhone.
	Picture  *Picture  `json:"picture,omitempty"`  // Picture is nil when there are words only.
	State    string    `json:"state,omitempty"`    // State is for example "P11 provider sheet" or "QR code".
	Title    string    `json:"title,omitempty"`    // Title is the heading that the person reads.
	Text     string    `json:"text,omitempty"`     // Text is what stands below it.
	Controls []Control `json:"controls,omitempty"` // Controls are what can be tapped, from top to bottom.
	Provider string    `json:"provider,omitempty"` // Provider is where the phone would save, or has saved.
	Status   []Field   `json:"status,omitempty"`   // Status is the phone's status bar: Bluetooth, network, battery.
	Skin     string    `json:"skin,omitempty"`     // Skin is the phone's looks: SkinAndroid or SkinIOS.
}

// The looks of a phone.
const (
	SkinAndroid = "android" // SkinAndroid is also used for anything unknown.
	SkinIOS     = "ios"
)

// Control is something on a screen that can be tapped or pressed.
type Control struct {
	Label   string `json:"label"`
	Off     bool   `json:"off,omitempty"`     // Off says that it is shown and cannot be tapped.
	Primary bool   `json:"primary,omitempty"` // Primary says that it is the one the screen suggests.
	Tapped  bool   `json:"tapped,omitempty"`  // Tapped says that the person tapped it to get to the next screen.
}

// looks are the views of a step in the order in which they stand side by side. A step that has only a screenshot has none; a
// screenshot beside views is the page, unless there is a view of it.
func (s Step) looks() []View {
	if len(s.Views) == 0 {
		return nil
	}
	views := slices.Clone(s.Views)
	hasPage := slices.ContainsFunc(views, func(v View) bool { return v.Name == ViewPage })
	if s.Screenshot != nil && !hasPage {
		views = append(views, View{Name: ViewPage, Picture: s.Screenshot})
	}
	slices.SortStableFunc(views, func(a, b View) int { return place(a.Name) - place(b.Name) })
	return views
}

func place(view string) int {
	order := []string{ViewPage, ViewWindow, ViewPhone}
	if i := slices.Index(order, view); i >= 0 {
		return i
	}
	return len(order)
}

// pictures are all pictures of a step, each once.
func (s Step) pictures() []Picture {
	var list []Picture
	if s.Screenshot != nil {
		list = append(list, *s.Screenshot)
	}
	for _, v := range s.Views {
		if v.Picture != nil && !slices.ContainsFunc(list, func(p Picture) bool { return p.Path == v.Picture.Path }) {
			list = append(list, *v.Picture)
		}
	}
	return list
}

// words tell a view in one line: P11 provider sheet, “Create a passkey?”, in Larkspur ID.
func (v View) words() string {
	var parts []string
	if v.State != "" {
		parts = append(parts, v.State)
	}
	if v.Title != "" {
		parts = append(parts, "“"+v.Title+"”")
	}
	if v.Provider != "" {
		parts = append(parts, "in "+v.Provider)
	}
	return strings.Join(parts, ", ")
}

// described are the words of a view and what can be tapped on it, for those who do not see its picture.
func (v View) described() string {
	text := firstOf(v.words(), v.Text)
	var labels []string
	for _, c := range v.Controls {
		labels = append(labels, c.Label)
	}
	if len(labels) > 0 {
		text += "; controls: " + strings.Join(labels, ", ")
	}
	return text
}
