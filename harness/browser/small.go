package browser

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-rod/rod/lib/proto"
)

// Small says how a small picture of a document is taken.
type Small struct {
	Scale  float64 // picture pixels a CSS pixel, above 0
	Height int     // of the document, in CSS pixels; what is below is left out
}

// ScreenshotSmall returns a JPEG of the whole document, made smaller by the browser, and its size in pixels.
func (p *Page) ScreenshotSmall(ctx context.Context, o Small) ([]byte, Size, error) {
	m, err := proto.PageGetLayoutMetrics{}.Call(p.Rod.Context(ctx))
	if err != nil {
		return nil, Size{}, fmt.Errorf("browser: measure the page: %w", err)
	}
	if m.CSSContentSize == nil {
		return nil, Size{}, errors.New("browser: measure the page: the browser told no content size")
	}
	width, height := m.CSSContentSize.Width, min(m.CSSContentSize.Height, float64(o.Height))
	data, err := p.capture(ctx, proto.PageCaptureScreenshot{CaptureBeyondViewport: true, OptimizeForSpeed: true, Clip: &proto.PageViewport{
		Width: width, Height: height, Scale: o.Scale,
	}})
	return data, Size{Width: int(width * o.Scale), Height: int(height * o.Scale)}, err
}
