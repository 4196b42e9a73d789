package phone

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// account is who is signed in to an app.
type account struct{ userName, displayName string }

// Apps returns the Keys of the providers whose app can be opened now.
func (p *Phone) Apps() (keys []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, entry := range p.settings.Providers {
		if p.settings.listed(entry) && p.service(entry.Key()) != nil {
			keys = append(keys, entry.Key())
		}
	}
	return keys
}

// service is what the app of a provider talks to; nil without one.
func (p *Phone) service(key string) Service {
	if p.world.Service == nil {
		return nil
	}
	return p.world.Service(key)
}

// app is a provider's app while it is open.
type app struct {
	*ceremony
	key     string
	name    string
	service Service
	// notice is what the next screen says first.
	notice string
}

// OpenApp opens the app of a provider, by its Key, and returns when its user has closed it: nil then. It fails with ErrNoApp,
// ErrBusy, ErrKilled, or the error of ctx.
func (p *Phone) OpenApp(ctx context.Context, key string) error {
	if !slices.Contains(p.Apps(), key) {
		return fmt.Errorf("%w: %q", ErrNoApp, key)
	}
	c, ctx, err := p.begin(ctx)
	if err != nil {
		return err
	}
	s := c.settingsNow()
	a := &app{ceremony: c, key: key, name: s.Find(key).Name, service: p.service(key)}
	err = c.enter(ctx, P1)
	for err == nil {
		err = a.next(ctx)
	}
	if errors.Is(err, ErrDeclined) { // closed
		err = nil
	}
	c.finish(err)
	return err
}

// next is one screen of the app, and what follows from a tap on it. It fails with ErrDeclined when the user closes the app.
func (a *app) next(ctx context.Context) error {
	who := a.signedIn()
	if who == nil {
		if err := a.confirm(ctx, a.welcome(), "app-add-account"); err != nil {
			return err
		}
		return a.back(a.signIn(ctx))
	}
	r, err := a.ask(ctx, a.accountScreen(*who))
	if err != nil {
		return err
	}
	switch r.control {
	case "app-create":
		return a.back(a.create(ctx))
	case "app-sign-out":
		a.forget()
		return a.back(a.working(ctx, "Signing out", a.service.SignOut))
	case "app-close":
		return ErrDeclined
	}
	return a.back(a.remove(ctx, r.control))
}

// back leads from a step to the app's first screen: whoever gave up there has not closed the app, and what went wrong is said.
func (a *app) back(err error) error {
	var refused *RefusedError
	var fault *Error
	switch {
	case err == nil, errors.As(err, &fault), errors.Is(err, ErrKilled), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, ErrDeclined), errors.Is(err, ErrLockedOut):
	case errors.Is(err, ErrSignInAgain):
		a.forget()
		a.notice = "Sign in again."
	case errors.As(err, &refused):
		a.notice = refused.Words
	case errors.Is(err, ErrOffline):
		a.notice = "This phone is offline."
	default:
		a.notice = "The service did not answer. Try again later."
	}
	return nil
}

func (a *app) signedIn() *account {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.apps[a.key]
}

func (a *app) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.apps, a.key)
}

// serviceLimit is how long the app waits for one answer of its service.
const serviceLimit = 30 * time.Second

// working shows that the app talks to its service while it does.
func (a *app) working(ctx context.Context, what string, do func(context.Context) error) error {
	if a.settingsNow().Network == Offline {
		return ErrOffline
	}
	return a.work(ctx, screen{id: ScreenAppWorking, title: a.name, text: what, busy: true, controls: []Control{decline("app-cancel", "Cancel")}}, serviceLimit, do)
}

// signIn asks who the user is.
func (a *app) signIn(ctx context.Context) error {
	var login Login
	for _, field := range []struct {
		screen screen
		into   *string
	}{
		{a.field(ScreenAppUser, "Add your work account", Control{ID: "app-user", Label: "User name", Kind: KindText}), &login.UserName},
		{a.field(ScreenAppPassword, "Enter your password", Control{ID: "app-password", Label: "Password", Kind: KindPassword}), &login.Password},
		{a.field(ScreenAppCode, "Enter your one-time code", Control{ID: "app-code", Label: "One-time code", Kind: KindText}), &login.Code},
	} {
		text, err := a.typed(ctx, field.screen)
		if err != nil {
			return err
		}
		*field.into = text
	}
	var name string
	err := a.working(ctx, "Signing in", func(ctx context.Context) (err error) {
		name, err = a.service.SignIn(ctx, login)
		return err
	})
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.apps[a.key] = &account{userName: login.UserName, displayName: name}
	return nil
}

