package hybrid

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strings"
)

// assignedDomains are the tunnel servers with a number of their own (CTAP 2.3 §11.5.1.1.1). It is never written.
var assignedDomains = [...]string{"cable.ua5v.com", "cable.auth.com"}

// firstHashed is the first number whose domain is computed; those between the assigned and it are nobody's.
const firstHashed = 256

// The alphabet and the endings of computed domains. They are never written.
var (
	domainDigits  = "abcdefghijklmnopqrstuvwxyz234567"
	domainEndings = [...]string{".com", ".org", ".net", ".info"}
)

// DomainName returns the host name of a tunnel server (CTAP 2.3 §11.5.1.1.1): 0 and 1 are Google's and Apple's, 256 and up
// are computed from the number, and everything between is false.
func DomainName(id uint16) (string, bool) {
	if int(id) < len(assignedDomains) {
		return assignedDomains[id], true
	}
	if id < firstHashed {
		return "", false
	}
	// SHA-256("caBLEv2 tunnel server domain" ‖ id, little-endian ‖ 0), of which eight bytes are a little-endian number:
	// two bits of ending, then five bits a letter, lowest first.
	input := binary.LittleEndian.AppendUint16([]byte("caBLEv2 tunnel server domain"), id)
	digest := sha256.Sum256(append(input, 0))
	v := binary.LittleEndian.Uint64(digest[:])
	ending := domainEndings[v&3]
	var name strings.Builder
	name.WriteString("cable.")
	for v >>= 2; v != 0; v >>= 5 {
		name.WriteByte(domainDigits[v&31])
	}
	name.WriteString(ending)
	return name.String(), true
}

// The paths at a tunnel server, below the scheme and the host; see the package comment.
const (
	pathNew     = "/cable/new/"
	pathConnect = "/cable/connect/"
	pathContact = "/cable/contact/"
	pathListen  = "/cable/listen/"
)

// Headers and subprotocol of tunnel servers (CTAP 2.3 §11.5.1.1.1, §11.5.2).
const (
	// HeaderRoutingID is in the answer to a new tunnel: 6 hex digits.
	HeaderRoutingID = "X-caBLE-Routing-ID"
	// HeaderClientPayload is in the request of a computer that contacts a phone: hex of a CBOR map.
	HeaderClientPayload = "X-caBLE-Client-Payload"
	// Subprotocol is what both ends of a WebSocket must name.
	Subprotocol = "fido.cable"
)

func newURL(domain string, tunnel []byte) string {
	return "wss://" + domain + pathNew + hex.EncodeToString(tunnel)
}

func connectURL(domain string, routing [routingLength]byte, tunnel []byte) string {
	return "wss://" + domain + pathConnect + hex.EncodeToString(routing[:]) + "/" + hex.EncodeToString(tunnel)
}

func contactURL(domain string, contact []byte) string {
	return "wss://" + domain + pathContact + base64.RawURLEncoding.EncodeToString(contact)
}

func listenURL(domain string, contact []byte) string {
	return "wss://" + domain + pathListen + base64.RawURLEncoding.EncodeToString(contact)
}
