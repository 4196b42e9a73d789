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

	RevealedToPage *Revealed `json:"revealedToPage,omitempty"` // RevealedToPage is all that the page came to know.
	Problems       []string  `json:"problems,omitempty"`       // Problems say what was malformed, and where.
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
	Layer     string    `json:"layer"`             // Layer is one of the Layer constants.
	Direction string    `json:"direction"`         // Direction is "request" or "response"; empty for what is neither.
	From      string    `json:"from,omitempty"`    // From is the party that sent it; told by Direction when empty.
	To        string    `json:"to,omitempty"`      // To is the party that got it; told by Direction when empty.
	Title     string    `json:"title"`             // Title is for example "authenticatorMakeCredential".
	Length    int       `json:"length,omitempty"`  // Length is in bytes.
	Text      string    `json:"text,omitempty"`    // Text is diagnostic notation, JSON or words, redacted.
	Hex       string    `json:"hex,omitempty"`     // Hex is the whole message, unless it carries a secret.
	Problem   string    `json:"problem,omitempty"` // Problem says what is wrong with the message.
	Purpose   string    `json:"purpose,omitempty"` // Purpose is what it was sent for, in a few words.
	Head      []string  `json:"head,omitempty"`    // Head are the header lines of a message over HTTP, "Name: value".
}

// The layers of an exchange, from the page down.
const (
	LayerHTTP      = "http"      // LayerHTTP: between page and relying party.
	LayerWebAuthn  = "webauthn"  // LayerWebAuthn: between page and browser.
	LayerCTAP2     = "ctap2"     // LayerCTAP2: a command or its answer (CTAP 2.3 §6).
	LayerFrame     = "frame"     // LayerFrame: a decrypted message of the tunnel (CTAP 2.3 §11.5).
	LayerHandshake = "handshake" // LayerHandshake: a message of the Noise handshake.
	LayerTunnel    = "tunnel"    // LayerTunnel: what is said to the tunnel server.
	LayerAdvert    = "advert"    // LayerAdvert: the phone's Bluetooth advertisement.
	LayerQR        = "qr"        // LayerQR: the code that the phone's camera read.
	LayerDBus      = "dbus"      // LayerDBus: between browser and Bluetooth service.
	LayerHybrid    = "hybrid"    // LayerHybrid: anything else of hybrid, in runs of older editions.
)

// The parties of an exchange.
const (
	PartyComputer      = "computer"      // PartyComputer is the browser and the computer that it runs on.
	PartyAir           = "air"           // PartyAir is Bluetooth.
	PartyTunnel        = "tunnel"        // PartyTunnel is the tunnel server.
	PartyPhone         = "phone"         // PartyPhone holds the authenticator, reached over hybrid.
	PartyAuthenticator = "authenticator" // PartyAuthenticator is reached in any other way.
)

// Revealed is all that a page learns from one ceremony. Two faults of a phone that a browser does not
// tell apart are [Revealed.Same].
type Revealed struct {
	Outcome    string        `json:"outcome"`              // Outcome is OK, or the name of the DOMException.
	Message    string        `json:"message,omitempty"`    // Message is the DOMException's.
	Attachment string        `json:"attachment,omitempty"` // Attachment is authenticatorAttachment.
	Transports []string      `json:"transports,omitempty"` // Transports are what getTransports returned.
	AAGUID     string        `json:"aaguid,omitempty"`     // AAGUID is that in the authenticator data, zeros included.
	Took       time.Duration `json:"tookNs,omitempty"`     // Took is from the call to its end; rounded by [Coarse], since the exact time differs each time.
}

// OK is the outcome of a ceremony that returned a credential.
const OK = "OK"

// Same says whether a page could tell the two apart by anything but the time they took.
func (r Revealed) Same(other Revealed) bool {
	return len(r.apart(other)) == 0
}

// Coarse rounds a duration to what is worth comparing: a tenth of a second below ten seconds, a second above.
func Coarse(d time.Duration) time.Duration {
	if d < 10*time.Second {
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(time.Second)
}
