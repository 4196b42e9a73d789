package dialog

import (
	"context"
	"errors"
	"image"

	"github.com/passkeylab/passkeylab/virtualauth/phone/camera"
)

// Video returns a source of pictures for a camera: its first call returns what the window shows since the dialog's last step,
// each further call waits until that has changed. It waits, too, until there is a window to look at. What still shows the
// code of a ceremony that has ended is left out: a window that is not in front may be drawn late, and a phone that scans such
// a code would wait for the browser in vain. The source may be used by one goroutine at a time.
func (w *Window) Video() func(ctx context.Context) (image.Image, error) {
	var seen drawing
	return func(ctx context.Context) (image.Image, error) {
		for {
			step, _ := w.steps.now()
			picture, last, err := w.pixels(ctx, drawing{stamp: seen.stamp, at: step.At})
			if errors.Is(err, ErrNoWindow) {
				if err = w.pause(ctx); err == nil {
					continue
				}
			}
			if err != nil {
				return nil, err
			}
			seen = last
			if w.isCurrent(picture) {
				return picture, nil
			}
		}
	}
}

// oldCodes are the codes that were shown to a camera in earlier ceremonies.
type oldCodes struct {
	texts    map[string]bool
	picture  image.Image // the last that was shown
	ceremony int         // the one in which it was
}

// isCurrent is true unless a picture shows the code of an earlier ceremony. The picture counts as shown then.
func (w *Window) isCurrent(picture image.Image) bool {
	ceremony := w.steps.ceremonies()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.old.pass(picture, ceremony)
}

// pass notes a picture of a ceremony, and is false when it shows the code of an earlier one. Nothing is decoded in the first.
func (o *oldCodes) pass(picture image.Image, ceremony int) bool {
	if o.picture != nil && o.ceremony != ceremony {
		if text, err := camera.Decode(o.picture); err == nil {
			if o.texts == nil {
				o.texts = map[string]bool{}
			}
			o.texts[text] = true
		}
		o.picture = nil
	}
	if len(o.texts) > 0 {
		if text, err := camera.Decode(picture); err == nil && o.texts[text] {
			return false
		}
	}
	o.picture, o.ceremony = picture, ceremony
	return true
}
