package tunnel

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// The sizes of ids and payloads, in bytes.
const (
	tunnelIDSize  = 16
	routingIDSize = 3
	maxContactID  = 512
	maxPayload    = 1024
)

// The headers of CTAP 2.3 §11.5.1.
const (
	routingHeader = "X-caBLE-Routing-ID"
	payloadHeader = "X-caBLE-Client-Payload"
	subprotocol   = "fido.cable"
)

// tunnelID names a tunnel: derived from the QR code's secret, or made up by the server for a contact.
type tunnelID [tunnelIDSize]byte

// String is 32 hexadecimal digits, as they stand in a path.
func (id tunnelID) String() string { return hex.EncodeToString(id[:]) }

// routingID names one server among those of a domain.
type routingID [routingIDSize]byte

// String is 6 hexadecimal digits, as they stand in a path and in the header.
func (id routingID) String() string { return hex.EncodeToString(id[:]) }

// operation is what a path asks for.
type operation string

const (
	opNew     operation = "new"
	opConnect operation = "connect"
	opContact operation = "contact"
	opListen  operation = "listen"
)

// request is a tunnel request, decoded. Which fields are set is decided by op.
type request struct {
	op      operation
	tunnel  tunnelID
	routing routingID
	contact string // the bytes of the contact id
}

// key is how the contact id is known.
func (r request) key() contactKey { return sha256.Sum256([]byte(r.contact)) }

// refusal is an answer that is no WebSocket.
type refusal struct {
	status int
	text   string
	allow  string // for 405
}

// Error is what the client reads.
func (r *refusal) Error() string { return r.text }

func refuse(status int, format string, values ...any) error {
	return &refusal{status: status, text: fmt.Sprintf(format, values...)}
}

// shapes are the paths: the operation, and what its parts mean.
var shapes = map[operation][]func(*request, string) error{
	opNew:     {(*request).setTunnel},
	opConnect: {(*request).setRouting, (*request).setTunnel},
	opContact: {(*request).setContact},
	opListen:  {(*request).setContact},
}

// parsePath decodes the path of a URL, without its query. The error is a *refusal; the operation is told also then, as far
// as it is known.
func parsePath(path string) (request, error) {
	rest, found := strings.CutPrefix(path, "/cable/")
	name, rest, _ := strings.Cut(rest, "/")
	shape, known := shapes[operation(name)]
	if !found || !known {
		return request{}, refuse(http.StatusNotFound, "no such path; there are /cable/new/, /cable/connect/, /cable/contact/ and /cable/listen/")
	}
	parts := strings.Split(rest, "/")
	if len(parts) != len(shape) {
		return request{op: operation(name)}, refuse(http.StatusNotFound, "/cable/%s/ is followed by %d part(s), not %d", name, len(shape), len(parts))
	}
	r := request{op: operation(name)}
	for i, set := range shape {
		if err := set(&r, parts[i]); err != nil {
			return request{op: r.op}, err
		}
	}
	return r, nil
}

func (r *request) setTunnel(digits string) error {
	return unhex(r.tunnel[:], digits, "tunnel id")
}

func (r *request) setRouting(digits string) error {
	return unhex(r.routing[:], digits, "routing id")
}

func (r *request) setContact(text string) error {
	if len(text) > base64.RawURLEncoding.EncodedLen(maxContactID) {
		return refuse(http.StatusBadRequest, "contact id: at most %d bytes", maxContactID)
	}
	id, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(id) == 0 || strings.ContainsAny(text, "\r\n") {
		return refuse(http.StatusBadRequest, "contact id: want 1 to %d bytes in base64url without padding", maxContactID)
	}
	r.contact = string(id)
	return nil
}

// unhex fills id from exactly as many digits as it has room for.
func unhex(id []byte, digits, what string) error {
	if len(digits) != hex.EncodedLen(len(id)) {
		return refuse(http.StatusBadRequest, "%s: want %d hexadecimal digits, not %d characters", what, hex.EncodedLen(len(id)), len(digits))
	}
	if _, err := hex.Decode(id, []byte(digits)); err != nil {
		return refuse(http.StatusBadRequest, "%s: want %d hexadecimal digits, and nothing else", what, hex.EncodedLen(len(id)))
	}
	return nil
}

// parsePayload decodes the header of a contact.
func parsePayload(values []string) ([]byte, error) {
	if len(values) != 1 {
		return nil, refuse(http.StatusBadRequest, "%s: want it once, not %d times; a phone listens at /cable/listen/", payloadHeader, len(values))
	}
	if len(values[0]) == 0 || len(values[0]) > hex.EncodedLen(maxPayload) {
		return nil, refuse(http.StatusBadRequest, "%s: want 1 to %d bytes", payloadHeader, maxPayload)
	}
	payload, err := hex.DecodeString(values[0])
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "%s: want an even number of hexadecimal digits", payloadHeader)
	}
	return payload, nil
}

// notice encodes what a listening phone is told of one contact.
func notice(routing routingID, tunnel tunnelID, payload []byte) []byte {
	return slices.Concat(routing[:], tunnel[:], payload)
}
