package trace

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/passkeylab/passkeylab/reports"
)

// Decoder turns the JSON of a ceremony into plain data. The zero value works.
type Decoder struct {
	// Provider names the provider that an AAGUID, in its lower-case form with hyphens, belongs to; empty when it is
	// unknown. Nil knows none.
	Provider func(aaguid string) string

	// Redactor scrubs what is decoded; nil knows patterns only.
	Redactor *Redactor
}

// Registration decodes creation options (PublicKeyCredentialCreationOptionsJSON, bare or under "publicKey") and the
// response to them (RegistrationResponseJSON; WebAuthn L3 §5.1.4, §5.1.3). Either may be empty when it never came to be.
func (d Decoder) Registration(options, response []byte) reports.Ceremony {
	c := &ceremony{Ceremony: reports.Ceremony{Kind: reports.Registration}, decoder: d}
	c.options(options)
	if r := c.response(response); r != nil {
		c.clientData(r.Response.ClientDataJSON, "webauthn.create")
		authData := c.attestationObject(r.Response.AttestationObject)
		c.authenticatorData(authData)
		c.compareRegistration(r, authData)
	}
	return c.done()
}

// Authentication decodes request options (PublicKeyCredentialRequestOptionsJSON, bare or under "publicKey") and the
// response to them (AuthenticationResponseJSON; WebAuthn L3 §5.1.4, §5.1.3). Either may be empty when it never came to be.
func (d Decoder) Authentication(options, response []byte) reports.Ceremony {
	c := &ceremony{Ceremony: reports.Ceremony{Kind: reports.Authentication}, decoder: d}
	c.options(options)
	if r := c.response(response); r != nil {
		c.clientData(r.Response.ClientDataJSON, "webauthn.get")
		c.authenticatorData(c.bytes("authenticatorData", r.Response.AuthenticatorData))
		c.signature(r.Response.Signature)
		c.Credential.UserHandle = r.Response.UserHandle
	}
	return c.done()
}

// ceremony is a reports.Ceremony while it is being decoded.
type ceremony struct {
	reports.Ceremony
	decoder Decoder

	keyAlgorithm *int64 // alg of the credential key, once it is known
	credentialID []byte // from the attested credential data
}

func (c *ceremony) problem(format string, args ...any) {
	c.Problems = append(c.Problems, fmt.Sprintf(format, args...))
}

func (c *ceremony) done() reports.Ceremony {
	c.decoder.Redactor.ceremony(&c.Ceremony)
	return c.Ceremony
}

// responseJSON has the members of both kinds of response.
type responseJSON struct {
	ID         string `json:"id"`
	RawID      string `json:"rawId"`
	Type       string `json:"type"`
	Attachment string `json:"authenticatorAttachment"`
	Response   struct {
		ClientDataJSON     string   `json:"clientDataJSON"`
		AttestationObject  string   `json:"attestationObject"`
		AuthenticatorData  string   `json:"authenticatorData"`
		Transports         []string `json:"transports"`
		PublicKeyAlgorithm *int64   `json:"publicKeyAlgorithm"`
		Signature          string   `json:"signature"`
		UserHandle         string   `json:"userHandle"`
	} `json:"response"`
	Extensions map[string]json.RawMessage `json:"clientExtensionResults"`
}

func (c *ceremony) response(data []byte) *responseJSON {
	if len(data) == 0 {
		return nil
	}
	var r responseJSON
	if err := json.Unmarshal(data, &r); err != nil {
		c.problem("the response is not the JSON of a credential: %v", err)
		// A member of the wrong type leaves the others decoded; anything else leaves nothing to go on with.
		if wrong := new(json.UnmarshalTypeError); !errors.As(err, &wrong) {
			return nil
		}
	}
	if r.Type != "public-key" {
		c.problem("type is %q instead of \"public-key\"", r.Type)
	}
	if r.ID != r.RawID {
		c.problem("id %q and rawId %q differ", tail(r.ID), tail(r.RawID))
	}
	c.Credential = &reports.Credential{
		ID:         r.ID,
		Tail:       tail(r.ID),
		Attachment: r.Attachment,
		Transports: r.Response.Transports,
		Extensions: rawFields(r.Extensions),
	}
	return &r
}