// typed asks for a text.
func (a *app) typed(ctx context.Context, s screen) (string, error) {
	r, err := a.ask(ctx, s)
	if err == nil && r.control == "app-back" {
		err = ErrDeclined
	}
	return r.text, err
}

// create makes a passkey and registers it: P6, P10, P14 to P17. Whatever comes of it stays on the screen until it is tapped away.
func (a *app) create(ctx context.Context) error {
	if err := a.screenLock(ctx); err != nil {
		return err
	}
	if a.settingsNow().Network == Offline {
		return ErrOffline
	}
	a.reset()
	device := &ownDevice{app: a}
	err := a.service.Create(ctx, device.creation(ctx))
	if errors.Is(err, ErrProveAgain) {
		if err = a.prove(ctx); err == nil {
			err = a.service.Create(ctx, device.creation(ctx))
		}
	}
	switch {
	case ended(ctx) != nil:
		return ended(ctx)
	case err == nil && device.made != nil:
		return a.sentOff(ctx)
	case device.made != nil:
		return a.notAdded(ctx, device, err)
	case device.excluded:
		return a.tell(ctx, screen{id: ScreenExcluded, title: "You already have a passkey", text: "There is a passkey for this account in " + a.name + "."})
	case device.refused != nil: // her answer, or her phone's
		return device.refused
	}
	return err
}

// reset forgets what an earlier creation since the app was opened came to.
func (a *app) reset() {
	a.mu.Lock()
	defer a.mu.Unlock()
	o := &a.outcome
	o.SavedIn, o.CredentialID, o.Answered, o.Sent, o.Err = "", nil, false, false, nil
	a.unlocked = false
	a.show(screen{id: ScreenAppWorking, title: a.name, text: "Asking your organisation", busy: true})
}

// prove asks for a one-time code when the service wants one.
func (a *app) prove(ctx context.Context) error {
	code, err := a.typed(ctx, a.field(ScreenAppCode, "Confirm that it is you", Control{ID: "app-code", Label: "One-time code", Kind: KindText}))
	if err != nil {
		return err
	}
	return a.working(ctx, "Checking", func(ctx context.Context) error { return a.service.Prove(ctx, code) })
}

// sentOff is the end of a creation that the service accepted.
func (a *app) sentOff(ctx context.Context) error {
	if err := a.enter(ctx, P16); err != nil {
		return err
	}
	a.sent()
	err := a.tell(ctx, screen{id: ScreenAppSaved, title: "Passkey saved", text: "It is in " + a.name + " and in your account. Go back to your computer."})
	if err != nil {
		return err
	}
	return a.enter(ctx, P17)
}

// notAdded is the end of a creation that the service refused, or whose answer was lost. What was refused is removed at once.
func (a *app) notAdded(ctx context.Context, device *ownDevice, err error) error {
	var refused *RefusedError
	if !errors.As(err, &refused) {
		return a.tell(ctx, screen{id: ScreenAppFailed, title: "We do not know yet", text: "The answer of your organisation did not arrive. Look into Security info before you delete this passkey."})
	}
	if err := a.discard(device.made); err != nil {
		return a.fail(ctx, Internal, err)
	}
	s := screen{id: ScreenAppFailed, title: "The passkey was not added", text: refused.Words + " It was removed from this phone."}
	if current := a.settingsNow(); current.Find(a.key) != nil && current.Find(a.key).Unattested {
		s.title, s.text = "Try again later", "The service that vouches for this app is busy or down. No passkey was kept."
	}
	return a.tell(ctx, s)
}

// discard removes a passkey that was refused.
func (a *app) discard(id []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.outcome.SavedIn, a.outcome.CredentialID = "", nil
	if device := a.devices[a.key]; device != nil {
		return device.Delete(id)
	}
	return nil
}

