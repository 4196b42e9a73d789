package ctaphid

import (
	"encoding/binary"
	"slices"
)

// Misbehaviour is the list of lies that the framing of a Device can tell. The zero value is honest; each field is one
// deviation, read at one line. All but WrongNonce and IgnoreCancel concern the answers to CTAPHID_CBOR and CTAPHID_MSG, so that
// clients get as far as asking. What the authenticator itself says stays untouched.
type Misbehaviour struct {
	// WrongNonce is mixed into the nonce that CTAPHID_INIT returns, by exclusive or. Breaks CTAP 2.3 §11.2.9.1.3.
	WrongNonce byte
	// IgnoreCancel goes on waiting for the person although the client cancelled. Breaks CTAP 2.3 §11.2.9.1.5.
	IgnoreCancel bool
	// KeepaliveFlood is how many keep-alives precede each answer, at once. Breaks CTAP 2.3 §11.2.9.1.7, which has them 100 ms
	// apart.
	KeepaliveFlood int
	// WrongChannel answers on a channel that is not the client's. Breaks CTAP 2.3 §11.2.3.
	WrongChannel bool
	// WrongCommand answers as if to CTAPHID_PING. Breaks CTAP 2.3 §11.2.9.1 (the answer has the command of the request).
	WrongCommand bool
	// OversizeLength announces one byte more than any message has, in answers of more than one packet.
	// Breaks CTAP 2.3 §11.2.4.
	OversizeLength bool
	// WrongSequence leaves out sequence 0, in answers of more than one packet. Breaks CTAP 2.3 §11.2.5.4.
	WrongSequence bool
	// ForeignPacket puts a packet of another channel behind the first packet of an answer. Breaks CTAP 2.3 §11.2.5.1 (answers
	// are not interleaved); clients ignore it.
	ForeignPacket bool
	// ShortReport cuts the last report of an answer to its first three bytes. Breaks CTAP 2.3 §11.2.8 (reports have one size).
	ShortReport bool
}

// spoilt is an answer with the lies that concern the message as a whole.
func (s *session) spoilt(m Message) Message {
	if s.Misbehave.WrongChannel {
		m.Channel++
	}
	if s.Misbehave.WrongCommand {
		m.Command = CommandPing
	}
	return m
}

// spoiltReports are the reports of an answer with the lies that concern single packets.
func (s *session) spoiltReports(reports [][]byte) [][]byte {
	last := len(reports) - 1
	if s.Misbehave.OversizeLength && last > 0 {
		binary.BigEndian.PutUint16(reports[0][5:], uint16(MaxMessage(s.size)+1))
	}
	if s.Misbehave.WrongSequence && last > 0 {
		for _, r := range reports[1:] {
			r[4]++
		}
	}
	if s.Misbehave.ShortReport {
		reports[last] = reports[last][:3]
	}
	if s.Misbehave.ForeignPacket {
		foreign := Packet{Channel: Broadcast - 1, Initial: true, Command: CommandPing, Length: 1, Data: []byte{1}}
		reports = slices.Insert(reports, 1, foreign.Encode(s.size))
	}
	return reports
}
