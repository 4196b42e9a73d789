package screen

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

// quiet is the service of an app, which agrees to everything.
type quiet struct{ said []string }

func (q *quiet) RPID() string { return "larkspur.example" }
func (q *quiet) SignIn(_ context.Context, l phone.Login) (string, error) {
	q.said = append(q.said, l.UserName, l.Password, l.Code)
	return "Mia", nil
}
func (q *quiet) SignOut(context.Context) error                { return nil }
func (q *quiet) Prove(context.Context, string) error          { return nil }
func (q *quiet) Create(context.Context, phone.Creation) error { return nil }
func (q *quiet) Deleted(context.Context, []byte) error        { return nil }

func TestAPersonWithoutScriptSignsInToAnApp(t *testing.T) {
	q := &quiet{}
	it, err := phone.New(phone.Android(), phone.World{Clock: still{}, Rand: rand.NewChaCha8([32]byte{1}), Service: func(key string) phone.Service {
		if key == "Larkspur ID (Android)" {
			return q
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, phone.Android(), func(o *Options) { o.Phones[0].Phone = it })
	s.phone = it
	page := s.get("/ada/")
	s.shows(page, phone.ScreenHome)
	if !strings.Contains(page.body, `<bdi>Larkspur ID (Android)</bdi>`) || strings.Contains(page.body, "<bdi>Google Password Manager</bdi>") {
		t.Errorf("the home screen has other apps:\n%s", page.body)
	}
	if a := s.post("/ada/app", url.Values{"app": {"Nothing"}}); a.status != http.StatusNotFound || !strings.Contains(a.body, "There is no such app on this phone.") {
		t.Errorf("an app that is not there: %d", a.status)
	}
	s.shows(s.post("/ada/app", url.Values{"app": {"Larkspur ID (Android)"}}), phone.ScreenAppWelcome)
	if a := s.post("/ada/app", url.Values{"app": {"Larkspur ID (Android)"}}); a.status != http.StatusConflict {
		t.Errorf("twice: %d", a.status)
	}
	s.tap("app-add-account")
	for _, field := range []struct {
		screen            phone.Screen
		control, as, text string
	}{
		{phone.ScreenAppUser, "app-user", "text", "mia"}, {phone.ScreenAppPassword, "app-password", "password", "secret"}, {phone.ScreenAppCode, "app-code", "text", "123456"},
	} {
		s.await(field.screen)
		page := s.get("/ada/")
		if !strings.Contains(page.body, `<input type="`+field.as+`" id="secret"`) || strings.Contains(page.body, "data-key") {
			t.Errorf("%s has another field:\n%s", field.screen, page.body)
		}
		s.post("/ada/tap", url.Values{"control": {field.control}, "text": {field.text}})
	}
	s.await(phone.ScreenAppAccount)
	if got := strings.Join(q.said, " "); got != "mia secret 123456" {
		t.Errorf("the service was told %q", got)
	}
	s.tap("app-close")
	s.await(phone.ScreenHome)
}