// tell shows something until it is tapped away.
func (a *app) tell(ctx context.Context, s screen) error {
	_, err := a.ask(ctx, notice(s.id, s.title, s.text))
	return err
}

// ownDevice is the app's authenticator as its Service reaches it: without the system's sheet.
type ownDevice struct {
	app      *app
	made     []byte // the id of the passkey that it made
	excluded bool
	refused  error
}

// creation is what the service is handed.
func (d *ownDevice) creation(context.Context) Creation {
	s := d.app.settingsNow()
	entry := s.Find(d.app.key)
	return Creation{Device: d, Provider: d.app.key, OS: s.OS, Unattested: entry != nil && entry.Unattested}
}

// Exchange implements ctap2.Transport.
func (d *ownDevice) Exchange(ctx context.Context, request []byte) ([]byte, error) {
	a := d.app
	if len(request) == 1 && ctap2.Command(request[0]) == ctap2.CommandGetInfo {
		return a.info()
	}
	a.received(request)
	if err := a.enter(ctx, P10); err != nil {
		return nil, err
	}
	response, err := a.use(ctx, choice{provider: a.key}, request)
	if err != nil {
		if ended(ctx) != nil {
			return nil, ended(ctx)
		}
		d.refused, d.excluded = err, errors.Is(err, ctap2.CredentialExcluded)
		response = []byte{byte(statusOf(err))}
	} else if ctap2.Command(request[0]) == ctap2.CommandMakeCredential {
		if d.made, err = a.keep(ctx); err != nil {
			return nil, err
		}
	}
	a.answered(response, err)
	return response, nil
}

// keep comes to P15 and returns the id of the passkey that has just been made.
func (a *app) keep(ctx context.Context) ([]byte, error) {
	a.mu.Lock()
	credentials := a.credentials(a.key)
	if len(credentials) == 0 {
		a.mu.Unlock()
		return nil, a.fail(ctx, Internal, ErrStorage)
	}
	made := credentials[len(credentials)-1]
	a.outcome.RPID, a.outcome.SavedIn, a.outcome.CredentialID = made.RPID, a.key, made.ID
	a.show(screen{id: ScreenAppWorking, title: a.name, text: "Adding it to your account", busy: true})
	a.mu.Unlock()
	return made.ID, a.enter(ctx, P15)
}

// passkeyRow is what the id of a passkey's row begins with.
const passkeyRow = "app-passkey-"

// remove deletes a passkey in the app and reports that. On iOS the app does not report: its users delete in both places.
func (a *app) remove(ctx context.Context, row string) error {
	id, err := hex.DecodeString(row[min(len(passkeyRow), len(row)):])
	if err != nil || len(id) == 0 {
		return nil
	}
	err = a.confirm(ctx, screen{
		id: ScreenAppDelete, title: "Delete this passkey?", text: "You can no longer sign in with it. It goes from this phone and from your account.",
		controls: []Control{agree("app-delete", "Delete"), decline("app-keep", "Cancel")},
	}, "app-delete")
	if err != nil {
		return err
	}
	if err := a.discard(id); err != nil {
		return a.fail(ctx, Internal, err)
	}
	if a.settingsNow().OS == IOS {
		return a.tell(ctx, screen{id: ScreenAppNotReported, title: "Deleted on this phone", text: "Delete it in Security info, too."})
	}
	err = a.working(ctx, "Telling your organisation", func(ctx context.Context) error { return a.service.Deleted(ctx, id) })
	switch {
	case ended(ctx) != nil:
		return ended(ctx)
	case err != nil:
		return a.tell(ctx, screen{id: ScreenAppNotReported, title: "Deleted on this phone only", text: "Your organisation was not told: " + a.reason(err) + " Delete it in Security info, too."})
	}
	return a.tell(ctx, screen{id: ScreenAppDeleted, title: "Passkey deleted", text: "It is gone from this phone and from your account."})
}

// reason is why a report failed, as a sentence.
func (a *app) reason(err error) string {
	_ = a.back(err)
	reason := a.notice
	a.notice = ""
	if reason == "" {
		reason = "that was stopped."
	}
	return reason
}
