package hybrid

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// Network is how a half reaches tunnel servers. The zero value is the internet.
type Network struct {
	// TLS is for the connection to the tunnel server; nil trusts the system's roots.
	TLS *tls.Config
	// Dial opens TCP connections; nil is a net.Dialer. The address has the tunnel server's own name and port 443, whatever
	// answers there in the end.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// maxMessage is the largest message through a tunnel, in bytes.
const maxMessage = 1 << 20

// backlog is how many messages may wait to be looked at before the connection is read no further. While it is read, the server's
// pings are answered.
const backlog = 16

// wire is a WebSocket at a tunnel server. One goroutine reads from it all the time, because that is how one learns that the
// other end has gone. Another one writes, because a context that ends under a write of the WebSocket closes it, also when the
// message has left. close ends both.
type wire struct {
	conn     *websocket.Conn
	outgoing chan outgoing
	writing  atomic.Bool   // a message is on its way, or stuck
	finished chan struct{} // closed by close, at last
	incoming chan []byte   // closed by the reader, after broken
	broken   error         // why incoming is closed
	closing  chan struct{} // closed by leave
	left     sync.Once
	closed   sync.Once
	working  sync.WaitGroup
}

// outgoing is a message to be sent; result has room for one.
type outgoing struct {
	message []byte
	result  chan error
}

// dial opens a tunnel. ctx is for the opening only. It fails with a *TunnelError.
func (n Network) dial(ctx context.Context, url string, header http.Header) (*wire, http.Header, error) {
	transport := n.transport()
	defer transport.CloseIdleConnections()
	conn, response, err := websocket.Dial(ctx, url, &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: transport}, HTTPHeader: header, Subprotocols: []string{Subprotocol},
	})
	if err != nil {
		failure := &TunnelError{URL: url, Err: err}
		if response != nil {
			failure.Status = response.StatusCode
		}
		return nil, nil, failure
	}
	if conn.Subprotocol() != Subprotocol {
		_ = conn.CloseNow() // that it does not speak the protocol is worth more
		return nil, nil, &TunnelError{URL: url, Status: response.StatusCode, Err: errors.New("the server did not name the subprotocol " + Subprotocol)}
	}
	conn.SetReadLimit(maxMessage)
	w := &wire{
		conn: conn, incoming: make(chan []byte, backlog), outgoing: make(chan outgoing),
		closing: make(chan struct{}), finished: make(chan struct{}),
	}
	w.working.Go(w.read)
	w.working.Go(w.write)
	return w, response.Header, nil
}

// transport speaks HTTP/1.1, keeps no connection and asks for no proxy.
func (n Network) transport() *http.Transport {
	transport := &http.Transport{DialContext: n.Dial, DisableKeepAlives: true, Protocols: new(http.Protocols)}
	transport.Protocols.SetHTTP1(true)
	if n.TLS != nil {
		transport.TLSClientConfig = n.TLS.Clone()
	}
	return transport
}

// delete takes something at a tunnel server back. It fails with a *TunnelError.
func (n Network) delete(ctx context.Context, url string) error {
	transport := n.transport()
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodDelete, "https"+strings.TrimPrefix(url, "wss"), nil)
	if err != nil {
		return &TunnelError{URL: url, Err: err}
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return &TunnelError{URL: url, Err: err}
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		return &TunnelError{URL: url, Status: response.StatusCode, Err: errors.New("not taken back")}
	}
	return nil
}

// read hands over messages until the connection ends.
func (w *wire) read() {
	defer close(w.incoming)
	for {
		kind, message, err := w.conn.Read(context.Background()) // ended by close
		if err == nil && kind != websocket.MessageBinary {
			err = &ProtocolError{Problem: "a text message came through the tunnel"}
		}
		if err != nil {
			w.broken = w.reason(err)
			return
		}
		select {
		case w.incoming <- message:
		case <-w.closing:
			w.broken = ErrClosed
			return
		}
	}
}

// reason says why the wire broke, in our words.
func (w *wire) reason(err error) error {
	select {
	case <-w.closing:
		return ErrClosed
	default:
	}
	var irregular *ProtocolError
	if errors.As(err, &irregular) {
		return irregular
	}
	if errors.Is(err, websocket.ErrMessageTooBig) {
		return &ProtocolError{Problem: fmt.Sprintf("a message of more than %d bytes came through the tunnel", maxMessage), Err: err}
	}
	return fmt.Errorf("hybrid: %w: %w", ErrVanished, err)
}

// receive waits for a message.
func (w *wire) receive(ctx context.Context) ([]byte, error) {
	select {
	case message, open := <-w.incoming:
		if !open {
			return nil, w.broken
		}
		return message, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// send sends a message. When ctx ends before it goes out, the connection is closed: without that message, the next one would make no
// sense. When ctx ends later, nobody knows whether it arrives.
func (w *wire) send(ctx context.Context, message []byte) error {
	o := outgoing{message: message, result: make(chan error, 1)}
	select {
	case w.outgoing <- o:
	case <-w.finished:
		return ErrClosed
	case <-ctx.Done():
		w.close()
		return ctx.Err()
	}
	select {
	case err := <-o.result:
		if err != nil {
			return w.reason(err)
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// write sends what is to be sent until the connection is closed.
func (w *wire) write() {
	for {
		select {
		case o := <-w.outgoing:
			w.writing.Store(true)
			err := w.conn.Write(context.Background(), websocket.MessageBinary, o.message) // ended by close
			w.writing.Store(false)
			o.result <- err
		case <-w.finished:
			return
		}
	}
}

// goodbye is how long the last message may take, as long as the WebSocket's own may.
const goodbye = 5 * time.Second

// sendLast sends a message that nobody is waiting for, and is not held up by a connection that is stuck.
func (w *wire) sendLast(send func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	_ = send(ctx) // whoever has gone need not be told
}

// leave says that whatever breaks from now on is our own doing. What is sent still goes out.
func (w *wire) leave() { w.left.Do(func() { close(w.closing) }) }

// close ends the connection and the goroutines that serve it, and may be called again. It says goodbye, and waits up to five
// seconds for the server to do so too; a server that has gone, or takes nothing any more, is not waited for.
func (w *wire) close() {
	w.leave()
	w.closed.Do(func() {
		if w.writing.Load() {
			_ = w.conn.CloseNow() // it is closed, whatever the server thinks of it
		} else {
			_ = w.conn.Close(websocket.StatusNormalClosure, "") // likewise
		}
		close(w.finished)
	})
	w.working.Wait()
}
