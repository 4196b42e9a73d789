package dialog

import (
	"context"
	"fmt"
	"hash/maphash"
	"image"
	"slices"
	"sync"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/composite"
	"github.com/jezek/xgb/xproto"

	"github.com/passkeylab/passkeylab/harness/browser"
)

// blinking is the time between two looks at a window on an X display: that of a screen's picture.
const blinking = 16 * time.Millisecond

// xscreen is an X display. What a window shows is fetched even where another window covers it: the server keeps each in memory
// of its own (the Composite extension).
type xscreen struct {
	conn  *xgb.Conn
	root  xproto.Window
	pid   xproto.Atom // _NET_WM_PID
	group int         // process group of the browser
	seed  maphash.Seed

	mu     sync.Mutex // one look at a time: replies of a megabyte each
	kept   map[xproto.Window]bool
	closed bool
}

// DisplayError says what is wrong with an X display.
type DisplayError struct {
	Display string // empty: the one in the environment
	Cause   error
}

// Error tells the fix.
func (e *DisplayError) Error() string {
	return fmt.Sprintf("dialog: use the X display %q: %v; start one (Xvfb, xvfb-run), or use a Setup without display", e.Display, e.Cause)
}

// Unwrap returns the cause.
func (e *DisplayError) Unwrap() error { return e.Cause }

// openX connects to the X display that the browser draws on.
func openX(b *browser.Browser, display string) (screen, error) {
	if display == Inherit {
		display = ""
	}
	conn, err := xgb.NewConnDisplay(display)
	if err != nil {
		return nil, &DisplayError{Display: display, Cause: err}
	}
	x := &xscreen{conn: conn, group: b.PID(), seed: maphash.MakeSeed(), kept: map[xproto.Window]bool{}}
	if err := x.prepare(); err != nil {
		conn.Close()
		return nil, &DisplayError{Display: display, Cause: err}
	}
	return x, nil
}

// prepare checks that the display has what is needed here.
func (x *xscreen) prepare() error {
	setup := xproto.Setup(x.conn)
	if setup.ImageByteOrder != xproto.ImageOrderLSBFirst {
		return fmt.Errorf("its pictures have the byte order of another kind of machine")
	}
	x.root = setup.DefaultScreen(x.conn).Root
	if err := composite.Init(x.conn); err != nil {
		return err
	}
	if _, err := composite.QueryVersion(x.conn, 0, 4).Reply(); err != nil {
		return err
	}
	name := "_NET_WM_PID"
	atom, err := xproto.InternAtom(x.conn, false, uint16(len(name)), name).Reply()
	if err != nil {
		return err
	}
	x.pid = atom.Atom
	return nil
}

// grab implements screen. The stamp is a hash of the picture.
func (x *xscreen) grab(ctx context.Context, window place, after drawing) (image.Image, drawing, error) {
	tick := time.NewTicker(blinking)
	defer tick.Stop()
	for {
		now := time.Now()
		picture, err := x.look(window.rank)
		if err != nil {
			return nil, drawing{}, err
		}
		if picture != nil {
			if stamp := maphash.Bytes(x.seed, picture.Pix); stamp != after.stamp {
				return picture, drawing{stamp: stamp, at: now}, nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, drawing{}, context.Cause(ctx)
		}
	}
}

// look returns what a window shows now; nil when it is not on the display yet, or no more.
func (x *xscreen) look(rank int) (*image.RGBA, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return nil, ErrClosed
	}
	windows := x.below(x.root, 0)
	if rank >= len(windows) {
		return nil, nil
	}
	// The identifiers of one program's windows grow with their age.
	slices.Sort(windows)
	window := windows[rank]
	if !x.kept[window] {
		if composite.RedirectWindowChecked(x.conn, window, composite.RedirectAutomatic).Check() != nil {
			return nil, nil
		}
		x.kept[window] = true
	}
	return x.fetch(window), nil
}

// deepest is how far below the root a program's window can be: a window manager puts it into frames.
const deepest = 4

// smallest is the width and height that a window has at least; programs have some for other purposes.
const smallest = 50

// below returns the windows of the browser that are to be seen at and below a window.
func (x *xscreen) below(window xproto.Window, depth int) []xproto.Window {
	if x.isOurs(window) {
		return []xproto.Window{window}
	}
	tree, err := xproto.QueryTree(x.conn, window).Reply()
	if err != nil || depth == deepest {
		return nil
	}
	var found []xproto.Window
	for _, child := range tree.Children {
		found = append(found, x.below(child, depth+1)...)
	}
	return found
}

// isOurs is true for a window of the browser that is to be seen.
func (x *xscreen) isOurs(window xproto.Window) bool {
	owner, err := xproto.GetProperty(x.conn, false, window, x.pid, xproto.AtomCardinal, 0, 1).Reply()
	if err != nil || len(owner.Value) != 4 || !belongs(int(xgb.Get32(owner.Value)), x.group) {
		return false
	}
	state, err := xproto.GetWindowAttributes(x.conn, window).Reply()
	if err != nil || state.MapState != xproto.MapStateViewable || state.Class != xproto.WindowClassInputOutput {
		return false
	}
	size, err := xproto.GetGeometry(x.conn, xproto.Drawable(window)).Reply()
	return err == nil && size.Width >= smallest && size.Height >= smallest
}

// fetch returns the pixels of a window; nil when it went away meanwhile, or has another format than four bytes a pixel.
func (x *xscreen) fetch(window xproto.Window) *image.RGBA {
	pixmap, err := xproto.NewPixmapId(x.conn)
	if err != nil || composite.NameWindowPixmapChecked(x.conn, window, pixmap).Check() != nil {
		return nil
	}
	defer xproto.FreePixmap(x.conn, pixmap)
	size, err := xproto.GetGeometry(x.conn, xproto.Drawable(pixmap)).Reply()
	if err != nil {
		return nil
	}
	all := ^uint32(0) // the planes
	data, err := xproto.GetImage(x.conn, xproto.ImageFormatZPixmap, xproto.Drawable(pixmap), 0, 0, size.Width, size.Height, all).Reply()
	picture := image.NewRGBA(image.Rect(0, 0, int(size.Width), int(size.Height)))
	if err != nil || len(data.Data) < len(picture.Pix) {
		return nil
	}
	for i := 0; i < len(picture.Pix); i += 4 { // blue, green, red, nothing
		p := data.Data[i : i+4 : i+4]
		picture.Pix[i], picture.Pix[i+1], picture.Pix[i+2], picture.Pix[i+3] = p[2], p[1], p[0], 0xff
	}
	return picture
}

// close implements screen.
func (x *xscreen) close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.closed {
		x.closed = true
		x.conn.Close()
	}
	return nil
}
