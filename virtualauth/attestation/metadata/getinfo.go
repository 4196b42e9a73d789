package metadata

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/uuid"
)

// ErrMalformed says that bytes are not what authenticatorGetInfo answers.
var ErrMalformed = errors.New("metadata: malformed getInfo response")

// GetInfo is what authenticatorGetInfo answers (CTAP 2.3 §6.4) in the form of the metadata statement's authenticatorGetInfo:
// the one has numbers for keys, the other names. Members that tell one device or one moment from another, encIdentifier and
// encCredStoreState, do not belong into what is said of a model.
type GetInfo struct {
	Versions                    []string          `cbor:"1,keyasint" json:"versions"`
	Extensions                  []string          `cbor:"2,keyasint,omitempty" json:"extensions,omitempty"`
	AAGUID                      AAGUID            `cbor:"3,keyasint" json:"aaguid"`
	Options                     map[string]bool   `cbor:"4,keyasint,omitempty" json:"options,omitempty"`
	MaxMessageSize              uint64            `cbor:"5,keyasint,omitempty" json:"maxMsgSize,omitempty"`
	PINUVAuthProtocols          []uint64          `cbor:"6,keyasint,omitempty" json:"pinUvAuthProtocols,omitempty"`
	MaxCredentialsInList        uint64            `cbor:"7,keyasint,omitempty" json:"maxCredentialCountInList,omitempty"`
	MaxCredentialIDLength       uint64            `cbor:"8,keyasint,omitempty" json:"maxCredentialIdLength,omitempty"`
	Transports                  []string          `cbor:"9,keyasint,omitempty" json:"transports,omitempty"`
	Algorithms                  []Parameters      `cbor:"10,keyasint,omitempty" json:"algorithms,omitempty"`
	MaxLargeBlobArray           uint64            `cbor:"11,keyasint,omitempty" json:"maxSerializedLargeBlobArray,omitempty"`
	ForcePINChange              *bool             `cbor:"12,keyasint,omitempty" json:"forcePINChange,omitempty"`
	MinPINLength                uint64            `cbor:"13,keyasint,omitempty" json:"minPINLength,omitempty"`
	FirmwareVersion             uint64            `cbor:"14,keyasint,omitempty" json:"firmwareVersion,omitempty"`
	MaxCredBlobLength           uint64            `cbor:"15,keyasint,omitempty" json:"maxCredBlobLength,omitempty"`
	MaxRPIDsForSetMinPINLength  *uint64           `cbor:"16,keyasint,omitempty" json:"maxRPIDsForSetMinPINLength,omitempty"`
	PreferredPlatformUVAttempts uint64            `cbor:"17,keyasint,omitempty" json:"preferredPlatformUvAttempts,omitempty"`
	UVModality                  uint64            `cbor:"18,keyasint,omitempty" json:"uvModality,omitempty"`
	Certifications              map[string]uint64 `cbor:"19,keyasint,omitempty" json:"certifications,omitempty"`
	RemainingDiscoverable       *uint64           `cbor:"20,keyasint,omitempty" json:"remainingDiscoverableCredentials,omitempty"`
	VendorPrototypeCommands     []uint64          `cbor:"21,keyasint,omitempty" json:"vendorPrototypeConfigCommands,omitempty"`
	AttestationFormats          []string          `cbor:"22,keyasint,omitempty" json:"attestationFormats,omitempty"`
	UVCountSinceLastPINEntry    *uint64           `cbor:"23,keyasint,omitempty" json:"uvCountSinceLastPinEntry,omitempty"`
	LongTouchForReset           *bool             `cbor:"24,keyasint,omitempty" json:"longTouchForReset,omitempty"`
	TransportsForReset          []string          `cbor:"26,keyasint,omitempty" json:"transportsForReset,omitempty"`
	PINComplexityPolicy         *bool             `cbor:"27,keyasint,omitempty" json:"pinComplexityPolicy,omitempty"`
	PINComplexityPolicyURL      textBytes         `cbor:"28,keyasint,omitempty" json:"pinComplexityPolicyURL,omitempty"`
	MaxPINLength                uint64            `cbor:"29,keyasint,omitempty" json:"maxPINLength,omitempty"`
	ConfigCommands              []uint64          `cbor:"31,keyasint,omitempty" json:"authenticatorConfigCommands,omitempty"`
}

// Parameters are a credential type and an algorithm.
type Parameters struct {
	Type      string `cbor:"type" json:"type"`
	Algorithm int    `cbor:"alg" json:"alg"`
}

// AAGUID is 16 bytes, in JSON of getInfo 32 hexadecimal digits without dashes.
type AAGUID uuid.UUID

// MarshalJSON writes the digits.
func (a AAGUID) MarshalJSON() ([]byte, error) { return json.Marshal(hex.EncodeToString(a[:])) }

// UnmarshalBinary takes 16 bytes, no more and no less.
func (a *AAGUID) UnmarshalBinary(b []byte) error { return (*uuid.UUID)(a).UnmarshalBinary(b) }

// textBytes are bytes that hold text, in JSON a string.
type textBytes []byte

// MarshalJSON writes the text.
func (b textBytes) MarshalJSON() ([]byte, error) { return json.Marshal(string(b)) }

// decoder refuses what CTAP2 canonical CBOR has not, as far as it can be seen; members that it does not know it skips.
var decoder = func() cbor.DecMode {
	mode, err := cbor.DecOptions{DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden}.DecMode()
	if err != nil {
		panic(err) // constant options: right on every run or wrong on every run
	}
	return mode
}()

// ParseGetInfo reads the CBOR map that authenticatorGetInfo answers, without the status byte before it. All errors are
// ErrMalformed.
func ParseGetInfo(response []byte) (*GetInfo, error) {
	info := &GetInfo{}
	if err := decoder.Unmarshal(response, info); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if len(info.Versions) == 0 {
		return nil, fmt.Errorf("%w: no versions", ErrMalformed)
	}
	return info, nil
}
