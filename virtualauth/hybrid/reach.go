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
	seed, err := derive(p.Root, nil, purposeIdentitySeed, wideLength)
	if err != nil {
		return nil, err
	}
	return keyOf(seed)
}

// linkSecret is what a link's adverts and handshakes are derived from. It hangs on the contact id, so that a phone with a new one
// has no links any more.
func (p *Phone) linkSecret(contact []byte, id LinkID) ([]byte, error) {
	perContact, err := derive(p.Root, contact, purposePerContactID, keyLength)
	if err != nil {
		return nil, err
	}
	return derive(perContact, id[:], purposePairedSecret, linkSecretLength)
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

// Reachable is a phone that linked computers can contact.
type Reachable struct {
	stage
	phone    *Phone
	wire     *wire
	memory   *Remembered
	identity *ecdh.PrivateKey
}

// Reach lets the tunnel server know that the phone is there, in place of the push message that real phones get. One computer can
// contact it then; after that it is to be called again. It fails with a *TunnelError or a *SetupError.
func (p *Phone) Reach(ctx context.Context, memory *Remembered) (*Reachable, error) {
	switch {
	case p.Rand == nil:
		return nil, &SetupError{Missing: "Phone.Rand"}
	case len(memory.ContactID) == 0:
		return nil, &SetupError{Missing: "Remembered.ContactID"}
	}
	identity, err := p.identity()
	if err != nil {
		return nil, err
	}
	domain, known := DomainName(p.Domain)
	if !known {
		return nil, fmt.Errorf("hybrid: tunnel server %d: %w", p.Domain, ErrUnknownDomain)
	}
	url := contactURL(domain, memory.ContactID)
	wire, _, err := p.Network.dial(ctx, url, nil)
	if err != nil {
		return nil, err
	}
	p.observer().event(LayerTunnel, "", "waiting to be contacted at "+url, nil)
	return &Reachable{phone: p, wire: wire, memory: memory, identity: identity}, nil
}

// Close ends the stage and the connection.
func (r *Reachable) Close() error {
	if r.end() {
		r.wire.close()
	}
	return nil
}

// Await waits for a computer that the phone remembers. It fails with ErrUnknownLink, with ErrReplayed when the computer's nonce
// is not new, with a *ProtocolError when what it sends is no client payload, with ErrVanished, or with the error of ctx. The
// connection is closed then.
func (r *Reachable) Await(ctx context.Context) (*Waiting, error) {
	r.leave("Reachable.Await")
	w, err := r.await(ctx)
	if err != nil {
		r.wire.close()
		return nil, err
	}
	return w, nil
}

func (r *Reachable) await(ctx context.Context) (*Waiting, error) {
	message, err := r.wire.receive(ctx)
	if err != nil {
		return nil, fmt.Errorf("hybrid: wait to be contacted: %w", err)
	}
	r.phone.observer().event(LayerTunnel, Received, "client payload", message)
	payload, err := parseClientPayload(message)
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
	hint := Hint(payload.Hint).known()
	return &Waiting{Hint: hint, phone: r.phone, wire: r.wire, pairing: pairing{
		secret: secret, salt: payload.Nonce, hint: hint, identity: r.identity, domain: r.phone.Domain,
	}}, nil
}
