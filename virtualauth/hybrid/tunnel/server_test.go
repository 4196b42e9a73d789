package tunnel_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/hybrid/tunnel"
)

// turnedAway opens a TCP connection that the server must end, which may be known as soon as it is dialled.
func turnedAway(t *testing.T, server *tunnel.Server) {
	t.Helper()
	conn, err := server.Network().Dial(t.Context(), "tcp", "cable.ua5v.com:443")
	if err != nil {
		return
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	ends(t, conn)
}

// plain opens a TCP connection that must not last longer than a test can wait.
func plain(t *testing.T, server *tunnel.Server) net.Conn {
	t.Helper()
	conn, err := server.Network().Dial(t.Context(), "tcp", "cable.ua5v.com:443")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// secured opens a TLS connection.
func secured(t *testing.T, server *tunnel.Server) *tls.Conn {
	t.Helper()
	config := server.Network().TLS.Clone()
	config.ServerName = "cable.ua5v.com"
	conn := tls.Client(plain(t, server), config)
	if err := conn.HandshakeContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	return conn
}

// ends fails the test when the other side does not end a connection.
func ends(t *testing.T, conn net.Conn) {
	t.Helper()
	_, err := io.Copy(io.Discard, conn)
	var late net.Error
	if errors.As(err, &late) && late.Timeout() {
		t.Error("the connection is still open")
	}
}

func TestTheCertificateIsForTunnelServers(t *testing.T) {
	server := start(t, tunnel.Options{Domains: []string{"cable.wufkweyy3uaxb.com"}})
	leaf := secured(t, server).ConnectionState().PeerCertificates[0]
	for _, name := range []string{"cable.ua5v.com", "cable.auth.com", "cable.wufkweyy3uaxb.com", "localhost", "127.0.0.1", "::1"} {
		if err := leaf.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	hash := sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	if want := base64.StdEncoding.EncodeToString(hash[:]); server.SPKI() != want {
		t.Errorf("the hash is %s, not %s", server.SPKI(), want)
	}
	want := []string{
		fmt.Sprintf("--host-resolver-rules=MAP cable.ua5v.com %[1]s,MAP cable.auth.com %[1]s,MAP cable.wufkweyy3uaxb.com %[1]s", server.Addr()),
		"--ignore-certificate-errors-spki-list=" + server.SPKI(),
	}
	if got := server.BrowserFlags(); !slices.Equal(got, want) {
		t.Errorf("the flags are %q", got)
	}
	if other := start(t, tunnel.Options{}); other.SPKI() == server.SPKI() {
		t.Error("two servers have one key")
	}
}

func TestAServerThatListensEverywhereIsReachedHere(t *testing.T) {
	server := start(t, tunnel.Options{Addr: "0.0.0.0:0"})
	secured(t, server)
	if rules := server.HostRules(); !strings.Contains(rules, "MAP cable.auth.com 127.0.0.1:") {
		t.Errorf("the rules are %s", rules)
	}
}

func TestHostileClientsAreEnded(t *testing.T) {
	impatient := tunnel.Limits{Header: 50 * time.Millisecond}
	tests := []struct {
		name   string
		limits tunnel.Limits
		attack func(t *testing.T, server *tunnel.Server)
	}{
		{"one that never begins TLS", impatient, func(t *testing.T, server *tunnel.Server) { ends(t, plain(t, server)) }},
		{"one that never ends its request", impatient, slowly("GET /cable/new/" + tunnelID + " HTTP/1.1\r\nHost: x\r\n")},
		{"one that never ends its body", impatient, slowly("POST /cable/new/" + tunnelID + " HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nx")},
		{"one that keeps the connection", impatient, slowly("GET / HTTP/1.1\r\nHost: x\r\n\r\n")},
		{"one that speaks no TLS", tunnel.Limits{}, func(t *testing.T, server *tunnel.Server) {
			conn := plain(t, server)
			fmt.Fprint(conn, "GET /cable/new/"+tunnelID+" HTTP/1.1\r\nHost: x\r\n\r\n")
			ends(t, conn)
		}},
		{"one with huge headers", tunnel.Limits{Headers: 1 << 10}, func(t *testing.T, server *tunnel.Server) {
			conn := secured(t, server)
			go func() { // the server need not read it all
				_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("x", 1<<20)+"\r\n\r\n")
			}()
			answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil || answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
				t.Errorf("got %v, %v", answer, err)
			}
		}},
		{"one that sends no frames", tunnel.Limits{}, func(t *testing.T, server *tunnel.Server) {
			conn := upgraded(t, server)
			fmt.Fprint(conn, strings.Repeat("\xff", 100))
			ends(t, conn)
		}},
		{"one that does not mask its frames", tunnel.Limits{}, func(t *testing.T, server *tunnel.Server) {
			conn := upgraded(t, server)
			fmt.Fprint(conn, "\x82\x01x")
			ends(t, conn)
		}},
		{"one that announces a huge frame", tunnel.Limits{}, func(t *testing.T, server *tunnel.Server) {
			conn := upgraded(t, server)
			fmt.Fprint(conn, "\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00")
			go func() { _, _ = io.CopyN(conn, rand.Reader, 4<<20) }() // the server need not read it all
			ends(t, conn)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := start(t, tunnel.Options{Limits: test.limits})
			test.attack(t, server)
			if !eventually(func() bool { m := server.Metrics(); return m.Connections == 0 && m.Waiting == 0 }) {
				t.Errorf("something is left: %+v", server.Metrics())
			}
			served := eventually(func() bool { _, _, err := dial(t, server, "/cable/new/"+tunnelID, nil); return err == nil })
			if !served {
				t.Error("the next one is not served")
			}
		})
	}
}

// slowly sends the beginning of a request and waits to be sent away, which may happen even before.
func slowly(beginning string) func(t *testing.T, server *tunnel.Server) {
	return func(t *testing.T, server *tunnel.Server) {
		conn := tls.Client(plain(t, server), server.Network().TLS)
		if err := conn.HandshakeContext(t.Context()); err == nil {
			_, _ = io.WriteString(conn, beginning)
		}
		ends(t, conn)
	}
}

// upgraded is a WebSocket without a library.
func upgraded(t *testing.T, server *tunnel.Server) net.Conn {
	t.Helper()
	conn := secured(t, server)
	fmt.Fprint(conn, "GET /cable/new/"+tunnelID+" HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\nSec-WebSocket-Protocol: fido.cable\r\n\r\n")
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("got %v, %v", answer, err)
	}
	return conn
}

