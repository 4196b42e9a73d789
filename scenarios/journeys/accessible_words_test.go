package journeys

import (
	"context"
	"fmt"

	. "github.com/onsi/ginkgo/v2"

	"github.com/passkeylab/passkeylab/harness/page/axe"
)

// This file holds the words for what people need who see, hear or point otherwise.

// scansForBarriers looks for barriers on the screen as it is, in both themes, and returns them.
func (p *Person) scansForBarriers(where string) []string {
	GinkgoHelper()
	var barriers []string
	p.does("looks for barriers on "+where, func(ctx context.Context) error {
		window := p.Page.Emulated()
		for _, theme := range []string{"light", "dark"} {
			window.Dark = theme == "dark"
			if err := p.Page.Emulate(ctx, window); err != nil {
				return err
			}
			found, err := axe.Run(ctx, p.Page)
			if err != nil {
				return err
			}
			for _, barrier := range found {
				barriers = append(barriers, fmt.Sprintf("%s, %s: %s", where, theme, barrier))
			}
		}
		window.Dark = false
		return p.Page.Emulate(ctx, window)
	})
	return barriers
}
