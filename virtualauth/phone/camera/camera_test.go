package camera_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"github.com/passkeylab/passkeylab/virtualauth/phone/camera"
)

// dialogFile is the window of a real browser with its dialog, and dialogText what its code says.
const (
	dialogFile = "testdata/chromium.png"
	dialogText = "FIDO:/125663275432019585609243999279328035343490844120782460959772279365973209441307171068511255087" +
		"695474782436795119125812410077115502777773527569190711460610109321447142404"
)

// code draws a code with its white edge.
// stubbornText makes a code of 400 pixels in which the reader finds no corners, unless it is turned.
const stubbornText = "FIDO:/653373881183110782138598149310182330775267221819077471706256298734142347927280389398755097770255671335209652069329102" +
	"110079956828476023932786377680225026109321447142404"

func code(t testing.TB, text string) image.Image {
	t.Helper()
	matrix, err := qrcode.NewQRCodeWriter().Encode(text, gozxing.BarcodeFormat_QR_CODE, 200, 200, nil)
	if err != nil {
		t.Fatal(err)
	}
	return matrix
}

// paper is a grey picture with others pasted on it, side by side.
func paper(pictures ...image.Image) *image.RGBA {
	all := image.NewRGBA(image.Rect(0, 0, 300*len(pictures)+100, 400))
	draw.Draw(all, all.Rect, image.NewUniform(color.Gray{Y: 0xb0}), image.Point{}, draw.Src)
	for i, p := range pictures {
		draw.Draw(all, p.Bounds().Add(image.Pt(50+300*i, 80)), p, image.Point{}, draw.Over)
	}
	return all
}

