package lab

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/reports"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

// handheld is a phone with the app, and what its person does there.
type handheld struct {
	*testing.T
	*Stage
	phone  *phone.Phone
	script phone.Script
}

func holdApp(t *testing.T, s *Stage, settings phone.Settings) *handheld {
	t.Helper()
	it, err := s.PhoneWithApp(settings)
	if err != nil {
		t.Fatal(err)
	}
	return &handheld{T: t, Stage: s, phone: it}
}

// will adds to what she does: screen, and what she taps or, behind a colon, types.
func (h *handheld) will(screen phone.Screen, what string) *handheld {
	step := phone.Step{At: string(screen), Do: phone.TapOn, Text: what}
	if text, typed := strings.CutPrefix(what, ":"); typed {
		step.Do, step.Text = phone.Type, text
	}
	h.script = append(h.script, step)
	return h
}

func (h *handheld) willSignIn() *handheld {
	h.Helper()
	code, err := h.Code(h.T.Context())
	if err != nil {
		h.Fatal(err)
	}
	return h.will(phone.ScreenAppWelcome, "Add work account").will(phone.ScreenAppUser, ":"+h.Account.UserName).
		will(phone.ScreenAppPassword, ":"+h.Account.Password).will(phone.ScreenAppCode, ":"+code)
}

// opens opens the app, does all of that, and closes it.
func (h *handheld) opens() []Passkey {
	h.Helper()
	h.will(phone.ScreenAppAccount, "Close")
	apps := h.phone.Apps()
	if len(apps) != 1 {
		h.Fatalf("the phone has the apps %q", apps)
	}
	err := phone.Person{Script: h.script}.With(h.T.Context(), h.phone, func(ctx context.Context) error { return h.phone.OpenApp(ctx, apps[0]) })
	if err != nil {
		h.Fatal(err)
	}
	h.script = nil
	stored, err := h.Passkeys(h.T.Context(), h.Account)
	if err != nil {
		h.Fatal(err)
	}
	return stored
}

// said finds that the phone has shown a title.
func (h *handheld) said(title string) {
	h.Helper()
	for _, e := range h.phone.Trace() {
		if e.What == phone.Shown && e.View.Title == title {
			return
		}
	}
	h.Errorf("the phone never said %q", title)
}

// attesting is an Android phone whose app can prove what it is.
func attesting() phone.Settings {
	s := phone.Android()
	app := &s.Providers[1]
	app.Model.Attestation, app.Model.AttestationType = attestation.FormatPacked, attestation.Basic
	return s
}

func raiseFor(t *testing.T, id string, p policy.Policy) *Stage {
	t.Helper()
	l := bare(t)
	t.Cleanup(func() { closes(t, l) })
	s, err := l.Raise(t.Context(), StageOptions{ID: id, NoBrowser: true, Policy: p})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheAppOnAPhoneRegistersByItself(t *testing.T) {
	for name, settings := range map[string]phone.Settings{"Larkspur ID on Android": attesting(), "Larkspur ID on iPhone": phone.IPhone()} {
		t.Run(name, func(t *testing.T) {
			p := policy.Policy{IsAttestationEnforced: settings.OS == phone.AndroidOS}
			h := holdApp(t, raiseFor(t, "app-01", p), settings)
			stored := h.willSignIn().will(phone.ScreenAppAccount, "Create a passkey").will(phone.ScreenAppSaved, "OK").opens()
			held := h.phone.Passkeys()
			if len(stored) != 1 || len(held) != 1 || string(stored[0].ID) != string(held[0].ID) || stored[0].Name != name || stored[0].Row.Attested != p.IsAttestationEnforced {
				t.Errorf("stored %+v, held %+v", stored, held)
			}
			var told reports.Result
			h.Trace.Fill(&told)
			if len(told.Ceremonies) != 1 || told.Ceremonies[0].Kind != reports.Registration {
				t.Errorf("traced %+v", told.Ceremonies)
			}
		})
	}
}

// Row 39 of the phone's failures.
func TestAnAppThatCannotProveWhatItIsKeepsNothing(t *testing.T) {
	s := raiseFor(t, "app-39", policy.Policy{IsAttestationEnforced: true})
	settings := attesting()
	settings.Providers[1].Unattested = true
	h := holdApp(t, s, settings)
	stored := h.willSignIn().will(phone.ScreenAppAccount, "Create a passkey").will(phone.ScreenAppFailed, "OK").opens()
	h.said("Try again later")
	if len(stored) != 0 || len(h.phone.Passkeys()) != 0 {
		t.Errorf("%d are stored, %d kept", len(stored), len(h.phone.Passkeys()))
	}
	tries, err := s.RP.AuditEvents(t.Context(), s.Account.ID)
	if err != nil || tries[len(tries)-1].Code != rp.CodeAttestationRequired {
		t.Errorf("audit: %+v, %v", tries, err)
	}
	if err := h.phone.Change(func(s *phone.Settings) { s.Providers[1].Unattested = false }); err != nil { // it is up again
		t.Fatal(err)
	}
	if stored := h.will(phone.ScreenAppAccount, "Create a passkey").will(phone.ScreenAppSaved, "OK").opens(); len(stored) != 1 {
		t.Errorf("later %d are stored", len(stored))
	}
}

func TestWhatIsDeletedInTheAppGoesUnlessItIsOffline(t *testing.T) {
	h := holdApp(t, raiseFor(t, "app-del", policy.Policy{}), phone.Android())
	h.willSignIn().will(phone.ScreenAppAccount, "Create a passkey").will(phone.ScreenAppSaved, "OK").opens()
	if err := h.phone.Change(func(s *phone.Settings) { s.Network = phone.Offline }); err != nil {
		t.Fatal(err)
	}
	h.will(phone.ScreenAppAccount, "mia").will(phone.ScreenAppDelete, "Delete").will(phone.ScreenAppNotReported, "OK")
	if stored := h.opens(); len(stored) != 1 || len(h.phone.Passkeys()) != 0 {
		t.Errorf("offline: %d stored, %d held", len(stored), len(h.phone.Passkeys()))
	}
	if err := h.phone.Change(func(s *phone.Settings) { s.Network = phone.Online }); err != nil {
		t.Fatal(err)
	}
	h.will(phone.ScreenAppAccount, "Create a passkey").will(phone.ScreenAppSaved, "OK").opens()
	h.will(phone.ScreenAppAccount, "mia").will(phone.ScreenAppDelete, "Delete").will(phone.ScreenAppDeleted, "OK")
	if stored := h.opens(); len(stored) != 1 || len(h.phone.Passkeys()) != 0 { // the one of before
		t.Errorf("online: %d stored, %d held", len(stored), len(h.phone.Passkeys()))
	}
}

func TestTheAppSaysWhyItIsRefused(t *testing.T) {
	s := raiseFor(t, "app-no", policy.Policy{})
	service := s.services()("Larkspur ID (Android)")
	if s.services()("Google Password Manager") != nil {
		t.Error("another provider has the app")
	}
	_, err := service.SignIn(t.Context(), phone.Login{UserName: "mia", Password: "wrong", Code: "000000"})
	var refused *phone.RefusedError
	if !errors.As(err, &refused) || refused.Code != string(rp.CodeWrongCredentials) || refused.Words == "." {
		t.Errorf("a wrong password: %v", err)
	}
	if err := service.Create(t.Context(), phone.Creation{}); !errors.Is(err, phone.ErrSignInAgain) {
		t.Errorf("without a session: %v", err)
	}
}
