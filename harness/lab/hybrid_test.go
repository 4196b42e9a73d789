package lab

import (
	"context"
	"errors"
	"image"
	"io"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"github.com/passkeylab/passkeylab/harness/dialog"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
	"github.com/passkeylab/passkeylab/virtualauth/phone/camera"
)

// TestAPageReachesThePhone makes a passkey through the browser's own dialog, by the code in its pixels, with a key in the TPM
// simulator, and signs in with it.
func TestAPageReachesThePhone(t *testing.T) {
	l := &Lab{options: Options{}.withDefaults(), dir: t.TempDir()}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	stage, err := l.Raise(t.Context(), StageOptions{ID: "reach-01", Hybrid: true})
	defer func() {
		if err := stage.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err != nil {
		t.Fatal(err)
	}
	if err := stage.Reach.Phone.Change(func(s *phone.Settings) { *s = phone.Android() }); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	// A page that makes no request of its own, as the sign-in page does.
	if err := stage.Page.Goto(ctx, stage.Origin+"/help/faq"); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	var started bool
	if err := stage.Page.Evaluate(ctx, `(window.made = navigator.credentials.create({publicKey: {
		rp: {name: "Larkspur"}, user: {id: new Uint8Array(16), name: "mia", displayName: "Mia"}, challenge: new Uint8Array(32),
		pubKeyCredParams: [{type: "public-key", alg: -7}], hints: ["hybrid"],
		authenticatorSelection: {residentKey: "required", userVerification: "required", authenticatorAttachment: "cross-platform"},
	}}), true)`, &started); err != nil {
		t.Fatal(err)
	}
	outcome, err := phone.Person{}.Scan(ctx, stage.Reach.Phone, stage.Reach.Camera())
	if err != nil || outcome.Err != nil {
		t.Fatalf("%+v (%v)", outcome, err)
	}
	var attachment string
	if err := stage.Page.Evaluate(ctx, `window.made.then((c) => c.authenticatorAttachment, (e) => String(e))`, &attachment); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s in %v", attachment, time.Since(began))
	if attachment != CrossPlatform {
		t.Errorf("the page got %q", attachment)
	}
	if held := stage.Reach.Phone.Passkeys(); len(held) != 1 || held[0].Provider != "Google Password Manager" {
		t.Errorf("the phone holds %+v", held)
	}
	if _, err := stage.Reach.Dialog.AwaitState(ctx, dialog.Closed); err != nil {
		t.Error(err)
	}
}

// A window that is drawn late shows the code of a dialog that has been closed; the same dialog's may be read again.
func TestTheCodeOfAClosedDialogIsNotReadAgain(t *testing.T) {
	var read readCodes
	for i, step := range []struct {
		text   string
		closed int
		want   bool
	}{{"FIDO:/1", 0, true}, {"FIDO:/1", 0, true}, {"FIDO:/1", 1, false}, {"FIDO:/2", 1, true}, {"FIDO:/2", 2, false}} {
		if got := read.current(step.text, step.closed); got != step.want {
			t.Errorf("%d: %s after %d dialogs: %v", i, step.text, step.closed, got)
		}
	}
}

// The page before the dialog may have a code of its own, such as that of an app's store, and a window that is drawn late shows it
// still when the phone is held up.
func TestACodeOfThePageIsPassedOver(t *testing.T) {
	showing := func(texts ...string) camera.Source {
		return func(context.Context) (image.Image, error) {
			if len(texts) == 0 {
				return nil, io.EOF
			}
			picture, err := qrcode.NewQRCodeWriter().Encode(texts[0], gozxing.BarcodeFormat_QR_CODE, 200, 200, nil)
			texts = texts[1:]
			return picture, err
		}
	}
	fresh := func(text string) bool { return text != "FIDO:/1" }
	if text, err := firstCode(t.Context(), showing("https://get.example/app", "FIDO:/1", "FIDO:/2"), fresh); text != "FIDO:/2" {
		t.Errorf("%q, %v", text, err)
	}
	var foreign *camera.ForeignError
	if text, err := firstCode(t.Context(), showing("https://get.example/app", "FIDO:/1"), fresh); !errors.As(err, &foreign) || !errors.Is(err, camera.ErrNoCode) {
		t.Errorf("nothing but codes that are not wanted: %q, %v", text, err)
	}
}
