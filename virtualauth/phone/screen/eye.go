package screen

import (
	"context"
	"errors"
	"sync"

	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

// eye is the camera of a phone: it looks at what the lab shows it, and at what a person holds before it, whichever has a code
// first.
type eye struct {
	given chan string // texts of codes that a person holds before it; one at most waits

	mu   sync.Mutex
	open bool   // a ceremony was begun on a page, and has not ended
	read string // the text of the last code
	note string // why it last saw nothing
}

// seen is what one look came to.
type seen struct {
	text string
	err  error
}

// look is a phone.CameraSource.
func (s *set) look(ctx context.Context) (string, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var live chan seen
	if s.Look != nil {
		live = make(chan seen, 1)
		go func() {
			text, err := s.Look(ctx)
			live <- seen{text, err}
		}()
		defer func() {
			stop()
			if live != nil {
				<-live
			}
		}()
	}
	select {
	case text := <-s.eye.given:
		return s.eye.saw(text, nil)
	case found := <-live:
		live = nil
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		return s.eye.saw(found.text, found.err)
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// saw remembers what the page tells about it.
func (e *eye) saw(text string, err error) (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.read, e.note = text, ""
	if err != nil {
		e.note = err.Error()
	}
	return text, err
}

// told returns what the page tells.
func (e *eye) told() (read, note string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.read, e.note
}

// hold holds the text of a code before the camera, in place of one that it has not looked at.
func (e *eye) hold(text string) {
	select {
	case <-e.given:
	default:
	}
	e.given <- text // there is room: whoever holds has e.mu
}

// show opens the camera, unless it is open, and holds a text before it, unless that is empty. It fails with phone.ErrBusy when
// the phone does something else.
func (h *Handler) show(ctx context.Context, s *set, text string) error {
	s.eye.mu.Lock()
	defer s.eye.mu.Unlock()
	v := s.Phone.View()
	looking := v.Screen == phone.ScreenCamera && v.State == phone.P2
	switch {
	case s.eye.open && looking && text != "":
		s.eye.hold(text)
		return nil
	case s.eye.open, v.State != phone.P0, h.life.Err() != nil:
		return phone.ErrBusy
	}
	select {
	case <-s.eye.given: // from an earlier time
	default:
	}
	if text != "" {
		s.eye.hold(text)
	}
	s.eye.open, s.eye.read, s.eye.note = true, "", ""
	begun := make(chan error, 1)
	h.busy.Go(func() {
		_, err := s.Phone.PointCamera(h.life, s.look)
		begun <- err
		s.eye.mu.Lock()
		defer s.eye.mu.Unlock()
		s.eye.open = false
	})
	return h.awaitOpen(ctx, s, v, begun)
}

// openApp opens the app of a provider. It fails with phone.ErrBusy when the phone does something else.
func (h *Handler) openApp(ctx context.Context, s *set, key string) error {
	v := s.Phone.View()
	if v.State != phone.P0 || h.life.Err() != nil {
		return phone.ErrBusy
	}
	begun := make(chan error, 1)
	h.busy.Go(func() { begun <- s.Phone.OpenApp(h.life, key) })
	return h.awaitOpen(ctx, s, v, begun)
}

// awaitOpen waits until the phone shows that its camera, or an app, is open, so that the page that is loaded next shows it. The
// end of ctx is no failure: it opens all the same.
func (h *Handler) awaitOpen(ctx context.Context, s *set, v phone.View, ended <-chan error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	opened := make(chan struct{})
	go func() {
		defer close(opened)
		for (v.State == phone.P0 || v.Screen == phone.ScreenHome) && ctx.Err() == nil {
			v, _ = s.Phone.Await(ctx, v.Revision)
		}
	}()
	select {
	case <-opened:
		return nil
	case err := <-ended:
		stop()
		<-opened
		if errors.Is(err, phone.ErrBusy) || errors.Is(err, phone.ErrNoApp) {
			return err
		}
		return nil
	}
}
