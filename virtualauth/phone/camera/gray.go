package camera

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"slices"

	"github.com/makiuchi-d/gozxing"
)

// gray is a picture by its brightness, one byte a pixel, row by row.
type gray struct {
	pixels        []byte
	width, height int
}

// grayOf reads the brightness of a picture. What is transparent counts as white, as on a page.
func grayOf(picture image.Image) (*gray, error) {
	if picture == nil {
		return nil, &SizeError{}
	}
	b := picture.Bounds()
	w, h := b.Dx(), b.Dy()
	if err := checkSize(w, h); err != nil {
		return nil, err
	}
	g := &gray{pixels: make([]byte, w*h), width: w, height: h}
	switch p := picture.(type) {
	case *image.Gray:
		for y := range h {
			copy(g.pixels[y*w:][:w], p.Pix[y*p.Stride:])
		}
		return g, nil
	case *image.YCbCr:
		for y := range h {
			copy(g.pixels[y*w:][:w], p.Y[y*p.YStride:])
		}
		return g, nil
	case *image.RGBA:
		if p.Opaque() {
			g.fill(p.Pix, p.Stride)
			return g, nil
		}
	case *image.NRGBA:
		if p.Opaque() {
			g.fill(p.Pix, p.Stride)
			return g, nil
		}
	}
	page := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(page, page.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(page, page.Rect, picture, b.Min, draw.Over)
	g.fill(page.Pix, page.Stride)
	return g, nil
}

// checkSize is the bound of a picture.
func checkSize(w, h int) error {
	if w < 1 || h < 1 || w > MostPixels || h > MostPixels/w {
		return &SizeError{Width: w, Height: h}
	}
	return nil
}

// enough is how many pixels a code is looked for in: more cost time that grows faster than they do, and show a code no better.
const enough = 9_000_000 // a screen of four thousand columns

// shrink halves a picture until it is small enough; each pixel is the mean of four.
func (g *gray) shrink() {
	for g.width*g.height > enough && g.width > 1 && g.height > 1 {
		w, h := g.width/2, g.height/2
		for y := range h {
			above, below := g.pixels[2*y*g.width:], g.pixels[(2*y+1)*g.width:]
			for x := range w { // what is written has been read
				sum := int(above[2*x]) + int(above[2*x+1]) + int(below[2*x]) + int(below[2*x+1])
				g.pixels[y*w+x] = byte(sum / 4)
			}
		}
		g.pixels, g.width, g.height = g.pixels[:w*h], w, h
	}
}

// fill takes opaque pixels of four bytes: red, green, blue, opacity. The weights are those of JPEG's luminance.
func (g *gray) fill(pix []byte, stride int) {
	for y := range g.height {
		row := pix[y*stride:]
		for x := range g.width {
			p := row[4*x : 4*x+3 : 4*x+3]
			g.pixels[y*g.width+x] = byte((299*uint32(p[0]) + 587*uint32(p[1]) + 114*uint32(p[2])) / 1000)
		}
	}
}

// invert makes light what is dark.
func (g *gray) invert() {
	for i := range g.pixels {
		g.pixels[i] ^= 0xff
	}
}

// turn turns the picture upside down.
func (g *gray) turn() { slices.Reverse(g.pixels) }

// turned is where an area is after a turn.
func (g *gray) turned(area image.Rectangle) image.Rectangle {
	size := image.Pt(g.width, g.height)
	return image.Rectangle{Min: size.Sub(area.Max), Max: size.Sub(area.Min)}
}

// wipe makes an area white, so that the next code is found.
func (g *gray) wipe(area image.Rectangle) {
	area = area.Intersect(image.Rect(0, 0, g.width, g.height))
	for y := area.Min.Y; y < area.Max.Y; y++ {
		row := g.pixels[y*g.width:]
		for x := area.Min.X; x < area.Max.X; x++ {
			row[x] = 0xff
		}
	}
}

// around returns the area of a code from the centres of its corner patterns, with a margin for the rest of the patterns: half
// of a pattern's seven modules and some more, a quarter of the distance between the centres being enough for the smallest code.
func around(points []gozxing.ResultPoint) image.Rectangle {
	minX, minY, maxX, maxY := math.MaxFloat64, math.MaxFloat64, 0.0, 0.0
	for _, p := range points {
		minX, maxX = min(minX, p.GetX()), max(maxX, p.GetX())
		minY, maxY = min(minY, p.GetY()), max(maxY, p.GetY())
	}
	margin := max(maxX-minX, maxY-minY) / 4
	return image.Rect(int(minX-margin), int(minY-margin), int(maxX+margin)+1, int(maxY+margin)+1)
}
