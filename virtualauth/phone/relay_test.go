package phone_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
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
	network hybrid.Network

	mu    sync.Mutex
	waits map[string]*waiting // by tunnel, or contact
}

// waiting is a phone that waits for a computer.
type waiting struct {
	conn *websocket.Conn
	over chan struct{} // closed when the computer has gone
}

func newRelay(t testing.TB) *relay {
	r := &relay{done: make(chan struct{}), waits: map[string]*waiting{}}
	server := httptest.NewTLSServer(r)
	t.Cleanup(func() {
		close(r.done)
		r.mu.Lock()
		for _, w := range r.waits {
			_ = w.conn.CloseNow()
		}
		r.mu.Unlock()
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
	if phone := path[2] == "new" || path[2] == "contact" && payload == ""; phone {
		w.Header().Set(hybrid.HeaderRoutingID, "010203")
		r.wait(w, q, id)
		return
	}
	r.mu.Lock()
	phone := r.waits[id]
	delete(r.waits, id)
	r.mu.Unlock()
	if phone == nil {
		http.Error(w, "gone", http.StatusGone)
		return
	}
	r.join(w, q, phone, payload)
}

// wait keeps a phone until its computer has come and gone.
func (r *relay) wait(w http.ResponseWriter, q *http.Request, id string) {
	conn, err := websocket.Accept(w, q, &websocket.AcceptOptions{Subprotocols: []string{hybrid.Subprotocol}})
	if err != nil {
		return
	}
	defer conn.CloseNow()
	phone := &waiting{conn, make(chan struct{})}
	r.mu.Lock()
	r.waits[id] = phone
	r.mu.Unlock()
	select {
	case <-phone.over:
	case <-r.done:
	}
}

// join relays until one of the two has gone, and then hangs up on the other.
func (r *relay) join(w http.ResponseWriter, q *http.Request, phone *waiting, payload string) {
	defer close(phone.over)
	conn, err := websocket.Accept(w, q, &websocket.AcceptOptions{Subprotocols: []string{hybrid.Subprotocol}, InsecureSkipVerify: true})
	if err != nil {
		return
	}
	if payload != "" {
		if err := phone.conn.Write(context.Background(), websocket.MessageBinary, unhex(payload)); err != nil {
			return
		}
	}
	var both sync.WaitGroup
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
