package virtualauth

import (
	"bytes"
	"slices"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// Request is one request that an authenticator has answered.
type Request struct {
	At      time.Time
	Command ctap2.Command
	// Parameters are the bytes behind the command.
	Parameters []byte
	// Status is what was answered; ctap2.Other when the exchange failed with an error.
	Status ctap2.Status
}

// maxRequests is how many requests are remembered.
const maxRequests = 256

// journal holds the latest requests. Once it is full, each new one takes the place, and the memory, of the oldest.
type journal struct {
	entries []Request
	oldest  int
}

func (j *journal) add(at time.Time, request []byte, status ctap2.Status) {
	if len(j.entries) < maxRequests {
		j.entries = append(j.entries, Request{})
		j.entries[len(j.entries)-1].set(at, request, status)
		return
	}
	j.entries[j.oldest].set(at, request, status)
	j.oldest = (j.oldest + 1) % maxRequests
}

// set makes r another request. It writes over the parameters of the old one, unless they took more memory than is worth keeping.
func (r *Request) set(at time.Time, request []byte, status ctap2.Status) {
	const keep = 1 << 10
	r.At, r.Command, r.Status = at, 0, status
	if r.Parameters = r.Parameters[:0]; cap(r.Parameters) > keep {
		r.Parameters = nil
	}
	if len(request) > 0 {
		r.Command, r.Parameters = ctap2.Command(request[0]), append(r.Parameters, request[1:]...)
	}
}

// copied shares no memory with j; oldest first.
func (j *journal) copied() []Request {
	all := slices.Concat(j.entries[j.oldest:], j.entries[:j.oldest])
	for i := range all {
		all[i].Parameters = bytes.Clone(all[i].Parameters)
	}
	return all
}
