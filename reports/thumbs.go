package reports

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html/template"
	"image"
	"image/draw"
	"image/jpeg"
	_ "image/png" // a picture may be a PNG
	"io/fs"
	"runtime"
	"strings"
	"sync"
)

const (
	thumbWidth   = 320      // pixels
	thumbHeight  = 640      // pixels; what is below is cut off, for it would be too small to read anyway
	thumbQuality = 60       // of JPEG, 1 to 100
	maxPixels    = 64 << 20 // a picture with more is not decoded
)

// thumb is a small picture, embedded once however often it is shown.
type thumb struct {
	class         string // class is derived from the content, so that equal pictures share it
	width, height int
	uri           string
	blank         bool // blank says that it has one colour only, so that showing it would tell nothing
}

// rule shows the thumbnail as the background of its class: the one way to embed a picture once, use it many times and
// need no script for it.
func (t thumb) rule() string {
	return fmt.Sprintf(".%s{background-image:url(%s);aspect-ratio:%d/%d}\n", t.class, t.uri, t.width, t.height)
}

// studio makes the thumbnails of a report.
type studio struct {
	files  fs.FS
	budget int // bytes that all thumbnails together may weigh: what comes after is not even read

	mu    sync.Mutex
	spent int
	done  map[[sha256.Size]byte]thumb // by the picture, for many are shown twice
}

// makeThumbs reads and shrinks the pictures at the paths, in their order and several at a time, until the thumbnails weigh more
// than the budget of bytes. A picture that is missing or cannot be decoded has no entry in the map; left is the number of those
// that were not looked at.
func makeThumbs(files fs.FS, paths []string, budget int) (thumbs map[string]thumb, left int) {
	thumbs = map[string]thumb{}
	if files == nil {
		return thumbs, 0
	}
	s := &studio{files: files, budget: budget, done: map[[sha256.Size]byte]thumb{}}
	var (
		mu    sync.Mutex
		group sync.WaitGroup
		work  = make(chan string)
	)
	for range max(1, runtime.GOMAXPROCS(0)) {
		group.Go(func() {
			for path := range work {
				if t, ok := s.thumb(path); ok {
					mu.Lock()
					thumbs[path] = t
					mu.Unlock()
				}
			}
		})
	}
	for i, path := range paths {
		if s.full() {
			left = len(paths) - i
			break
		}
		work <- path
	}
	close(work)
	group.Wait()
	return thumbs, left
}

func (s *studio) full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spent > s.budget
}

func (s *studio) thumb(path string) (thumb, bool) {
	if !fs.ValidPath(path) {
		return thumb{}, false
	}
	data, err := fs.ReadFile(s.files, path)
	if err != nil {
		return thumb{}, false
	}
	sum := sha256.Sum256(data)
	s.mu.Lock()
	t, ok := s.done[sum]
	s.mu.Unlock()
	if ok {
		return t, true
	}
	if t, ok = makeThumb(data); ok {
		s.mu.Lock()
		s.done[sum] = t
		s.spent += len(t.uri)
		s.mu.Unlock()
	}
	return t, ok
}

func makeThumb(data []byte) (thumb, bool) {
	small, err := shrink(data)
	if err != nil {
		return thumb{}, false
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, small, &jpeg.Options{Quality: thumbQuality}); err != nil {
		return thumb{}, false
	}
	sum := sha256.Sum256(b.Bytes())
	return thumb{
		class:  "t" + hex.EncodeToString(sum[:8]),
		width:  small.Bounds().Dx(),
		height: small.Bounds().Dy(),
		uri:    "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(b.Bytes()),
		blank:  blank(small),
	}, true
}

