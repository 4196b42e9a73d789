package reports_test

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/reports"
)

// shots are the pictures of one screen, in English and German, both themes and two widths.
func shots(screen, english, german string) []reports.Shot {
	var all []reports.Shot
	for _, reader := range []struct{ tag, title string }{{"en", english}, {"de", german}} {
		for _, theme := range []string{reports.ThemeLight, reports.ThemeDark} {
			for _, width := range []int{360, 1280} {
				all = append(all, reports.Shot{
					Screen: screen, Title: reader.title, Language: reader.tag, Dir: "ltr", Theme: theme, Width: width,
					Picture: reports.Picture{Path: fmt.Sprintf("gallery/%s-%s-%s-%d.jpg", screen, reader.tag, theme, width), MediaType: "image/jpeg", Width: width / 2, Height: 400},
				})
			}
		}
	}
	return all
}

func galleryOf(t *testing.T, run reports.Run) string {
	t.Helper()
	var b bytes.Buffer
	if err := reports.Gallery(&b, run); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGalleryShowsEachPictureOnceUnderItsScreen(t *testing.T) {
	run := smallRun()
	run.Results[0].Shots = append(shots("S0", "Security info", "Sicherheitsinformationen"), shots("E2", "Saved in the wrong place", "Am falschen Ort")...)
	run.Results[1].Shots = shots("S0", "Security info", "Sicherheitsinformationen")[:0]
	page := galleryOf(t, run)
	for _, shot := range reports.Shots(run) {
		if got := strings.Count(page, `src="`+shot.Picture.Path+`"`); got != 1 {
			t.Errorf("%s is shown %d times", shot.Picture.Path, got)
		}
	}
	if got := strings.Count(page, `<section class="screen"`); got != 2 {
		t.Errorf("there are %d screens, want 2", got)
	}
	for _, want := range []string{
		"2 screens in 2 languages, 2 themes and 2 widths: 16 pictures", `data-words="E2 Saved in the wrong place Am falschen Ort"`,
		`alt="E2 in German, dark, 360 pixels wide: Am falschen Ort"`, `width="180" height="400" loading="lazy"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not contain %q", want)
		}
	}
	widths := regexp.MustCompile(`data-theme="(\w+)" data-width="(\d+)"`).FindAllString(page, 4)
	if want := []string{`data-theme="light" data-width="1280"`, `data-theme="dark" data-width="1280"`, `data-theme="light" data-width="360"`, `data-theme="dark" data-width="360"`}; !slices.Equal(widths, want) {
		t.Errorf("the pictures of a row stand in the order %q", widths)
	}
}

func TestGalleryEscapesAndIsEmptyWithoutPictures(t *testing.T) {
	run := reports.Run{Subject: "<b>me</b>", Results: []reports.Result{{Shots: []reports.Shot{{
		Screen: `"><script>`, Title: "</h2><script>", Language: "xx", Theme: "light", Width: 320, Picture: reports.Picture{Path: `javascript:alert(1)`},
	}}}}}
	page := galleryOf(t, run)
	if got := strings.Count(page, "<script"); got != 1 {
		t.Errorf("there are %d scripts, want the page's own", got)
	}
	if strings.Contains(page, `href="javascript:`) || strings.Contains(page, "<b>me") {
		t.Error("data became markup")
	}
	if !strings.Contains(galleryOf(t, reports.Run{}), "took no pictures") {
		t.Error("an empty gallery does not say so")
	}
}

func TestTheReportLinksToTheGallery(t *testing.T) {
	run := smallRun()
	if page := renderHTML(t, run, reports.Assets{}); !strings.Contains(page, `<a href="`+reports.GalleryFile+`">8 pictures of every screen</a>`) {
		t.Error("the report does not link to the gallery")
	}
	run.Results[0].Shots = nil
	if page := renderHTML(t, run, reports.Assets{}); strings.Contains(page, reports.GalleryFile) {
		t.Error("a report without pictures of screens links to a gallery")
	}
}

func TestSmallPicturesKeepTheirShape(t *testing.T) {
	var large bytes.Buffer
	if err := jpeg.Encode(&large, image.NewRGBA(image.Rect(0, 0, 1280, 800)), nil); err != nil {
		t.Fatal(err)
	}
	for width, want := range map[int]image.Point{640: {X: 640, Y: 400}, 2000: {X: 1280, Y: 800}} {
		small, size, err := reports.Small(large.Bytes(), width)
		if err != nil || size != want {
			t.Fatalf("%d: %v, %v, want %v", width, size, err, want)
		}
		if config, err := jpeg.DecodeConfig(bytes.NewReader(small)); err != nil || config.Width != want.X || config.Height != want.Y {
			t.Errorf("%d: the picture is %+v, %v", width, config, err)
		}
	}
	if _, _, err := reports.Small([]byte("no picture"), 100); err == nil {
		t.Error("what is no picture is no error")
	}
}
