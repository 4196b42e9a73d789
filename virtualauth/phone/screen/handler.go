package screen

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"sync"

	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

// Options say what is shown. Phones is required.
type Options struct {
	Phones []Handset
	// Hosts are the names, without port, by which the pages may be reached beside those of this machine.
	Hosts []string
	// Decode reads the text of the code in a picture of any common format; nil means that no picture is taken.
	Decode func(picture io.ReadSeeker) (text string, err error)
}

// Handset is one phone and what its camera looks at.
type Handset struct {
	// ID is its part of the address: lower-case letters, digits and hyphens, and not "static".
	ID    string
	Phone *phone.Phone
	// Look is what the camera looks at by itself; nil means nothing: only what is held before it.
	Look phone.CameraSource
	// Sight says what that is, such as "the browser's window".
	Sight string
	// Picture returns what the camera looks at as JPEG, for the viewfinder; nil means that there is nothing to show.
	Picture func(ctx context.Context) ([]byte, error)
}

// OptionError says which option is missing or wrong.
type OptionError struct {
	// Option is the path of the field, such as "Phones[1].ID".
	Option string
	// Problem says what is wrong with it and what to do.
	Problem string
}

// Error names the option.
func (e *OptionError) Error() string { return "screen: Options." + e.Option + ": " + e.Problem }

// Handler serves the pages of phones. Close it when nobody looks at them any more.
type Handler struct {
	options Options
	assets  *assets
	pages   *pages
	sets    []*set
	top     http.Handler

	life context.Context // of ceremonies that are begun on a page; ended by Close
	end  context.CancelFunc
	busy sync.WaitGroup // those ceremonies
}

// set is a Handset in use.
type set struct {
	Handset
	eye eye
}

var plainID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)

// New makes the pages. It fails with an *OptionError.
func New(o Options) (*Handler, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	h := &Handler{options: o}
	var err error
	if h.assets, err = loadAssets(); err != nil {
		return nil, fmt.Errorf("screen: %w", err)
	}
	if h.pages, err = loadPages(h.assets); err != nil {
		return nil, fmt.Errorf("screen: %w", err)
	}
	h.life, h.end = context.WithCancel(context.Background())
	for _, handset := range o.Phones {
		h.sets = append(h.sets, &set{Handset: handset, eye: eye{given: make(chan string, 1)}})
	}
	h.top = h.build()
	return h, nil
}

// check names what can not be.
func (o Options) check() error {
	if len(o.Phones) == 0 {
		return &OptionError{Option: "Phones", Problem: "empty: there is nothing to show"}
	}
	seen := map[string]bool{"static": true}
	for i, p := range o.Phones {
		field := fmt.Sprintf("Phones[%d].", i)
		switch {
		case p.Phone == nil:
			return &OptionError{Option: field + "Phone", Problem: "nil"}
		case !plainID.MatchString(p.ID):
			return &OptionError{Option: field + "ID", Problem: fmt.Sprintf("%q: use lower-case letters, digits and hyphens", p.ID)}
		case seen[p.ID]:
			return &OptionError{Option: field + "ID", Problem: fmt.Sprintf("%q is taken: give each phone an id of its own", p.ID)}
		}
		seen[p.ID] = true
	}
	return nil
}

// Close ends requests that wait and ceremonies that were begun on a page, and returns when they have ended. It may be called
// often.
func (h *Handler) Close() error {
	h.end()
	h.busy.Wait()
	return nil
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.top.ServeHTTP(w, r) }

// build makes the table of addresses and the layers around it.
func (h *Handler) build() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", h.list)
	mux.HandleFunc("GET /static/{file}", h.assets.serve)
	for _, s := range h.sets {
		for pattern, handle := range map[string]func(*Handler, *visit) error{
			"GET /%s/{$}": (*Handler).page, "GET /%s/screen": (*Handler).part, "GET /%s/view": (*Handler).view,
			"GET /%s/picture": (*Handler).picture, "POST /%s/tap": (*Handler).tap, "POST /%s/camera": (*Handler).camera,
			"POST /%s/settings": (*Handler).settings, "POST /%s/happen": (*Handler).happen,
			"POST /%s/app": (*Handler).app,
		} {
			mux.HandleFunc(fmt.Sprintf(pattern, s.ID), h.visited(s, handle))
		}
	}
	return h.guard(mux)
}

// visit is one request for one phone.
type visit struct {
	*set
	w http.ResponseWriter
	r *http.Request
}

// visited makes a handler of a function that may fail.
func (h *Handler) visited(s *set, handle func(*Handler, *visit) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := &visit{set: s, w: w, r: r}
		if err := handle(h, v); err != nil {
			h.failed(v, err)
		}
	}
}

// statusError is an error with the HTTP status for it, and what a person reads.
type statusError struct {
	status int
	text   string
	cause  error
}

// Error tells both.
func (e *statusError) Error() string {
	if e.cause == nil {
		return e.text
	}
	return e.text + ": " + e.cause.Error()
}

// Unwrap returns the cause.
func (e *statusError) Unwrap() error { return e.cause }

// statusOf is how an error is answered.
func statusOf(err error) (status int, text string) {
	var own *statusError
	var gone *phone.TapError
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge, "This is too large for the phone: send less than 16 MB."
	case errors.As(err, &own):
		return own.status, own.text
	case errors.As(err, &gone):
		return http.StatusConflict, "The phone shows something else by now."
	case errors.Is(err, phone.ErrNoApp):
		return http.StatusNotFound, "There is no such app on this phone."
	case errors.Is(err, phone.ErrBusy):
		return http.StatusConflict, "The phone is busy: finish or close what it does first."
	}
	return http.StatusInternalServerError, err.Error()
}

// whileOpen is the context of a request that waits: it ends with the request, and with the Handler.
func (h *Handler) whileOpen(r *http.Request) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(r.Context())
	release := context.AfterFunc(h.life, cancel)
	return ctx, func() {
		release()
		cancel()
	}
}
