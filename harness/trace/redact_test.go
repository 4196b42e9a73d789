package trace

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"sync"
	"testing"

	"github.com/passkeylab/passkeylab/reports"
)

// Each text carries one secret by its place; the secret must go and what stands around it must stay.
func TestPatterns(t *testing.T) {
	for _, test := range []struct{ name, text, secret, stays string }{
		{"JSON password", `{"user":"ada","password":"hunter2"}`, "hunter2", `"user":"ada"`},
		{"JSON password with a quote in it", `{"password":"hun\"ter2","next":1}`, "ter2", `"next":1`},
		{"JSON in JSON", `{"body":"{\"password\":\"hunter2\",\"a\":1}"}`, "hunter2", `\"a\":1`},
		{"JSON number", `{"pin": 1234, "n": 5}`, "1234", `"n": 5`},
		{"one-time code", `{"code":"492039"}`, "492039", `"code"`},
		{"one-time code as a number", `{"totpCode":492039}`, "492039", "totpCode"},
		{"form", `user=ada&password=hunter2&go=1`, "hunter2", "user=ada&"},
		{"form, one-time code", `code=492039&go=1`, "492039", "go=1"},
		{"query", `https://x.localhost/?session_token=abcdef&step=S7`, "abcdef", "step=S7"},
		{"cookie header", "GET / HTTP/1.1\r\nCookie: session=abc; theme=dark\r\nHost: x", "abc", "Host: x"},
		{"set-cookie header", "Set-Cookie: __Host-session=abc; Secure\nDate: now", "abc", "Date: now"},
		{"authorization header", "authorization: Basic YWRhOnB3\nHost: x", "YWRhOnB3", "Host: x"},
		{"Go header map", "map[Authorization:[Basic YWRhOnB3] Host:[x]]", "YWRhOnB3", "Host:[x]"},
		{"bearer in text", "sent Bearer abcdefghijklmnop to x", "abcdefghijklmnop", "to x"},
		{"JSON cookie", `{"Set-Cookie":"a=bcd","Host":"x"}`, "bcd", `"Host":"x"`},
		{"PEM", "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----\nrest", "MHcCAQEE", "rest"},
		{"PEM cut short", "a\n-----BEGIN PRIVATE KEY-----\nMHcCAQEE", "MHcCAQEE", "a\n"},
		{"JWK", `{"kty":"EC","d":"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE","x":"y"}`, "870MB6", `"x":"y"`},
		{"COSE private key", "{1: 2, -2: h'aa', -4: h'deadbeef'}", "deadbeef", "-2: h'aa'"},
		{"prf output", `{"prf":{"results":{"first":"AAECAwQFBgcICQoLDA0ODw"}},"a":1}`, "AAECAwQF", `"a":1`},
		{"hmac-secret output", `{"hmacGetSecret":{"output1":"AAECAwQFBgcICQoLDA0ODw"},"a":1}`, "AAECAwQF", `"a":1`},
		{"large blob written", `{"largeBlob":{"write":"AAEC"},"a":1}`, "AAEC", `"a":1`},
		{"large blob read", `{"largeBlob": {"supported": true, "blob": "AAEC"}, "a": 1}`, "AAEC", `"supported": true`},
		{"credBlob", `{"credBlob":"AAEC","a":1}`, "AAEC", `"a":1`},
		{"credBlob read", `{"getCredBlob":"AAEC","a":1}`, "AAEC", `"a":1`},
		{"hybrid QR code", "camera read FIDO:/" + strings.Repeat("13086400838107303667", 8) + " at 09:30", "130864008381", "at 09:30"},
		{"otpauth link", `scan otpauth://totp/Larkspur:ada?key=JBSWY3DPEHPK3PXP&issuer=L now`, "JBSWY3DP", "now"},
		{"argon2 hash", `hash $argon2id$v=19$m=65536,t=3,p=2$c2FsdA$aGFzaA end`, "aGFzaA", "end"},
		{"signed token", `x eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.SflKxwRJSMeKKF2QT y`, "SflKxwRJ", " y"},
		{"filled-in password field", `<input type="password" name="p" value="hunter2"><b>`, "hunter2", "<b>"},
		{"filled-in code field", `<input value="492039" name="code"><b>`, "492039", "<b>"},
		{"csrf field", `<input type="hidden" name="csrf_token" value="abcdef">`, "abcdef", "hidden"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if !strings.Contains(test.text, test.secret) {
				t.Fatal("the text does not hold the secret, so this proves nothing")
			}
			for name, r := range map[string]*Redactor{"nil": nil, "zero": {}} {
				got := r.Text(test.text)
				if strings.Contains(got, test.secret) {
					t.Errorf("%s: the secret stayed: %q", name, got)
				}
				if !strings.Contains(got, test.stays) || !strings.Contains(got, Redacted) {
					t.Errorf("%s: too much was taken, or no mark was left: %q", name, got)
				}
				if again := r.Text(got); again != got {
					t.Errorf("%s: scrubbing twice changed %q to %q", name, got, again)
				}
			}
		})
	}
}

