package phone

import (
	"bytes"
	"slices"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// Outcome is what one ceremony came to, as the phone knows it.
type Outcome struct {
	// Number counts the phone's ceremonies from 1.
	Number int
	// Command is what the computer asked for; 0 when it came to no request.
	Command ctap2.Command
	// RPID is the relying party of the request.
	RPID string
	// Answered says that there is an answer, and Status is its first byte.
	Answered bool
	Status   ctap2.Status
	// SavedIn is the Key of the provider that saved a passkey, and CredentialID its id; empty when none was saved.
	SavedIn      string
	CredentialID []byte
	// SignedInWith is the Key of the provider whose passkey signed; empty when none did.
	SignedInWith string
	// Sent says that the answer went out whole, as far as the phone can tell.
	Sent bool
	// State is the last one of the ceremony, and Last what the phone showed at its end.
	State State
	Last  View
	// Class is the class of the error shown; 0 without one.
	Class ErrorClass
	// Err is why it ended early; nil for a ceremony that came to its end. A refusal that was sent is in Status, and Err says why.
	Err error
}

// Strayed reports whether a passkey was saved that never reached the computer. Those that a relying party refuses are strays
// too, of which only that relying party knows: see Phone.Strays.
func (o Outcome) Strayed() bool { return o.SavedIn != "" && !o.Sent }

// Passkey is a passkey on the phone.
type Passkey struct {
	// Provider is the Key of the one that holds it.
	Provider string
	virtualauth.Credential
}

// Event is one thing that happened on the phone: a screen that it showed, a tap, a message.
type Event struct {
	At time.Time
	// Ceremony is the Number of the Outcome; 0 outside.
	Ceremony int
	State    State
	What     What
	// Title says it in words.
	Title string
	// Control is what was tapped.
	Control string
	// View is what is shown from then on; only for Shown.
	View View
	// Layer and Direction are those of an event of package hybrid.
	Layer     string
	Direction string
	// Bytes are those of a message.
	Bytes []byte
}

// What is the kind of an Event.
type What string

// The kinds of Event.
const (
	Came     What = "state"
	Shown    What = "shown"
	Tapped   What = "tapped"
	Asked    What = "request"  // CTAP2, command byte first
	Answered What = "response" // CTAP2, status byte first
	Hybrid   What = "hybrid"
	Happened What = "happened" // interruptions, and settings that changed
)

// maxEvents is how many events a phone remembers.
const maxEvents = 4096

// note keeps an event and tells the observer. The caller holds p.mu.
func (p *Phone) note(e Event) {
	e.At = p.world.Clock.Now()
	if p.ceremony != nil {
		e.Ceremony, e.State = p.ceremony.outcome.Number, p.ceremony.state
	}
	if len(p.trace) >= maxEvents {
		p.trace = slices.Delete(p.trace, 0, maxEvents/4)
	}
	p.trace = append(p.trace, e)
	if p.world.Observe != nil {
		p.world.Observe(e)
	}
}

// Trace returns the latest events, oldest first, at most 4096. Their Bytes must not be written to.
func (p *Phone) Trace() []Event {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.trace)
}

// Outcomes returns the outcomes of all ceremonies that have ended, oldest first.
func (p *Phone) Outcomes() []Outcome {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.outcomes)
}

// Passkeys returns all passkeys on the phone, provider by provider, oldest first, whether or not the provider can be used now.
func (p *Phone) Passkeys() (all []Passkey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.settings.Providers {
		for _, c := range p.devices[s.Key()].Credentials() {
			all = append(all, Passkey{Provider: s.Key(), Credential: c})
		}
	}
	return all
}

// Strays returns the passkeys of a relying party on the phone whose ids it does not know.
func (p *Phone) Strays(rpID string, known [][]byte) []Passkey {
	return slices.DeleteFunc(p.Passkeys(), func(k Passkey) bool {
		return k.RPID != rpID || slices.ContainsFunc(known, func(id []byte) bool { return bytes.Equal(id, k.ID) })
	})
}
