// Package config is what a run is told to do: which journeys, in which browser, against which relying party, with
// which evidence, and where the reports go.
//
// A value comes from four places, each stronger than the one before it:
//
//  1. the default, declared once, in the struct tags of this file
//  2. ginkgo.yaml, found by walking up from the working directory, or named by PASSKEYLAB_CONFIG or -config
//  3. the environment: the file's key in capitals with underscores, after PASSKEYLAB_ (browser.path is PASSKEYLAB_BROWSER_PATH)
//  4. flags with the file's key as their name (-browser.path=…)
//
// Ginkgo's own command line is stronger than all of them: see [Config.Apply].
//
// Nothing is guessed and nothing is ignored. A key that does not exist, wherever it stands, is an [*UnknownKeyError] that
// names the nearest right one; a value that cannot be used is a [*ValueError] that names the allowed ones. All mistakes are
// reported at once, not one a run.
//
// Relative paths in the file are read from the folder of the file, all others from the root of the checkout: a test process
// runs in its package's folder, which is not where the person stands who typed the command.
package config

import "time"

// Config is one run's settings, complete and checked. Paths are absolute.
type Config struct {
	Suite    Suite    `koanf:"suite"`
	Browser  Browser  `koanf:"browser"`
	Drivers  Drivers  `koanf:"drivers"`
	Evidence Evidence `koanf:"evidence"`
	Reports  Reports  `koanf:"reports"`
	RP       RP       `koanf:"rp"`
	Check    Check    `koanf:"check"`

	// Root is the folder of the checkout: the nearest one above the working directory that holds go.mod or ginkgo.yaml.
	Root string `koanf:"-"`
	// File is the configuration file that was read; empty when there is none.
	File string `koanf:"-"`

	settings []Setting
}

// Suite chooses what runs, in which order and for how long.
type Suite struct {
	// LabelFilter is a Ginkgo label filter; empty runs everything.
	LabelFilter string `koanf:"label_filter" kind:"labels" help:"Ginkgo label filter, for example: essential && !slow; empty: everything"`
	// Focus is a regular expression over full journey names; empty runs everything.
	Focus string `koanf:"focus" kind:"regexp" help:"run only journeys whose name matches this regular expression"`
	// Skip is a regular expression over full journey names; empty skips nothing.
	Skip string `koanf:"skip" kind:"regexp" help:"leave out journeys whose name matches this regular expression"`
	// Timeout bounds the whole suite.
	Timeout time.Duration `koanf:"timeout" default:"45m" min:"1s" help:"the whole suite fails after this time"`
	// StepTimeout bounds one step of a journey: one thing a person does or sees.
	StepTimeout time.Duration `koanf:"step_timeout" default:"30s" min:"100ms" help:"one step of a journey fails after this time"`
	// Procs is how many test processes run side by side; 0 means one a core, at most 4.
	Procs int `koanf:"procs" default:"0" min:"0" max:"64" help:"test processes side by side; 0: one a core, at most 4 (read by passkeylab journeys; with ginkgo itself use -p)"`
	// Seed decides the order of journeys and every random choice; 0 draws a new one each run.
	Seed int64 `koanf:"seed" default:"0" min:"0" help:"order of journeys and all random choices; 0: a new one each run"`
	// FailFast stops at the first failure.
	FailFast bool `koanf:"fail_fast" default:"false" help:"stop at the first failure"`
}

// Mode says whether the browser shows a window.
type Mode string

// The two ways a browser runs.
const (
	Headless Mode = "headless"
	Headed   Mode = "headed"
)

// Browser chooses the browser.
type Browser struct {
	// Path is the program; empty looks for Chromium in its usual places.
	Path string `koanf:"path" kind:"program" help:"the browser's program, a path or a name on PATH; empty: look in the usual places"`
	// Mode is Headless or Headed.
	Mode Mode `koanf:"mode" default:"headless" oneof:"headless headed" help:"headed shows the window and needs a display"`
}

// Driver is a way by which a journey's authenticator answers the page.
type Driver string

