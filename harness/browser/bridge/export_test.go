package bridge

import (
	"context"

	"github.com/go-rod/rod/lib/proto"
)

// EndWorker ends the extension's service worker, as the browser does with an idle one, and returns when it has ended.
func EndWorker(ctx context.Context, b *Bridge) error {
	b.mu.Lock()
	w := b.worker
	b.mu.Unlock()
	if _, err := (proto.TargetCloseTarget{TargetID: w.target}).Call(b.browser.Rod().Context(ctx)); err != nil {
		return err
	}
	select {
	case <-w.life.Done():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
