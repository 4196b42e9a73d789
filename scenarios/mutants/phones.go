package mutants

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
)

var (
	oidKeyDescription = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 1, 17}
	oidAppleNonce     = asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 8, 2}
)

// keyDescription is what Android says of a key (WebAuthn L3 §8.4.1).
type keyDescription struct {
	AttestationVersion int
	AttestationLevel   asn1.Enumerated
	KeyMintVersion     int
	KeyMintLevel       asn1.Enumerated
	Challenge          []byte
	UniqueID           []byte
	Software, TEE      asn1.RawValue
}

// Tags and values of Android's authorization lists.
const (
	tagPurpose, purposeSign    = 1, 2
	tagAllApplications         = 600
	tagOrigin, originGenerated = 702, 0
)

// androidKeySteps are §8.4. Only what the trusted execution environment enforces counts, as for a relying party that accepts
// keys from there alone.
func androidKeySteps() []Step {
	android := func(check func(*attempt, *statement) error) func(*attempt) error { return of("android-key", check) }
	return []Step{
		reads("android-key/read", android(readAndroidKey)),
		{Name: "android-key/signature", Clause: l3("8.4", "android-key-signature"), check: android(func(a *attempt, s *statement) error { return s.byLeaf(a.signed()) })},
		{Name: "android-key/public-key", Clause: l3("8.4", "android-key-key"), check: android(func(a *attempt, s *statement) error {
			return unless(a.key.equals(s.leaf().PublicKey), "%w", errOtherPublicKey)
		})},
		{Name: "android-key/end", Clause: l3("8.4.1", "android-key-description"), check: android(func(_ *attempt, s *statement) error {
			return unless(!s.descriptionGoesOn(), "there is something behind the key description")
		})},
		{Name: "android-key/challenge", Clause: l3("8.4", "android-key-challenge"), check: android(func(a *attempt, s *statement) error {
			return unless(bytes.Equal(s.description.Challenge, a.clientData.hash[:]), "attestationChallenge is not the client data hash")
		})},
		{Name: "android-key/all-applications", Clause: l3("8.4", "android-key-scope"), check: android(checkScope(true, true)), lax: []laxity{
			{name: "software", check: android(checkScope(false, true))},
			{name: "tee", check: android(checkScope(true, false))},
		}},
		{Name: "android-key/origin", Clause: l3("8.4", "android-key-origin"), check: android(func(_ *attempt, s *statement) error {
			var origin int
			rest, err := asn1.Unmarshal(member(s.description.TEE, tagOrigin), &origin)
			return unless(err == nil && len(rest) == 0 && origin == originGenerated, "the origin is not GENERATED")
		})},
		{Name: "android-key/purpose", Clause: l3("8.4", "android-key-purpose"), check: android(func(_ *attempt, s *statement) error {
			var purposes []int
			_, err := asn1.UnmarshalWithParams(member(s.description.TEE, tagPurpose), &purposes, "set")
			return unless(err == nil && slices.Equal(purposes, []int{purposeSign}), "the purposes are %v", purposes)
		})},
	}
}

func readAndroidKey(_ *attempt, s *statement) error {
	err := s.readMembers()
	if err == nil {
		err = unless(s.hasAlgorithm, "alg is no number")
	}
	if err == nil {
		err = s.readSignature()
	}
	if err == nil {
		err = s.readChain()
	}
	if err != nil {
		return err
	}
	value, _ := extension(s.leaf(), oidKeyDescription)
	if _, err := asn1.Unmarshal(value, &s.description); err != nil {
		return fmt.Errorf("the key description: %w", err)
	}
	return nil
}

func (s *statement) descriptionGoesOn() bool {
	value, _ := extension(s.leaf(), oidKeyDescription)
	var whole asn1.RawValue
	rest, _ := asn1.Unmarshal(value, &whole)
	return len(rest) > 0
}

// checkScope refuses keys that every application may use, says one of the lists that are looked at.
func checkScope(software, tee bool) func(*attempt, *statement) error {
	return func(_ *attempt, s *statement) error {
		everybody := software && member(s.description.Software, tagAllApplications) != nil || tee && member(s.description.TEE, tagAllApplications) != nil
		return unless(!everybody, "all applications may use the key")
	}
}

