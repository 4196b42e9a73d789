package hybrid

import (
	"crypto/ecdh"
	"slices"
)

// PhoneMisbehaviour is the list of lies that a Phone can tell. The zero value is honest; each field is one deviation, read at one
// line. Those about frames concern the answers to CTAP requests only, so that clients get as far as asking.
type PhoneMisbehaviour struct {
	// ReplayAdvert is broadcast instead of the phone's own advert. Breaks CTAP 2.3 §11.5.1 (each has its nonce and its key).
	ReplayAdvert *Advert
	// ForeignAdvert encrypts the advert with a key that is not the QR code's. Breaks CTAP 2.3 §11.5.1.
	ForeignAdvert bool
	// ReservedByte is the first byte of the plaintext advert. Breaks CTAP 2.3 §11.5.1, which has a zero there.
	ReservedByte byte
	// AnnounceDomain is the tunnel server in the advert, whatever the one is where the phone waits. Breaks CTAP 2.3 §11.5.1.
	AnnounceDomain *uint16
	// WrongPSK answers the handshake with a PSK of another advert. Breaks CTAP 2.3 §11.5.1.2.
	WrongPSK bool
	// WrongIdentity answers a linked computer with a static key that is not the phone's. Breaks CTAP 2.3 §11.5.2 (NKpsk0).
	WrongIdentity bool
	// TruncateHandshake is how many bytes are missing at the end of the handshake message. Breaks CTAP 2.3 §11.5.1.2.
	TruncateHandshake int
	// ExtendHandshake is how many bytes follow the handshake message. Breaks CTAP 2.3 §11.5.1.2.
	ExtendHandshake int
	// SpoilTag is mixed into the last byte of the handshake message, by exclusive or. Breaks CTAP 2.3 §11.5.1.2.
	SpoilTag byte
	// CloseAfterHandshake closes the tunnel instead of sending the post-handshake message. Breaks CTAP 2.3 §11.5.1.3.
	CloseAfterHandshake bool
	// StatusInInfo puts the status byte before getInfo in the post-handshake message. Breaks CTAP 2.3 §11.5.1.3.
	StatusInInfo bool
	// LeaveOutInfo offers CTAP without getInfo. Breaks CTAP 2.3 §11.5.1.3.
	LeaveOutInfo bool
	// LeaveOutCTAP sends getInfo and offers digital credentials only. Breaks CTAP 2.3 §11.5.1.3.
	LeaveOutCTAP bool
	// PaddingBeyond announces more padding than the frame has bytes. Breaks CTAP 2.3 §11.5.1.3.
	PaddingBeyond bool
	// RepeatCounter encrypts with the counter of the frame before. Breaks CTAP 2.3 §11.5.1.3.
	RepeatCounter bool
	// RepeatFrame sends each frame twice. Breaks CTAP 2.3 §11.5.1.3.
	RepeatFrame bool
	// AnswerType is the message type of answers; 0 leaves the right one. Breaks CTAP 2.3 §11.5.1.3.
	AnswerType byte
	// EmptyAnswer sends a frame with nothing in it, not even a type. Breaks CTAP 2.3 §11.5.1.3.
	EmptyAnswer bool
	// ShutDown ends the tunnel with a shutdown message. Breaks CTAP 2.3 §11.5.1.3, where only clients send one.
	ShutDown bool
	// ForgeLink is mixed into the first byte of the signature in linking information, by exclusive or. Breaks
	// CTAP 2.3 §11.5.1.4.
	ForgeLink byte
}

// DesktopMisbehaviour is the list of lies that a Desktop can tell. The zero value is honest; each field is one deviation, read
// at one line. Those about frames concern CTAP requests only.
type DesktopMisbehaviour struct {
	// WrongPSK begins the handshake with a PSK of another advert, as a computer must that is far away. Breaks
	// CTAP 2.3 §11.5.1.2.
	WrongPSK bool
	// WrongIdentity begins the handshake with a key that was not in the QR code. Breaks CTAP 2.3 §11.5.1.2 (KNpsk0).
	WrongIdentity bool
	// TruncateHandshake is how many bytes are missing at the end of the handshake message. Breaks CTAP 2.3 §11.5.1.2.
	TruncateHandshake int
	// ExtendHandshake is how many bytes follow the handshake message. Breaks CTAP 2.3 §11.5.1.2.
	ExtendHandshake int
	// OffCurve spoils the ephemeral key, so that it is no point of the curve. Breaks CTAP 2.3 §11.5.1.2.
	OffCurve bool
	// PaddingBeyond announces more padding than the frame has bytes. Breaks CTAP 2.3 §11.5.1.3.
	PaddingBeyond bool
	// RepeatCounter encrypts with the counter of the frame before, from the second frame on. Breaks CTAP 2.3 §11.5.1.3.
	RepeatCounter bool
	// RepeatFrame sends each frame twice. Breaks CTAP 2.3 §11.5.1.3.
	RepeatFrame bool
	// RequestType is the message type of requests; 0 leaves the right one. Breaks CTAP 2.3 §11.5.1.3.
	RequestType byte
	// EmptyRequest sends a frame with nothing in it, not even a type. Breaks CTAP 2.3 §11.5.1.3.
	EmptyRequest bool
	// NoShutdown closes the tunnel without a word. Breaks CTAP 2.3 §11.5.1.3.
	NoShutdown bool
	// ReplayNonce is the nonce for contacting a linked phone. Breaks CTAP 2.3 §11.5.2, which wants a new one each time.
	ReplayNonce *[16]byte
	// WrongLinkID contacts a linked phone under a link id that is not the computer's. Breaks CTAP 2.3 §11.5.2.
	WrongLinkID bool
}

