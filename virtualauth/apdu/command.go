package apdu

import (
	"encoding/binary"
	"fmt"
)

// What the length fields can say (ISO 7816-4 §5.2).
const (
	headerLength        = 4
	maxShortData        = 255
	maxShortResponse    = 256
	maxExtendedData     = 65535
	maxExtendedResponse = 65536
)

// Command is a command APDU (ISO 7816-4 §5.1):
//
//	CLA INS P1 P2 [Lc data] [Le]
//
// Lc and Le are one byte each in the short form; in the extended form Lc is a zero byte and two more, and Le is two bytes,
// with a zero byte before them when there is no Lc. An Le of all zeros means the most that its form can say.
type Command struct {
	// Class is CLA. Bit 0x10 marks a fragment that more follow (ISO 7816-4 §5.3.3).
	Class byte
	// Instruction is INS.
	Instruction byte
	// P1 and P2 are the parameters of the instruction.
	P1, P2 byte
	// Data is at most 65535 bytes; more than 255 need the extended form.
	Data []byte
	// Expected is Ne, how many bytes of response data are expected at most: 0, when there is no Le, to 65536. More than 256
	// need the extended form.
	Expected int
	// Extended says that the lengths are in the extended form. A command with neither Data nor Expected has no lengths, and
	// is never Extended.
	Extended bool
}

// LengthError says that the length fields of a command do not fit it. As an error it is also WrongLength.
type LengthError struct{ Problem string }

// Error gives the problem.
func (e *LengthError) Error() string { return "apdu: " + e.Problem }

// Unwrap returns WrongLength, the status word to answer with.
func (e *LengthError) Unwrap() error { return WrongLength }

// ParseCommand reads exactly one command APDU, or fails with a *LengthError. Nothing is guessed: each byte belongs to exactly
// one field. The command shares its Data with raw.
func ParseCommand(raw []byte) (Command, error) {
	if len(raw) < headerLength {
		return Command{}, &LengthError{fmt.Sprintf("command of %d bytes has no whole header", len(raw))}
	}
	c := Command{Class: raw[0], Instruction: raw[1], P1: raw[2], P2: raw[3]}
	body := raw[headerLength:]
	switch {
	case len(body) == 0: // case 1
		return c, nil
	case len(body) == 1: // case 2, short
		c.Expected = expected(int(body[0]), maxShortResponse)
		return c, nil
	case body[0] != 0:
		return c.parseShort(int(body[0]), body[1:])
	case len(body) == 3: // case 2, extended
		c.Extended, c.Expected = true, expected(int(binary.BigEndian.Uint16(body[1:])), maxExtendedResponse)
		return c, nil
	case len(body) < 3:
		return Command{}, &LengthError{"extended length field is cut off"}
	}
	return c.parseExtended(int(binary.BigEndian.Uint16(body[1:])), body[3:])
}

// parseShort reads the data and the Le of cases 3 and 4 in the short form.
func (c Command) parseShort(length int, rest []byte) (Command, error) {
	switch len(rest) - length {
	case 0:
		c.Data = rest
		return c, nil
	case 1:
		c.Data, c.Expected = rest[:length], expected(int(rest[length]), maxShortResponse)
		return c, nil
	}
	return Command{}, &LengthError{fmt.Sprintf("Lc is %d, and %d bytes follow", length, len(rest))}
}

// parseExtended reads the data and the Le of cases 3 and 4 in the extended form. ISO writes no Lc without data; clients of U2F
// that always write one, and Le behind it, are understood all the same.
func (c Command) parseExtended(length int, rest []byte) (Command, error) {
	c.Extended = true
	switch len(rest) - length {
	case 0:
		if length > 0 {
			c.Data = rest
			return c, nil
		}
	case 2:
		if length > 0 {
			c.Data = rest[:length]
		}
		c.Expected = expected(int(binary.BigEndian.Uint16(rest[length:])), maxExtendedResponse)
		return c, nil
	}
	return Command{}, &LengthError{fmt.Sprintf("extended Lc is %d, and %d bytes follow", length, len(rest))}
}

// expected is Ne for an encoded Le.
func expected(encoded, most int) int {
	if encoded == 0 {
		return most
	}
	return encoded
}

// Encode returns the bytes, in the extended form when Extended says so or the lengths need it. It fails with a *LengthError
// when Data or Expected are beyond what any form can say.
func (c Command) Encode() ([]byte, error) {
	if len(c.Data) > maxExtendedData || c.Expected < 0 || c.Expected > maxExtendedResponse {
		return nil, &LengthError{fmt.Sprintf("%d bytes of data, %d expected: no length field can say so", len(c.Data), c.Expected)}
	}
	raw := []byte{c.Class, c.Instruction, c.P1, c.P2}
	extended := c.Extended || len(c.Data) > maxShortData || c.Expected > maxShortResponse
	if n := len(c.Data); n > 0 {
		if extended {
			raw = append(raw, 0, byte(n>>8))
		}
		raw = append(append(raw, byte(n)), c.Data...)
	}
	if c.Expected > 0 { // the conversions below turn the most that a form can say into zeros
		if extended && len(c.Data) == 0 {
			raw = append(raw, 0)
		}
		if extended {
			raw = append(raw, byte(c.Expected>>8))
		}
		raw = append(raw, byte(c.Expected))
	}
	return raw, nil
}

// room is how many bytes of response data one response may carry. Clients of U2F leave Le out although they expect data, so
// its absence means the most that the form can say.
func (c Command) room() int {
	switch {
	case c.Expected > 0:
		return c.Expected
	case c.Extended:
		return maxExtendedResponse
	}
	return maxShortResponse
}

// Response is a response APDU (ISO 7816-4 §5.1): data and SW1 SW2.
type Response struct {
	Data   []byte
	Status Status
}

// ParseResponse reads a response APDU, or fails with a *LengthError when it has no status word. The response shares its Data
// with raw.
func ParseResponse(raw []byte) (Response, error) {
	if len(raw) < 2 {
		return Response{}, &LengthError{fmt.Sprintf("response of %d bytes has no status word", len(raw))}
	}
	end := len(raw) - 2
	return Response{Data: raw[:end], Status: Status(binary.BigEndian.Uint16(raw[end:]))}, nil
}

// Encode returns the bytes.
func (r Response) Encode() []byte {
	return binary.BigEndian.AppendUint16(append([]byte{}, r.Data...), uint16(r.Status))
}
