package journeys

import (
	"flag"
	"os"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/harness/progress"
)

// house is this test process's stage door: configuration, browser, reports.
// Ginkgo's tree is built from package-level calls, so the one value that all
// journeys of a process share has to live here; nothing else does.
var house = &House{}

// flags are this suite's own: ginkgo run ./scenarios/journeys -- -browser.mode=headed
var flags = config.RegisterFlags(flag.CommandLine)

func TestJourneys(t *testing.T) {
	RegisterFailHandler(Fail)
	suite, reporter := GinkgoConfiguration()
	settings, err := config.Load(config.Options{Flags: flags})
	if err != nil {
		t.Fatal(err)
	}
	settings.Apply(&suite, config.ReadCommandLine(flag.CommandLine, config.ParentArgs()))
	house.config = settings
	RunSpecs(t, "journeys", suite, reporter)
}

var _ = BeforeSuite(func(ctx SpecContext) {
	client, err := progress.Dial(os.Getenv(config.EnvProgress))
	Expect(err).NotTo(HaveOccurred())
	house.progress = client
	house.open(ctx)
})

var _ = AfterSuite(func(ctx SpecContext) {
	Expect(house.close(ctx)).To(Succeed())
})

var _ = ReportBeforeSuite(func(report Report) { house.announce(report) })

var _ = ReportBeforeEach(func(report SpecReport) { house.begins(report) })

var _ = ReportAfterEach(func(report SpecReport) { house.ends(report) })

var _ = ReportAfterSuite("write the reports", func(ctx SpecContext, report Report) {
	Expect(house.publish(report)).To(Succeed())
})
