package subject

import (
	"context"
	"crypto/tls"
	"errors"
	"time"

	"github.com/passkeylab/passkeylab/harness/browser"
)

// Pages describes a website that is used as people use it: what they do on its pages, by CSS selectors. The pages' own scripts
// call navigator.credentials, in a real browser, and our authenticator answers.
//
//	account:  [{go: /sign-up}, {fill: "#email", with: "${ask.username}@example.com"}, {press: "button[type=submit]"}, {see: "#home"}]
//	register: {steps: [{go: /security}, {press: "#add-passkey"}], accepted: {see: "#added"}, refused: {see: "[role=alert]"}}
//	signIn:   {steps: [{go: /sign-in}, {press: "#passkey"}], accepted: {see: "#home"}, refused: {see: "[role=alert]"}}
//
// Register and SignIn are required. See [Website] for what a browser cannot be made to say.
type Pages struct {
	// Account makes an account with the user name of the first request for creation options, and leaves its browser signed in.
	// Resume signs in somebody who has an account already, without a passkey, in another browser. SignOut comes before a sign-in
	// in a browser that is signed in; without it, each sign-in happens in a browser of its own, and the account's stays signed
	// in. What Account keeps is known in all browsers of the user.
	Account []Act `yaml:"account"`
	Resume  []Act `yaml:"resume"`
	SignOut []Act `yaml:"signOut"`
	// Register and SignIn end with what makes the page call navigator.credentials.create or get.
	Register Ceremony `yaml:"register"`
	SignIn   Ceremony `yaml:"signIn"`
	// Remove removes the passkey ${ask.id} of the user ${ask.username}. It may be left out.
	Remove Ceremony `yaml:"remove"`
	// Headed shows the browser's windows; Browser is its path, for one that is not in PATH.
	Headed  bool   `yaml:"headed"`
	Browser string `yaml:"browser"`
}

// Ceremony is what leads to one, and what the page shows at its end.
type Ceremony struct {
	Steps []Act `yaml:"steps"`
	// Accepted is how a page looks that says yes, and Refused one that says no, with its words in See. A page that shows
	// neither within Limits.Time is not as described.
	Accepted Sight `yaml:"accepted"`
	Refused  Sight `yaml:"refused"`
}

// Sight is something that a page shows. All that is given must hold.
type Sight struct {
	// See is the selector of an element that can be seen.
	See string `yaml:"see"`
	// At is the path of the page, in which * stands for anything.
	At string `yaml:"at"`
}

// Act is one thing that somebody does: exactly one of Go, Press, Fill, See and Read. Each waits until the one element that its
// selector finds can be seen; where a press leads to another page, See something of that page before doing the next.
type Act struct {
	// Go opens a path below the base, or another site's address. The steps of each list begin with one.
	Go string `yaml:"go"`
	// Press clicks an element.
	Press string `yaml:"press"`
	// Fill types With, a template, into a field, or chooses the option of that text.
	Fill string `yaml:"fill"`
	With string `yaml:"with"`
	// See waits for an element.
	See string `yaml:"see"`
	// Read takes the text of an element, or the value of a field, as ${kept.KEEP}.
	Read string `yaml:"read"`
	Keep string `yaml:"keep"`
	// If does it only when this selector finds an element that can be seen at that moment: the button of a banner.
	If string `yaml:"if"`
}

// Website is a relying party that is reached by its pages, in a real browser through the bridge (package bridge): FIDOServer
// without the API (Paths and Dictate are not used), and the Pages in its place.
//
// Between a case and the server stand the browser and the page's script, and so less can be said than to a server. A response
// reaches the server as the script sends it: what the browser does not hand to a page, such as JSON of another shape, members
// of unknown names or another encoding of the id, is [Inexpressible], and so are deviations of HTTP. The options are what the
// browser made of the server's, with its defaults filled in. A response is given to the page that waits for one: to answer
// twice, or in another browser, cannot be said either. Whether a refusal was clean is known only as far as the page's requests
// show: a status of 500 and above is a server error.
//
// A page that the site puts off (429) is not opened again, since nobody knows what it has done already: Pace.Pause keeps its limit.
//
// It takes a browser about a second for each ceremony. One browser is started at the first request; each visitor is an
// incognito context in it.
type Website struct {
	FIDOServer
	Pages Pages
	// Env looks up ${env.NAME}; nil knows none.
	Env func(name string) (string, bool)
	// Now tells the time of one-time codes; nil is the machine's.
	Now func() time.Time
}

// Check returns what is wrong with the description of the pages, each a *Problem whose path begins with "website".
func (w Website) Check() []error {
	_, problems := w.read()
	return problems
}

// Dial returns the relying party that w describes. It starts no browser yet; its error is one of the description: a
// [*Problem], or several joined.
func (w Website) Dial() (RelyingParty, error) {
	tour, problems := w.read()
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	transport := w.dialler()
	wire, err := w.wire(transport, func() error { transport.CloseIdleConnections(); return nil })
	if err != nil {
		return nil, err
	}
	now := w.Now
	if now == nil {
		now = time.Now
	}
	site := &website{wire: wire, tour: tour, turn: make(chan struct{}, 1), codes: codes{now: now}}
	site.stage = &stage{
		options: browser.Options{Headed: w.Pages.Headed, Path: w.Pages.Browser}, origin: wire.origin,
		pins: pinning{settings: w.TLS, address: wire.base},
	}
	return site, nil
}

// website is a site in a browser.
type website struct {
	*wire
	tour   *tour
	people people
	stage  *stage
	codes  codes
	kept   shared
	// turn is held from the first step to the page's call of navigator.credentials: the browser says of which origin a call
	// is, and not of which window.
	turn chan struct{}
}

// Visit implements RelyingParty.
func (w *website) Visit() Visitor {
	return &websiteVisitor{site: w, presence: presence{people: &w.people}}
}

// enter takes the turn, when the site may be asked again.
func (w *website) enter(ctx context.Context) error {
	select {
	case w.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if err := w.pace.turn(ctx); err != nil {
		w.exit()
		return err
	}
	return nil
}

// exit gives the turn back.
func (w *website) exit() { <-w.turn }

// Close implements RelyingParty.
func (w *website) Close() error { return errors.Join(w.stage.close(), w.wire.Close()) }

// address is where a request goes that is to no endpoint.
func (w *website) address(request Request) string { return w.at(request.Path) }

// noCertificate is what a description may not want of a browser.
func noCertificate(settings *tls.Config) bool {
	return settings != nil && len(settings.Certificates) > 0
}
