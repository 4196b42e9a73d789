package virtualauth

import (
	"bytes"
	"slices"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// Request is one request that an authenticator has answered.
type Request struct {
	At time.Time
	// Command is that of CTAP2; zero for U2F.
	Command ctap2.Command
	// Parameters are the bytes behind the command; for U2F, the data of its APDU.
	Parameters []byte
	// Status is what was answered; ctap2.Other when the exchange failed with an error. U2F has words of its own for it: here,
	// 9000 is OK and everything else ctap2.Other.
	Status ctap2.Status
	// U2F is the rest of a command of U2F; nil for one of CTAP2.
	U2F *U2FCommand
}

// U2FCommand is what an APDU of U2F says beside its data, and what was answered.
type U2FCommand struct {
	// Instruction and P1 are the bytes of these names, such as 01 of U2F_REGISTER (U2F raw message formats §3.1).
	Instruction, P1 byte
	// Status is the status word; zero when the exchange failed with an error.
	Status uint16
}

// newRequest is a request of CTAP2. It shares the memory of message.
func newRequest(message []byte, status ctap2.Status) Request {
	r := Request{Status: status}
	if len(message) > 0 {
		r.Command, r.Parameters = ctap2.Command(message[0]), message[1:]
	}
	return r
}

// newU2FRequest is a request of U2F. It shares the memory of data.
func newU2FRequest(instruction, p1 byte, data []byte, word u2fStatus) Request {
	r := Request{
		Parameters: data, Status: ctap2.Other, U2F: &U2FCommand{Instruction: instruction, P1: p1, Status: uint16(word)},
	}
	if word == u2fOK {
		r.Status = ctap2.OK
	}
	return r
}

// maxRequests is how many requests are remembered.
const maxRequests = 256

// journal holds the latest requests. Once it is full, each new one takes the place, and the memory, of the oldest.
type journal struct {
	entries []Request
	oldest  int
}

func (j *journal) add(r Request) {
	if len(j.entries) < maxRequests {
		j.entries = append(j.entries, Request{})
		j.entries[len(j.entries)-1].set(r)
		return
	}
	j.entries[j.oldest].set(r)
	j.oldest = (j.oldest + 1) % maxRequests
}

// set makes r another request, with a copy of its parameters. It writes over those of the old one, unless they took more memory
// than is worth keeping.
func (r *Request) set(another Request) {
	const keep = 1 << 10
	memory := r.Parameters[:0]
	if cap(memory) > keep {
		memory = nil
	}
	*r = another
	r.Parameters = append(memory, another.Parameters...)
}

// copied shares no memory with j; oldest first.
func (j *journal) copied() []Request {
	all := slices.Concat(j.entries[j.oldest:], j.entries[:j.oldest])
	for i := range all {
		all[i].Parameters = bytes.Clone(all[i].Parameters)
		if u2f := all[i].U2F; u2f != nil {
			all[i].U2F = new(*u2f)
		}
	}
	return all
}
