package tunnel_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/passkeylab/passkeylab/virtualauth/hybrid/tunnel"
)

// set changes the faults of a server that runs.
func set(t *testing.T, server *tunnel.Server, faults tunnel.Faults) {
	t.Helper()
	if err := server.SetFaults(faults); err != nil {
		t.Fatal(err)
	}
}

func TestFaultsOfTheConnectionComeAndGo(t *testing.T) {
	server := start(t, tunnel.Options{Faults: tunnel.Faults{Refuse: true}})
	if _, response, err := dial(t, server, "/cable/new/"+tunnelID, nil); err == nil || response != nil {
		t.Errorf("a server that refuses answers %v", response)
	}
	set(t, server, tunnel.Faults{InterceptTLS: true})
	var wrong *tunnel.PinError
	if _, _, err := dial(t, server, "/cable/new/"+tunnelID, nil); !errors.As(err, &wrong) || wrong.Want != server.SPKI() || wrong.Got == wrong.Want {
		t.Errorf("an intercepted connection ends by %v", err)
	}
	set(t, server, tunnel.Faults{Status: http.StatusGone})
	if code, words := status(t, server, "/cable/new/"+tunnelID, nil); code != http.StatusGone || !strings.Contains(words, "Gone") {
		t.Errorf("got %d %s", code, words)
	}
	set(t, server, tunnel.Faults{})
	open(t, server, "/cable/new/"+tunnelID, nil)
	if m := server.Metrics(); m.Rejected["fault"] != 1 || m.Requests["new 410"] != 1 || m.Requests["new 101"] != 1 {
		t.Errorf("the metrics are %+v", m)
	}
}

func TestAServerThatHangsNeverAnswers(t *testing.T) {
	server := start(t, tunnel.Options{Faults: tunnel.Faults{Hang: true}})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	conn := tls.Client(plain(t, server), server.Network().TLS)
	dialled := make(chan error, 1)
	go func() { dialled <- conn.HandshakeContext(ctx) }()
	if !eventually(func() bool { return server.Metrics().Rejected["fault"] == 1 }) {
		t.Fatal("nobody connected")
	}
	if got := server.Metrics().Connections; got != 1 {
		t.Errorf("%d connections hang", got)
	}
	cancel() // only the client's patience ends it
	if err := <-dialled; !errors.Is(err, context.Canceled) {
		t.Errorf("it ended by %v", err)
	}
	if !eventually(func() bool { return server.Metrics().Connections == 0 }) {
		t.Error("the connection of a client that left still hangs")
	}
}

func TestAnAnswerIsDelayed(t *testing.T) {
	var now clock
	server := start(t, tunnel.Options{Clock: &now, Faults: tunnel.Faults{Delay: 17 * time.Second}})
	dialled := make(chan error, 1)
	go func() {
		_, _, err := dial(t, server, "/cable/new/"+tunnelID, nil)
		dialled <- err
	}()
	now.pass(t, 17*time.Second)
	if err := <-dialled; err != nil {
		t.Error(err)
	}
}

// Both sides send in turn, the desktop first, as in a ceremony; the tunnel breaks at each boundary between two messages.
func TestATunnelBreaksAtEachMessageBoundary(t *testing.T) {
	const rounds = 3
	for _, from := range []string{"phone", "desktop"} {
		for after := range rounds {
			t.Run(fmt.Sprintf("after %d of the %s", after, from), func(t *testing.T) {
				faults, want := tunnel.Faults{}, 0 // messages that are delivered
				if from == "phone" {
					faults.FromPhone.DropAfter, want = new(after), 2*after
				} else {
					faults.FromDesktop.DropAfter, want = new(after), max(0, 2*after-1)
				}
				server := start(t, tunnel.Options{Faults: faults})
				phone, desktop := pair(t, server)
				got := 0
				var err error
				for turn := range 2 * rounds {
					sender, receiver := desktop, phone
					if turn%2 == 1 {
						sender, receiver = phone, desktop
					}
					_ = sender.Write(t.Context(), websocket.MessageBinary, []byte("x")) // the tunnel may have broken
					if _, err = next(t, receiver); err != nil {
						break
					}
					got++
				}
				if got != want || err == nil || websocket.CloseStatus(err) != -1 {
					t.Errorf("%d messages came instead of %d, and then %v", got, want, err)
				}
				if a, b := closed(t, phone), closed(t, desktop); a != -1 || b != -1 {
					t.Errorf("the sides were told %d and %d", a, b)
				}
				awaitEnd(t, server, "fault")
			})
		}
	}
}

