package mutants

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/uuid"
)

// Flags of authenticator data (WebAuthn L3 §6.1).
const (
	flagUP = 0x01
	flagUV = 0x04
	flagBE = 0x08
	flagBS = 0x10
	flagAT = 0x40
	flagED = 0x80
)

// authData is authenticator data (WebAuthn L3 §6.1):
//
//	32   rpIdHash
//	1    flags
//	4    signature counter, big endian
//	16+2+n+k  attested credential data, with AT: AAGUID, length and bytes of the credential id, the key as COSE_Key
//	e    a CBOR map of extensions, with ED
type authData struct {
	raw      []byte
	rpIDHash []byte
	flags    byte
	count    uint32

	attested     bool // there is attested credential data, whatever AT says
	aaguid       uuid.UUID
	credentialID []byte
	key          []byte
	extensions   []byte
	rest         []byte
}

func (d *authData) has(flag byte) bool { return d.flags&flag != 0 }

var errShort = errors.New("authenticator data ends too early")

// parseAuthData reads what is there. A registration without AT is read as one with it, for a step to object to.
func parseAuthData(raw []byte, k kind) (authData, error) {
	if len(raw) < 37 {
		return authData{}, errShort
	}
	d := authData{raw: raw, rpIDHash: raw[:32], flags: raw[32], count: binary.BigEndian.Uint32(raw[33:]), rest: raw[37:]}
	if d.has(flagAT) || k == registering && len(d.rest) > 0 {
		if err := d.takeAttested(); err != nil {
			return d, err
		}
	}
	if d.has(flagED) {
		extensions, rest, err := firstItem(d.rest)
		if err != nil {
			return d, errShort
		}
		d.extensions, d.rest = extensions, rest
	}
	return d, nil
}

func (d *authData) takeAttested() error {
	if len(d.rest) < 18 {
		return errShort
	}
	copy(d.aaguid[:], d.rest)
	length := int(binary.BigEndian.Uint16(d.rest[16:]))
	d.rest = d.rest[18:]
	if len(d.rest) < length {
		return errShort
	}
	d.credentialID, d.rest = d.rest[:length], d.rest[length:]
	key, rest, err := firstItem(d.rest)
	if err != nil {
		return errShort
	}
	d.attested, d.key, d.rest = true, key, rest
	return nil
}

// firstItem splits CBOR after its first item.
func firstItem(data []byte) (item, rest []byte, err error) {
	var raw cbor.RawMessage
	rest, err = decoding.UnmarshalFirst(data, &raw)
	return data[:len(data)-len(rest)], rest, err // with its tags, some of which the library strips
}

// dataSteps are §7.1 steps 14 to 17 and §7.2 steps 15 to 18, after those about the form of the bytes (§6.1).
func dataSteps(k kind) []Step {
	flag := func(path string, flag byte) func(*attempt) error {
		return func(a *attempt) error { return unless(a.data.has(flag), "%s is clear", path) }
	}
	return []Step{
		{Name: k.name("data/leftover"), Clause: l3("6.1", "authenticator-data"), Also: or(l3("6.1", "extension-data")), check: func(a *attempt) error {
			return unless(len(a.data.rest) == 0, "%d bytes are left over", len(a.data.rest))
		}},
		{Name: k.name("data/extensions"), Clause: l3("6.1", "extension-data"), Also: or(l3("9.5", "extension-output")), check: func(a *attempt) error {
			var all map[string]cbor.RawMessage
			return unless(a.data.extensions == nil || isMap(a.data.extensions) && decoding.Unmarshal(a.data.extensions, &all) == nil, "extensions are no map with keys of text")
		}},
		{Name: k.name("data/rp-id-hash"), Clause: k.clause("14", "15", "rp-id-hash"), check: hashes(bytes.Equal), lax: []laxity{
			{name: "first-byte", check: hashes(func(got, want []byte) bool { return got[0] == want[0] })},
			{name: "all-but-last", check: hashes(func(got, want []byte) bool { return bytes.Equal(got[:31], want[:31]) })},
			{name: "zero-too", check: hashes(func(got, want []byte) bool { return bytes.Equal(got, want) || bytes.Equal(got, make([]byte, 32)) })},
		}},
		{Name: k.name("data/user-present"), Clause: k.clause("15", "16", "user-present"), check: flag("UP", flagUP)},
		{Name: k.name("data/user-verified"), Clause: k.clause("16", "17", "user-verified"), check: func(a *attempt) error {
			return unless(a.ceremony.verification != "required" || a.data.has(flagUV), "UV is clear, and verification was required")
		}},
		{Name: k.name("data/backup-flags"), Clause: k.clause("17", "18", "backup-flags"), check: func(a *attempt) error {
			return unless(a.data.has(flagBE) || !a.data.has(flagBS), "BS is set, and BE is clear")
		}},
	}
}

func hashes(same func(got, want []byte) bool) func(*attempt) error {
	return func(a *attempt) error {
		want := sha256.Sum256([]byte(a.rp.settings.RPID))
		if id := a.appID(); id != "" {
			if hash := sha256.Sum256([]byte(id)); bytes.Equal(a.data.rpIDHash, hash[:]) {
				return nil
			}
		}
		return unless(same(a.data.rpIDHash, want[:]), "the RP ID hash is another's")
	}
}

// appID is that of the ceremony, "" unless the client says that it used it (WebAuthn L3 §10.1.1).
func (a *attempt) appID() string {
	var results struct {
		AppID bool `json:"appid"`
	}
	for _, name := range []string{"clientExtensionResults", "getClientExtensionResults"} {
		_ = json.Unmarshal(a.envelope.members[name], &results) // what is no boolean is false
	}
	if !results.AppID {
		return ""
	}
	return a.ceremony.appID
}

// attestedSteps are about the new credential in authenticator data.
func attestedSteps() []Step {
	return []Step{
		{Name: "reg/data/attested", Clause: l3("6.1", "authenticator-data"), check: func(a *attempt) error {
			return unless(a.data.has(flagAT), "AT is clear")
		}},
		{Name: "reg/data/credential-id-length", Clause: registering.clause("25", "", "credential-id-length"), check: func(a *attempt) error {
			return unless(len(a.data.credentialID) <= 1023, "the credential id has %d bytes", len(a.data.credentialID))
		}},
		{Name: "reg/data/credential-id-empty", Clause: l3("4", "credential-id"), check: func(a *attempt) error {
			return unless(len(a.data.credentialID) > 0, "the credential id is empty")
		}},
		reads("reg/envelope/id-attested", func(a *attempt) error { // whoever stores the id that nobody signed does not compare either
			same := len(a.envelope.id) == 0 || bytes.Equal(a.envelope.id, a.data.credentialID)
			return unless(same || !a.rp.does("reg/store/attested-id"), "id is not that of the attested credential")
		}),
		{Name: "reg/data/model-allowed", Clause: registering.clause("24", "", "model-allowed"), check: checkModel},
		{Name: "reg/data/backup-allowed", Clause: registering.clause("18", "", "backup-eligibility-policy"), check: func(a *attempt) error {
			s := a.rp.settings
			return unless(!(s.DeviceBoundOnly && a.data.has(flagBE)) && !(s.SyncedOnly && !a.data.has(flagBE)), "the credential may be backed up, or may not")
		}},
	}
}

func checkModel(a *attempt) error {
	if len(a.rp.settings.Models) == 0 {
		return nil
	}
	for _, model := range a.rp.settings.Models {
		if model == a.data.aaguid {
			return nil
		}
	}
	return errors.New("the model is not allowed")
}
