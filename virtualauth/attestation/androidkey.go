package attestation

import (
	"crypto/rsa"
	"crypto/x509/pkix"
	"encoding/asn1"
)

// oidKeyDescription is the extension in which Android describes a key (Android key attestation, certificate extension data).
var oidKeyDescription = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 1, 17}

// Numbers of the key description's schema.
const (
	keyMintVersion = 300
	levelTEE       = 1 // SecurityLevel TrustedEnvironment

	tagPurpose, tagAllApplications, tagOrigin  = 1, 600, 702
	tagAlgorithm, tagDigest, tagNoAuthRequired = 2, 5, 503
	tagUnknown                                 = 9999 // of no schema yet
	purposeSign, originGenerated               = 2, 0
	algorithmRSA, algorithmEC, digestSHA256    = 1, 3, 4
)

// keyDescription is the extension's value. AuthorizationList is a sequence of explicitly tagged values, all optional.
type keyDescription struct {
	AttestationVersion int
	AttestationLevel   asn1.Enumerated
	KeyMintVersion     int
	KeyMintLevel       asn1.Enumerated
	Challenge          []byte
	UniqueID           []byte
	SoftwareEnforced   []asn1.RawValue
	TEEEnforced        []asn1.RawValue
}

// androidKey lets the credential's key sign, and the certificate of that very key say where it lives (WebAuthn L3 §8.4):
//
//	{"alg": algorithm, "sig": bytes, "x5c": [credential, issuer]}
func androidKey(s Subject) (members, error) {
	p := profile{format: FormatAndroidKey, subject: []attribute{{oidCommonName, "Android Keystore Key"}}}
	if !s.Misbehave.OmitKeyDescription {
		p.extensions = []pkix.Extension{{Id: oidKeyDescription, Value: s.describeKey()}}
	}
	leaf, err := s.credentialCertificate(p)
	if err != nil {
		return nil, err
	}
	return androidKeyBy(s, leaf)
}

// androidKeyBy makes the statement with the certificate of the credential's key. When a lie certified another key, that one
// signs.
func androidKeyBy(s Subject, leaf *issuer) (members, error) {
	sign := leaf.key.sign
	if _, elsewhere := leaf.key.Signer.(lentKey); elsewhere {
		sign = s.Sign
	}
	signature, err := s.signature(sign, leaf.key.Public(), s.signed())
	if err != nil {
		return nil, err
	}
	return members{"alg": s.claimed(s.Algorithm), "sig": signature, "x5c": s.x5c(leaf)}, nil
}

// describeKey says that the key was generated in the trusted execution environment, for signing alone, and for this
// registration: the challenge is the client data hash.
func (s Subject) describeKey() []byte {
	version := keyMintVersion
	if s.Misbehave.DescriptionVersion != 0 {
		version = s.Misbehave.DescriptionVersion
	}
	description := keyDescription{
		AttestationVersion: version, AttestationLevel: levelTEE,
		KeyMintVersion: version, KeyMintLevel: levelTEE,
		Challenge: s.bound(s.ClientDataHash), UniqueID: []byte{},
		SoftwareEnforced: []asn1.RawValue{}, TEEEnforced: s.authorizations(),
	}
	return s.encodeDescription(description)
}

// encodeDescription is what stands in the extension.
func (s Subject) encodeDescription(description keyDescription) []byte {
	if s.Misbehave.SoftwareEnforced {
		description.SoftwareEnforced, description.TEEEnforced = description.TEEEnforced, description.SoftwareEnforced
	}
	everybody := explicit(tagAllApplications, asn1.NullRawValue)
	switch s.Misbehave.AllApplications {
	case BySoftware:
		description.SoftwareEnforced = append(description.SoftwareEnforced, everybody)
	case ByTEE:
		last := len(description.TEEEnforced) - 1 // before the origin, since tags ascend
		description.TEEEnforced = append(description.TEEEnforced[:last:last], everybody, description.TEEEnforced[last])
	}
	if s.Misbehave.UnknownAuthorizations {
		unknown := explicit(tagUnknown, asn1.NullRawValue)
		description.SoftwareEnforced = append(description.SoftwareEnforced, unknown)
		description.TEEEnforced = append(description.TEEEnforced, unknown)
	}
	der := mustDER(description)
	if s.Misbehave.TrailingDescription {
		der = append(der, 0)
	}
	if s.Misbehave.CutDescription {
		der = der[:len(der)-1]
	}
	return der
}

// authorizations is the list of what the key may do and where it comes from, in ascending order of tags.
func (s Subject) authorizations() []asn1.RawValue {
	if s.Misbehave.EmptyLists {
		return []asn1.RawValue{}
	}
	purposes, origin := []int{purposeSign}, originGenerated
	if s.Misbehave.Purposes != nil {
		purposes = s.Misbehave.Purposes
	}
	if s.Misbehave.Origin != nil {
		origin = *s.Misbehave.Origin
	}
	algorithm := algorithmEC
	if _, is := s.credentialPublic().(*rsa.PublicKey); is {
		algorithm = algorithmRSA
	}
	return []asn1.RawValue{
		explicit(tagPurpose, setOf(purposes)),
		explicit(tagAlgorithm, algorithm),
		explicit(tagDigest, setOf([]int{digestSHA256})),
		explicit(tagNoAuthRequired, asn1.NullRawValue),
		explicit(tagOrigin, origin),
	}
}

// explicit puts an explicit tag around a value.
func explicit(tag int, value any) asn1.RawValue {
	return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, IsCompound: true, Bytes: mustDER(value)}
}

func setOf(numbers []int) asn1.RawValue {
	var inside []byte
	for _, n := range numbers {
		inside = append(inside, mustDER(n)...)
	}
	return asn1.RawValue{Tag: asn1.TagSet, IsCompound: true, Bytes: inside}
}