func TestWhatIsNoSecretStays(t *testing.T) {
	for _, text := range []string{
		`{"code":"policy.provider_not_allowed","message":"x"}`, `{"code":404}`, "step S7 of 11",
		`{"type":"webauthn.create","challenge":"wPv6kqJ4dWJ0bGV0","origin":"https://x.localhost"}`,
		"credential q83vEjRWeJASNFZ4kBI0VniQEjQ", "the password field is empty", "a cookie was set", "Google Password Manager",
		"{1: 2, 3: -7, -1: 1, -2: h'aabb', -3: h'ccdd'}", `"pubKeyCredParams": "ES256 (-7)"`, "basic authentication of people",
		"aria-label=Passkeys", `{"largeBlob":{"read":true},"getCredBlob":true}`, `{"write":"AAEC"}`, "https://x.localhost/security-info/add/r1/save-in", "",
	} {
		if got := (&Redactor{}).Text(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestRegisteredSecretsGoInEveryForm(t *testing.T) {
	secret := `p&ss "w<rd" é 日`
	seed, code := "JBSWY3DPEHPK3PXP", "492039"
	r := &Redactor{}
	r.Add(secret, seed, code, "", "abc")
	for name, text := range map[string]string{
		"plain": "typed " + secret + " there", "URL": "x=p%26ss+%22w%3Crd%22+%C3%A9+%E6%97%A5&y=1",
		"JSON": `"p\u0026ss \"w\u003crd\" é 日"`, "HTML": `value="p&amp;ss &#34;w&lt;rd&#34; é 日"`,
		"base64": base64.StdEncoding.EncodeToString([]byte(secret)), "base64url": base64.RawURLEncoding.EncodeToString([]byte(secret)),
		"hexadecimal": hex.EncodeToString([]byte(secret)), "seed": seed, "seed in fours": "JBSW Y3DP EHPK 3PXP",
		"code": "492039", "code in threes": "Your code is 492 039.", "code with a thin space": "492\u202f039",
	} {
		got := r.Text(text)
		if !strings.Contains(got, Redacted) {
			t.Errorf("%s: nothing was taken from %q", name, got)
		}
		for _, rest := range []string{"w<rd", "rd", "JBSW", "3PXP", "492", "039"} {
			if strings.Contains(got, rest) {
				t.Errorf("%s: %q is left in %q", name, rest, got)
			}
		}
	}
	if got := r.Text("abcdef"); got != "abcdef" {
		t.Errorf("a text too short to be a secret was taken: %q", got)
	}
}

func TestLongerSecretsWin(t *testing.T) {
	r := &Redactor{}
	r.Add("larkspur")
	r.Add("larkspur-2026")
	if got := r.Text("it is larkspur-2026."); got != "it is "+Redacted+"." {
		t.Errorf("got %q", got)
	}
}

func TestRunIsScrubbedEverywhere(t *testing.T) {
	const secret = "correct horse battery"
	r := &Redactor{}
	r.Add(secret)
	run := reports.Run{
		Notes: []string{secret}, Command: "run " + secret,
		Results: []reports.Result{{
			ID: "REG-04", Title: secret, Reason: secret, Reproduce: secret, State: reports.Failed, Observations: []string{secret},
			Steps: []reports.Step{{Text: secret, Note: secret, Screenshot: &reports.Picture{Path: "a.jpg", Caption: secret}, Views: []reports.View{{
				Name: reports.ViewPhone, Title: secret, Text: secret, Provider: secret, Controls: []reports.Control{{Label: secret}}, Status: []reports.Field{{Value: secret}}, Picture: &reports.Picture{Caption: secret},
			}}}},
			Failure:    &reports.Failure{Message: secret, Got: secret, Expected: secret, Page: &reports.PageView{Title: secret, Heading: secret, URL: "https://x/?p=" + secret}},
			Console:    []reports.ConsoleEntry{{Text: secret}},
			Network:    []reports.NetworkEntry{{URL: secret, Body: secret, Error: secret}},
			Ceremonies: []reports.Ceremony{{Outcome: secret, Client: &reports.ClientData{JSON: secret}, Exchanges: []reports.Exchange{{Text: secret, Title: secret, Problem: secret, Hex: hex.EncodeToString([]byte(secret))}}, Problems: []string{secret}, RevealedToPage: &reports.Revealed{Message: secret}}},
			Ended:      &reports.PageView{Heading: secret}, SavedIn: []string{secret}, Cannot: []reports.Inability{{Driver: "api", Reason: secret}},
		}},
	}
	r.Run(&run)
	if text := string(asJSON(run)); strings.Contains(text, "horse") || strings.Contains(text, hex.EncodeToString([]byte("horse"))) {
		t.Errorf("the secret is left in %s", text)
	}
	if run.Results[0].ID != "REG-04" || run.Results[0].Steps[0].Screenshot.Path != "a.jpg" {
		t.Error("ids and paths must stay")
	}
}

func TestRedactorIsSafeForSeveralGoroutines(t *testing.T) {
	r := &Redactor{}
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			secret := strings.Repeat(string(rune('a'+i)), 12)
			for range 50 {
				r.Add(secret)
				if got := r.Text("x " + secret); strings.Contains(got, secret) {
					t.Errorf("got %q", got)
				}
			}
		})
	}
	group.Wait()
}

