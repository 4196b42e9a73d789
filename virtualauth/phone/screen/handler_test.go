package screen

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

func TestAPersonWithoutScriptSavesAPasskeyAndDeletesIt(t *testing.T) {
	settings := phone.Android()
	settings.Version, settings.Biometrics = 14, phone.NotEnrolled
	s := serve(t, settings)
	s.shows(s.get("/"), phone.ScreenHome)
	done := s.asks()
	s.await(phone.ScreenSheet)
	page := s.get("/ada/")
	s.shows(page, phone.ScreenSheet)
	if !strings.Contains(page.body, "Create a passkey for larkspur.example?") || !strings.Contains(page.body, "No passkeys") {
		t.Errorf("the sheet says something else:\n%s", page.body)
	}
	s.tap("sheet-continue")
	s.await(phone.ScreenPIN)
	s.post("/ada/tap", url.Values{"control": {"pin"}, "text": {"0000"}})
	s.await(phone.ScreenPIN)
	if page := s.get("/ada/"); !strings.Contains(page.body, "Wrong PIN") {
		t.Errorf("a wrong PIN goes through:\n%s", page.body)
	}
	s.post("/ada/tap", url.Values{"control": {"pin"}, "text": {phone.DefaultPIN}})
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	s.await(phone.ScreenSaved)
	s.shows(s.get("/ada/"), phone.ScreenSaved)
	s.shows(s.tap("ok"), phone.ScreenHome)
	if held := s.phone.Passkeys(); len(held) != 1 {
		t.Fatalf("the phone holds %d passkeys", len(held))
	}
	s.shows(s.post("/ada/settings", nil), phone.ScreenSettings)
	s.shows(s.tap("settings-passwords"), phone.ScreenSettingsPasswords)
	page = s.tap("passkeys-google-password-manager")
	s.shows(page, phone.ScreenSettingsPasskeys)
	s.shows(s.tap(regexp.MustCompile(`data-control="(delete-[0-9a-f]+)"`).FindStringSubmatch(page.body)[1]), phone.ScreenSettingsDelete)
	s.shows(s.tap("delete"), phone.ScreenSettingsPasskeys)
	if held := s.phone.Passkeys(); len(held) != 0 {
		t.Errorf("the phone still holds %d passkeys", len(held))
	}
}

func TestAScriptGetsTheViewForItsTap(t *testing.T) {
	s := serve(t, phone.Android())
	a := s.script("/ada/settings", nil)
	if !json.Valid([]byte(a.body)) || a.status != http.StatusOK || !strings.Contains(a.body, `"screen":"settings"`) || a.path != "/ada/settings" {
		t.Errorf("%d %s", a.status, a.body)
	}
	a = s.script("/ada/tap", url.Values{"control": {"nowhere"}})
	if a.status != http.StatusConflict || a.body != `{"error":"The phone shows something else by now."}` {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := s.tap("nowhere"); a.status != http.StatusConflict || !strings.Contains(a.body, "The phone shows something else by now.") || !strings.Contains(a.body, `data-screen="settings"`) {
		t.Errorf("a person is told %d %s", a.status, a.body)
	}
}

func TestAViewIsWaitedFor(t *testing.T) {
	s := serve(t, phone.Android())
	before := s.phone.View()
	got := make(chan answer, 1)
	go func() { got <- s.get(fmt.Sprintf("/ada/view?after=%d", before.Revision)) }()
	s.phone.OpenSettings()
	if a := <-got; a.status != http.StatusOK || !strings.Contains(a.body, `"screen":"settings"`) || a.header.Get("Content-Type") != "application/json" {
		t.Errorf("%+v", a)
	}
	if a := s.get("/ada/view?after=x"); a.status != http.StatusBadRequest {
		t.Errorf("%+v", a)
	}
	go func() { got <- s.get("/ada/view?after=1000000") }()
	_ = s.handler.Close()
	if a := <-got; a.status != http.StatusOK {
		t.Errorf("after Close: %+v", a)
	}
}

func TestTheCameraReadsWhatIsHeldBeforeIt(t *testing.T) {
	noCode := errors.New("no code in it")
	decode := func(o *Options) {
		o.Decode = func(r io.ReadSeeker) (string, error) {
			content, err := io.ReadAll(r)
			if text, is := strings.CutPrefix(string(content), "picture of "); is {
				return text, err
			}
			return "", noCode
		}
	}
	s := serve(t, phone.Android(), decode)
	if a := s.picture([]byte("of a cat")); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, "The camera cannot use this picture: no code in it.") {
		t.Errorf("%d %s", a.status, a.body)
	}
	s.shows(s.post("/ada/camera", nil), phone.ScreenCamera)
	s.picture([]byte("picture of FIDO:/12"))
	s.await(phone.ScreenChip)
	if a := s.get("/ada/"); !strings.Contains(a.body, "FIDO:/12") {
		t.Errorf("the page does not show what the camera read:\n%s", a.body)
	}
	if a := s.post("/ada/camera", url.Values{"code": {"FIDO:/13"}}); a.status != http.StatusConflict || !strings.Contains(a.body, "The phone is busy") {
		t.Errorf("%d %s", a.status, a.body)
	}
	s.tap("chip")
	if v := s.await(phone.ScreenError); v.Error != phone.BadQR {
		t.Errorf("%+v", v)
	}
	s.tap("ok")
	s.post("/ada/camera", url.Values{"code": {"FIDO:/14"}})
	s.await(phone.ScreenChip)
	s.tap("camera-close")
	s.await(phone.ScreenHome)
	s.picture(nil)
	s.await(phone.ScreenCamera)
}

