package hybrid_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/hybrid"
)

// A-HYB-001 A-HYB-010 A-HYB-014 A-HYB-021: from the QR code to the second answer in one tunnel.
func TestAComputerAndAPhoneMeetByQRCode(t *testing.T) {
	p := newPair(t)
	link, phone := p.mustMeet(t, echo{})
	if !bytes.Equal(link.Info(), p.info) {
		t.Errorf("getInfo is %x", link.Info())
	}
	for _, request := range [][]byte{{1, 0xa0}, {2, 0xa1, 1, 2}} {
		response, err := link.Exchange(t.Context(), request)
		if err != nil || !bytes.Equal(response, append([]byte{0}, request...)) {
			t.Errorf("%x was answered with %x, %v", request, response, err)
		}
	}
	info, err := ctap2.GetInfo(t.Context(), link)
	if err != nil || len(info.Versions) != 1 {
		t.Errorf("getInfo through the link: %+v, %v", info, err)
	}
	if err := link.Close(); err != nil {
		t.Error(err)
	}
	if err := phone.wait(t); err != nil { // A-HYB-018
		t.Errorf("the phone ended with %v", err)
	}
	if _, err := link.Exchange(t.Context(), []byte{1}); !errors.Is(err, hybrid.ErrClosed) {
		t.Errorf("an exchange after Close: %v", err)
	}
	p.requestsAre(t, "cable.ua5v.com/cable/new/", "cable.ua5v.com/cable/connect/0a0b0c/")
}

func (r *relay) requestsAre(t *testing.T, prefixes ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, prefix := range prefixes {
		if len(r.requests) != len(prefixes) || !strings.HasPrefix(r.requests[i], prefix) {
			t.Fatalf("the tunnel server was asked for %q, not %q", r.requests, prefixes)
		}
	}
}

// Answers and requests of all sizes around the granularity of padding, and of many times that.
func TestMessagesOfAllSizesGoThrough(t *testing.T) { // A-HYB-015
	p := newPair(t)
	link, _ := p.mustMeet(t, echo{})
	for _, size := range []int{1, 2, 29, 30, 31, 32, 33, 61, 62, 63, 64, 1000, 7609, 100_000} {
		request := bytes.Repeat([]byte{1}, size)
		if size == 1 {
			request[0] = byte(ctap2.CommandReset)
		}
		response, err := link.Exchange(t.Context(), request)
		if err != nil || len(response) != size+1 {
			t.Fatalf("%d bytes were answered with %d, %v", size, len(response), err)
		}
	}
}

// A-HYB-025: the person declines.
func TestARefusalOfThePersonIsAStatus(t *testing.T) {
	p := newPair(t)
	link, phone := p.mustMeet(t, answering(func(context.Context, []byte) ([]byte, error) { return []byte{byte(ctap2.OperationDenied)}, nil }))
	if err := ctap2.Selection(t.Context(), link); !errors.Is(err, ctap2.OperationDenied) {
		t.Errorf("got %v", err)
	}
	_ = link.Close()
	if err := phone.wait(t); err != nil {
		t.Errorf("the phone ended with %v", err)
	}
}

// A-HYB-018 A-HYB-026: a client that gives up takes the request back, and no answer is sent.
func TestTheEndOfAnExchangeCancelsThePhonesWork(t *testing.T) {
	p := newPair(t)
	begun := make(chan struct{})
	link, phone := p.mustMeet(t, answering(func(ctx context.Context, _ []byte) ([]byte, error) {
		close(begun)
		<-ctx.Done()
		return nil, ctx.Err()
	}))
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-begun; cancel() }()
	if _, err := link.Exchange(ctx, []byte{1}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := phone.wait(t); !errors.Is(err, hybrid.ErrShutdown) {
		t.Errorf("the phone ended with %v", err)
	}
	if _, err := link.Exchange(t.Context(), []byte{1}); !errors.Is(err, hybrid.ErrClosed) {
		t.Errorf("an exchange afterwards: %v", err)
	}
}

// A-HYB-026: a client that vanishes without a word does the same.
func TestAClientThatVanishesCancelsThePhonesWork(t *testing.T) {
	p := newPair(t)
	p.desktop.Misbehave.NoShutdown = true
	begun := make(chan struct{})
	link, phone := p.mustMeet(t, answering(func(ctx context.Context, _ []byte) ([]byte, error) {
		close(begun)
		<-ctx.Done()
		return nil, ctx.Err()
	}))
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-begun; cancel() }()
	if _, err := link.Exchange(ctx, []byte{1}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := phone.wait(t); !errors.Is(err, hybrid.ErrVanished) {
		t.Errorf("the phone ended with %v", err)
	}
}

func TestAPhoneThatIsClosedLetsTheComputerKnow(t *testing.T) {
	p := newPair(t)
	begun := make(chan struct{})
	link, phone := p.mustMeet(t, answering(func(ctx context.Context, _ []byte) ([]byte, error) {
		close(begun)
		<-ctx.Done()
		return nil, ctx.Err()
	}))
	go func() { <-begun; _ = phone.session.Close() }()
	if _, err := link.Exchange(t.Context(), []byte{1}); !errors.Is(err, hybrid.ErrVanished) {
		t.Errorf("got %v", err)
	}
	if err := phone.wait(t); !errors.Is(err, hybrid.ErrClosed) {
		t.Errorf("the phone ended with %v", err)
	}
}

