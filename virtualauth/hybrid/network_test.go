package hybrid

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/coder/websocket"
)

// A tunnel server that takes nothing holds nobody up: not the sender whose context ends, and not the one who closes.
func TestAServerThatTakesNothing(t *testing.T) {
	over := make(chan struct{})
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{Subprotocol}})
		if err != nil {
			return
		}
		<-over
		_ = conn.CloseNow()
	}))
	defer server.Close()
	defer close(over)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	network := Network{TLS: &tls.Config{RootCAs: roots, ServerName: "example.com"}, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
	}}
	w, _, err := network.dial(t.Context(), "wss://cable.ua5v.com/", nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	stuck := make(chan error)
	go func() {
		for {
			if err := w.send(ctx, make([]byte, maxMessage)); err != nil {
				stuck <- err
				return
			}
		}
	}()
	for !w.writing.Load() { // at the latest when the buffers of the system are full
		select {
		case err := <-stuck:
			t.Fatal(err)
		default:
		}
	}
	cancel()
	if err := <-stuck; !errors.Is(err, context.Canceled) {
		t.Errorf("the sender got %v", err)
	}
	w.close()
	if err := w.send(t.Context(), nil); !errors.Is(err, ErrClosed) {
		t.Errorf("after close: %v", err)
	}
	if _, err := w.receive(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("after close: %v", err)
	}
}
