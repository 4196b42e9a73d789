package tunnel_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/passkeylab/passkeylab/virtualauth/hybrid/tunnel"
)

func TestMessagesPassWholeAndInOrder(t *testing.T) {
	server := start(t, tunnel.Options{})
	phone, desktop := pair(t, server)
	for _, size := range []int{0, 1, 125, 126, 65535, 65536, 1 << 20} {
		message := strings.Repeat("x", size)
		send(t, desktop, message)
		if got := receive(t, phone); got != message {
			t.Errorf("of %d bytes %d came to the phone", size, len(got))
		}
		send(t, phone, message)
		if got := receive(t, desktop); got != message {
			t.Errorf("of %d bytes %d came to the desktop", size, len(got))
		}
	}
	for i := range 50 {
		send(t, phone, fmt.Sprint(i))
	}
	for i := range 50 {
		if got := receive(t, desktop); got != fmt.Sprint(i) {
			t.Fatalf("message %d is %s", i, got)
		}
	}
}

func TestWhatIsSentTooEarlyWaits(t *testing.T) {
	server := start(t, tunnel.Options{})
	phone, response := open(t, server, "/cable/new/"+tunnelID, nil)
	send(t, phone, "first")
	send(t, phone, "second")
	desktop, _ := open(t, server, "/cable/connect/"+response.Header.Get("X-caBLE-Routing-ID")+"/"+tunnelID, nil)
	if a, b := receive(t, desktop), receive(t, desktop); a != "first" || b != "second" {
		t.Errorf("got %q, %q", a, b)
	}
}

// What Chromium 156 sends, byte for byte.
func TestAChromiumIsAnswered(t *testing.T) {
	server := start(t, tunnel.Options{})
	_, response := open(t, server, "/cable/new/"+tunnelID, nil)
	routing := response.Header.Get("X-caBLE-Routing-ID")
	if !regexp.MustCompile(`^[0-9a-f]{6}$`).MatchString(routing) {
		t.Errorf("the routing id is %q", routing)
	}
	if got := response.Header.Get("Sec-WebSocket-Protocol"); got != "fido.cable" {
		t.Errorf("the phone's subprotocol is %q", got)
	}
	network := server.Network()
	raw, err := network.Dial(t.Context(), "tcp", "cable.ua5v.com:443")
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	config := network.TLS.Clone()
	config.ServerName = "cable.ua5v.com"
	conn := tls.Client(raw, config)
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "GET /cable/connect/%s/%s HTTP/1.1\r\nHost: cable.ua5v.com\r\nConnection: Upgrade\r\nPragma: no-cache\r\n"+
		"Cache-Control: no-cache\r\nUpgrade: websocket\r\nOrigin: wss://cable.ua5v.com\r\nSec-WebSocket-Version: 13\r\n"+
		"Accept-Encoding: gzip, deflate, br, zstd\r\nSec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n"+
		"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\nSec-WebSocket-Protocol: fido.cable\r\n\r\n",
		strings.ToUpper(routing), strings.ToUpper(tunnelID))
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != http.StatusSwitchingProtocols || answer.Header.Get("Sec-WebSocket-Protocol") != "fido.cable" ||
		answer.Header.Get("Sec-WebSocket-Extensions") != "" || answer.Header.Get("Sec-WebSocket-Accept") == "" {
		t.Errorf("the answer is %s %v", answer.Status, answer.Header)
	}
}

func TestWhenOneSideGoesSoDoesTheOther(t *testing.T) {
	text := func(t *testing.T, conn *websocket.Conn) {
		if err := conn.Write(t.Context(), websocket.MessageText, []byte("hello")); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name       string
		leave      func(t *testing.T, conn *websocket.Conn)
		own, other websocket.StatusCode // own 0: it closed by itself
		reason     string
	}{
		{"it is done", func(_ *testing.T, conn *websocket.Conn) { _ = conn.Close(websocket.StatusNormalClosure, "") }, 0, websocket.StatusNormalClosure, " left"},
		{"it has a code of its own", func(_ *testing.T, conn *websocket.Conn) { _ = conn.Close(4321, "") }, 0, 4321, " left"},
		{"it breaks off", func(_ *testing.T, conn *websocket.Conn) { _ = conn.CloseNow() }, 0, websocket.StatusGoingAway, " left"},
		{"it sends text", text, websocket.StatusUnsupportedData, websocket.StatusGoingAway, " sent text"},
		{"it sends too large a message", func(t *testing.T, conn *websocket.Conn) {
			_ = conn.Write(t.Context(), websocket.MessageBinary, make([]byte, 1<<20+1)) // it may break off before all is written
		}, websocket.StatusMessageTooBig, websocket.StatusGoingAway, " sent too large a message"},
	}
	for _, test := range tests {
		for _, who := range []string{"phone", "desktop"} {
			t.Run(test.name+", the "+who, func(t *testing.T) {
				server := start(t, tunnel.Options{})
				leaver, stayer := pair(t, server)
				if who == "desktop" {
					leaver, stayer = stayer, leaver
				}
				send(t, leaver, "hello")
				receive(t, stayer)
				left := make(chan struct{})
				go func() { test.leave(t, leaver); close(left) }()
				if got := closed(t, stayer); got != test.other {
					t.Errorf("the other side is closed by %d, not %d", got, test.other)
				}
				<-left
				if test.own != 0 {
					if got := closed(t, leaver); got != test.own {
						t.Errorf("it is closed by %d, not %d", got, test.own)
					}
				}
				awaitEnd(t, server, who+test.reason)
			})
		}
	}
}