func FuzzRedactor(f *testing.F) {
	f.Add(`{"password":"hunter2"}`, "hunter2")
	f.Add("Cookie: a=b", "JBSWY3DPEHPK3PXP")
	f.Add("otpauth://totp/x?secret=y", "[redacted]")
	f.Fuzz(func(t *testing.T, text, secret string) {
		if len(secret) < minSecret || strings.Contains("otpauth://", secret) || strings.Contains(secret, `"`) {
			return // too short to be one, or made of what a replacement itself writes
		}
		r := &Redactor{}
		r.Add(secret)
		for _, piece := range strings.Split(r.Text(text+secret+text), Redacted) {
			if strings.Contains(piece, secret) {
				t.Errorf("%q is left in %q", secret, piece)
			}
		}
	})
}

// A whole run is scrubbed at its end: the cost of that is worth knowing.
func BenchmarkRedactor(b *testing.B) {
	r := &Redactor{}
	for i := range 500 {
		r.Add(strings.Repeat(string(rune('a'+i%26)), 8+i/26))
	}
	text := strings.Repeat(`{"type":"webauthn.create","challenge":"wPv6kqJ4dWJ0bGV0","origin":"https://x.localhost:8443/security-info/add/r1/save-in"}`+"\n", 80)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		r.Text(text)
	}
}
