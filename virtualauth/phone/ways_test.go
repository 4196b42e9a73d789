package phone_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/hybrid"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// states are those that the latest ceremony came to, in their order.
func (s *stage) states() (all []phone.State) {
	number := s.outcome().Number
	for _, e := range s.Trace() {
		if e.Ceremony == number && (len(all) == 0 || all[len(all)-1] != e.State) {
			all = append(all, e.State)
		}
	}
	return all
}

func TestTheUserIsVerifiedBeforeOrAfterThePhoneConnects(t *testing.T) {
	for before, order := range map[bool][]phone.State{
		true:  {phone.P14, phone.P8, phone.P9, phone.P11, phone.P16},
		false: {phone.P8, phone.P9, phone.P11, phone.P14, phone.P16},
	} {
		l := newLab(t, android(func(s *phone.Settings) { s.UVBeforeConnect = before }))
		if f, _ := l.runs(ceremony{}); f.seen != success {
			t.Fatalf("the browser sees %v: %v", f.seen, f.err)
		}
		came := slices.DeleteFunc(l.states(), func(s phone.State) bool { return !slices.Contains(order, s) })
		if !slices.Equal(came, order) {
			t.Errorf("UVBeforeConnect %v: states %v, not %v", before, came, order)
		}
	}
}

func TestAndroid15MergesSheetAndVerification(t *testing.T) {
	for version, screens := range map[int][]phone.Screen{
		15: {phone.ScreenSheet, phone.ScreenSaved},
		14: {phone.ScreenSheet, phone.ScreenVerify, phone.ScreenSaved},
	} {
		s := newStage(t, android(func(s *phone.Settings) { s.Version = version }))
		if _, err := s.creates(phone.Person{}, create("ada")); err != nil {
			t.Fatal(err)
		}
		shown := slices.Compact(slices.DeleteFunc(s.shown(), func(s phone.Screen) bool { return s == phone.ScreenHome }))
		if !slices.Equal(shown, screens) {
			t.Errorf("Android %d shows %v, not %v", version, shown, screens)
		}
	}
}

