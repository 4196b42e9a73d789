package client

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestRPIDAgainstOrigin(t *testing.T) {
	for _, c := range []struct{ origin, claimed, want string }{
		{"https://example.org", "", "example.org"},
		{"https://example.org:8443", "example.org", "example.org"},
		{"https://login.example.org", "", "login.example.org"},
		{"https://login.example.org", "example.org", "example.org"},
		{"https://a.b.example.co.uk", "b.example.co.uk", "b.example.co.uk"},
		{"https://a.b.example.co.uk", "example.co.uk", "example.co.uk"},
		{"https://EXAMPLE.org", "example.org", "example.org"},
		{"http://localhost:8080", "", "localhost"},
		{"http://localhost", "localhost", "localhost"},
		{"http://ada.localhost:8080", "", "ada.localhost"},
		{"http://x.ada.localhost", "ada.localhost", "ada.localhost"},
		{"http://ada.localhost", "localhost", ""},
		{"https://example.org", "login.example.org", ""},
		{"https://example.org", "org", ""},
		{"https://example.co.uk", "co.uk", ""},
		{"https://ada.github.io", "github.io", ""},
		{"https://badexample.org", "example.org", ""},
		{"https://example.org", "example.com", ""},
		{"https://login.example.org", ".example.org", ""},
		{"http://example.org", "", ""},
		{"http://127.0.0.1:8080", "", ""},
		{"https://127.0.0.1", "127.0.0.1", ""},
		{"https://[::1]:1", "", ""},
		{"null", "", ""},
		{"", "", ""},
		{"https://example.org/path", "", ""},
		{"https://ada@example.org", "", ""},
		{"ftp://localhost", "", ""},
	} {
		got, err := chooseRPID(c.origin, c.claimed)
		var dom *DOMError
		if got != c.want || (c.want == "") != (errors.As(err, &dom) && dom.Name == SecurityError) {
			t.Errorf("%s claims %q: %q, %v; want %q", c.origin, c.claimed, got, err, c.want)
		}
	}
}

func TestAnAppAsksForThoseWhoNameIt(t *testing.T) {
	app := &Client{Origin: "android:apk-key-hash:AA", RPIDs: []string{"example.org"}}
	if got, err := app.rpIDFor(app.Origin, "example.org"); err != nil || got != "example.org" {
		t.Errorf("got %q, %v", got, err)
	}
	for _, claimed := range []string{"", "login.example.org", "example.com"} {
		var dom *DOMError
		if _, err := app.rpIDFor(app.Origin, claimed); !errors.As(err, &dom) || dom.Name != SecurityError {
			t.Errorf("%q: %v", claimed, err)
		}
	}
}

// valid are minimal options of both kinds.
const (
	validCreation = `{"rp":{"name":"x"},"user":{"id":"AA","name":"a","displayName":"A"},"challenge":"AA","pubKeyCredParams":[{"type":"public-key","alg":-7}]}`
	validRequest  = `{"challenge":"AA"}`
)

func TestParsersSayWhatIsWrong(t *testing.T) {
	replace := func(old, with string) string { return strings.Replace(validCreation, old, with, 1) }
	for _, c := range []struct{ options, name, says string }{
		{``, TypeError, "JSON object"},
		{`null`, TypeError, "JSON object"},
		{`[]`, TypeError, "JSON object"},
		{replace(`"rp":{"name":"x"},`, ``), TypeError, "lack the member rp"},
		{replace(`"challenge":"AA"`, `"challenge":null`), TypeError, "lack the member challenge"},
		{replace(`"challenge":"AA"`, `"challenge":"A"`), EncodingError, "base64url"},
		{replace(`"challenge":"AA"`, `"challenge":"AA=="`), EncodingError, "base64url"},
		{replace(`"challenge":"AA"`, `"challenge":"A+A/"`), EncodingError, "base64url"},
		{replace(`"challenge":"AA"`, `"challenge":"A\nA"`), EncodingError, "base64url"},
		{replace(`"challenge":"AA"`, `"challenge":7`), TypeError, "wrong type"},
		{replace(`"id":"AA"`, `"id":""`), TypeError, "1 to 64 bytes"},
		{replace(`"id":"AA"`, `"id":"`+strings.Repeat("AAAA", 22)+`"`), TypeError, "1 to 64 bytes"},
		{replace(`"alg":-7`, `"alg":"ES256"`), TypeError, "wrong type"},
		{replace(`"challenge"`, `"excludeCredentials":[{"id":"AA"}],"challenge"`), TypeError, "excludeCredentials[0] lacks the member type"},
		{replace(`"challenge"`, `"excludeCredentials":[`+strings.Repeat(`{"id":"AA","type":"public-key"},`, 64)+`{}],"challenge"`), "RangeError", "65 entries"},
	} {
		_, err := parseCreation([]byte(c.options))
		var dom *DOMError
		if !errors.As(err, &dom) || dom.Name != c.name || !strings.Contains(dom.Message, c.says) {
			t.Errorf("%.60s: %v, want %s: … %s …", c.options, err, c.name, c.says)
		}
	}
	if _, err := parseCreation([]byte(validCreation)); err != nil {
		t.Error(err)
	}
	if _, err := parseRequest([]byte(validRequest)); err != nil {
		t.Error(err)
	}
	if _, err := parseRequest([]byte(`{}`)); err == nil {
		t.Error("a request without a challenge was accepted")
	}
}