// frameLie is how the frame of a CTAP message lies.
type frameLie struct {
	beyond, repeatCounter, twice, empty bool
	as                                  byte
}

// frames are the frames of a message, which is one if it is honest.
func (l frameLie) frames(c *crypter, message []byte) ([][]byte, error) {
	if l.as != 0 {
		message[0] = l.as
	}
	if l.empty {
		message = nil
	}
	padded := pad(message)
	if l.beyond {
		padded = []byte{granularity}
	}
	if l.repeatCounter && c.written > 0 {
		c.written--
	}
	frame, err := c.seal(padded)
	if l.twice {
		return [][]byte{frame, frame}, err
	}
	return [][]byte{frame}, err
}

func (m PhoneMisbehaviour) frame() frameLie {
	return frameLie{beyond: m.PaddingBeyond, repeatCounter: m.RepeatCounter, twice: m.RepeatFrame, empty: m.EmptyAnswer, as: m.AnswerType}
}

func (m DesktopMisbehaviour) frame() frameLie {
	return frameLie{beyond: m.PaddingBeyond, repeatCounter: m.RepeatCounter, twice: m.RepeatFrame, empty: m.EmptyRequest, as: m.RequestType}
}

// spoilAdvert is the plaintext advert and its key with the lies about them.
func (m PhoneMisbehaviour) spoilAdvert(e eid, key []byte) (eid, []byte) {
	e[0] = m.ReservedByte
	if m.AnnounceDomain != nil {
		e[14], e[15] = byte(*m.AnnounceDomain), byte(*m.AnnounceDomain>>8)
	}
	if m.ForeignAdvert {
		key = spoilt(key)
	}
	return e, key
}

// impersonate is how the phone answers the handshake. What is credulous does not insist that the client's message decrypts.
func (m PhoneMisbehaviour) impersonate(psk []byte, identity *ecdh.PrivateKey) responder {
	r := responder{psk: psk, identity: identity}
	if m.WrongPSK {
		r.psk, r.credulous = spoilt(psk), true
	}
	if m.WrongIdentity {
		r.identity, r.credulous = other(identity), true
	}
	return r
}

func (m PhoneMisbehaviour) spoilHandshake(message []byte) []byte {
	message[len(message)-1] ^= m.SpoilTag
	message = append(message, make([]byte, m.ExtendHandshake)...)
	return message[:len(message)-m.TruncateHandshake]
}

func (m PhoneMisbehaviour) spoilPostHandshake(p postHandshake) postHandshake {
	if m.StatusInInfo {
		p.Info = slices.Concat([]byte{0}, p.Info)
	}
	if m.LeaveOutInfo {
		p.Info = nil
	}
	if m.LeaveOutCTAP {
		p.Features = []Feature{FeatureDigital}
	}
	return p
}

// impersonate is with which PSK and key the computer begins.
func (m DesktopMisbehaviour) impersonate(psk []byte, identity *ecdh.PrivateKey) ([]byte, *ecdh.PrivateKey) {
	if m.WrongPSK {
		psk = spoilt(psk)
	}
	if m.WrongIdentity {
		identity = other(identity)
	}
	return psk, identity
}

func (m DesktopMisbehaviour) spoilHandshake(message []byte) []byte {
	if m.OffCurve {
		message[pointLength-1] ^= 1
	}
	message = append(message, make([]byte, m.ExtendHandshake)...)
	return message[:len(message)-m.TruncateHandshake]
}

func (m DesktopMisbehaviour) spoilContact(p clientPayload) clientPayload {
	if m.ReplayNonce != nil {
		p.Nonce = m.ReplayNonce[:]
	}
	if m.WrongLinkID {
		p.LinkID = spoilt(p.LinkID)
	}
	return p
}

// spoilt differs in one bit.
func spoilt(b []byte) []byte {
	b = slices.Clone(b)
	b[0] ^= 1
	return b
}

// other is a key made of the bytes of another.
func other(key *ecdh.PrivateKey) *ecdh.PrivateKey {
	k, err := keyOf(key.Bytes())
	if err != nil {
		return key
	}
	return k
}