func TestAPersonChoosesAmongHerAccounts(t *testing.T) {
	s := newStage(t, android(nil))
	for _, account := range []string{"ada", "grace"} {
		if _, err := s.creates(phone.Person{}, create(account)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.creates(phone.Person{Provider: larkspur}, create("linus")); err != nil {
		t.Fatal(err)
	}
	for _, account := range []string{"ada", "grace", "linus"} {
		answer, err := s.signsIn(phone.Person{Account: account}, get())
		if err != nil {
			t.Fatal(err)
		}
		if i := slices.IndexFunc(s.Passkeys(), func(k phone.Passkey) bool { return slices.Equal(k.ID, answer.Credential.ID) }); i < 0 || s.Passkeys()[i].UserName != account {
			t.Errorf("%s signed in as somebody else", account)
		}
	}
}

func TestTheWorkProfileHasItsOwnPasskeys(t *testing.T) {
	s := newStage(t, android(withWork))
	if _, err := s.creates(phone.Person{Provider: larkspur}, create("ada")); err != nil {
		t.Fatal(err)
	}
	if err := s.Change(func(s *phone.Settings) { s.Profile = phone.Work }); err != nil {
		t.Fatal(err)
	}
	if _, err := s.signsIn(phone.Person{}, get()); !errors.Is(err, ctap2.NoCredentials) {
		t.Errorf("a sign-in from the work profile: %v", err)
	}
	if _, err := s.creates(phone.Person{}, create("ada")); err != nil || s.outcome().SavedIn != larkspur+" (work)" {
		t.Errorf("saved in %q: %v", s.outcome().SavedIn, err)
	}
}

// Row 5 of the table: the browser on the phone knows no other provider.
func TestABrowserOnThePhoneMayIgnoreOtherProviders(t *testing.T) {
	s := newStage(t, android(func(s *phone.Settings) { s.BrowserIgnoresProviders, s.Preferred = true, larkspur }))
	if _, err := s.creates(phone.Person{Provider: larkspur}, create("ada")); err != nil || s.outcome().SavedIn != google {
		t.Errorf("saved in %q: %v", s.outcome().SavedIn, err)
	}
}

func TestABrowserOnTheComputerKnowsAllProviders(t *testing.T) {
	l := newLab(t, android(func(s *phone.Settings) { s.BrowserIgnoresProviders = true }))
	if _, o := l.runs(wants(larkspur)); o.SavedIn != larkspur {
		t.Errorf("saved in %q", o.SavedIn)
	}
}

func TestAProviderFromMoreOptionsMayBecomeTheDefault(t *testing.T) {
	for answer, preferred := range map[string]string{"use-once": "", "set-default": larkspur} {
		s := newStage(t, android(nil))
		if _, err := s.creates(scripted(larkspur, "at confirm-provider: tap "+answer), create("ada")); err != nil {
			t.Fatal(err)
		}
		if got := s.Settings().Preferred; s.outcome().SavedIn != larkspur || got != preferred {
			t.Errorf("%s: saved in %q, preferred %q", answer, s.outcome().SavedIn, got)
		}
	}
}

func TestTheRightPINOpensLockedBiometrics(t *testing.T) {
	s := newStage(t, android(func(s *phone.Settings) { s.Biometrics = phone.LockedOut }))
	if _, err := s.creates(phone.Person{}, create("ada")); err != nil || s.Settings().Biometrics != phone.Enrolled {
		t.Errorf("biometrics %v: %v", s.Settings().Biometrics, err)
	}
}

func TestAComputerThatListensLateHearsThePhone(t *testing.T) {
	l := newLab(t, android(nil))
	offer, err := l.desktop.Invite()
	if err != nil {
		t.Fatal(err)
	}
	scanned := make(chan phone.Outcome, 1)
	go func() {
		o, _ := phone.Person{}.Scan(t.Context(), l.Phone, phone.Text(offer.QR.String()))
		scanned <- o
	}()
	l.clock.Timers(t.Context(), 2) // its limit at P8, and the pause after the first advert, which is lost
	go func() {
		_ = l.air.Await(t.Context(), 1)
		l.clock.Move(2 * time.Second)
	}()
	if f := l.browses(t.Context(), offer, nil); f.seen != success {
		t.Errorf("the browser sees %v: %v", f.seen, f.err)
	}
	if o := <-scanned; o.SavedIn != google {
		t.Errorf("%+v", o)
	}
}

// Row 10 of the table.
func TestACodeThatIsTooOldIsRefusedAndANewOneWorks(t *testing.T) {
	l := newLab(t, android(nil))
	old := ""
	if f, o := l.runs(ceremony{text: func(code string) string {
		old = code
		l.clock.Move(phone.DefaultQRLife + time.Second)
		return code
	}}); f.seen != timedOut || o.Class != phone.BadQR || !errors.Is(o.Err, phone.ErrExpired) {
		t.Errorf("an old code: %v, %v", f.seen, o.Err)
	}
	if f, _ := l.runs(ceremony{text: func(code string) string {
		if code == old {
			t.Error("the computer shows the same code again")
		}
		return code
	}}); f.seen != success {
		t.Errorf("a new code: %v", f.err)
	}
}

// Row 40 of the table.
func TestARememberedComputerFallsBackToTheCodeWhenItIsForgotten(t *testing.T) {
	l := newLab(t, android(nil))
	l.desktop.Linking = true
	linked := l.links(t)
	if l.Computers() != 1 {
		t.Fatalf("the phone remembers %d computers", l.Computers())
	}
	if err := l.calls(t, linked); err != nil {
		t.Fatalf("without a code: %v", err)
	}
	if err := l.ForgetComputers(t.Context()); err != nil || l.Computers() != 0 {
		t.Fatalf("forget: %v, %d left", err, l.Computers())
	}
	contact, err := l.desktop.Reconnect(linked)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := contact.Dial(t.Context()); !errors.Is(err, hybrid.ErrGone) {
		t.Errorf("a forgotten computer calls: %v", err)
	}
	l.desktop.Linking = false
	if f, _ := l.runs(ceremony{}); f.seen != success {
		t.Errorf("by a code: %v", f.err)
	}
}

func TestAnIPhoneRemembersNoComputer(t *testing.T) {
	l := newLab(t, phone.IPhone())
	l.desktop.Linking = true
	if f, _ := l.runs(ceremony{person: phone.Person{Remember: true}}); f.seen != success || l.Computers() != 0 {
		t.Errorf("%v, and %d computers", f.seen, l.Computers())
	}
}

// links lets a person allow the computer for good.
func (l *lab) links(t *testing.T) hybrid.Linked {
	t.Helper()
	offer, err := l.desktop.Invite()
	if err != nil {
		t.Fatal(err)
	}
	scanned := make(chan phone.Outcome, 1)
	go func() {
		_ = l.air.Await(t.Context(), 1)
		o, _ := phone.Person{Remember: true}.Scan(t.Context(), l.Phone, phone.Text(offer.QR.String()))
		scanned <- o
	}()
	found, err := offer.Listen(t.Context(), l.air)
	if err != nil {
		t.Fatal(err)
	}
	link, err := found.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	linked, err := link.Linked(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ctap2.MakeCredential(t.Context(), link, create("ada")); err != nil {
		t.Fatal(err)
	}
	_ = link.Close()
	if o := <-scanned; o.SavedIn != google {
		t.Fatalf("%+v", o)
	}
	return linked
}

// calls lets the computer sign in without a code.
func (l *lab) calls(t *testing.T, linked hybrid.Linked) error {
	t.Helper()
	reached := make(chan error, 1)
	if err := l.Change(func(s *phone.Settings) { s.Bluetooth = phone.SwitchedOff }); err != nil {
		return err
	}
	patient := phone.Person{Script: phone.Script{{At: string(phone.ScreenBluetooth), Do: phone.Wait, Until: func(ctx context.Context) error {
		return l.air.Await(ctx, 1) // the advert that nobody listens to yet is lost
	}}}}
	go func() {
		reached <- patient.With(t.Context(), l.Phone, func(ctx context.Context) error {
			o, err := l.AwaitComputer(ctx)
			return errors.Join(err, o.Err)
		})
	}()
	contact, err := l.desktop.Reconnect(linked)
	if err != nil {
		return err
	}
	called, err := contact.Dial(t.Context())
	if err != nil {
		return err
	}
	found, err := called.Listen(t.Context(), l.air)
	if err != nil {
		return err
	}
	link, err := found.Connect(t.Context())
	if err != nil {
		return err
	}
	_, err = ctap2.GetAssertion(t.Context(), link, get())
	_ = link.Close()
	return errors.Join(err, <-reached)
}

func TestSettingsOfThePhoneSwitchProvidersAndDeletePasskeys(t *testing.T) {
	s := newStage(t, android(func(s *phone.Settings) {
		s.Providers = append(s.Providers, phone.Provider{Provider: provider.Bitwarden()})
	}))
	if _, err := s.creates(phone.Person{}, create("ada")); err != nil {
		t.Fatal(err)
	}
	s.OpenSettings()
	s.taps("settings-passwords", "prefer-bitwarden", "switch-google-password-manager")
	if now := s.Settings(); now.Preferred != "Bitwarden" || !now.Find(google).Off {
		t.Errorf("preferred %q, Google off %v", now.Preferred, now.Find(google).Off)
	}
	s.taps("passkeys-google-password-manager")
	v := s.View()
	if len(v.Entries) != 1 || v.Entries[0].Label != "ada" {
		t.Fatalf("passkeys listed: %+v", v.Entries)
	}
	s.taps(v.Entries[0].ID, "keep", v.Entries[0].ID, "delete")
	if left := s.Passkeys(); len(left) != 0 {
		t.Errorf("%d passkeys after deleting", len(left))
	}
	s.taps("settings-back", "settings-back", "settings-back")
	if got := s.View().Screen; got != phone.ScreenHome {
		t.Errorf("after Settings the phone shows %s", got)
	}
}

// taps taps what is there.
func (s *stage) taps(controls ...string) {
	s.Helper()
	for _, c := range controls {
		if err := s.Tap(c); err != nil {
			s.Fatal(err)
		}
	}
}

func TestBluetoothThatComesOnElsewhereIsNoticed(t *testing.T) {
	l := newLab(t, android(func(s *phone.Settings) { s.Bluetooth = phone.SwitchedOff }))
	script := phone.Script{{At: string(phone.ScreenBluetooth), Do: phone.Wait, Until: func(context.Context) error {
		return l.Change(func(s *phone.Settings) { s.Bluetooth = phone.On })
	}}}
	if f, _ := l.runs(ceremony{person: phone.Person{Script: script}}); f.seen != success {
		t.Errorf("the browser sees %v: %v", f.seen, f.err)
	}
}

func TestTapsOnWhatIsNotThereAreRefused(t *testing.T) {
	s := newStage(t, android(nil))
	var missing *phone.TapError
	if err := s.Tap("sheet-continue"); !errors.As(err, &missing) || missing.Screen != phone.ScreenHome {
		t.Errorf("a tap on nothing: %v", err)
	}
}

func TestSettingsThatCannotBeAreRefusedAndChangeNothing(t *testing.T) {
	s := newStage(t, android(nil))
	for field, change := range map[string]func(*phone.Settings){
		"Preferred":         func(s *phone.Settings) { s.Preferred = "Nobody" },
		"Providers[2]":      func(s *phone.Settings) { s.Providers = append(s.Providers, s.Providers[0]) },
		"Providers[0].Name": func(s *phone.Settings) { s.Providers[0].Name = "" },
		"DropAt":            func(s *phone.Settings) { s.DropAt = phone.P3 },
		"BiometricFailures": func(s *phone.Settings) { s.BiometricFailures = -1 },
	} {
		var refused *phone.SettingsError
		if err := s.Change(change); !errors.As(err, &refused) || refused.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if now := s.Settings(); len(now.Providers) != 2 || now.Providers[0].Name != google {
		t.Errorf("the settings changed: %+v", now)
	}
	var lacking *phone.WorldError
	if _, err := phone.New(phone.Android(), phone.World{Rand: seeded(1)}); !errors.As(err, &lacking) || lacking.Missing != "Clock" {
		t.Errorf("without a clock: %v", err)
	}
}

func TestWhatAPhoneCannotDoIsSaidAndRefused(t *testing.T) {
	for name, c := range map[string]struct {
		settings func(*phone.Settings)
		request  []byte
		status   ctap2.Status
		class    phone.ErrorClass
	}{
		"no CBOR":                      {request: []byte{1, 0xff}, status: ctap2.InvalidCBOR, class: phone.BadCBOR},
		"a CBOR that is no request":    {request: []byte{1, 0x01}, status: ctap2.UnexpectedType, class: phone.BadCTAP},
		"nothing":                      {request: []byte{}, status: ctap2.InvalidLength, class: phone.BadCTAP},
		"a command that it lacks":      {request: []byte{7}, status: ctap2.InvalidCommand, class: phone.UnknownCommand},
		"a selection":                  {request: []byte{0x0b}, status: ctap2.OperationDenied, class: phone.SelectionReceived},
		"no list, for software so old": {settings: func(s *phone.Settings) { s.ListedOnly = true }, request: encoded(get()), status: ctap2.UnsupportedOption, class: phone.DiscoverableRequested},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, android(c.settings))
			answer, err := s.Answer(t.Context(), c.request)
			if err != nil || len(answer) != 1 || ctap2.Status(answer[0]) != c.status {
				t.Errorf("answer %x, %v; not %v", answer, err, c.status)
			}
			if o := s.outcome(); o.Class != c.class || o.Last.Error != c.class || o.Last.Text != c.class.Words() {
				t.Errorf("class %d: %v", o.Class, o.Err)
			}
		})
	}
}

func encoded(r *ctap2.GetAssertionRequest) []byte {
	b, err := ctap2.EncodeRequest(ctap2.CommandGetAssertion, r)
	if err != nil {
		panic(err)
	}
	return b
}

func TestThePhoneSaysWhatItIsInTheHandshake(t *testing.T) {
	info, err := ctap2.GetInfo(t.Context(), newStage(t, android(nil)).SameDevice())
	if err != nil {
		t.Fatal(err)
	}
	if !info.Options["uv"] || !info.Options["rk"] || !slices.Equal(info.Transports, []string{"hybrid", "internal"}) {
		t.Errorf("getInfo %+v", info)
	}
}
