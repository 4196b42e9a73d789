package reports

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"sync"
)

// Shot is one picture of one screen, as one reader sees it.
type Shot struct {
	Screen   string  `json:"screen"`          // Screen names what is shown, the same in every language: "S0-delete".
	Title    string  `json:"title,omitempty"` // Title is its heading, in the language.
	Language string  `json:"language"`        // Language is a BCP 47 tag.
	Dir      string  `json:"dir,omitempty"`   // Dir is ltr or rtl.
	Theme    string  `json:"theme"`           // Theme is ThemeLight or ThemeDark.
	Width    int     `json:"width"`           // Width is that of the window, in CSS pixels.
	Picture  Picture `json:"picture"`         // Picture lies beside the report, which does not embed it.
}

// The themes of a Shot.
const (
	ThemeLight = "light"
	ThemeDark  = "dark"
)

// GalleryFile is the name of the gallery's page, which the report links to.
const GalleryFile = "gallery.html"

// Shots are the pictures of all results of a run.
func Shots(run Run) []Shot {
	var all []Shot
	for _, result := range run.Results {
		all = append(all, result.Shots...)
	}
	return all
}

//go:embed gallery
var galleryFiles embed.FS

// Gallery writes a page that shows every Shot of a run, by screen, with filters by words, language, theme and width. The pictures
// stay beside the page under their paths and are loaded when they come into sight; style and script are inside. The page asks the
// network for nothing, and without its script it shows everything.
func Gallery(w io.Writer, run Run) error {
	tmpl, err := galleryTemplate()
	if err != nil {
		return fmt.Errorf("reports: write the gallery: %w", err)
	}
	var b bytes.Buffer
	if err := tmpl.Execute(&b, newGallery(run)); err != nil {
		return fmt.Errorf("reports: write the gallery: %w", err)
	}
	if _, err := io.WriteString(w, legal(b.String())); err != nil {
		return fmt.Errorf("reports: write the gallery: %w", err)
	}
	return nil
}

// galleryTemplate parses the embedded page once.
var galleryTemplate = sync.OnceValues(func() (*template.Template, error) {
	return parsePage(galleryFiles, "gallery", "gallery")
})

// galleryView is the run's pictures as the page shows them.
type galleryView struct {
	Run       Run
	Total     int
	Screens   []screenView
	Languages []choice
	Themes    []choice
	Widths    []choice
}

// screenView is one screen, with its pictures by language.
type screenView struct {
	Name, Anchor, Title string
	Rows                []shotRow
}

// shotRow is one screen in one language.
type shotRow struct {
	Language, Dir, Name, Title string
	Shots                      []shotView
}

// shotView is one picture: what it shows in words, where it lies, and how large it is shown.
type shotView struct {
	Shot
	Href, Alt     string
	Width, Height int
}

func newGallery(run Run) galleryView {
	v := galleryView{Run: run}
	b := &viewBuilder{anchors: map[string]bool{}}
	for _, shot := range Shots(run) {
		v.Total++
		v.Languages = counted(v.Languages, shot.Language)
		v.Themes = counted(v.Themes, shot.Theme)
		v.Widths = counted(v.Widths, fmt.Sprint(shot.Width))
		screen := find(&v.Screens, func(s screenView) bool { return s.Name == shot.Screen }, func() screenView {
			return screenView{Name: shot.Screen, Anchor: b.anchor("screen-" + firstOf(slug(shot.Screen), "none")), Title: shot.Title}
		})
		row := find(&screen.Rows, func(r shotRow) bool { return r.Language == shot.Language }, func() shotRow {
			return shotRow{Language: shot.Language, Dir: firstOf(shot.Dir, "ltr"), Name: languageName(shot.Language), Title: shot.Title}
		})
		if shot.Language == "en" {
			screen.Title = shot.Title
		}
		row.Shots = append(row.Shots, newShotView(shot))
	}
	for i := range v.Screens {
		for _, row := range v.Screens[i].Rows {
			slices.SortStableFunc(row.Shots, func(a, b shotView) int {
				return cmp.Or(cmp.Compare(b.Shot.Width, a.Shot.Width), cmp.Compare(b.Theme, a.Theme))
			})
		}
	}
	return v
}

// find returns the element that fits, after adding one if there is none.
func find[T any](list *[]T, fits func(T) bool, make func() T) *T {
	i := slices.IndexFunc(*list, fits)
	if i < 0 {
		i = len(*list)
		*list = append(*list, make())
	}
	return &(*list)[i]
}

func newShotView(shot Shot) shotView {
	v := shotView{Shot: shot, Href: href(shot.Picture.Path), Width: shot.Picture.Width, Height: shot.Picture.Height}
	v.Alt = fmt.Sprintf("%s in %s, %s, %d pixels wide", shot.Screen, languageName(shot.Language), shot.Theme, shot.Width)
	if shot.Title != "" {
		v.Alt += ": " + shot.Title
	}
	return v
}

// languageNames are the languages that have a name here; any other is called by its tag.
var languageNames = map[string]string{
	"en": "English", "de": "German", "ar": "Arabic", "ja": "Japanese", "en-XA": "Pseudo-locale",
}

func languageName(tag string) string { return firstOf(languageNames[tag], tag) }