// window is the picture of a real browser.
// beside puts a picture to the right of another.
func beside(left, right image.Image) *image.RGBA {
	all := image.NewRGBA(image.Rect(0, 0, left.Bounds().Dx()+right.Bounds().Dx(), left.Bounds().Dy()))
	draw.Draw(all, all.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(all, left.Bounds(), left, image.Point{}, draw.Over)
	draw.Draw(all, right.Bounds().Add(image.Pt(left.Bounds().Dx(), 0)), right, image.Point{}, draw.Over)
	return all
}

func window(t testing.TB) image.Image {
	t.Helper()
	f, err := os.Open(dialogFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	picture, err := camera.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	return picture
}

// as returns a copy of a picture with other colours.
func as(p image.Image, change func(color.RGBA) color.Color) image.Image {
	changed := image.NewNRGBA(p.Bounds())
	for y := p.Bounds().Min.Y; y < p.Bounds().Max.Y; y++ {
		for x := p.Bounds().Min.X; x < p.Bounds().Max.X; x++ {
			changed.Set(x, y, change(color.RGBAModel.Convert(p.At(x, y)).(color.RGBA)))
		}
	}
	return changed
}

// larger returns a picture enlarged to a width, without smoothing.
func larger(p image.Image, width int) image.Image {
	b := p.Bounds()
	height := width * b.Dy() / b.Dx() * 3 / 2 // and some black below
	big := image.NewGray(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			big.Set(x, y, p.At(b.Min.X+x*b.Dx()/width, b.Min.Y+y*b.Dx()/width))
		}
	}
	return big
}

// part returns a part of a picture.
func part(p image.Image, r image.Rectangle) image.Image {
	return p.(interface {
		SubImage(image.Rectangle) image.Image
	}).SubImage(r)
}

func TestACodeIsReadFromAPicture(t *testing.T) {
	const text = "FIDO:/0123456789"
	gray := image.NewGray(image.Rect(0, 0, 400, 400))
	draw.Draw(gray, gray.Rect, paper(code(t, text)), image.Point{}, draw.Src)
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, paper(code(t, text)), &jpeg.Options{Quality: 40}); err != nil {
		t.Fatal(err)
	}
	jpg, err := camera.Read(bytes.NewReader(photo.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	stubborn, err := qrcode.NewQRCodeWriter().Encode(stubbornText, gozxing.BarcodeFormat_QR_CODE, 400, 400, nil)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		picture image.Image
		want    string
	}{
		{"of a real browser's window", window(t), dialogText},
		{"of only the dialog in it, which does not begin at zero", part(window(t), image.Rect(416, 83, 865, 579)), dialogText},
		{"light on dark", as(window(t), func(c color.RGBA) color.Color { return color.RGBA{255 - c.R, 255 - c.G, 255 - c.B, 255} }), dialogText},
		{"of little contrast", as(window(t), func(c color.RGBA) color.Color { return color.RGBA{c.R/4 + 90, c.G/4 + 90, c.B/4 + 90, 255} }), dialogText},
		{"of a screen of twelve megapixels", larger(window(t), 3500), dialogText},
		{"on glass: what is light is transparent", as(code(t, text), func(c color.RGBA) color.Color { return color.NRGBA{A: 255 - c.R} }), text},
		{"that is a photograph", jpg, text},
		{"in shades of grey", gray, text},
		{"in two colours", code(t, text), text},
		{"beside foreign codes", paper(code(t, "https://site.example/"), code(t, text), code(t, "WIFI:S:home;;")), text},
		{"that shows it twice", paper(code(t, text), code(t, text)), text},
		{"that the reader misses from one side", stubborn, stubbornText},
		{"that the reader misses from one side, with another one", beside(stubborn, code(t, "WIFI:S:home;;")), stubbornText},
		{"whose scheme is in small letters", paper(code(t, "fido:/0123")), "fido:/0123"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got, err := camera.Decode(test.picture); got != test.want {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func TestWhatIsNoCodeOfOursIsSaid(t *testing.T) {
	t.Run("a picture without code", func(t *testing.T) {
		if _, err := camera.Decode(paper(image.NewGray(image.Rect(0, 0, 100, 100)))); !errors.Is(err, camera.ErrNoCode) {
			t.Error(err)
		}
	})
	t.Run("half a code", func(t *testing.T) {
		if text, err := camera.Decode(part(window(t), image.Rect(0, 0, 640, 800))); !errors.Is(err, camera.ErrNoCode) && !errors.Is(err, camera.ErrUnreadable) {
			t.Error(text, err)
		}
	})
	t.Run("a code under a hand", func(t *testing.T) {
		covered := paper(code(t, "FIDO:/"+strings.Repeat("0123456789", 16)))
		draw.Draw(covered, image.Rect(110, 130, 200, 240), image.NewUniform(color.Black), image.Point{}, draw.Src)
		if _, err := camera.Decode(covered); !errors.Is(err, camera.ErrUnreadable) {
			t.Error(err)
		}
	})
	t.Run("a foreign code", func(t *testing.T) {
		_, err := camera.Decode(paper(code(t, "https://site.example/"+strings.Repeat("long", 30))))
		var foreign *camera.ForeignError
		if !errors.As(err, &foreign) || !strings.HasPrefix(foreign.Texts[0], "https://site.example/") || len(err.Error()) > 250 {
			t.Error(err)
		}
	})
	t.Run("several codes", func(t *testing.T) {
		_, err := camera.Decode(paper(code(t, "FIDO:/1"), code(t, "FIDO:/2")))
		var several *camera.SeveralError
		if !errors.As(err, &several) || len(several.Texts) != 2 {
			t.Error(err)
		}
	})
	for name, picture := range map[string]image.Image{
		"no picture": nil, "an empty picture": image.NewGray(image.Rectangle{}),
		"an endless picture": image.NewUniform(color.White), "one row too many": &image.Gray{Rect: image.Rect(0, 0, camera.MostPixels, 2)},
	} {
		t.Run(name, func(t *testing.T) {
			var size *camera.SizeError
			if _, err := camera.Decode(picture); !errors.As(err, &size) {
				t.Error(err)
			}
		})
	}
}

func TestAHugeFileIsRefusedByItsHeader(t *testing.T) {
	var small bytes.Buffer
	if err := png.Encode(&small, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		t.Fatal(err)
	}
	data := small.Bytes() // signature 8, length 4, "IHDR" 4, width 4, height 4, five bytes, checksum 4
	binary.BigEndian.PutUint32(data[16:], 1<<16)
	binary.BigEndian.PutUint32(data[20:], 1<<16)
	binary.BigEndian.PutUint32(data[29:], crc32.ChecksumIEEE(data[12:29]))
	var size *camera.SizeError
	if _, err := camera.Read(bytes.NewReader(data)); !errors.As(err, &size) || size.Width != 1<<16 {
		t.Error(err)
	}
}

func TestFilesAreRead(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, encode func(io.Writer) error) string {
		var data bytes.Buffer
		if err := encode(&data); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	picture := paper(code(t, "FIDO:/77"))
	for _, path := range []string{
		write("a.png", func(w io.Writer) error { return png.Encode(w, picture) }),
		write("a.jpg", func(w io.Writer) error { return jpeg.Encode(w, picture, nil) }),
		write("a.gif", func(w io.Writer) error { return gif.Encode(w, picture, nil) }),
	} {
		if text, err := camera.Scan(t.Context(), camera.File(path)); text != "FIDO:/77" {
			t.Errorf("%s: %q, %v", path, text, err)
		}
	}
	var format *camera.FormatError
	text := write("a.txt", func(w io.Writer) error { _, err := io.WriteString(w, "FIDO:/77"); return err })
	if _, err := camera.Scan(t.Context(), camera.File(text)); !errors.As(err, &format) || !strings.Contains(err.Error(), "a.txt") {
		t.Error(err)
	}
	if _, err := camera.Scan(t.Context(), camera.File(filepath.Join(dir, "none.png"))); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	empty := write("b.png", func(w io.Writer) error { return png.Encode(w, paper(image.NewGray(image.Rect(0, 0, 9, 9)))) })
	if _, err := camera.Scan(t.Context(), camera.File(empty)); !errors.Is(err, camera.ErrNoCode) {
		t.Error(err)
	}
}

func TestScanLooksUntilACodeIsThere(t *testing.T) {
	pictures := []image.Image{paper(), paper(code(t, "FIDO:/5")), nil}
	shown := 0
	text, err := camera.Scan(t.Context(), func(context.Context) (image.Image, error) { shown++; return pictures[shown-1], nil })
	if text != "FIDO:/5" || shown != 2 {
		t.Errorf("%q, %v after %d pictures", text, err, shown)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	bored := errors.New("bored")
	_, err = camera.Scan(ctx, func(ctx context.Context) (image.Image, error) {
		if cancel(bored); shown == 0 {
			return nil, ctx.Err()
		}
		shown = 0
		return paper(), nil
	})
	if !errors.Is(err, bored) || !errors.Is(err, camera.ErrNoCode) {
		t.Errorf("given up: %v", err)
	}
	broken := errors.New("broken lens")
	if _, err := camera.Scan(t.Context(), func(context.Context) (image.Image, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("a broken source: %v", err)
	}
}

func TestTheClipboardIsReadByWhatIsThere(t *testing.T) {
	var data bytes.Buffer
	if err := png.Encode(&data, paper(code(t, "FIDO:/99"))); err != nil {
		t.Fatal(err)
	}
	apple := fmt.Appendf(nil, "«data PNGf%s»\n", strings.ToUpper(hex.EncodeToString(data.Bytes())))
	// There is a program of each name in outputs; one whose output is nil fails.
	scan := func(outputs map[string][]byte) (string, error) {
		c := camera.Clipboard{Run: func(_ context.Context, program string, _ ...string) ([]byte, error) {
			output, there := outputs[program]
			if !there {
				return nil, &exec.Error{Name: program, Err: exec.ErrNotFound}
			}
			if output == nil {
				return nil, errors.New("no such type")
			}
			return output, nil
		}}
		return camera.Scan(t.Context(), c.Source())
	}
	for name, outputs := range map[string]map[string][]byte{
		"Wayland":                     {"wl-paste": data.Bytes()},
		"X, with an empty Wayland":    {"wl-paste": nil, "xclip": data.Bytes()},
		"macOS":                       {"osascript": apple},
		"macOS with an extra program": {"pngpaste": data.Bytes(), "osascript": nil},
	} {
		if text, err := scan(outputs); text != "FIDO:/99" {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	var failure *camera.ClipboardError
	if _, err := scan(nil); !errors.As(err, &failure) || len(failure.Missing) != 4 || !strings.Contains(err.Error(), "install one of wl-paste, xclip") {
		t.Errorf("no program: %v", err)
	}
	for name, output := range map[string][]byte{"nothing": nil, "an empty answer": {}, "text": []byte("FIDO:/99")} {
		if _, err := scan(map[string][]byte{"osascript": output}); !errors.As(err, &failure) || len(failure.Failed) != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
	var format *camera.FormatError
	if _, err := scan(map[string][]byte{"xclip": []byte("FIDO:/99")}); !errors.As(err, &format) {
		t.Errorf("text instead of a picture: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	add := func(p image.Image) {
		var data bytes.Buffer
		if err := png.Encode(&data, p); err != nil {
			f.Fatal(err)
		}
		f.Add(data.Bytes())
	}
	add(code(f, "FIDO:/1"))
	add(part(paper(code(f, "FIDO:/12345")), image.Rect(0, 0, 200, 200)))
	f.Fuzz(func(t *testing.T, data []byte) {
		config, err := png.DecodeConfig(bytes.NewReader(data))
		if err == nil && config.Width*config.Height > 1<<20 {
			return // slow, and nothing new
		}
		picture, err := camera.Read(bytes.NewReader(data))
		if err != nil {
			// The bytes themselves become a picture, so that the reader sees something anyway.
			side := 1
			for side*side < len(data) && side < 300 {
				side++
			}
			g := image.NewGray(image.Rect(0, 0, side, side))
			copy(g.Pix, data)
			picture = g
		}
		text, err := camera.Decode(picture)
		if (err == nil) == (text == "") {
			t.Errorf("%q and %v", text, err)
		}
	})
}

func BenchmarkDecodeAWindow(b *testing.B) {
	picture := window(b)
	for b.Loop() {
		if _, err := camera.Decode(picture); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadAndDecodeAWindow(b *testing.B) {
	for b.Loop() {
		if _, err := camera.Scan(b.Context(), camera.File(dialogFile)); err != nil {
			b.Fatal(err)
		}
	}
}