func TestTheCameraLooksByItself(t *testing.T) {
	looks := make(chan seen)
	s := serve(t, phone.Android(), func(o *Options) {
		o.Phones[0].Sight = "the browser's window"
		o.Phones[0].Look = func(ctx context.Context) (string, error) {
			select {
			case s := <-looks:
				return s.text, s.err
			case <-ctx.Done():
				return "", ctx.Err()
			}
		}
		o.Phones[0].Picture = func(context.Context) ([]byte, error) { return []byte("jpeg"), nil }
	})
	if a := s.post("/ada/camera", nil); !strings.Contains(a.body, "/ada/picture?") || !strings.Contains(a.body, "the browser&#39;s window") {
		t.Errorf("%s", a.body)
	}
	if a := s.get("/ada/picture"); a.body != "jpeg" || a.header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("%+v", a)
	}
	looks <- seen{err: errors.New("several codes in the picture")}
	s.await(phone.ScreenHome)
	if a := s.get("/ada/"); !strings.Contains(a.body, "several codes in the picture") {
		t.Errorf("nobody learns why the camera closed:\n%s", a.body)
	}
	s.post("/ada/camera", nil)
	s.await(phone.ScreenCamera)
	looks <- seen{text: "FIDO:/12"}
	s.await(phone.ScreenChip)
	s.tap("camera-close")
	s.await(phone.ScreenHome)
	s.post("/ada/camera", nil)
	s.await(phone.ScreenCamera)
	s.tap("camera-close")
	s.await(phone.ScreenHome)
}

