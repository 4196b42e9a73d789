package attestation_test

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

const (
	stepAndroidSyntax      step = "8.4: syntax"
	stepAndroidSignature   step = "8.4: signature"
	stepAndroidKey         step = "8.4: certificate key is the credential's"
	stepAndroidDescription step = "8.4.1: key description extension"
	stepAndroidChallenge   step = "8.4: challenge"
	stepAndroidAllApps     step = "8.4: allApplications is absent"
	stepAndroidOrigin      step = "8.4: origin is generated"
	stepAndroidPurpose     step = "8.4: purpose is sign"
)

// androidKey is WebAuthn L3 §8.4, verification procedure, for a relying party that wants a trusted execution environment.
func (j judge) androidKey(e *evidence) error {
	var s packedSyntax
	if err := strict.Unmarshal(e.stmt, &s); err != nil || s.Algorithm == nil || s.Signature == nil || s.X5C == nil {
		return refuse(stepAndroidSyntax, "%v", err)
	}
	chain, err := certificates(*s.X5C)
	if err != nil {
		return err
	}
	leaf := chain[0]
	description, err := describe(leaf)
	return steps(
		func() error { return androidSignature(e, s, leaf) },
		func() error { return androidKey(e, leaf) },
		func() error { return err },
		func() error { return androidChallenge(e, description) },
		func() error { return androidApplications(description) },
		func() error { return androidOrigin(description) },
		func() error { return androidPurpose(description) },
		func() error { return j.trust(chain) })
}

func androidSignature(e *evidence, s packedSyntax, leaf *x509.Certificate) error {
	if err := checkSignature(leaf.PublicKey, *s.Algorithm, slices.Concat(e.authData, e.hash), s.Signature); err != nil {
		return refuse(stepAndroidSignature, "%v", err)
	}
	return nil
}

func androidKey(e *evidence, leaf *x509.Certificate) error {
	if !sameKey(leaf.PublicKey, e.public) {
		return refuse(stepAndroidKey, "another")
	}
	return nil
}

// description is Android's KeyDescription; the lists are by tag.
type description struct {
	challenge     []byte
	software, tee map[int]asn1.RawValue
}

func describe(leaf *x509.Certificate) (d description, err error) {
	var raw struct {
		AttestationVersion int
		AttestationLevel   asn1.Enumerated
		KeymasterVersion   int
		KeymasterLevel     asn1.Enumerated
		Challenge          []byte
		UniqueID           []byte
		Software, TEE      []asn1.RawValue
	}
	if err := decodeExactly(extension(leaf, 1, 3, 6, 1, 4, 1, 11129, 2, 1, 17), &raw); err != nil {
		return d, refuse(stepAndroidDescription, "%v", err)
	}
	list := func(values []asn1.RawValue) map[int]asn1.RawValue {
		byTag, last := map[int]asn1.RawValue{}, -1
		for _, v := range values {
			if v.Class != asn1.ClassContextSpecific || v.Tag <= last {
				err = refuse(stepAndroidDescription, "tag %d behind %d", v.Tag, last)
			}
			byTag[v.Tag], last = v, v.Tag
		}
		return byTag
	}
	return description{raw.Challenge, list(raw.Software), list(raw.TEE)}, err
}

func androidChallenge(e *evidence, d description) error {
	if !bytes.Equal(d.challenge, e.hash) {
		return refuse(stepAndroidChallenge, "%x", d.challenge)
	}
	return nil
}

func androidApplications(d description) error {
	_, software := d.software[600]
	_, tee := d.tee[600]
	if software || tee {
		return refuse(stepAndroidAllApps, "software %v, tee %v", software, tee)
	}
	return nil
}

func androidOrigin(d description) error {
	origin := -1
	if err := decodeExactly(d.tee[702].Bytes, &origin); err != nil || origin != 0 {
		return refuse(stepAndroidOrigin, "%d, %v", origin, err)
	}
	return nil
}

func androidPurpose(d description) error {
	var set asn1.RawValue
	purpose := -1
	if decodeExactly(d.tee[1].Bytes, &set) != nil || decodeExactly(set.Bytes, &purpose) != nil || purpose != 2 {
		return refuse(stepAndroidPurpose, "%x", d.tee[1].Bytes)
	}
	return nil
}

const (
	stepAppleSyntax step = "8.8: syntax"
	stepAppleNonce  step = "8.8: nonce"
	stepAppleKey    step = "8.8: certificate key is the credential's"
)

// apple is WebAuthn L3 §8.8, verification procedure.
func (j judge) apple(e *evidence) error {
	var s struct {
		X5C [][]byte `cbor:"x5c"`
	}
	if err := strict.Unmarshal(e.stmt, &s); err != nil || s.X5C == nil {
		return refuse(stepAppleSyntax, "%v", err)
	}
	chain, err := certificates(s.X5C)
	if err != nil {
		return err
	}
	return steps(
		func() error { return appleNonce(e, chain[0]) },
		func() error { return appleKey(e, chain[0]) },
		func() error { return j.trust(chain) })
}