// awaitEnd waits until a tunnel has ended for this reason.
func awaitEnd(t *testing.T, server *tunnel.Server, reason string) {
	t.Helper()
	if !eventually(func() bool { return server.Metrics().Ended[reason] == 1 }) {
		t.Errorf("no tunnel ended because %q: %v", reason, server.Metrics().Ended)
	}
}

func TestAPhoneThatLeavesWhileItWaitsLeavesNoTunnel(t *testing.T) {
	server := start(t, tunnel.Options{})
	phone, response := open(t, server, "/cable/new/"+tunnelID, nil)
	_ = phone.Close(websocket.StatusNormalClosure, "")
	awaitEnd(t, server, "phone left")
	if code, words := status(t, server, "/cable/connect/"+response.Header.Get("X-caBLE-Routing-ID")+"/"+tunnelID, nil); code != http.StatusGone || !strings.Contains(words, "over") {
		t.Errorf("%d %s", code, words)
	}
	open(t, server, "/cable/new/"+tunnelID, nil) // the same QR code once more
}

func TestTunnelsEndWhenTheirTimeIsOver(t *testing.T) {
	limits := tunnel.Limits{Wait: 3 * time.Minute, Idle: 7 * time.Minute}
	t.Run("nobody joins", func(t *testing.T) {
		var now clock
		server := start(t, tunnel.Options{Limits: limits, Clock: &now})
		phone, _ := open(t, server, "/cable/new/"+tunnelID, nil)
		now.pass(t, limits.Wait)
		if got := closed(t, phone); got != websocket.StatusGoingAway {
			t.Errorf("the phone is closed by %d", got)
		}
		awaitEnd(t, server, "nobody joined")
	})
	t.Run("nobody speaks", func(t *testing.T) {
		var now clock
		server := start(t, tunnel.Options{Limits: limits, Clock: &now})
		phone, desktop := pair(t, server)
		send(t, phone, "hello")
		receive(t, desktop)
		now.pass(t, limits.Idle)
		if a, b := closed(t, phone), closed(t, desktop); a != websocket.StatusGoingAway || b != websocket.StatusGoingAway {
			t.Errorf("they are closed by %d and %d", a, b)
		}
		awaitEnd(t, server, "idle")
	})
}

func TestASideThatSpeaksWithoutEndIsSentAway(t *testing.T) {
	server := start(t, tunnel.Options{Limits: tunnel.Limits{Messages: 3}})
	phone, desktop := pair(t, server)
	for range 4 {
		send(t, phone, "and another thing")
	}
	for range 3 {
		receive(t, desktop)
	}
	if a, b := closed(t, phone), closed(t, desktop); a != websocket.StatusPolicyViolation || b != websocket.StatusGoingAway {
		t.Errorf("they are closed by %d and %d", a, b)
	}
}

func TestManyTunnelsAtOnceDoNotMix(t *testing.T) {
	server := start(t, tunnel.Options{})
	var pairs sync.WaitGroup
	for i := range 20 {
		phone, response := open(t, server, fmt.Sprintf("/cable/new/%032x", i), nil)
		desktop, _ := open(t, server, fmt.Sprintf("/cable/connect/%s/%032x", response.Header.Get("X-caBLE-Routing-ID"), i), nil)
		pairs.Go(func() {
			for j := range 20 {
				message := fmt.Sprintf("%d.%d", i, j)
				err := errors.Join(phone.Write(t.Context(), websocket.MessageBinary, []byte(message)), desktop.Write(t.Context(), websocket.MessageBinary, []byte(message)))
				_, there, err1 := desktop.Read(t.Context())
				_, back, err2 := phone.Read(t.Context())
				if err := errors.Join(err, err1, err2); err != nil || string(there) != message || string(back) != message {
					t.Errorf("%s became %s and %s, %v", message, there, back, err)
				}
			}
		})
	}
	pairs.Wait()
	if m := server.Metrics(); m.Joined != 20 || m.FromPhone.Messages != 400 || m.FromDesktop.Messages != 400 {
		t.Errorf("the metrics are %+v", m)
	}
}

func TestNothingThatIsRelayedIsLogged(t *testing.T) {
	var log lockedBuffer
	server := start(t, tunnel.Options{Log: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	phone, _ := open(t, server, "/cable/listen/"+contactID, nil)
	desktop, _ := open(t, server, "/cable/contact/"+contactID, http.Header{"X-Cable-Client-Payload": {"c0ffee"}})
	if joined := receive(t, phone); len(joined) != 22 {
		t.Fatalf("the notice has %d bytes", len(joined))
	}
	send(t, desktop, "secret-message")
	_ = desktop.Close(4002, "secret-reason")
	awaitEnd(t, server, "desktop left")
	if !eventually(func() bool { return strings.Contains(log.String(), `"reason":"desktop left"`) }) {
		t.Fatalf("the end is not logged: %s", log.String())
	}
	var metrics strings.Builder
	if _, err := server.Metrics().WriteTo(&metrics); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"secret", "c0ffee", contactID, "phone-of-Mia"} {
		if strings.Contains(log.String()+metrics.String(), secret) {
			t.Errorf("%s is told:\n%s\n%s", secret, log.String(), metrics.String())
		}
	}
}

type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
