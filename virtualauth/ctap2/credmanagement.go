package ctap2

import (
	"context"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// CredentialManagementSubCommand says what authenticatorCredentialManagement shall do (CTAP 2.3 §6.8).
type CredentialManagementSubCommand uint

// The sub-commands of authenticatorCredentialManagement. The two that continue an enumeration carry no authorisation of
// their own.
const (
	// GetCredsMetadata counts discoverable credentials (CTAP 2.3 §6.8.2).
	GetCredsMetadata CredentialManagementSubCommand = 0x01
	// EnumerateRPsBegin returns the first relying party and how many there are (CTAP 2.3 §6.8.3).
	EnumerateRPsBegin CredentialManagementSubCommand = 0x02
	// EnumerateRPsGetNextRP returns the next relying party (CTAP 2.3 §6.8.3).
	EnumerateRPsGetNextRP CredentialManagementSubCommand = 0x03
	// EnumerateCredentialsBegin returns a relying party's first credential and how many there are (CTAP 2.3 §6.8.4).
	EnumerateCredentialsBegin CredentialManagementSubCommand = 0x04
	// EnumerateCredentialsGetNextCredential returns the next credential (CTAP 2.3 §6.8.4).
	EnumerateCredentialsGetNextCredential CredentialManagementSubCommand = 0x05
	// DeleteCredential forgets a credential (CTAP 2.3 §6.8.5).
	DeleteCredential CredentialManagementSubCommand = 0x06
	// UpdateUserInformation changes the names of a credential's user (CTAP 2.3 §6.8.6).
	UpdateUserInformation CredentialManagementSubCommand = 0x07
)

// String returns the sub-command's name in CTAP 2.3 §6.8, or its number.
func (s CredentialManagementSubCommand) String() string {
	return nameOf("subCommand", uint(s), credentialManagementNames[:])
}

// credentialManagementNames is indexed by sub-command and never written after the program has started.
var credentialManagementNames = [...]string{
	GetCredsMetadata: "getCredsMetadata", EnumerateRPsBegin: "enumerateRPsBegin",
	EnumerateRPsGetNextRP: "enumerateRPsGetNextRP", EnumerateCredentialsBegin: "enumerateCredentialsBegin",
	EnumerateCredentialsGetNextCredential: "enumerateCredentialsGetNextCredential",
	DeleteCredential:                      "deleteCredential", UpdateUserInformation: "updateUserInformation",
}

// nameOf looks a number up in names, which it indexes; one without a name is given behind its kind.
func nameOf(kind string, number uint, names []string) string {
	if number < uint(len(names)) && names[number] != "" {
		return names[number]
	}
	return fmt.Sprintf("%s 0x%02x", kind, number)
}

// CredentialManagementRequest is the parameter map of authenticatorCredentialManagement (CTAP 2.3 §6.8).
type CredentialManagementRequest struct {
	// SubCommand is required; nil means missing.
	SubCommand *CredentialManagementSubCommand `cbor:"1,keyasint,omitempty"`
	// Parameters is a CredentialManagementParameters, encoded. It stays as it was sent, because PINUVAuthParam is over its
	// very bytes.
	Parameters cbor.RawMessage `cbor:"2,keyasint,omitempty"`
	// PINUVAuthProtocol says how PINUVAuthParam was made; nil means missing.
	PINUVAuthProtocol *uint `cbor:"3,keyasint,omitempty"`
	// PINUVAuthParam authenticates Message under a PIN/UV auth token.
	PINUVAuthParam Bytes `cbor:"4,keyasint,omitempty"`
}

// Message returns the bytes that PINUVAuthParam is over: sub-command ‖ parameters as encoded (CTAP 2.3 §6.8.2 to §6.8.6).
func (r *CredentialManagementRequest) Message() []byte {
	var message []byte
	if r.SubCommand != nil {
		message = []byte{byte(*r.SubCommand)}
	}
	return append(message, r.Parameters...)
}

// CredentialManagementParameters is subCommandParams (CTAP 2.3 §6.8); each sub-command has its own required members.
type CredentialManagementParameters struct {
	// RPIDHash is the SHA-256 hash of an RP ID, 32 bytes; for EnumerateCredentialsBegin.
	RPIDHash Bytes `cbor:"1,keyasint,omitempty"`
	// Credential names a credential; for DeleteCredential and UpdateUserInformation.
	Credential *Descriptor `cbor:"2,keyasint,omitempty"`
	// User is what the credential's user shall be from now on; for UpdateUserInformation.
	User *User `cbor:"3,keyasint,omitempty"`
}

// CredentialManagementResponse is the result of authenticatorCredentialManagement (CTAP 2.3 §6.8). Which members are
// present depends on the sub-command; DeleteCredential and UpdateUserInformation have none.
type CredentialManagementResponse struct {
	// Existing is how many discoverable credentials there are.
	Existing *uint `cbor:"1,keyasint,omitempty"`
	// MaxRemaining is how many more could fit, at most.
	MaxRemaining *uint `cbor:"2,keyasint,omitempty"`
	// RP is a relying party; its ID may be shortened (CTAP 2.3 §6.8.7).
	RP *RelyingParty `cbor:"3,keyasint,omitempty"`
	// RPIDHash is the SHA-256 hash of the whole RP ID.
	RPIDHash Bytes `cbor:"4,keyasint,omitempty"`
	// TotalRPs is how many relying parties there are; only in the first response.
	TotalRPs uint `cbor:"5,keyasint,omitempty"`
	// User is a credential's account.
	User *User `cbor:"6,keyasint,omitempty"`
	// Credential names a credential.
	Credential *Descriptor `cbor:"7,keyasint,omitempty"`
	// PublicKey is the credential's COSE_Key.
	PublicKey cbor.RawMessage `cbor:"8,keyasint,omitempty"`
	// TotalCredentials is how many credentials the relying party has; only in the first response.
	TotalCredentials uint `cbor:"9,keyasint,omitempty"`
	// CredProtect is the credential's protection policy.
	CredProtect CredProtect `cbor:"10,keyasint,omitempty"`
	// LargeBlobKey is the credential's large-blob key, 32 bytes, if it has one.
	LargeBlobKey Bytes `cbor:"11,keyasint,omitempty"`
	// ThirdPartyPayment says whether the credential is for payments on other sites; nil means not told (CTAP 2.2).
	ThirdPartyPayment *bool `cbor:"12,keyasint,omitempty"`
}

// CredentialManagement performs authenticatorCredentialManagement (CTAP 2.3 §6.8). The result is zero for sub-commands
// that have none. Errors are those of MakeCredential.
func CredentialManagement(ctx context.Context, t Transport, request *CredentialManagementRequest) (*CredentialManagementResponse, error) {
	return callMaybe[CredentialManagementResponse](ctx, t, CommandCredentialManagement, request)
}
