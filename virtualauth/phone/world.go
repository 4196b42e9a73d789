package phone

import (
	"io"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/hybrid"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// World is everything that a phone needs from outside. Clock and Rand are required.
type World struct {
	// Clock tells the time, and when some of it has passed.
	Clock Clock
	// Rand is where everything random comes from. It need not be safe for concurrent use.
	Rand io.Reader
	// Keys returns the key store of a provider, by its Key; nil means that each has a software store that draws on Rand.
	Keys func(provider string) (keystore.KeyStore, error)
	// Store returns where a provider's passkeys outlive the process, by its Key; nil means nowhere.
	Store func(provider string) (virtualauth.Store, error)
	// Equip, if not nil, sets whatever else the authenticator of a provider has, such as an attestation authority.
	Equip func(provider string, world *virtualauth.World)
	// Service returns what the app of a provider talks to, by its Key; nil, or a nil Service, means that it has no app to open.
	Service func(provider string) Service
	// Network is how it reaches tunnel servers; the zero Network is the internet. The phone's own Settings.Network comes before it.
	Network hybrid.Network
	// Air is where its adverts go; nil means that nobody hears them.
	Air hybrid.Air
	// Domain is the tunnel server that the phone uses, by its number in the advert (hybrid.DomainName).
	Domain uint16
	// Root is the secret that its links with computers are derived from, at least 16 bytes; nil draws one from Rand. With the
	// same Root and the same randomness a phone is the same to computers that it linked with.
	Root []byte
	// Observe, if not nil, is told every Event at once. It must not call the phone.
	Observe func(Event)
}

// Clock tells the time. After returns a channel on which the time is sent once d has passed, as time.After does.
type Clock interface {
	virtualauth.Clock
	After(d time.Duration) <-chan time.Time
}

// WorldError says that a World lacks something.
type WorldError struct {
	// Missing is the name of the field.
	Missing string
}

// Error names the field to set.
func (e *WorldError) Error() string { return "phone: set World." + e.Missing + ": it is nil" }

func (w World) check() error {
	switch {
	case w.Clock == nil:
		return &WorldError{Missing: "Clock"}
	case w.Rand == nil:
		return &WorldError{Missing: "Rand"}
	}
	return nil
}