func TestResidentKeyRequirement(t *testing.T) {
	for _, c := range []struct{ selection, want string }{
		{`{}`, discouraged}, {`{"requireResidentKey":true}`, required}, {`{"residentKey":"preferred","requireResidentKey":true}`, preferred},
		{`{"residentKey":"someday","requireResidentKey":true}`, required}, {`{"residentKey":"required"}`, required},
	} {
		var o creationOptions
		if err := json.Unmarshal([]byte(`{"authenticatorSelection":`+c.selection+`}`), &o); err != nil {
			t.Fatal(err)
		}
		if got := o.residentKey(); got != c.want {
			t.Errorf("%s: %s, want %s", c.selection, got, c.want)
		}
	}
}

func TestTimeout(t *testing.T) {
	for ms, want := range map[float64]time.Duration{
		0: usualTimeout, -1: usualTimeout, 1: time.Millisecond, 180000: 3 * time.Minute, 1e300: longestTimeout,
	} {
		if got := timeout(ms); got != want {
			t.Errorf("%v ms: %v, want %v", ms, got, want)
		}
	}
}

// TestQuote checks CCDToString (WebAuthn L3 §5.8.1.2) where Go's own encoder differs.
func TestQuote(t *testing.T) {
	for in, want := range map[string]string{
		`a"b\c`: `"a\"b\\c"`, "<&>": `"<&>"`, "\n\x1f": `"\u000a\u001f"`, "ü\u2028": "\"ü\u2028\"", "\xff": "\"\ufffd\"",
	} {
		if got := quote(in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

func FuzzParseCreation(f *testing.F) {
	for _, seed := range []string{validCreation, `{}`, `{"rp":{},"user":{"id":"AA"},"challenge":"","pubKeyCredParams":null}`, `[[[[`,
		`{"rp":{"id":"x"},"user":{"id":"AA"},"challenge":"AA","pubKeyCredParams":[],"timeout":1e400,"extensions":{"credProps":1}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		o, err := parseCreation(data)
		if err != nil {
			mustBeDOM(t, err)
			return
		}
		if n := len(o.User.ID); n < 1 || n > 64 || len(o.ExcludeCredentials) > longestList || timeout(o.Timeout) > longestTimeout {
			t.Errorf("accepted %q as %+v", data, o)
		}
		if list, err := o.algorithms(); err != nil {
			mustBeDOM(t, err)
		} else if len(list) == 0 {
			t.Error("no algorithm and no error")
		}
		o.residentKey()
		o.conveyance()
	})
}

func FuzzParseRequest(f *testing.F) {
	for _, seed := range []string{validRequest, `{"challenge":"AA","rpId":"x","allowCredentials":[{"id":"AA","type":"public-key","transports":["usb"]}]}`, `"x"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := parseRequest(data); err != nil {
			mustBeDOM(t, err)
		}
	})
}

func FuzzOrigin(f *testing.F) {
	for _, seed := range []string{"https://example.org", "http://a.localhost:1", "null", "https://[::1]", "https://%41"} {
		f.Add(seed, "example.org")
	}
	f.Fuzz(func(t *testing.T, origin, claimed string) {
		id, err := chooseRPID(origin, claimed)
		if err != nil {
			mustBeDOM(t, err)
		} else if id == "" {
			t.Errorf("%q claims %q: nothing", origin, claimed)
		}
	})
}

func mustBeDOM(t *testing.T, err error) {
	t.Helper()
	var dom *DOMError
	if !errors.As(err, &dom) || dom.Name == "" || dom.Message == "" {
		t.Errorf("%T: %v", err, err)
	}
}
