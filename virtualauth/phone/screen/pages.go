package screen

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strconv"

	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

//go:embed templates
var templateFiles embed.FS

// pages are the parsed templates.
type pages struct{ all *template.Template }

func loadPages(a *assets) (*pages, error) {
	all, err := template.New("root").Option("missingkey=error").Funcs(template.FuncMap{
		"asset": a.url, "count": countWords, "initials": initials, "tint": tint, "icon": iconOf, "on": onOff,
	}).ParseFS(templateFiles, "templates/*.html")
	return &pages{all: all}, err
}

// list leads to the only phone, or to all of them.
func (h *Handler) list(w http.ResponseWriter, r *http.Request) {
	if len(h.sets) == 1 {
		http.Redirect(w, r, h.sets[0].base(), http.StatusSeeOther)
		return
	}
	type row struct{ Base, Name, Detail string }
	var rows []row
	for _, s := range h.sets {
		now := s.Phone.Settings()
		rows = append(rows, row{Base: s.base(), Name: nameOf(now), Detail: now.OS.String()})
	}
	if err := h.render(w, "list", http.StatusOK, rows); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// page is the whole page.
func (h *Handler) page(v *visit) error { return h.write(v, "page", http.StatusOK, "") }

// part is what changes of it.
func (h *Handler) part(v *visit) error { return h.write(v, "screen", http.StatusOK, "") }

// view is the View as JSON, at once or once it has changed.
func (h *Handler) view(v *visit) error {
	view := v.Phone.View()
	if after := v.r.URL.Query().Get("after"); after != "" {
		revision, err := strconv.ParseUint(after, 10, 64)
		if err != nil {
			return &statusError{status: http.StatusBadRequest, text: "after is no revision: give the one of an earlier view.", cause: err}
		}
		view = h.await(v, revision)
	}
	return v.json(http.StatusOK, view)
}

// await waits for a later revision. It returns what is there when the client or the Handler has enough of waiting.
func (h *Handler) await(v *visit, revision uint64) phone.View {
	ctx, stop := h.whileOpen(v.r)
	defer stop()
	view, _ := v.Phone.Await(ctx, revision) // the view as it is, when ctx ends
	return view
}

// picture is what the camera looks at by itself.
func (h *Handler) picture(v *visit) error {
	if v.Picture == nil {
		return &statusError{status: http.StatusNotFound, text: "This camera looks at nothing by itself."}
	}
	ctx, stop := h.whileOpen(v.r)
	defer stop()
	jpeg, err := v.Picture(ctx)
	if err != nil {
		return &statusError{status: http.StatusNotFound, text: "There is nothing to see: " + err.Error(), cause: err}
	}
	v.w.Header().Set("Content-Type", "image/jpeg")
	_, _ = v.w.Write(jpeg) // who has gone away needs no picture
	return nil
}

// write puts the phone as it is now through a template, with a note about what went wrong.
func (h *Handler) write(v *visit, name string, status int, note string) error {
	return h.render(v.w, name, status, h.draw(v.set, note))
}

// draw is everything that a page shows.
func (h *Handler) draw(s *set, note string) drawing {
	read, unseen := s.eye.told()
	view := s.Phone.View()
	if note == "" && view.State == phone.P0 {
		note = unseen
	}
	return draw(facts{
		base: s.base(), name: nameOf(s.Phone.Settings()), read: read, note: note, sight: s.Sight,
		live: s.Picture != nil, pictures: h.options.Decode != nil, apps: s.Phone.Apps(),
	}, view)
}

// render renders to memory first: a fault in a template gives an error, never half a page.
func (h *Handler) render(w http.ResponseWriter, name string, status int, data any) error {
	var out bytes.Buffer
	if err := h.pages.all.ExecuteTemplate(&out, name, data); err != nil {
		return fmt.Errorf("screen: render %s: %w", name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes()) // who has gone away needs no page
	return nil
}

func nameOf(s phone.Settings) string {
	if s.Name == "" {
		return "Phone"
	}
	return s.Name
}
