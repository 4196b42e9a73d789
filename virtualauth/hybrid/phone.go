package hybrid

import (
	"context"
	"crypto/ecdh"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

// Phone is the half with the authenticator. It holds no state between transactions, and may have several at once.
type Phone struct {
	// Network is how it reaches tunnel servers.
	Network Network
	// Domain is the number of its tunnel server; see DomainName.
	Domain uint16
	// Root is the secret of at least 16 bytes that linking needs: the phone's identity and the secrets of its links are derived
	// from it.
	Root []byte
	// Rand is where nonces and ephemeral keys come from; required.
	Rand io.Reader
	// Now tells the time, for events and for the age of QR codes; nil is a phone without a clock.
	Now func() time.Time
	// Observe is told of everything that goes over, by several goroutines; nil is nobody.
	Observe func(Event)
	// Misbehave is how the phone lies.
	Misbehave PhoneMisbehaviour
}

func (p *Phone) observer() observer { return observer{now: p.Now, tell: p.Observe} }

// pairing is what a transaction is derived from: the QR code, or a link.
type pairing struct {
	secret []byte
	salt   []byte // of the advert's key
	hint   Hint
	// client is the key of the QR code; nil when the computer is linked.
	client *ecdh.PublicKey
	// identity is the phone's own key; nil by QR code.
	identity *ecdh.PrivateKey
	domain   uint16
}

// Invitation is a QR code that was read.
type Invitation struct {
	stage
	// QR is what the code says.
	QR    QR
	phone *Phone
}

// Scan reads the text of a QR code. It fails with a *QRError, with ErrNoChannel or ErrUnknownDomain when the computer could not
// find this phone, or with a *SetupError.
func (p *Phone) Scan(text string) (*Invitation, error) {
	if p.Rand == nil {
		return nil, &SetupError{Missing: "Phone.Rand"}
	}
	q, err := ParseQR(text)
	if err != nil {
		return nil, err
	}
	p.observer().event(LayerQR, Received, "QR code read, "+string(q.Hint), q.redacted())
	if q.Channels != nil && !slices.Contains(q.Channels, ChannelTunnel) {
		return nil, fmt.Errorf("hybrid: QR code: %w", ErrNoChannel)
	}
	if _, known := DomainName(p.Domain); !known || p.Domain < firstHashed && q.Domains != 0 && uint(p.Domain) >= q.Domains {
		return nil, fmt.Errorf("hybrid: tunnel server %d: %w", p.Domain, ErrUnknownDomain)
	}
	return &Invitation{QR: q, phone: p}, nil
}

// Age is how old the QR code is by the phone's clock; zero when one of them does not know the time.
func (i *Invitation) Age() time.Duration {
	if i.phone.Now == nil || i.QR.Made.IsZero() {
		return 0
	}
	return i.phone.Now().Sub(i.QR.Made)
}

// Close ends the stage.
func (i *Invitation) Close() error {
	i.end()
	return nil
}

// Dial opens a tunnel at the phone's tunnel server. It fails with a *TunnelError.
func (i *Invitation) Dial(ctx context.Context) (*Waiting, error) {
	i.leave("Invitation.Dial")
	tunnel, err := keyFor(i.QR.Secret[:], nil, purposeTunnelID, tunnelIDLength)
	if err != nil {
		return nil, err
	}
	domain, _ := DomainName(i.phone.Domain) // Scan has looked
	url := newURL(domain, tunnel)
	wire, header, err := i.phone.Network.dial(ctx, url, nil)
	if err != nil {
		return nil, err
	}
	w := &Waiting{Hint: i.QR.Hint, phone: i.phone, wire: wire, pairing: pairing{
		secret: i.QR.Secret[:], hint: i.QR.Hint, client: i.QR.client(), domain: i.phone.Domain,
	}}
	if w.routing, err = routingIn(header); err != nil {
		wire.close()
		return nil, &TunnelError{URL: url, Status: http.StatusSwitchingProtocols, Err: err}
	}
	i.phone.observer().event(LayerTunnel, "", fmt.Sprintf("tunnel opened at %s, routing id %x", url, w.routing), nil)
	return w, nil
}

// routingIn reads the tunnel server's answer.
func routingIn(header http.Header) ([routingLength]byte, error) {
	text := header.Get(HeaderRoutingID)
	routing, err := hex.DecodeString(text)
	if err != nil || len(routing) != routingLength {
		return [routingLength]byte{}, fmt.Errorf("the header %s is %q instead of %d hex digits", HeaderRoutingID, text, 2*routingLength)
	}
	return [routingLength]byte(routing), nil
}

// Waiting is a phone with a tunnel, of which the computer does not know yet where it is.
type Waiting struct {
	stage
	// Hint is what the computer will ask for.
	Hint    Hint
	phone   *Phone
	wire    *wire
	routing [routingLength]byte
	pairing pairing
}

// Close ends the stage and the tunnel.
func (w *Waiting) Close() error {
	if w.end() {
		w.wire.close()
	}
	return nil
}

// Advertise sends the advert that leads the computer to the tunnel. It fails as air does.
func (w *Waiting) Advertise(ctx context.Context, air Air) (*Advertised, error) {
	w.leave("Waiting.Advertise")
	psk, err := w.advertise(ctx, air)
	if err != nil {
		w.wire.close()
		return nil, err
	}
	return &Advertised{phone: w.phone, wire: w.wire, pairing: w.pairing, psk: psk}, nil
}

// advertise returns the PSK that only those know who heard the advert.
func (w *Waiting) advertise(ctx context.Context, air Air) ([]byte, error) {
	honest, err := newEID(w.phone.Rand, w.routing, w.pairing.domain)
	if err != nil {
		return nil, err
	}
	key, err := keyFor(w.pairing.secret, w.pairing.salt, purposeEIDKey, eidKeyLength)
	if err != nil {
		return nil, err
	}
	plain, key := w.phone.Misbehave.spoilAdvert(honest, key)
	advert, err := plain.seal(key)
	if err != nil {
		return nil, err
	}
	if w.phone.Misbehave.ReplayAdvert != nil {
		advert = *w.phone.Misbehave.ReplayAdvert
	}
	if err := air.Send(ctx, advert); err != nil {
		return nil, fmt.Errorf("hybrid: send the advert: %w", err)
	}
	w.phone.observer().event(LayerAdvert, Sent, "advert", advert[:])
	return keyFor(w.pairing.secret, plain[:], purposePSK, keyLength)
}

// Advertised is a phone that waits for the computer to come through the tunnel.
type Advertised struct {
	stage
	phone   *Phone
	wire    *wire
	pairing pairing
	psk     []byte
}

// Close ends the stage and the tunnel.
func (a *Advertised) Close() error {
	if a.end() {
		a.wire.close()
	}
	return nil
}

// Respond waits for the computer and shakes hands with it. It fails with a *HandshakeError when that is not the computer that
// showed the QR code, or did not hear the advert; with ErrVanished when the tunnel breaks; or with the error of ctx.
func (a *Advertised) Respond(ctx context.Context) (*Session, error) {
	a.leave("Advertised.Respond")
	o, err := a.respond(ctx)
	if err != nil {
		a.wire.close()
		return nil, err
	}
	s := &Session{phone: a.phone, pairing: a.pairing, outcome: o, endpoint: newEndpoint(a.phone.observer(), a.wire, phoneCrypter(o))}
	if a.phone.Misbehave.CloseAfterHandshake {
		a.wire.close()
	}
	return s, nil
}

func (a *Advertised) respond(ctx context.Context) (outcome, error) {
	message, err := a.wire.receive(ctx)
	if err != nil {
		return outcome{}, fmt.Errorf("hybrid: wait for the client's handshake: %w", err)
	}
	observer := a.phone.observer()
	observer.event(LayerHandshake, Received, "client's message", message)
	r := a.phone.Misbehave.impersonate(a.psk, a.pairing.identity)
	var o outcome
	var answer []byte
	if a.pairing.client != nil {
		o, answer, err = r.respondKN(a.phone.Rand, a.pairing.client, message)
	} else {
		o, answer, err = r.respondNK(a.phone.Rand, message)
	}
	if err != nil {
		return outcome{}, err
	}
	answer = a.phone.Misbehave.spoilHandshake(answer)
	if err := a.wire.send(ctx, answer); err != nil {
		return outcome{}, fmt.Errorf("hybrid: answer the handshake: %w", err)
	}
	observer.event(LayerHandshake, Sent, "phone's message", answer)
	return o, nil
}
