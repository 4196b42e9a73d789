package axe

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/harness/browser"
)

func TestTheScriptIsTheOneThatTheReadmeNames(t *testing.T) {
	sum := sha256.Sum256([]byte(script))
	if got := hex.EncodeToString(sum[:]); got != SHA256 {
		t.Errorf("axe.min.js has the digest %s, want %s", got, SHA256)
	}
	if first, _, _ := strings.Cut(script, "\n"); !strings.Contains(first, "axe v"+Version) {
		t.Errorf("axe.min.js begins with %q, want version %s", first, Version)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{SHA256, "axe-core@" + Version, "Mozilla Public License 2.0"} {
		if !strings.Contains(string(readme), want) {
			t.Errorf("README.md does not name %s", want)
		}
	}
	licence, err := os.ReadFile("LICENSE")
	if err != nil || !strings.Contains(string(licence), "Mozilla Public License") {
		t.Errorf("the licence is missing: %v", err)
	}
}

const (
	// bad has an image without a text, a field without a label, grey on white, a page without a language.
	bad = `<!doctype html><title>Bad</title><main><h1>Bad</h1><img src="data:,"><input type="text"><p style="color:#aaa;background:#fff">Grey</p></main>`
	// good mends all four. The policy keeps foreign scripts out, which must not keep axe out.
	good = `<!doctype html><html lang="en"><title>Good</title><main><h1>Good</h1><img src="data:," alt="Nothing"><label>Name <input type="text"></label><p>Black</p></main></html>`
)

func TestABadPageIsToldFromAGoodOne(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.URL.Path == "/bad" {
			fmt.Fprint(w, bad)
			return
		}
		fmt.Fprint(w, good)
	}))
	defer site.Close()
	b, err := browser.Launch(ctx, browser.Options{Path: os.Getenv("PASSKEYLAB_BROWSER_PATH")})
	if err != nil {
		t.Fatal("this test needs a real browser:", err)
	}
	defer func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}()
	c, err := b.NewContext(ctx, browser.ContextOptions{})
	if err != nil {
		t.Fatal(err)
	}
	page, err := c.NewPage(ctx)
	if err != nil {
		t.Fatal(err)
	}
	look := func(path string) []string {
		t.Helper()
		if err := page.Goto(ctx, site.URL+path); err != nil {
			t.Fatal(err)
		}
		var rules []string
		for range 2 { // the script is loaded once a page
			found, err := Run(ctx, page)
			if err != nil {
				t.Fatal(err)
			}
			rules = nil
			for _, v := range found {
				rules = append(rules, v.Rule)
				if len(v.Nodes) == 0 || v.Nodes[0].Target == "" || v.Help == "" || !strings.Contains(v.String(), v.Nodes[0].Target) {
					t.Errorf("%s says too little: %+v", v.Rule, v)
				}
			}
		}
		slices.Sort(rules)
		return rules
	}
	if got, want := look("/bad"), []string{"color-contrast", "html-has-lang", "image-alt", "label"}; !slices.Equal(got, want) {
		t.Errorf("on the bad page axe finds %q, want %q", got, want)
	}
	if got := look("/good"); len(got) != 0 {
		t.Errorf("on the good page axe finds %q", got)
	}
	if err := page.Evaluate(ctx, `{ const p = document.querySelector("p"); p.style.color = "#ccc"; p.offsetTop; p.style.transition = "color 600s"; p.style.color = "#000"; p.offsetTop }`, nil); err != nil {
		t.Fatal(err)
	}
	if found, err := Run(ctx, page); err != nil || len(found) != 0 {
		t.Errorf("in the middle of a transition axe finds %v, %v", found, err)
	}
}
