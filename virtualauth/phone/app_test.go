package phone_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

// service is an organisation's, as an app meets it.
type service struct {
	calls   []string
	fails   map[string][]error // by call, one after the other; nil ones do not fail
	creates *ctap2.MakeCredentialRequest
	deleted [][]byte
	asked   phone.Creation
}

func (s *service) RPID() string { return "login.larkspur.test" }

// called notes a call and returns what it fails with.
func (s *service) called(what string) error {
	s.calls = append(s.calls, what)
	if left := s.fails[what]; len(left) > 0 {
		s.fails[what] = left[1:]
		return left[0]
	}
	return nil
}

func (s *service) SignIn(_ context.Context, login phone.Login) (string, error) {
	return "Mia", s.called("sign in " + login.UserName + "/" + login.Password + "/" + login.Code)
}
func (s *service) SignOut(context.Context) error              { return s.called("sign out") }
func (s *service) Prove(_ context.Context, code string) error { return s.called("prove " + code) }
func (s *service) Deleted(_ context.Context, id []byte) error {
	s.deleted = append(s.deleted, id)
	return s.called("deleted")
}

func (s *service) Create(ctx context.Context, in phone.Creation) error {
	s.asked = in
	if err := s.called("options"); err != nil {
		return err
	}
	request := s.creates
	if request == nil {
		request = create("mia")
	}
	if _, err := ctap2.MakeCredential(ctx, in.Device, request); err != nil {
		return err
	}
	return s.called("verify")
}

// inHand is a phone with the app open in somebody's hand.
type inHand struct {
	*stage
	service *service
	done    chan error
}

func openApp(t *testing.T, settings phone.Settings, s *service) *inHand {
	t.Helper()
	h := &inHand{newStage(t, settings, func(w *phone.World) {
		w.Service = func(key string) phone.Service {
			if !strings.HasPrefix(key, "Larkspur ID") {
				return nil
			}
			return s
		}
	}), s, make(chan error, 1)}
	apps := h.Apps()
	if len(apps) != 1 {
		t.Fatalf("the phone has the apps %q", apps)
	}
	go func() { h.done <- h.OpenApp(t.Context(), apps[0]) }()
	return h
}

// sees waits for a screen, with something to tap.
func (h *inHand) sees(want phone.Screen) phone.View {
	h.Helper()
	v := h.View()
	for v.Screen != want || len(v.Controls) == 0 {
		var err error
		if v, err = h.Await(h.Context(), v.Revision); err != nil {
			h.Fatalf("wanted %s, the phone shows %s %q: %v", want, v.Screen, v.Title, err)
		}
	}
	return v
}

// taps taps a control of a screen; with a text, it types it in.
func (h *inHand) taps(on phone.Screen, control string, text ...string) phone.View {
	h.Helper()
	v := h.sees(on)
	act := func() error { return h.Tap(control) }
	if len(text) > 0 {
		act = func() error { return h.Enter(control, text[0]) }
	}
	if err := act(); err != nil {
		h.Fatal(err)
	}
	return v
}

func (h *inHand) signsInToTheApp() *inHand {
	h.Helper()
	h.taps(phone.ScreenAppWelcome, "app-add-account")
	h.taps(phone.ScreenAppUser, "app-user", "mia")
	h.taps(phone.ScreenAppPassword, "app-password", "secret")
	h.taps(phone.ScreenAppCode, "app-code", "123456")
	return h
}

// makes creates a passkey up to the screen that says what came of it.
func (h *inHand) makes(end phone.Screen) phone.View {
	h.Helper()
	h.taps(phone.ScreenAppAccount, "app-create")
	h.taps(phone.ScreenVerify, "sensor")
	return h.taps(end, "ok")
}

func (h *inHand) closes() phone.Outcome {
	h.Helper()
	h.taps(phone.ScreenAppAccount, "app-close")
	if err := <-h.done; err != nil {
		h.Fatal(err)
	}
	return h.outcome()
}

func TestAPasskeyIsMadeInTheAppItself(t *testing.T) {
	for name, settings := range map[string]phone.Settings{"Android": phone.Android(), "iOS": phone.IPhone()} {
		t.Run(name, func(t *testing.T) {
			s := &service{}
			h := openApp(t, settings, s).signsInToTheApp()
			if v := h.makes(phone.ScreenAppSaved); v.State != phone.P16 {
				t.Errorf("at %v", v.State)
			}
			account := h.sees(phone.ScreenAppAccount)
			if account.Title != "Mia" || len(account.Entries) != 1 || account.Entries[0].Label != "mia" {
				t.Errorf("account: %+v", account)
			}
			o := h.closes()
			if all := h.Passkeys(); len(all) != 1 || o.SavedIn != all[0].Provider || !o.Sent || o.Strayed() || o.State != phone.P17 {
				t.Errorf("outcome %+v, %d passkeys", o, len(all))
			}
			if want := []string{"sign in mia/secret/123456", "options", "verify"}; !slices.Equal(s.calls, want) || s.asked.OS != settings.OS || s.asked.Unattested {
				t.Errorf("asked %q with %+v", s.calls, s.asked)
			}
			for _, e := range h.Trace() {
				if e.View.Screen == phone.ScreenSheet || strings.Contains(e.Title+e.Control, "secret") {
					t.Errorf("the trace has %+v", e)
				}
			}
			if h.View().Screen != phone.ScreenHome {
				t.Errorf("closed, the phone shows %s", h.View().Screen)
			}
		})
	}
}

