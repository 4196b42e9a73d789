package lab

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// Handset is a person's phone as far as the bridge can express it: passkey
// providers, each with credentials of its own, of which the person chooses one
// to save in or to sign in with. What lies between computer and phone (QR code,
// Bluetooth, tunnel) is not imitated: that is the hybrid driver's business.
type Handset struct {
	origin string
	world  virtualauth.World // of every provider; each gets its own User and Keys

	mu         sync.Mutex
	pockets    []*Pocket
	chosen     *Pocket
	attachment string
	asked      [][]byte
}

// Pocket is one provider on a handset: what it is, and what it holds.
type Pocket struct {
	Provider      provider.Provider
	Authenticator *virtualauth.Authenticator
	Owner         *Owner // the person, as this provider meets them
}

// The values of authenticatorAttachment (WebAuthn L3 §5.4.5).
const (
	Platform      = "platform"
	CrossPlatform = "cross-platform"
)

func newHandset(origin string, world virtualauth.World) *Handset {
	return &Handset{origin: origin, world: world, attachment: Platform}
}

// Has returns the pocket of a provider, which is installed when it is not there yet.
func (h *Handset) Has(p provider.Provider) *Pocket {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, pocket := range h.pockets {
		if pocket.Provider.Name == p.Name {
			return pocket
		}
	}
	world, owner := h.world, &Owner{}
	world.User, world.Keys = owner, keystore.NewSoftware(world.Rand)
	pocket := &Pocket{Provider: p, Owner: owner, Authenticator: virtualauth.New(p.Model, world)}
	h.pockets = append(h.pockets, pocket)
	if h.chosen == nil {
		h.chosen = pocket
	}
	return pocket
}

// Pockets returns the providers on the handset, in the order in which they came there.
func (h *Handset) Pockets() []*Pocket {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.pockets)
}

// Choose makes a provider the one that answers next, as tapping it on the
// phone's sheet would.
func (h *Handset) Choose(p provider.Provider) *Pocket {
	pocket := h.Has(p)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.chosen = pocket
	return pocket
}

// Attach says how the handset is attached: Platform when the browser runs on
// it, CrossPlatform when it answers another computer.
func (h *Handset) Attach(attachment string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.attachment = attachment
}

// ErrNoProvider says that nothing on the handset can answer.
var ErrNoProvider = errors.New("lab: the handset has no provider")

// Client returns the WebAuthn client through which the chosen provider answers.
func (h *Handset) Client() (*client.Client, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.chosen == nil {
		return nil, ErrNoProvider
	}
	return &client.Client{Origin: h.origin, Device: h.chosen.Authenticator, Attachment: h.attachment, Transports: h.chosen.Provider.Model.Transports}, nil
}

// Asked returns the options of every ceremony that reached the handset, as
// the browser handed them over, oldest first.
func (h *Handset) Asked() [][]byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.asked)
}

func (h *Handset) hear(options []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = append(h.asked, slices.Clone(options))
}

// Create answers navigator.credentials.create().
func (h *Handset) Create(ctx context.Context, options []byte) ([]byte, error) {
	h.hear(options)
	c, err := h.Client()
	if err != nil {
		return nil, fmt.Errorf("lab: create: %w", err)
	}
	return c.Create(ctx, options)
}

// Get answers navigator.credentials.get().
func (h *Handset) Get(ctx context.Context, options []byte) ([]byte, error) {
	h.hear(options)
	c, err := h.Client()
	if err != nil {
		return nil, fmt.Errorf("lab: get: %w", err)
	}
	return c.Get(ctx, options)
}

// PlatformAuthenticator reports whether the handset is the device that the browser runs on.
func (h *Handset) PlatformAuthenticator() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.attachment == Platform
}
