package bluetooth

import (
	"sync"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/hybrid"
)

// Kind is what an [Event] tells.
type Kind string

// The kinds of events. Those of adverts follow one advert from the phone that sends it to the browser that hears it.
const (
	Called       Kind = "call"          // a program called a method of org.bluez, and was answered
	BlueZStarted Kind = "bluez started" // org.bluez is on the bus
	BlueZStopped Kind = "bluez stopped" // org.bluez is gone
	Changed      Kind = "adapter"       // the adapter was plugged or unplugged, or a property of it changed

	Sent  Kind = "sent"  // an advert is on the air
	Lost  Kind = "lost"  // an advert never reached the air, or left it and nobody heard it
	Held  Kind = "held"  // an advert waits for Release
	Heard Kind = "heard" // org.bluez told its clients of an advert
	Gone  Kind = "gone"  // a device whose advert was heard is gone
)

// Event is one thing that happened on the bus or in the air, for a trace.
type Event struct {
	At     time.Time
	Kind   Kind
	Title  string         // of a call: interface and method; else what happened, in words
	Sender string         // of a call: the caller's unique name on the bus
	Path   string         // of the D-Bus object
	Args   []any          // of a call, as package dbus decodes them
	Error  string         // of a call that was refused: the D-Bus error's name
	Advert *hybrid.Advert // of an event of an advert
}

// note tells the observer of an event. The lock of the bus is held, which makes the order of events that of what happened.
func (b *Bus) note(e Event) {
	e.At = b.options.Now()
	b.events.add(e)
}

// events hands events to the observer, from a goroutine of its own so that the observer may use the bus.
type events struct {
	mu      sync.Mutex
	wake    *sync.Cond
	waiting []Event
	ended   bool
	done    chan struct{}
	observe func(Event)
}

func newEvents(observe func(Event)) *events {
	e := &events{observe: observe, done: make(chan struct{})}
	e.wake = sync.NewCond(&e.mu)
	if observe == nil {
		close(e.done)
		return e
	}
	go e.run()
	return e
}

func (e *events) add(event Event) {
	if e.observe == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.ended {
		e.waiting = append(e.waiting, event)
		e.wake.Signal()
	}
}

func (e *events) run() {
	defer close(e.done)
	for {
		e.mu.Lock()
		for len(e.waiting) == 0 && !e.ended {
			e.wake.Wait()
		}
		batch := e.waiting
		e.waiting = nil
		e.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		for _, event := range batch {
			e.observe(event)
		}
	}
}

// close waits until the observer has seen everything. An observer cannot wait for itself: called by the observer, it would
// never return, so Close must not be called there.
func (e *events) close() {
	e.mu.Lock()
	e.ended = true
	e.wake.Signal()
	e.mu.Unlock()
	<-e.done
}