// The drivers, by what stands between the page and the authenticator.
const (
	// DevTools is Chromium's own virtual authenticator, driven over its debugging protocol.
	DevTools Driver = "devtools"
	// Bridge is a passkey provider behind the page's navigator.credentials, through an extension.
	Bridge Driver = "bridge"
	// API is no browser at all: the harness's WebAuthn client speaks to the relying party.
	API Driver = "api"
	// Hybrid is a phone reached by QR code, Bluetooth advert and tunnel.
	Hybrid Driver = "hybrid"
)

// Drivers says which drivers may be used and which must be.
type Drivers struct {
	// Enabled are those that may be used.
	Enabled []Driver `koanf:"enabled" default:"devtools,bridge,api,hybrid" oneof:"devtools bridge api hybrid" help:"ways to reach an authenticator that may be used"`
	// Required turns a skip for lack of one of these into a failure.
	Required []Driver `koanf:"required" default:"" oneof:"devtools bridge api hybrid" help:"a journey that would be skipped for lack of one of these fails instead"`
}

// Has reports whether a driver may be used.
func (d Drivers) Has(driver Driver) bool { return contains(d.Enabled, driver) }

// Needs reports whether the lack of a driver is a failure.
func (d Drivers) Needs(driver Driver) bool { return contains(d.Required, driver) }

// Screenshots says when pictures are taken.
type Screenshots string

// When pictures are taken.
const (
	ScreenshotsAlways    Screenshots = "always"
	ScreenshotsOnFailure Screenshots = "failure"
	ScreenshotsNever     Screenshots = "never"
)

// Evidence says what is kept of a journey.
type Evidence struct {
	// Screenshots is ScreenshotsAlways (each step), ScreenshotsOnFailure or ScreenshotsNever.
	Screenshots Screenshots `koanf:"screenshots" default:"always" oneof:"always failure never" help:"pictures of each step, of failures only, or none"`
	// Dir is where pictures are put: the folder "evidence" in that of the reports, which refer to them by relative paths.
	Dir string `koanf:"-"`
}

// Reports says which reports are written and where.
type Reports struct {
	// Dir is the folder of the reports.
	Dir string `koanf:"dir" kind:"path" default:"reports/out" help:"folder for the reports"`
	// JUnit is the JUnit file's path; empty means that none is written.
	JUnit string `koanf:"junit" kind:"report" default:"junit.xml" help:"JUnit file in that folder; none: not written"`
	// HTML is the HTML file's path; empty means that none is written.
	HTML string `koanf:"html" kind:"report" default:"report.html" help:"HTML file in that folder; none: not written"`
	// JSON is the path of the run as plain data; empty means that none is written.
	JSON string `koanf:"json" kind:"report" default:"run.json" help:"the run as plain data in that folder; none: not written"`
}

// RP chooses the relying party under test.
type RP struct {
	// URL is a relying party with the same pages that already runs; empty starts our own for each journey. Journeys that need
	// the inside of ours, such as its store or its clock, are withheld there.
	URL string `koanf:"url" kind:"url" help:"a relying party with the same pages that already runs; empty: our own, started for the journeys"`
	// Policy is what our own relying party accepts where nothing else is said (a journey about policies brings its own):
	// PolicyOpen, PolicyApprovedApp, PolicyAttested, or the path of a policy file.
	Policy string `koanf:"policy" kind:"policy" default:"open" help:"where nothing else is said, open: any provider; approved-app: only the organisation's phone app; or the path of a policy file"`
}

// TargetReference is our own relying party, in the process of the tests.
const TargetReference = "reference"

// Check chooses what the suites of cases judge.
type Check struct {
	// Target is TargetReference or the path of a file that describes a relying party (package rpcases).
	Target string `koanf:"target" kind:"target" default:"reference" help:"what the cases of relying parties judge: reference (our own, in process), or the path of the YAML file that describes a server"`
	// Profile is the book that they judge by.
	Profile string `koanf:"profile" default:"l3" oneof:"fido l3 l3-recommended" help:"the book that they judge by"`
}

func contains[T comparable](list []T, one T) bool {
	for _, item := range list {
		if item == one {
			return true
		}
	}
	return false
}
