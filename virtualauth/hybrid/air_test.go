package hybrid_test

import (
	"context"
	"errors"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/hybrid"
)

func TestEveryListenerHearsEverythingSinceItBegan(t *testing.T) {
	var ether hybrid.Ether
	if err := ether.Send(t.Context(), hybrid.Advert{0}); err != nil { // nobody hears it
		t.Fatal(err)
	}
	const listeners = 3
	heard := make(chan []hybrid.Advert, listeners)
	for range listeners {
		go func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var all []hybrid.Advert
			for len(all) < 2 {
				advert, err := ether.Hear(ctx)
				if err != nil {
					t.Error(err)
				}
				all = append(all, advert)
			}
			heard <- all
		}()
	}
	if err := ether.Await(t.Context(), listeners); err != nil {
		t.Fatal(err)
	}
	for i := range byte(2) {
		if err := ether.Send(t.Context(), hybrid.Advert{i + 1}); err != nil {
			t.Fatal(err)
		}
	}
	for range listeners {
		if all := <-heard; all[0] != (hybrid.Advert{1}) || all[1] != (hybrid.Advert{2}) {
			t.Errorf("a listener heard %v", all)
		}
	}
}

func TestNothingIsHeardWhenTheContextEnds(t *testing.T) {
	var ether hybrid.Ether
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := ether.Hear(ctx)
		done <- err
	}()
	if err := ether.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := ether.Send(ctx, hybrid.Advert{}); !errors.Is(err, context.Canceled) {
		t.Errorf("sent: %v", err)
	}
	if err := ether.Await(ctx, 5); !errors.Is(err, context.Canceled) {
		t.Errorf("awaited: %v", err)
	}
}
