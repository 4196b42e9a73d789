package tunnel

import (
	"io"
	"log/slog"
	"time"
)

// Options say how a server runs. Rand is required; everything else has a default.
type Options struct {
	// Addr is the host:port to listen on; empty means any free port of this machine only, "127.0.0.1:0".
	Addr string
	// MetricsAddr is the host:port where GET /metrics answers over plain HTTP; empty means nowhere.
	MetricsAddr string
	// Domains are names that the certificate is for, beside localhost and the domains that CTAP assigns.
	Domains []string
	// Limits bound what clients can use up; zero fields are DefaultLimits'.
	Limits Limits
	// Faults are the faults that it starts with; Server.SetFaults changes them.
	Faults Faults
	// Clock ends what lasts too long; nil is the machine's clock.
	Clock Clock
	// Rand is where routing id, tunnel ids and serial numbers come from. Required. It is read under a lock.
	Rand io.Reader
	// Log is told, at level Info, of tunnels that are opened, joined and ended, and of requests that are refused; nil means
	// nobody is.
	Log *slog.Logger
}

// Clock calls f once, on a goroutine of its own, when d has passed, unless stop is called before; stop says whether it
// prevented the call. Delays of Faults and all Limits of time but Header run by it.
type Clock interface {
	AfterFunc(d time.Duration, f func()) (stop func() bool)
}

// machine is the machine's clock.
type machine struct{}

// AfterFunc is time.AfterFunc.
func (machine) AfterFunc(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }

// Limits bound what clients can use up. A field that is zero is DefaultLimits'.
type Limits struct {
	// Tunnels is how many tunnels may be open at once, waiting ones included.
	Tunnels int
	// Connections is how many connections there may be at once, of all clients.
	Connections int
	// PerAddress is how many connections one IP address may have at once.
	PerAddress int
	// Message is the size of the largest message, in bytes.
	Message int64
	// Messages is how many messages each side may send through one tunnel.
	Messages int
	// Headers is the size of the largest request, in bytes; the HTTP server of Go allows 4 KiB more.
	Headers int
	// Header is how long a client may take for the TLS handshake, and then for its request. The machine's clock measures it.
	Header time.Duration
	// Wait is how long a tunnel waits for its second side.
	Wait time.Duration
	// Idle is how long a tunnel lives without a message, and how long a message may take to be delivered.
	Idle time.Duration
	// Ping is how often a listening phone is asked whether it is there; it has as long to answer.
	Ping time.Duration
}

// DefaultLimits are generous for a laboratory and small for a machine. Wait is longer than the three minutes that browsers
// give a person.
func DefaultLimits() Limits {
	return Limits{
		Tunnels: 128, Connections: 512, PerAddress: 256,
		Message: 1 << 20, Messages: 4096, Headers: 8 << 10,
		Header: 10 * time.Second, Wait: 5 * time.Minute, Idle: 5 * time.Minute, Ping: 30 * time.Second,
	}
}

// filled puts defaults where a field is zero.
func (l Limits) filled() Limits {
	d := DefaultLimits()
	return Limits{
		Tunnels: or(l.Tunnels, d.Tunnels), Connections: or(l.Connections, d.Connections), PerAddress: or(l.PerAddress, d.PerAddress),
		Message: or(l.Message, d.Message), Messages: or(l.Messages, d.Messages), Headers: or(l.Headers, d.Headers),
		Header: or(l.Header, d.Header), Wait: or(l.Wait, d.Wait), Idle: or(l.Idle, d.Idle), Ping: or(l.Ping, d.Ping),
	}
}

func or[T int | int64 | time.Duration](value, otherwise T) T {
	if value == 0 {
		return otherwise
	}
	return value
}