func appleNonce(e *evidence, leaf *x509.Certificate) error {
	var value struct {
		Nonce []byte `asn1:"tag:1,explicit"`
	}
	want := sha256.Sum256(slices.Concat(e.authData, e.hash))
	if err := decodeExactly(extension(leaf, 1, 2, 840, 113635, 100, 8, 2), &value); err != nil || !bytes.Equal(value.Nonce, want[:]) {
		return refuse(stepAppleNonce, "%x, %v", value.Nonce, err)
	}
	return nil
}

func appleKey(e *evidence, leaf *x509.Certificate) error {
	if !sameKey(leaf.PublicKey, e.public) {
		return refuse(stepAppleKey, "another")
	}
	return nil
}

const (
	stepSafetyNetSyntax    step = "8.5: syntax"
	stepSafetyNetResponse  step = "8.5: response is a JWS"
	stepSafetyNetAlgorithm step = "8.5: JWS algorithm"
	stepSafetyNetSignature step = "8.5: JWS signature"
	stepSafetyNetNonce     step = "8.5: nonce"
	stepSafetyNetHost      step = "8.5: host"
	stepSafetyNetCTS       step = "8.5: ctsProfileMatch"
	stepSafetyNetTime      step = "8.5: response is fresh"
)

// safetyNetJWS is a response taken apart.
type safetyNetJWS struct {
	header struct {
		Algorithm string   `json:"alg"`
		X5C       [][]byte `json:"x5c"`
	}
	payload struct {
		Nonce     []byte `json:"nonce"`
		Timestamp int64  `json:"timestampMs"`
		CTS       *bool  `json:"ctsProfileMatch"`
	}
	input, signature []byte
}

// safetyNet is WebAuthn L3 §8.5, verification procedure.
func (j judge) safetyNet(e *evidence) error {
	var s struct {
		Version  string `cbor:"ver"`
		Response []byte `cbor:"response"`
	}
	if err := strict.Unmarshal(e.stmt, &s); err != nil || s.Version == "" {
		return refuse(stepSafetyNetSyntax, "%q, %v", s.Version, err)
	}
	jws, err := takeApart(string(s.Response))
	if err != nil {
		return err
	}
	if jws.header.Algorithm != "RS256" {
		return refuse(stepSafetyNetAlgorithm, "%q", jws.header.Algorithm)
	}
	chain, err := certificates(jws.header.X5C)
	if err != nil {
		return err
	}
	return steps(
		func() error { return safetyNetSignature(jws, chain[0]) },
		func() error { return safetyNetNonce(e, jws) },
		func() error { return safetyNetHost(chain[0]) },
		func() error { return safetyNetCTS(jws) },
		func() error { return j.safetyNetTime(jws) },
		func() error { return j.trust(chain) })
}

func takeApart(compact string) (*safetyNetJWS, error) {
	parts := strings.Split(compact, ".")
	if len(parts) != 3 {
		return nil, refuse(stepSafetyNetResponse, "%d parts", len(parts))
	}
	var decoded [3][]byte
	for i, p := range parts {
		b, err := base64.RawURLEncoding.Strict().DecodeString(p)
		if err != nil {
			return nil, refuse(stepSafetyNetResponse, "%v", err)
		}
		decoded[i] = b
	}
	jws := &safetyNetJWS{input: []byte(parts[0] + "." + parts[1]), signature: decoded[2]}
	if err := json.Unmarshal(decoded[0], &jws.header); err != nil {
		return nil, refuse(stepSafetyNetResponse, "%v", err)
	}
	if err := json.Unmarshal(decoded[1], &jws.payload); err != nil {
		return nil, refuse(stepSafetyNetResponse, "%v", err)
	}
	return jws, nil
}

func safetyNetSignature(jws *safetyNetJWS, leaf *x509.Certificate) error {
	if _, is := leaf.PublicKey.(*rsa.PublicKey); !is {
		return refuse(stepSafetyNetSignature, "%T", leaf.PublicKey)
	}
	if err := checkSignature(leaf.PublicKey, -257, jws.input, jws.signature); err != nil {
		return refuse(stepSafetyNetSignature, "%v", err)
	}
	return nil
}

func safetyNetNonce(e *evidence, jws *safetyNetJWS) error {
	want := sha256.Sum256(slices.Concat(e.authData, e.hash))
	if !bytes.Equal(jws.payload.Nonce, want[:]) {
		return refuse(stepSafetyNetNonce, "%x", jws.payload.Nonce)
	}
	return nil
}

func safetyNetHost(leaf *x509.Certificate) error {
	if err := leaf.VerifyHostname("attest.android.com"); err != nil {
		return refuse(stepSafetyNetHost, "%v", err)
	}
	return nil
}

func safetyNetCTS(jws *safetyNetJWS) error {
	if jws.payload.CTS == nil || !*jws.payload.CTS {
		return refuse(stepSafetyNetCTS, "not true")
	}
	return nil
}

// safetyNetTime wants the response to be from the last minute, as FIDO's conformance tests do.
func (j judge) safetyNetTime(jws *safetyNetJWS) error {
	if age := j.now.Sub(time.UnixMilli(jws.payload.Timestamp)); age < 0 || age > time.Minute {
		return refuse(stepSafetyNetTime, "%v old", age)
	}
	return nil
}
