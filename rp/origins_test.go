package rp

import (
	"testing"

	"github.com/go-webauthn/webauthn/protocol"
)

func TestExpectedOrigins(t *testing.T) {
	own := "https://login.example.org"
	exact := expectedOrigins{own: own}
	listed := expectedOrigins{own, Origins{More: []string{"https://example.org:8443", "android:apk-key-hash:AbC"}}}
	wide := expectedOrigins{own, Origins{Subdomains: true, Ports: true}}
	for origin, want := range map[string][3]bool{ // exact, listed, wide
		own:                              {true, true, true},
		"https://example.org:8443":       {false, true, false},
		"android:apk-key-hash:AbC":       {false, true, false},
		"android:apk-key-hash:abc":       {},
		"https://sub.login.example.org":  {false, false, true},
		own + ":8443":                    {false, false, true},
		"https://a.login.example.org:81": {false, false, true},
		own + ":443":                     {},
		own + ":0081":                    {},
		own + ":":                        {},
		own + ":65536":                   {},
		own + "/":                        {},
		own + "?":                        {},
		"https://me@login.example.org":   {},
		"https://LOGIN.example.org":      {},
		"HTTPS://login.example.org":      {},
		"http://login.example.org":       {},
		"https://evillogin.example.org":  {},
		"https://.login.example.org":     {},
		"https://a..login.example.org":   {},
		"https://login.example.org.":     {},
		"https://löwe.login.example.org": {},
		"https:login.example.org":        {},
		"null":                           {},
		"":                               {},
	} {
		for i, e := range []expectedOrigins{exact, listed, wide} {
			c := protocol.CollectedClientData{Origin: origin}
			if got := e.check(&c) == nil; got != want[i] {
				t.Errorf("%q is expected by list %d: %t", origin, i, got)
			} else if got && c.Origin != own {
				t.Errorf("%q is handed on as %q", origin, c.Origin)
			}
		}
	}
}

func TestFrames(t *testing.T) {
	own := "https://login.example.org"
	for name, test := range map[string]struct {
		by   []string
		c    protocol.CollectedClientData
		want bool
	}{
		"a frame that nobody expects":  {nil, protocol.CollectedClientData{CrossOrigin: true}, false},
		"a frame of an older browser":  {[]string{"https://a"}, protocol.CollectedClientData{CrossOrigin: true}, true},
		"a frame of a partner":         {[]string{"https://a"}, protocol.CollectedClientData{CrossOrigin: true, TopOrigin: "https://a"}, true},
		"a frame of somebody else":     {[]string{"https://a"}, protocol.CollectedClientData{CrossOrigin: true, TopOrigin: "https://a.b"}, false},
		"a top origin without a frame": {[]string{"https://a"}, protocol.CollectedClientData{TopOrigin: "https://a"}, false},
	} {
		e := expectedOrigins{own, Origins{FramedBy: test.by}}
		test.c.Origin = own
		if got := e.check(&test.c) == nil; got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