func TestWhatTheServiceRefusesIsRemovedAgain(t *testing.T) {
	refused := &phone.RefusedError{Code: "policy.attestation_required", Words: "This passkey could not be accepted."}
	for name, c := range map[string]struct {
		change func(*phone.Settings)
		err    error
		title  string
		left   int
	}{
		"refused":                         {nil, refused, "The passkey was not added", 0},
		"its attestation service is down": {func(s *phone.Settings) { s.Find(larkspur).Unattested = true }, refused, "Try again later", 0},
		"no answer came":                  {nil, errors.New("timeout"), "We do not know yet", 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := &service{fails: map[string][]error{"verify": {c.err}}}
			h := openApp(t, android(c.change), s).signsInToTheApp()
			if v := h.makes(phone.ScreenAppFailed); v.Title != c.title {
				t.Errorf("the phone says %q %q", v.Title, v.Text)
			}
			if s.asked.Unattested != (c.change != nil) {
				t.Errorf("asked with %+v", s.asked)
			}
			o := h.closes()
			if len(h.Passkeys()) != c.left || o.Strayed() != (c.left > 0) {
				t.Errorf("%d passkeys are left, %+v", len(h.Passkeys()), o)
			}
		})
	}
}

func TestTheAppSaysWhatWentWrong(t *testing.T) {
	t.Run("a wrong password", func(t *testing.T) {
		s := &service{fails: map[string][]error{"sign in mia/secret/123456": {&phone.RefusedError{Words: "Wrong password."}}}}
		h := openApp(t, phone.Android(), s).signsInToTheApp()
		if v := h.sees(phone.ScreenAppWelcome); v.Text != "Wrong password." {
			t.Errorf("the app says %q", v.Text)
		}
		h.signsInToTheApp().closes()
	})
	t.Run("offline", func(t *testing.T) {
		h := openApp(t, phone.Android(), &service{}).signsInToTheApp()
		h.sees(phone.ScreenAppAccount)
		if err := h.Change(func(s *phone.Settings) { s.Network = phone.Offline }); err != nil {
			t.Fatal(err)
		}
		h.taps(phone.ScreenAppAccount, "app-create")
		h.saysOnTheAccount("offline")
	})
	t.Run("a stale proof is renewed on the way", func(t *testing.T) {
		s := &service{fails: map[string][]error{"options": {phone.ErrProveAgain}}}
		h := openApp(t, phone.Android(), s).signsInToTheApp()
		h.taps(phone.ScreenAppAccount, "app-create")
		h.taps(phone.ScreenAppCode, "app-code", "654321")
		h.taps(phone.ScreenVerify, "sensor")
		h.taps(phone.ScreenAppSaved, "ok")
		h.closes()
		if !slices.Contains(s.calls, "prove 654321") {
			t.Errorf("asked %q", s.calls)
		}
	})
	t.Run("a session that is over", func(t *testing.T) {
		s := &service{fails: map[string][]error{"options": {phone.ErrSignInAgain}}}
		h := openApp(t, phone.Android(), s).signsInToTheApp()
		h.taps(phone.ScreenAppAccount, "app-create")
		if v := h.sees(phone.ScreenAppWelcome); v.Text != "Sign in again." {
			t.Errorf("the app says %q", v.Text)
		}
	})
	t.Run("one that there is already", func(t *testing.T) {
		h := openApp(t, phone.Android(), &service{}).signsInToTheApp()
		h.makes(phone.ScreenAppSaved)
		h.service.creates = create("mia")
		h.service.creates.ExcludeList = []ctap2.Descriptor{{ID: h.Passkeys()[0].ID, Type: ctap2.PublicKey}}
		h.taps(phone.ScreenAppAccount, "app-create")
		h.taps(phone.ScreenVerify, "sensor")
		h.taps(phone.ScreenExcluded, "ok")
		h.closes()
		if n := len(h.Passkeys()); n != 1 {
			t.Errorf("%d passkeys", n)
		}
	})
	t.Run("who does not unlock", func(t *testing.T) {
		h := openApp(t, phone.Android(), &service{}).signsInToTheApp()
		h.taps(phone.ScreenAppAccount, "app-create")
		h.taps(phone.ScreenVerify, "verify-cancel")
		h.closes()
		if n := len(h.Passkeys()); n != 0 {
			t.Errorf("%d passkeys", n)
		}
	})
}

