package hybrid

import (
	"context"
	"sync"
)

// Air carries adverts from phones to computers that are near: a Bluetooth adapter, or an Ether in memory. Both methods fail with
// the error of ctx when that ends.
type Air interface {
	// Send broadcasts an advert. It does not wait for anybody to hear it.
	Send(ctx context.Context, advert Advert) error
	// Hear waits for the next advert. A listener calls it again and again with the same ctx, which no other listener has, and
	// misses nothing in between.
	Hear(ctx context.Context) (Advert, error)
}

// Ether is an Air in memory. Every listener hears what is sent after it began to listen, in its order; a listener is whoever
// calls Hear with one ctx. The zero value works, and is safe for concurrent use.
type Ether struct {
	mu     sync.Mutex
	latest *broadcast                     // the one to come
	places map[context.Context]*broadcast // what each listener hears next
	joined chan struct{}                  // closed when a listener begins
}

// broadcast is one advert, and the way to the one after it.
type broadcast struct {
	sent   chan struct{} // closed when the two below are set
	advert Advert
	next   *broadcast
}

func newBroadcast() *broadcast { return &broadcast{sent: make(chan struct{})} }

// Send lets every listener hear the advert.
func (e *Ether) Send(ctx context.Context, advert Advert) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.begin()
	now := e.latest
	e.latest = newBroadcast()
	now.advert, now.next = advert, e.latest
	close(now.sent)
	return nil
}

// Hear waits for the next advert.
func (e *Ether) Hear(ctx context.Context) (Advert, error) {
	place := e.place(ctx)
	select {
	case <-place.sent:
	case <-ctx.Done():
		return Advert{}, ctx.Err()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, listening := e.places[ctx]; listening {
		e.places[ctx] = place.next
	}
	return place.advert, nil
}

// Await waits until as many listen at once.
func (e *Ether) Await(ctx context.Context, listeners int) error {
	for {
		e.mu.Lock()
		e.begin()
		now, joined := len(e.places), e.joined
		e.mu.Unlock()
		if now >= listeners {
			return nil
		}
		select {
		case <-joined:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// place returns what a listener hears next, and lets it begin when it is new. Its end is the end of ctx.
func (e *Ether) place(ctx context.Context) *broadcast {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.begin()
	if place, listening := e.places[ctx]; listening {
		return place
	}
	e.places[ctx] = e.latest
	close(e.joined)
	e.joined = make(chan struct{})
	context.AfterFunc(ctx, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.places, ctx)
	})
	return e.latest
}

// begin makes the zero value work.
func (e *Ether) begin() {
	if e.latest == nil {
		e.latest, e.places, e.joined = newBroadcast(), map[context.Context]*broadcast{}, make(chan struct{})
	}
}
