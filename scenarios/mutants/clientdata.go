package mutants

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"
)

// clientData is what the client says that it signed for (WebAuthn L3 §5.8.1).
type clientData struct {
	hash    [32]byte
	members map[string]json.RawMessage
	// rest is what stands behind the first JSON value; wrapped says that the object was not the root.
	rest    []byte
	wrapped bool

	kind, challenge, origin string
}

// clientDataSteps are §7.1 steps 5 to 11 and §7.2 steps 8 to 14. The challenge belongs to the session's steps.
func clientDataSteps(k kind) []Step {
	wanted := map[kind]string{registering: "webauthn.create", authenticating: "webauthn.get"}[k]
	return []Step{
		reads(k.name("client-data/parse"), readClientData),
		{Name: k.name("client-data/object"), Clause: k.clause("6", "9", "json"), check: func(a *attempt) error {
			return unless(!a.clientData.wrapped, "client data is no JSON object")
		}},
		{Name: k.name("client-data/end"), Clause: k.clause("6", "9", "json"), check: func(a *attempt) error {
			return unless(len(bytes.TrimLeft(a.clientData.rest, " \t\r\n")) == 0, "there is something behind the client data")
		}},
		{Name: k.name("client-data/type"), Clause: k.clause("7", "10", "type"), check: func(a *attempt) error {
			return unless(a.clientData.kind == wanted, "the type is %q", a.clientData.kind)
		}, lax: []laxity{
			{name: "letter-case", check: func(a *attempt) error { return unless(strings.EqualFold(a.clientData.kind, wanted), "another type") }},
			{name: "trimmed", check: func(a *attempt) error {
				return unless(strings.Trim(a.clientData.kind, " \t\r\n\x00") == wanted, "another type")
			}},
			{name: "prefix", check: func(a *attempt) error {
				return unless(strings.HasPrefix(a.clientData.kind, "webauthn."), "another type")
			}},
		}},
	}
}

// frameSteps are about the page that a ceremony ran on, and its frames.
func frameSteps(k kind) []Step {
	return []Step{
		{Name: k.name("client-data/origin"), Clause: k.clause("9", "12", "origin"), Also: or(l3("13.4.9", "origin-expected")), check: func(a *attempt) error {
			return unless(a.rp.expects(a.clientData.origin), "the origin is %q", a.clientData.origin)
		}, lax: laxOrigins()},
		{Name: k.name("client-data/cross-origin-type"), Clause: l3("5.8.1", "client-data-members"), check: func(a *attempt) error {
			var framed bool
			value := a.clientData.members["crossOrigin"]
			return unless(value == nil || string(value) != "null" && json.Unmarshal(value, &framed) == nil, "crossOrigin is no boolean")
		}},
		{Name: k.name("client-data/cross-origin"), Clause: k.clause("10", "13", "cross-origin"), check: func(a *attempt) error {
			return unless(string(a.clientData.members["crossOrigin"]) != "true" || len(a.rp.settings.FramedBy) > 0, "the page was in a frame of another origin")
		}},
		{Name: k.name("client-data/top-origin-framed"), Clause: l3("5.8.1", "client-data-members"), check: func(a *attempt) error {
			return unless(a.clientData.members["topOrigin"] == nil || string(a.clientData.members["crossOrigin"]) == "true", "there is a top origin without a frame")
		}},
		{Name: k.name("client-data/top-origin"), Clause: k.clause("11", "14", "top-origin"), check: func(a *attempt) error {
			top, _ := text(a.clientData.members["topOrigin"])
			return unless(a.clientData.members["topOrigin"] == nil || slices.Contains(a.rp.settings.FramedBy, top), "the top origin %q is not allowed", top)
		}},
	}
}