// shrink decodes a picture, cuts off what is too far down, and scales it to the width of a thumbnail.
func shrink(data []byte) (*image.RGBA, error) {
	config, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if config.Width <= 0 || config.Height <= 0 || config.Width > maxPixels/config.Height {
		return nil, fmt.Errorf("a picture of %d by %d pixels", config.Width, config.Height)
	}
	source, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	bounds := source.Bounds()
	width := min(bounds.Dx(), thumbWidth)
	height := max(1, bounds.Dy()*width/bounds.Dx())
	if height > thumbHeight {
		height = thumbHeight
		bounds.Max.Y = bounds.Min.Y + max(1, height*bounds.Dx()/width)
	}
	plain := image.NewRGBA(image.Rect(0, 0, bounds.Dx(), bounds.Dy()))
	draw.Draw(plain, plain.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(plain, plain.Bounds(), source, bounds.Min, draw.Over)
	return boxScale(plain, width, height), nil
}

// blank says whether every pixel has the colour of the first.
func blank(picture *image.RGBA) bool {
	for i := 4; i < len(picture.Pix); i++ {
		if picture.Pix[i] != picture.Pix[i-4] {
			return false
		}
	}
	return true
}

// boxScale makes each pixel the mean of the pixels it stands for: enough for shrinking, which is all it is used for.
func boxScale(source *image.RGBA, width, height int) *image.RGBA {
	from := source.Bounds()
	to := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		y0, y1 := span1(y, height, from.Dy())
		for x := range width {
			x0, x1 := span1(x, width, from.Dx())
			var r, g, b, n int
			for sy := y0; sy < y1; sy++ {
				row := source.Pix[sy*source.Stride+4*x0 : sy*source.Stride+4*x1]
				for i := 0; i < len(row); i += 4 {
					r, g, b, n = r+int(row[i]), g+int(row[i+1]), b+int(row[i+2]), n+1
				}
			}
			at := to.PixOffset(x, y)
			to.Pix[at], to.Pix[at+1], to.Pix[at+2], to.Pix[at+3] = byte(r/n), byte(g/n), byte(b/n), 0xff
		}
	}
	return to
}

// span1 is the range of source pixels, never empty, that pixel i of n stands for.
func span1(i, n, source int) (from, to int) {
	from = i * source / n
	return from, max(from+1, (i+1)*source/n)
}

// chooseThumbs takes thumbnails in the order of the paths for as long as they fit into the budget of bytes. Equal ones
// are paid for once. It returns the style sheet that holds them and the number of pictures that did not fit.
func chooseThumbs(paths []string, thumbs map[string]thumb, budget int) (style template.CSS, dropped int) {
	var b strings.Builder
	taken := map[string]bool{}
	for _, path := range paths {
		t, ok := thumbs[path]
		if !ok || t.blank || taken[t.class] {
			continue
		}
		rule := t.rule()
		if b.Len()+len(rule) > budget {
			delete(thumbs, path)
			dropped++
			continue
		}
		taken[t.class] = true
		b.WriteString(rule)
	}
	return template.CSS(b.String()), dropped
}

// Small returns a picture scaled down to a width, as a JPEG, and its size. One that is not wider keeps its own.
func Small(picture []byte, width int) (small []byte, size image.Point, err error) {
	source, _, err := image.Decode(bytes.NewReader(picture))
	if err != nil {
		return nil, size, fmt.Errorf("reports: make a picture smaller: %w", err)
	}
	bounds := source.Bounds()
	width = min(width, bounds.Dx())
	plain := image.NewRGBA(image.Rect(0, 0, bounds.Dx(), bounds.Dy()))
	draw.Draw(plain, plain.Bounds(), source, bounds.Min, draw.Src)
	scaled := boxScale(plain, width, max(1, bounds.Dy()*width/bounds.Dx()))
	var b bytes.Buffer
	if err := jpeg.Encode(&b, scaled, &jpeg.Options{Quality: smallQuality}); err != nil {
		return nil, size, fmt.Errorf("reports: make a picture smaller: %w", err)
	}
	return b.Bytes(), scaled.Bounds().Size(), nil
}

// smallQuality keeps text readable in a picture that is looked at by itself.
const smallQuality = 70
