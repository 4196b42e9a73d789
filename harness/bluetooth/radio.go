package bluetooth

import (
	"context"

	"github.com/passkeylab/passkeylab/virtualauth/hybrid"
)

// Script says what happens to adverts on their way. The zero value is good weather: an advert is heard as soon as somebody
// listens, for as long as its phone goes on advertising.
type Script struct {
	// Off: the phone's Bluetooth is off, so that Send fails with ErrRadioOff.
	Off bool
	// OutOfRange: phones advertise, and nobody hears them.
	OutOfRange bool
	// Lose is how many adverts are lost before the first arrives.
	Lose int
	// LoseEarly: an advert that is sent while the adapter does not listen is lost. Otherwise its phone repeats it, as real ones
	// do, so that it is heard when the discovery begins.
	LoseEarly bool
	// Hold: adverts are late; they are not on the air before Release.
	Hold bool
	// Strangers are adverts of somebody else's phones, which are heard before each of ours.
	Strangers []hybrid.Advert
	// Replays is how often somebody repeats each advert right after it, from an address of his own.
	Replays int
}

// Radio is the air around one adapter, as an [hybrid.Air]: phones send, the adapter hears, and a desktop in software may
// listen in. Its zero value is of no use; a Bus has one.
type Radio struct {
	bus *Bus

	// What follows is guarded by the lock of the bus.
	script Script
	lost   int             // adverts that the script let get lost
	held   []hybrid.Advert // wait for Release
	air    []*transmission // on the air now, oldest first
	last   *hybrid.Advert  // the newest advert of a phone that was on the air

	ether     hybrid.Ether // carries to the listeners what is put on the air
	listeners map[context.Context]listener
}

// listener is somebody who calls Hear.
type listener struct {
	ctx context.Context
	end context.CancelCauseFunc
}

var _ hybrid.Air = (*Radio)(nil)

func newRadio(b *Bus) *Radio { return &Radio{bus: b, listeners: map[context.Context]listener{}} }

// Follow changes the script, and begins to count lost adverts anew. What is on the air already stays there; what is held is
// still held.
func (r *Radio) Follow(s Script) {
	r.bus.mu.Lock()
	defer r.bus.mu.Unlock()
	r.script, r.lost = s, 0
}

// Script is what the radio follows now.
func (r *Radio) Script() Script {
	r.bus.mu.Lock()
	defer r.bus.mu.Unlock()
	return r.script
}

// Send lets a phone advertise, for Options.Airtime. A phone does not learn whether anybody heard it. It fails when the
// phone's Bluetooth is off (ErrRadioOff), and when the context or the bus has ended.
func (r *Radio) Send(ctx context.Context, advert hybrid.Advert) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	r.bus.mu.Lock()
	defer r.bus.mu.Unlock()
	switch s := r.script; {
	case r.bus.err != nil:
		return r.bus.err
	case s.Off:
		return ErrRadioOff
	case s.OutOfRange:
		r.note(Lost, advert, "out of range")
	case r.lost < s.Lose:
		r.lost++
		r.note(Lost, advert, "lost on the way")
	case s.Hold:
		r.held = append(r.held, advert)
		r.note(Held, advert, "late")
	default:
		r.arrive(advert)
	}
	return nil
}

// Release puts on the air what the script held back, in the order in which it was sent, and says how many adverts that were.
func (r *Radio) Release() int {
	r.bus.mu.Lock()
	defer r.bus.mu.Unlock()
	held := r.held
	r.held = nil
	for _, advert := range held {
		r.arrive(advert)
	}
	return len(held)
}

// Replay repeats the newest advert that was on the air, from another address, as somebody would who recorded it. It returns
// false when there was none.
func (r *Radio) Replay() bool {
	r.bus.mu.Lock()
	defer r.bus.mu.Unlock()
	if r.last == nil || r.bus.err != nil {
		return false
	}
	r.transmit(*r.last, "replayed")
	return true
}

// Hear waits for the next advert that is put on the air, whoever sends it: it is a receiver of its own, near the adapter, and
// needs neither power nor discovery. It fails when the context or the bus ends.
func (r *Radio) Hear(ctx context.Context) (hybrid.Advert, error) {
	listener, err := r.listener(ctx)
	if err != nil {
		return hybrid.Advert{}, err
	}
	advert, err := r.ether.Hear(listener)
	if err != nil {
		return advert, context.Cause(listener)
	}
	return advert, nil
}

// listener is the context of the listener that calls Hear with ctx; it ends with the bus as well.
func (r *Radio) listener(ctx context.Context) (context.Context, error) {
	r.bus.mu.Lock()
	defer r.bus.mu.Unlock()
	if r.bus.err != nil {
		return nil, r.bus.err
	}
	if known, found := r.listeners[ctx]; found {
		return known.ctx, nil
	}
	inner, end := context.WithCancelCause(ctx)
	r.listeners[ctx] = listener{ctx: inner, end: end}
	context.AfterFunc(inner, func() {
		r.bus.mu.Lock()
		defer r.bus.mu.Unlock()
		delete(r.listeners, ctx)
	})
	return inner, nil
}

// arrive puts the advert of a phone on the air, with what the script surrounds it with.
func (r *Radio) arrive(advert hybrid.Advert) {
	for _, stranger := range r.script.Strangers {
		r.transmit(stranger, "somebody else's")
	}
	if r.script.LoseEarly && !r.bus.Adapter.hears() {
		r.note(Lost, advert, "nobody listened")
		return
	}
	r.last = &advert
	r.transmit(advert, "a phone's")
	for range r.script.Replays {
		r.transmit(advert, "replayed")
	}
}

func (r *Radio) note(kind Kind, advert hybrid.Advert, words string) {
	r.bus.note(Event{Kind: kind, Title: words, Advert: &advert})
}
