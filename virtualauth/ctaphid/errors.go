package ctaphid

import (
	"errors"
	"fmt"
)

// Error is the code of CTAPHID_ERROR (CTAP 2.3 §11.2.9.1.6).
type Error byte

// The codes.
const (
	// InvalidCommand: no such command, or none that this device has.
	InvalidCommand Error = 0x01
	// InvalidParameter: a value that the command does not take.
	InvalidParameter Error = 0x02
	// InvalidLength: a length that the message or the command cannot have.
	InvalidLength Error = 0x03
	// InvalidSequence: a packet out of its order.
	InvalidSequence Error = 0x04
	// MessageTimeout: the rest of a message did not come in time.
	MessageTimeout Error = 0x05
	// ChannelBusy: another transaction is under way; try again.
	ChannelBusy Error = 0x06
	// LockRequired: the command needs the lock.
	LockRequired Error = 0x0a
	// InvalidChannel: a channel that was not given out, or that the command does not go by.
	InvalidChannel Error = 0x0b
	// Other: anything else, here an authenticator that could not work at all.
	Other Error = 0x7f
)

// names is never written after the program has started.
var names = map[Error]string{
	InvalidCommand: "INVALID_CMD", InvalidParameter: "INVALID_PAR", InvalidLength: "INVALID_LEN", InvalidSequence: "INVALID_SEQ",
	MessageTimeout: "MSG_TIMEOUT", ChannelBusy: "CHANNEL_BUSY", LockRequired: "LOCK_REQUIRED", InvalidChannel: "INVALID_CHANNEL", Other: "OTHER",
}

// Error gives the code's name in the specification.
func (e Error) Error() string {
	if name, known := names[e]; known {
		return "ctaphid: ERR_" + name
	}
	return fmt.Sprintf("ctaphid: error 0x%02x", byte(e))
}

// Irregularity says that the other end broke the framing.
type Irregularity struct {
	// Problem says how.
	Problem string
	// Code is the Error that fits, if there is one.
	Code Error
}

// Error gives the problem.
func (e *Irregularity) Error() string { return "ctaphid: " + e.Problem }

// Unwrap returns the code, if there is one.
func (e *Irregularity) Unwrap() error {
	if e.Code == 0 {
		return nil
	}
	return e.Code
}

// Errors of Open, Serve and the methods of Host; test for them with errors.Is.
var (
	// ErrReportSize says that reports are too small to carry the answer to CTAPHID_INIT, or larger than any device's.
	ErrReportSize = errors.New("ctaphid: reports must have 24 to 1024 bytes")
	// ErrSilent says that the device did not answer in time.
	ErrSilent = errors.New("ctaphid: the device does not answer")
	// ErrClosed says that the connection is closed.
	ErrClosed = errors.New("ctaphid: the connection is closed")
)
