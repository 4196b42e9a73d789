package lab

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/rp"
)

func TestTheCodesOfALogAreHeard(t *testing.T) {
	var written bytes.Buffer
	var h heard
	log := slog.New(listener{Handler: slog.NewTextHandler(&written, &slog.HandlerOptions{Level: slog.LevelWarn}), heard: &h})
	log.Info("request", "code", string(rp.CodeGuest))
	log.With("site", "x").WithGroup("g").Warn("audit", "code", string(rp.CodeLocked))
	log.Info("request", "code", "http.not_found") // no refusal
	log.Info("request", "code", "")
	log.Debug("request", "code", string(rp.CodeGuest))
	if got, want := h.list(), []rp.Code{rp.CodeLocked, rp.CodeGuest}; !slices.Equal(got, want) {
		t.Errorf("heard %q, want %q", got, want)
	}
	if text := written.String(); strings.Contains(text, "request") || !strings.Contains(text, "audit") {
		t.Errorf("passed on: %s", text)
	}
}

func TestAStageTellsTheCodesOfItsRelyingParty(t *testing.T) {
	s, err := bare(t).Raise(t.Context(), StageOptions{ID: "codes", NoBrowser: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	visitor, err := s.Visitor()
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Codes(); len(got) > 0 {
		t.Errorf("before anything was asked: %q", got)
	}
	if _, err := visitor.Post(t.Context(), "/sign-in", map[string][]string{"userName": {"mia"}, "password": {"wrong"}}); err != nil {
		t.Fatal(err)
	}
	if got, want := s.Codes(), []rp.Code{rp.CodeWrongCredentials}; !slices.Equal(got, want) {
		t.Errorf("heard %q, want %q", got, want)
	}
}
