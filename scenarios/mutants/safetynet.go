package mutants

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// The service whose word a SafetyNet statement is, and how old it may be.
const (
	safetyNetHost = "attest.android.com"
	safetyNetLife = time.Minute
)

// safetyNet is a response of the service: a JWS in compact form (RFC 7515 §7.1).
type safetyNet struct {
	version   string
	algorithm string
	signed    []byte // header and payload, as they are signed
	nonce     []byte
	at        time.Time
	passed    bool // the device passed Android's compatibility tests
}

// safetyNetSteps are §8.5, which is legacy.
func safetyNetSteps() []Step {
	net := func(check func(*attempt, *statement) error) func(*attempt) error {
		return of("android-safetynet", check)
	}
	return []Step{
		reads("android-safetynet/read", net(readSafetyNet)),
		{Name: "android-safetynet/version", Clause: l3("8.5", "android-safetynet-syntax"), check: net(func(_ *attempt, s *statement) error {
			return unless(s.safetyNet.version != "", "ver is empty")
		})},
		{Name: "android-safetynet/signature", Clause: l3("8.5", "android-safetynet-response"), check: net(func(_ *attempt, s *statement) error {
			if s.safetyNet.algorithm != "RS256" {
				return errors.New("the response is not signed with RS256")
			}
			return verification{s.leaf().PublicKey, cose.RS256, s.safetyNet.signed, s.signature}.verify()
		})},
		{Name: "android-safetynet/nonce", Clause: l3("8.5", "android-safetynet-nonce"), check: net(func(a *attempt, s *statement) error {
			return unless(bytes.Equal(s.safetyNet.nonce, a.nonce()), "the nonce is not that of this registration")
		})},
		{Name: "android-safetynet/service", Clause: l3("8.5", "android-safetynet-service"), check: net(func(_ *attempt, s *statement) error {
			return s.leaf().VerifyHostname(safetyNetHost)
		})},
		{Name: "android-safetynet/integrity", Clause: l3("8.5", "android-safetynet-integrity"), check: net(func(_ *attempt, s *statement) error {
			return unless(s.safetyNet.passed, "the device did not pass the tests")
		})},
		{Name: "android-safetynet/future", Clause: l3("8.5", "android-safetynet-timestamp"), check: net(func(a *attempt, s *statement) error {
			return unless(!s.safetyNet.at.After(a.rp.settings.Now()), "the response is from the future")
		})},
		{Name: "android-safetynet/past", Clause: l3("8.5", "android-safetynet-timestamp"), check: net(func(a *attempt, s *statement) error {
			return unless(a.rp.settings.Now().Sub(s.safetyNet.at) <= safetyNetLife, "the response is old")
		})},
	}
}

func readSafetyNet(_ *attempt, s *statement) error {
	if err := s.readMembers(); err != nil {
		return err
	}
	if isText(s.members["ver"]) {
		_ = decoding.Unmarshal(s.members["ver"], &s.safetyNet.version)
	}
	response, err := s.bytes("response")
	if err != nil {
		return err
	}
	parts := strings.Split(string(response), ".")
	if len(parts) != 3 {
		return errors.New("the response is no JWS")
	}
	var header struct {
		Algorithm string   `json:"alg"`
		X5C       [][]byte `json:"x5c"`
	}
	var payload struct {
		Nonce       []byte `json:"nonce"`
		TimestampMS int64  `json:"timestampMs"`
		Passed      bool   `json:"ctsProfileMatch"`
	}
	if err := errors.Join(decodePart(parts[0], &header), decodePart(parts[1], &payload)); err != nil {
		return err
	}
	if s.signature, err = base64.RawURLEncoding.DecodeString(parts[2]); err != nil {
		return errors.New("the signature of the response is no base64url")
	}
	s.safetyNet.algorithm, s.safetyNet.signed = header.Algorithm, []byte(parts[0]+"."+parts[1])
	s.safetyNet.nonce, s.safetyNet.at, s.safetyNet.passed = payload.Nonce, time.UnixMilli(payload.TimestampMS), payload.Passed
	return s.parseChain(header.X5C)
}

// decodePart reads JSON in base64url.
func decodePart(part string, into any) error {
	decoded, err := base64.RawURLEncoding.DecodeString(part)
	if err == nil {
		err = json.Unmarshal(decoded, into)
	}
	return err
}
