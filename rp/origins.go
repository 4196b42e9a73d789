package rp

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
)

// Origins are what is expected in client data beside Config.Origin (WebAuthn L3 §13.4.9). The zero value expects nothing else, and
// no frame.
type Origins struct {
	// More are further origins, sign by sign: "https://example.co.uk", "android:apk-key-hash:…".
	More []string
	// Subdomains expects those of Config.Origin's host, too, and Ports any port of such hosts.
	Subdomains, Ports bool
	// FramedBy are the origins of pages that may have ours in a frame. Without any, nobody may.
	FramedBy []string
}

// and are the same with more of them.
func (o Origins) and(more []string) Origins {
	o.More = slices.Concat(o.More, more)
	return o
}

// expectedOrigins judges the origins of client data.
type expectedOrigins struct {
	own string
	Origins
}

// Why client data is refused for its origins.
var (
	errOrigin    = errors.New("the origin is not one of ours")
	errFramed    = errors.New("the page was in a frame of another origin")
	errTopOrigin = errors.New("the page was in a frame of an origin that may not have it")
	errNoFrame   = errors.New("there is a top origin and no frame")
)

// check judges client data (WebAuthn L3 §7.1 steps 9 to 11, §7.2 steps 12 to 14), and leaves to the library what it cannot get
// wrong. The library's own comparison passes over user, path, and the case of letters, which no browser writes: somebody else does.
func (e *expectedOrigins) check(c *protocol.CollectedClientData) error {
	switch {
	case !e.expects(c.Origin):
		return fmt.Errorf("%w: %q", errOrigin, c.Origin)
	case c.CrossOrigin && len(e.FramedBy) == 0:
		return errFramed
	case c.TopOrigin != "" && !c.CrossOrigin:
		return errNoFrame
	case c.TopOrigin != "" && !slices.Contains(e.FramedBy, c.TopOrigin):
		return fmt.Errorf("%w: %q", errTopOrigin, c.TopOrigin)
	}
	c.Origin, c.CrossOrigin, c.TopOrigin = e.own, false, ""
	return nil
}

func (e *expectedOrigins) expects(origin string) bool {
	if origin == e.own || slices.Contains(e.More, origin) {
		return true
	}
	if !e.Subdomains && !e.Ports {
		return false
	}
	own, _ := splitOrigin(e.own) // parseOrigin has seen it
	other, ok := splitOrigin(origin)
	return ok && other.scheme == own.scheme &&
		(other.port == own.port || e.Ports) &&
		(other.host == own.host || e.Subdomains && strings.HasSuffix(other.host, "."+own.host))
}

// webOrigin is an origin taken apart.
type webOrigin struct{ scheme, host, port string }

// splitOrigin reads an origin exactly as a browser writes it (HTML, serialisation of an origin): small letters, no port that
// goes without saying, and nothing else around it. Anything else is none.
func splitOrigin(text string) (webOrigin, bool) {
	scheme, rest, _ := strings.Cut(text, "://")
	host, port, hasPort := strings.Cut(rest, ":")
	o := webOrigin{scheme, host, port}
	if scheme != "https" && scheme != "http" || hasPort && !isPort(port, scheme) {
		return o, false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || strings.ContainsFunc(label, notInLabel) {
			return o, false
		}
	}
	return o, true
}

func isPort(port, scheme string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && strconv.FormatUint(n, 10) == port && (scheme != "https" || n != 443) && (scheme != "http" || n != 80)
}

func notInLabel(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-'
}
