package main

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/rp"
)

// tap posts what a form of the phone's page sends.
func (h *inHand) tap(where string, fields ...string) {
	h.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	response, err := http.PostForm(h.url+where, form)
	h.do(err)
	h.do(response.Body.Close())
	if response.StatusCode != http.StatusOK {
		h.Fatalf("%s with %v: %s", where, form, response.Status)
	}
}

// TestThePhonesAppMakesAPasskeyBesideTheRelyingParty is the two terminals of the README: the relying party in one, and in the other
// a phone whose app signs in there and makes a passkey, without any browser.
func TestThePhonesAppMakesAPasskeyBesideTheRelyingParty(t *testing.T) {
	needsBluetooth(t)
	origin, said, failed, stop := served(t, "--temporary")
	if line := "passkeylab phone --rp=" + origin; !strings.Contains(said.String(), line) {
		t.Errorf("the relying party does not say %q:\n%s", line, said)
	}
	h := holdPhone(t, "--rp="+origin)
	h.says("Larkspur ID (Android) signs in to " + origin)

	demo := rp.DemoAccounts()[0]
	h.tap("app", "app", "Larkspur ID (Android)")
	h.shows("app-welcome")
	h.tap("tap", "control", "app-add-account")
	h.shows("app-user")
	h.tap("tap", "control", "app-user", "text", demo.UserName)
	h.shows("app-password")
	h.tap("tap", "control", "app-password", "text", demo.Password)
	h.shows("app-code")
	code, err := totp.GenerateCode(demo.TOTPSecret, time.Now())
	h.do(err)
	h.tap("tap", "control", "app-code", "text", code)
	h.shows("app-account")
	h.tap("tap", "control", "app-create")
	h.shows(page.PhoneVerify)
	h.tap("tap", "control", "sensor")
	h.shows("app-saved")
	h.tap("tap", "control", "ok")
	h.shows("app-account")
	h.tap("tap", "control", "app-close")
	h.says("A passkey for localhost was saved in Larkspur ID (Android).")

	if code := h.stop(); code != exitGood || h.failed.String() != "" {
		t.Errorf("exit code %d, %q", code, h.failed)
	}
	if code := stop(); code != exitGood || failed.String() != "" {
		t.Errorf("the relying party: exit code %d, %q", code, failed)
	}
}

// body is what an address answers with.
func body(t *testing.T, address string) string {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestTheAppIsThereUnlessItIsNotWanted(t *testing.T) {
	for flag, there := range map[string]bool{"--no-app=false": true, "--no-app": false} {
		t.Run(flag, func(t *testing.T) {
			origin, said, _, stop := served(t, "--temporary", flag)
			defer stop()
			links := body(t, origin+"/.well-known/assetlinks.json") + body(t, origin+"/.well-known/apple-app-site-association")
			for where, text := range map[string]string{"Android": "example.larkspur.id", "Apple": "A1B2C3D4E5.example.larkspur.id"} {
				if strings.Contains(links, text) != there {
					t.Errorf("published for %s:\n%s", where, links)
				}
			}
			if strings.Contains(said.String(), "--rp=") != there {
				t.Errorf("the console says:\n%s", said)
			}
			if there {
				return
			}
			var told output
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			code := app{out: &output{}, err: &told}.run(ctx, []string{"phone", "--listen=127.0.0.1:0", "--rp=" + origin})
			if code != exitBad || !strings.Contains(told.String(), "has no app; start passkeylab rp without --no-app") {
				t.Errorf("a phone beside it: exit code %d, %s", code, &told)
			}
		})
	}
}