func TestTooManyConnectionsAreTurnedAway(t *testing.T) {
	for name, limits := range map[string]tunnel.Limits{"of one address": {PerAddress: 2}, "of all": {Connections: 2}} {
		t.Run(name, func(t *testing.T) {
			server := start(t, tunnel.Options{Limits: limits})
			first := secured(t, server)
			secured(t, server)
			turnedAway(t, server)
			if m := server.Metrics(); m.Connections != 2 || m.Rejected["limit"] != 1 {
				t.Errorf("the metrics are %+v", m)
			}
			_ = first.Close()
			if !eventually(func() bool { return server.Metrics().Connections == 1 }) {
				t.Error("the connection of a client that left is still counted")
			}
			secured(t, server)
		})
	}
}

func TestCloseEndsEverything(t *testing.T) {
	for name, end := range map[string]func(server *tunnel.Server, cancel func()){
		"by Close":       func(server *tunnel.Server, _ func()) { _ = server.Close() },
		"by its context": func(_ *tunnel.Server, cancel func()) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			server, err := tunnel.Start(ctx, tunnel.Options{Rand: rand.Reader, MetricsAddr: "127.0.0.1:0"})
			if err != nil {
				t.Fatal(err)
			}
			phone, desktop := pair(t, server)
			waiting, _ := open(t, server, "/cable/new/ffffffffffffffffffffffffffffffff", nil)
			listening, _ := open(t, server, "/cable/listen/"+contactID, nil)
			idle := secured(t, server)
			end(server, cancel)
			for _, conn := range []interface{ CloseNow() error }{phone, desktop, waiting, listening} {
				_ = conn.CloseNow()
			}
			ends(t, idle)
			if !eventually(func() bool { return leftovers() == "" }) {
				t.Errorf("these still run:\n%s", leftovers())
			}
			for _, address := range []string{server.Addr(), server.MetricsAddr()} {
				if conn, err := net.Dial("tcp", address); err == nil {
					_ = conn.Close()
					t.Errorf("%s is still listened on", address)
				}
			}
			if err := server.Close(); err != nil {
				t.Errorf("a second Close: %v", err)
			}
		})
	}
}

