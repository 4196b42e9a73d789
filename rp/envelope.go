package rp

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
)

// reading reads the members of a response one by one. The first error stays.
type reading struct {
	top, response members
	err           error
}

// readEnvelope reads the JSON of a RegistrationResponseJSON or AuthenticationResponseJSON (WebAuthn L3 §5.1).
func readEnvelope(body []byte) *reading {
	r := &reading{}
	if len(body) > MaxBody {
		r.err = fmt.Errorf("the body has %d bytes, more than %d", len(body), MaxBody)
		return r
	}
	if r.top, r.err = exactMembers(body); r.err != nil {
		r.err = fmt.Errorf("the body: %w", r.err)
		return r
	}
	if r.response, r.err = splitObject(r.top.get("response")); r.err != nil {
		r.err = fmt.Errorf("response: %w", r.err)
	}
	return r
}

func (r *reading) fail(name string, err error) {
	if r.err == nil && err != nil {
		r.err = fmt.Errorf("%s: %w", name, err)
	}
}

// text reads a member that is a string, "" if there is none.
func (r *reading) text(from members, name string) string {
	value := from.get(name)
	if value == nil {
		return ""
	}
	text, err := exactText(value)
	r.fail(name, err)
	return text
}

// errBase64url is what Go's strict decoder would let pass: line breaks.
var errBase64url = errors.New("it is no base64url without padding")

// bytes reads a member that is base64url, nil if there is none.
func (r *reading) bytes(from members, name string) protocol.URLEncodedBase64 {
	text := r.text(from, name)
	decoded, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") {
		r.fail(name, errBase64url)
	}
	return decoded
}

// credential reads what both kinds of response have. What a client says beside what is signed, and we do not use, is not read.
func (r *reading) credential() (c protocol.PublicKeyCredential) {
	c.ID, c.Type, c.RawID = r.text(r.top, "id"), r.text(r.top, "type"), r.bytes(r.top, "rawId")
	r.bytes(r.top, "id") // that it is base64url
	if attachment := r.top.get("authenticatorAttachment"); string(attachment) != "null" {
		c.AuthenticatorAttachment = r.text(r.top, "authenticatorAttachment")
	}
	if results := r.top.get("clientExtensionResults"); results != nil && string(results) != "{}" {
		if results[0] != '{' {
			r.fail("clientExtensionResults", errors.New("it is no object"))
			return c
		}
		r.fail("clientExtensionResults", json.Unmarshal(results, &c.ClientExtensionResults))
	}
	return c
}

// parseCreation reads a RegistrationResponseJSON. Nothing in it is trusted yet.
func parseCreation(body []byte) (*protocol.ParsedCredentialCreationData, error) {
	r := readEnvelope(body)
	response := protocol.CredentialCreationResponse{PublicKeyCredential: r.credential()}
	response.AttestationResponse.AttestationObject = r.bytes(r.response, "attestationObject")
	if transports := r.response.get("transports"); transports != nil {
		r.fail("transports", json.Unmarshal(transports, &response.AttestationResponse.Transports))
	}
	signed := r.bytes(r.response, "clientDataJSON")
	response.AttestationResponse.ClientDataJSON = r.collected(signed)
	if r.err != nil {
		return nil, r.err
	}
	parsed, err := response.Parse()
	if err != nil {
		return nil, describeError(err)
	}
	parsed.Raw.AttestationResponse.ClientDataJSON = signed // what is hashed
	return parsed, nil
}

// parseAssertion reads an AuthenticationResponseJSON.
func parseAssertion(body []byte) (*protocol.ParsedCredentialAssertionData, error) {
	r := readEnvelope(body)
	response := protocol.CredentialAssertionResponse{PublicKeyCredential: r.credential()}
	response.AssertionResponse.AuthenticatorData = r.bytes(r.response, "authenticatorData")
	response.AssertionResponse.Signature = r.bytes(r.response, "signature")
	if string(r.response.get("userHandle")) != "null" {
		response.AssertionResponse.UserHandle = r.bytes(r.response, "userHandle")
	}
	signed := r.bytes(r.response, "clientDataJSON")
	response.AssertionResponse.ClientDataJSON = r.collected(signed)
	if r.err != nil {
		return nil, r.err
	}
	parsed, err := response.Parse()
	if err != nil {
		return nil, describeError(err)
	}
	parsed.Raw.AssertionResponse.ClientDataJSON = signed // what is hashed
	return parsed, nil
}

// collected is client data for the library; nil after an error.
func (r *reading) collected(signed []byte) []byte {
	if r.err != nil {
		return nil
	}
	read, err := collected(signed)
	r.fail("clientDataJSON", err)
	return read
}

// byteOrderMark may stand before client data, and is no part of its text (WebAuthn L3 §7.1 step 5, §7.2 step 8).
var byteOrderMark = []byte("\ufeff")

// collected turns client data into what the library reads: the members that are known, each of the kind that it must be. What
// older browsers may have sent as tokenBinding is left to the library.
func collected(clientData []byte) ([]byte, error) {
	all, err := exactMembers(bytes.TrimPrefix(clientData, byteOrderMark))
	if err != nil {
		return nil, err
	}
	known := append(make([]byte, 0, len(clientData)), '{')
	for _, name := range []string{"type", "challenge", "origin", "topOrigin", "crossOrigin", "tokenBinding"} {
		value := all.get(name)
		if value == nil {
			continue
		}
		switch name {
		case "crossOrigin":
			if text := string(value); text != "true" && text != "false" {
				return nil, errors.New("crossOrigin is neither true nor false")
			}
		case "type", "challenge", "origin", "topOrigin":
			if _, err := exactText(value); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
		if len(known) > 1 {
			known = append(known, ',')
		}
		known = append(append(append(append(known, '"'), name...), `":`...), value...)
	}
	return append(known, '}'), nil
}
