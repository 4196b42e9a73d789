package browser

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestDifferencesAreSentences(t *testing.T) {
	known := []string{"command:enable", "command:enable.enableUI", "event:gone", "event:gone.id", "type:O", "type:O.old", "type:V=a"}
	found := []string{"command:enable", "command:enable.enableUI", "command:enable.fresh", "type:O", "type:V=a", "type:V=b", "command:add", "command:add->id"}
	got := differences(known, found)
	want := []string{
		"This browser has the command add in its DevTools domain WebAuthn, unknown in Chromium 156.",
		"This browser has the parameter fresh of command enable in its DevTools domain WebAuthn, unknown in Chromium 156.",
		`This browser lacks the event gone that Chromium 156 has in its DevTools domain WebAuthn.`,
		"This browser lacks the property old of O that Chromium 156 has in its DevTools domain WebAuthn.",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got := differences([]string{"type:V", "type:V=a"}, []string{"type:V", "type:V=b"}); len(got) != 2 || !strings.Contains(got[0], `value "b" of V`) {
		t.Errorf("%q", got)
	}
	if known := strings.Fields(knownWebAuthn); !slices.Contains(known, "type:VirtualAuthenticatorOptions.hasCmtgKey") || !slices.Contains(known, "event:credentialDeleted") {
		t.Error("the known protocol is not the one of Chromium 156")
	}
}

func TestArguments(t *testing.T) {
	args := arguments("/p", false, true, []string{"--lang=de", "--disable-features=Mine,Yours", "--enable-features=New"})
	count := 0
	for _, a := range args {
		if strings.HasPrefix(a, "--disable-features=") {
			count++
			if !strings.Contains(a, "site-per-process") || !strings.HasSuffix(a, ",Mine,Yours") {
				t.Error(a)
			}
		}
	}
	for _, want := range []string{"--user-data-dir=/p", "--headless=new", "--no-sandbox", "--lang=de", "--enable-features=New"} {
		if !slices.Contains(args, want) {
			t.Errorf("%s is missing", want)
		}
	}
	if count != 1 {
		t.Errorf("--disable-features stands %d times: Chromium obeys the last only", count)
	}
	plain := arguments("/p", true, false, nil)
	if slices.Contains(plain, "--headless=new") || slices.Contains(plain, "--no-sandbox") {
		t.Errorf("headed, not root: %q", plain)
	}
}

func TestNewHomeFitsASocketPath(t *testing.T) {
	for _, dir := range []string{"", "/tmp", "/tmp/" + strings.Repeat("long", 40)} {
		home := newHome(dir)
		if len(home) > longestHome || len(home)+len("/org.chromium.Chromium.XXXXXX/SingletonSocket") > 107 {
			t.Errorf("%d bytes: %s", len(home), home)
		}
		if _, err := os.Stat(home); err == nil {
			t.Errorf("%s exists already", home)
		}
	}
}

func TestRedactURL(t *testing.T) {
	for in, want := range map[string]string{
		"https://a.example/x?y=1&z=2":                     "https://a.example/x?y=1&z=2",
		"https://ada:secret@a.example/":                   "https://a.example/",
		"https://a.example/?access_token=abc&y=1":         "https://a.example/?access_token=redacted&y=1",
		"https://a.example/?OTP=123456":                   "https://a.example/?OTP=redacted",
		"https://a.example/?p%61ssword=x":                 "https://a.example/?p%61ssword=redacted",
		"https://a.example/?y=" + strings.Repeat("x", 25): "https://a.example/?y=redacted",
		"https://a.example/?" + strings.Repeat("x", 25):   "https://a.example/?redacted",
		"https://a.example/?code=":                        "https://a.example/?code=",
		"https://a.example/#top":                          "https://a.example/#top",
		"https://a.example/#access_token=abc":             "https://a.example/#access_token=redacted",
		"data:text/plain;base64,c2VjcmV0":                 "data:text/plain;base64",
		"about:blank":                                     "about:blank",
		"https://%zz":                                     "unreadable address",
		"https://a.example/" + strings.Repeat("x", 600):   "https://a.example/" + strings.Repeat("x", 482) + "…",
		"chrome-extension://abc/worker.js":                "chrome-extension://abc/worker.js",
	} {
		if got := RedactURL(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func FuzzRedactURL(f *testing.F) {
	f.Add("https://a.example/?token=swordfish#password=swordfish")
	f.Add("data:x,swordfish")
	f.Fuzz(func(t *testing.T, in string) {
		if out := RedactURL(in); len(out) > longestURL+4 {
			t.Errorf("%d bytes", len(out))
		}
	})
}

func FuzzRedactSecret(f *testing.F) {
	f.Add("swordfish")
	f.Fuzz(func(t *testing.T, value string) {
		if len(value) < 6 || strings.ContainsAny(value, "&=#?/%+ ") || strings.Contains("https://a.example/?token=redacted", value) {
			return
		}
		if out := RedactURL("https://a.example/?token=" + value); strings.Contains(out, value) {
			t.Errorf("%q is in %s", value, out)
		}
	})
}

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"*", "", true}, {"", "", true}, {"", "x", false}, {"a*c", "abbbc", true}, {"a*c", "abbbd", false}, {"*b*", "abc", true},
		{"a?c", "abc", true}, {"a?c", "ac", false}, {"*/verify", "http://x/verify", true}, {"*/verify", "http://x/verify?a", false},
		{"*aab", "aaaaab", true}, {"**", "x", true}, {"a**", "a", true},
	} {
		if got := glob(c.pattern, c.text); got != c.want {
			t.Errorf("glob(%q, %q) is %v", c.pattern, c.text, got)
		}
	}
}

func FuzzHear(f *testing.F) {
	for _, method := range []string{"Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded", "Network.requestWillBeSent", "Network.loadingFailed"} {
		f.Add(method, `{"requestId":"1","args":[{"value":"x"}],"exceptionDetails":{"text":"t"},"entry":{"text":"t"},"request":{"url":"https://x"}}`)
	}
	f.Fuzz(func(t *testing.T, method, params string) {
		var r record
		r.start()
		r.hear(method, []byte(params))
		r.hear(method, []byte(params))
		if len(r.console) > keptMessages || len(r.underway) > 2 {
			t.Error("not bounded")
		}
	})
}
