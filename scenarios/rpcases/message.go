package rpcases

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// Message is a RegistrationResponseJSON or AuthenticationResponseJSON (WebAuthn L3 §5.1) that a case may change. Paths name
// members: "id", "response.clientDataJSON".
type Message struct{ Members map[string]any }

func parseMessage(encoded []byte) (*Message, error) {
	m := &Message{}
	if err := json.Unmarshal(encoded, &m.Members); err != nil {
		return nil, fmt.Errorf("the client's response: %w", err)
	}
	return m, nil
}

// Encode returns the message as JSON.
func (m *Message) Encode() []byte {
	encoded, err := json.Marshal(m.Members)
	if err != nil {
		panic(fmt.Sprintf("rpcases: a message that is no JSON: %v", err)) // a mistake in a case
	}
	return encoded
}

func (m *Message) find(path string) (map[string]any, string) {
	parent := m.Members
	for {
		name, rest, more := strings.Cut(path, ".")
		if !more {
			return parent, name
		}
		inner, ok := parent[name].(map[string]any)
		if !ok {
			inner = map[string]any{}
			parent[name] = inner
		}
		parent, path = inner, rest
	}
}

// Get returns a member, nil if there is none.
func (m *Message) Get(path string) any {
	parent, name := m.find(path)
	return parent[name]
}

// Set gives a member a value.
func (m *Message) Set(path string, value any) {
	parent, name := m.find(path)
	parent[name] = value
}

// Delete removes a member.
func (m *Message) Delete(path string) {
	parent, name := m.find(path)
	delete(parent, name)
}

// Bytes returns what a base64url member holds, nil if it is none.
func (m *Message) Bytes(path string) []byte {
	text, _ := m.Get(path).(string)
	decoded, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return decoded
}

// SetBytes gives a member a value in base64url.
func (m *Message) SetBytes(path string, value []byte) {
	m.Set(path, base64.RawURLEncoding.EncodeToString(value))
}

// text is a JSON string, "" for anything else.
func text(value json.RawMessage) string {
	var s string
	if json.Unmarshal(value, &s) != nil {
		return ""
	}
	return s
}

// AttestationObject is the CBOR of a registration (WebAuthn L3 §6.5.4).
type AttestationObject struct {
	Format    string          `cbor:"fmt"`
	Statement cbor.RawMessage `cbor:"attStmt"`
	AuthData  []byte          `cbor:"authData"`
}

// EditAttestation changes the attestation object after it was signed: for statements of format none, which sign nothing.
func (m *Message) EditAttestation(edit func(*AttestationObject)) error {
	var object AttestationObject
	if err := cbor.Unmarshal(m.Bytes("response.attestationObject"), &object); err != nil { // deeper than CTAP2 allows, some
		return fmt.Errorf("attestation object: %w", err)
	}
	edit(&object)
	encoded, err := ctap2.Marshal(object)
	if err != nil {
		return fmt.Errorf("attestation object: %w", err)
	}
	m.SetBytes("response.attestationObject", encoded)
	return nil
}

// set and without are lies about one member.
func set(path string, value any) func(*Message) error {
	return func(m *Message) error { m.Set(path, value); return nil }
}

func without(path string) func(*Message) error {
	return func(m *Message) error { m.Delete(path); return nil }
}

// wrongTypes are lies that give a member, which should be a string, each of the other JSON types.
func wrongTypes(path string) []Lie {
	var lies []Lie
	for _, wrong := range []struct {
		name  string
		value any
	}{{"null", nil}, {"true", true}, {"a number", 42}, {"a fraction", 1.5}, {"an array", []any{}}, {"an object", map[string]any{}}} {
		lies = append(lies, Lie{Is: path + " that is " + wrong.name, Message: set(path, wrong.value)})
	}
	return lies
}

// wrongObjects are the same for a member that should be an object.
func wrongObjects(path string) []Lie {
	var lies []Lie
	for _, wrong := range []struct {
		name  string
		value any
	}{{"null", nil}, {"an array", []any{}}, {"a string", "x"}, {"a number", 1}} {
		lies = append(lies, Lie{Is: path + " that is " + wrong.name, Message: set(path, wrong.value)})
	}
	return lies
}
