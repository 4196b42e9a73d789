package screen

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

// tap turns a click into a Tap, or what was typed into an Enter.
func (h *Handler) tap(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	control := v.r.PostForm.Get("control")
	view := v.Phone.View()
	c, isControl := view.Control(control)
	var err error
	if isControl && c.Kind.Typed() {
		err = v.Phone.Enter(control, v.r.PostForm.Get("text"))
	} else {
		err = v.Phone.Tap(control)
	}
	if err != nil {
		return err
	}
	return v.done()
}

// camera opens the camera, and holds before it what was sent along.
func (h *Handler) camera(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	text, err := h.code(v)
	if err != nil {
		return err
	}
	if err := h.show(v.r.Context(), v.set, text); err != nil {
		return err
	}
	return v.done()
}

// code is the text of the code that was sent along: as text, or in a picture. It is empty when nothing was.
func (h *Handler) code(v *visit) (string, error) {
	if text := strings.TrimSpace(v.r.PostFormValue("code")); text != "" {
		return text, nil
	}
	if v.r.MultipartForm == nil || len(v.r.MultipartForm.File["picture"]) == 0 {
		return "", nil
	}
	sent := v.r.MultipartForm.File["picture"][0]
	if sent.Size == 0 {
		return "", nil // a browser sends an empty file when none was chosen
	}
	if h.options.Decode == nil {
		return "", &statusError{status: http.StatusUnprocessableEntity, text: "This phone takes no pictures: paste the text of the code."}
	}
	file, err := sent.Open()
	if err != nil {
		return "", fmt.Errorf("screen: open the picture: %w", err)
	}
	defer file.Close()
	content, err := io.ReadAll(file)
	if err != nil {
		return "", fmt.Errorf("screen: read the picture: %w", err)
	}
	text, err := h.options.Decode(bytes.NewReader(content))
	if err != nil {
		return "", &statusError{status: http.StatusUnprocessableEntity, text: "The camera cannot use this picture: " + err.Error() + ".", cause: err}
	}
	return text, nil
}

// settings opens Settings.
func (h *Handler) settings(v *visit) error {
	v.Phone.OpenSettings()
	return v.done()
}

// app opens the app of a provider, and waits until the phone shows it.
func (h *Handler) app(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	if err := h.openApp(v.r.Context(), v.set, v.r.PostForm.Get("app")); err != nil {
		return err
	}
	return v.done()
}

// happenings are what can be made to happen, by its name in a form. Never written after the program has started.
var happenings = map[string]phone.InterruptionKind{
	"call": phone.Call, "off": phone.ScreenGoesOff, "kill": phone.AppKilled, "die": phone.PhoneDies,
}

// happen lets something come in between.
func (h *Handler) happen(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	what := v.r.PostForm.Get("what")
	kind, known := happenings[what]
	if !known {
		return &statusError{status: http.StatusBadRequest, text: fmt.Sprintf("Nothing called %q can happen: there are call, off, kill, die.", what)}
	}
	v.Phone.Interrupt(kind)
	return v.done()
}

// memory is how much of a form is kept in memory, in bytes; what is more goes into temporary files.
const memory = maxBody

// form reads what was posted.
func (v *visit) form() error {
	err := v.r.ParseForm()
	if err == nil {
		err = v.r.ParseMultipartForm(memory)
	}
	if errors.Is(err, http.ErrNotMultipart) {
		err = nil
	}
	if err == nil {
		return nil
	}
	if large := new(http.MaxBytesError); errors.As(err, &large) {
		return err
	}
	return &statusError{status: http.StatusBadRequest, text: "What was sent is no form.", cause: err}
}

// done answers what was posted: the View for a script, the way back to the page for a person.
func (v *visit) done() error {
	if wantsJSON(v.r) {
		return v.json(http.StatusOK, v.Phone.View())
	}
	http.Redirect(v.w, v.r, v.base(), http.StatusSeeOther)
	return nil
}

// json answers with a value.
func (v *visit) json(status int, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("screen: %w", err)
	}
	v.w.Header().Set("Content-Type", "application/json")
	v.w.WriteHeader(status)
	_, _ = v.w.Write(body) // who has gone away needs no answer
	return nil
}

// base is the address below which the phone lives.
func (s *set) base() string { return "/" + s.ID + "/" }

// failed answers with an error: as JSON, or on the page of the phone.
func (h *Handler) failed(v *visit, err error) {
	status, text := statusOf(err)
	if wantsJSON(v.r) {
		_ = v.json(status, map[string]string{"error": text}) // strings always become JSON
		return
	}
	if v.r.Method == http.MethodGet || h.write(v, "page", status, text) != nil {
		http.Error(v.w, text, status)
	}
}
