package metadata

import (
	"crypto/x509"
	_ "embed" // the icon
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/virtualauth/attestation"
)

// Model is what a maker says about a model, besides what the device says itself. Description is all that has no default.
type Model struct {
	// GetInfo is what the device answers to authenticatorGetInfo; nil says that the model speaks U2F alone.
	GetInfo *GetInfo
	// Algorithms are those of a model whose GetInfo tells none, as before CTAP 2.1; none then stand for ES256 alone.
	Algorithms []Parameters
	// Certificates are the attestation certificates of a U2F model, which has no AAGUID to be found by.
	Certificates []*x509.Certificate
	// Description is a sentence in English, at most 200 characters.
	Description string
	// AlternativeDescriptions and FriendlyNames are by language tag (RFC 5646), such as "de-CH".
	AlternativeDescriptions, FriendlyNames map[string]string
	// AttestationTypes are those that its statements convey; nil means Self alone.
	AttestationTypes []attestation.Type
	// Roots are what its trust paths end in; with Self alone there need be none.
	Roots []*x509.Certificate
	// UserVerification are the alternatives of the FIDO Registry by which the user can be verified, such as
	// "fingerprint_internal"; nil means what getInfo tells by uv, uvModality and clientPin, and presence.
	UserVerification []string
	// KeyProtection and MatcherProtection are of the FIDO Registry; nil means "software", which is the truth here.
	KeyProtection, MatcherProtection []string
	// CryptoStrength is in bits; 0 means 128.
	CryptoStrength uint16
	// Icon and the others are PNG images as data URLs; an empty Icon means that of passkeylab.
	Icon, IconDark, ProviderLogoLight, ProviderLogoDark string
	// MultiDevice is "unsupported", "explicit" or "implicit", whether keys may leave the authenticator; empty means not told.
	MultiDevice string
	// KeyScope and CXConfigURL are told when they are not empty.
	KeyScope, CXConfigURL string
	// Status are reports, the latest last; nil means NOT_FIDO_CERTIFIED since Since.
	Status []StatusReport
	// Since is the day from which on the latest status holds.
	Since time.Time
}

// Statement is the metadata statement (FIDO Metadata Statement 3.1.1 §4).
type Statement struct {
	LegalHeader             string             `json:"legalHeader"`
	AAGUID                  string             `json:"aaguid,omitempty"`
	KeyIdentifiers          []string           `json:"attestationCertificateKeyIdentifiers,omitempty"`
	FriendlyNames           map[string]string  `json:"friendlyNames,omitempty"`
	Description             string             `json:"description"`
	AlternativeDescriptions map[string]string  `json:"alternativeDescriptions,omitempty"`
	AuthenticatorVersion    uint64             `json:"authenticatorVersion"`
	ProtocolFamily          string             `json:"protocolFamily"`
	Schema                  int                `json:"schema"`
	Versions                []Version          `json:"upv"`
	Algorithms              []string           `json:"authenticationAlgorithms"`
	KeyEncodings            []string           `json:"publicKeyAlgAndEncodings"`
	AttestationTypes        []attestation.Type `json:"attestationTypes"`
	UserVerification        [][]Verification   `json:"userVerificationDetails"`
	KeyProtection           []string           `json:"keyProtection"`
	KeyRestricted           bool               `json:"isKeyRestricted"`
	FreshVerification       bool               `json:"isFreshUserVerificationRequired"`
	MatcherProtection       []string           `json:"matcherProtection"`
	CryptoStrength          uint16             `json:"cryptoStrength"`
	AttachmentHint          []string           `json:"attachmentHint"`
	TransactionDisplay      []string           `json:"tcDisplay"`
	Roots                   [][]byte           `json:"attestationRootCertificates"`
	Icon                    string             `json:"icon"`
	IconDark                string             `json:"iconDark,omitempty"`
	ProviderLogoLight       string             `json:"providerLogoLight,omitempty"`
	ProviderLogoDark        string             `json:"providerLogoDark,omitempty"`
	KeyScope                string             `json:"keyScope,omitempty"`
	MultiDevice             string             `json:"multiDeviceCredentialSupport,omitempty"`
	CXConfigURL             string             `json:"cxConfigURL,omitempty"`
	GetInfo                 *GetInfo           `json:"authenticatorGetInfo,omitempty"`
}

