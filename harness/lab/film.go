package lab

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/passkeylab/passkeylab/harness/dialog"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

// Frame is what browser and phone showed at one moment, side by side.
type Frame struct {
	At time.Time
	// Dialog is the step that the browser's dialog was in, and Window a JPEG of the browser's window; nil when it was not taken,
	// or shows what the frame before shows.
	Dialog dialog.Step
	Window []byte
	// Phone is what the phone showed, and Tapped the id of the control by which the person left that screen.
	Phone  phone.View
	Tapped string
	// Glass is a JPEG of the phone's page, which shows the same; nil without a page, and when the phone went on before the page
	// had drawn it.
	Glass []byte
}

// film keeps frames: one for each screen of the phone and each step of the browser's dialog.
type film struct {
	pictures func(context.Context) ([]byte, error) // of the browser's window; nil when nobody wants them

	mu     sync.Mutex
	frames []Frame
	news   chan struct{} // has room for one: something is to be photographed
	turns  chan struct{} // has room for one: the phone's page is
}

// shows notes what the phone shows; the event of a tap belongs to the screen before.
func (f *film) shows(e phone.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	last := len(f.frames) - 1
	switch {
	case e.What == phone.Tapped && last >= 0:
		f.frames[last].Tapped = e.Control
	case e.What == phone.Shown && last >= 0 && alike(f.frames[last].Phone, e.View):
		f.frames[last].Phone = e.View
	case e.What == phone.Shown:
		next := Frame{At: e.At, Phone: e.View}
		if last >= 0 {
			next.Dialog = f.frames[last].Dialog
		}
		f.add(next)
		select {
		case f.turns <- struct{}{}:
		default:
		}
	}
}

// alike reports whether two views are the same to somebody who looks: the clock and the count of changes play no part.
func alike(a, b phone.View) bool {
	return a.Screen == b.Screen && a.State == b.State && a.Title == b.Title && a.Text == b.Text &&
		slices.Equal(a.Entries, b.Entries) && slices.Equal(a.Controls, b.Controls)
}

// steps notes a step of the browser's dialog.
func (f *film) steps(m dialog.Moment) {
	f.mu.Lock()
	defer f.mu.Unlock()
	next := Frame{At: m.At, Dialog: m.Step}
	if last := len(f.frames) - 1; last >= 0 {
		next.Phone, next.Glass = f.frames[last].Phone, f.frames[last].Glass
	}
	f.add(next)
}

// add keeps a frame. The caller holds f.mu.
func (f *film) add(frame Frame) {
	f.frames = append(f.frames, frame)
	select {
	case f.news <- struct{}{}:
	default:
	}
}

// run photographs the window after each piece of news, until ctx ends. Frames that came meanwhile share a picture.
func (f *film) run(ctx context.Context) {
	var before []byte
	for {
		select {
		case <-f.news:
		case <-ctx.Done():
			return
		}
		f.mu.Lock()
		index := len(f.frames) - 1
		f.mu.Unlock()
		picture, err := f.pictures(ctx)
		if err != nil || bytes.Equal(picture, before) {
			continue // a window that closes while it is looked at, or shows nothing new
		}
		before = picture
		f.mu.Lock()
		f.frames[index].Window = picture
		f.mu.Unlock()
	}
}

// watch follows the browser's dialog until ctx ends.
func (f *film) watch(ctx context.Context, window *dialog.Window) {
	for index := 0; ; index++ {
		moment, err := window.Next(ctx, index)
		if err != nil {
			return
		}
		f.steps(moment)
	}
}

// roll starts the film of a stage. It ends when the returned function is called.
func (f *film) roll(window *dialog.Window, pictures bool) (end func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() { f.watch(ctx, window) })
	if pictures {
		f.pictures = window.Picture
		work.Go(func() { f.run(ctx) })
	}
	return func() error {
		cancel()
		work.Wait()
		return nil
	}
}

// Film returns the frames from the one with index from on, oldest first. A frame that is the last of all may get its picture,
// and what was tapped, later.
func (r *Reach) Film(from int) []Frame {
	r.film.mu.Lock()
	defer r.film.mu.Unlock()
	return slices.Clone(r.film.frames[min(from, len(r.film.frames)):])
}

// wantsPhone reports whether there is a frame of a view that lacks a picture of the phone's page.
func (f *film) wantsPhone(v phone.View) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	last := len(f.frames) - 1
	return f.pictures != nil && last >= 0 && f.frames[last].Glass == nil && alike(f.frames[last].Phone, v)
}

// develop puts a picture of the phone's page into the latest frames in which the phone showed that.
func (f *film) develop(v phone.View, picture []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := len(f.frames) - 1
	for at >= 0 && !alike(f.frames[at].Phone, v) {
		at--
	}
	for ; at >= 0 && alike(f.frames[at].Phone, v) && f.frames[at].Glass == nil; at-- {
		f.frames[at].Glass = picture
	}
}

// follow photographs a phone's page whenever the phone shows something new, if pictures are wanted, until the returned function is
// called. What goes by faster than it is drawn stays without one.
func (f *film) follow(s *Screen) (end func() error) {
	if f.pictures == nil {
		return func() error { return nil }
	}
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() {
		for {
			select {
			case <-f.turns:
			case <-ctx.Done():
				return
			}
			s.look(ctx)
		}
	})
	return func() error {
		cancel()
		work.Wait()
		return nil
	}
}