func TestAnAuthenticatorThatFailsEndsTheTunnel(t *testing.T) {
	p := newPair(t)
	broken := errors.New("the key store is gone")
	link, phone := p.mustMeet(t, answering(func(context.Context, []byte) ([]byte, error) { return nil, broken }))
	if _, err := link.Exchange(t.Context(), []byte{1}); !errors.Is(err, hybrid.ErrVanished) {
		t.Errorf("got %v", err)
	}
	if err := phone.wait(t); !errors.Is(err, broken) {
		t.Errorf("the phone ended with %v", err)
	}
}

// Both halves tell what went over, and nothing that must stay secret.
func TestEventsTellEverythingButSecrets(t *testing.T) {
	p := newPair(t)
	memory := &hybrid.Remembered{ContactID: []byte("contact")}
	p.desktop.Linking = true
	offer, err := p.desktop.Invite()
	if err != nil {
		t.Fatal(err)
	}
	phone := p.scan(t.Context(), offer.QR.String(), echo{}, func(s *hybrid.Session) error {
		_, err := s.Link(t.Context(), memory, "Mia's phone")
		return err
	})
	link, err := p.connect(t.Context(), offer)
	if err != nil {
		t.Fatal(err)
	}
	linked, err := link.Linked(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := link.Exchange(t.Context(), []byte{1, 0xa0}); err != nil {
		t.Fatal(err)
	}
	_ = link.Close()
	if err := phone.wait(t); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, e := range p.told.events {
		if !e.At.Equal(moment) {
			t.Errorf("%s happened at %v", e.Title, e.At)
		}
		for what, secret := range map[string][]byte{"QR secret": offer.QR.Secret[:], "link secret": linked.Secret[:], "root": p.phone.Root} {
			if bytes.Contains(e.Bytes, secret) || strings.Contains(e.Title, hex.EncodeToString(secret)) {
				t.Errorf("%s %q tells the %s", e.Layer, e.Title, what)
			}
		}
		title, _, _ := strings.Cut(e.Title, " at wss")
		title, _, _ = strings.Cut(title, ",")
		got[string(e.Layer)+" "+string(e.Direction)+" "+title] = hex.EncodeToString(e.Bytes)
	}
	for _, want := range []string{
		"qr sent QR code shown", "qr received QR code read", "tunnel  tunnel opened", "advert sent advert", "advert received advert of the phone",
		"handshake sent client's message", "handshake received client's message", "handshake sent phone's message", "handshake received phone's message",
		"frame sent post-handshake", "frame received post-handshake", "frame sent update", "frame received update",
		"frame sent CTAP", "frame received CTAP", "frame sent shutdown", "frame received shutdown",
	} {
		if _, told := got[want]; !told {
			t.Errorf("nobody told %q, only %v", want, got)
		}
	}
	if got["frame sent CTAP"] != "010001a0" || got["frame sent shutdown"] != "00" {
		t.Errorf("frames were told as %q and %q", got["frame sent CTAP"], got["frame sent shutdown"])
	}
}

func TestAFinishedStagePanics(t *testing.T) {
	p := newPair(t)
	offer, err := p.desktop.Invite()
	if err != nil {
		t.Fatal(err)
	}
	invitation, err := p.phone.Scan(offer.QR.String())
	if err != nil {
		t.Fatal(err)
	}
	waiting, err := invitation.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_ = waiting.Close()
	_ = waiting.Close()
	_ = invitation.Close()
	_ = offer.Close()
	for name, reuse := range map[string]func(){
		"Invitation.Dial":   func() { _, _ = invitation.Dial(t.Context()) },
		"Waiting.Advertise": func() { _, _ = waiting.Advertise(t.Context(), p.air) },
		"Offer.Listen":      func() { _, _ = offer.Listen(t.Context(), p.air) },
	} {
		func() {
			defer func() {
				if problem, is := recover().(string); !is || !strings.Contains(problem, name) {
					t.Errorf("%s after its end: %v", name, problem)
				}
			}()
			reuse()
		}()
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	p := newPair(t)
	offer, err := p.desktop.Invite()
	if err != nil {
		t.Fatal(err)
	}
	text := offer.QR.String()
	noRand, noRoot := &hybrid.Phone{}, &hybrid.Phone{Rand: p.phone.Rand}
	for missing, fail := range map[string]func() error{
		"Desktop.Rand": func() error { _, err := new(hybrid.Desktop).Invite(); return err },
		"Phone.Rand":   func() error { _, err := noRand.Scan(text); return err },
		"Phone.Root": func() error {
			_, err := noRoot.Reach(t.Context(), &hybrid.Remembered{ContactID: []byte{1}})
			return err
		},
		"Remembered.ContactID": func() error { _, err := p.phone.Reach(t.Context(), new(hybrid.Remembered)); return err },
	} {
		var setup *hybrid.SetupError
		if err := fail(); !errors.As(err, &setup) || setup.Missing != missing || !strings.Contains(err.Error(), missing) {
			t.Errorf("without %s: %v", missing, err)
		}
	}
}
