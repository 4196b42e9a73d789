package ctap2

import "fmt"

// Command is the first byte of a request (CTAP 2.2 §6, command codes).
type Command byte

// The commands of this package.
const (
	// CommandMakeCredential is authenticatorMakeCredential (CTAP 2.2 §6.1).
	CommandMakeCredential Command = 0x01
	// CommandGetAssertion is authenticatorGetAssertion (CTAP 2.2 §6.2).
	CommandGetAssertion Command = 0x02
	// CommandGetInfo is authenticatorGetInfo (CTAP 2.2 §6.4).
	CommandGetInfo Command = 0x04
	// CommandReset is authenticatorReset (CTAP 2.2 §6.6).
	CommandReset Command = 0x07
	// CommandGetNextAssertion is authenticatorGetNextAssertion (CTAP 2.2 §6.3).
	CommandGetNextAssertion Command = 0x08
	// CommandSelection is authenticatorSelection (CTAP 2.2 §6.9).
	CommandSelection Command = 0x0B
)

// String returns the command's name as CTAP 2.2 §6 writes it behind "authenticator", or its byte.
func (c Command) String() string {
	switch c {
	case CommandMakeCredential:
		return "makeCredential"
	case CommandGetAssertion:
		return "getAssertion"
	case CommandGetInfo:
		return "getInfo"
	case CommandReset:
		return "reset"
	case CommandGetNextAssertion:
		return "getNextAssertion"
	case CommandSelection:
		return "selection"
	}
	return fmt.Sprintf("command 0x%02x", byte(c))
}
