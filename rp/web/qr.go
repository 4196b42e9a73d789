package web

import (
	"fmt"
	"strings"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// qrView is a QR code as the path of an SVG with one unit a module, its quiet zone included.
type qrView struct {
	Size int
	Path string
}

// drawQR encodes text.
func drawQR(text string) (qrView, error) {
	matrix, err := qrcode.NewQRCodeWriter().Encode(text, gozxing.BarcodeFormat_QR_CODE, 0, 0, nil)
	if err != nil {
		return qrView{}, fmt.Errorf("web: draw QR code: %w", err)
	}
	var path strings.Builder
	for y := range matrix.GetHeight() {
		for x := 0; x < matrix.GetWidth(); x++ {
			start := x
			for x < matrix.GetWidth() && matrix.Get(x, y) {
				x++
			}
			if x > start {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", start, y, x-start, x-start)
			}
		}
	}
	return qrView{Size: matrix.GetWidth(), Path: path.String()}, nil
}
