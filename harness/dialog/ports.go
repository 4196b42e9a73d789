package dialog

import (
	"context"
	"errors"
	"fmt"

	"github.com/passkeylab/passkeylab/harness/browser"
)

// findViews connects to the browser's inspector of native views. The browser chose its port and tells nobody, so it is looked
// for among the ports on which the browser's own processes listen: no other program can be mistaken for it, and no port can
// be taken between being chosen and being used.
func findViews(ctx context.Context, b *browser.Browser) (*views, error) {
	addresses, err := listening(b.PID())
	if err != nil {
		return nil, err
	}
	lack := &SetupError{Lacks: "the browser has no inspector of native views"}
	var failures []error
	for _, address := range addresses {
		if address == b.Endpoint() {
			continue // the DevTools of pages
		}
		v, err := dialViews(ctx, address)
		if err == nil {
			return v, nil
		}
		failures = append(failures, fmt.Errorf("at %s: %w", address, err))
	}
	lack.Cause = errors.Join(failures...)
	return nil, lack
}