// saysOnTheAccount waits until the account's screen says something.
func (h *inHand) saysOnTheAccount(words string) {
	h.Helper()
	v := h.View()
	for v.Screen != phone.ScreenAppAccount || !strings.Contains(v.Text, words) {
		var err error
		if v, err = h.Await(h.Context(), v.Revision); err != nil {
			h.Fatalf("the phone shows %s %q: %v", v.Screen, v.Text, err)
		}
	}
}

func TestAPasskeyIsDeletedInTheApp(t *testing.T) {
	for name, c := range map[string]struct {
		settings phone.Settings
		change   func(*phone.Settings)
		fails    error
		end      phone.Screen
		reported int
	}{
		"the app reports it":               {phone.Android(), func(*phone.Settings) {}, nil, phone.ScreenAppDeleted, 1},
		"offline it cannot":                {phone.Android(), func(s *phone.Settings) { s.Network = phone.Offline }, nil, phone.ScreenAppNotReported, 0},
		"the service refuses":              {phone.Android(), func(*phone.Settings) {}, &phone.RefusedError{Words: "Your last way to sign in."}, phone.ScreenAppNotReported, 1},
		"on iOS it is deleted there alone": {phone.IPhone(), func(*phone.Settings) {}, nil, phone.ScreenAppNotReported, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := &service{fails: map[string][]error{"deleted": {c.fails}}}
			h := openApp(t, c.settings, s).signsInToTheApp()
			h.makes(phone.ScreenAppSaved)
			row := h.sees(phone.ScreenAppAccount).Entries[0].ID
			if err := h.Change(c.change); err != nil {
				t.Fatal(err)
			}
			h.taps(phone.ScreenAppAccount, row)
			h.taps(phone.ScreenAppDelete, "app-keep")
			h.taps(phone.ScreenAppAccount, row)
			id := h.Passkeys()[0].ID
			h.taps(phone.ScreenAppDelete, "app-delete")
			h.taps(c.end, "ok")
			h.closes()
			if len(h.Passkeys()) != 0 || len(s.deleted) != c.reported {
				t.Errorf("%d passkeys, %d reports", len(h.Passkeys()), len(s.deleted))
			}
			if c.reported > 0 && !slices.Equal(s.deleted[0], id) {
				t.Error("another one was reported")
			}
		})
	}
}

func TestAnAppThatIsNotThereIsNotOpened(t *testing.T) {
	s := newStage(t, phone.Android())
	if err := s.OpenApp(t.Context(), larkspur); !errors.Is(err, phone.ErrNoApp) || len(s.Apps()) != 0 {
		t.Errorf("got %v, apps %q", err, s.Apps())
	}
	missing := newStage(t, android(func(s *phone.Settings) { s.Find(larkspur).Missing = true }), func(w *phone.World) {
		w.Service = func(string) phone.Service { return &service{} }
	})
	if slices.Contains(missing.Apps(), larkspur) {
		t.Error("an app that is not installed is there")
	}
}

func TestAnAppIsSwipedAway(t *testing.T) {
	h := openApp(t, phone.Android(), &service{}).signsInToTheApp()
	h.taps(phone.ScreenAppAccount, "app-create")
	h.sees(phone.ScreenVerify)
	h.Interrupt(phone.AppKilled)
	if err := <-h.done; !errors.Is(err, phone.ErrKilled) || len(h.Passkeys()) != 0 {
		t.Errorf("got %v, %d passkeys", err, len(h.Passkeys()))
	}
	go func() { h.done <- h.OpenApp(t.Context(), larkspur) }()
	h.sees(phone.ScreenAppAccount) // who was signed in still is
	if err := h.OpenApp(t.Context(), larkspur); !errors.Is(err, phone.ErrBusy) {
		t.Errorf("a second time: %v", err)
	}
	h.closes()
}

// Somebody agreeable does nothing in an app by herself, but answers what the phone asks; a script says the rest.
func TestAPersonUsesAnAppByHerScript(t *testing.T) {
	s := &service{}
	h := openApp(t, phone.Android(), s)
	script := phone.Script{
		{At: string(phone.ScreenAppWelcome), Do: phone.TapOn, Text: "Add work account"},
		{At: string(phone.ScreenAppUser), Do: phone.Type, Text: "mia"}, {At: string(phone.ScreenAppPassword), Do: phone.Type, Text: "secret"},
		{At: string(phone.ScreenAppCode), Do: phone.Type, Text: "123456"}, {At: string(phone.ScreenAppAccount), Do: phone.TapOn, Text: "Create a passkey"},
		{At: string(phone.ScreenAppSaved), Do: phone.TapOn, Text: "OK"}, {At: string(phone.ScreenAppAccount), Do: phone.TapOn, Text: "Close"},
	}
	err := phone.Person{Script: script}.With(t.Context(), h.Phone, func(context.Context) error { return <-h.done })
	if err != nil || len(h.Passkeys()) != 1 {
		t.Errorf("got %v, %d passkeys", err, len(h.Passkeys()))
	}
}
