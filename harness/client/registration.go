package client

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// attestationObject is its CBOR form (WebAuthn L3 §6.5.4).
type attestationObject struct {
	Format    string          `cbor:"fmt"`
	Statement cbor.RawMessage `cbor:"attStmt"`
	AuthData  []byte          `cbor:"authData"`
}

// emptyMap is an empty CBOR map, the statement of format "none" (WebAuthn L3 §8.7).
const emptyMap = 0xa0

// registration makes the RegistrationResponseJSON (WebAuthn L3 §5.1, toJSON).
func (c *Client) registration(ctx context.Context, made *creation) ([]byte, error) {
	data, err := authdata.Parse(made.response.AuthData)
	if err != nil {
		return nil, &DOMError{Name: NotAllowedError, Message: "The authenticator's answer was malformed.", Cause: err}
	}
	if err := made.addOutputs(ctx, c); err != nil {
		return nil, refused(ctx, err)
	}
	if data.Credential == nil {
		// A device that attests no credential is for the relying party to notice: pass on what there is.
		data.Credential = &authdata.AttestedCredential{}
		return c.unattested(made, data)
	}
	object := attestationObject{Format: made.response.Format, Statement: made.response.Statement}
	c.convey(made, &object, data.Credential)
	c.tamper(&data)
	object.AuthData = reassemble(made.response.AuthData, data)
	return c.render(made, data, object)
}

// convey applies the attestation conveyance preference (WebAuthn L3 §5.1.3 step 22).
func (c *Client) convey(made *creation, object *attestationObject, credential *authdata.AttestedCredential) {
	none := made.options.conveyance() == "none"
	if c.Misbehave.KeepAttestation {
		none = false
	}
	if c.Misbehave.HideAttestation {
		none = true
	}
	if !none || credential.AAGUID == uuid.Nil && selfAttested(object) {
		return // a self attestation without an AAGUID identifies nobody: it stays
	}
	object.Format, object.Statement = "none", cbor.RawMessage{emptyMap}
	if !made.device.identifies() {
		credential.AAGUID = uuid.Nil
	}
}

// selfAttested tells whether the statement is packed self attestation: it has no certificates (WebAuthn L3 §8.2).
func selfAttested(o *attestationObject) bool {
	var statement map[string]cbor.RawMessage
	if o.Format != "packed" || cbor.Unmarshal(o.Statement, &statement) != nil {
		return false
	}
	_, certified := statement["x5c"]
	return !certified
}

// tamper tells the lies about signed bytes.
func (c *Client) tamper(d *authdata.Data) {
	m := c.Misbehave
	if m.SpoilRPIDHash {
		d.RPIDHash[0] ^= 0xff
	}
	d.Flags ^= m.FlipFlags
	if m.SignCount != nil {
		d.SignCount = *m.SignCount
	}
	if d.Credential == nil {
		return
	}
	if m.AAGUID != uuid.Nil {
		d.Credential.AAGUID = m.AAGUID
	}
	if m.CredentialID != nil {
		d.Credential.ID = m.CredentialID
	}
}

// reassemble returns the authenticator's own bytes when nothing was changed, so that what it signed arrives as it was.
func reassemble(original []byte, d authdata.Data) []byte {
	if before, err := authdata.Parse(original); err == nil && bytes.Equal(before.Encode(), d.Encode()) && before.Flags == d.Flags {
		return original
	}
	encoded := d.Encode()
	encoded[32] = byte(d.Flags) // Encode lets AT and ED follow from the content; a lie about them must survive
	return encoded
}

// registrationJSON is RegistrationResponseJSON.
type registrationJSON struct {
	ID                      string         `json:"id"`
	RawID                   base64url      `json:"rawId"`
	Type                    string         `json:"type"`
	AuthenticatorAttachment string         `json:"authenticatorAttachment"`
	ClientExtensionResults  map[string]any `json:"clientExtensionResults"`
	Response                struct {
		ClientDataJSON     base64url      `json:"clientDataJSON"`
		AttestationObject  base64url      `json:"attestationObject"`
		AuthenticatorData  base64url      `json:"authenticatorData"`
		PublicKey          base64url      `json:"publicKey,omitempty"`
		PublicKeyAlgorithm cose.Algorithm `json:"publicKeyAlgorithm"`
		Transports         []string       `json:"transports"`
	} `json:"response"`
}

func (c *Client) render(made *creation, data authdata.Data, object attestationObject) ([]byte, error) {
	encoded, err := ctap2.Marshal(object)
	if err != nil {
		return nil, &DOMError{Name: NotAllowedError, Message: "The authenticator's answer was malformed.", Cause: err}
	}
	if c.Misbehave.TrailingByte {
		encoded = append(encoded, 0)
	}
	var out registrationJSON
	out.ID = text(data.Credential.ID)
	out.RawID = c.rawID(data.Credential.ID)
	out.Type = c.credentialType()
	out.AuthenticatorAttachment = c.attachment(made.device)
	out.ClientExtensionResults = made.outputs
	r := &out.Response
	r.ClientDataJSON = c.sent(made.clientData)
	r.AttestationObject = encoded
	r.AuthenticatorData = c.outerAuthData(object.AuthData, data)
	r.PublicKey, r.PublicKeyAlgorithm = c.outerKey(data.Credential)
	r.Transports = c.transports(made.device)
	return c.finish(out)
}

// outerAuthData is the unsigned copy (WebAuthn L3 §5.2.1, getAuthenticatorData).
func (c *Client) outerAuthData(honest []byte, d authdata.Data) []byte {
	if c.Misbehave.OuterAAGUID == uuid.Nil {
		return honest
	}
	credential := *d.Credential
	credential.AAGUID = c.Misbehave.OuterAAGUID
	d.Credential = &credential
	return d.Encode()
}

// outerKey is the SubjectPublicKeyInfo of the key and its algorithm (WebAuthn L3 §5.2.1, getPublicKey); nil and zero for
// keys that the client does not know.
func (c *Client) outerKey(credential *authdata.AttestedCredential) (spki []byte, algorithm cose.Algorithm) {
	if key, err := credential.Key(); err == nil {
		algorithm = key.Algorithm()
		spki, _ = key.MarshalPKIX() // nil for a key that has no such form
	}
	if c.Misbehave.OuterPublicKey != nil {
		spki = c.Misbehave.OuterPublicKey
	}
	if c.Misbehave.OuterAlgorithm != 0 {
		algorithm = c.Misbehave.OuterAlgorithm
	}
	return spki, algorithm
}

// unattested passes on an answer without attested credential data, in which there is no id to name.
func (c *Client) unattested(made *creation, data authdata.Data) ([]byte, error) {
	object := attestationObject{Format: made.response.Format, Statement: made.response.Statement, AuthData: made.response.AuthData}
	return c.render(made, data, object)
}

// finish encodes a response, with the members left out that a lie wants absent.
func (c *Client) finish(response any) ([]byte, error) {
	encoded, err := json.Marshal(response)
	if err != nil || c.Misbehave.Omit == "" {
		return encoded, err
	}
	var members map[string]any
	if err := json.Unmarshal(encoded, &members); err != nil {
		return nil, err
	}
	delete(members, c.Misbehave.Omit)
	if inner, ok := members["response"].(map[string]any); ok {
		delete(inner, c.Misbehave.Omit)
	}
	return json.Marshal(members)
}
