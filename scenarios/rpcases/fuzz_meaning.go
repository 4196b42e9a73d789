package rpcases

import (
	"bytes"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"slices"
	"strings"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/virtualauth/authdata"
)

// What a mutated message still means is read here as leniently as any server could read it: padding, alphabets, trailing bytes,
// members of the same name, lengths in more bytes than they take. Only what differs under such a reading must be refused.

// reading is a response as a lenient server reads it; nil for what it cannot find.
type reading struct {
	id, rawID, userHandle                    []byte
	clientData, authData, signature, certKey []byte
	format                                   string
}

// readResponse reads a registration's or an authentication's body.
func readResponse(body []byte) reading {
	var members struct {
		ID, RawID any
		Response  any
	}
	var r reading
	if lenientJSON(body, &members) != nil {
		return r
	}
	response, _ := members.Response.(map[string]any)
	r.id, r.rawID = lenientBytes(members.ID), lenientBytes(members.RawID)
	r.clientData, r.authData = lenientBytes(response["clientDataJSON"]), lenientBytes(response["authenticatorData"])
	r.signature, r.userHandle = lenientSignature(lenientBytes(response["signature"])), lenientBytes(response["userHandle"])
	if object, found := response["attestationObject"]; found {
		r.readAttestation(lenientBytes(object))
	}
	return r
}

func (r *reading) readAttestation(object []byte) {
	var members struct {
		Format    any `cbor:"fmt"`
		AuthData  any `cbor:"authData"`
		Statement any `cbor:"attStmt"`
	}
	r.authData = nil // registrations have it in the attestation object alone; a copy beside it is for convenience
	if lenientCBOR(object, &members) != nil {
		return
	}
	r.format, _ = members.Format.(string)
	r.authData, _ = members.AuthData.([]byte)
	var statement struct {
		Signature any   `cbor:"sig"`
		X5C       []any `cbor:"x5c"`
	}
	encoded, err := cbor.Marshal(members.Statement)
	if err != nil || lenientCBOR(encoded, &statement) != nil {
		return
	}
	signature, _ := statement.Signature.([]byte)
	r.signature = lenientSignature(signature)
	if len(statement.X5C) > 0 {
		leaf, _ := statement.X5C[0].([]byte)
		r.certKey = publicKeyOf(leaf)
	}
}

// lenientJSON reads the first value of bytes, whatever the numbers in it.
func lenientJSON(encoded []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.UseNumber()
	return decoder.Decode(into)
}

// lenientCBOR reads the first item of bytes.
func lenientCBOR(encoded []byte, into any) error {
	mode, err := cbor.DecOptions{UTF8: cbor.UTF8DecodeInvalid, MaxNestedLevels: 4096}.DecMode()
	if err != nil {
		return err
	}
	_, err = mode.UnmarshalFirst(encoded, into)
	return err
}

// lenientBytes decodes base64 of either alphabet and ignores what is of none; nil for what is no text.
func lenientBytes(value any) []byte {
	encoded, isText := value.(string)
	if !isText {
		return nil
	}
	clean := strings.Map(func(r rune) rune {
		switch {
		case r == '+':
			return '-'
		case r == '/':
			return '_'
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_':
			return r
		}
		return -1
	}, encoded)
	if len(clean)%4 == 1 {
		clean = clean[:len(clean)-1]
	}
	decoded, err := base64.RawURLEncoding.DecodeString(clean)
	if err != nil {
		return nil
	}
	return append([]byte{}, decoded...)
}

// lenientSignature is an ECDSA signature by its numbers, whatever its encoding and whatever follows it; another one as it is.
func lenientSignature(signature []byte) []byte {
	if len(signature) < 2 || signature[0] != 0x30 {
		return signature
	}
	body, _ := berElement(signature)
	r, body := berElement(body)
	s, _ := berElement(body)
	if r == nil || s == nil {
		return signature
	}
	return []byte(new(big.Int).SetBytes(r).String() + " " + new(big.Int).SetBytes(s).String())
}

// berElement returns the content of the first TLV, whatever its tag and however its length is written, and what follows it. One
// that is cut short has what there is of it.
func berElement(encoded []byte) (content, rest []byte) {
	if len(encoded) < 2 {
		return nil, nil
	}
	length, size := int(encoded[1]), 2
	if length == 0x80 {
		return encoded[2:], nil
	}
	if length > 0x80 {
		count := length & 0x7f
		if len(encoded) < 2+count || count > 4 {
			return nil, nil
		}
		length, size = 0, 2+count
		for _, b := range encoded[2:size] {
			length = length<<8 | int(b)
		}
	}
	end := min(len(encoded), size+length)
	return encoded[size:end], encoded[end:]
}

