package reports

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
	"testing/fstest"
)

func encoded(t testing.TB, width, height int, c color.Color) []byte {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			picture.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// striped is a picture of two colours.
func striped(t testing.TB, c color.Color) []byte {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, 640, 400))
	for y := range 200 {
		for x := range 640 {
			picture.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestShrink(t *testing.T) {
	for _, test := range []struct{ width, height, wantWidth, wantHeight int }{
		{1280, 900, 320, 225},
		{390, 844, 320, 640}, // cut off
		{100, 50, 100, 50},   // never enlarged
		{1280, 1, 320, 1},
		{1, 5000, 1, 640},
		{321, 200, 320, 199},
	} {
		small, err := shrink(encoded(t, test.width, test.height, color.RGBA{200, 100, 50, 255}))
		if err != nil {
			t.Fatal(err)
		}
		if size := small.Bounds().Size(); size.X != test.wantWidth || size.Y != test.wantHeight {
			t.Errorf("%d×%d became %v, want %d×%d", test.width, test.height, size, test.wantWidth, test.wantHeight)
		}
		if got := small.RGBAAt(small.Bounds().Dx()/2, small.Bounds().Dy()/2); got != (color.RGBA{200, 100, 50, 255}) {
			t.Errorf("%d×%d: the colour became %v", test.width, test.height, got)
		}
	}
}

func TestBoxScaleMixesColours(t *testing.T) {
	board := image.NewRGBA(image.Rect(0, 0, 4, 2))
	for i := range 8 {
		if (i+i/4)%2 == 0 {
			board.Set(i%4, i/4, color.White)
		} else {
			board.Set(i%4, i/4, color.Black)
		}
	}
	small := boxScale(board, 2, 1)
	for x := range 2 {
		if got := small.RGBAAt(x, 0); got.R != 127 {
			t.Errorf("pixel %d is %v, want grey", x, got)
		}
	}
}

func TestMakeThumbs(t *testing.T) {
	red := striped(t, color.RGBA{220, 0, 0, 255})
	files := fstest.MapFS{
		"a.png": {Data: red}, "b.png": {Data: red}, "c.png": {Data: striped(t, color.RGBA{0, 220, 0, 255})},
		"blank.png":  {Data: encoded(t, 640, 400, color.White)},
		"broken.jpg": {Data: []byte("\xff\xd8\xff")}, "empty.png": {},
	}
	thumbs, _ := makeThumbs(files, []string{"a.png", "b.png", "c.png", "blank.png", "broken.jpg", "empty.png", "missing.png", "../out", "/abs"}, DefaultMaxBytes)
	if len(thumbs) != 4 {
		t.Fatalf("got %d thumbnails, want 4", len(thumbs))
	}
	if !thumbs["blank.png"].blank || thumbs["a.png"].blank {
		t.Error("a page of one colour is blank, and only that")
	}
	if thumbs["a.png"] != thumbs["b.png"] || thumbs["a.png"].class == thumbs["c.png"].class {
		t.Error("equal pictures must share a class and others must not")
	}
	style, dropped := chooseThumbs([]string{"blank.png", "a.png", "b.png", "c.png"}, thumbs, len(thumbs["a.png"].rule()))
	if dropped != 1 || string(style) != thumbs["a.png"].rule() {
		t.Errorf("%d were dropped, want 1 of 2 different ones", dropped)
	}
}

// A run of thousands of pictures would take minutes if each were made smaller before it is left out.
func TestPicturesBeyondTheBudgetAreNotRead(t *testing.T) {
	files, paths := fstest.MapFS{}, []string(nil)
	for i := range 200 {
		path := fmt.Sprintf("%03d.png", i)
		files[path], paths = &fstest.MapFile{Data: striped(t, color.RGBA{uint8(i), 90, 20, 255})}, append(paths, path)
	}
	first, _ := makeThumbs(files, paths[:1], DefaultMaxBytes)
	thumbs, left := makeThumbs(files, paths, 10*len(first[paths[0]].uri))
	if got := len(thumbs) + left; got != len(paths) || left < 150 || len(thumbs) < 10 {
		t.Errorf("%d thumbnails and %d left out of %d pictures, with room for about ten", len(thumbs), left, len(paths))
	}
}

func TestHugePicturesAreNotDecoded(t *testing.T) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8)), nil); err != nil {
		t.Fatal(err)
	}
	data := b.Bytes()
	at := bytes.Index(data, []byte{0xff, 0xc0}) + 5 // height and width of the frame header
	copy(data[at:], []byte{0xff, 0xff, 0xff, 0xff})
	if _, err := shrink(data); err == nil || !strings.Contains(err.Error(), "65535 by 65535") {
		t.Errorf("a picture that claims 65535×65535 pixels was decoded as far as %v", err)
	}
}

func FuzzShrink(f *testing.F) {
	f.Add(encoded(f, 4, 3, color.White))
	f.Add([]byte("\xff\xd8\xff\xe0"))
	f.Fuzz(func(t *testing.T, data []byte) {
		small, err := shrink(data)
		if err == nil && (small.Bounds().Dx() > thumbWidth || small.Bounds().Dy() > thumbHeight) {
			t.Errorf("a thumbnail of %v", small.Bounds())
		}
	})
}