func TestWhatCannotBeStartedIsSaid(t *testing.T) {
	server := start(t, tunnel.Options{})
	var wrong *tunnel.OptionError
	if _, err := tunnel.Start(t.Context(), tunnel.Options{}); !errors.As(err, &wrong) || wrong.Option != "Rand" {
		t.Errorf("without Rand: %v", err)
	}
	if _, err := tunnel.Start(t.Context(), tunnel.Options{Rand: rand.Reader, Faults: tunnel.Faults{Status: 1}}); !errors.As(err, &wrong) || wrong.Option != "Faults" {
		t.Errorf("with a fault that makes no sense: %v", err)
	}
	if _, err := tunnel.Start(t.Context(), tunnel.Options{Rand: strings.NewReader("ab")}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("without enough randomness: %v", err)
	}
	var taken *tunnel.ListenError
	if _, err := tunnel.Start(t.Context(), tunnel.Options{Rand: rand.Reader, Addr: server.Addr()}); !errors.As(err, &taken) || taken.Option != "Addr" || taken.Address != server.Addr() || !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("at an address that is taken: %v", err)
	}
	if _, err := tunnel.Start(t.Context(), tunnel.Options{Rand: rand.Reader, MetricsAddr: server.Addr()}); !errors.As(err, &taken) || taken.Option != "MetricsAddr" || !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("with metrics at an address that is taken: %v", err)
	}
}

func TestMetricsAreServedAsText(t *testing.T) {
	server := start(t, tunnel.Options{MetricsAddr: "127.0.0.1:0"})
	phone, desktop := pair(t, server)
	send(t, phone, "hello")
	receive(t, desktop)
	open(t, server, "/cable/listen/"+contactID, nil)
	awaitListening(t, server, 1)
	if code, _ := status(t, server, "/cable/new/1", nil); code != http.StatusBadRequest {
		t.Errorf("got %d", code)
	}
	ask := func(method, path string) (int, string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), method, "http://"+server.MetricsAddr()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		transport := &http.Transport{DisableKeepAlives: true}
		response, err := transport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		return response.StatusCode, string(text)
	}
	code, text := ask(http.MethodGet, "/metrics")
	for _, line := range []string{
		"# TYPE passkeylab_tunnel_open gauge",
		`passkeylab_tunnel_open{state="joined"} 1`, `passkeylab_tunnel_open{state="waiting"} 0`,
		"passkeylab_tunnel_listening 1",
		`passkeylab_tunnel_messages_total{from="phone"} 1`, `passkeylab_tunnel_bytes_total{from="phone"} 5`,
		`passkeylab_tunnel_requests_total{operation="new",status="101"} 1`,
		`passkeylab_tunnel_requests_total{operation="new",status="400"} 1`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("this line is missing: %s\n%s", line, text)
		}
	}
	if code != http.StatusOK {
		t.Errorf("got %d", code)
	}
	if code, _ := ask(http.MethodPost, "/metrics"); code != http.StatusMethodNotAllowed {
		t.Errorf("a POST is answered %d", code)
	}
	if code, _ := ask(http.MethodGet, "/"); code != http.StatusNotFound {
		t.Errorf("/ is answered %d", code)
	}
}
