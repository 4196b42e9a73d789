package lab

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"github.com/passkeylab/passkeylab/rp"
)

// Codes returns the refusal codes that the relying party has answered with or written into its audit log on this stage so far,
// sorted. At one that runs elsewhere nobody tells, so there are none.
func (s *Stage) Codes() []rp.Code { return s.heard.list() }

// heard are the codes that a relying party's log spoke of. Its zero value has heard none.
type heard struct {
	mu    sync.Mutex
	codes map[rp.Code]bool
}

func (h *heard) add(code rp.Code) {
	if code == "" || !slices.Contains(rp.Codes(), code) {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.codes == nil {
		h.codes = map[rp.Code]bool{}
	}
	h.codes[code] = true
}

func (h *heard) list() []rp.Code {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Sorted(maps.Keys(h.codes))
}

// listener passes a log on and hears the codes in it: every access and every refusal carries its own as the attribute "code",
// whether the answer was a page, JSON or a redirect.
type listener struct {
	slog.Handler
	heard *heard
}

func (l listener) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo || l.Handler.Enabled(ctx, level)
}

func (l listener) Handle(ctx context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "code" {
			l.heard.add(rp.Code(a.Value.String()))
		}
		return true
	})
	if !l.Handler.Enabled(ctx, r.Level) {
		return nil
	}
	return l.Handler.Handle(ctx, r)
}

func (l listener) WithAttrs(attrs []slog.Attr) slog.Handler {
	return listener{Handler: l.Handler.WithAttrs(attrs), heard: l.heard}
}

func (l listener) WithGroup(name string) slog.Handler {
	return listener{Handler: l.Handler.WithGroup(name), heard: l.heard}
}
