package phone_test

import (
	"context"
	"crypto/rand"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/hybrid"
	"github.com/passkeylab/passkeylab/virtualauth/hybrid/tunnel"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

// lab is a phone, a computer, and what is between them.
type lab struct {
	*stage
	air     *hybrid.Ether
	adverts atomic.Int32 // that were sent
	desktop hybrid.Desktop
}

func newLab(t testing.TB, s phone.Settings) *lab {
	t.Helper()
	server, err := tunnel.Start(t.Context(), tunnel.Options{Rand: rand.Reader}) // only routing and certificates hang on it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	l := &lab{air: &hybrid.Ether{}}
	l.stage = newStage(t, s, func(w *phone.World) { w.Network, w.Air = server.Network(), counting{l.air, &l.adverts} })
	l.desktop = hybrid.Desktop{Network: server.Network(), Hint: hybrid.HintMakeCredential, Rand: seeded(9), Now: l.clock.Now}
	return l
}

// counting counts adverts.
type counting struct {
	*hybrid.Ether
	adverts *atomic.Int32
}

func (c counting) Send(ctx context.Context, advert hybrid.Advert) error {
	c.adverts.Add(1)
	return c.Ether.Send(ctx, advert)
}

// seen is what the browser tells the page.
type seen string

const (
	success      seen = "success"
	invalidState seen = "InvalidState" // there is one already
	notAllowed   seen = "NotAllowed"
	timedOut     seen = "timeout"
)

// meaning is what a browser makes of an error.
func meaning(err error) seen {
	switch {
	case err == nil:
		return success
	case errors.Is(err, ctap2.CredentialExcluded):
		return invalidState
	}
	return notAllowed
}

// ceremony is one on the computer, with the phone in a person's hand.
type ceremony struct {
	person phone.Person
	// text is what the camera sees, if it is not the computer's code; gone closes the dialog once the code was read.
	text func(code string) string
	gone bool
	// dark says that the computer shows no code.
	dark bool
	// spinner lets the phone's time run out at P8.
	spinner bool
	request *ctap2.MakeCredentialRequest
}

// found is what became of it on the computer.
type found struct {
	seen     seen
	err      error
	response *ctap2.MakeCredentialResponse
}

// runs lets it happen. A browser whose phone never came waits until its time is up.
func (l *lab) runs(c ceremony) (found, phone.Outcome) {
	l.Helper()
	browsing, timeout := context.WithCancel(l.Context())
	defer timeout()
	holding, putAway := context.WithCancel(l.Context())
	defer putAway()
	offer, err := l.desktop.Invite()
	if err != nil {
		l.Fatal(err)
	}
	done := make(chan found, 1)
	go func(r *ctap2.MakeCredentialRequest) { done <- l.browses(browsing, offer, r) }(c.request)
	if err := l.air.Await(l.Context(), 1); err != nil {
		l.Fatal(err)
	}
	c.person.Idle = func(v phone.View) {
		timeout()
		if v.State < phone.P9 {
			putAway()
		}
	}
	outcome, err := c.person.Scan(holding, l.Phone, func(ctx context.Context) (string, error) {
		if c.dark {
			timeout()
			putAway()
			<-ctx.Done()
			return "", ctx.Err()
		}
		if c.gone {
			timeout()
		}
		if c.spinner {
			go func() {
				l.clock.Timers(l.Context(), 2) // its limit, and the pause after an advert
				l.clock.Move(time.Hour)
			}()
		}
		if c.text != nil {
			return c.text(offer.QR.String()), nil
		}
		return offer.QR.String(), nil
	})
	if err != nil {
		l.Fatal(err)
	}
	if outcome.State < phone.P9 {
		timeout()
	}
	return <-done, outcome
}

// browses is the browser.
func (l *lab) browses(ctx context.Context, offer *hybrid.Offer, request *ctap2.MakeCredentialRequest) (f found) {
	defer func() {
		if f.seen = meaning(f.err); f.err != nil && ctx.Err() != nil {
			f.seen = timedOut // whatever broke first
		}
	}()
	found, err := offer.Listen(ctx, l.air)
	if err != nil {
		f.err = err
		return f
	}
	link, err := found.Connect(ctx)
	if err != nil {
		f.err = err
		return f
	}
	defer link.Close()
	if request == nil {
		request = create("ada")
	}
	f.response, f.err = ctap2.MakeCredential(ctx, link, request)
	return f
}
