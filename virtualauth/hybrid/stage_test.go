package hybrid_test

import (
	"bytes"
	"context"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/hybrid"
)

// endless is a reader of bytes that look random and are the same each time.
type endless struct {
	mu   sync.Mutex
	seed byte
	at   uint64
}

func (e *endless) Read(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range p {
		e.at = e.at*6364136223846793005 + 1442695040888963407 + uint64(e.seed)
		p[i] = byte(e.at >> 56)
	}
	return len(p), nil
}

var moment = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func clock() time.Time { return moment }

// echo is an authenticator that answers each request with a status and the request.
type echo struct{}

func (echo) Exchange(_ context.Context, request []byte) ([]byte, error) {
	return append([]byte{0}, request...), nil
}

// answering is an authenticator made of a function.
type answering func(ctx context.Context, request []byte) ([]byte, error)

func (f answering) Exchange(ctx context.Context, request []byte) ([]byte, error) {
	return f(ctx, request)
}

// pair is both halves and what is between them.
type pair struct {
	*relay
	phone   *hybrid.Phone
	desktop *hybrid.Desktop
	air     *hybrid.Ether
	info    []byte
	told    *record
}

// record keeps the events of both halves.
type record struct {
	mu     sync.Mutex
	events []hybrid.Event
	heard  chan struct{}
}

func (r *record) observe(e hybrid.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
	close(r.heard)
	r.heard = make(chan struct{})
}

// await waits for an event whose title contains a text.
func (r *record) await(t testing.TB, text string) hybrid.Event {
	t.Helper()
	for {
		r.mu.Lock()
		heard := r.heard
		for _, e := range r.events {
			if strings.Contains(e.Title, text) {
				r.mu.Unlock()
				return e
			}
		}
		r.mu.Unlock()
		select {
		case <-heard:
		case <-t.Context().Done():
			t.Fatalf("never told of %q", text)
		}
	}
}

func newPair(t testing.TB) *pair {
	t.Helper()
	noLeaks(t)
	r := newRelay(t)
	told := &record{heard: make(chan struct{})}
	info, err := ctap2.Marshal(&ctap2.GetInfoResponse{Versions: []string{"FIDO_2_0"}})
	if err != nil {
		t.Fatal(err)
	}
	return &pair{
		relay: r, air: new(hybrid.Ether), info: info, told: told,
		phone:   &hybrid.Phone{Network: r.network(), Rand: &endless{seed: 1}, Now: clock, Observe: told.observe, Root: bytes.Repeat([]byte{7}, 32)},
		desktop: &hybrid.Desktop{Network: r.network(), Rand: &endless{seed: 2}, Now: clock, Observe: told.observe, Hint: hybrid.HintMakeCredential},
	}
}

// serving is the phone's half under way.
type serving struct {
	session *hybrid.Session // set before met is closed
	met     chan struct{}
	err     error // set before done is closed
	done    chan struct{}
}

// wait returns what became of the phone's half.
func (s *serving) wait(t testing.TB) error {
	t.Helper()
	select {
	case <-s.done:
		return s.err
	case <-t.Context().Done():
		t.Fatal("the phone never came to an end")
		return nil
	}
}

// scan is the phone's half, from the QR code to its end.
func (p *pair) scan(ctx context.Context, text string, authenticator ctap2.Transport, before ...func(*hybrid.Session) error) *serving {
	s := &serving{met: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(s.done)
		invitation, err := p.phone.Scan(text)
		if err != nil {
			s.err = err
			return
		}
		waiting, err := invitation.Dial(ctx)
		s.err = err
		if err == nil {
			p.respond(ctx, s, waiting, authenticator, before...)
		}
	}()
	return s
}

// respond is the phone's half from the tunnel on.
func (p *pair) respond(ctx context.Context, s *serving, waiting *hybrid.Waiting, authenticator ctap2.Transport, before ...func(*hybrid.Session) error) {
	defer waiting.Close()
	if s.err = p.air.Await(ctx, 1); s.err != nil {
		return
	}
	advertised, err := waiting.Advertise(ctx, p.air)
	if err != nil {
		s.err = err
		return
	}
	defer advertised.Close()
	session, err := advertised.Respond(ctx)
	if err != nil {
		s.err = err
		return
	}
	defer session.Close()
	s.session = session
	close(s.met)
	for _, do := range before {
		if s.err = do(session); s.err != nil {
			return
		}
	}
	s.err = session.Serve(ctx, p.info, authenticator)
}

// connect is the computer's half up to the link.
func (p *pair) connect(ctx context.Context, offer *hybrid.Offer) (*hybrid.Link, error) {
	found, err := offer.Listen(ctx, p.air)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	return found.Connect(ctx)
}

// meet brings both halves together.
func (p *pair) meet(t testing.TB, authenticator ctap2.Transport, before ...func(*hybrid.Session) error) (*hybrid.Link, *serving, error) {
	t.Helper()
	offer, err := p.desktop.Invite()
	if err != nil {
		t.Fatal(err)
	}
	s := p.scan(t.Context(), offer.QR.String(), authenticator, before...)
	link, err := p.connect(t.Context(), offer)
	if link != nil {
		t.Cleanup(func() { _ = link.Close() })
	}
	return link, s, err
}

// mustMeet is meet where nothing goes wrong.
func (p *pair) mustMeet(t testing.TB, authenticator ctap2.Transport, before ...func(*hybrid.Session) error) (*hybrid.Link, *serving) {
	t.Helper()
	link, s, err := p.meet(t, authenticator, before...)
	if err != nil {
		t.Fatal(err)
	}
	return link, s
}

// noLeaks fails the test when goroutines of this package, or of its WebSockets, are left at its end.
func noLeaks(t testing.TB) {
	t.Helper()
	t.Cleanup(func() {
		deadline := time.Now().Add(20 * time.Second)
		for {
			left := goroutines()
			if left == "" {
				return
			}
			if time.Now().After(deadline) {
				t.Errorf("goroutines are left:\n%s", left)
				return
			}
			runtime.Gosched()
		}
	})
}

// goroutines are those that should have ended.
func goroutines() string {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	var left []string
	for _, stack := range strings.Split(string(stacks), "\n\n") {
		ours := strings.Contains(stack, "/virtualauth/hybrid.") || strings.Contains(stack, "coder/websocket")
		if ours && !strings.Contains(stack, "hybrid_test.noLeaks") && !strings.Contains(stack, "testing.(*B)") {
			left = append(left, stack)
		}
	}
	return strings.Join(left, "\n\n")
}

var _ io.Reader = (*endless)(nil)