func TestThingsHappen(t *testing.T) {
	s := serve(t, phone.Android())
	s.shows(s.post("/ada/happen", url.Values{"what": {"call"}}), phone.ScreenCall)
	s.shows(s.tap("call-end"), phone.ScreenHome)
	s.shows(s.post("/ada/happen", url.Values{"what": {"off"}}), phone.ScreenOff)
	s.shows(s.post("/ada/happen", url.Values{"what": {"die"}}), phone.ScreenDead)
	s.shows(s.post("/ada/happen", url.Values{"what": {"kill"}}), phone.ScreenHome)
	if a := s.post("/ada/happen", url.Values{"what": {"rain"}}); a.status != http.StatusBadRequest || !strings.Contains(a.body, "there are call, off, kill, die") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestStrangersAreTurnedAway(t *testing.T) {
	s := serve(t, phone.Android(), func(o *Options) { o.Hosts = []string{"lab.example"} })
	for host, want := range map[string]int{
		"localhost:1234": 200, "ada.localhost": 200, "127.0.0.1:80": 200, "[::1]:80": 200, "lab.example:8080": 200, "LAB.example": 200,
		"rebound.example": 403, "10.0.0.1": 403, "notlocalhost": 403, "localhost.evil.example": 403,
	} {
		r := s.request(http.MethodGet, "/ada/", nil)
		r.Host = host
		if a := s.do(r); a.status != want {
			t.Errorf("%s: %d, want %d", host, a.status, want)
		}
	}
	for _, header := range [][2]string{{"Origin", "https://evil.example"}, {"Sec-Fetch-Site", "cross-site"}} {
		r := s.request(http.MethodPost, "/ada/settings", nil)
		r.Header.Set(header[0], header[1])
		if a := s.do(r); a.status != http.StatusForbidden {
			t.Errorf("%v: %d", header, a.status)
		}
	}
	if v := s.phone.View(); v.Screen != phone.ScreenHome {
		t.Errorf("another site opened %s", v.Screen)
	}
}

func TestWhatIsTooLargeOrNoFormIsRefused(t *testing.T) {
	s := serve(t, phone.Android())
	if a := s.picture(make([]byte, maxBody+1)); a.status != http.StatusRequestEntityTooLarge || !strings.Contains(a.body, "16 MB") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := s.picture([]byte("cat")); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, "takes no pictures") {
		t.Errorf("%d %s", a.status, a.body)
	}
	r := s.request(http.MethodPost, "/ada/tap", strings.NewReader("%zz"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if a := s.do(r); a.status != http.StatusBadRequest {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := s.get("/ada/picture"); a.status != http.StatusNotFound {
		t.Errorf("%d", a.status)
	}
}

func TestPagesLoadNothingFromElsewhere(t *testing.T) {
	s := serve(t, phone.Android())
	a := s.get("/ada/")
	if csp := a.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("policy %q", csp)
	}
	if a.header.Get("Cache-Control") != "no-store" {
		t.Error("the page may be cached")
	}
	links := regexp.MustCompile(`(?:src|href|action)="([^"#]+)"`).FindAllStringSubmatch(a.body, -1)
	if len(links) < 5 {
		t.Fatalf("only %d links", len(links))
	}
	for _, link := range links {
		if !strings.HasPrefix(link[1], "/") || strings.HasPrefix(link[1], "//") {
			t.Errorf("the page points to %s", link[1])
		}
		if strings.HasPrefix(link[1], "/static/") {
			if file := s.get(link[1]); file.status != http.StatusOK || file.header.Get("Content-Type") == "" || !strings.Contains(file.header.Get("Cache-Control"), "immutable") {
				t.Errorf("%s: %d", link[1], file.status)
			}
		}
	}
	if strings.Contains(a.body, "style=") || strings.Contains(a.body, "onclick") || strings.Contains(a.body, "<style") {
		t.Error("the page has code of its own, which its policy refuses")
	}
	if a := s.get("/static/none.js"); a.status != http.StatusNotFound {
		t.Errorf("%d", a.status)
	}
}

func TestSeveralPhonesAreListed(t *testing.T) {
	mia := phone.IPhone()
	mia.Name = "Mia's <phone>"
	s := serve(t, phone.Android(), func(o *Options) { o.Phones = append(o.Phones, Handset{ID: "mia", Phone: newPhone(t, mia)}) })
	a := s.get("/")
	for _, want := range []string{`href="/ada/"`, `href="/mia/"`, "Mia&#39;s &lt;phone&gt;", "iOS"} {
		if !strings.Contains(a.body, want) {
			t.Errorf("the list lacks %s:\n%s", want, a.body)
		}
	}
	if a := s.get("/mia/"); !strings.Contains(a.body, `data-skin="ios"`) {
		t.Errorf("%s", a.body)
	}
}

func TestOptionsThatCannotBe(t *testing.T) {
	p := newPhone(t, phone.Android())
	for field, o := range map[string]Options{
		"Phones":          {},
		"Phones[0].Phone": {Phones: []Handset{{ID: "a"}}},
		"Phones[0].ID":    {Phones: []Handset{{ID: "A b", Phone: p}}},
		"Phones[1].ID":    {Phones: []Handset{{ID: "a", Phone: p}, {ID: "a", Phone: p}}},
	} {
		_, err := New(o)
		var wrong *OptionError
		if !errors.As(err, &wrong) || wrong.Option != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, err := New(Options{Phones: []Handset{{ID: "static", Phone: p}}}); err == nil {
		t.Error("a phone may hide the files")
	}
}
