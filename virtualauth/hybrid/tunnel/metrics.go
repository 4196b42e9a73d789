package tunnel

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Metrics are what a server counts. The maps belong to the caller.
type Metrics struct {
	// Waiting and Joined are the tunnels that are open now.
	Waiting, Joined int
	// Listening are the contact ids for which a phone listens now.
	Listening int
	// Connections are the TCP connections that are open now.
	Connections int
	// FromPhone and FromDesktop are what was handed on.
	FromPhone, FromDesktop Traffic
	// Requests counts answers by operation (new, connect, contact, listen, or other) and HTTP status, as in "new 101".
	Requests map[string]int
	// Ended counts tunnels by why they ended, as in "phone left".
	Ended map[string]int
	// Rejected counts connections that were turned away before TLS, by reason: limit, or fault.
	Rejected map[string]int
}

// Traffic is the traffic of one direction.
type Traffic struct {
	// Messages is how many; Bytes is how many bytes they had.
	Messages, Bytes int64
}

// counters are the metrics that only grow. Their names come from this package alone, so there are few.
type counters struct {
	mu                        sync.Mutex
	fromPhone, fromDesktop    Traffic
	requests, ended, rejected map[string]int
}

func newCounters() *counters {
	return &counters{requests: map[string]int{}, ended: map[string]int{}, rejected: map[string]int{}}
}

// request counts an answer. Its operation is empty where the path said none.
func (c *counters) request(op operation, status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if op == "" {
		op = "other"
	}
	c.requests[fmt.Sprintf("%s %d", op, status)]++
}

func (c *counters) end(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended[reason]++
}

func (c *counters) reject(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rejected[reason]++
}

func (c *counters) message(from side, size int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	traffic := &c.fromPhone
	if from == desktop {
		traffic = &c.fromDesktop
	}
	traffic.Messages++
	traffic.Bytes += int64(size)
}

// Metrics returns what the server has counted so far.
func (s *Server) Metrics() Metrics {
	m := s.registry.gauges()
	m.Connections = s.sockets.size()
	c := s.counters
	c.mu.Lock()
	defer c.mu.Unlock()
	m.FromPhone, m.FromDesktop = c.fromPhone, c.fromDesktop
	m.Requests, m.Ended, m.Rejected = maps.Clone(c.requests), maps.Clone(c.ended), maps.Clone(c.rejected)
	return m
}

// WriteTo writes the metrics as plain text in the exposition format of Prometheus.
func (m Metrics) WriteTo(w io.Writer) (int64, error) {
	var text strings.Builder
	family := func(name, kind, help string) {
		fmt.Fprintf(&text, "# HELP passkeylab_tunnel_%s %s\n# TYPE passkeylab_tunnel_%s %s\n", name, help, name, kind)
	}
	series := func(name, labels string, value int64) {
		fmt.Fprintf(&text, "passkeylab_tunnel_%s%s %d\n", name, labels, value)
	}
	family("open", "gauge", "Tunnels that are open.")
	series("open", `{state="waiting"}`, int64(m.Waiting))
	series("open", `{state="joined"}`, int64(m.Joined))
	family("listening", "gauge", "Contact ids whose phone listens.")
	series("listening", "", int64(m.Listening))
	family("connections", "gauge", "TCP connections that are open.")
	series("connections", "", int64(m.Connections))
	family("messages_total", "counter", "Messages that were handed on.")
	series("messages_total", `{from="phone"}`, m.FromPhone.Messages)
	series("messages_total", `{from="desktop"}`, m.FromDesktop.Messages)
	family("bytes_total", "counter", "Bytes of the messages that were handed on.")
	series("bytes_total", `{from="phone"}`, m.FromPhone.Bytes)
	series("bytes_total", `{from="desktop"}`, m.FromDesktop.Bytes)
	family("requests_total", "counter", "Requests that were answered.")
	for _, key := range slices.Sorted(maps.Keys(m.Requests)) {
		op, status, _ := strings.Cut(key, " ")
		series("requests_total", fmt.Sprintf("{operation=%q,status=%q}", op, status), int64(m.Requests[key]))
	}
	family("ended_total", "counter", "Tunnels that have ended.")
	for _, reason := range slices.Sorted(maps.Keys(m.Ended)) {
		series("ended_total", fmt.Sprintf("{reason=%q}", reason), int64(m.Ended[reason]))
	}
	family("rejected_total", "counter", "Connections that were turned away before TLS.")
	for _, reason := range slices.Sorted(maps.Keys(m.Rejected)) {
		series("rejected_total", fmt.Sprintf("{reason=%q}", reason), int64(m.Rejected[reason]))
	}
	n, err := io.WriteString(w, text.String())
	return int64(n), err
}

// serveMetrics answers GET /metrics.
func (s *Server) serveMetrics(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path != "/metrics":
		http.Error(w, "no such path; there is /metrics", http.StatusNotFound)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
	default:
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_, _ = s.Metrics().WriteTo(w) // a reader that has gone away is no failure of ours
	}
}
