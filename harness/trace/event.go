package trace

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/passkeylab/passkeylab/reports"
)

// The directions of an [Event], as the half that tells of it sees them.
const (
	Sent     = "sent"
	Received = "received"
)

// Event is one thing that happened between a computer and a phone, as somebody who took part tells it: what [Hybrid] decodes.
type Event struct {
	At        time.Time
	Half      string // Half is who tells: reports.PartyComputer, PartyPhone, PartyAir or PartyTunnel.
	Layer     string // Layer is LayerQR, LayerAdvert, LayerTunnel, LayerHandshake, LayerFrame, LayerCTAP2 or LayerDBus of reports.
	Direction string // Direction is Sent, Received, or empty when nothing went over.
	Title     string // Title says what it is, in a few words; the decoder's own words go first where it has any.
	// Bytes are what went over: the text or the CBOR of a QR code, an advert (20 bytes) or its opened EID (16), a request to a
	// tunnel server, a routing id (3 bytes) or the payload of a linked computer (CBOR), a handshake message, a decrypted frame or post-handshake message, a CTAP2 message,
	// or any text, such as the arguments of a D-Bus call.
	Bytes   []byte
	Problem string // Problem says what was wrong, if anything.
}

// Hybrid turns the events of one hybrid ceremony (CTAP 2.3 §11.5) into exchanges. It remembers the last CTAP2 request, because a
// response does not name its members, and the secret of the last QR code, because only that opens an advert; no exchange shows
// it. The zero value works. It is safe for use by several goroutines.
//
// It shares no code with the halves of the transport, so that a trace tells the truth about them.
type Hybrid struct {
	mu      sync.Mutex
	code    []byte // the computer's public key in the last QR code
	secret  []byte // of that code; nil when it was not seen
	linked  bool   // the tunnel was opened by contact, without a QR code
	request []byte
}

// Exchange decodes one event.
func (h *Hybrid) Exchange(e Event) reports.Exchange {
	h.mu.Lock()
	defer h.mu.Unlock()
	x := reports.Exchange{At: e.At, Layer: e.Layer, Length: len(e.Bytes), Problem: e.Problem}
	x.From, x.To = parties(e)
	decoders := map[string]func(*reports.Exchange, []byte){
		reports.LayerQR: h.qr, reports.LayerAdvert: h.advert, reports.LayerTunnel: h.tunnel, reports.LayerHandshake: h.handshake,
		reports.LayerFrame: h.frame, reports.LayerCTAP2: h.ctap, reports.LayerDBus: h.dbus,
	}
	if decode := decoders[e.Layer]; decode != nil && len(e.Bytes) > 0 {
		decode(&x, e.Bytes)
	}
	switch {
	case x.Title == "":
		x.Title = firstOf(e.Title, e.Layer)
	case e.Title != "" && !strings.Contains(strings.ToLower(x.Title), strings.ToLower(e.Title)):
		x.Text = strings.TrimSpace(e.Title + "\n" + x.Text)
	}
	return x
}

// parties are sender and receiver of an event. What goes to the air or to a tunnel server ends there; the rest goes through them.
func parties(e Event) (from, to string) {
	other := map[string]string{reports.PartyComputer: reports.PartyPhone, reports.PartyPhone: reports.PartyComputer}[e.Half]
	between := map[string]string{
		reports.LayerAdvert: reports.PartyAir, reports.LayerDBus: reports.PartyAir, reports.LayerTunnel: reports.PartyTunnel,
	}[e.Layer]
	if between != "" && e.Half != between {
		other = between
	}
	half := firstOf(e.Half, reports.PartyComputer)
	if e.Layer == reports.LayerTunnel && e.Direction == "" && e.Problem == "" {
		e.Direction = Sent // what is told of a tunnel is what was asked of its server
	}
	switch {
	case other == "" || e.Direction != Sent && e.Direction != Received:
		return half, half
	case e.Direction == Received:
		return other, half
	}
	return half, other
}

// say adds a line to the text of an exchange.
func say(x *reports.Exchange, format string, args ...any) {
	if x.Text != "" {
		x.Text += "\n"
	}
	x.Text += fmt.Sprintf(format, args...)
}

// wrong adds a problem to an exchange.
func wrong(x *reports.Exchange, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if x.Problem != "" {
		text = x.Problem + "; " + text
	}
	x.Problem = text
}

// readable says whether bytes are text that a person can read.
func readable(data []byte) bool {
	return utf8.Valid(data) && !slices.ContainsFunc([]rune(string(data)), func(r rune) bool {
		return !unicode.IsPrint(r) && r != '\n' && r != '\r' && r != '\t'
	})
}

// dbus shows the arguments of a call or a signal: an advert when it is one, or text.
func (h *Hybrid) dbus(x *reports.Exchange, data []byte) {
	switch {
	case len(data) == advertLength && !readable(data):
		h.advert(x, data)
		x.Title = ""
	case readable(data):
		x.Text, x.Length = string(data), 0
	default:
		x.Hex = hexOf(data)
	}
}

// ctap shows a CTAP2 message: what goes to the phone is a command, what comes from it a response.
func (h *Hybrid) ctap(x *reports.Exchange, message []byte) {
	var told reports.Exchange
	if x.From == reports.PartyPhone {
		told = CTAPResponseTo(x.At, h.request, message)
		x.Direction = "response"
	} else {
		told = CTAPRequest(x.At, message)
		h.request = slices.Clone(message)
		x.Direction = "request"
	}
	x.Layer, x.Title, x.Text, x.Length, x.Hex = reports.LayerCTAP2, told.Title, told.Text, told.Length, told.Hex
}
