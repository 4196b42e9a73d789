package reports

import "time"

// The kinds of ceremony (WebAuthn L3 §5.1).
const (
	Registration   = "registration"   // Registration made a credential.
	Authentication = "authentication" // Authentication used one.
)

// Ceremony is one registration or authentication, decoded for reading. Every part may be missing: a ceremony that the
// person cancelled has options and an outcome only. Parts that could not be decoded are described in Problems.
type Ceremony struct {
	Kind     string        `json:"kind"` // Kind is Registration or Authentication.
	At       time.Time     `json:"at,omitzero"`
	Duration time.Duration `json:"durationNs,omitempty"`
	Origin   string        `json:"origin,omitempty"`  // Origin is the page's, for example "https://wp-01.localhost:8443".
	RPID     string        `json:"rpID,omitempty"`    // RPID is the RP ID asked for.
	Outcome  string        `json:"outcome,omitempty"` // Outcome is what became of it: "accepted", a DOMException's name, or the RP's code.
	Accepted bool          `json:"accepted"`          // Accepted says that the RP took it.

	Options       *Options           `json:"options,omitempty"`
	Client        *ClientData        `json:"client,omitempty"`
	Credential    *Credential        `json:"credential,omitempty"`
	Authenticator *AuthenticatorData `json:"authenticator,omitempty"`
	Attestation   *Attestation       `json:"attestation,omitempty"` // Attestation is set for a registration.
	Signature     *Signature         `json:"signature,omitempty"`   // Signature is set for an authentication.
	Exchanges     []Exchange         `json:"exchanges,omitempty"`   // Exchanges are the messages of the lower layers, in order.
	Problems      []string           `json:"problems,omitempty"`    // Problems say what was malformed, and where.
}

// Field is a name and its value, for lists that are printed as they are.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Options are what the RP asked for (PublicKeyCredentialCreationOptions, PublicKeyCredentialRequestOptions).
type Options struct {
	Fields []Field `json:"fields,omitempty"` // Fields are the members worth reading, in the order of the specification.
	JSON   string  `json:"json,omitempty"`   // JSON is the whole of it, indented and redacted.
}

// ClientData are the decoded members of clientDataJSON (WebAuthn L3 §5.8.1).
type ClientData struct {
	Type        string  `json:"type,omitempty"`
	Challenge   string  `json:"challenge,omitempty"` // Challenge is base64url, as sent.
	Origin      string  `json:"origin,omitempty"`
	CrossOrigin *bool   `json:"crossOrigin,omitempty"` // CrossOrigin is nil when the member is missing.
	TopOrigin   string  `json:"topOrigin,omitempty"`
	Extra       []Field `json:"extra,omitempty"` // Extra are members that the specification does not name.
	JSON        string  `json:"json,omitempty"`  // JSON is the text that was hashed and signed.
}

// Credential describes the PublicKeyCredential that the client returned.
type Credential struct {
	ID         string   `json:"id,omitempty"`         // ID is the credential id in base64url.
	Tail       string   `json:"tail,omitempty"`       // Tail is the last 8 characters of ID, by which people compare.
	Attachment string   `json:"attachment,omitempty"` // Attachment is "platform" or "cross-platform".
	Transports []string `json:"transports,omitempty"`
	UserHandle string   `json:"userHandle,omitempty"` // UserHandle is base64url.
	Extensions []Field  `json:"extensions,omitempty"` // Extensions are the client extension results.
}

// AuthenticatorData is the decoded authenticator data (WebAuthn L3 §6.1).
type AuthenticatorData struct {
	RPIDHash    string    `json:"rpIDHash,omitempty"`    // RPIDHash is hexadecimal.
	RPIDHashOf  string    `json:"rpIDHashOf,omitempty"`  // RPIDHashOf is the RP ID whose SHA-256 it is; empty when it is that of no known one.
	FlagsByte   string    `json:"flagsByte,omitempty"`   // FlagsByte is for example "0x5d".
	Flags       []Flag    `json:"flags,omitempty"`       // Flags are the eight bits, from bit 0.
	Counter     uint32    `json:"counter"`               // Counter is signCount.
	AAGUID      string    `json:"aaguid,omitempty"`      // AAGUID is set when there is attested credential data.
	Provider    string    `json:"provider,omitempty"`    // Provider is the name that goes with the AAGUID.
	KeySummary  string    `json:"keySummary,omitempty"`  // KeySummary is for example "ES256, P-256".
	KeyDiag     string    `json:"keyDiag,omitempty"`     // KeyDiag is the COSE_Key in CBOR diagnostic notation.
	Extensions  string    `json:"extensions,omitempty"`  // Extensions is the extension data in CBOR diagnostic notation.
	Segments    []Segment `json:"segments,omitempty"`    // Segments cover the bytes from first to last.
	TotalLength int       `json:"totalLength,omitempty"` // TotalLength is in bytes.
}

// Flag is one bit of the flags byte.
type Flag struct {
	Name    string `json:"name"` // Name is UP, UV, BE, BS, AT, ED, or RFU for a reserved bit.
	Bit     int    `json:"bit"`  // Bit is 0 for the least significant.
	Set     bool   `json:"set"`
	Meaning string `json:"meaning,omitempty"` // Meaning says in words what the bit, as it is, tells.
}

// Segment is a run of bytes of the authenticator data with a meaning.
type Segment struct {
	Name    string `json:"name"`
	Offset  int    `json:"offset"` // Offset is in bytes from the start.
	Length  int    `json:"length"` // Length is in bytes.
	Hex     string `json:"hex"`
	Meaning string `json:"meaning,omitempty"`
}

// Attestation summarises the attestation object (WebAuthn L3 §6.5).
type Attestation struct {
	Format  string  `json:"format"`            // Format is fmt: "none", "packed", "tpm", …
	Summary string  `json:"summary,omitempty"` // Summary is one line for people.
	Fields  []Field `json:"fields,omitempty"`  // Fields are the members of the statement.
	Diag    string  `json:"diag,omitempty"`    // Diag is the statement in CBOR diagnostic notation.
}

// Signature is that of an assertion. It covers authenticator data and the hash of the client data.
type Signature struct {
	Length int    `json:"length"` // Length is in bytes.
	Hex    string `json:"hex,omitempty"`
	Note   string `json:"note,omitempty"` // Note says what shape it has, for example "ECDSA, DER".
}

// Exchange is one message of a layer below the page: a CTAP2 command, an HTTP body, a hybrid frame.
type Exchange struct {
	At        time.Time `json:"at,omitzero"`
	Layer     string    `json:"layer"`     // Layer is "http", "webauthn", "ctap2", "hybrid" or "dbus".
	Direction string    `json:"direction"` // Direction is "request" or "response".
	Title     string    `json:"title"`     // Title is for example "authenticatorMakeCredential".
	Length    int       `json:"length,omitempty"`
	Text      string    `json:"text,omitempty"` // Text is diagnostic notation or JSON, redacted.
}
