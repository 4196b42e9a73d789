package web

import (
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

var (
	appAndroid = uuid.MustParse("dd868f11-004c-544f-b49b-35dacdd504e4")
	googlePM   = uuid.MustParse("ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4")
)

// device makes and uses passkeys, just well enough to be accepted.
type device struct {
	t          testing.TB
	aaguid     uuid.UUID
	attachment string
	origin     string
	transports []string
	key        *ecdsa.PrivateKey
	id, handle []byte
	counter    uint32
}

func newDevice(t testing.TB, aaguid uuid.UUID) *device {
	return &device{t: t, aaguid: aaguid, origin: testOrigin, attachment: "cross-platform", transports: []string{"hybrid", "internal"}}
}

func text64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// authData lays out authenticator data with UP and UV set (WebAuthn L3 §6.1), with the credential when it is new.
func (d *device) authData(flags byte, credential []byte) []byte {
	rpID := sha256.Sum256([]byte("login.localhost"))
	data := append(rpID[:], flags|0x05)
	data = binary.BigEndian.AppendUint32(data, d.counter)
	return append(data, credential...)
}

// create answers the body of an options answer with the body for verify.
func (d *device) create(answer map[string]any) string {
	d.t.Helper()
	options := answer["publicKey"].(map[string]any)
	handle, err := base64.RawURLEncoding.DecodeString(options["user"].(map[string]any)["id"].(string))
	if err != nil {
		d.t.Fatal(err)
	}
	d.handle = handle
	if d.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		d.t.Fatal(err)
	}
	d.id = make([]byte, 32)
	_, _ = rand.Read(d.id)
	point, err := d.key.PublicKey.Bytes() // 0x04, x, y
	if err != nil {
		d.t.Fatal(err)
	}
	cose := d.cbor(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})
	credential := append(d.aaguid[:], byte(len(d.id)>>8), byte(len(d.id)))
	credential = append(append(credential, d.id...), cose...)
	object := d.cbor(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": d.authData(0x40, credential)})
	return d.encode(map[string]any{"id": text64(d.id), "rawId": text64(d.id), "type": "public-key", "authenticatorAttachment": d.attachment,
		"clientExtensionResults": map[string]any{}, "response": map[string]any{"clientDataJSON": d.clientData("webauthn.create", options["challenge"]),
			"attestationObject": text64(object), "transports": d.transports}})
}

// get answers request options.
func (d *device) get(answer map[string]any) string {
	d.t.Helper()
	d.counter++
	options := answer["publicKey"].(map[string]any)
	client := d.clientData("webauthn.get", options["challenge"])
	raw, _ := base64.RawURLEncoding.DecodeString(client)
	data, hash := d.authData(0, nil), sha256.Sum256(raw)
	digest := sha256.Sum256(append(append([]byte{}, data...), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, d.key, digest[:])
	if err != nil {
		d.t.Fatal(err)
	}
	return d.encode(map[string]any{"id": text64(d.id), "rawId": text64(d.id), "type": "public-key", "authenticatorAttachment": d.attachment,
		"clientExtensionResults": map[string]any{}, "response": map[string]any{"clientDataJSON": client, "authenticatorData": text64(data),
			"signature": text64(signature), "userHandle": text64(d.handle)}})
}

func (d *device) clientData(kind string, challenge any) string {
	return text64([]byte(d.encode(map[string]any{"type": kind, "challenge": challenge, "origin": d.origin, "crossOrigin": false})))
}

func (d *device) encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		d.t.Fatal(err)
	}
	return string(b)
}

func (d *device) cbor(v any) []byte {
	b, err := cbor.Marshal(v)
	if err != nil {
		d.t.Fatal(err)
	}
	return b
}
