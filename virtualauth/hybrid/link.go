package hybrid

import (
	"context"
	"crypto/ecdh"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// Link is a computer in a tunnel with a phone: a ctap2.Transport. It is safe for concurrent use: exchanges wait for their turn.
// Close it.
type Link struct {
	endpoint
	desktop *Desktop
	key     *ecdh.PrivateKey // of the QR code; nil when linked
	domain  uint16
	outcome outcome
	info    []byte
	offers  []Feature

	turn    chan struct{} // holds one token during an exchange
	waiting struct {
		sync.Mutex
		kind   messageType
		answer chan []byte // nil when nobody waits
	}
	linked  chan Linked   // what the phone sent, at most one
	gone    chan struct{} // closed by the reader, after broken
	broken  error
	reading sync.WaitGroup
	once    sync.Once
}

var _ ctap2.Transport = (*Link)(nil)

func newLink(f *Found, o outcome) *Link {
	return &Link{
		endpoint: newEndpoint(f.desktop.observer(), f.wire, clientCrypter(o)), desktop: f.desktop, key: f.key, domain: f.domain, outcome: o,
		turn: make(chan struct{}, 1), linked: make(chan Linked, 1), gone: make(chan struct{}),
	}
}

// greeted reads the post-handshake message.
func (l *Link) greeted(frame []byte) error {
	message, err := l.crypter.open(frame)
	if err != nil {
		return err
	}
	greeting, err := parsePostHandshake(message)
	if err != nil {
		l.event(LayerFrame, Received, "post-handshake that breaks the protocol", nil)
		return err
	}
	told, _ := ctap2.Marshal(postHandshake{Info: greeting.Info, Features: greeting.Features}) // it was read just now
	l.event(LayerFrame, Received, "post-handshake", told)
	l.info, l.offers = greeting.Info, greeting.Features
	if greeting.Link != nil {
		l.remember(greeting.Link)
	}
	return nil
}

// Info is the CBOR of getInfo that the phone sent after the handshake; nil when it offers no CTAP.
func (l *Link) Info() []byte { return slices.Clone(l.info) }

// Features are what the phone offers.
func (l *Link) Features() []Feature { return slices.Clone(l.offers) }

// Exchange carries one CTAP request. authenticatorGetInfo it answers itself, with what the phone has sent already, as browsers
// do. There is no cancelling in this transport but to end the tunnel: so does the end of ctx, and the phone is told. It fails with
// ErrNoCTAP, ErrVanished or ErrClosed, with a *ProtocolError of the phone, or with the error of ctx.
func (l *Link) Exchange(ctx context.Context, request []byte) ([]byte, error) {
	if !slices.Contains(l.offers, FeatureCTAP) {
		return nil, fmt.Errorf("hybrid: %w", ErrNoCTAP)
	}
	if len(request) == 1 && ctap2.Command(request[0]) == ctap2.CommandGetInfo {
		return slices.Concat([]byte{byte(ctap2.OK)}, l.info), nil
	}
	return l.exchange(ctx, typeCTAP, request, l.desktop.Misbehave.frame())
}

// ExchangeJSON carries one request for digital credentials and returns its answer. It fails as Exchange does.
func (l *Link) ExchangeJSON(ctx context.Context, request []byte) ([]byte, error) {
	return l.exchange(ctx, typeJSON, request, frameLie{})
}

func (l *Link) exchange(ctx context.Context, kind messageType, request []byte, lie frameLie) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-l.gone:
		return nil, l.broken
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	answer := l.expect(kind)
	if err := l.transmit(ctx, kind, request, lie); err != nil {
		return nil, l.failed(ctx, err)
	}
	select {
	case response := <-answer:
		return response, nil
	case <-l.gone:
		select {
		case response := <-answer: // the last thing that came
			return response, nil
		default:
			return nil, l.broken
		}
	case <-ctx.Done():
		return nil, l.failed(ctx, ctx.Err())
	}
}

// failed ends the tunnel after an exchange that came to nothing, and prefers the reason that the reader found.
func (l *Link) failed(ctx context.Context, err error) error {
	_ = l.Close() // it never fails
	if ctx.Err() == nil && !errors.Is(l.broken, ErrClosed) {
		return l.broken
	}
	return err
}

// expect announces that an answer is waited for.
func (l *Link) expect(kind messageType) <-chan []byte {
	answer := make(chan []byte, 1)
	l.waiting.Lock()
	defer l.waiting.Unlock()
	l.waiting.kind, l.waiting.answer = kind, answer
	return answer
}

// Linked waits for the phone to link, which it does when it likes to, or never. It fails with ErrVanished or ErrClosed, with a
// *ProtocolError of the phone, or with the error of ctx.
func (l *Link) Linked(ctx context.Context) (Linked, error) {
	select {
	case linked := <-l.linked:
		return linked, nil
	default:
	}
	select {
	case linked := <-l.linked:
		return linked, nil
	case <-l.gone:
		return Linked{}, l.broken
	case <-ctx.Done():
		return Linked{}, ctx.Err()
	}
}

// read takes what the phone sends, until the tunnel ends.
func (l *Link) read() {
	defer close(l.gone)
	for frame := range l.wire.incoming {
		if err := l.take(frame); err != nil {
			l.broken = err
			l.wire.close()
			return
		}
	}
	l.broken = l.wire.broken
}

// take does what a frame is for.
func (l *Link) take(frame []byte) error {
	kind, payload, err := l.understand(frame)
	if err != nil {
		return err
	}
	switch kind {
	case typeCTAP, typeJSON:
		return l.deliver(kind, payload)
	case typeUpdate:
		return l.update(payload)
	}
	return &ProtocolError{Problem: "the phone sent a message of " + kind.String()}
}

// deliver hands an answer to whoever waits for it.
func (l *Link) deliver(kind messageType, payload []byte) error {
	l.waiting.Lock()
	defer l.waiting.Unlock()
	if l.waiting.answer == nil || l.waiting.kind != kind {
		return &ProtocolError{Problem: "the phone answered what nobody asked, by " + kind.String()}
	}
	l.waiting.answer <- payload
	l.waiting.answer = nil
	return nil
}

// update reads an update.
func (l *Link) update(payload []byte) error {
	u, err := parseUpdate(payload)
	if err != nil {
		return err
	}
	l.event(LayerFrame, Received, typeUpdate.String(), append([]byte{byte(typeUpdate)}, u.redacted()...))
	if u.Link != nil {
		l.remember(u.Link)
	}
	return nil
}

// remember keeps linking information that was offered a place, and is the phone's. All other is ignored, and the transaction goes
// on.
func (l *Link) remember(link *wireLink) {
	if !l.desktop.Linking || l.key == nil {
		l.event(LayerFrame, "", "linking information ignored: none was asked for", nil)
		return
	}
	linked, err := link.judge(l.key, l.outcome.hash, l.domain)
	if err != nil {
		l.event(LayerFrame, "", "linking information ignored: "+err.Error(), nil)
		return
	}
	select {
	case <-l.linked: // the newer holds
	default:
	}
	l.linked <- linked
}

// Close tells the phone that there is nothing more to ask, and ends the tunnel. It may be called again.
func (l *Link) Close() error {
	l.once.Do(func() {
		l.wire.leave()
		if !l.desktop.Misbehave.NoShutdown {
			l.wire.sendLast(func(ctx context.Context) error { return l.transmit(ctx, typeShutdown, nil, frameLie{}) })
		}
	})
	l.wire.close()
	l.reading.Wait()
	return nil
}
