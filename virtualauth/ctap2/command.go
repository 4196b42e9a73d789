package ctap2

import "fmt"

// Command is the first byte of a request (CTAP 2.3 §6, command codes).
type Command byte

// The commands of this package.
const (
	// CommandMakeCredential is authenticatorMakeCredential (CTAP 2.3 §6.1).
	CommandMakeCredential Command = 0x01
	// CommandGetAssertion is authenticatorGetAssertion (CTAP 2.3 §6.2).
	CommandGetAssertion Command = 0x02
	// CommandGetInfo is authenticatorGetInfo (CTAP 2.3 §6.4).
	CommandGetInfo Command = 0x04
	// CommandClientPIN is authenticatorClientPIN (CTAP 2.3 §6.5).
	CommandClientPIN Command = 0x06
	// CommandReset is authenticatorReset (CTAP 2.3 §6.6).
	CommandReset Command = 0x07
	// CommandGetNextAssertion is authenticatorGetNextAssertion (CTAP 2.3 §6.3).
	CommandGetNextAssertion Command = 0x08
	// CommandBioEnrollment is authenticatorBioEnrollment (CTAP 2.3 §6.7).
	CommandBioEnrollment Command = 0x09
	// CommandCredentialManagement is authenticatorCredentialManagement (CTAP 2.3 §6.8).
	CommandCredentialManagement Command = 0x0A
	// CommandSelection is authenticatorSelection (CTAP 2.3 §6.9).
	CommandSelection Command = 0x0B
	// CommandLargeBlobs is authenticatorLargeBlobs (CTAP 2.3 §6.10).
	CommandLargeBlobs Command = 0x0C
	// CommandConfig is authenticatorConfig (CTAP 2.3 §6.11).
	CommandConfig Command = 0x0D
	// CommandBioEnrollmentPrototype is authenticatorBioEnrollment as FIDO_2_1_PRE had it (CTAP 2.1 §6.12).
	CommandBioEnrollmentPrototype Command = 0x40
	// CommandCredentialManagementPrototype is authenticatorCredentialManagement as FIDO_2_1_PRE had it (CTAP 2.1 §6.13).
	CommandCredentialManagementPrototype Command = 0x41
)

// String returns the command's name as CTAP 2.3 §6 writes it behind "authenticator", or its byte.
func (c Command) String() string {
	switch c {
	case CommandMakeCredential:
		return "makeCredential"
	case CommandGetAssertion:
		return "getAssertion"
	case CommandGetInfo:
		return "getInfo"
	case CommandClientPIN:
		return "clientPIN"
	case CommandReset:
		return "reset"
	case CommandGetNextAssertion:
		return "getNextAssertion"
	case CommandBioEnrollment:
		return "bioEnrollment"
	case CommandCredentialManagement:
		return "credentialManagement"
	case CommandSelection:
		return "selection"
	case CommandLargeBlobs:
		return "largeBlobs"
	case CommandConfig:
		return "config"
	case CommandBioEnrollmentPrototype:
		return "bioEnrollment (prototype)"
	case CommandCredentialManagementPrototype:
		return "credentialManagement (prototype)"
	}
	return fmt.Sprintf("command 0x%02x", byte(c))
}
