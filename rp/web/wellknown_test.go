package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/rp"
)

// published fetches a document as a program would: without cookies, and without following redirects.
func (s *site) published(path string) any {
	s.t.Helper()
	s.forgetCookies()
	a := s.get(path)
	if a.status != http.StatusOK || a.header.Get("Content-Type") != "application/json" || len(a.header.Values("Set-Cookie")) > 0 {
		s.t.Fatalf("%s: %d %v %s", path, a.status, a.header, a.body)
	}
	if a.header.Get("Cross-Origin-Resource-Policy") != "cross-origin" {
		s.t.Errorf("%s is kept from other origins", path)
	}
	var document any
	if err := json.Unmarshal([]byte(a.body), &document); err != nil {
		s.t.Fatal(err)
	}
	return document
}

func TestWellKnownDocuments(t *testing.T) {
	type object = map[string]any
	type list = []any
	sum := [32]byte{0x0a, 0xff}
	apps := func(_ *rp.Config, face *Config) {
		face.WellKnown = WellKnown{PRFUsage: "/help/faq", Android: []AndroidApp{{"example.larkspur.id", [][32]byte{sum}}}, Apple: []AppleApp{"A1B2C3D4E5.example.larkspur.id"}}
	}
	links := list{object{"relation": list{"delegate_permission/common.get_login_creds", "delegate_permission/common.handle_all_urls"}, "target": object{
		"namespace": "android_app", "package_name": "example.larkspur.id",
		"sha256_cert_fingerprints": list{"0A:FF" + strings.Repeat(":00", 30)},
	}}}
	tests := []struct {
		name, path string
		change     func(*rp.Config, *Config)
		want       any
	}{
		{"passkey endpoints", "/.well-known/passkey-endpoints", nil, object{"enroll": testOrigin + "/security-info/add", "manage": testOrigin + "/security-info"}},
		{"passkey endpoints of a site that encrypts", "/.well-known/passkey-endpoints", apps, object{"enroll": testOrigin + "/security-info/add", "manage": testOrigin + "/security-info", "prfUsageDetails": testOrigin + "/help/faq"}},
		{"related origins", "/.well-known/webauthn", nil, object{"origins": list{testOrigin}}},
		{"asset links of a site without apps", "/.well-known/assetlinks.json", nil, list{}},
		{"asset links", "/.well-known/assetlinks.json", apps, links},
		{"associated domain without apps", "/.well-known/apple-app-site-association", nil, object{"webcredentials": object{"apps": list{}}}},
		{"associated domain", "/.well-known/apple-app-site-association", apps, object{"webcredentials": object{"apps": list{"A1B2C3D4E5.example.larkspur.id"}}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t)
			if test.change != nil {
				s = newSite(t, test.change)
			}
			if got := s.published(test.path); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %v\nwant %v", got, test.want)
			}
		})
	}
}

// RP-15: the addresses work, for a visitor who has to sign in first and for a member.
func TestPasskeyEndpointsLeadSomewhere(t *testing.T) {
	s := newSite(t, func(_ *rp.Config, face *Config) { face.WellKnown.PRFUsage = "/help/faq" })
	endpoints := s.published("/.well-known/passkey-endpoints").(map[string]any)
	if len(endpoints) != 3 {
		t.Errorf("got %v", endpoints)
	}
	s.signIn()
	for name, address := range endpoints {
		u, err := url.Parse(address.(string))
		if err != nil || !strings.HasPrefix(address.(string), testOrigin+"/") {
			t.Fatalf("%s is at %v", name, address)
		}
		if a := s.open(u.Path); a.status != http.StatusOK {
			t.Errorf("%s: %d", name, a.status)
		}
	}
}

func TestWellKnownMistakesAreReported(t *testing.T) {
	sum := [][32]byte{{1}}
	for name, known := range map[string]WellKnown{
		"a page elsewhere":         {PRFUsage: "https://evil.example/"},
		"a package without a dot":  {Android: []AndroidApp{{"larkspur", sum}}},
		"a package with a space":   {Android: []AndroidApp{{"example.larkspur id", sum}}},
		"an app that nobody signs": {Android: []AndroidApp{{"example.larkspur", nil}}},
		"a bundle without a team":  {Apple: []AppleApp{"example.larkspur.id"}},
	} {
		if known.validate() == nil {
			t.Errorf("%s: accepted", name)
		}
		if _, err := New(Config{RP: newSite(t).rp, Rand: zeroRand{}, WellKnown: known}); err == nil {
			t.Errorf("%s: New accepted it", name)
		}
	}
}

// zeroRand is chance that is never drawn.
type zeroRand struct{}

func (zeroRand) Read(b []byte) (int, error) { clear(b); return len(b), nil }
