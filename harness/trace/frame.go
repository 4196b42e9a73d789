package trace

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/reports"
)

// linkShape is what a phone tells a computer, so that it can be found again without a QR code (CTAP 2.3 §11.5.2).
var linkShape = &shape{hidden: true, numbers: map[int64]member{
	1: {name: "contactId"}, 2: {name: "linkId"}, 3: {name: "linkSecret", secret: true}, 4: {name: "publicKey"}, 5: {name: "name"}, 6: {name: "signature"},
}}

// updateShape is an update message.
var updateShape = &shape{hidden: true, numbers: map[int64]member{1: {name: "link", inner: linkShape}}}

// postHandshakeShape is the first message, which has no type byte.
var postHandshakeShape = &shape{hidden: true, numbers: map[int64]member{
	1: {name: "getInfo", inside: getInfoShape.response}, 2: {name: "link", inner: linkShape}, 3: {name: "features"},
}}

// frame shows a decrypted message of the tunnel (CTAP 2.3 §11.5.1): a type byte and a payload,
//
//	0  shutdown, empty, from the computer only
//	1  a CTAP2 command or response
//	2  update, a CBOR map, from the phone only
//	3  JSON
//
// or the post-handshake message, a CBOR map that the phone sends first and whose first byte is no type.
func (h *Hybrid) frame(x *reports.Exchange, data []byte) {
	payload := data[1:]
	switch {
	case data[0]>>5 == majorMap:
		x.Title = "post-handshake message"
		cborFrame(x, data, postHandshakeShape)
	case data[0] == 0:
		x.Title, x.Hex = "shutdown", hexOf(data)
		if len(payload) > 0 {
			wrong(x, "a shutdown has no payload, this one has %d bytes", len(payload))
		}
		if x.From == reports.PartyPhone {
			wrong(x, "only the computer may say this")
		}
	case data[0] == 1 && len(payload) == 0:
		x.Title = "CTAP2 message"
		wrong(x, "it is empty")
	case data[0] == 1:
		h.ctap(x, payload)
	case data[0] == 2:
		x.Title = "update"
		cborFrame(x, payload, updateShape)
		if x.From == reports.PartyComputer {
			wrong(x, "only the phone may say this")
		}
	case data[0] == 3:
		x.Title = "JSON message"
		jsonFrame(x, payload)
	default:
		x.Title = "frame of unknown type"
		wrong(x, "the type is 0x%02x; known are 0 to 3", data[0])
	}
}

// cborFrame shows a map. Its bytes are not shown beside it when they hold a secret, or may.
func cborFrame(x *reports.Exchange, data []byte, s *shape) {
	text := annotated(data, s)
	say(x, "%s", wrapped(text))
	if err := cbor.Wellformed(data); err != nil {
		wrong(x, "it is not one item of CBOR: %v", err)
	} else if !strings.Contains(text, Redacted) {
		x.Hex = hexOf(data)
	}
}

func jsonFrame(x *reports.Exchange, data []byte) {
	var b bytes.Buffer
	if err := json.Indent(&b, data, "", "  "); err != nil {
		wrong(x, "it is not JSON: %v", err)
		say(x, "%q", data)
		return
	}
	say(x, "%s", b.String())
}
