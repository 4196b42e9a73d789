package hybrid_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/passkeylab/passkeylab/virtualauth/hybrid"
)

// A tunnel that breaks at any message leaves a typed error on both ends, and no goroutine.
func TestATunnelThatBreaksAtAnyMessage(t *testing.T) {
	// The client's message, the phone's, post-handshake, request, answer, shutdown.
	for drop := 1; drop <= 6; drop++ {
		t.Run(fmt.Sprintf("at message %d", drop), func(t *testing.T) {
			p := newPair(t)
			p.relay.drop = drop
			link, phone, err := p.meet(t, echo{})
			switch {
			case drop <= 3:
				if !errors.Is(err, hybrid.ErrVanished) {
					t.Errorf("the computer connected with %v", err)
				}
			case err != nil:
				t.Fatal(err)
			default:
				_, err := link.Exchange(t.Context(), []byte{1})
				if drop <= 5 && !errors.Is(err, hybrid.ErrVanished) || drop > 5 && err != nil {
					t.Errorf("the computer was answered with %v", err)
				}
				_ = link.Close()
			}
			if err := phone.wait(t); !errors.Is(err, hybrid.ErrVanished) {
				t.Errorf("the phone ended with %v", err)
			}
		})
	}
}

// The same for a phone whose person is still thinking.
func TestATunnelThatBreaksWhileThePhoneWorks(t *testing.T) {
	p := newPair(t)
	cancelled := make(chan struct{})
	begun := make(chan struct{})
	link, phone := p.mustMeet(t, answering(func(ctx context.Context, _ []byte) ([]byte, error) {
		close(begun)
		<-ctx.Done()
		close(cancelled)
		return nil, ctx.Err()
	}))
	go func() {
		<-begun
		p.relay.hangUp()
	}()
	if _, err := link.Exchange(t.Context(), []byte{1}); !errors.Is(err, hybrid.ErrVanished) {
		t.Errorf("the computer got %v", err)
	}
	if err := phone.wait(t); !errors.Is(err, hybrid.ErrVanished) {
		t.Errorf("the phone got %v", err)
	}
	<-cancelled
}

// What is changed, repeated, left out or moved on its way ends the tunnel.
func TestMessagesThatAreSpoiltOnTheirWay(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(from string, number int, message []byte) [][]byte
		serve string // what the phone notices; empty for the end of the tunnel
		asked string // what the computer notices; likewise
	}{
		{"A-HYB-017: a request is repeated", func(from string, number int, m []byte) [][]byte {
			if from == "desktop" && number == 2 {
				return [][]byte{m, m}
			}
			return [][]byte{m}
		}, "protocol", ""},
		{"A-HYB-017: an update before the answer is left out", func(from string, number int, m []byte) [][]byte {
			if from == "phone" && number == 3 {
				return nil
			}
			return [][]byte{m}
		}, "", "protocol"},
		{"one bit of a request is changed", func(from string, number int, m []byte) [][]byte {
			if from == "desktop" && number == 2 {
				m[0] ^= 1
			}
			return [][]byte{m}
		}, "protocol", ""},
		{"one bit of an answer is changed", func(from string, number int, m []byte) [][]byte {
			if from == "phone" && number == 3 {
				m[len(m)-1] ^= 1
			}
			return [][]byte{m}
		}, "", "protocol"},
		{"an answer is cut", func(from string, number int, m []byte) [][]byte {
			if from == "phone" && number == 3 {
				return [][]byte{m[:15]}
			}
			return [][]byte{m}
		}, "", "protocol"},
		{"a request is too large", func(from string, number int, m []byte) [][]byte {
			if from == "desktop" && number == 2 {
				m = append(m, make([]byte, 1<<20)...)
			}
			return [][]byte{m}
		}, "protocol", ""},
		{"an empty message precedes a request", func(from string, number int, m []byte) [][]byte {
			if from == "desktop" && number == 2 {
				return [][]byte{{}, m}
			}
			return [][]byte{m}
		}, "protocol", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPair(t)
			p.relay.spoil = c.spoil
			link, phone := p.mustMeet(t, echo{}, func(s *hybrid.Session) error {
				if !strings.Contains(c.name, "update") {
					return nil
				}
				_, err := s.Link(t.Context(), &hybrid.Remembered{ContactID: []byte("contact")}, "")
				return err
			})
			_, err := link.Exchange(t.Context(), []byte{1})
			if c.asked != "" && !is(err, c.asked) || err == nil && c.serve == "" {
				t.Errorf("the computer got %v", err)
			}
			_ = link.Close()
			if err := phone.wait(t); c.serve != "" && !is(err, c.serve) {
				t.Errorf("the phone ended with %v", err)
			}
		})
	}
}

func TestTunnelServersThatRefuse(t *testing.T) {
	status := func(code int) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(code); return true }
	}
	for _, c := range []struct {
		name   string
		set    func(*pair)
		status int
		gone   bool
	}{
		{"404", func(p *pair) { p.answers(status(404)) }, 404, false},
		{"410", func(p *pair) { p.answers(status(410)) }, 410, true},
		{"another subprotocol", func(p *pair) { p.relay.subprotocol = "chat" }, 101, false},
		{"no routing id", func(p *pair) { p.relay.routing = "" }, 101, false},
		{"a routing id of two bytes", func(p *pair) { p.relay.routing = "0102" }, 101, false},
		{"a routing id that is no hex", func(p *pair) { p.relay.routing = "01020g" }, 101, false},
		{"a certificate that nobody knows", func(p *pair) { p.phone.Network.TLS = nil }, 0, false},
		{"nobody at all", func(p *pair) {
			p.phone.Network.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no route") }
		}, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPair(t)
			c.set(p)
			offer, err := p.desktop.Invite()
			if err != nil {
				t.Fatal(err)
			}
			err = p.scan(t.Context(), offer.QR.String(), echo{}).wait(t)
			var refused *hybrid.TunnelError
			if !errors.As(err, &refused) || refused.Status != c.status || !strings.HasPrefix(refused.URL, "wss://cable.ua5v.com/cable/new/") {
				t.Fatalf("got %v", err)
			}
			if errors.Is(err, hybrid.ErrGone) != c.gone {
				t.Errorf("gone: %v", err)
			}
		})
	}
}

