package rp_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/uuid"
)

// Flags of the authenticator data, WebAuthn L3 §6.1.
const (
	flagUP = 1 << 0
	flagUV = 1 << 2
	flagBE = 1 << 3
	flagBS = 1 << 4
	flagAT = 1 << 6
)

var (
	appAndroid = uuid.MustParse("dd868f11-004c-544f-b49b-35dacdd504e4")
	appIOS     = uuid.MustParse("6cc1c3db-69b4-3b8b-b322-c395e1f5fa0b")
	google     = uuid.MustParse("ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4")
	samsung    = uuid.MustParse("53414d53-554e-4700-0000-000000000000")
)

// device is a small software authenticator and client in one, written for these tests alone: what is checked here
// shares no code with what checks.
type device struct {
	origin, rpID string
	aaguid       uuid.UUID
	flags        byte
	transports   []string
	attachment   string
	counter      uint32
	fixedCounter bool
	algorithm    int64
	// edit changes the parts before they are encoded: one lie at a time.
	edit func(*parts)
	// attest makes the statement of p.format over authenticator data and client data hash; nil for none.
	attest func(p *parts, key *ecdsa.PrivateKey, authData, clientDataHash []byte)
}

// parts are what a response is made of, before encoding.
type parts struct {
	clientData map[string]any
	rpIDHash   []byte
	flags      byte
	aaguid     []byte
	id         []byte
	outerID    []byte
	format     string
	statement  any
	authData   []byte // set to replace the whole authenticator data
	signature  []byte
	userHandle []byte
}

// passkey is one that the device made.
type passkey struct {
	id, userHandle []byte
	key            *ecdsa.PrivateKey
}

func newDevice(aaguid uuid.UUID) *device {
	return &device{
		origin: testOrigin, rpID: testRPID, aaguid: aaguid, flags: flagUP | flagUV,
		transports: []string{"hybrid", "internal"}, attachment: "cross-platform", algorithm: -7,
	}
}

// synced makes the device's passkeys backup eligible and backed up.
func (d *device) synced() *device { d.flags |= flagBE | flagBS; return d }

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func unb64(t testing.TB, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatalf("base64url %q: %v", s, err)
	}
	return b
}

func random(n int) []byte {
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		panic(err)
	}
	return b
}

// creationJSON is what a page sees of the options.
type creationJSON struct {
	RP   struct{ ID, Name string } `json:"rp"`
	User struct {
		ID, Name, DisplayName string
	} `json:"user"`
	Challenge        string `json:"challenge"`
	Timeout          int    `json:"timeout"`
	PubKeyCredParams []struct {
		Type string
		Alg  int64
	} `json:"pubKeyCredParams"`
	ExcludeCredentials []struct {
		ID         string   `json:"id"`
		Type       string   `json:"type"`
		Transports []string `json:"transports"`
	} `json:"excludeCredentials"`
	AuthenticatorSelection struct {
		AuthenticatorAttachment, ResidentKey, UserVerification string
		RequireResidentKey                                     bool
	} `json:"authenticatorSelection"`
	Attestation string   `json:"attestation"`
	Hints       []string `json:"hints"`
	Extensions  struct {
		CredProps bool `json:"credProps"`
	} `json:"extensions"`
}

