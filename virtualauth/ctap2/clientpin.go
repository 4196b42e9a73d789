package ctap2

import (
	"context"

	"github.com/fxamacker/cbor/v2"
)

// ClientPINSubCommand is the sub-command of authenticatorClientPIN (CTAP 2.3 §6.5.5).
type ClientPINSubCommand uint

// The sub-commands.
const (
	// GetPINRetries tells how many wrong PINs are left (CTAP 2.3 §6.5.5.2).
	GetPINRetries ClientPINSubCommand = 0x01
	// GetKeyAgreement returns the key agreement key (CTAP 2.3 §6.5.5.4).
	GetKeyAgreement ClientPINSubCommand = 0x02
	// SetPIN sets the first PIN (CTAP 2.3 §6.5.5.5).
	SetPIN ClientPINSubCommand = 0x03
	// ChangePIN replaces the PIN (CTAP 2.3 §6.5.5.6).
	ChangePIN ClientPINSubCommand = 0x04
	// GetPINToken issues a token without named permissions (CTAP 2.3 §6.5.5.7.1).
	GetPINToken ClientPINSubCommand = 0x05
	// GetTokenUsingUV is getPinUvAuthTokenUsingUvWithPermissions (CTAP 2.3 §6.5.5.7.3).
	GetTokenUsingUV ClientPINSubCommand = 0x06
	// GetUVRetries tells how many failed built-in verifications are left (CTAP 2.3 §6.5.5.3).
	GetUVRetries ClientPINSubCommand = 0x07
	// GetTokenUsingPIN is getPinUvAuthTokenUsingPinWithPermissions (CTAP 2.3 §6.5.5.7.2).
	GetTokenUsingPIN ClientPINSubCommand = 0x09
)

// ClientPINRequest is the parameter map of authenticatorClientPIN (CTAP 2.3 §6.5.5). Which parameters are required depends on
// the sub-command.
type ClientPINRequest struct {
	// Protocol is the number of the PIN/UV auth protocol.
	Protocol *uint `cbor:"1,keyasint,omitempty"`
	// SubCommand is always required.
	SubCommand *ClientPINSubCommand `cbor:"2,keyasint,omitempty"`
	// KeyAgreement is the platform's key agreement key, a COSE_Key map; package pinuv reads it.
	KeyAgreement cbor.RawMessage `cbor:"3,keyasint,omitempty"`
	// PINUVAuthParam authenticates the encrypted PINs under the shared secret, 16 or 32 bytes.
	PINUVAuthParam Bytes `cbor:"4,keyasint,omitempty"`
	// NewPINEnc is the new PIN in UTF-8, filled up with zeros to 64 bytes, encrypted.
	NewPINEnc Bytes `cbor:"5,keyasint,omitempty"`
	// PINHashEnc is the first 16 bytes of the SHA-256 hash of the current PIN, encrypted.
	PINHashEnc Bytes `cbor:"6,keyasint,omitempty"`
	// Permissions are those wanted of a token, a bit each (CTAP 2.3 §6.5.5.7).
	Permissions *uint `cbor:"9,keyasint,omitempty"`
	// RPID is the RP ID that a token shall be bound to.
	RPID *string `cbor:"10,keyasint,omitempty"`
}

// ClientPINResponse is the result of authenticatorClientPIN (CTAP 2.3 §6.5.5); nil and empty mean absent.
type ClientPINResponse struct {
	// KeyAgreement is the authenticator's key agreement key, a COSE_Key map.
	KeyAgreement cbor.RawMessage `cbor:"1,keyasint,omitempty"`
	// PINUVAuthToken is the token, encrypted under the shared secret.
	PINUVAuthToken Bytes `cbor:"2,keyasint,omitempty"`
	// PINRetries is how many wrong PINs are left before the PIN is blocked.
	PINRetries *uint `cbor:"3,keyasint,omitempty"`
	// PowerCycleState says that PINs are refused until the next power cycle.
	PowerCycleState *bool `cbor:"4,keyasint,omitempty"`
	// UVRetries is how many failed built-in verifications are left before built-in verification is blocked.
	UVRetries *uint `cbor:"5,keyasint,omitempty"`
}

// ClientPIN performs authenticatorClientPIN (CTAP 2.3 §6.5.5). SetPIN and ChangePIN have no result: an empty one is returned.
func ClientPIN(ctx context.Context, t Transport, request *ClientPINRequest) (*ClientPINResponse, error) {
	return callMaybe[ClientPINResponse](ctx, t, CommandClientPIN, request)
}
