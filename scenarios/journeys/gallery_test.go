package journeys

import (
	"context"
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/reports"
)

// The gallery is every screen in two themes, two widths and three languages. Each language is a journey of its own, so that
// processes can share the work; a screen is opened once and photographed four times.
var _ = Describe("Gallery", Label("gallery"), func() {
	Journey("GAL-01", "shows every screen in English, in light and in dark, wide and narrow", Over(config.Bridge), Regular, touring(inLanguage("en-US")), showsAll("en"))
	Journey("GAL-02", "shows every screen in German, in light and in dark, wide and narrow", Over(config.Bridge), Regular, touring(inLanguage("de-DE")), showsAll("de"))
	Journey("GAL-03", "shows every screen in Arabic, in light and in dark, wide and narrow", Over(config.Bridge), Regular, touring(inLanguage("ar-EG")), showsAll("ar"))
})

// showsAll takes the pictures of every screen.
func showsAll(tag string) func(*Person) {
	return func(mia *Person) {
		if !house.pictures(false) {
			mia.skip("takes pictures, and evidence.screenshots wants none")
		}
		mia.tours(tour(), func(at stop) { mia.photographs(at.name, tag) })
		mia.finds("each screen has its four pictures", mia.result.Shots, gomega.HaveLen(len(prints)*len(tour())))
		mia.finds("all of them are in "+tag, mia.result.Shots, gomega.HaveEach(gomega.HaveField("Language", tag)))
	}
}

// prints are the four pictures of a screen, in the order that makes the browser lay it out anew least often.
var prints = []struct {
	window browser.Size
	dark   bool
	wide   int // of the picture, in pixels
}{
	{browser.Size{Width: 1280, Height: 800}, false, 640},
	{browser.Size{Width: 1280, Height: 800}, true, 640},
	{browser.Size{Width: 360, Height: 640}, true, 270},
	{browser.Size{Width: 360, Height: 640}, false, 270},
}

// tallest is how much of a long page is in its picture, in CSS pixels.
const tallest = 2600

// photographs takes the pictures of the screen in front of her for the gallery. It is no step of its own: a step would take a
// picture of its own, and there are hundreds.
func (p *Person) photographs(name, tag string) {
	GinkgoHelper()
	before := p.Page.Emulated()
	err := p.photograph(p.ctx, name, before)
	if err == nil {
		err = p.Page.Emulate(p.ctx, before)
	}
	if err != nil {
		p.fail(p.ctx, "takes the pictures of "+name+" in "+tag, err)
	}
}

func (p *Person) photograph(ctx context.Context, name string, seen browser.ContextOptions) error {
	screen, err := page.Read(ctx, p.Page)
	if err != nil {
		return err
	}
	layout, err := page.ReadLayout(ctx, p.Page)
	if err != nil {
		return err
	}
	for _, print := range prints {
		seen.Viewport, seen.Dark = print.window, print.dark
		if err := p.stretches(ctx, seen); err != nil {
			return err
		}
		shot := reports.Shot{Screen: name, Title: screen.Heading, Language: layout.Lang, Dir: layout.Dir, Theme: reports.ThemeLight, Width: print.window.Width}
		if print.dark {
			shot.Theme = reports.ThemeDark
		}
		if shot.Picture, err = p.print(ctx, shot, print.wide); err != nil {
			return err
		}
		p.result.Shots = append(p.result.Shots, shot)
	}
	return nil
}

// stretches gives the page a window that is as high as itself, so that the picture has all of it, and what lies over the window
// lies over all of it.
func (p *Person) stretches(ctx context.Context, seen browser.ContextOptions) error {
	if err := p.Page.Emulate(ctx, seen); err != nil {
		return err
	}
	var height int
	if err := p.Page.Evaluate(ctx, `document.documentElement.scrollHeight`, &height); err != nil {
		return err
	}
	if height <= seen.Viewport.Height {
		return nil
	}
	seen.Viewport.Height = min(height, tallest)
	return p.Page.Emulate(ctx, seen)
}

// print takes one picture and keeps it, made smaller, with the evidence.
func (p *Person) print(ctx context.Context, shot reports.Shot, wide int) (reports.Picture, error) {
	taken, err := p.Page.Screenshot(ctx)
	if err != nil {
		return reports.Picture{}, err
	}
	small, size, err := reports.Small(taken, wide)
	if err != nil {
		return reports.Picture{}, err
	}
	path, err := house.keep(p.place, fmt.Sprintf("%s-%s-%d.jpg", shot.Screen, shot.Theme, shot.Width), small)
	return reports.Picture{Path: path, MediaType: "image/jpeg", Width: size.X, Height: size.Y}, err
}