// create answers creation options and returns the passkey it made and the RegistrationResponseJSON.
func (d *device) create(t testing.TB, optionsJSON []byte) (*passkey, []byte) {
	t.Helper()
	var options creationJSON
	if err := json.Unmarshal(optionsJSON, &options); err != nil {
		t.Fatalf("creation options: %v", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	made := &passkey{id: random(32), userHandle: unb64(t, options.User.ID), key: key}
	p := d.parts("webauthn.create", options.Challenge)
	p.id, p.format, p.statement = made.id, "none", map[string]any{}
	p.flags |= flagAT
	if d.edit != nil {
		d.edit(p)
	}
	if p.outerID == nil {
		p.outerID = p.id
	}
	authData := p.authData
	if authData == nil {
		authData = d.attestedData(t, p, key)
	}
	clientData := encodeJSON(t, p.clientData)
	if d.attest != nil {
		hash := sha256.Sum256(clientData)
		d.attest(p, key, authData, hash[:])
	}
	object := encodeCBOR(t, map[string]any{"fmt": p.format, "attStmt": p.statement, "authData": authData})
	made.id = p.id
	return made, encodeJSON(t, map[string]any{
		"id": b64(p.outerID), "rawId": b64(p.outerID), "type": "public-key", "authenticatorAttachment": d.attachment,
		"clientExtensionResults": map[string]any{"credProps": map[string]any{"rk": true}},
		"response": map[string]any{
			"clientDataJSON": b64(clientData), "attestationObject": b64(object), "transports": d.transports,
			"authenticatorData": b64(authData), "publicKeyAlgorithm": d.algorithm,
		},
	})
}

func (d *device) parts(ceremony, challenge string) *parts {
	hash := sha256.Sum256([]byte(d.rpID))
	return &parts{
		clientData: map[string]any{"type": ceremony, "challenge": challenge, "origin": d.origin, "crossOrigin": false},
		rpIDHash:   hash[:], flags: d.flags, aaguid: d.aaguid[:],
	}
}

// attestedData lays out authenticator data with an attested credential, WebAuthn L3 §6.1, §6.5.1.
func (d *device) attestedData(t testing.TB, p *parts, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	var data bytes.Buffer
	data.Write(p.rpIDHash)
	data.WriteByte(p.flags)
	_ = binary.Write(&data, binary.BigEndian, d.counter)
	data.Write(p.aaguid)
	_ = binary.Write(&data, binary.BigEndian, uint16(len(p.id)))
	data.Write(p.id)
	data.Write(encodeCBOR(t, map[int]any{
		1: 2, 3: d.algorithm, -1: 1, -2: key.X.FillBytes(make([]byte, 32)), -3: key.Y.FillBytes(make([]byte, 32)),
	}))
	return data.Bytes()
}

// get answers request options with one of the device's passkeys.
func (d *device) get(t testing.TB, optionsJSON []byte, with *passkey) []byte {
	t.Helper()
	var options struct {
		Challenge string `json:"challenge"`
	}
	if err := json.Unmarshal(optionsJSON, &options); err != nil {
		t.Fatalf("request options: %v", err)
	}
	if !d.fixedCounter {
		d.counter++
	}
	p := d.parts("webauthn.get", options.Challenge)
	p.id, p.userHandle = with.id, with.userHandle
	if d.edit != nil {
		d.edit(p)
	}
	var data bytes.Buffer
	data.Write(p.rpIDHash)
	data.WriteByte(p.flags)
	_ = binary.Write(&data, binary.BigEndian, d.counter)
	clientData := encodeJSON(t, p.clientData)
	clientHash := sha256.Sum256(clientData)
	digest := sha256.Sum256(append(bytes.Clone(data.Bytes()), clientHash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, with.key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	if p.signature != nil {
		signature = p.signature
	}
	response := map[string]any{"clientDataJSON": b64(clientData), "authenticatorData": b64(data.Bytes()), "signature": b64(signature)}
	if p.userHandle != nil {
		response["userHandle"] = b64(p.userHandle)
	}
	return encodeJSON(t, map[string]any{
		"id": b64(p.id), "rawId": b64(p.id), "type": "public-key", "authenticatorAttachment": d.attachment,
		"clientExtensionResults": map[string]any{}, "response": response,
	})
}

func encodeCBOR(t testing.TB, v any) []byte {
	t.Helper()
	mode, err := cbor.CTAP2EncOptions().EncMode()
	if err != nil {
		t.Fatal(err)
	}
	b, err := mode.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func encodeJSON(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
