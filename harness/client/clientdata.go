package client

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
)

// Types of client data (WebAuthn L3 §5.8.1).
const (
	typeCreate = "webauthn.create"
	typeGet    = "webauthn.get"
)

// clientData returns the client data of a ceremony (WebAuthn L3 §5.8.1), serialised so that a verifier of limited means can
// compare its beginning (§5.8.1.1).
func (c *Client) clientData(ceremony string, challenge []byte, who caller) []byte {
	m := c.Misbehave
	if m.Type != "" {
		ceremony = m.Type
	}
	if m.Challenge != nil {
		challenge = m.Challenge
	}
	if m.Origin != "" {
		who.origin = m.Origin
	}
	if m.CrossOrigin {
		who.crossOrigin = true
	}
	if m.TopOrigin != "" {
		who.topOrigin, who.crossOrigin = m.TopOrigin, true
	}
	var s strings.Builder
	fmt.Fprintf(&s, `{"type":%s,"challenge":%s,"origin":%s,"crossOrigin":%t`, quote(ceremony),
		quote(base64.RawURLEncoding.EncodeToString(challenge)), quote(who.origin), who.crossOrigin)
	if who.crossOrigin && who.topOrigin != "" {
		fmt.Fprintf(&s, `,"topOrigin":%s`, quote(who.topOrigin))
	}
	s.WriteByte('}')
	if m.EditClientData != nil {
		return m.EditClientData([]byte(s.String()))
	}
	return []byte(s.String())
}

// quote writes a JSON string as CCDToString does (WebAuthn L3 §5.8.1.1): escapes only where JSON needs them.
func quote(text string) string {
	var s strings.Builder
	s.WriteByte('"')
	for _, r := range text { // an invalid byte becomes U+FFFD, as in a browser
		switch {
		case r == '"' || r == '\\':
			s.WriteByte('\\')
			s.WriteRune(r)
		case r < 0x20:
			fmt.Fprintf(&s, `\u%04x`, r)
		default:
			s.WriteRune(r)
		}
	}
	s.WriteByte('"')
	return s.String()
}

// hash is the client data hash (WebAuthn L3 §5.8.1).
func hash(clientData []byte) []byte {
	sum := sha256.Sum256(clientData)
	return sum[:]
}

// sent returns the client data that goes to the relying party.
func (c *Client) sent(clientData []byte) []byte {
	if c.Misbehave.ClientDataJSON != nil {
		return c.Misbehave.ClientDataJSON
	}
	return clientData
}
