package hybrid_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/hybrid"
)

// linkUp is a transaction by QR code in which the phone links.
func (p *pair) linkUp(t *testing.T, memory *hybrid.Remembered) (hybrid.Linked, error) {
	t.Helper()
	p.desktop.Linking = true
	link, phone := p.mustMeet(t, echo{}, func(s *hybrid.Session) error {
		_, err := s.Link(t.Context(), memory, "Mia's phone")
		return err
	})
	if _, err := link.Exchange(t.Context(), []byte{1}); err != nil { // the update came before
		t.Fatal(err)
	}
	_ = link.Close()
	linked, err := link.Linked(t.Context())
	if problem := phone.wait(t); problem != nil {
		t.Fatal(problem)
	}
	return linked, err
}

// reconnect is a transaction without a QR code, from both ends.
func (p *pair) reconnect(t *testing.T, linked hybrid.Linked, memory *hybrid.Remembered) (*hybrid.Link, *serving, error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	phone := &serving{met: make(chan struct{}), done: make(chan struct{})}
	reachable, err := p.phone.Reach(t.Context(), memory)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(phone.done)
		defer cancel() // the computer need not wait for a phone that does not come
		defer reachable.Close()
		phone.err = p.answer(t.Context(), phone, reachable)
	}()
	contact, err := p.desktop.Reconnect(linked)
	if err != nil {
		t.Fatal(err)
	}
	called, err := contact.Dial(ctx)
	if err != nil {
		return nil, phone, err
	}
	defer called.Close()
	found, err := called.Listen(ctx, p.air)
	if err != nil {
		return nil, phone, err
	}
	link, err := found.Connect(ctx)
	if link != nil {
		t.Cleanup(func() { _ = link.Close() })
	}
	return link, phone, err
}

// answer is the phone's half without a QR code.
func (p *pair) answer(ctx context.Context, phone *serving, reachable *hybrid.Reachable) error {
	summons, err := reachable.Await(ctx)
	if err != nil {
		return err
	}
	if summons.Hint != hybrid.HintMakeCredential {
		return errors.New("the hint was lost")
	}
	waiting, err := summons.Dial(ctx)
	if err != nil {
		return err
	}
	p.respond(ctx, phone, waiting, echo{})
	return phone.err
}

// A-HYB-022 A-HYB-023: an update links, and from then on no QR code is needed.
func TestALinkedPhoneNeedsNoQRCode(t *testing.T) {
	p := newPair(t)
	memory := &hybrid.Remembered{ContactID: []byte("contact")}
	linked, err := p.linkUp(t, memory)
	if err != nil {
		t.Fatal(err)
	}
	if linked.Name != "Mia's phone" || string(linked.ContactID) != "contact" || len(memory.Computers()) != 1 || memory.Computers()[0] != linked.LinkID {
		t.Errorf("the computer has %+v, the phone %x", linked, memory.Computers())
	}
	for range 2 { // a link is for any number of transactions
		link, phone, err := p.reconnect(t, linked, memory)
		if err != nil {
			t.Fatal(err)
		}
		if response, err := link.Exchange(t.Context(), []byte{1, 0xa0}); err != nil || len(response) != 3 {
			t.Errorf("got %x, %v", response, err)
		}
		_ = link.Close()
		if err := phone.wait(t); err != nil {
			t.Errorf("the phone ended with %v", err)
		}
		if _, err := phone.session.Link(t.Context(), memory, ""); err == nil {
			t.Error("a linked computer was linked again")
		}
	}
}