// publicKeyOf is the SubjectPublicKeyInfo of a certificate, nil when there is none to be read.
func publicKeyOf(certificate []byte) []byte {
	var outer struct {
		TBS struct {
			Raw                                       asn1.RawContent
			Version                                   asn1.RawValue `asn1:"optional,tag:0"`
			Serial                                    asn1.RawValue
			Algorithm, Issuer, Validity, Name, Public asn1.RawValue
			Rest                                      []asn1.RawValue `asn1:"optional"`
		}
		Algorithm, Signature asn1.RawValue
	}
	_, _ = asn1.Unmarshal(certificate, &outer) // what could be read of it
	return outer.TBS.Public.FullBytes
}

// claims are client data and authenticator data by what a relying party verifies of them.
type claims struct {
	kind, origin string
	challenge    []byte
	rpIDHash     []byte
	flags        authdata.Flags
	counter      []byte
}

// claimsOf reads them; false when a lenient server could not.
func claimsOf(clientData, data []byte) (claims, bool) {
	var members map[string]any
	if lenientJSON(clientData, &members) != nil || len(data) < 37 {
		return claims{}, false
	}
	t := claims{challenge: lenientBytes(members["challenge"]), rpIDHash: data[:32], flags: authdata.Flags(data[32]), counter: data[33:37]}
	t.kind, _ = members["type"].(string)
	t.origin, _ = members["origin"].(string)
	return t, true
}

// broken says why a message that tells this in place of an honest one must be refused; "" when it need not be.
func (honest claims) broken(now claims, wantAT bool) string {
	switch {
	case now.kind != honest.kind:
		return "its client data has another type"
	case !bytes.Equal(now.challenge, honest.challenge):
		return "its client data has another challenge"
	case now.origin != honest.origin:
		return "its client data has another origin"
	case !bytes.Equal(now.rpIDHash, honest.rpIDHash):
		return "its authenticator data is of another RP ID"
	case now.flags&authdata.UP == 0:
		return "its UP flag is clear"
	case wantAT && now.flags&authdata.AT == 0:
		return "its AT flag is clear"
	case now.flags&authdata.BS != 0 && now.flags&authdata.BE == 0:
		return "its BS flag is set while BE is clear"
	case !wantAT && (now.flags^honest.flags)&authdata.BE != 0:
		return "its BE flag is not the registered one"
	}
	return ""
}

// brokenAssertion says why an authentication whose signature was made before it was changed must be refused.
func brokenAssertion(honest, now []byte) string {
	was, is := readResponse(honest), readResponse(now)
	switch {
	case !bytes.Equal(is.clientData, was.clientData):
		return "client data are not those that were signed"
	case !bytes.Equal(is.authData, was.authData):
		return "authenticator data are not those that were signed"
	case !bytes.Equal(is.signature, was.signature):
		return "the signature is another one"
	case !bytes.Equal(is.id, was.id) && !bytes.Equal(is.rawID, was.id):
		return "it names another credential"
	case len(is.userHandle) > 0 && len(was.userHandle) > 0 && !bytes.Equal(is.userHandle, was.userHandle):
		return "it names another user"
	}
	return ""
}

// brokenRegistration is the same for a registration. attested says that its statement is verified.
func brokenRegistration(honest, now []byte, attested bool) string {
	was, is := readResponse(honest), readResponse(now)
	switch {
	case is.format != was.format && !slices.Contains(knownFormats, is.format):
		return "its attestation format is none that there is"
	case attested && !bytes.Equal(is.clientData, was.clientData):
		return "client data are not those that were attested"
	case attested && !bytes.Equal(is.authData, was.authData):
		return "authenticator data are not those that were attested"
	case attested && is.format == was.format && !bytes.Equal(is.signature, was.signature):
		return "the statement's signature is another one"
	case attested && is.format == was.format && was.certKey != nil && is.certKey != nil && !bytes.Equal(is.certKey, was.certKey):
		return "the attestation certificate has another key"
	}
	before, _ := claimsOf(was.clientData, was.authData)
	after, ok := claimsOf(is.clientData, is.authData)
	if !ok {
		return "client data or authenticator data cannot be read"
	}
	return before.broken(after, true)
}

// knownFormats are the attestation statement formats that there are (WebAuthn L3 §8).
var knownFormats = []string{"packed", "tpm", "android-key", "android-safetynet", "fido-u2f", "apple", "none", "compound"}
