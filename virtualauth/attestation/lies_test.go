package attestation_test

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-tpm/tpm2"

	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// accepts says that go-webauthn tolerates a lie; notAsked that it cannot judge the format, whose root it fixes.
const (
	accepts  = "accepts"
	notAsked = ""
)

// lie is one misbehaviour of one honest way of making a statement, the step that must refuse it, and why go-webauthn does.
type lie struct {
	name   string
	honest honest
	lie    attestation.Misbehaviour
	step   step
	why    string
}

// The honest statements that lies are told about.
var (
	packedSelf = honest{"packed, self", attestation.FormatPacked, cose.ES256, nil, []attestation.Type{attestation.Self}}
	packedFull = honest{"packed, basic", attestation.FormatPacked, cose.ES256, basic, []attestation.Type{attestation.Basic}}
	forCompany = honest{"packed, enterprise", attestation.FormatPacked, cose.ES256, enterprise, []attestation.Type{attestation.Basic}}
	inTPM      = honest{"tpm", attestation.FormatTPM, cose.ES256, nil, []attestation.Type{attestation.AttCA}}
	oldKey     = honest{"fido-u2f", attestation.FormatFIDOU2F, cose.ES256, ours, []attestation.Type{attestation.Basic}}
	// An Ed25519 credential cannot have an honest U2F statement, so the control is about packed.
	u2fOfEdDSA = honest{"fido-u2f of Ed25519", attestation.FormatFIDOU2F, cose.EdDSA, ours, nil}
	android    = honest{"android-key", attestation.FormatAndroidKey, cose.ES256, nil, nil}
	safetyNet  = honest{"android-safetynet", attestation.FormatSafetyNet, cose.ES256, nil, nil}
	iPhone     = honest{"apple", attestation.FormatApple, cose.ES256, nil, nil}
	twoInOne   = honest{"compound", attestation.FormatCompound, cose.ES256, basic, []attestation.Type{attestation.Basic, attestation.AttCA}}
	silent     = honest{"none", attestation.FormatNone, cose.ES256, nil, []attestation.Type{attestation.Self}}
)

type lying = attestation.Misbehaviour

const chainRefused = "could not be verified due to an error validating the trust chain"