// Version is one of the protocol family's.
type Version struct {
	Major uint16 `json:"major"`
	Minor uint16 `json:"minor"`
}

// Verification is one method of user verification (FIDO Metadata Statement 3.1.1 §3, VerificationMethodDescriptor).
type Verification struct {
	Method string `json:"userVerificationMethod"`
}

// ErrDescription says that a model has no description, or one that is too long.
var ErrDescription = errors.New("metadata: a description has 1 to 200 characters")

const (
	legalHeader = "This metadata describes authenticators that exist only in tests. Trust nothing because of it."

	maxDescription = 200
	schema         = 3
)

//go:embed icon.png
var icon []byte

// algorithmNames are those of the FIDO Registry for COSE algorithms. Never written after the program has started.
var algorithmNames = map[int]string{
	-7: "secp256r1_ecdsa_sha256_raw", -9: "secp256r1_ecdsa_sha256_raw", -35: "secp384r1_ecdsa_sha384_raw",
	-51: "secp384r1_ecdsa_sha384_raw", -36: "secp521r1_ecdsa_sha512_raw", -52: "secp521r1_ecdsa_sha512_raw",
	-47: "secp256k1_ecdsa_sha256_raw", -8: "ed25519_eddsa_sha512_raw", -19: "ed25519_eddsa_sha512_raw",
	-53: "ed448_eddsa_sha512_raw", -257: "rsassa_pkcsv15_sha256_raw", -258: "rsassa_pkcsv15_sha384_raw",
	-259: "rsassa_pkcsv15_sha512_raw", -37: "rsassa_pss_sha256_raw", -38: "rsassa_pss_sha384_raw", -39: "rsassa_pss_sha512_raw",
	-65535: "rsassa_pkcsv15_sha1_raw",
}

// versionNumbers are the versions of the protocol family fido2 (FIDO Metadata Statement 3.1.1 §4, upv).
var versionNumbers = map[string]Version{
	"FIDO_2_0": {1, 0}, "FIDO_2_1_PRE": {1, 1}, "FIDO_2_1": {1, 1}, "FIDO_2_2": {1, 2}, "FIDO_2_3": {1, 3},
}

// Describe makes the entry of a model. It fails with ErrDescription.
func Describe(m Model) (Entry, error) {
	if length := len([]rune(m.Description)); length == 0 || length > maxDescription {
		return Entry{}, fmt.Errorf("%w, not %d", ErrDescription, length)
	}
	s := Statement{
		LegalHeader: legalHeader, FriendlyNames: m.FriendlyNames, Description: m.Description,
		AlternativeDescriptions: m.AlternativeDescriptions, Schema: schema,
		AttestationTypes: orElse(m.AttestationTypes, attestation.Self),
		KeyProtection:    orElse(m.KeyProtection, "software"), MatcherProtection: orElse(m.MatcherProtection, "software"),
		KeyRestricted: true, FreshVerification: true,
		TransactionDisplay: []string{}, Roots: encodings(m.Roots),
		Icon: m.Icon, IconDark: m.IconDark, ProviderLogoLight: m.ProviderLogoLight, ProviderLogoDark: m.ProviderLogoDark,
		KeyScope: m.KeyScope, MultiDevice: m.MultiDevice, CXConfigURL: m.CXConfigURL, GetInfo: m.GetInfo,
	}
	if s.CryptoStrength = m.CryptoStrength; s.CryptoStrength == 0 {
		s.CryptoStrength = 128
	}
	if s.Icon == "" {
		s.Icon = "data:image/png;base64," + base64.StdEncoding.EncodeToString(icon)
	}
	if m.GetInfo == nil {
		s.describeU2F(m)
	} else {
		s.describeFIDO2(m)
	}
	return entry(m, s), nil
}

