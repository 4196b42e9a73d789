package hybrid

import (
	"crypto/ecdh"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// Hint is what will be asked of the phone, so that it can tell the person before it knows more (CTAP 2.3 §11.5.1).
type Hint string

// The hints.
const (
	// HintGetAssertion is also what phones make of any other text, and of none.
	HintGetAssertion   Hint = "ga"
	HintMakeCredential Hint = "mc"
	// HintPresent asks for a digital credential, HintIssue offers one.
	HintPresent Hint = "dcp"
	HintIssue   Hint = "dci"
)

// known is the hint, or HintGetAssertion for one that nobody knows.
func (h Hint) known() Hint {
	if slices.Contains([]Hint{HintMakeCredential, HintPresent, HintIssue}, h) {
		return h
	}
	return HintGetAssertion
}

// digital is true for transactions without CTAP.
func (h Hint) digital() bool { return h == HintPresent || h == HintIssue }

// Channel is a way for data between the two ends (CTAP 2.3 §11.5.1.1).
type Channel uint

// The channels. This package has the first only: L2CAP needs a radio that can connect, and its advert carries a suffix that
// adverts here have no room for.
const (
	ChannelTunnel Channel = 0
	ChannelL2CAP  Channel = 1
)

const (
	scheme       = "FIDO:/"
	secretLength = 16
)

// QR is what the QR code says (CTAP 2.3 §11.5.1).
type QR struct {
	// PublicKey is the client's for this one transaction: a compressed point of P-256.
	PublicKey [compressedLength]byte
	// Secret is what advert, tunnel and handshake are derived from.
	Secret [secretLength]byte
	// Domains is how many assigned tunnel servers the client knows, counted from 0; 0 when it does not say.
	Domains uint
	// Made is when, to the second; zero when the code does not say.
	Made time.Time
	// Linking says that the client would remember the phone.
	Linking bool
	// Hint is one of the four; unknown ones were read as HintGetAssertion.
	Hint Hint
	// Channels are the data channels of the client, nil when it does not say: ChannelTunnel alone then.
	Channels []Channel
}

// wireQR is the CBOR map in a QR code.
type wireQR struct {
	PublicKey ctap2.Bytes     `cbor:"0,keyasint,omitempty"`
	Secret    ctap2.Bytes     `cbor:"1,keyasint,omitempty"`
	Domains   uint            `cbor:"2,keyasint,omitempty"`
	Made      uint64          `cbor:"3,keyasint,omitempty"`
	Linking   *bool           `cbor:"4,keyasint,omitempty"`
	Hint      string          `cbor:"5,keyasint,omitempty"`
	Channels  cbor.RawMessage `cbor:"6,keyasint,omitempty"` // a list since CTAP 2.3; CTAP 2.2 had a boolean there
}

// ParseQR reads the text of a QR code. Keys that it does not know are ignored, for clients send some on purpose. Everything
// else must be right: it fails with a *QRError.
func ParseQR(text string) (QR, error) {
	if len(text) < len(scheme) || !strings.EqualFold(text[:len(scheme)], scheme) {
		return QR{}, &QRError{Part: "scheme", Problem: "the text does not begin with " + scheme}
	}
	data, err := decodeDigits(text[len(scheme):])
	if err != nil {
		return QR{}, err
	}
	var wire wireQR
	if err := ctap2.Unmarshal(data, &wire); err != nil {
		return QR{}, &QRError{Part: "CBOR", Problem: "not the map of a QR code", Err: err}
	}
	return wire.judge()
}

// judge checks what the types do not say.
func (w wireQR) judge() (QR, error) {
	if len(w.PublicKey) != compressedLength {
		return QR{}, &QRError{Part: "public key", Problem: fmt.Sprintf("%d bytes instead of %d", len(w.PublicKey), compressedLength)}
	}
	if decompress(w.PublicKey) == nil {
		return QR{}, &QRError{Part: "public key", Problem: "not a compressed point of P-256"}
	}
	if len(w.Secret) != secretLength {
		return QR{}, &QRError{Part: "secret", Problem: fmt.Sprintf("%d bytes instead of %d", len(w.Secret), secretLength)}
	}
	q := QR{
		PublicKey: [compressedLength]byte(w.PublicKey), Secret: [secretLength]byte(w.Secret),
		Domains: w.Domains, Linking: w.Linking != nil && *w.Linking, Hint: Hint(w.Hint).known(),
	}
	if w.Made != 0 {
		q.Made = time.Unix(int64(w.Made), 0).UTC()
	}
	if len(w.Channels) > 0 && w.Channels[0]>>5 == 4 { // a list
		q.Channels = []Channel{}
		if err := ctap2.Unmarshal(w.Channels, &q.Channels); err != nil {
			return QR{}, &QRError{Part: "CBOR", Problem: "not a list of data channels", Err: err}
		}
	}
	return q, nil
}

// String returns the text for the QR code.
func (q QR) String() string { return scheme + encodeDigits(q.encode()) }

// encode returns the CBOR map. Its members cannot fail to encode.
func (q QR) encode() []byte {
	wire := wireQR{
		PublicKey: q.PublicKey[:], Secret: q.Secret[:], Domains: q.Domains, Linking: &q.Linking, Hint: string(q.Hint.known()),
	}
	if !q.Made.IsZero() {
		wire.Made = uint64(q.Made.Unix())
	}
	if q.Channels != nil {
		wire.Channels, _ = ctap2.Marshal(q.Channels)
	}
	encoded, _ := ctap2.Marshal(wire)
	return encoded
}

// redacted is the CBOR map for eyes that must not see the secret.
func (q QR) redacted() []byte {
	q.Secret = [secretLength]byte{}
	return q.encode()
}

// client is the public key as a point; it was checked when the code was read.
func (q QR) client() *ecdh.PublicKey { return decompress(q.PublicKey[:]) }