var lies = []lie{
	// The frame: S-AOB, S-FNO
	{"an unregistered format", packedFull, lying{Format: "tea-leaves"}, stepFormat, "tea-leaves is unsupported"},
	{"a format in capitals", silent, lying{Format: "None"}, stepFormat, "None is unsupported"},
	{"none with a member", silent, lying{Set: map[string]any{"x": 1}}, stepNone, "none with attestation present"},
	{"none that is an array", silent, lying{Body: []byte{0x80}}, stepNone, "cannot unmarshal"},
	{"none that is null", silent, lying{Body: []byte{0xf6}}, stepNone, accepts},

	// packed, self: S-FPS
	{"self: no members", packedSelf, lying{Body: []byte{0xa0}}, stepPackedSyntax, "Error retrieving alg"},
	{"self: no alg", packedSelf, lying{Omit: []string{"alg"}}, stepPackedSyntax, "Error retrieving alg"},
	{"self: alg is text", packedSelf, lying{Set: map[string]any{"alg": "ES256"}}, stepPackedSyntax, "Error retrieving alg"},
	{"self: no sig", packedSelf, lying{Omit: []string{"sig"}}, stepPackedSyntax, "Error retrieving sig"},
	{"self: sig is text", packedSelf, lying{Set: map[string]any{"sig": "x"}}, stepPackedSyntax, "Error retrieving sig"},
	{"self: sig is empty", packedSelf, lying{Set: map[string]any{"sig": []byte{}}}, stepPackedSignature, "verify"},
	{"self: another alg", packedSelf, lying{Algorithm: cose.RS256}, stepPackedAlgorithm, "does not equal att statement algorithm"},
	{"self: bad signature", packedSelf, lying{BadSignature: true}, stepPackedSignature, "Unable to verify signature"},
	{"self: truncated signature", packedSelf, lying{TruncatedSignature: true}, stepPackedSignature, "verify"},
	{"self: r and s", packedSelf, lying{RawSignature: true}, stepPackedSignature, "verify"},
	{"self: another key", packedSelf, lying{OtherKey: true}, stepPackedSignature, "Unable to verify signature"},
	{"self: only the hash", packedSelf, lying{Signed: attestation.OnlyTheHash}, stepPackedSignature, "Unable to verify signature"},
	{"self: only authenticator data", packedSelf, lying{Signed: attestation.OnlyAuthData}, stepPackedSignature, "Unable to verify signature"},
	{"self: hash first", packedSelf, lying{Signed: attestation.TheHashFirst}, stepPackedSignature, "Unable to verify signature"},
	{"self: other authenticator data", packedSelf, lying{Signed: attestation.OtherAuthData}, stepPackedSignature, "Unable to verify signature"},
	{"self: ecdaaKeyId", packedSelf, lying{Set: map[string]any{"ecdaaKeyId": []byte{1}}}, stepPackedSyntax, "not yet supported by the WebAuthn spec"},
	{"self: unknown member", packedSelf, lying{Set: map[string]any{"more": true}}, stepPackedSyntax, accepts},

	// packed, basic: S-FPF
	{"bad signature", packedFull, lying{BadSignature: true}, stepPackedSignature, "Signature validation error"},
	{"truncated signature", packedFull, lying{TruncatedSignature: true}, stepPackedSignature, "Signature validation error"},
	{"r and s", packedFull, lying{RawSignature: true}, stepPackedSignature, "Signature validation error"},
	{"no x5c", packedFull, lying{Omit: []string{"x5c"}}, stepPackedSignature, "Unable to verify signature"},
	{"x5c is text", packedFull, lying{Set: map[string]any{"x5c": "x"}}, stepPackedSyntax, "Unable to verify signature"},
	{"x5c is empty", packedFull, lying{Set: map[string]any{"x5c": [][]byte{}}}, stepCertificates, "Error getting certificate"},
	{"x5c of null", packedFull, lying{Set: map[string]any{"x5c": []any{nil}}}, stepCertificates, "Error getting certificate"},
	{"expired", packedFull, lying{Expired: true}, stepTrust, "no longer valid or not yet valid"},
	{"not yet valid", packedFull, lying{NotYetValid: true}, stepTrust, "no longer valid or not yet valid"},
	{"alg differs from the key", packedFull, lying{Algorithm: cose.RS256}, stepPackedSignature, "Signature validation error"},
	{"alg is RS1", packedFull, lying{Algorithm: cose.RS1}, stepPackedSignature, "Signature validation error"},
	{"another key", packedFull, lying{OtherKey: true}, stepPackedSignature, "Signature validation error"},
	{"the credential's key", packedFull, lying{CredentialKey: true}, stepPackedSignature, "Signature validation error"},
	{"only the hash", packedFull, lying{Signed: attestation.OnlyTheHash}, stepPackedSignature, "Signature validation error"},
	{"version 1", packedFull, lying{Version1: true}, stepPackedVersion, "incorrect version"},
	{"no country", packedFull, lying{Country: new("")}, stepPackedCountry, "Country Code is invalid"},
	{"country XX1", packedFull, lying{Country: new("XX1")}, stepPackedCountry, "Country Code is invalid"},
	{"no organization", packedFull, lying{Organization: new("")}, stepPackedO, "Organization is invalid"},
	{"another unit", packedFull, lying{Unit: new("Authenticators")}, stepPackedOU, "Organizational Unit is invalid"},
	{"unit in lower case", packedFull, lying{Unit: new("authenticator attestation")}, stepPackedOU, "Organizational Unit is invalid"},
	{"no unit", packedFull, lying{Unit: new("")}, stepPackedOU, "Organizational Unit is invalid"},
	{"no common name", packedFull, lying{CommonName: new("")}, stepPackedCN, "Common Name not set"},
	{"CA", packedFull, lying{CA: true}, stepBasic, "marked as CA"},
	{"no basic constraints", packedFull, lying{OmitBasicConstraints: true}, stepBasic, accepts},
	{"another AAGUID", packedFull, lying{AAGUID: bytes.Repeat([]byte{9}, 16)}, stepAAGUID, "AAGUID does not match"},
	{"AAGUID of 15 bytes", packedFull, lying{AAGUID: keyAAGUID[:15]}, stepAAGUID, "AAGUID does not match"},
	{"no AAGUID", packedFull, lying{OmitAAGUID: true}, stepAAGUID, accepts},
	{"critical AAGUID", packedFull, lying{CriticalAAGUID: true}, stepAAGUID, "marked as critical"},
	{"bare AAGUID", packedFull, lying{BareAAGUID: true}, stepAAGUID, "Error unmarshalling AAGUID"},
	{"serial number for everybody", packedFull, lying{RevealSerial: true}, stepSerial, accepts},
	{"critical serial number", forCompany, lying{CriticalSerial: true}, stepSerial, chainRefused},
	{"unknown critical extension", packedFull, lying{UnknownCritical: true}, stepTrust, chainRefused},
	{"SHA-1", packedFull, lying{SHA1: true}, stepTrust, chainRefused},
	{"pointers to where nobody answers", packedFull, lying{RevocationHost: "http://192.0.2.1"}, "", accepts},
	{"self-signed", packedFull, lying{SelfSigned: true}, stepTrust, chainRefused},
	{"forged in the issuer's name", packedFull, lying{ForgedLeaf: true}, stepTrust, chainRefused},
	{"from a foreign root", packedFull, lying{ForeignRoot: true}, stepTrust, chainRefused},
	{"from a foreign root that comes along", packedFull, lying{ForeignRoot: true, RootInChain: true}, stepTrust, chainRefused},
	{"root in x5c", packedFull, lying{RootInChain: true}, stepTrust, accepts},
	{"no intermediate", packedFull, lying{OmitIntermediate: true}, stepTrust, chainRefused},
	{"reverse x5c", packedFull, lying{ReverseChain: true}, stepPackedSignature, "Signature validation error"},
	{"expired intermediate", packedFull, lying{ExpiredIntermediate: true}, stepTrust, "no longer valid or not yet valid"},
	{"intermediate that is none", packedFull, lying{NotCAIntermediate: true}, stepTrust, chainRefused},
	{"path too long", packedFull, lying{PathTooLong: true}, stepTrust, chainRefused},
	{"truncated certificate", packedFull, lying{Leaf: attestation.Truncated}, stepCertificates, "Error parsing certificate"},
	{"a byte behind the certificate", packedFull, lying{Leaf: attestation.Trailing}, stepCertificates, "Error parsing certificate"},
	{"certificate in PEM", packedFull, lying{Leaf: attestation.PEM}, stepCertificates, "Error parsing certificate"},

	// tpm: S-FTP
	{"tpm: ver 1.2", inTPM, lying{Set: map[string]any{"ver": "1.2"}}, stepTPMVersion, "only supports TPM 2.0"},
	{"tpm: no ver", inTPM, lying{Omit: []string{"ver"}}, stepTPMVersion, "Error retrieving ver"},
	{"tpm: no alg", inTPM, lying{Omit: []string{"alg"}}, stepTPMSyntax, "Error retrieving alg"},
	{"tpm: no x5c", inTPM, lying{Omit: []string{"x5c"}}, stepCertificates, "not yet supported by this library"},
	{"tpm: no sig", inTPM, lying{Omit: []string{"sig"}}, stepTPMSyntax, "Error retrieving sig"},
	{"tpm: no certInfo", inTPM, lying{Omit: []string{"certInfo"}}, stepTPMSyntax, "Error retrieving certInfo"},
	{"tpm: no pubArea", inTPM, lying{Omit: []string{"pubArea"}}, stepTPMSyntax, "Error retrieving pubArea"},
	{"tpm: certInfo cut short", inTPM, lying{Set: map[string]any{"certInfo": []byte{0xff, 'T', 'C', 'G', 0x80, 0x17, 0}}}, stepTPMCertInfo, "EOF"},
	{"tpm: bad signature", inTPM, lying{BadSignature: true}, stepTPMSignature, "Signature validation error"},
	{"tpm: another key", inTPM, lying{OtherKey: true}, stepTPMSignature, "Signature validation error"},
	{"tpm: alg of another hash", inTPM, lying{Algorithm: cose.ES384}, stepTPMExtraData, "ExtraData is not set"},
	{"tpm: other extraData", inTPM, lying{WrongNonce: true}, stepTPMExtraData, "ExtraData is not set"},
	{"tpm: extraData of other authenticator data", inTPM, lying{Signed: attestation.OtherAuthData}, stepTPMExtraData, "ExtraData is not set"},
	{"tpm: an old attestation key", inTPM, lying{OldAIK: true}, "", accepts},
	{"tpm: extraData by another hash", inTPM, lying{NonceHash: crypto.SHA384}, stepTPMExtraData, "ExtraData is not set"},
	{"tpm: byte behind certInfo", inTPM, lying{CertInfo: func(i []byte) []byte { return append(slices.Clone(i), 0) }}, stepTPMCertInfo, accepts},
	{"tpm: signed certInfo cut short", inTPM, lying{CertInfo: func(i []byte) []byte { return i[:len(i)-1] }}, stepTPMCertInfo, "ran out of data"},
	{"tpm: magic", inTPM, lying{Magic: 0x00544347}, stepTPMMagic, "Magic is not set"},
	{"tpm: type quote", inTPM, lying{Type: 0x8018}, stepTPMType, "TPMSQuoteInfo"},
	{"tpm: type creation", inTPM, lying{Type: 0x801a}, stepTPMType, "Type is not set"},
	{"tpm: another name", inTPM, lying{Name: func(n []byte) []byte { return spoilt(n) }}, stepTPMName, "Hash value mismatch"},
	{"tpm: name by another algorithm", inTPM, lying{Name: func(n []byte) []byte { return slices.Concat([]byte{0, 4}, n[2:22]) }}, stepTPMName, "Hash value mismatch"},
	{"tpm: pubArea of another key", inTPM, lying{Public: otherPoint}, stepTPMPublic, "Mismatch between ECCParameters"},
	{"tpm: pubArea on another curve", inTPM, lying{Public: otherCurve}, stepTPMPublic, "Mismatch between ECCParameters"},
	{"tpm: pubArea of RSA", inTPM, lying{Public: anRSAKey}, stepTPMPublic, "Mismatch between ECCParameters"},
	{"tpm: byte behind pubArea", inTPM, lying{Public: func(p []byte) []byte { return append(slices.Clone(p), 0) }}, stepTPMPublic, "Hash value mismatch"},
	{"tpm: AIK version 1", inTPM, lying{Version1: true}, stepAIKVersion, "version must be 3"},
	{"tpm: AIK with a subject", inTPM, lying{AIKSubject: true}, stepAIKSubject, "subject must be empty"},
	{"tpm: no usage", inTPM, lying{OmitAIKUsage: true}, stepAIKUsage, "missing EKU"},
	{"tpm: no alternative name", inTPM, lying{OmitSAN: true}, stepAIKName, "Invalid SAN data"},
	{"tpm: manufacturer of nobody", inTPM, lying{Manufacturer: new("id:00000000")}, stepAIKManufacturer, "Invalid TPM manufacturer"},
	{"tpm: no manufacturer", inTPM, lying{Manufacturer: new("")}, stepAIKName, "Invalid SAN data"},
	{"tpm: no model", inTPM, lying{OmitTPMModel: true}, stepAIKName, "Invalid SAN data"},
	{"tpm: no version", inTPM, lying{OmitTPMVersion: true}, stepAIKName, "Invalid SAN data"},
	{"tpm: one relative name for all", inTPM, lying{JoinTPMName: true}, "", accepts},
	{"tpm: CA", inTPM, lying{CA: true}, stepAIKBasic, "CA is true"},
	{"tpm: no basic constraints", inTPM, lying{OmitBasicConstraints: true}, stepAIKBasic, "basic constraints missing"},
	{"tpm: another AAGUID", inTPM, lying{AAGUID: bytes.Repeat([]byte{9}, 16)}, stepAAGUID, "AAGUID does not match"},
	{"tpm: foreign root", inTPM, lying{ForeignRoot: true}, stepTrust, chainRefused},
	{"tpm: reverse x5c", inTPM, lying{ReverseChain: true}, stepTPMSignature, "Signature validation error"},
	{"tpm: expired", inTPM, lying{Expired: true}, stepTrust, "no longer valid or not yet valid"},

	// fido-u2f: S-FU2
	{"u2f: bad signature", oldKey, lying{BadSignature: true}, stepU2FSignature, "Signature validation error"},
	{"u2f: certificate twice", oldKey, lying{RepeatLeaf: true}, stepU2FOne, "exactly one element"},
	{"u2f: another certificate", oldKey, lying{ExtraCertificate: true}, stepU2FOne, "exactly one element"},
	{"u2f: no x5c", oldKey, lying{Omit: []string{"x5c"}}, stepU2FSyntax, "Missing properly formatted x5c"},
	{"u2f: x5c is empty", oldKey, lying{Set: map[string]any{"x5c": [][]byte{}}}, stepU2FOne, "exactly one element"},
	{"u2f: no sig", oldKey, lying{Omit: []string{"sig"}}, stepU2FSyntax, "Missing sig"},
	{"u2f: key on P-384", oldKey, lying{P384: true}, stepU2FCurve, "P-256 ECDSA public key"},
	{"u2f: key for RSA", oldKey, lying{RSAKey: true}, stepU2FCurve, "public key algorithm is not ECDSA"},
	{"u2f: another point", oldKey, lying{Point: bytes.Repeat([]byte{4}, 65)}, stepU2FSignature, "Signature validation error"},
	{"u2f: no reserved byte", oldKey, lying{OmitReserved: true}, stepU2FSignature, "Signature validation error"},
	{"u2f: another RP ID", oldKey, lying{OtherRPID: true}, stepU2FSignature, "Signature validation error"},
	{"u2f: a credential of Ed25519", u2fOfEdDSA, lying{AnyKey: true}, stepU2FKey, notAsked},
	{"u2f: the credential's key", oldKey, lying{CredentialKey: true}, stepU2FSignature, "Signature validation error"},
	{"u2f: foreign root", oldKey, lying{ForeignRoot: true}, stepTrust, chainRefused},

	// android-key: S-FAK
	{"android: another challenge", android, lying{WrongNonce: true}, stepAndroidChallenge, notAsked},
	{"android: another key certified", android, lying{OtherLeafKey: true}, stepAndroidKey, notAsked},
	{"android: reverse x5c", android, lying{ReverseChain: true}, stepAndroidSignature, notAsked},
	{"android: bad signature", android, lying{BadSignature: true}, stepAndroidSignature, notAsked},
	{"android: another key signs", android, lying{OtherKey: true}, stepAndroidSignature, notAsked},
	{"android: no alg", android, lying{Omit: []string{"alg"}}, stepAndroidSyntax, notAsked},
	{"android: no x5c", android, lying{Omit: []string{"x5c"}}, stepAndroidSyntax, notAsked},
	{"android: no description", android, lying{OmitKeyDescription: true}, stepAndroidDescription, notAsked},
	{"android: byte behind the description", android, lying{TrailingDescription: true}, stepAndroidDescription, notAsked},
	{"android: description cut short", android, lying{CutDescription: true}, stepAndroidDescription, notAsked},
	{"android: a description of version 1", android, lying{DescriptionVersion: 1}, "", notAsked},
	{"android: authorizations that nobody knows", android, lying{UnknownAuthorizations: true}, "", notAsked},
	{"android: all applications, by software", android, lying{AllApplications: attestation.BySoftware}, stepAndroidAllApps, notAsked},
	{"android: all applications, by the TEE", android, lying{AllApplications: attestation.ByTEE}, stepAndroidAllApps, notAsked},
	{"android: imported", android, lying{Origin: new(2)}, stepAndroidOrigin, notAsked},
	{"android: also decrypts", android, lying{Purposes: []int{1, 2}}, stepAndroidPurpose, notAsked},
	{"android: no purpose", android, lying{Purposes: []int{}}, stepAndroidPurpose, notAsked},
	{"android: only software enforces", android, lying{SoftwareEnforced: true}, stepAndroidOrigin, notAsked},
	{"android: empty lists", android, lying{EmptyLists: true}, stepAndroidOrigin, notAsked},
	{"android: foreign root", android, lying{ForeignRoot: true}, stepTrust, notAsked},

	// android-safetynet: S-FSN
	{"safetynet: empty ver", safetyNet, lying{Set: map[string]any{"ver": ""}}, stepSafetyNetSyntax, notAsked},
	{"safetynet: empty response", safetyNet, lying{Set: map[string]any{"response": []byte{}}}, stepSafetyNetResponse, notAsked},
	{"safetynet: another nonce", safetyNet, lying{WrongNonce: true}, stepSafetyNetNonce, notAsked},
	{"safetynet: empty chain", safetyNet, lying{EmptyJWSChain: true}, stepCertificates, notAsked},
	{"safetynet: no CTS profile", safetyNet, lying{FailCTS: true}, stepSafetyNetCTS, notAsked},
	{"safetynet: from the future", safetyNet, lying{TimeShift: time.Minute}, stepSafetyNetTime, notAsked},
	{"safetynet: stale", safetyNet, lying{TimeShift: -61 * time.Second}, stepSafetyNetTime, notAsked},
	{"safetynet: another host", safetyNet, lying{Host: "attest.example"}, stepSafetyNetHost, notAsked},
	{"safetynet: alg none", safetyNet, lying{JWSAlgorithm: "none"}, stepSafetyNetAlgorithm, notAsked},
	{"safetynet: alg HS256", safetyNet, lying{JWSAlgorithm: "HS256"}, stepSafetyNetAlgorithm, notAsked},
	{"safetynet: bad signature", safetyNet, lying{BadSignature: true}, stepSafetyNetSignature, notAsked},
	{"safetynet: foreign root", safetyNet, lying{ForeignRoot: true}, stepTrust, notAsked},

	// apple: S-FAP
	{"apple: another nonce", iPhone, lying{WrongNonce: true}, stepAppleNonce, notAsked},
	{"apple: no nonce", iPhone, lying{OmitNonce: true}, stepAppleNonce, notAsked},
	{"apple: another key certified", iPhone, lying{OtherLeafKey: true}, stepAppleKey, notAsked},
	{"apple: no x5c", iPhone, lying{Omit: []string{"x5c"}}, stepAppleSyntax, notAsked},
	{"apple: foreign root", iPhone, lying{ForeignRoot: true}, stepTrust, notAsked},
	{"apple: member too many", iPhone, lying{Set: map[string]any{"alg": -7}}, stepAppleSyntax, notAsked},

	// compound: S-FCO
	{"compound of one", twoInOne, lying{Formats: []attestation.Format{attestation.FormatPacked}}, stepCompoundSyntax, "at least two"},
	{"compound of none", twoInOne, lying{Formats: []attestation.Format{}}, stepCompoundSyntax, "at least two"},
	{"compound in compound", twoInOne, lying{Formats: []attestation.Format{attestation.FormatPacked, attestation.FormatCompound}}, stepCompoundSyntax, "exceeded max nested level"},
	{"compound that is a map", twoInOne, lying{Body: []byte{0xa0}}, stepCompoundSyntax, "cannot unmarshal"},
	{"compound whose last part has a bad signature", twoInOne, lying{SpoilLast: true}, stepTPMSignature, "Signature validation error"},
	{"compound with a bad part", twoInOne, lying{Magic: 1}, stepTPMMagic, "Magic is not set"},
}

