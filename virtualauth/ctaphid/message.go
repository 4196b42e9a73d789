package ctaphid

import "fmt"

// Message is a command with its data, on one channel.
type Message struct {
	Channel Channel
	Command Command
	Data    []byte
}

// Reports cuts a message into reports of a size in bytes. It fails with InvalidLength for a message that is longer than
// MaxMessage.
func (m Message) Reports(size int) ([][]byte, error) {
	if len(m.Data) > MaxMessage(size) {
		return nil, fmt.Errorf("ctaphid: message of %d bytes in reports of %d: %w", len(m.Data), size, InvalidLength)
	}
	first := Packet{Channel: m.Channel, Initial: true, Command: m.Command, Length: len(m.Data), Data: m.Data}
	reports := [][]byte{first.Encode(size)}
	for rest := m.Data[min(size-initialHeader, len(m.Data)):]; len(rest) > 0; rest = rest[min(size-continuationHeader, len(rest)):] {
		next := Packet{Channel: m.Channel, Sequence: byte(len(reports) - 1), Data: rest}
		reports = append(reports, next.Encode(size))
	}
	return reports, nil
}

// Assembler puts one message together. The zero Assembler expects an initial packet.
type Assembler struct {
	message Message
	begun   bool
	missing int
	next    byte // sequence
}

// Add takes the next packet of the message's channel, and returns the message once it is whole. It fails with
// InvalidSequence for a packet that is not the next one, and with InvalidLength for a packet that is shorter than what it
// has to carry; the message is lost then.
func (a *Assembler) Add(p Packet) (message Message, whole bool, err error) {
	switch {
	case p.Initial == a.begun, !p.Initial && p.Sequence != a.next:
		return Message{}, false, InvalidSequence
	case p.Initial:
		a.begun, a.message, a.missing = true, Message{Channel: p.Channel, Command: p.Command, Data: []byte{}}, p.Length
	default:
		a.next++
	}
	share := min(a.missing, len(p.Data)) // the rest is padding
	if share == 0 && a.missing > 0 {
		return Message{}, false, InvalidLength
	}
	a.message.Data = append(a.message.Data, p.Data[:share]...)
	a.missing -= share
	return a.message, a.missing == 0, nil
}
