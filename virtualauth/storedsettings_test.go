package virtualauth_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

var (
	errBroken    = errors.New("errBroken")
	anyCeremony  = wanted{permissions: pinuv.MC, rpID: rpID}
	configurable = virtualauth.Model{
		PIN:    virtualauth.PINModel{Supported: true},
		Config: virtualauth.ConfigModel{ToggleAlwaysUV: true, SetMinPINLength: true}, CredentialManagement: true, PersistentTokens: true,
	}
)

// locker is a durable stage with a PIN, and its platform.
func locker(t *testing.T) (*durable, *shelf, *platform) {
	t.Helper()
	store := &shelf{values: map[string][]byte{}}
	d := newDurable(t, configurable, store)
	p := d.platform(pinuv.Two)
	if err := p.setPIN(thePIN); err != nil {
		t.Fatal(err)
	}
	d.restart()
	return d, store, p
}

func TestSettingsSurviveARestart(t *testing.T) {
	d, _, p := locker(t)
	_, err := p.tokenByPIN("0000", anyCeremony)
	d.expect("a wrong PIN", err, ctap2.PINInvalid)
	d.restart()
	if left, _ := p.retries(); left != 7 {
		t.Errorf("%d retries after a restart, want 7", left)
	}
	if err := p.changePIN(thePIN, "0815"); err != nil {
		t.Fatal(err)
	}
	token := p.must(p.tokenByPIN("0815", wanted{permissions: pinuv.ACFG}))
	if err := p.config(token, ctap2.ToggleAlwaysUV, nil); err != nil {
		t.Fatal(err)
	}
	d.restart()
	if always, told := d.info().Options["alwaysUv"]; !told || !always {
		t.Errorf("options after a restart: %v", d.info().Options)
	}
	_, err = p.tokenByPIN(thePIN, anyCeremony)
	d.expect("the old PIN", err, ctap2.PINInvalid)
	p.must(p.tokenByPIN("0815", anyCeremony))
	if err := ctap2.Reset(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	d.restart()
	if set := d.info().Options["clientPin"]; set {
		t.Error("the PIN has survived a reset")
	}
}

// A store that fails is a power cut just before the retry is durable: the PIN must not have been looked at.
func TestARetryIsDurableBeforeThePINIsChecked(t *testing.T) {
	for _, pin := range []string{thePIN, "0000"} {
		d, store, p := locker(t)
		p.agree() // makes the key agreement key
		store.failing = errBroken
		if _, err := p.tokenByPIN(pin, anyCeremony); !errors.Is(err, errBroken) {
			t.Errorf("%s: got %v, want the store's own error", pin, err)
		}
		store.failing = nil
		d.restart()
		if left, _ := p.retries(); left != 8 {
			t.Errorf("%s: %d retries, want 8: nothing was checked", pin, left)
		}
	}
	d, store, p := locker(t)
	d.world.Store = &cut{Store: store, after: 2} // opening it, and counting the try
	d.restart()
	if _, err := p.tokenByPIN(thePIN, anyCeremony); !errors.Is(err, errBroken) {
		t.Errorf("a power cut behind the first save: %v", err)
	}
	d.world.Store = store
	d.restart()
	if left, _ := p.retries(); left != 7 {
		t.Errorf("%d retries after a power cut in the middle of a check, want 7", left)
	}
}

// cut is a Store that fails after some saves.
type cut struct {
	virtualauth.Store
	after int
}

func (c *cut) Save(ctx context.Context, changes map[string][]byte) error {
	if c.after == 0 {
		return errBroken
	}
	c.after--
	return c.Store.Save(ctx, changes)
}

// What could not be made durable has not happened.
func TestSettingsThatAreNotStoredAreUndone(t *testing.T) {
	d, store, p := locker(t)
	p.agree()
	store.failing = errBroken
	if err := ctap2.Reset(t.Context(), d); !errors.Is(err, errBroken) {
		t.Errorf("reset: %v", err)
	}
	store.failing = nil
	if set := d.info().Options["clientPin"]; !set {
		t.Error("a reset that was not stored has forgotten the PIN")
	}
	power := &cut{Store: store, after: 2} // opening it, and checking the old PIN
	d.world.Store = power
	d.restart()
	if err := p.changePIN(thePIN, "0815"); !errors.Is(err, errBroken) {
		t.Errorf("change: %v", err)
	}
	power.after = 9
	p.must(p.tokenByPIN(thePIN, anyCeremony))
	d.world.Store = store
	d.restart()
	p.must(p.tokenByPIN(thePIN, anyCeremony))
}

// The state that encCredStoreState hides must not come back to an earlier value while the credentials are others.
func TestChangesOfCredentialsAreCountedOn(t *testing.T) {
	d, store, _ := locker(t)
	values := func() []byte { return bytes.Clone(store.values["settings"]) }
	seen := [][]byte{values()}
	for _, user := range []string{"ada", "bea"} {
		d.register(user)
		d.restart()
		for _, earlier := range seen {
			if bytes.Equal(earlier, values()) {
				t.Errorf("after %s: the count is what it was before", user)
			}
		}
		seen = append(seen, values())
	}
}

func TestBlobsAndFingersSurviveARestart(t *testing.T) {
	model := configurable
	model.Fingerprints, model.LargeBlobs = 3, 2048
	store := &shelf{values: map[string][]byte{}}
	d := newDurable(t, model, store)
	d.enrolFinger(d.token(pinuv.BE, ""), "index")
	array := arrayOf(100)
	_, err := d.blobs(fragment(d.token(pinuv.LBW, ""), array, 0, new(uint(len(array)))))
	d.must("write the large blobs", err)
	d.restart()
	if fingers := d.Fingers(); len(fingers) != 1 || fingers[0].Name != "index" {
		t.Errorf("fingers after a restart: %+v", fingers)
	}
	if got := d.array(); !bytes.Equal(got, array) {
		t.Errorf("large blobs after a restart: %x", got)
	}
	longer := fragment(d.token(pinuv.LBW, ""), arrayOf(200), 0, new(uint(200)))
	store.failing = errBroken
	if _, err := d.blobs(longer); !errors.Is(err, errBroken) {
		t.Errorf("a write that cannot be stored: %v", err)
	}
	store.failing = nil
	if got := d.array(); !bytes.Equal(got, array) {
		t.Errorf("large blobs after a write that could not be stored: %x", got)
	}
}

func TestLostSettingsAreNamed(t *testing.T) {
	for name, damage := range map[string]func(*shelf){
		"gone":            func(s *shelf) { delete(s.values, "settings") },
		"junk":            func(s *shelf) { s.values["settings"] = []byte("junk") },
		"a later version": func(s *shelf) { s.values["settings"][2] = 2 },
	} {
		t.Run(name, func(t *testing.T) {
			d, store, p := locker(t)
			_, err := p.create(p.must(p.tokenByPIN(thePIN, anyCeremony)), "ada")
			if err != nil {
				t.Fatal(err)
			}
			damage(store)
			a, err := virtualauth.Open(t.Context(), d.model, d.world)
			var failed *virtualauth.OpenError
			if !errors.As(err, &failed) || !errors.Is(err, virtualauth.ErrUnreadable) || failed.Lost[0].Name != "settings" || len(failed.Lost) != 1 {
				t.Fatalf("got %v", err)
			}
			if len(a.Credentials()) != 1 {
				t.Error("the credential is lost as well")
			}
			d.restart() // without an error: they are those of a new device now
			if set := d.info().Options["clientPin"]; set {
				t.Error("a PIN is set that nobody knows")
			}
		})
	}
}

// Whoever cuts the power while the user is asked has used up an attempt at built-in verification; success gives it back, and so
// does whoever made none.
func TestAnAttemptAtBuiltInVerificationIsDurableBeforeThePrompt(t *testing.T) {
	for name, c := range map[string]struct {
		consent virtualauth.Consent
		after   uint
	}{"the right finger": {agrees, 5}, "a wrong finger": {onlyTouches, 4}, "late": {isLate, 5}, "declined": {refuses, 5}, "away": {isAway, 5}} {
		d, store, p := locker(t)
		var cut *shelf
		d.person.consent = c.consent
		d.person.meanwhile = func() { cut = &shelf{values: maps.Clone(store.values)} }
		_, _ = p.tokenByUV(anyCeremony)
		if got := newDurable(t, configurable, cut).platform(pinuv.Two).uvRetries(); got != 4 {
			t.Errorf("%s: %d attempts left after a cut during the prompt, want 4", name, got)
		}
		d.restart()
		if got := p.uvRetries(); got != c.after {
			t.Errorf("%s: %d attempts left, want %d", name, got, c.after)
		}
	}
}

// A wrong finger counts although the request is taken back; a right one does not, for she has shown who she is.
func TestTakingARequestBackWinsNoAttempt(t *testing.T) {
	for _, c := range []struct {
		consent virtualauth.Consent
		left    uint
	}{{onlyTouches, 4}, {agrees, 5}, {isAway, 5}} {
		p := withPIN(t, virtualauth.Model{}, pin)
		ctx, cancel := context.WithCancel(t.Context())
		p.person.consent, p.person.meanwhile = c.consent, cancel
		if _, err := ctap2.MakeCredential(ctx, p, registration("ada")); p.statusOf(err) != ctap2.KeepAliveCancel {
			t.Errorf("%+v: %v", c.consent, err)
		}
		if got := p.uvRetries(); got != c.left {
			t.Errorf("%+v: %d attempts left, want %d", c.consent, got, c.left)
		}
	}
}

// A store that fails before the prompt asks nobody.
func TestNobodyIsAskedForAnAttemptThatCannotBeKept(t *testing.T) {
	d, store, p := locker(t)
	p.agree()
	d.person.Reasons()
	store.failing = errBroken
	if _, err := p.tokenByUV(anyCeremony); !errors.Is(err, errBroken) {
		t.Errorf("got %v, want the store's own error", err)
	}
	if asked := d.person.Reasons(); len(asked) > 0 {
		t.Errorf("asked %q", asked)
	}
}