func (c *ceremony) clientData(encoded, wantType string) {
	data := c.bytes("clientDataJSON", encoded)
	if data == nil {
		return
	}
	c.Client = &reports.ClientData{JSON: string(data)}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		c.problem("clientDataJSON is not a JSON object: %v", err)
		return
	}
	c.Client.Type = c.text(members, "type")
	c.Client.Challenge = c.text(members, "challenge")
	c.Client.Origin = c.text(members, "origin")
	c.Client.TopOrigin = c.text(members, "topOrigin")
	if raw, ok := members["crossOrigin"]; ok {
		var cross bool
		if err := json.Unmarshal(raw, &cross); err != nil {
			c.problem("clientDataJSON: crossOrigin is %s, not true or false", raw)
		} else {
			c.Client.CrossOrigin = &cross
		}
	}
	for _, known := range []string{"type", "challenge", "origin", "topOrigin", "crossOrigin"} {
		delete(members, known)
	}
	c.Client.Extra = rawFields(members)
	if c.Client.Type != wantType {
		c.problem("clientDataJSON: type is %q; a ceremony of this kind has %q", c.Client.Type, wantType)
	}
	if c.Origin == "" {
		c.Origin = c.Client.Origin
	}
}

// text takes a string member out of a JSON object.
func (c *ceremony) text(members map[string]json.RawMessage, name string) string {
	raw, ok := members[name]
	if !ok {
		return ""
	}
	var value string
	if err := json.Unmarshal(raw, &value); err != nil {
		c.problem("clientDataJSON: %s is %s, not a string", name, raw)
	}
	return value
}

// bytes decodes base64url as the JSON forms carry it, without padding (WebAuthn L3 §5.1.8). Other base64 is taken, and
// told.
func (c *ceremony) bytes(name, encoded string) []byte {
	if encoded == "" {
		c.problem("%s is missing or empty", name)
		return nil
	}
	data, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err == nil {
		return data
	}
	plain := strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(encoded, "="))
	data, lenient := base64.RawURLEncoding.DecodeString(plain)
	if lenient != nil {
		c.problem("%s is not base64url: %v", name, err)
		return nil
	}
	c.problem("%s is base64, but not base64url without padding", name)
	return data
}

// compareRegistration reports members of the JSON that contradict the attestation object, which alone is attested.
func (c *ceremony) compareRegistration(r *responseJSON, authData []byte) {
	if c.credentialID != nil {
		if id := base64.RawURLEncoding.EncodeToString(c.credentialID); id != r.ID {
			c.problem("id ends in %q, but the attested credential id ends in %q", tail(r.ID), tail(id))
		}
	}
	if alg := r.Response.PublicKeyAlgorithm; alg != nil && c.keyAlgorithm != nil && *alg != *c.keyAlgorithm {
		c.problem("publicKeyAlgorithm is %s, but the attested key is for %s", algorithm(*alg), algorithm(*c.keyAlgorithm))
	}
	if encoded := r.Response.AuthenticatorData; encoded != "" && authData != nil {
		if given := c.bytes("authenticatorData", encoded); given != nil && !slices.Equal(given, authData) {
			c.problem("authenticatorData differs from the one inside the attestation object")
		}
	}
}

func (c *ceremony) signature(encoded string) {
	data := c.bytes("signature", encoded)
	if data == nil {
		return
	}
	c.Signature = &reports.Signature{Length: len(data), Hex: hexOf(data), Note: signatureShape(data)}
}

// signatureShape guesses from the bytes alone; the algorithm is known only to who registered the credential.
func signatureShape(data []byte) string {
	switch {
	case len(data) > 8 && data[0] == 0x30 && int(data[1]) == len(data)-2:
		return "ECDSA, DER"
	case len(data) == 64:
		return "EdDSA, or ECDSA without DER"
	case len(data) >= 256 && len(data)%64 == 0:
		return fmt.Sprintf("RSA, %d bits", 8*len(data))
	}
	return ""
}

// tail is the part of a credential id by which people compare: its last 8 characters.
func tail(id string) string {
	if len(id) <= 8 {
		return id
	}
	return strings.ToValidUTF8(id[len(id)-8:], "")
}

// rawFields lists the members of a JSON object by name, each value as compact JSON.
func rawFields(members map[string]json.RawMessage) []reports.Field {
	var fields []reports.Field
	for name, raw := range members {
		fields = append(fields, reports.Field{Name: name, Value: compact(raw)})
	}
	slices.SortFunc(fields, func(a, b reports.Field) int { return strings.Compare(a.Name, b.Name) })
	return fields
}
