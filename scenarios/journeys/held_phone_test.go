package journeys

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/lab"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

func holdPhone(t *testing.T, camera phone.CameraSource) *besideTheComputer {
	t.Helper()
	it, err := phone.New(phone.Android(), phone.World{Clock: machineClock{}, Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	held, err := hold(it, camera)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := held.close(); err != nil {
			t.Error(err)
		}
	})
	return held
}

// registers makes a passkey as the phone's own browser would, and returns its id.
func registers(t *testing.T, held *besideTheComputer, in provider.Provider, user string) string {
	t.Helper()
	device, err := held.Unattended(in)
	if err != nil {
		t.Fatal(err)
	}
	c := &client.Client{Origin: "https://login.example", Device: device, Attachment: lab.Platform, Transports: in.Model.Transports}
	answer, err := c.Create(t.Context(), fmt.Appendf(nil, `{"rp":{"name":"Larkspur","id":"login.example"},"user":{"id":"AA%s","name":%q,"displayName":"x"},"challenge":"AA",
		"pubKeyCredParams":[{"type":"public-key","alg":-7}],"authenticatorSelection":{"residentKey":"required","userVerification":"required"}}`, user[:2], user))
	if err != nil {
		t.Fatal(err)
	}
	var made struct{ ID string }
	if err := json.Unmarshal(answer, &made); err != nil {
		t.Fatal(err)
	}
	return made.ID
}

// The words of a journey mean the same on a phone with a screen: a provider is there once it is named, saves with nobody to
// ask, and loses a passkey to its owner, who walks through Settings.
func TestAPhoneWithAScreenKeepsWhatItsProvidersSave(t *testing.T) {
	held := holdPhone(t, phone.Text(""))
	app, google := provider.LarkspurIDAndroid(), provider.GooglePasswordManager()
	if n := len(held.phone.Settings().Providers); n != 0 {
		t.Fatalf("a new phone has %d providers", n)
	}
	registers(t, held, google, "mia")
	registers(t, held, app, "mia")
	registers(t, held, app, "otto")
	if first := held.phone.Settings().Providers[0].Name; first != google.Name {
		t.Errorf("the first provider is %s", first)
	}
	inApp, err := held.Held(app)
	if err != nil || len(inApp) != 2 || inApp[0].UserName != "mia" {
		t.Fatalf("the app holds %+v (%v)", inApp, err)
	}
	if err := held.Remove(t.Context(), app, inApp[0].ID); err != nil {
		t.Fatal(err)
	}
	if left, err := held.Held(app); err != nil || len(left) != 1 || left[0].UserName != "otto" {
		t.Errorf("after deleting the app holds %+v (%v)", left, err)
	}
	if left, err := held.Held(google); err != nil || len(left) != 1 {
		t.Errorf("the other provider holds %+v (%v)", left, err)
	}
	if view := held.phone.View(); strings.HasPrefix(string(view.Screen), string(phone.ScreenSettings)) {
		t.Errorf("the phone is left in Settings, at %s", view.Screen)
	}
	if err := held.Remove(t.Context(), app, inApp[0].ID); err == nil {
		t.Error("what is not there was deleted")
	}
}

func TestAPhoneWithAScreenTellsWhatItAsked(t *testing.T) {
	held := holdPhone(t, phone.Text(""))
	app := provider.LarkspurIDAndroid()
	registers(t, held, app, "mia")
	asked := held.Asked(app)
	if len(asked) != 1 || asked[0].Reason != virtualauth.ToCreate || asked[0].RPID != "login.example" || !asked[0].Verify || asked[0].Accounts[0].UserName != "mia" {
		t.Fatalf("asked %+v", asked)
	}
	device, err := held.Unattended(app)
	if err != nil {
		t.Fatal(err)
	}
	c := &client.Client{Origin: "https://login.example", Device: device}
	if _, err := c.Create(t.Context(), []byte(`{"rp":{"name":"Larkspur","id":"login.example"},"user":{"id":"AAmi","name":"mia","displayName":"x"},"challenge":"AA",
		"pubKeyCredParams":[{"type":"public-key","alg":-7}]}`)); err == nil {
		t.Fatal("the app has two passkeys of one account")
	}
	if asked := held.Asked(app); len(asked) != 2 || asked[1].Reason != virtualauth.ToExplainDuplicate {
		t.Errorf("asked %+v", asked)
	}
}

// A scan has ended when the code is read, not when all is done; one that reads nothing says so.
func TestScanningEndsWithTheCode(t *testing.T) {
	blind := errors.New("nothing to see")
	held := holdPhone(t, func(context.Context) (string, error) { return "", blind })
	if err := held.Scan(t.Context()); !errors.Is(err, errUnread) || !errors.Is(err, blind) {
		t.Errorf("a camera that sees nothing: %v", err)
	}
	held = holdPhone(t, phone.Text("FIDO:/0"))
	for range 2 { // the second puts the phone down first
		if err := held.Scan(t.Context()); err != nil {
			t.Error(err)
		}
	}
	held = holdPhone(t, func(ctx context.Context) (string, error) {
		<-ctx.Done()
		return "", ctx.Err()
	})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := held.Scan(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a camera that waits for ever: %v", err)
	}
}

// A person who looks away is asked by the phone and answers when her mood changes.
func TestALookAwayIsWaitedFor(t *testing.T) {
	held := holdPhone(t, phone.Text(""))
	app := provider.LarkspurIDAndroid()
	if err := errors.Join(held.Choose(app), held.Feel(app, lab.Waits)); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- held.agrees(t.Context()) }()
	held.mu.Lock()
	steps := held.moodSteps()
	held.mu.Unlock()
	if len(steps) != 1 || steps[0].Do != phone.Wait {
		t.Errorf("she means to %v", steps)
	}
	select {
	case <-done:
		t.Error("she agreed without being told to")
	default:
	}
	if err := held.Feel(app, lab.Agrees); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := held.Feel(app, lab.Declines); err != nil {
		t.Fatal(err)
	}
	held.mu.Lock()
	defer held.mu.Unlock()
	if steps := held.moodSteps(); len(steps) != 1 || steps[0].Do != phone.GiveUp {
		t.Errorf("she means to %v", steps)
	}
}