func TestLinkingInTheMiddleOfATransaction(t *testing.T) {
	p := newPair(t)
	p.desktop.Linking = true
	memory := &hybrid.Remembered{ContactID: []byte("contact")}
	link, phone := p.mustMeet(t, echo{})
	<-phone.met
	if _, err := link.Exchange(t.Context(), []byte{1}); err != nil {
		t.Fatal(err)
	}
	id, err := phone.session.Link(t.Context(), memory, "")
	if err != nil {
		t.Fatal(err)
	}
	if linked, err := link.Linked(t.Context()); err != nil || linked.LinkID != id {
		t.Errorf("the computer has %+v, %v", linked, err)
	}
	if _, err := link.Exchange(t.Context(), []byte{1}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// A-HYB-022: what is bogus or unasked is ignored, and the transaction goes on.
func TestLinkingInformationThatIsIgnored(t *testing.T) {
	for _, c := range []struct {
		name  string
		lie   byte
		asked bool
		told  string
	}{
		{"ForgeLink: the signature is another's", 1, true, "signature"},
		{"nobody asked", 0, false, "none was asked for"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPair(t)
			p.phone.Misbehave = hybrid.PhoneMisbehaviour{ForgeLink: c.lie}
			p.desktop.Linking = c.asked
			link, _ := p.mustMeet(t, echo{}, func(s *hybrid.Session) error {
				_, err := s.Link(t.Context(), &hybrid.Remembered{ContactID: []byte("contact")}, "")
				return err
			})
			if _, err := link.Exchange(t.Context(), []byte{1}); err != nil {
				t.Fatal(err)
			}
			if event := p.told.await(t, "ignored"); !strings.Contains(event.Title, c.told) {
				t.Errorf("told of %q", event.Title)
			}
			_ = link.Close()
			if linked, err := link.Linked(t.Context()); !errors.Is(err, hybrid.ErrClosed) {
				t.Errorf("linked with %+v, %v", linked, err)
			}
		})
	}
}

func TestAPhoneThatNeverLinksIsNotWaitedForForever(t *testing.T) {
	p := newPair(t)
	link, _ := p.mustMeet(t, echo{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := link.Linked(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestContactsThatAreRefused(t *testing.T) {
	nonce := [16]byte{1}
	for _, c := range []struct {
		name string
		lie  hybrid.DesktopMisbehaviour
		want [2]error // of the first contact and the second
	}{
		{"honest", hybrid.DesktopMisbehaviour{}, [2]error{}},
		{"A-HYB-024 ReplayNonce", hybrid.DesktopMisbehaviour{ReplayNonce: &nonce}, [2]error{nil, hybrid.ErrReplayed}},
		{"WrongLinkID", hybrid.DesktopMisbehaviour{WrongLinkID: true}, [2]error{hybrid.ErrUnknownLink, hybrid.ErrUnknownLink}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPair(t)
			memory := &hybrid.Remembered{ContactID: []byte("contact")}
			linked, err := p.linkUp(t, memory)
			if err != nil {
				t.Fatal(err)
			}
			p.desktop.Misbehave = c.lie
			for i, want := range c.want {
				link, phone, err := p.reconnect(t, linked, memory)
				if (err == nil) != (want == nil) {
					t.Errorf("contact %d: the computer got %v", i, err)
				}
				if link != nil {
					_ = link.Close()
				}
				if err := phone.wait(t); !errors.Is(err, want) {
					t.Errorf("contact %d: the phone got %v, want %v", i, err, want)
				}
			}
		})
	}
}

// A-HYB-012: NKpsk0 is there so that nobody else who knows the link's secret can be the phone.
func TestALinkedPhoneWithAnotherKeyIsNoticed(t *testing.T) {
	p := newPair(t)
	memory := &hybrid.Remembered{ContactID: []byte("contact")}
	linked, err := p.linkUp(t, memory)
	if err != nil {
		t.Fatal(err)
	}
	p.phone.Misbehave = hybrid.PhoneMisbehaviour{WrongIdentity: true}
	_, phone, err := p.reconnect(t, linked, memory)
	var wrong *hybrid.HandshakeError
	if !errors.As(err, &wrong) {
		t.Errorf("the computer got %v", err)
	}
	if err := phone.wait(t); !errors.Is(err, hybrid.ErrVanished) {
		t.Errorf("the phone got %v", err)
	}
}

func TestAForgottenComputerIsNotAnswered(t *testing.T) {
	p := newPair(t)
	memory := &hybrid.Remembered{ContactID: []byte("contact")}
	linked, err := p.linkUp(t, memory)
	if err != nil {
		t.Fatal(err)
	}
	memory.Forget(linked.LinkID)
	_, phone, _ := p.reconnect(t, linked, memory)
	if err := phone.wait(t); !errors.Is(err, hybrid.ErrUnknownLink) {
		t.Errorf("the phone got %v", err)
	}
	memory.Remember(linked.LinkID) // as after a restart
	link, _, err := p.reconnect(t, linked, memory)
	if err != nil {
		t.Fatal(err)
	}
	_ = link.Close()
}

// A-HYB-023: 410 makes the client forget.
func TestAPhoneThatUnlinksIsGone(t *testing.T) {
	p := newPair(t)
	memory := &hybrid.Remembered{ContactID: []byte("contact")}
	linked, err := p.linkUp(t, memory)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.phone.Unlink(t.Context(), memory); err != nil || len(memory.Computers()) != 0 {
		t.Errorf("unlinking: %v, and %d are left", err, len(memory.Computers()))
	}
	contact, err := p.desktop.Reconnect(linked)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := contact.Dial(t.Context()); !errors.Is(err, hybrid.ErrGone) {
		t.Errorf("got %v", err)
	}
}

// A phone that listens hears no more of one computer than of the next, and of nonsense in between.
func TestAPhoneListensOnAfterNonsense(t *testing.T) {
	p := newPair(t)
	memory := &hybrid.Remembered{ContactID: []byte("contact")}
	linked, err := p.linkUp(t, memory)
	if err != nil {
		t.Fatal(err)
	}
	reachable, err := p.phone.Reach(t.Context(), memory)
	if err != nil {
		t.Fatal(err)
	}
	defer reachable.Close()
	var wrong *hybrid.ProtocolError
	for _, notice := range [][]byte{{}, make([]byte, 18), make([]byte, 19), append(make([]byte, 19), 0xa0), append(make([]byte, 19), 0xa1, 1, 0x41, 0)} {
		p.relay.phone("Y29udGFjdA") <- notice
		if _, err := reachable.Await(t.Context()); !errors.As(err, &wrong) {
			t.Errorf("%x: %v", notice, err)
		}
	}
	contact, err := p.desktop.Reconnect(linked)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	called, err := contact.Dial(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer called.Close()
	summons, err := reachable.Await(t.Context())
	if err != nil || summons.LinkID != linked.LinkID {
		t.Errorf("got %+v, %v", summons, err)
	}
	_ = summons.Close()
	_ = reachable.Close()
	if _, err := reachable.Await(t.Context()); !errors.Is(err, hybrid.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}
