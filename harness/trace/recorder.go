package trace

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/passkeylab/passkeylab/reports"
)

// Recorder collects what travelled during one journey. It is safe for use by several goroutines, and its zero value
// works. Everything is redacted when it comes in, and once more by [Recorder.Fill], since a secret may be registered
// after it was first seen.
type Recorder struct {
	Decoder Decoder // Decoder decodes ceremonies; its Redactor scrubs everything that is recorded.

	hybrid Hybrid

	mu         sync.Mutex
	ceremonies []reports.Ceremony
	pending    []reports.Exchange // messages since the last ceremony: they belong to the next one
	seen       []string           // observations
}

// Ceremony is one ceremony as it was seen at the page.
type Ceremony struct {
	Kind     string // Kind is reports.Registration or reports.Authentication.
	At       time.Time
	Duration time.Duration
	Origin   string // Origin is the page's own, whatever the client data claims.
	Options  []byte // Options is the JSON that the RP sent.
	Response []byte // Response is the JSON that the client returned; empty when it threw.
	Outcome  string // Outcome is the name of the DOMException, or what the RP said; it may come later, by Settle.
	Accepted bool   // Accepted says that the RP took it.

	Exception string // Exception is the name of the DOMException that the page got instead of a response.
	Message   string // Message is that of the exception.
}

// Ceremony records a ceremony. The messages recorded since the last one become its exchanges.
func (r *Recorder) Ceremony(seen Ceremony) {
	decode := r.Decoder.Registration
	if seen.Kind == reports.Authentication {
		decode = r.Decoder.Authentication
	}
	c := decode(seen.Options, seen.Response)
	c.At, c.Duration, c.Accepted = seen.At, seen.Duration, seen.Accepted
	c.Origin = firstOf(seen.Origin, c.Origin)
	c.Outcome = r.text(firstOf(seen.Outcome, seen.Exception))
	c.RevealedToPage = r.revealed(seen, c)
	if c.Client != nil && seen.Origin != "" && c.Client.Origin != seen.Origin {
		c.Problems = append(c.Problems, fmt.Sprintf("the client data names the origin %q, the page is at %q", c.Client.Origin, seen.Origin))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	c.Exchanges, r.pending = r.pending, nil
	r.ceremonies = append(r.ceremonies, c)
}

// revealed is what the page learned from a ceremony: what is in the credential that it got, or the exception.
func (r *Recorder) revealed(seen Ceremony, c reports.Ceremony) *reports.Revealed {
	revealed := &reports.Revealed{Took: reports.Coarse(seen.Duration)}
	switch {
	case seen.Exception != "":
		revealed.Outcome, revealed.Message = seen.Exception, r.text(seen.Message)
		return revealed
	case len(seen.Response) == 0:
		return nil
	}
	revealed.Outcome = reports.OK
	if c.Credential != nil {
		revealed.Attachment, revealed.Transports = c.Credential.Attachment, slices.Clone(c.Credential.Transports)
	}
	if c.Authenticator != nil {
		revealed.AAGUID = c.Authenticator.AAGUID
	}
	return revealed
}

// Settle tells what became of the latest ceremony, once the RP has spoken. Without a ceremony it does nothing.
func (r *Recorder) Settle(outcome string, accepted bool) {
	outcome = r.text(outcome)
	r.mu.Lock()
	defer r.mu.Unlock()
	if last := len(r.ceremonies) - 1; last >= 0 {
		r.ceremonies[last].Outcome, r.ceremonies[last].Accepted = outcome, accepted
	}
}

// Exchange records a message of a lower layer.
func (r *Recorder) Exchange(e reports.Exchange) {
	e.Title, e.Text, e.Hex, e.Problem = r.text(e.Title), r.text(e.Text), r.text(e.Hex), r.text(e.Problem)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pending = append(r.pending, e)
}

// Event decodes and records something that happened between computer and phone. Events of one journey are decoded together, so
// they must come in their order.
func (r *Recorder) Event(e Event) { r.Exchange(r.hybrid.Exchange(e)) }

// Scanned is [Hybrid.Scanned]: it lets the adverts of a QR code be opened, and records nothing.
func (r *Recorder) Scanned(text string) { r.hybrid.Scanned(text) }

// Observe records something worth telling that is no failure.
func (r *Recorder) Observe(format string, args ...any) {
	text := r.text(fmt.Sprintf(format, args...))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = append(r.seen, text)
}

// Fill appends what was recorded to a result. Messages that belong to no ceremony are put under the last one, or, when
// there was none, under one without a kind, so that nothing that was recorded is lost.
func (r *Recorder) Fill(result *reports.Result) {
	r.mu.Lock()
	filled := reports.Result{Ceremonies: deepCopy(r.ceremonies), Observations: slices.Clone(r.seen)}
	pending := slices.Clone(r.pending)
	r.mu.Unlock()
	if len(pending) > 0 {
		if len(filled.Ceremonies) == 0 {
			filled.Ceremonies = []reports.Ceremony{{At: pending[0].At, Outcome: "no ceremony was completed"}}
		}
		last := &filled.Ceremonies[len(filled.Ceremonies)-1]
		last.Exchanges = append(last.Exchanges, pending...)
	}
	r.Decoder.Redactor.Result(&filled)
	result.Ceremonies = append(result.Ceremonies, filled.Ceremonies...)
	result.Observations = append(result.Observations, filled.Observations...)
}

func (r *Recorder) text(text string) string { return r.Decoder.Redactor.Text(text) }
