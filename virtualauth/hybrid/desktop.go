package hybrid

import (
	"context"
	"crypto/ecdh"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Desktop is the half with the QR code: what a browser does. It holds no state between transactions, and may have several at once.
type Desktop struct {
	// Network is how it reaches tunnel servers.
	Network Network
	// Hint is what will be asked of the phone; empty is HintGetAssertion.
	Hint Hint
	// Linking offers phones to be remembered; see Link.Linked.
	Linking bool
	// Rand is where keys, secrets and nonces come from; required.
	Rand io.Reader
	// Now tells the time, for events and for QR codes; nil is a computer without a clock.
	Now func() time.Time
	// Observe is told of everything that goes over, by several goroutines; nil is nobody.
	Observe func(Event)
	// Misbehave is how the computer lies.
	Misbehave DesktopMisbehaviour
}

func (d *Desktop) observer() observer { return observer{now: d.Now, tell: d.Observe} }

// Offer is a QR code that nobody has answered yet.
type Offer struct {
	stage
	// QR is what the code says. It holds a secret; the text for the image is QR.String().
	QR      QR
	desktop *Desktop
	key     *ecdh.PrivateKey
}

// Invite makes a QR code, with a key and a secret of its own. It fails with a *SetupError, or as Rand does.
func (d *Desktop) Invite() (*Offer, error) {
	if d.Rand == nil {
		return nil, &SetupError{Missing: "Desktop.Rand"}
	}
	key, err := newKey(d.Rand)
	if err != nil {
		return nil, err
	}
	q := QR{PublicKey: compress(key.PublicKey()), Domains: uint(len(assignedDomains)), Linking: d.Linking, Hint: d.Hint.known()}
	if _, err := io.ReadFull(d.Rand, q.Secret[:]); err != nil {
		return nil, fmt.Errorf("hybrid: draw the secret of a QR code: %w", err)
	}
	if d.Now != nil {
		q.Made = d.Now()
	}
	d.observer().event(LayerQR, Sent, "QR code shown, "+string(q.Hint), q.redacted())
	return &Offer{QR: q, desktop: d, key: key}, nil
}

// Close ends the stage.
func (o *Offer) Close() error {
	o.end()
	return nil
}

// Listen waits for the advert of the phone that read the QR code. Those of others, and what does not follow the specification, it
// takes no notice of. It fails as air does.
func (o *Offer) Listen(ctx context.Context, air Air) (*Found, error) {
	o.leave("Offer.Listen")
	key, err := keyFor(o.QR.Secret[:], nil, purposeEIDKey, eidKeyLength)
	if err != nil {
		return nil, err
	}
	e, err := o.desktop.listen(ctx, air, key)
	if err != nil {
		return nil, err
	}
	return &Found{desktop: o.desktop, secret: o.QR.Secret[:], key: o.key, eid: e, domain: e.domain()}, nil
}

// listen hears adverts until one opens.
func (d *Desktop) listen(ctx context.Context, air Air, key []byte) (eid, error) {
	ctx, cancel := context.WithCancel(ctx) // one listener, whatever else the caller does with ctx
	defer cancel()
	for {
		advert, err := air.Hear(ctx)
		if err != nil {
			return eid{}, fmt.Errorf("hybrid: wait for an advert: %w", err)
		}
		e, ours := advert.open(key)
		if ours {
			domain, _ := DomainName(e.domain())
			d.observer().event(LayerAdvert, Received, fmt.Sprintf("advert of the phone, routing id %x at %s", e.routing(), domain), advert[:])
			return e, nil
		}
		d.observer().event(LayerAdvert, Received, "advert of somebody else", advert[:])
	}
}

// Found is a computer that knows where the phone waits.
type Found struct {
	stage
	desktop *Desktop
	secret  []byte
	eid     eid
	domain  uint16
	key     *ecdh.PrivateKey // of the QR code; nil when linked
	linked  *Linked          // nil by QR code
	wire    *wire            // nil by QR code: it is to be opened
}

// Close ends the stage and the tunnel.
func (f *Found) Close() error {
	if f.end() && f.wire != nil {
		f.wire.close()
	}
	return nil
}

// Connect goes to the phone's tunnel server, shakes hands and reads what the phone says of itself. It fails with a *TunnelError;
// with a *HandshakeError when the one at the other end is not the phone that sent the advert; with a *ProtocolError; with
// ErrVanished; or with the error of ctx.
func (f *Found) Connect(ctx context.Context) (*Link, error) {
	f.leave("Found.Connect")
	if f.wire == nil {
		if err := f.open(ctx); err != nil {
			return nil, err
		}
	}
	link, err := f.meet(ctx)
	if err != nil {
		f.wire.close()
		return nil, err
	}
	return link, nil
}

// open goes to where the advert says that the phone is.
func (f *Found) open(ctx context.Context) error {
	tunnel, err := keyFor(f.secret, nil, purposeTunnelID, tunnelIDLength)
	if err != nil {
		return err
	}
	domain, _ := DomainName(f.domain) // listen has looked
	url := connectURL(domain, f.eid.routing(), tunnel)
	f.wire, _, err = f.desktop.Network.dial(ctx, url, nil)
	if err != nil {
		return err
	}
	f.desktop.observer().event(LayerTunnel, "", "tunnel opened at "+url, nil)
	return nil
}

// meet does everything up to the first request.
func (f *Found) meet(ctx context.Context) (*Link, error) {
	o, err := f.shake(ctx)
	if err != nil {
		return nil, err
	}
	l := newLink(f, o)
	frame, err := f.wire.receive(ctx)
	if err != nil {
		return nil, fmt.Errorf("hybrid: wait for the post-handshake message: %w", err)
	}
	if err := l.greeted(frame); err != nil {
		return nil, err
	}
	l.reading.Go(l.read)
	return l, nil
}

// shake does the handshake.
func (f *Found) shake(ctx context.Context) (outcome, error) {
	honest, err := keyFor(f.secret, f.eid[:], purposePSK, keyLength)
	if err != nil {
		return outcome{}, err
	}
	i, message, err := f.initiate(honest)
	if err != nil {
		return outcome{}, err
	}
	observer := f.desktop.observer()
	message = f.desktop.Misbehave.spoilHandshake(message)
	observer.event(LayerHandshake, Sent, "client's message", message)
	if err := f.wire.send(ctx, message); err != nil {
		return outcome{}, fmt.Errorf("hybrid: begin the handshake: %w", err)
	}
	answer, err := f.wire.receive(ctx)
	if err != nil {
		return outcome{}, fmt.Errorf("hybrid: wait for the phone's handshake: %w", err)
	}
	observer.event(LayerHandshake, Received, "phone's message", answer)
	return i.finish(answer)
}

// initiate begins with the key of the QR code, or for the key of a linked phone.
func (f *Found) initiate(honest []byte) (*initiator, []byte, error) {
	if f.linked == nil {
		psk, key := f.desktop.Misbehave.impersonate(honest, f.key)
		return initiateKN(f.desktop.Rand, psk, key)
	}
	phone, err := ecdh.P256().NewPublicKey(f.linked.PublicKey)
	if err != nil {
		return nil, nil, &HandshakeError{Problem: "the linked phone's key is no point of P-256"}
	}
	return initiateNK(f.desktop.Rand, honest, phone)
}

// Contact is a linked phone that is to be contacted.
type Contact struct {
	stage
	desktop *Desktop
	linked  Linked
	payload clientPayload
}

// Reconnect begins a transaction without a QR code. It fails with ErrUnknownDomain, with a *SetupError, or as Rand does.
func (d *Desktop) Reconnect(linked Linked) (*Contact, error) {
	if d.Rand == nil {
		return nil, &SetupError{Missing: "Desktop.Rand"}
	}
	if _, known := DomainName(linked.Domain); !known {
		return nil, fmt.Errorf("hybrid: tunnel server %d: %w", linked.Domain, ErrUnknownDomain)
	}
	nonce := make([]byte, clientNonceLength)
	if _, err := io.ReadFull(d.Rand, nonce); err != nil {
		return nil, fmt.Errorf("hybrid: draw a nonce: %w", err)
	}
	payload := clientPayload{LinkID: linked.LinkID[:], Nonce: nonce, Hint: string(d.Hint.known())}
	return &Contact{desktop: d, linked: linked, payload: d.Misbehave.spoilContact(payload)}, nil
}

// Close ends the stage.
func (c *Contact) Close() error {
	c.end()
	return nil
}

// Dial lets the tunnel server call the phone. It fails with a *TunnelError; that is ErrGone when the phone has ended the link, and
// a computer forgets it then.
func (c *Contact) Dial(ctx context.Context) (*Called, error) {
	c.leave("Contact.Dial")
	domain, _ := DomainName(c.linked.Domain) // Reconnect has looked
	url := contactURL(domain, c.linked.ContactID)
	encoded := c.payload.encode()
	wire, _, err := c.desktop.Network.dial(ctx, url, http.Header{HeaderClientPayload: {hex.EncodeToString(encoded)}})
	if err != nil {
		return nil, err
	}
	c.desktop.observer().event(LayerTunnel, Sent, "phone contacted at "+url, encoded)
	return &Called{desktop: c.desktop, linked: c.linked, nonce: c.payload.Nonce, wire: wire}, nil
}

// Called is a computer that waits for the phone that it called to show that it is near.
type Called struct {
	stage
	desktop *Desktop
	linked  Linked
	nonce   []byte
	wire    *wire
}

// Close ends the stage and the tunnel.
func (c *Called) Close() error {
	if c.end() {
		c.wire.close()
	}
	return nil
}

// Listen waits for the phone's advert, as Offer.Listen does.
func (c *Called) Listen(ctx context.Context, air Air) (*Found, error) {
	c.leave("Called.Listen")
	key, err := keyFor(c.linked.Secret[:], c.nonce, purposeEIDKey, eidKeyLength)
	if err == nil {
		var e eid
		if e, err = c.desktop.listen(ctx, air, key); err == nil {
			return &Found{desktop: c.desktop, secret: c.linked.Secret[:], eid: e, domain: c.linked.Domain, linked: &c.linked, wire: c.wire}, nil
		}
	}
	c.wire.close()
	return nil, err
}
