package hybrid_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"

	"github.com/passkeylab/passkeylab/virtualauth/hybrid"
)

// relay is a tunnel server that does just enough.
type relay struct {
	server *httptest.Server
	// drop closes a tunnel instead of relaying its message of that number, counted from 1; 0 never.
	drop int
	// spoil changes a message on its way; from is "phone" or "desktop" in tunnels by QR code.
	spoil func(from string, number int, message []byte) [][]byte
	// answer, if set, answers instead of a tunnel, and is true when it did.
	answer func(w http.ResponseWriter, r *http.Request) bool
	// subprotocol is what the server names; routing its routing id.
	subprotocol, routing string

	mu       sync.Mutex
	requests []string
	tunnels  map[string]*tunnel
	phones   map[string]chan []byte // by contact id
	gone     map[string]bool
	serial   int
	conns    []*websocket.Conn
}

// hangUp breaks all tunnels.
func (r *relay) hangUp() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, conn := range r.conns {
		_ = conn.CloseNow()
	}
}

// tunnel is two sockets, of which the second has not come yet.
type tunnel struct {
	joined chan *websocket.Conn
	done   chan struct{}
}

func newRelay(t testing.TB) *relay {
	t.Helper()
	r := &relay{subprotocol: hybrid.Subprotocol, routing: "0A0b0c", tunnels: map[string]*tunnel{}, phones: map[string]chan []byte{}, gone: map[string]bool{}}
	r.server = httptest.NewTLSServer(r)
	t.Cleanup(r.server.Close)
	return r
}

// network reaches the relay under any name.
func (r *relay) network() hybrid.Network {
	roots := x509.NewCertPool()
	roots.AddCert(r.server.Certificate())
	return hybrid.Network{
		TLS: &tls.Config{RootCAs: roots, ServerName: "example.com"},
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, r.server.Listener.Addr().String())
		},
	}
}

func (r *relay) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.mu.Lock()
	r.requests = append(r.requests, request.Host+request.URL.Path)
	r.mu.Unlock()
	if r.answer != nil && r.answer(w, request) {
		return
	}
	parts := strings.Split(strings.TrimPrefix(request.URL.Path, "/cable/"), "/")
	id := parts[len(parts)-1]
	switch {
	case request.Method == http.MethodDelete:
		r.mu.Lock()
		r.gone[id] = true
		r.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	case parts[0] == "new":
		w.Header().Set(hybrid.HeaderRoutingID, r.routing)
		r.open(w, request, r.reserve(strings.ToUpper(id)))
	case parts[0] == "connect":
		r.join(w, request, strings.ToUpper(id))
	case parts[0] == "listen":
		r.listen(w, request, id)
	case parts[0] == "contact":
		r.contact(w, request, id)
	}
}

func (r *relay) accept(w http.ResponseWriter, request *http.Request) *websocket.Conn {
	conn, err := websocket.Accept(w, request, &websocket.AcceptOptions{Subprotocols: []string{r.subprotocol}})
	if err != nil {
		return nil
	}
	conn.SetReadLimit(2 << 20)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.conns = append(r.conns, conn)
	return conn
}

// reserve makes a tunnel that can be joined from now on.
func (r *relay) reserve(id string) *tunnel {
	tunnel := &tunnel{joined: make(chan *websocket.Conn), done: make(chan struct{})}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tunnels[id] = tunnel
	return tunnel
}

func (r *relay) open(w http.ResponseWriter, request *http.Request, tunnel *tunnel) {
	defer close(tunnel.done)
	conn := r.accept(w, request)
	if conn == nil {
		return
	}
	defer conn.CloseNow()
	// The first one's messages wait in its socket until the second one has come; its leaving is noticed then.
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	first := make(chan []byte)
	go pump(ctx, cancel, conn, first)
	var other *websocket.Conn
	select {
	case other = <-tunnel.joined:
	case <-ctx.Done():
		return
	case <-request.Context().Done():
		return
	}
	second := make(chan []byte)
	go pump(ctx, cancel, other, second)
	r.carry(ctx, conn, other, first, second)
	_ = conn.Close(websocket.StatusGoingAway, "")
	_ = other.Close(websocket.StatusGoingAway, "")
}

func pump(ctx context.Context, cancel context.CancelFunc, from *websocket.Conn, to chan<- []byte) {
	defer cancel()
	for {
		_, message, err := from.Read(context.Background())
		if err != nil {
			return
		}
		select {
		case to <- message:
		case <-ctx.Done():
			return
		}
	}
}

func (r *relay) carry(ctx context.Context, conn, other *websocket.Conn, first, second <-chan []byte) {
	numbers := map[string]int{}
	for number := 1; ; number++ {
		var message []byte
		to, from := conn, "desktop"
		select {
		case message = <-first:
			to, from = other, "phone"
		case message = <-second:
		case <-ctx.Done():
			return
		}
		if number == r.drop {
			return
		}
		messages := [][]byte{message}
		numbers[from]++
		if r.spoil != nil {
			messages = r.spoil(from, numbers[from], message)
		}
		for _, m := range messages {
			if to.Write(context.Background(), websocket.MessageBinary, m) != nil {
				return
			}
		}
	}
}

func (r *relay) join(w http.ResponseWriter, request *http.Request, id string) {
	r.mu.Lock()
	tunnel := r.tunnels[id]
	r.mu.Unlock()
	if tunnel == nil {
		http.NotFound(w, request)
		return
	}
	conn := r.accept(w, request)
	if conn == nil {
		return
	}
	defer conn.CloseNow()
	select {
	case tunnel.joined <- conn:
		<-tunnel.done
	case <-tunnel.done:
	}
}

// phone is where to tell a phone of computers; nil when none has listened.
func (r *relay) phone(contact string) chan<- []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.phones[contact]
}

func (r *relay) listen(w http.ResponseWriter, request *http.Request, contact string) {
	notices := make(chan []byte, 8)
	r.mu.Lock()
	r.phones[contact] = notices // the latest is the phone
	r.mu.Unlock()
	conn := r.accept(w, request)
	if conn == nil {
		return
	}
	defer conn.CloseNow()
	ctx := conn.CloseRead(context.Background())
	for {
		select {
		case notice := <-notices:
			_ = conn.Write(ctx, websocket.MessageBinary, notice)
		case <-ctx.Done():
			return
		}
	}
}

func (r *relay) contact(w http.ResponseWriter, request *http.Request, contact string) {
	r.mu.Lock()
	gone := r.gone[contact]
	r.serial++
	id := fmt.Sprintf("%032X", r.serial)
	r.mu.Unlock()
	payload, err := hex.DecodeString(request.Header.Get(hybrid.HeaderClientPayload))
	if err != nil || gone {
		w.WriteHeader(http.StatusGone)
		return
	}
	tunnel, _ := hex.DecodeString(id)
	routing, _ := hex.DecodeString(r.routing)
	reserved := r.reserve(id)
	r.phone(contact) <- append(append(routing, tunnel...), payload...)
	r.open(w, request, reserved)
}
