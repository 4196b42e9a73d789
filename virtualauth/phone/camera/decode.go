package camera

import (
	"errors"
	"fmt"
	"image"
	"strings"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// Scheme begins the text of every hybrid QR code (CTAP 2.3 §11.5.1). Its case does not matter.
const Scheme = "FIDO:/"

// MostPixels bounds a picture: eight thousand columns by five thousand rows, more than the largest screens have.
const MostPixels = 40_000_000

// mostCodes is how many codes are looked for in one picture.
const mostCodes = 8

// What a picture can lack.
var (
	// ErrNoCode says that the picture shows no QR code, or only a part of one.
	ErrNoCode = errors.New("camera: there is no QR code in the picture; show the whole code, with its white edge")
	// ErrUnreadable says that something looks like a QR code but too much of it is covered, blurred or missing.
	ErrUnreadable = errors.New("camera: the QR code in the picture is damaged or covered; show it sharp and whole")
)

// ForeignError says that the picture shows QR codes, none of which is for a phone with passkeys.
type ForeignError struct {
	Texts []string // of the codes that were read
}

// Error tells the beginning of what was read.
func (e *ForeignError) Error() string {
	const enough = 60
	text := e.Texts[0]
	if len(text) > enough {
		text = text[:enough] + "…"
	}
	return fmt.Sprintf("camera: the QR code says %q, not %s…; point the camera at the code in the browser's own dialog", text, Scheme)
}

// SeveralError says that the picture shows more than one hybrid code, so that nobody can tell which is meant.
type SeveralError struct {
	Texts []string // of the hybrid codes, all different
}

// Error tells how many there are.
func (e *SeveralError) Error() string {
	return fmt.Sprintf("camera: %d different %s… codes are in the picture; show only one", len(e.Texts), Scheme)
}

// SizeError says that a picture is empty or larger than MostPixels.
type SizeError struct{ Width, Height int }

// Error tells the size and the bound.
func (e *SizeError) Error() string {
	return fmt.Sprintf("camera: a picture of %d by %d pixels; it must have at least one and at most %d", e.Width, e.Height, MostPixels)
}

// Decode returns the text of the hybrid code that the picture shows, dark on light or light on dark; other codes beside it do
// not disturb. Errors: ErrNoCode, ErrUnreadable, *ForeignError, *SeveralError, *SizeError.
func Decode(picture image.Image) (string, error) {
	g, err := grayOf(picture)
	if err != nil {
		return "", err
	}
	g.shrink()
	var hybrid, foreign []string
	blame := ErrNoCode
	for len(hybrid)+len(foreign) < mostCodes {
		text, area, err := g.read()
		if err != nil {
			if errors.Is(err, ErrUnreadable) {
				blame = err
			}
			break
		}
		if isHybrid(text) {
			hybrid = add(hybrid, text)
		} else {
			foreign = append(foreign, text)
		}
		g.wipe(area)
	}
	switch {
	case len(hybrid) == 1:
		return hybrid[0], nil
	case len(hybrid) > 1:
		return "", &SeveralError{Texts: hybrid}
	case len(foreign) > 0:
		return "", &ForeignError{Texts: foreign}
	}
	return "", blame
}

// isHybrid is true for the text of a hybrid code.
func isHybrid(text string) bool {
	return len(text) >= len(Scheme) && strings.EqualFold(text[:len(Scheme)], Scheme)
}

// add appends a text that is not there yet: one code shown twice is one code.
func add(texts []string, text string) []string {
	for _, known := range texts {
		if known == text {
			return texts
		}
	}
	return append(texts, text)
}

// read finds one code, first dark on light, then light on dark, and returns its text and where it is.
func (g *gray) read() (text string, area image.Rectangle, err error) {
	text, area, err = g.searchBothWays()
	if err == nil {
		return text, area, nil
	}
	g.invert()
	defer g.invert()
	text, area, inverted := g.searchBothWays()
	if inverted == nil || errors.Is(err, ErrNoCode) {
		err = inverted
	}
	return text, area, err
}

// searchBothWays looks at the picture and then, where that finds nothing, at the picture upside down: of a hundred codes there is
// about one whose corners the reader misses from one side, however clean it is, and sees from the other.
func (g *gray) searchBothWays() (text string, area image.Rectangle, err error) {
	if text, area, err = g.search(); err == nil {
		return text, area, nil
	}
	g.turn()
	defer g.turn()
	text, area, turned := g.search()
	if turned != nil {
		return "", area, err
	}
	return text, g.turned(area), nil
}

// search looks for a dark code in the whole picture. Where several codes are, the reader may take the corners of different
// ones for those of one, which it then cannot read: so it looks at parts of the picture too.
func (g *gray) search() (text string, area image.Rectangle, err error) {
	for _, part := range g.parts() {
		found, where, failure := g.try(part)
		if failure == nil {
			return found, where, nil
		}
		if err == nil {
			err = failure // that of the whole picture
		}
		if errors.Is(err, ErrNoCode) {
			break
		}
	}
	return "", area, err
}

// parts returns the whole picture, then its halves and thirds along its longer side, and what lies between two of those.
func (g *gray) parts() []image.Rectangle {
	all := image.Rect(0, 0, g.width, g.height)
	parts := []image.Rectangle{all}
	for _, n := range []int{2, 3} {
		for i := range 2*n - 1 { // in steps of half a part
			part := all
			if g.width >= g.height {
				part.Min.X, part.Max.X = i*g.width/(2*n), (i+2)*g.width/(2*n)
			} else {
				part.Min.Y, part.Max.Y = i*g.height/(2*n), (i+2)*g.height/(2*n)
			}
			parts = append(parts, part)
		}
	}
	return parts
}

// try looks for a dark code on a light ground in a part of the picture. The reader is somebody else's code and sees untrusted pictures: should it
// panic, the picture counts as unreadable.
func (g *gray) try(in image.Rectangle) (text string, area image.Rectangle, err error) {
	defer func() {
		if recover() != nil {
			err = ErrUnreadable
		}
	}()
	source, err := gozxing.NewPlanarYUVLuminanceSource(g.pixels, g.width, g.height, in.Min.X, in.Min.Y, in.Dx(), in.Dy(), false)
	if err != nil {
		return "", area, ErrNoCode
	}
	bitmap, err := gozxing.NewBinaryBitmap(gozxing.NewHybridBinarizer(source))
	if err != nil {
		return "", area, ErrNoCode
	}
	hints := map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true}
	result, err := qrcode.NewQRCodeReader().Decode(bitmap, hints)
	var none gozxing.NotFoundException
	if errors.As(err, &none) {
		return "", area, ErrNoCode
	}
	if err != nil {
		return "", area, ErrUnreadable
	}
	return result.GetText(), around(result.GetResultPoints()).Add(in.Min), nil
}