// describeFIDO2 takes from getInfo what it tells.
func (s *Statement) describeFIDO2(m Model) {
	info := m.GetInfo
	s.ProtocolFamily, s.KeyEncodings = "fido2", []string{"cose"}
	s.AAGUID = uuid.UUID(info.AAGUID).String()
	s.AuthenticatorVersion = info.FirmwareVersion
	for _, name := range info.Versions {
		if v, known := versionNumbers[name]; known && !slices.Contains(s.Versions, v) {
			s.Versions = append(s.Versions, v)
		}
	}
	algorithms := info.Algorithms
	if len(algorithms) == 0 {
		algorithms = m.Algorithms
	}
	if len(algorithms) == 0 { // an authenticator that tells none has ES256 at least
		algorithms = []Parameters{{Algorithm: -7}}
	}
	for _, p := range algorithms {
		if name, known := algorithmNames[p.Algorithm]; known && !slices.Contains(s.Algorithms, name) {
			s.Algorithms = append(s.Algorithms, name)
		}
	}
	s.UserVerification = alternatives(m.UserVerification, info)
	s.AttachmentHint = attachment(info)
}

// describeU2F says what is true of all U2F authenticators.
func (s *Statement) describeU2F(m Model) {
	s.ProtocolFamily, s.KeyEncodings = "u2f", []string{"ecc_x962_raw"}
	s.Versions = []Version{{1, 2}}
	s.Algorithms = []string{algorithmNames[-7]}
	s.UserVerification = alternatives(m.UserVerification, new(GetInfo))
	s.AttachmentHint = []string{"external", "wired"}
	for _, c := range m.Certificates {
		s.KeyIdentifiers = append(s.KeyIdentifiers, hex.EncodeToString(attestation.KeyIdentifier(c.PublicKey)))
	}
}

// modalities are the methods of built-in verification by their bit in uvModality (FIDO Registry §3.1). Never written after the
// program has started.
var modalities = []struct {
	bit    uint64
	method string
}{
	{0x02, "fingerprint_internal"}, {0x04, "passcode_internal"}, {0x08, "voiceprint_internal"}, {0x10, "faceprint_internal"},
	{0x20, "location_internal"}, {0x40, "eyeprint_internal"}, {0x80, "pattern_internal"}, {0x100, "handprint_internal"},
}

// alternatives are the methods of user verification, each of which is enough.
func alternatives(methods []string, info *GetInfo) (all [][]Verification) {
	if methods == nil {
		methods = []string{"presence_internal"}
		if _, can := info.Options["uv"]; can {
			methods = append(methods, builtIn(info.UVModality)...)
		}
		if _, can := info.Options["clientPin"]; can {
			methods = append(methods, "passcode_external")
		}
	}
	for _, m := range methods {
		all = append(all, []Verification{{m}})
	}
	return all
}

// builtIn are the methods that uvModality tells; a passcode where it tells none.
func builtIn(modality uint64) (methods []string) {
	for _, m := range modalities {
		if modality&m.bit != 0 {
			methods = append(methods, m.method)
		}
	}
	if methods == nil {
		return []string{"passcode_internal"}
	}
	return methods
}

// attachment are the hints that follow from the option plat and from the transports.
func attachment(info *GetInfo) []string {
	if info.Options["plat"] {
		return []string{"internal"}
	}
	hints := []string{"external"}
	names := map[string][]string{"usb": {"wired"}, "nfc": {"wireless", "nfc"}, "ble": {"wireless", "bluetooth"}, "hybrid": {"wireless"}}
	for _, transport := range info.Transports {
		for _, hint := range names[transport] {
			if !slices.Contains(hints, hint) {
				hints = append(hints, hint)
			}
		}
	}
	return hints
}

func orElse[T any](given []T, otherwise T) []T {
	if given == nil {
		return []T{otherwise}
	}
	return given
}

// encodings are certificates in DER, which JSON writes in base64 with padding, as metadata wants it.
func encodings(certificates []*x509.Certificate) [][]byte {
	all := [][]byte{}
	for _, c := range certificates {
		all = append(all, c.Raw)
	}
	return all
}
