package journeys

import (
	"context"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/lab"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// This file holds the words about the organisation's app on a phone, which makes passkeys by itself.

// inTheAppItself is the row of the Choose-a-method screen for flow E.
const inTheAppItself = "Create it inside Larkspur ID"

// appInHand is a phone with the organisation's app in the person's hand. Over hybrid it is the phone of the stage, and what is
// tapped is tapped on its page; otherwise it is one with the app alone, without any page.
type appInHand struct {
	*Person
	in     provider.Provider
	phone  *phone.Phone
	screen *lab.Screen // nil without a page
}

// takesAPhoneWithTheApp takes a phone with the organisation's app: the stage's own where it has one, and it is an Android phone.
func (p *Person) takesAPhoneWithTheApp(in provider.Provider) *appInHand {
	GinkgoHelper()
	held := &appInHand{Person: p, in: in}
	p.does("takes a phone with "+in.Name, func(ctx context.Context) (err error) {
		if beside, hybrid := p.phone.(*besideTheComputer); hybrid && in.Name == provider.LarkspurIDAndroid().Name {
			held.phone = beside.phone
			if err = beside.has(in); err == nil {
				held.screen, err = p.Reach.Screen(ctx)
			}
			return err
		}
		settings := phone.Settings{Name: "Mia's phone", Providers: []phone.Provider{{Provider: in}}}
		if in.Name == provider.LarkspurIDIOS().Name {
			settings.OS = phone.IOS
		}
		if held.phone, err = p.PhoneWithApp(settings); err == nil {
			p.ledger.phones = append(p.ledger.phones, held.phone)
		}
		return err
	})
	return held
}

// opensTheApp opens the app from the home screen. It ends with the journey, if she does not close it.
func (a *appInHand) opensTheApp() {
	GinkgoHelper()
	a.does("opens "+a.in.Name+" on the phone", func(ctx context.Context) error {
		if a.screen != nil {
			return page.TapPhone(ctx, a.screen.Page, a.in.Name)
		}
		open, end := context.WithCancel(context.WithoutCancel(ctx))
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = a.phone.OpenApp(open, a.in.Name) // what went wrong is on the phone's screen, and the next word looks there
		}()
		DeferCleanup(func() { end(); <-ended })
		return nil
	})
}

// shows waits until the phone shows a screen with something to tap.
func (a *appInHand) shows(ctx context.Context, screen phone.Screen) (phone.View, error) {
	view := a.phone.View()
	for view.Screen != screen || len(view.Controls)+len(view.Entries) == 0 {
		last := view
		var err error
		if view, err = a.phone.Await(ctx, view.Revision); err != nil {
			return last, &Unexpected{What: "the phone", Expected: "the screen " + string(screen), Got: fmt.Sprintf("%s %q %q", last.Screen, last.Title, last.Text)}
		}
	}
	return view, nil
}

// taps taps what has that id on a screen.
func (a *appInHand) taps(screen phone.Screen, id string) {
	GinkgoHelper()
	a.does(fmt.Sprintf("taps %s on the phone's screen %s", id, screen), func(ctx context.Context) error {
		view, err := a.shows(ctx, screen)
		if err != nil || a.screen == nil {
			return orElse(err, func() error { return a.phone.Tap(id) })
		}
		return a.screen.Tap(ctx, view, id)
	})
}

// types types a text into the field of a screen; what is the subject of the step, since the text may be a secret.
func (a *appInHand) types(screen phone.Screen, id, what string, text func(context.Context) (string, error)) {
	GinkgoHelper()
	a.does("types "+what+" on the phone", func(ctx context.Context) error {
		view, err := a.shows(ctx, screen)
		if err != nil {
			return err
		}
		typed, err := text(ctx)
		if err != nil || a.screen == nil {
			return orElse(err, func() error { return a.phone.Enter(id, typed) })
		}
		return a.screen.Enter(ctx, view, id, typed)
	})
}

// orElse is err, or what do comes to without one.
func orElse(err error, do func() error) error {
	if err != nil {
		return err
	}
	return do()
}

// addsHerAccount signs in to the app with password and one-time code.
func (a *appInHand) addsHerAccount() {
	GinkgoHelper()
	known := func(text string) func(context.Context) (string, error) {
		return func(context.Context) (string, error) { return text, nil }
	}
	a.taps(phone.ScreenAppWelcome, "app-add-account")
	a.types(phone.ScreenAppUser, "app-user", "her user name", known(a.Account.UserName))
	a.types(phone.ScreenAppPassword, "app-password", "her password", known(a.Account.Password))
	a.types(phone.ScreenAppCode, "app-code", "a one-time code", a.Stage.Code)
}

// createsAPasskey lets the app make one and finds it said so, and there.
func (a *appInHand) createsAPasskey() {
	GinkgoHelper()
	before := len(a.phone.Passkeys())
	a.taps(phone.ScreenAppAccount, "app-create")
	a.taps(phone.ScreenVerify, "sensor")
	a.taps(phone.ScreenAppSaved, "ok")
	a.finds("the phone holds one passkey more", a.phone.Passkeys(), gomega.HaveLen(before+1))
}

// deletesThePasskey deletes the app's one passkey in the app, up to the screen that says what came of it.
func (a *appInHand) deletesThePasskey(end phone.Screen, says string) {
	GinkgoHelper()
	a.does("chooses the passkey in the app", func(ctx context.Context) error {
		view, err := a.shows(ctx, phone.ScreenAppAccount)
		if err != nil {
			return err
		}
		if len(view.Entries) != 1 {
			return &Unexpected{What: "the app", Expected: "one passkey", Got: fmt.Sprint(view.Entries)}
		}
		a.ledger.tookOff(latest(a.phone.Passkeys()).ID)
		return a.phone.Tap(view.Entries[0].ID)
	})
	a.taps(phone.ScreenAppDelete, "app-delete")
	a.does("reads on the phone “"+says+"”", func(ctx context.Context) error {
		view, err := a.shows(ctx, end)
		return orElse(err, func() error {
			return holds("the phone's words", view.Title+". "+view.Text, gomega.ContainSubstring(says))
		})
	})
	a.taps(end, "ok")
	a.finds("the phone holds no passkey", a.phone.Passkeys(), gomega.BeEmpty())
}

// network puts the phone on the network, or takes it off.
func (a *appInHand) network(how string, to phone.Network) {
	GinkgoHelper()
	a.does("has a phone that is "+how, func(context.Context) error {
		return a.phone.Change(func(s *phone.Settings) { s.Network = to })
	})
}

// findsStoredByTheApp finds that the newest stored passkey is the newest on the phone, registered by the app and not by a page.
func (a *appInHand) findsStoredByTheApp(count int) {
	GinkgoHelper()
	stored := latest(a.findsStored(count))
	held := latest(a.phone.Passkeys())
	a.finds("store and phone speak of the same passkey", stored.ID, gomega.Equal(held.ID))
	a.finds("it was stored as what it is", a.row(stored), gomega.And(
		gomega.HaveField("AAGUID", a.in.Model.AAGUID), gomega.HaveField("Attachment", lab.Platform),
		gomega.HaveField("UVInitialized", true), gomega.HaveField("LastUsedAt", time.Time{}),
	))
	a.finds("its ceremony was the app's, in no run", latest(a.ceremonies()), gomega.And(gomega.HaveField("Kind", rp.KindApp), gomega.HaveField("RunID", "")))
	a.findsAudited(rp.ActionPasskeyAdded, "")
	a.findsNotified(rp.ActionPasskeyAdded)
}
