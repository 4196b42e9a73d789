package hybrid

import (
	"bytes"
	"time"
)

// Layer is where in the transport something happens.
type Layer string

// The layers, from light to frames.
const (
	LayerQR        Layer = "qr"
	LayerAdvert    Layer = "advert"
	LayerTunnel    Layer = "tunnel"
	LayerHandshake Layer = "handshake"
	LayerFrame     Layer = "frame"
)

// Direction is the way that something goes, seen from the half that tells of it.
type Direction string

// The directions. What happens to no message, such as the opening of a tunnel, has none.
const (
	Sent     Direction = "sent"
	Received Direction = "received"
)

// Event is one thing that happened, for a trace. It never carries a private key or a secret: the secrets in a QR code and in an
// update are zeroed. Frames are told decrypted.
type Event struct {
	// At is the time of the half's own clock; zero without one.
	At    time.Time
	Layer Layer
	// Direction is empty where nothing was sent or received.
	Direction Direction
	// Title says what it is, in a few words.
	Title string
	// Bytes is what went over: the CBOR of a QR code, the 20 bytes of an advert, a handshake message, the type byte and payload
	// of a frame, the CBOR of the post-handshake message. It may be nil, and belongs to the observer.
	Bytes []byte
}

// observer tells events with their time. The zero value tells nobody.
type observer struct {
	now  func() time.Time
	tell func(Event)
}

func (o observer) event(layer Layer, direction Direction, title string, content []byte) {
	if o.tell == nil {
		return
	}
	e := Event{Layer: layer, Direction: direction, Title: title, Bytes: bytes.Clone(content)}
	if o.now != nil {
		e.At = o.now()
	}
	o.tell(e)
}
