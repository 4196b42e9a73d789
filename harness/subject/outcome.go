package subject

// Outcome is what a server made of a request, in a word. A refusal and a crash are never the same.
type Outcome string

// The outcomes.
const (
	// Accepted is 2xx with JSON that says "ok".
	Accepted Outcome = "accepted"
	// Refused is 4xx with JSON that says "failed", or 2xx with such JSON, which [Answer.Complaints] then tells.
	Refused Outcome = "refused"
	// BareRefusal is 4xx without the JSON that the API promises.
	BareRefusal Outcome = "refused without JSON"
	// ServerError is 5xx, whatever its body says.
	ServerError Outcome = "server error"
	// NotJSON is 2xx whose body is no JSON object: an HTML page, an empty body.
	NotJSON Outcome = "not JSON"
	// Redirected is 3xx: it was not followed.
	Redirected Outcome = "redirected"
	// TooLarge is an answer longer than Limits.Body, or with headers longer than Limits.Header.
	TooLarge Outcome = "too large"
	// TimedOut is no complete answer within Limits.Time.
	TimedOut Outcome = "timed out"
	// Reset is a connection that ended without a complete answer, or an answer that is no HTTP.
	Reset Outcome = "connection reset"
	// Unreachable is no connection at all: refused, no such host, TLS that fails.
	Unreachable Outcome = "unreachable"
	// Throttled is an answer that asks to be asked later, when that is too late: see Pace. The request was not processed.
	Throttled Outcome = "throttled"
	// NotAsDescribed is an answer that the description of an application does not foresee: a status that neither accepts nor
	// refuses, options that are not where they should be.
	NotAsDescribed Outcome = "not as described"
	// Inexpressible is a request that the adapter cannot put to its server, such as JSON with a syntax error to a server
	// whose endpoints take forms. The case does not concern such a server.
	Inexpressible Outcome = "inexpressible"
)

// Refuses reports whether the server decided, and decided no: cleanly or with a bare status.
func (o Outcome) Refuses() bool { return o == Refused || o == BareRefusal }

// Broke reports whether the server did not decide at all.
func (o Outcome) Broke() bool {
	switch o {
	case ServerError, NotJSON, Redirected, TooLarge, TimedOut, Reset, NotAsDescribed:
		return true
	}
	return false
}
