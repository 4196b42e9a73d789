package ctap2

import (
	"bytes"
	"context"

	"github.com/fxamacker/cbor/v2"
)

// ConfigSubCommand is the sub-command of authenticatorConfig (CTAP 2.3 §6.11).
type ConfigSubCommand uint

// The sub-commands.
const (
	// EnableEnterpriseAttestation cannot be undone but by a reset (CTAP 2.3 §6.11.1).
	EnableEnterpriseAttestation ConfigSubCommand = 0x01
	// ToggleAlwaysUV switches the option alwaysUv on or off (CTAP 2.3 §6.11.2).
	ToggleAlwaysUV ConfigSubCommand = 0x02
	// SetMinPINLength raises what is asked of PINs (CTAP 2.3 §6.11.4).
	SetMinPINLength ConfigSubCommand = 0x03
	// EnableLongTouchForReset makes reset ask for a long touch (CTAP 2.3 §6.11.5).
	EnableLongTouchForReset ConfigSubCommand = 0x04
	// VendorPrototype is for commands of the maker's own (CTAP 2.3 §6.11.3).
	VendorPrototype ConfigSubCommand = 0xff
)

// ConfigRequest is the parameter map of authenticatorConfig (CTAP 2.3 §6.11).
type ConfigRequest struct {
	// SubCommand is required.
	SubCommand *ConfigSubCommand `cbor:"1,keyasint,omitempty"`
	// Parameters are those of the sub-command, a map such as MinPINLengthParameters encodes to. They stay as they came,
	// because PINUVAuthParam is computed over their bytes.
	Parameters cbor.RawMessage `cbor:"2,keyasint,omitempty"`
	// Protocol is the number of the PIN/UV auth protocol.
	Protocol *uint `cbor:"3,keyasint,omitempty"`
	// PINUVAuthParam authenticates ConfigMessage under a token with the permission acfg.
	PINUVAuthParam Bytes `cbor:"4,keyasint,omitempty"`
}

// MinPINLengthParameters are those of SetMinPINLength (CTAP 2.3 §6.11.4).
type MinPINLengthParameters struct {
	// NewMinPINLength is in Unicode code points.
	NewMinPINLength *uint `cbor:"1,keyasint,omitempty"`
	// RPIDs may learn the minimum by the extension minPinLength. Nil leaves the list as it is.
	RPIDs []string `cbor:"2,keyasint,omitempty"`
	// ForceChangePIN makes the PIN worthless until it was changed.
	ForceChangePIN *bool `cbor:"3,keyasint,omitempty"`
	// PINComplexityPolicy switches the authenticator's complexity policy on; it cannot be switched off (CTAP 2.2).
	PINComplexityPolicy *bool `cbor:"4,keyasint,omitempty"`
}

// VendorParameters are those of VendorPrototype (CTAP 2.3 §6.11.3).
type VendorParameters struct {
	// Command is the maker's own number; required.
	Command *uint64 `cbor:"1,keyasint,omitempty"`
}

// ConfigMessage is what PINUVAuthParam of a ConfigRequest authenticates (CTAP 2.3 §6.11):
//
//	0xff × 32 ‖ 0x0d ‖ sub-command (1 byte) ‖ parameters as encoded, if any
func ConfigMessage(subCommand ConfigSubCommand, parameters cbor.RawMessage) []byte {
	message := append(bytes.Repeat([]byte{0xff}, 32), byte(CommandConfig), byte(subCommand))
	return append(message, parameters...)
}

// Config performs authenticatorConfig (CTAP 2.3 §6.11), which has no result.
func Config(ctx context.Context, t Transport, request *ConfigRequest) error {
	_, err := callMaybe[struct{}](ctx, t, CommandConfig, request)
	return err
}
