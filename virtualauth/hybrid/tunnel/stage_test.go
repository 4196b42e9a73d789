package tunnel_test

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/passkeylab/passkeylab/virtualauth/hybrid/tunnel"
)

const (
	tunnelID  = "00112233445566778899aabbccddeeff"
	contactID = "cGhvbmUtb2YtTWlh" // "phone-of-Mia"
)

// start runs a server until the test ends, which fails when something of it still runs then.
func start(t *testing.T, options tunnel.Options) *tunnel.Server {
	t.Helper()
	options.Rand = rand.Reader
	server, err := tunnel.Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		var running string
		if !eventually(func() bool { running = leftovers(); return running == "" }) {
			t.Errorf("these goroutines still run after Close:\n%s", running)
		}
	})
	return server
}

// leftovers are the stacks of goroutines that belong to a server or to one of its connections.
func leftovers() string {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	var left []string
	for stack := range strings.SplitSeq(string(stacks), "\n\n") {
		for _, sign := range []string{"hybrid/tunnel.(", "coder/websocket.(", "net/http.(*conn)"} {
			if strings.Contains(stack, sign) && !strings.Contains(stack, "tunnel_test.leftovers") {
				left = append(left, stack)
				break
			}
		}
	}
	return strings.Join(left, "\n\n")
}

// eventually looks again and again, at most ten seconds.
func eventually(holds func() bool) bool {
	limit := time.NewTimer(10 * time.Second)
	defer limit.Stop()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for !holds() {
		select {
		case <-limit.C:
			return holds()
		case <-look.C:
		}
	}
	return true
}

// clock is moved by the test alone.
type clock struct {
	mu      sync.Mutex
	pending map[*timer]struct{}
}

type timer struct {
	after time.Duration
	ring  func()
}

func (c *clock) AfterFunc(d time.Duration, f func()) func() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pending == nil {
		c.pending = map[*timer]struct{}{}
	}
	set := &timer{after: d, ring: f}
	c.pending[set] = struct{}{}
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		_, was := c.pending[set]
		delete(c.pending, set)
		return was
	}
}

// pass waits for a timer of exactly this duration, and lets its time pass.
func (c *clock) pass(t *testing.T, d time.Duration) {
	t.Helper()
	var due *timer
	found := eventually(func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		for candidate := range c.pending {
			if candidate.after == d {
				due = candidate
				delete(c.pending, candidate)
				return true
			}
		}
		return false
	})
	if !found {
		t.Fatalf("nobody waits for %v", d)
	}
	due.ring()
}

// dial opens a WebSocket under the name of a tunnel server.
func dial(t *testing.T, server *tunnel.Server, path string, header http.Header) (*websocket.Conn, *http.Response, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, response, err := websocket.Dial(ctx, "wss://cable.ua5v.com"+path, &websocket.DialOptions{
		HTTPClient: client(t, server), HTTPHeader: header, Subprotocols: []string{"fido.cable"},
	})
	if err == nil {
		conn.SetReadLimit(2 << 20)
		t.Cleanup(func() { _ = conn.CloseNow() })
	}
	return conn, response, err
}

func client(t *testing.T, server *tunnel.Server) *http.Client {
	network := server.Network()
	transport := &http.Transport{TLSClientConfig: network.TLS, DialContext: network.Dial}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 0}
}

// open is dial where nothing may go wrong.
func open(t *testing.T, server *tunnel.Server, path string, header http.Header) (*websocket.Conn, *http.Response) {
	t.Helper()
	conn, response, err := dial(t, server, path, header)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return conn, response
}

// pair joins both sides of a new tunnel.
func pair(t *testing.T, server *tunnel.Server) (phone, desktop *websocket.Conn) {
	t.Helper()
	phone, response := open(t, server, "/cable/new/"+tunnelID, nil)
	desktop, _ = open(t, server, "/cable/connect/"+response.Header.Get("X-caBLE-Routing-ID")+"/"+tunnelID, nil)
	return phone, desktop
}

func send(t *testing.T, conn *websocket.Conn, message string) {
	t.Helper()
	if err := conn.Write(t.Context(), websocket.MessageBinary, []byte(message)); err != nil {
		t.Fatalf("send: %v", err)
	}
}

// receive returns the next message.
func receive(t *testing.T, conn *websocket.Conn) string {
	t.Helper()
	message, err := next(t, conn)
	if err != nil {
		t.Fatalf("receive: %v", err)
	}
	return message
}

func next(t *testing.T, conn *websocket.Conn) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	kind, message, err := conn.Read(ctx)
	if err == nil && kind != websocket.MessageBinary {
		t.Errorf("the message is text: %q", message)
	}
	if ctx.Err() != nil {
		t.Error("nothing came")
	}
	return string(message), err
}

// closed returns the code by which a connection ends; -1 when it ends without one.
func closed(t *testing.T, conn *websocket.Conn) websocket.StatusCode {
	t.Helper()
	message, err := next(t, conn)
	if err == nil {
		t.Errorf("got a message instead of an end: %q", message)
	}
	return websocket.CloseStatus(err)
}

// status is how a request for a WebSocket is refused, and with which words.
func status(t *testing.T, server *tunnel.Server, path string, header http.Header) (int, string) {
	t.Helper()
	_, response, err := dial(t, server, path, header)
	if response == nil {
		t.Fatalf("%s: %v", path, err)
	}
	words, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(words)
}