// control is the honest statement.
func (l lie) control(s *stage) attestation.Statement {
	if l.honest.format == attestation.FormatFIDOU2F && l.honest.algorithm != cose.ES256 {
		return s.make(attestation.FormatPacked)
	}
	return s.make(l.honest.format)
}

func spoilt(b []byte) []byte {
	b = slices.Clone(b)
	b[len(b)-1] ^= 1
	return b
}

// otherPoint is the generator of P-256 where the credential's point was.
func otherPoint(public []byte) []byte {
	g := elliptic.P256().Params()
	return slices.Concat(public[:len(public)-68], []byte{0, 32}, g.Gx.Bytes(), []byte{0, 32}, g.Gy.Bytes())
}

// otherCurve claims that the credential's point is on P-384.
func otherCurve(public []byte) []byte {
	area, err := tpm2.Unmarshal[tpm2.TPMTPublic](public)
	if err != nil {
		panic(err)
	}
	area.Parameters = tpm2.NewTPMUPublicParms(tpm2.TPMAlgECC, &tpm2.TPMSECCParms{CurveID: tpm2.TPMECCNistP384})
	return tpm2.Marshal(area)
}

func anRSAKey([]byte) []byte {
	return tpm2.Marshal(&tpm2.TPMTPublic{
		Type: tpm2.TPMAlgRSA, NameAlg: tpm2.TPMAlgSHA256,
		Parameters: tpm2.NewTPMUPublicParms(tpm2.TPMAlgRSA, &tpm2.TPMSRSAParms{KeyBits: 2048}),
		Unique:     tpm2.NewTPMUPublicID(tpm2.TPMAlgRSA, &tpm2.TPM2BPublicKeyRSA{Buffer: bytes.Repeat([]byte{0xc5}, 256)}),
	})
}

