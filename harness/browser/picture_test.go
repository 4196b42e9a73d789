package browser_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"github.com/passkeylab/passkeylab/harness/browser"
)

// TestScreenshotDuringNavigation takes a picture after each of many clicks that lead to another page: about one in fifteen
// is overtaken by the navigation. It must neither hang nor make the next click go astray.
func TestScreenshotDuringNavigation(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<!doctype html><meta name="viewport" content="width=device-width"><title>%s</title><p style="height:2000px">a tall page
			<button style="transition: background-color .15s" onclick="this.disabled = true; fetch('/').then(() => location.assign('?%[1]s1'))">Next</button>`, r.URL.RawQuery)
	}))
	t.Cleanup(server.Close)
	p := open(t, browser.ContextOptions{Mobile: browser.Android})
	ctx := limit(t)
	if err := p.Goto(ctx, server.URL); err != nil {
		t.Fatal(err)
	}
	want := ""
	for n := range 25 {
		button, err := p.ByRole(ctx, "button", "Next")
		if err != nil {
			t.Fatal(err)
		}
		if err := button.Context(ctx).Click(proto.InputMouseButtonLeft, 1); err != nil {
			t.Fatal(err)
		}
		started := time.Now()
		if _, err := p.Screenshot(ctx); err != nil {
			t.Fatalf("click %d: %v", n, err)
		}
		if took := time.Since(started); took > 10*time.Second {
			t.Errorf("click %d: the screenshot took %s", n, took)
		}
		want += "1"
		eventually(t, fmt.Sprintf("click %d hit the button", n), func() bool {
			var got string
			return p.Evaluate(ctx, "document.readyState === 'complete' ? document.title : ''", &got) == nil && got == want
		})
	}
}
