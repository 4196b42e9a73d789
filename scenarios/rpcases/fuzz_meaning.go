package rpcases

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math/big"
	"slices"
	"strings"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/virtualauth/authdata"
)

// What a mutated message still means is read here as leniently as any server could read it: padding, alphabets, trailing bytes,
// members of the same name, lengths in more bytes than they take. Only what differs under such a reading must be refused.

// reading is a response as a lenient server reads it; nil for what it cannot find.
type reading struct {
	id, rawID, userHandle           []byte
	clientData, authData, signature []byte
	format                          string
	certificate                     []byte // the first of x5c
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
		r.certificate, _ = statement.X5C[0].([]byte)
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

// objection is why a mutant must be refused.
type objection struct {
	// slug is a word for it, which is the same in every run.
	slug, why string
	clause    conformance.Clause
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

func (c claims) count() uint32 { return binary.BigEndian.Uint32(c.counter) }

// unreadable is the objection to a message that no server could read.
func unreadable(registers bool) *objection {
	clause := auth(wholeAuth, "whole")
	if registers {
		clause = reg(wholeReg, "whole")
	}
	return &objection{"unreadable", "client data or authenticator data cannot be read", clause}
}

// broken says why a message that tells this in place of an honest one must be refused; nil when it need not be.
func (honest claims) broken(now claims, registers bool) *objection {
	for _, o := range []struct {
		broken    bool
		slug, why string
		at        place
	}{
		{now.kind != honest.kind, "type", "its client data has another type", steps("7", "10", "type")},
		{!bytes.Equal(now.challenge, honest.challenge), "challenge", "its client data has another challenge", steps("8", "11", "challenge")},
		{now.origin != honest.origin, "origin", "its client data has another origin", steps("9", "12", "origin")},
		{!bytes.Equal(now.rpIDHash, honest.rpIDHash), "rp-id-hash", "its authenticator data is of another RP ID", steps("14", "15", "rp-id-hash")},
		{now.flags&authdata.UP == 0, "user-present", "its UP flag is clear", steps("15", "16", "user-present")},
		{registers && now.flags&authdata.AT == 0, "no-credential", "its AT flag is clear", alike(l3("6.1", "authenticator-data"))},
		{now.flags&authdata.BS != 0 && now.flags&authdata.BE == 0, "backup-flags", "its BS flag is set while BE is clear", steps("17", "18", "backup-flags")},
		{
			!registers && (now.flags^honest.flags)&authdata.BE != 0, "backup-eligibility", "its BE flag is not the registered one",
			alike(auth("19", "backup-eligibility")),
		},
	} {
		if o.broken {
			return &objection{o.slug, o.why, map[bool]conformance.Clause{true: o.at.reg, false: o.at.auth}[registers]}
		}
	}
	return nil
}

// brokenAssertion says why an authentication whose signature was made before it was changed must be refused.
func brokenAssertion(was, is reading) *objection {
	signature := auth("21", "signature")
	switch {
	case !bytes.Equal(is.clientData, was.clientData):
		return &objection{"client-data", "its client data is not what was signed", signature}
	case !bytes.Equal(is.authData, was.authData):
		return &objection{"authenticator-data", "its authenticator data is not what was signed", signature}
	case !bytes.Equal(is.signature, was.signature):
		return &objection{"signature", "its signature is another one", signature}
	case !bytes.Equal(is.id, was.id) && !bytes.Equal(is.rawID, was.id):
		return &objection{"credential", "it names another credential", auth("6", "credential-of-account")}
	case len(is.userHandle) > 0 && len(was.userHandle) > 0 && !bytes.Equal(is.userHandle, was.userHandle):
		return &objection{"user", "it names another user", auth("6", "credential-of-account")}
	}
	return nil
}

// registered is a registration that was changed, beside what it was.
type registered struct {
	was, is reading
	// attested says that its statement must be verified, chained that its certificate must lead to this suite's root.
	attested, chained bool
	offered           []int64 // the algorithms that the options offer
}

// broken says why it must be refused; nil when it need not be.
func (r registered) broken() *objection {
	was, is, statement := r.was, r.is, reg("22", "statement")
	attested := r.attested && is.format == was.format
	switch {
	case is.format != was.format && !slices.Contains(knownFormats, is.format):
		return &objection{"format", "its attestation format is none that there is", reg("21", "format")}
	case r.attested && !bytes.Equal(is.clientData, was.clientData):
		return &objection{"client-data", "its client data is not what was attested", statement}
	case r.attested && !bytes.Equal(is.authData, was.authData):
		return &objection{"authenticator-data", "its authenticator data is not what was attested", statement}
	case attested && !bytes.Equal(is.signature, was.signature):
		return &objection{"signature", "the signature of its statement is another one", statement}
	case attested && otherKey(was.certificate, is.certificate):
		return &objection{"certificate-key", "its attestation certificate has another key", statement}
	case attested && r.chained && anotherCertificate(was.certificate, is.certificate):
		return &objection{"certificate", "its attestation certificate is not what its issuer signed", reg("24", "trust-path")}
	}
	before, _ := claimsOf(was.clientData, was.authData)
	after, ok := claimsOf(is.clientData, is.authData)
	if !ok {
		return unreadable(true)
	}
	if o := before.broken(after, true); o != nil {
		return o
	}
	return brokenKey(is.authData, r.offered)
}

// knownFormats are the attestation statement formats that there are (WebAuthn L3 §8).
var knownFormats = []string{"packed", "tpm", "android-key", "android-safetynet", "fido-u2f", "apple", "none", "compound"}