// answers lets the tunnel server answer without a tunnel.
func (p *pair) answers(answer func(http.ResponseWriter, *http.Request) bool) { p.relay.answer = answer }

// A tunnel server that says something that is no answer at all, and one that says nothing.
func TestTextThroughTheTunnelEndsIt(t *testing.T) {
	p := newPair(t)
	p.relay.answer = func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set(hybrid.HeaderRoutingID, "010203")
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{hybrid.Subprotocol}})
		if err != nil {
			return true
		}
		defer conn.CloseNow()
		_ = conn.Write(r.Context(), websocket.MessageText, []byte("hello"))
		_, _, _ = conn.Read(context.Background())
		return true
	}
	offer, err := p.desktop.Invite()
	if err != nil {
		t.Fatal(err)
	}
	ctx, deaf := context.WithCancel(t.Context())
	listening := make(chan struct{})
	go func() { defer close(listening); _, _ = offer.Listen(ctx, p.air) }()
	var wrong *hybrid.ProtocolError
	if err := p.scan(t.Context(), offer.QR.String(), echo{}).wait(t); !errors.As(err, &wrong) {
		t.Errorf("got %v", err)
	}
	deaf()
	<-listening
}

// Contexts that end at each stage.
func TestContextsThatEnd(t *testing.T) {
	p := newPair(t)
	offer, err := p.desktop.Invite()
	if err != nil {
		t.Fatal(err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	dial := func() *hybrid.Waiting {
		invitation, err := p.phone.Scan(offer.QR.String())
		if err != nil {
			t.Fatal(err)
		}
		waiting, err := invitation.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return waiting
	}
	advertise := func() *hybrid.Advertised {
		advertised, err := dial().Advertise(t.Context(), p.air)
		if err != nil {
			t.Fatal(err)
		}
		return advertised
	}
	invitation, err := p.phone.Scan(offer.QR.String())
	if err != nil {
		t.Fatal(err)
	}
	for name, stage := range map[string]func() error{
		"Invitation.Dial":    func() error { _, err := invitation.Dial(over); return err },
		"Waiting.Advertise":  func() error { _, err := dial().Advertise(over, p.air); return err },
		"Advertised.Respond": func() error { _, err := advertise().Respond(over); return err },
		"Offer.Listen":       func() error { _, err := offer.Listen(over, p.air); return err },
	} {
		if err := stage(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// And what was opened and never used is closed.
	_ = advertise().Close()
	_ = dial().Close()
}

func TestAContextThatEndsUnderServe(t *testing.T) {
	p := newPair(t)
	offer, err := p.desktop.Invite()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	phone := p.scan(ctx, offer.QR.String(), echo{})
	link, err := p.connect(t.Context(), offer)
	if err != nil {
		t.Fatal(err)
	}
	defer link.Close()
	cancel()
	if err := phone.wait(t); !errors.Is(err, context.Canceled) {
		t.Errorf("the phone ended with %v", err)
	}
	if _, err := link.Exchange(t.Context(), []byte{1}); !errors.Is(err, hybrid.ErrVanished) {
		t.Errorf("the computer got %v", err)
	}
}

// A context is for the stage that got it, and for no later one.
func TestAContextMayEndBehindItsStage(t *testing.T) {
	p := newPair(t)
	offer, err := p.desktop.Invite()
	if err != nil {
		t.Fatal(err)
	}
	met := make(chan *hybrid.Session)
	go func() {
		defer close(met)
		invitation, err := p.phone.Scan(offer.QR.String())
		if err != nil {
			t.Error(err)
			return
		}
		waiting, err := during(t, invitation.Dial)
		if err != nil {
			t.Error(err)
			return
		}
		if err := p.air.Await(t.Context(), 1); err != nil {
			t.Error(err)
		}
		advertised, err := during(t, func(ctx context.Context) (*hybrid.Advertised, error) { return waiting.Advertise(ctx, p.air) })
		if err != nil {
			t.Error(err)
			return
		}
		session, err := during(t, advertised.Respond)
		if err != nil {
			t.Error(err)
			return
		}
		met <- session
		if err := session.Serve(t.Context(), p.info, echo{}); err != nil {
			t.Error(err)
		}
	}()
	found, err := during(t, func(ctx context.Context) (*hybrid.Found, error) { return offer.Listen(ctx, p.air) })
	if err != nil {
		t.Fatal(err)
	}
	linking := make(chan *hybrid.Link)
	go func() {
		link, err := during(t, found.Connect)
		if err != nil {
			t.Error(err)
		}
		linking <- link
	}()
	<-met
	link := <-linking
	for range 2 {
		if _, err := during(t, func(ctx context.Context) ([]byte, error) { return link.Exchange(ctx, []byte{1}) }); err != nil {
			t.Error(err)
		}
	}
	_ = link.Close()
	<-met
}

// during calls a stage with a context that ends right behind it.
func during[Next any](t *testing.T, stage func(context.Context) (Next, error)) (Next, error) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	return stage(ctx)
}
