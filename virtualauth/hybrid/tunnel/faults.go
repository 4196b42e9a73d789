package tunnel

import "time"

// Faults are what a tunnel server can do wrong. The zero value is honest, and each field is one fault; all of them can be
// changed while the server runs. Refuse, Hang and InterceptTLS decide on connections that are opened from then on, Status and
// Delay on requests, the faults of a direction on messages of tunnels that exist already, too.
type Faults struct {
	// Refuse resets each new TCP connection.
	Refuse bool
	// Hang accepts each new TCP connection and never says a word.
	Hang bool
	// InterceptTLS shows the certificate of somebody else, as a proxy that looks into connections does.
	InterceptTLS bool
	// Status answers each tunnel request instead of a WebSocket, such as 410; zero means none.
	Status int
	// Delay passes before a tunnel request is answered.
	Delay time.Duration
	// FromPhone and FromDesktop spoil the messages of one direction.
	FromPhone, FromDesktop MessageFaults
}

// MessageFaults are what can happen to the messages of one direction. Messages are counted from 0 in each tunnel.
type MessageFaults struct {
	// DropAfter cuts both connections, without a word of WebSocket, once so many messages have been delivered; 0 as soon as
	// both sides are there.
	DropAfter *int
	// HangAfter delivers so many messages and no more, although both connections stay.
	HangAfter *int
	// Corrupt flips the bits of one byte.
	Corrupt *Corruption
	// Delay passes before each message is delivered.
	Delay time.Duration
}

// Corruption is one byte of one message.
type Corruption struct {
	// Message counts from 0.
	Message int
	// Byte counts from 0; beyond the end it means the last byte.
	Byte int
}

// corrupt flips the byte if this is its message; an empty message has none.
func (c *Corruption) corrupt(number int, message []byte) {
	if c == nil || number != c.Message || len(message) == 0 {
		return
	}
	message[max(0, min(c.Byte, len(message)-1))] ^= 0xff
}

// reached says whether a count that a fault waits for is there.
func reached(after *int, delivered int) bool { return after != nil && delivered >= *after }
