//go:build looking

package web

import (
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/rp"
)

func TestDump(t *testing.T) {
	s := newSite(t)
	os.MkdirAll("/tmp/lo/html", 0o755)
	for _, code := range rp.Codes() {
		screen := code.Screen()
		if !screen.Problem() || screen == rp.E1 || screen == rp.E3 {
			continue
		}
		key, name := "google-password-manager", "Google Password Manager"
		steps := []string{"remove.google.open", "remove.google.find", "remove.google.delete"}
		refusal := &rp.Refusal{Code: code, Stray: code.Info().Stray, Provider: name, ProviderKnown: true, ProviderKey: key,
			Steps: steps, Limit: 10, RetryAt: s.clock.Now().Add(42 * time.Second), AAGUID: googlePM.String()}
		run := &rp.Run{ID: "run", Flow: rp.FlowAndroid, PhoneOS: rp.Android, Screen: screen, Furthest: rp.S7, Attempt: 2, Problem: refusal}
		if screen == rp.E5a || screen == rp.E5b || screen == rp.E5d || code == rp.CodeRunSuperseded {
			run = nil
		}
		page := showOne(t, s, refusal, run)
		os.WriteFile("/tmp/lo/html/"+string(screen)+"-"+string(code)+".html", []byte(page.body), 0o644)
	}
	for _, code := range rp.Codes() {
		switch code.Screen() {
		case rp.SIFailed, rp.SIStray:
			r := httptest.NewRequestWithContext(rp.WithRequestID(t.Context(), "REQUESTID1"), "GET", testOrigin+"/sign-in/problem", nil)
			w := httptest.NewRecorder()
			v := s.newVisit(w, r, route{})
			if err := v.showSignInProblem(&rp.Refusal{Code: code, Stray: code.Info().Stray, Provider: "Samsung Pass", Steps: []string{"remove.samsung.open", "remove.samsung.find", "remove.samsung.delete"}}); err != nil {
				t.Fatal(err)
			}
			os.WriteFile("/tmp/lo/html/"+string(code.Screen())+"-"+string(code)+".html", w.Body.Bytes(), 0o644)
		}
	}
}
