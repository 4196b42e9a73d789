package hybrid

import (
	"context"
	"crypto/ecdh"
	"fmt"
	"io"
)

// minRoot is how many bytes make a secret.
const minRoot = 16

// identity is the phone's own key, which linked computers know it by.
func (p *Phone) identity() (*ecdh.PrivateKey, error) {
	if len(p.Root) < minRoot {
		return nil, &SetupError{Missing: "Phone.Root"}
	}
	seed, err := keyFor(p.Root, nil, purposeIdentitySeed, wideLength)
	if err != nil {
		return nil, err
	}
	return keyOf(seed)
}

// linkSecret is what a link's adverts and handshakes are derived from. It hangs on the contact id, so that a phone with a new one
// has no links any more.
func (p *Phone) linkSecret(contact []byte, id LinkID) ([]byte, error) {
	perContact, err := keyFor(p.Root, contact, purposePerContactID, keyLength)
	if err != nil {
		return nil, err
	}
	return keyFor(perContact, id[:], purposePairedSecret, linkSecretLength)
}

// link makes the update that links, signed for one handshake.
func (p *Phone) link(client *ecdh.PublicKey, hash [noiseHash]byte, memory *Remembered, name string) (LinkID, []byte, error) {
	if len(memory.ContactID) == 0 {
		return LinkID{}, nil, &SetupError{Missing: "Remembered.ContactID"}
	}
	identity, err := p.identity()
	if err != nil {
		return LinkID{}, nil, err
	}
	var id LinkID
	if _, err := io.ReadFull(p.Rand, id[:]); err != nil {
		return LinkID{}, nil, fmt.Errorf("hybrid: draw a link id: %w", err)
	}
	secret, err := p.linkSecret(memory.ContactID, id)
	if err != nil {
		return LinkID{}, nil, err
	}
	signature, err := linkSignature(identity, client, hash)
	if err != nil {
		return LinkID{}, nil, err
	}
	signature[0] ^= p.Misbehave.ForgeLink
	return id, wireUpdate{Link: &wireLink{
		ContactID: memory.ContactID, LinkID: id[:], Secret: secret, PublicKey: identity.PublicKey().Bytes(),
		Name: name, Signature: signature,
	}}.encode(), nil
}

// Reachable is a phone that linked computers can contact. Close it.
type Reachable struct {
	phone    *Phone
	wire     *wire
	memory   *Remembered
	identity *ecdh.PrivateKey
}

// Reach lets the tunnel server know that the phone is there, in place of the push messages that real phones get. It fails with a
// *TunnelError, a *SetupError or ErrUnknownDomain.
func (p *Phone) Reach(ctx context.Context, memory *Remembered) (*Reachable, error) {
	url, err := p.listenURL(memory)
	if err != nil {
		return nil, err
	}
	identity, err := p.identity()
	if err != nil {
		return nil, err
	}
	wire, _, err := p.Network.dial(ctx, url, nil)
	if err != nil {
		return nil, err
	}
	p.observer().event(LayerTunnel, "", "waiting to be contacted at "+url, nil)
	return &Reachable{phone: p, wire: wire, memory: memory, identity: identity}, nil
}

// Unlink forgets all computers, and lets the tunnel server tell them so when they call. It fails with a *TunnelError, a *SetupError
// or ErrUnknownDomain; the computers are forgotten all the same.
func (p *Phone) Unlink(ctx context.Context, memory *Remembered) error {
	for _, id := range memory.Computers() {
		memory.Forget(id)
	}
	url, err := p.listenURL(memory)
	if err != nil {
		return err
	}
	if err := p.Network.delete(ctx, url); err != nil {
		return err
	}
	p.observer().event(LayerTunnel, "", "contact id taken back at "+url, nil)
	return nil
}

// listenURL checks what reaching a phone needs.
func (p *Phone) listenURL(memory *Remembered) (string, error) {
	switch {
	case p.Rand == nil:
		return "", &SetupError{Missing: "Phone.Rand"}
	case len(memory.ContactID) == 0:
		return "", &SetupError{Missing: "Remembered.ContactID"}
	}
	domain, known := DomainName(p.Domain)
	if !known {
		return "", fmt.Errorf("hybrid: tunnel server %d: %w", p.Domain, ErrUnknownDomain)
	}
	return listenURL(domain, memory.ContactID), nil
}

// Close ends the connection to the tunnel server. Transactions that have begun go on.
func (r *Reachable) Close() error {
	r.wire.close()
	return nil
}

// Await waits for a computer that the phone remembers, again and again. It fails with ErrUnknownLink for another computer, with
// ErrReplayed when the computer's nonce is not new, with a *ProtocolError when what comes is no client payload, with ErrVanished or
// ErrClosed, or with the error of ctx. Only the last four are final.
func (r *Reachable) Await(ctx context.Context) (*Summons, error) {
	notice, err := r.wire.receive(ctx)
	if err != nil {
		return nil, fmt.Errorf("hybrid: wait to be contacted: %w", err)
	}
	if len(notice) < routingLength+tunnelIDLength {
		return nil, &ProtocolError{Problem: fmt.Sprintf("the tunnel server's notice has %d bytes", len(notice))}
	}
	routing, tunnel := [routingLength]byte(notice), notice[routingLength:routingLength+tunnelIDLength]
	encoded := notice[routingLength+tunnelIDLength:]
	r.phone.observer().event(LayerTunnel, Received, "client payload", encoded)
	payload, err := parseClientPayload(encoded)
	if err != nil {
		return nil, err
	}
	if err := r.memory.admit(payload); err != nil {
		return nil, err
	}
	secret, err := r.phone.linkSecret(r.memory.ContactID, LinkID(payload.LinkID))
	if err != nil {
		return nil, err
	}
	domain, _ := DomainName(r.phone.Domain) // Reach has looked
	hint := Hint(payload.Hint).known()
	return &Summons{Hint: hint, LinkID: LinkID(payload.LinkID), phone: r.phone, url: connectURL(domain, routing, tunnel), pairing: pairing{
		secret: secret, salt: payload.Nonce, hint: hint, identity: r.identity, domain: r.phone.Domain,
	}}, nil
}

// Summons is a linked computer that calls.
type Summons struct {
	stage
	// Hint is what it will ask for.
	Hint Hint
	// LinkID is which computer.
	LinkID  LinkID
	phone   *Phone
	url     string
	pairing pairing
}

// Close ends the stage: the computer is left waiting.
func (s *Summons) Close() error {
	s.end()
	return nil
}

// Dial joins the tunnel in which the computer waits. It fails with a *TunnelError.
func (s *Summons) Dial(ctx context.Context) (*Waiting, error) {
	s.leave("Summons.Dial")
	wire, _, err := s.phone.Network.dial(ctx, s.url, nil)
	if err != nil {
		return nil, err
	}
	s.phone.observer().event(LayerTunnel, "", "tunnel opened at "+s.url, nil)
	return &Waiting{Hint: s.Hint, phone: s.phone, wire: wire, pairing: s.pairing}, nil
}
