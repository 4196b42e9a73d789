package journeys

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/harness/lab"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/hybrid"
	"github.com/passkeylab/passkeylab/virtualauth/hybrid/tunnel"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

var _ = Describe("A phone that remembers the computer", func() {
	Journey("REG-21", "lets the phone remember the computer, and is asked by it the next time without a code, between our own two halves",
		Over(config.API).Cannot(config.Hybrid, "Chromium 156 never offers a phone to be remembered, so only our own computer's half can tell this."), Regular,
		Given{}, func(mia *Person) {
			app, google := provider.LarkspurIDAndroid(), provider.GooglePasswordManager()
			pair := mia.holdsAPhoneBesideOurOwnComputer(app, google)

			visitor := mia.standsBeforeCreating(mia.Account, "app")
			made, linked := mia.scansAndIsRemembered(pair, app, mia.asksForOptions(visitor))
			mia.finds("the first passkey is stored", mia.verifies(visitor, made).Status, gomega.Equal(http.StatusCreated))
			mia.finds("the phone has shown its camera", pair.shown(phone.ScreenCamera), gomega.Equal(1))

			mia.beginsAgain(visitor, "passkey")
			made = mia.isCalledWithoutACode(pair, google, linked, mia.asksForOptions(visitor))
			mia.finds("the second passkey is stored", mia.verifies(visitor, made).Status, gomega.Equal(http.StatusCreated))
			mia.finds("the phone needed its camera no second time", pair.shown(phone.ScreenCamera), gomega.Equal(1))

			stored := mia.findsStored(2)
			mia.finds("they are the two on the phone", [][]byte{stored[0].ID, stored[1].ID}, gomega.ConsistOf(pair.held()))
			mia.finds("the second came from another device, too", mia.row(stored[1]).Attachment, gomega.Equal(lab.CrossPlatform))
		})
})

// pair is a phone and a computer that are both ours, a tunnel server, and the air between them.
type pair struct {
	phone   *phone.Phone
	desktop *hybrid.Desktop
	air     *hybrid.Ether
	tunnel  *tunnel.Server
}

// machineClock is the machine's clock, for a phone.
type machineClock struct{}

func (machineClock) Now() time.Time                         { return time.Now() }
func (machineClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// holdsAPhoneBesideOurOwnComputer gives the person a phone with these providers, and a computer that is no browser.
func (p *Person) holdsAPhoneBesideOurOwnComputer(providers ...provider.Provider) *pair {
	GinkgoHelper()
	both := &pair{air: &hybrid.Ether{}}
	p.does("holds a phone beside a computer of our own", func(ctx context.Context) (err error) {
		// The server outlives the step: it ends with the journey.
		if both.tunnel, err = tunnel.Start(p.ctx, tunnel.Options{Rand: rand.Reader}); err != nil {
			return err
		}
		settings := phone.Settings{Name: "Mia's phone"}
		for _, in := range providers {
			settings.Providers = append(settings.Providers, phone.Provider{Provider: in, BuiltIn: builtIn(in)})
		}
		both.phone, err = phone.New(settings, phone.World{Clock: machineClock{}, Rand: rand.Reader, Network: both.tunnel.Network(), Air: both.air})
		p.ledger.phones = append(p.ledger.phones, both.phone)
		both.desktop = &hybrid.Desktop{Network: both.tunnel.Network(), Hint: hybrid.HintMakeCredential, Linking: true, Rand: rand.Reader, Now: time.Now}
		return err
	})
	DeferCleanup(both.tunnel.Close)
	return both
}

// scansAndIsRemembered answers creation options over a QR code, and lets the phone remember the computer.
func (p *Person) scansAndIsRemembered(both *pair, in provider.Provider, options []byte) (made []byte, linked hybrid.Linked) {
	GinkgoHelper()
	p.does("scans the computer's code, lets the phone remember it, and saves in "+in.Name, func(ctx context.Context) error {
		offer, err := both.desktop.Invite()
		if err != nil {
			return err
		}
		defer offer.Close()
		person := phone.Person{Provider: in.Name, Remember: true}
		return whileOnThePhone(ctx, func(ctx context.Context) error {
			if err := both.air.Await(ctx, 1); err != nil { // the computer listens by then
				return err
			}
			outcome, err := person.Scan(ctx, both.phone, phone.Text(offer.QR.String()))
			return errors.Join(err, outcome.Err)
		}, func(ctx context.Context) error {
			found, err := offer.Listen(ctx, both.air)
			if err != nil {
				return err
			}
			link, err := found.Connect(ctx)
			if err != nil {
				return err
			}
			if linked, err = link.Linked(ctx); err == nil {
				made, err = p.createOver(ctx, link, options)
			}
			return errors.Join(err, link.Close())
		})
	})
	return made, linked
}

// isCalledWithoutACode answers creation options on a phone that the computer calls by what it remembers.
func (p *Person) isCalledWithoutACode(both *pair, in provider.Provider, linked hybrid.Linked, options []byte) (made []byte) {
	GinkgoHelper()
	p.does("is called by the computer, without a code, and saves in "+in.Name, func(ctx context.Context) error {
		person := phone.Person{Provider: in.Name}
		return whileOnThePhone(ctx, func(ctx context.Context) error {
			return person.With(ctx, both.phone, func(ctx context.Context) error {
				outcome, err := both.phone.AwaitComputer(ctx)
				return errors.Join(err, outcome.Err)
			})
		}, func(ctx context.Context) error {
			if !page.Poll(ctx, func() bool { return both.tunnel.Metrics().Listening > 0 }) {
				return errors.New("the phone does not listen for computers that it remembers")
			}
			contact, err := both.desktop.Reconnect(linked)
			if err != nil {
				return err
			}
			defer contact.Close()
			called, err := contact.Dial(ctx)
			if err != nil {
				return err
			}
			found, err := called.Listen(ctx, both.air)
			if err != nil {
				return err
			}
			link, err := found.Connect(ctx)
			if err != nil {
				return err
			}
			made, err = p.createOver(ctx, link, options)
			return errors.Join(err, link.Close())
		})
	})
	return made
}

// createOver answers creation options with whatever is at the other end of a transport, on another device.
func (p *Person) createOver(ctx context.Context, device ctap2.Transport, options []byte) ([]byte, error) {
	c := &client.Client{Origin: p.Origin, Device: device, Attachment: lab.CrossPlatform, Transports: []string{"hybrid", "internal"}}
	return c.Create(ctx, options)
}

// whileOnThePhone does something on the phone and something on the computer at the same time. When one of them fails, so does the
// other.
func whileOnThePhone(ctx context.Context, onPhone, onComputer func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		err := onPhone(ctx)
		if err != nil {
			cancel()
		}
		done <- err
	}()
	err := onComputer(ctx)
	if err != nil {
		cancel()
	}
	return errors.Join(err, <-done)
}

// shown counts how often the phone has come to show a screen.
func (both *pair) shown(screen phone.Screen) (times int) {
	last := phone.ScreenHome
	for _, event := range both.phone.Trace() {
		if event.What != phone.Shown {
			continue
		}
		if event.View.Screen == screen && last != screen {
			times++
		}
		last = event.View.Screen
	}
	return times
}

// held are the ids of all passkeys on the phone.
func (both *pair) held() (ids [][]byte) {
	for _, passkey := range both.phone.Passkeys() {
		ids = append(ids, passkey.ID)
	}
	return ids
}
