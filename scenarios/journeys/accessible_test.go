package journeys

import (
	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/config"
)

var _ = Describe("Accessibility", func() {
	Journey("AX-07", "comes by every screen in light and in dark, and a scan by the rules of WCAG 2.2 AA finds no barrier", Over(config.Bridge), Regular,
		touring(browser.ContextOptions{}), func(mia *Person) {
			var barriers []string
			mia.tours(tour(), func(at stop) { barriers = append(barriers, mia.scansForBarriers(at.name)...) })
			mia.finds("no screen has a barrier", barriers, gomega.BeEmpty())
		})
})
