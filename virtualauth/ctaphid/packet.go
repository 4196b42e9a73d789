package ctaphid

import (
	"encoding/binary"
	"fmt"
)

// Channel names one client of a device (CTAP 2.3 §11.2.3). Zero is reserved.
type Channel uint32

// Broadcast is the channel on which a client asks for one of its own.
const Broadcast Channel = 0xffffffff

// Command says what a message is for (CTAP 2.3 §11.2.9). On the wire bit 7 is set.
type Command byte

// The commands of CTAP 2.3 §11.2.9.1 and §11.2.9.2.
const (
	// CommandPing is CTAPHID_PING: the data returns as it is.
	CommandPing Command = 0x01
	// CommandMessage is CTAPHID_MSG: a U2F command in an APDU.
	CommandMessage Command = 0x03
	// CommandLock is CTAPHID_LOCK: one byte, the seconds for which other channels are kept out; zero lets them in.
	CommandLock Command = 0x04
	// CommandInit is CTAPHID_INIT: a nonce of 8 bytes asks for a channel, or synchronises an existing one.
	CommandInit Command = 0x06
	// CommandWink is CTAPHID_WINK: the device shows that it is there.
	CommandWink Command = 0x08
	// CommandCBOR is CTAPHID_CBOR: a CTAP request, or its response.
	CommandCBOR Command = 0x10
	// CommandCancel is CTAPHID_CANCEL: it has no data and no answer of its own.
	CommandCancel Command = 0x11
	// CommandKeepalive is CTAPHID_KEEPALIVE, sent by devices only: one byte, a Progress.
	CommandKeepalive Command = 0x3b
	// CommandError is CTAPHID_ERROR, sent by devices only: one byte, an Error.
	CommandError Command = 0x3f
)

// Sizes in bytes (CTAP 2.3 §11.2.4).
const (
	initialHeader      = 7   // channel, command, length
	continuationHeader = 5   // channel, sequence
	maxContinuations   = 128 // sequence 0 to 127
	defaultReportSize  = 64
	minReportSize      = initialHeader + initResponseLength // so that a channel is had in one packet
	maxReportSize      = 1024                               // of an interrupt endpoint; no more is needed to say any length
	initialBit         = 0x80
)

// Packet is what one report carries (CTAP 2.3 §11.2.4), padding included:
//
//	initial        channel (4)  0x80|command (1)  length (2)  data
//	continuation   channel (4)  sequence (1)      data
type Packet struct {
	Channel Channel
	// Initial says that a message begins.
	Initial bool
	// Command and Length are those of the message, in initial packets.
	Command Command
	Length  int
	// Sequence counts continuation packets from 0 to 127.
	Sequence byte
	// Data is whatever follows the header; in the last packet of a message some of it is padding.
	Data []byte
}

// ParsePacket reads a report. It fails with an *Irregularity when there is no whole header. The packet shares its Data with the
// report.
func ParsePacket(report []byte) (Packet, error) {
	if len(report) < continuationHeader {
		return Packet{}, &Irregularity{Problem: fmt.Sprintf("report of %d bytes has no whole header", len(report))}
	}
	p := Packet{Channel: Channel(binary.BigEndian.Uint32(report))}
	if report[4]&initialBit == 0 {
		p.Sequence, p.Data = report[4], report[continuationHeader:]
		return p, nil
	}
	if len(report) < initialHeader {
		return Packet{}, &Irregularity{Problem: fmt.Sprintf("report of %d bytes has no whole header", len(report))}
	}
	p.Initial, p.Command = true, Command(report[4]&^initialBit)
	p.Length, p.Data = int(binary.BigEndian.Uint16(report[5:])), report[initialHeader:]
	return p, nil
}

// Encode returns the report, its data cut or padded with zeros to size bytes.
func (p Packet) Encode(size int) []byte {
	report := binary.BigEndian.AppendUint32(make([]byte, 0, size), uint32(p.Channel))
	if p.Initial {
		report = append(report, initialBit|byte(p.Command), byte(p.Length>>8), byte(p.Length))
	} else {
		report = append(report, p.Sequence)
	}
	padded := make([]byte, size)
	copy(padded[copy(padded, report):], p.Data)
	return padded
}

// MaxMessage is the longest message that reports of a size can carry, in bytes: 7609 for 64-byte reports.
func MaxMessage(reportSize int) int {
	return min(reportSize-initialHeader+maxContinuations*(reportSize-continuationHeader), 0xffff)
}