func TestFaultsOfMessages(t *testing.T) {
	tests := []struct {
		name   string
		faults tunnel.MessageFaults
		want   []string // of the messages "ab", "", "cd"
	}{
		{"none", tunnel.MessageFaults{}, []string{"ab", "", "cd"}},
		{"the first byte of the first message", tunnel.MessageFaults{Corrupt: &tunnel.Corruption{}}, []string{"\x9eb", "", "cd"}},
		{"the second byte of the third message", tunnel.MessageFaults{Corrupt: &tunnel.Corruption{Message: 2, Byte: 1}}, []string{"ab", "", "c\x9b"}},
		{"a byte beyond the end", tunnel.MessageFaults{Corrupt: &tunnel.Corruption{Message: 2, Byte: 99}}, []string{"ab", "", "c\x9b"}},
		{"a byte of an empty message", tunnel.MessageFaults{Corrupt: &tunnel.Corruption{Message: 1}}, []string{"ab", "", "cd"}},
		{"nothing passes", tunnel.MessageFaults{HangAfter: new(0)}, nil},
		{"nothing passes after two", tunnel.MessageFaults{HangAfter: new(2)}, []string{"ab", ""}},
	}
	for _, test := range tests {
		for _, from := range []string{"phone", "desktop"} {
			t.Run(test.name+", from the "+from, func(t *testing.T) {
				server := start(t, tunnel.Options{})
				sender, receiver := pair(t, server)
				faults := tunnel.Faults{FromPhone: test.faults}
				if from == "desktop" {
					sender, receiver = receiver, sender
					faults = tunnel.Faults{FromDesktop: test.faults}
				}
				set(t, server, faults) // the tunnel is open already
				for _, message := range []string{"ab", "", "cd"} {
					send(t, sender, message)
				}
				for i, want := range test.want {
					if got := receive(t, receiver); got != want {
						t.Errorf("message %d is %q, not %q", i, got, want)
					}
				}
				send(t, receiver, "back") // the other direction is as honest as ever
				if got := receive(t, sender); got != "back" {
					t.Errorf("the answer is %q", got)
				}
				_ = sender.Close(websocket.StatusNormalClosure, "")
				if got := closed(t, receiver); got != websocket.StatusNormalClosure {
					t.Errorf("it is closed by %d", got)
				}
			})
		}
	}
}

func TestAMessageIsDelayed(t *testing.T) {
	var now clock
	delay := 13 * time.Second
	server := start(t, tunnel.Options{Clock: &now, Faults: tunnel.Faults{FromPhone: tunnel.MessageFaults{Delay: delay}}})
	phone, desktop := pair(t, server)
	send(t, phone, "slow")
	send(t, desktop, "fast")
	if got := receive(t, phone); got != "fast" {
		t.Errorf("got %q", got)
	}
	if got := server.Metrics().FromPhone.Messages; got != 0 {
		t.Errorf("%d messages were delivered before their time", got)
	}
	now.pass(t, delay)
	if got := receive(t, desktop); got != "slow" {
		t.Errorf("got %q", got)
	}
	send(t, phone, "never") // Close must not wait for it
}

func TestFaultsThatMakeNoSenseAreRefused(t *testing.T) {
	server := start(t, tunnel.Options{Faults: tunnel.Faults{Status: 503}})
	var wrong *tunnel.OptionError
	for _, code := range []int{-1, 99, 101, 200, 302, 399, 600} {
		if err := server.SetFaults(tunnel.Faults{Status: code}); !errors.As(err, &wrong) || !strings.Contains(wrong.Problem, "use 400 to 599") {
			t.Errorf("status %d: %v", code, err)
		}
	}
	if got := server.Faults().Status; got != 503 {
		t.Errorf("the fault is now %d", got)
	}
}

// A server of the internet, which trusts the system's roots, is not this one.
func TestOnlyWhoPinsTheKeyTrustsIt(t *testing.T) {
	server := start(t, tunnel.Options{})
	network := server.Network()
	strict := &http.Client{Transport: &http.Transport{DialContext: network.Dial, DisableKeepAlives: true}}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://cable.auth.com/", nil)
	if err != nil {
		t.Fatal(err)
	}
	var unknown x509.UnknownAuthorityError
	if response, err := strict.Do(request); !errors.As(err, &unknown) {
		if err == nil {
			_ = response.Body.Close()
		}
		t.Errorf("got %v", err)
	}
}