// TestStrangersRefuseLies: each lie is refused at its own step, by a verifier that accepts the honest statement.
func TestStrangersRefuseLies(t *testing.T) {
	for _, l := range lies {
		t.Run(l.name, func(t *testing.T) {
			s := l.honest.stage(t)
			if err := s.verdict(l.control(s)); err != nil {
				t.Fatalf("the honest statement is refused: %v", err)
			}
			s.Misbehave = l.lie
			if err := s.verdict(s.make(l.honest.format)); stepOf(err) != l.step {
				t.Errorf("stepwise: %v, want %q", err, l.step)
			}
		})
	}
}

// TestGoWebAuthnRefusesLies: so does go-webauthn, for the reason meant, unless the table says that it does not look.
func TestGoWebAuthnRefusesLies(t *testing.T) {
	for _, l := range lies {
		if l.why == notAsked {
			continue
		}
		t.Run(l.name, func(t *testing.T) {
			s := l.honest.stage(t)
			provider := s.provider(l.honest.models(s))
			if err := s.gowebauthn(l.control(s), provider); err != nil {
				t.Fatalf("the honest statement is refused: %s", reason(err))
			}
			s.Misbehave = l.lie
			err := s.gowebauthn(s.make(l.honest.format), provider)
			if l.why == accepts {
				if err != nil {
					t.Errorf("refused after all: %s", reason(err))
				}
				return
			}
			if err == nil || !strings.Contains(reason(err), l.why) {
				t.Errorf("%s\nwant %q", reason(err), l.why)
			}
		})
	}
}
