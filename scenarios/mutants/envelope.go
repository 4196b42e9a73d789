package mutants

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// envelope is the JSON around what was signed: RegistrationResponseJSON or AuthenticationResponseJSON (WebAuthn L3 §5.1).
type envelope struct {
	members, response map[string]json.RawMessage
	// id is that of the envelope, which nobody signed; rawID is nil when there is none.
	id, rawID []byte
	// What the response holds, as far as it is of the ceremony's kind.
	clientData, attestationObject, authData, signature []byte
	// userHandle is nil when it is absent or null.
	userHandle []byte
	transports []string
	// loose are members whose base64url is not as it must be, though they can be read.
	loose []string
}

// envelopeSteps read the envelope and check it.
func envelopeSteps(k kind) []Step {
	return []Step{
		reads(k.name("envelope/json"), readEnvelope),
		reads(k.name("envelope/members"), readMembers),
		{Name: k.name("envelope/base64url"), Clause: l3("5.1", "base64url"), Also: or(l3("5.1", "credential-id"), l3("5.2.2", "signature"), l3("5.2.2", "authenticator-data")), check: func(a *attempt) error {
			return unless(len(a.envelope.loose) == 0, "%s: base64url without padding is expected", strings.Join(a.envelope.loose, ", "))
		}},
		idStep(k),
		{Name: k.name("envelope/raw-id"), Clause: l3("5.1", "raw-id"), check: func(a *attempt) error {
			e := &a.envelope
			return unless(e.members["rawId"] == nil || e.rawID != nil && (e.id == nil || bytes.Equal(e.rawID, e.id)), "rawId is not id")
		}},
		{Name: k.name("envelope/type"), Clause: l3("5.8.2", "credential-type"), Also: or(l3("5.1", "credential-type")), check: func(a *attempt) error {
			kind, ok := text(a.envelope.members["type"])
			return unless(ok && kind == "public-key", "type is not public-key")
		}, lax: []laxity{
			{name: "presence", check: func(a *attempt) error {
				kind, _ := text(a.envelope.members["type"])
				return unless(kind != "", "type is missing")
			}},
			{name: "letter-case", check: func(a *attempt) error {
				kind, _ := text(a.envelope.members["type"])
				return unless(strings.EqualFold(kind, "public-key"), "type is not public-key")
			}},
		}},
		{Name: k.name("envelope/extension-results"), Clause: l3("5.1", "client-extension-results"), check: checkExtensionResults},
	}
}

// readEnvelope reads two levels of JSON objects.
func readEnvelope(a *attempt) error {
	e := &a.envelope
	decoder := json.NewDecoder(bytes.NewReader(a.body))
	if err := decoder.Decode(&e.members); err != nil || e.members == nil {
		return errors.New("the body is no JSON object")
	}
	if _, err := decoder.Token(); err != io.EOF {
		return errors.New("there is something behind the JSON object")
	}
	if json.Unmarshal(e.members["response"], &e.response) != nil || e.response == nil {
		return errors.New("response is no object")
	}
	return nil
}

// readMembers reads what holds bytes. A client leaves out what it does not have; null is the same, where it may be so.
func readMembers(a *attempt) error {
	e := &a.envelope
	e.id, _ = e.bytes("id", e.members["id"])
	e.rawID, _ = e.bytes("rawId", e.members["rawId"])
	needed := map[string]*[]byte{"clientDataJSON": &e.clientData, "attestationObject": &e.attestationObject}
	if a.kind == authenticating {
		needed = map[string]*[]byte{"clientDataJSON": &e.clientData, "authenticatorData": &e.authData, "signature": &e.signature}
	}
	for name, into := range needed {
		value, err := e.bytes(name, e.response[name])
		if err != nil {
			return err
		}
		*into = value
	}
	if handle := e.response["userHandle"]; a.kind == authenticating && handle != nil && string(handle) != "null" {
		e.userHandle, _ = e.bytes("userHandle", handle)
		if e.userHandle == nil {
			e.userHandle = []byte{} // something is there, and it is no handle
		}
	}
	return nil
}

// bytes decodes one member. What can only be read loosely is noted.
func (e *envelope) bytes(name string, value json.RawMessage) ([]byte, error) {
	written, ok := text(value)
	if !ok {
		return nil, fmt.Errorf("%s is no string", name)
	}
	strict := base64.RawURLEncoding.Strict()
	decoded, err := strict.DecodeString(written)
	if err == nil && !strings.ContainsAny(written, "\r\n") { // which the decoder overlooks
		return decoded, nil
	}
	e.loose = append(e.loose, name)
	cleaned := strings.NewReplacer("+", "-", "/", "_", "=", "", " ", "", "\n", "", "\r", "", "\t", "").Replace(written)
	if decoded, err = base64.RawURLEncoding.DecodeString(cleaned); err != nil {
		return nil, fmt.Errorf("%s is no base64url", name)
	}
	return decoded, nil
}

// text is a JSON string.
func text(value json.RawMessage) (string, bool) {
	var s string
	ok := len(value) > 0 && value[0] == '"' && json.Unmarshal(value, &s) == nil
	return s, ok
}

// idStep wants an id. At sign-in nothing could be looked up without it.
func idStep(k kind) Step {
	s := Step{Name: k.name("envelope/id"), check: func(a *attempt) error { return unless(a.envelope.id != nil, "id is no base64url string") }}
	if k == registering {
		s.Clause = l3("5.1", "credential-id")
	}
	return s
}

// checkExtensionResults wants an object where there is anything. FIDO's API has a name of its own for it.
func checkExtensionResults(a *attempt) error {
	for _, name := range []string{"clientExtensionResults", "getClientExtensionResults"} {
		var results map[string]json.RawMessage
		if value := a.envelope.members[name]; value != nil && (json.Unmarshal(value, &results) != nil || results == nil) {
			return fmt.Errorf("%s is no object", name)
		}
	}
	return nil
}

// transportSteps are about what a registration says of transports, which are not signed.
func transportSteps() []Step {
	return []Step{{Name: "reg/envelope/transports", Clause: l3("5.2.1", "transports"), check: func(a *attempt) error {
		value := a.envelope.response["transports"]
		if value == nil || string(value) == "null" {
			return nil
		}
		return unless(json.Unmarshal(value, &a.envelope.transports) == nil, "transports is no list of strings")
	}}}
}

// userHandleSteps are about the type of the user handle, which is absent, null or a string.
func userHandleSteps() []Step {
	return []Step{{Name: "auth/envelope/user-handle", Clause: l3("5.2.2", "user-handle"), check: func(a *attempt) error {
		value := a.envelope.response["userHandle"]
		_, ok := text(value)
		return unless(value == nil || string(value) == "null" || ok, "userHandle is no string")
	}}}
}
