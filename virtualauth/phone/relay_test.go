package phone_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"

	"github.com/passkeylab/passkeylab/virtualauth/hybrid"
)

// relay is a small tunnel server on this machine: the tests of package tunnel judge the real one.
type relay struct {
	done    chan struct{}
	listens chan struct{} // gets a token when a phone can be contacted
	network hybrid.Network

	mu    sync.Mutex
	waits map[string]*waiting // by tunnel, or contact
}

// waiting is a phone that waits for a computer.
type waiting struct {
	conn  *websocket.Conn
	ready chan struct{} // closed when conn is there
	over  chan struct{} // closed when the other has gone
}

func newRelay(t testing.TB) *relay {
	r := &relay{done: make(chan struct{}), listens: make(chan struct{}, 1), waits: map[string]*waiting{}}
	server := httptest.NewUnstartedServer(r)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // phones that do not trust it are part of the tests
	server.StartTLS()
	t.Cleanup(func() {
		close(r.done)
		server.Close()
	})
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	r.network = hybrid.Network{TLS: &tls.Config{RootCAs: roots, ServerName: "example.com"}, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
	}}
	return r
}

func (r *relay) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	path := strings.Split(q.URL.Path, "/") // "", cable, new | connect | contact, …
	id := strings.ToLower(path[len(path)-1])
	payload := q.Header.Get(hybrid.HeaderClientPayload)
	switch {
	case q.Method == http.MethodDelete:
		r.take(id)
	case path[2] == "listen":
		r.wait(w, q, id, func() { r.listens <- struct{}{} })
	case path[2] == "new":
		w.Header().Set(hybrid.HeaderRoutingID, "010203")
		r.wait(w, q, id)
	case path[2] == "contact":
		r.summon(w, q, id, payload)
	default:
		if other := r.take(id); other != nil {
			r.join(w, q, other)
			return
		}
		http.Error(w, "gone", http.StatusGone)
	}
}

// take finds who waits under an id; nil is nobody.
func (r *relay) take(id string) *waiting {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.waits[id]
	delete(r.waits, id)
	return w
}

// listening waits until a phone can be contacted.
func (r *relay) listening(t testing.TB) {
	select {
	case <-r.listens:
	case <-t.Context().Done():
	}
}

// summon lets a computer wait in a tunnel of its own, of which the phone is told.
func (r *relay) summon(w http.ResponseWriter, q *http.Request, contact, payload string) {
	phone := r.take(contact)
	if phone == nil {
		http.Error(w, "gone", http.StatusGone)
		return
	}
	defer close(phone.over)
	<-phone.ready
	tunnel := "000102030405060708090a0b0c0d0e0f"
	r.wait(w, q, tunnel, func() {
		_ = phone.conn.Write(q.Context(), websocket.MessageBinary, unhex("010203"+tunnel+payload)) // or the phone has gone
	})
}

// wait keeps one end until the other has come and gone.
func (r *relay) wait(w http.ResponseWriter, q *http.Request, id string, then ...func()) {
	end := &waiting{ready: make(chan struct{}), over: make(chan struct{})}
	r.mu.Lock()
	r.waits[id] = end
	r.mu.Unlock()
	conn, err := websocket.Accept(w, q, &websocket.AcceptOptions{Subprotocols: []string{hybrid.Subprotocol}, InsecureSkipVerify: true})
	if err != nil {
		return
	}
	defer conn.CloseNow()
	end.conn = conn
	close(end.ready)
	for _, do := range then {
		do()
	}
	select {
	case <-end.over:
	case <-r.done:
	}
}

// join relays until one of the two has gone, and then hangs up on the other.
func (r *relay) join(w http.ResponseWriter, q *http.Request, phone *waiting) {
	defer close(phone.over)
	conn, err := websocket.Accept(w, q, &websocket.AcceptOptions{Subprotocols: []string{hybrid.Subprotocol}})
	if err != nil {
		return
	}
	var both sync.WaitGroup
	<-phone.ready
	both.Go(func() { pump(conn, phone.conn) })
	both.Go(func() { pump(phone.conn, conn) })
	both.Wait()
}

func pump(to, from *websocket.Conn) {
	for {
		kind, message, err := from.Read(context.Background())
		if err == nil {
			err = to.Write(context.Background(), kind, message)
		}
		if err != nil {
			_ = to.Close(websocket.StatusNormalClosure, "")
			_ = from.CloseNow()
			return
		}
	}
}

func unhex(text string) []byte {
	b, _ := hex.DecodeString(text) // a payload that is none does not open
	return b
}
