package apdu

import "fmt"

// Status is the status word SW1 SW2 of a response (ISO 7816-4 §5.6). It is the error of everything in this package that has
// a status word to answer with.
type Status uint16

// The status words of CTAP 2.3 §11.3, of FIDO U2F Raw Message Formats 1.2 §3.3, and of ISO 7816-4 §5.6 where those are silent.
const (
	// OK ends a command that succeeded.
	OK Status = 0x9000
	// StatusUpdate says that the authenticator still works; the response data is one Progress (CTAP 2.3 §11.3.7.1).
	StatusUpdate Status = 0x9100
	// MoreAvailable says in its low byte how many more bytes GET RESPONSE can have; zero means 256 or more.
	MoreAvailable Status = 0x6100
	// WrongLength is a command whose length fields do not fit its bytes, or data of a length that the command cannot have.
	WrongLength Status = 0x6700
	// ConditionsNotSatisfied is a U2F request that waits for a touch, or GET RESPONSE when there is nothing to get.
	ConditionsNotSatisfied Status = 0x6985
	// CommandNotAllowed is a command before applet selection, or U2F while it is disabled (CTAP 2.3 §7.2).
	CommandNotAllowed Status = 0x6986
	// WrongData is a key handle that is not this authenticator's, or one of another application.
	WrongData Status = 0x6A80
	// FileNotFound is the selection of an applet that is not here.
	FileNotFound Status = 0x6A82
	// WrongParameters is a P1 or P2 that the command does not have.
	WrongParameters Status = 0x6A86
	// InstructionNotSupported is an unknown INS.
	InstructionNotSupported Status = 0x6D00
	// ClassNotSupported is an unknown CLA.
	ClassNotSupported Status = 0x6E00
	// Failure is an authenticator that could not work at all.
	Failure Status = 0x6F00
)

// names is never written after the program has started.
var names = map[Status]string{
	OK: "OK", StatusUpdate: "status update", WrongLength: "wrong length",
	ConditionsNotSatisfied: "conditions of use not satisfied", CommandNotAllowed: "command not allowed", WrongData: "wrong data",
	FileNotFound: "file or application not found", WrongParameters: "incorrect parameters P1-P2",
	InstructionNotSupported: "instruction not supported", ClassNotSupported: "class not supported", Failure: "no precise diagnosis",
}

// Error gives the word in hexadecimal and what it means.
func (s Status) Error() string {
	name, known := names[s]
	if left, more := s.more(); more {
		name, known = fmt.Sprintf("%d more bytes available", left), true
	}
	if !known {
		return fmt.Sprintf("apdu: status %04X", uint16(s))
	}
	return fmt.Sprintf("apdu: status %04X (%s)", uint16(s), name)
}

// more reports whether s is MoreAvailable with any count, and the count: 256 stands for that many or more.
func (s Status) more() (left int, more bool) {
	if s&0xff00 != MoreAvailable {
		return 0, false
	}
	if left = int(s & 0xff); left == 0 {
		left = maxShortResponse
	}
	return left, true
}

// moreAvailable is the status word that leaves a number of bytes for GET RESPONSE.
func moreAvailable(left int) Status {
	if left >= maxShortResponse {
		return MoreAvailable
	}
	return MoreAvailable | Status(left)
}