// member finds the content of a member of an authorization list; nil when there is none.
func member(list asn1.RawValue, tag int) []byte {
	for rest := list.Bytes; len(rest) > 0; {
		var element asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &element); err != nil {
			return nil
		}
		if element.Class == asn1.ClassContextSpecific && element.Tag == tag {
			return element.Bytes
		}
	}
	return nil
}

// appleSteps are §8.8.
func appleSteps() []Step {
	return []Step{
		reads("apple/read", of("apple", func(_ *attempt, s *statement) error {
			if err := s.readMembers(); err != nil {
				return err
			}
			return s.readChain()
		})),
		{Name: "apple/nonce", Clause: l3("8.8", "apple-nonce"), check: of("apple", checkAppleNonce)},
		{Name: "apple/public-key", Clause: l3("8.8", "apple-key"), check: of("apple", func(a *attempt, s *statement) error {
			return unless(a.key.equals(s.leaf().PublicKey), "%w", errOtherPublicKey)
		})},
	}
}

func checkAppleNonce(a *attempt, s *statement) error {
	value, _ := extension(s.leaf(), oidAppleNonce)
	var holder struct {
		Nonce []byte `asn1:"tag:1,explicit"`
	}
	rest, err := asn1.Unmarshal(value, &holder)
	return unless(err == nil && len(rest) == 0 && bytes.Equal(holder.Nonce, a.nonce()), "the nonce is not that of this registration")
}

// u2fSteps are §8.6.
func u2fSteps() []Step {
	u2f := func(check func(*attempt, *statement) error) func(*attempt) error { return of("fido-u2f", check) }
	return []Step{
		reads("fido-u2f/read", u2f(func(_ *attempt, s *statement) error {
			return errors.Join(s.readMembers(), s.readSignature(), s.readChain())
		})),
		{Name: "fido-u2f/one-certificate", Clause: l3("8.6", "fido-u2f-one-certificate"), check: u2f(func(_ *attempt, s *statement) error {
			return unless(len(s.chain) == 1, "x5c has %d certificates", len(s.chain))
		})},
		{Name: "fido-u2f/certificate-key", Clause: l3("8.6", "fido-u2f-certificate-key"), check: u2f(func(_ *attempt, s *statement) error {
			key, ok := s.leaf().PublicKey.(*ecdsa.PublicKey)
			return unless(ok && key.Curve == elliptic.P256(), "the certificate's key is not on P-256")
		})},
		{Name: "fido-u2f/credential-key", Clause: l3("8.6", "fido-u2f-point"), check: u2f(func(a *attempt, _ *statement) error {
			return unless(a.key.kind == kindEC2 && len(a.key.x) == 32 && len(a.key.y) == 32, "the credential's key is not on P-256")
		})},
		{Name: "fido-u2f/signature", Clause: l3("8.6", "fido-u2f-signature"), check: u2f(byU2F([]byte{0})), lax: []laxity{
			{name: "no-reserved-byte", clause: l3("8.6", "fido-u2f-verification-data"), check: u2f(func(a *attempt, s *statement) error {
				if byU2F(nil)(a, s) == nil {
					return nil
				}
				return byU2F([]byte{0})(a, s)
			})},
		}},
	}
}

// byU2F verifies what a U2F key signs, behind its reserved byte.
func byU2F(reserved []byte) func(*attempt, *statement) error {
	return func(a *attempt, s *statement) error {
		message := slices.Concat(reserved, a.data.rpIDHash, a.clientData.hash[:], a.data.credentialID, []byte{4}, a.key.x, a.key.y)
		s.algorithm = usual(s.leaf().PublicKey)
		if key, ok := s.leaf().PublicKey.(*ecdsa.PublicKey); ok {
			return unless(ecdsa.VerifyASN1(key, digest(shapes[s.algorithm].hash, message), s.signature), "the signature does not verify")
		}
		return s.byLeaf(message)
	}
}
