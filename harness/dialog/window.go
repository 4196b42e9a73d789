package dialog

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"sync"
	"time"

	"github.com/passkeylab/passkeylab/harness/browser"
)

// Window shows the native windows of one browser and the dialog in them. It ends with Close; it is safe for concurrent use.
type Window struct {
	browser *browser.Browser
	views   *views
	screen  screen
	steps   *steps
	unhear  func()

	once   sync.Once
	closed chan struct{}

	mu  sync.Mutex
	old oldCodes
}

// screen is where pictures of windows come from: files or an X server.
type screen interface {
	// grab returns what a window shows, as soon as that was drawn later than after, by its stamp and by its time.
	grab(ctx context.Context, window place, after drawing) (image.Image, drawing, error)
	close() error
}

// drawing tells one picture of a window from the others. The zero value is before all of them.
type drawing struct {
	stamp uint64 // changes with the picture
	at    time.Time
}

// Open joins a browser that was started with the options of the same setup. Do it before a page is opened. The context
// bounds this call only. Errors: *SetupError, ErrUnsupported.
func Open(ctx context.Context, b *browser.Browser, s Setup) (*Window, error) {
	w := &Window{browser: b, steps: newSteps(), closed: make(chan struct{})}
	w.unhear = b.ListenWords(w.steps.hear)
	var err error
	if w.views, err = findViews(ctx, b); err != nil {
		_ = w.Close()
		return nil, err
	}
	if s.Display == "" {
		w.screen, err = openFiles(b)
	} else {
		w.screen, err = openX(b, s.Display)
	}
	if err != nil {
		_ = w.Close()
		return nil, err
	}
	return w, nil
}

// Close ends the looking; the browser stays. It may be called often, also when the browser has ended.
func (w *Window) Close() error {
	var err error
	w.once.Do(func() {
		close(w.closed)
		w.unhear()
		if w.views != nil {
			w.views.close()
		}
		if w.screen != nil {
			err = w.screen.close()
		}
	})
	return err
}

// wait waits for something, or for the end of the context, of the Window or of the browser.
func (w *Window) wait(ctx context.Context, something <-chan struct{}) error {
	select {
	case <-something:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-w.closed:
		return ErrClosed
	case <-w.browser.Done():
		return ErrClosed
	}
}

// afterwards bounds the last look at the dialog for an error, when the caller's time is over.
const afterwards = time.Second

// lastState is the state for an error: as well as can be told when the caller's time is over.
func (w *Window) lastState(ctx context.Context) (State, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	return w.state(ctx)
}

// Pixels returns what the window with the dialog shows, or the browser's only window when there is no dialog. A dialog that
// has just taken a step is given a moment to draw it. Errors: ErrNoWindow, ErrSeveralDialogs, ErrClosed, those of the context.
func (w *Window) Pixels(ctx context.Context) (image.Image, error) {
	now, _ := w.steps.now()
	fresh, cancel := context.WithDeadline(ctx, now.At.Add(painting))
	defer cancel()
	picture, _, err := w.pixels(fresh, drawing{at: now.At})
	if err != nil && fresh.Err() != nil && ctx.Err() == nil {
		picture, _, err = w.pixels(ctx, drawing{})
	}
	return picture, err
}

// painting is how long a step may take to be drawn: some steps change nothing that is to be seen.
const painting = 500 * time.Millisecond

func (w *Window) pixels(ctx context.Context, after drawing) (image.Image, drawing, error) {
	_, where, err := w.views.dialog()
	if err == nil && where.number == 0 {
		err = ErrNoWindow
	}
	if err != nil {
		return nil, drawing{}, fmt.Errorf("dialog: look at the window: %w", err)
	}
	picture, now, err := w.screen.grab(ctx, where, after)
	if err != nil {
		return nil, drawing{}, fmt.Errorf("dialog: look at the window: %w", err)
	}
	return picture, now, nil
}

// quality is that of Picture: readable text, small.
const quality = 85

// Picture returns a JPEG of the whole window with the dialog, for reports.
func (w *Window) Picture(ctx context.Context) ([]byte, error) {
	picture, err := w.Pixels(ctx)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, picture, &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("dialog: encode the picture: %w", err)
	}
	return out.Bytes(), nil
}
