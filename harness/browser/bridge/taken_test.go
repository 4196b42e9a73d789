package bridge_test

import (
	"context"
	"errors"
	"testing"

	"github.com/passkeylab/passkeylab/harness/browser/bridge"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

func TestAResponderHearsWhatBecameOfItsAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func([]byte) []byte
		taken  bool
	}{
		"a response":           {func(r []byte) []byte { return r }, true},
		"a malformed response": {func([]byte) []byte { return []byte(`{"id":"AA"}`) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, r := device(provider.GooglePasswordManager())
			create, heard := r.create, make(chan error, 1)
			r.create = func(ctx context.Context, options []byte) ([]byte, error) {
				bridge.WhenTaken(ctx, func(err error) { heard <- err })
				response, err := create(ctx, options)
				return c.change(response), err
			}
			shown := do(t, open(t, r), register)
			if got := shown.Name == ""; got != c.taken {
				t.Errorf("the page got %+v", shown)
			}
			err := <-heard
			if refused := (*bridge.NotTaken)(nil); c.taken && err != nil || !c.taken && (!errors.As(err, &refused) || refused.Reason == "") {
				t.Errorf("the responder heard %v", err)
			}
		})
	}
}