// expects reports whether an origin is that of the page, or one that the relying party has listed besides.
func (rp *RP) expects(origin string) bool {
	s := rp.settings
	if origin == s.Origin || slices.Contains(s.Related, origin) {
		return true
	}
	if !s.Subdomains && !s.Ports {
		return false
	}
	u, err := url.Parse(origin)
	page, _ := url.Parse(s.Origin) // it is one that its caller chose
	if err != nil || u.Scheme != page.Scheme || u.Scheme+"://"+u.Host != origin || strings.HasSuffix(u.Host, ":") || strings.HasPrefix(u.Port(), "0") || u.Host != strings.ToLower(u.Host) {
		return false
	}
	below, isBelow := strings.CutSuffix(u.Hostname(), "."+page.Hostname())
	host := u.Hostname() == page.Hostname() || s.Subdomains && isBelow && !slices.ContainsFunc(strings.Split(below, "."), isNoLabel)
	return host && (u.Port() == page.Port() || s.Ports)
}

// isNoLabel reports whether part of a host's name is empty, or has a sign that no name has.
func isNoLabel(label string) bool {
	return label == "" || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != ""
}

// laxOrigins are origins compared in part.
func laxOrigins() []laxity {
	compare := func(name string, same func(got, want string) bool) laxity {
		return laxity{name: name, clause: l3("13.4.9", "origin-expected"), check: func(a *attempt) error {
			got := a.clientData.origin
			return unless(a.rp.expects(got) || same(got, a.rp.settings.Origin), "the origin is %q", got)
		}}
	}
	return []laxity{
		compare("prefix", strings.HasPrefix),
		compare("suffix", func(got, want string) bool {
			_, host, _ := strings.Cut(want, "://")
			return strings.HasSuffix(got, host)
		}),
		compare("letter-case", strings.EqualFold),
		compare("contains", strings.Contains),
		compare("host-only", func(got, want string) bool { return hostOf(got) == hostOf(want) }),
		compare("any-port", func(got, want string) bool {
			scheme, _, _ := strings.Cut(want, "://")
			return strings.HasPrefix(got, scheme+"://") && hostOf(got) == hostOf(want)
		}),
		compare("subdomains", func(got, want string) bool {
			return hostOf(got) == hostOf(want) || strings.HasSuffix(hostOf(got), "."+hostOf(want))
		}),
		compare("trimmed", func(got, want string) bool { return strings.Trim(got, " \t\r\n\x00/") == want }),
	}
}

// hostOf is the host of something like an origin, read as loosely as such code does.
func hostOf(origin string) string {
	_, rest, _ := strings.Cut(origin, "://")
	if end := strings.IndexAny(rest, "/?#\\"); end >= 0 {
		rest = rest[:end]
	}
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = rest[at+1:]
	}
	host, _, _ := strings.Cut(rest, ":")
	return strings.ToLower(host)
}

// readClientData decodes UTF-8, without one byte order mark, and reads the first JSON value as well as it can. Bytes that are
// no UTF-8 become U+FFFD, as the Encoding Standard's decoder has it.
func readClientData(a *attempt) error {
	c, raw := &a.clientData, a.envelope.clientData
	c.hash = sha256.Sum256(raw)
	decoder := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))))
	var root json.RawMessage
	if err := decoder.Decode(&root); err != nil {
		return errors.New("client data is no JSON")
	}
	c.rest, _ = io.ReadAll(io.MultiReader(decoder.Buffered(), bytes.NewReader(nil)))
	if err := json.Unmarshal(root, &c.members); err != nil || c.members == nil {
		var list []map[string]json.RawMessage
		if json.Unmarshal(root, &list) != nil || len(list) == 0 {
			return errors.New("client data is no JSON object")
		}
		c.wrapped, c.members = true, list[0]
	}
	c.kind, _ = text(c.members["type"])
	c.challenge, _ = text(c.members["challenge"])
	c.origin, _ = text(c.members["origin"])
	return nil
}

// decodedChallenge reads a challenge as loosely as it can be.
func decodedChallenge(challenge string) string {
	cleaned := strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(challenge)
	decoded, _ := base64.RawURLEncoding.DecodeString(cleaned)
	return string(decoded)
}
