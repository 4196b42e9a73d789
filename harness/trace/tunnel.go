package trace

import (
	"crypto/ecdh"
	"encoding/hex"
	"net/url"
	"strings"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/reports"
)

// contactShape are the members of what a linked computer tells the phone through the tunnel server (CTAP 2.3 §11.5.2).
var contactShape = &shape{numbers: map[int64]member{1: {name: "linkId"}, 2: {name: "clientNonce"}, 3: {name: "request"}}}

// clientPayload is the header that carries it, in hexadecimal and lower case here.
const clientPayload = "x-cable-client-payload"

// tunnel shows a request to a tunnel server, its headers line by line below it, or what goes with a request: the routing id that
// the server gave, the payload of a linked computer.
func (h *Hybrid) tunnel(x *reports.Exchange, data []byte) {
	switch {
	case len(data) == 3 && !readable(data):
		x.Title = "routing id"
		say(x, "h'%x'", data)
		return
	case data[0]>>5 == majorMap && cbor.Wellformed(data) == nil:
		h.linked = true
		x.Title, x.Hex = "client payload", hexOf(data)
		say(x, "%s", annotated(data, contactShape))
		return
	case !readable(data):
		x.Hex = hexOf(data)
		return
	}
	request, headers, _ := strings.Cut(string(data), "\n")
	h.path(x, strings.TrimSpace(request))
	for line := range strings.Lines(headers) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if strings.ToLower(name) != clientPayload {
			say(x, "%s", strings.TrimSpace(line))
			continue
		}
		payload, err := hex.DecodeString(strings.TrimSpace(value))
		if err != nil {
			wrong(x, "the client payload is not hexadecimal")
			continue
		}
		say(x, "client payload: %s", annotated(payload, contactShape))
	}
	x.Text = strings.TrimSpace(x.Text)
}

// path names the parts of the path of a request: /cable/new/TUNNEL, /cable/connect/ROUTING/TUNNEL, /cable/contact/CONTACT.
func (h *Hybrid) path(x *reports.Exchange, request string) {
	before, path, found := strings.Cut(request, "/cable/")
	if !found {
		say(x, "%s", request)
		return
	}
	path, _, _ = strings.Cut(path, " ")
	parts := strings.Split(path, "/")
	names := map[string][]string{"new": {"tunnel id"}, "connect": {"routing id", "tunnel id"}, "contact": {"contact id"}}[parts[0]]
	x.Title = "GET /cable/" + parts[0]
	if u, err := url.Parse(strings.TrimPrefix(before, "GET ")); err == nil && u.Host != "" {
		say(x, "host %s", u.Host)
	}
	if len(names) == 0 || len(parts)-1 != len(names) {
		wrong(x, "no tunnel server knows the path /cable/%s", path)
		return
	}
	h.linked = parts[0] == "contact"
	sizes := map[string]int{"tunnel id": 16, "routing id": 3}
	for i, name := range names {
		say(x, "%s %s", name, parts[i+1])
		if id, err := hex.DecodeString(parts[i+1]); sizes[name] > 0 && (err != nil || len(id) != sizes[name]) {
			wrong(x, "the %s is not %d bytes in hexadecimal", name, sizes[name])
		}
	}
}

const (
	pointLength = 65 // bytes of an uncompressed P-256 point
	tagLength   = 16 // bytes
)

// handshake shows a message of the Noise handshake (CTAP 2.3 §11.5.1): the computer begins, with KNpsk0 after a QR code, in which
// the phone knows the computer's key, and with NKpsk0 when they are linked, in which the computer knows the phone's.
//
//	KNpsk0:  → s (in the QR code)  → psk, e       ← e, ee, se
//	NKpsk0:  ← s (when linked)     → psk, e, es   ← e, ee
func (h *Hybrid) handshake(x *reports.Exchange, data []byte) {
	pattern, tokens := "KNpsk0", [2]string{"→ psk, e", "← e, ee, se"}
	if h.linked {
		pattern, tokens = "NKpsk0", [2]string{"→ psk, e, es", "← e, ee"}
	}
	x.Title, x.Hex = pattern+" "+tokens[0], hexOf(data)
	if x.From == reports.PartyPhone {
		x.Title = pattern + " " + tokens[1]
	}
	if len(data) < pointLength+tagLength {
		wrong(x, "it has %d bytes; the point takes %d and the tag %d", len(data), pointLength, tagLength)
		return
	}
	say(x, "e: %d bytes, an uncompressed P-256 point", pointLength)
	if payload := len(data) - pointLength - tagLength; payload > 0 {
		say(x, "payload: %d bytes, encrypted", payload)
	} else {
		say(x, "payload: empty")
	}
	say(x, "tag: %d bytes", tagLength)
	if _, err := ecdh.P256().NewPublicKey(data[:pointLength]); err != nil {
		wrong(x, "e is no point of P-256")
	}
}
