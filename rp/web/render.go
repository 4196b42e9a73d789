package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/passkeylab/passkeylab/rp"
)

//go:embed templates
var templateFiles embed.FS

// pages are the parsed templates: each screen's own file together with the frame and the shared parts.
type pages struct{ byName map[string]*template.Template }

// shared are the files that every page may use.
var shared = []string{"templates/base.html", "templates/parts.html"}

func loadPages(a *assets) (*pages, error) {
	root, err := template.New("root").Option("missingkey=error").Funcs(template.FuncMap{
		"asset": a.url,
		"inc":   func(i int) int { return i + 1 },
		"args":  args,
	}).ParseFS(templateFiles, shared...)
	if err != nil {
		return nil, err
	}
	files, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, err
	}
	p := &pages{byName: map[string]*template.Template{}}
	for _, file := range files {
		name := strings.TrimSuffix(path.Base(file), ".html")
		if name == "base" || name == "parts" {
			continue
		}
		own, err := root.Clone()
		if err != nil {
			return nil, err
		}
		if p.byName[name], err = own.ParseFS(templateFiles, file); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// args makes a map of name, value pairs, so that a shared part can be handed several things.
func args(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("web: args wants pairs, got %d values", len(pairs))
	}
	made := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		made[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return made, nil
}

// base is what the frame of every page needs. Each page's own data embeds it.
type base struct {
	*tongue
	// Title is the page's own title; FullTitle the document's, with the step and the organisation.
	Title, FullTitle string
	// Screen is the data-step attribute.
	Screen rp.Screen
	// Shape is a class of <main>: "", "narrow" or "wizard".
	Shape string
	// Theme is "light", "dark" or "".
	Theme string
	// Path is the page's own address, where the switches of theme and language return to; Section the part of the menu.
	Path, Section string
	// Languages are the choices of the language switch.
	Languages []languageView
	// UserName is the name shown to a person who is signed in, "" for a visitor.
	UserName  string
	RequestID string
	Toast     string
	// EndMillis is when the page is emptied because the session has ended by then, 0 for never.
	EndMillis int64
	// Run is set on wizard screens.
	Run *runView
}

// runView is what the wizard's frame shows about the run.
type runView struct {
	Flow    rp.Flow
	Attempt int
	// N of M is the step; Steps the list of all.
	N, M  int
	Steps []stepView
	// Action is where the screen's form is posted; the wizard's own address.
	Action string
	// CanGoBack and CancelAsks shape the foot; the other three are the dialog's words, and whether it loses nothing.
	CanGoBack, CancelAsks bool
	// InApp says that the passkey may be made in the app itself: flow E.
	InApp                                  bool
	CancelTitle, CancelBody, CancelConfirm string
	CancelHarmless                         bool
	// ProofMillis is how long until the page offers to confirm again, 0 for never; Prove is where that leads.
	ProofMillis int64
	Prove       string
}

// stepView is one entry of the step list.
type stepView struct {
	Number        int
	Name          string
	Done, Current bool
}

// frame returns the base of a page that is not part of a run.
func (v *visit) frame(screen rp.Screen, title string) base {
	b := base{tongue: v.tongue, Title: title, Screen: screen, Theme: v.theme, Path: withoutLanguage(v.r.URL.RequestURI()),
		Languages: v.languages(), RequestID: rp.RequestID(v.ctx())}
	b.FullTitle = v.tongue.T("site.title_plain", "Title", title)
	if v.r.Method != http.MethodGet {
		b.Path = v.r.URL.Path
	}
	if v.user != nil {
		b.UserName = v.user.DisplayName
		b.EndMillis = v.rp.SessionEnd(v.session).Sub(v.rp.Now()).Milliseconds()
	}
	return b
}

// show renders a page. It is rendered to memory first: a fault in a template gives a whole error page, never half
// a page.
func (v *visit) show(status int, name string, data any) error {
	page, ok := v.pages.byName[name]
	if !ok {
		return fmt.Errorf("web: no template %q", name)
	}
	var out bytes.Buffer
	if err := page.ExecuteTemplate(&out, "base", data); err != nil {
		return fmt.Errorf("web: render %s: %w", name, err)
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.Header().Set("Content-Language", v.tongue.Lang())
	v.w.WriteHeader(status)
	if _, err := v.w.Write(out.Bytes()); err != nil {
		v.log.DebugContext(v.ctx(), "answer not delivered", "error", err)
	}
	return nil
}

// errorPage is the data of error.html.
type errorPage struct {
	base
	Body string
}

// showError renders the page of an HTTP error.
func (v *visit) showError(e *pageError) error {
	b := v.frame("error", v.tongue.T("error."+e.key+"_title"))
	b.Shape = "narrow"
	return v.show(e.status, "error", errorPage{base: b, Body: v.tongue.T("error." + e.key + "_body")})
}
