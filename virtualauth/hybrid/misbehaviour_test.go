package hybrid_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/hybrid"
)

// outcomeOf is what a transaction with one request came to, on both ends.
type outcomeOf struct{ connect, exchange, serve error }

func (p *pair) transact(t *testing.T) outcomeOf {
	t.Helper()
	var o outcomeOf
	link, phone, err := p.meet(t, echo{})
	o.connect = err
	if err == nil {
		_, o.exchange = link.Exchange(t.Context(), []byte{1, 0xa0})
		if o.exchange == nil {
			_, o.exchange = link.Exchange(t.Context(), []byte{1, 0xa0}) // what was sent twice is noticed now
		}
		_ = link.Close()
	}
	o.serve = phone.wait(t)
	return o
}

// is says whether an error is of a kind: nil, one of the package's, or a pointer to one of its types.
func is(err error, kind any) bool {
	switch kind := kind.(type) {
	case nil:
		return err == nil
	case error:
		return errors.Is(err, kind)
	case string:
		var handshake *hybrid.HandshakeError
		var protocol *hybrid.ProtocolError
		return errors.As(err, &handshake) && kind == "handshake" || errors.As(err, &protocol) && kind == "protocol"
	}
	return false
}

// Each lie of a phone is told beside its honest twin. The computer notices it, in a typed error.
func TestLiesOfPhones(t *testing.T) {
	far := uint16(300)
	for _, c := range []struct {
		name              string
		lie               hybrid.PhoneMisbehaviour
		connect, exchange any
		serve             any
	}{
		{"honest", hybrid.PhoneMisbehaviour{}, nil, nil, nil},
		{"A-HYB-011 WrongPSK", hybrid.PhoneMisbehaviour{WrongPSK: true}, "handshake", nil, hybrid.ErrVanished},
		{"A-HYB-013 TruncateHandshake", hybrid.PhoneMisbehaviour{TruncateHandshake: 1}, "handshake", nil, hybrid.ErrVanished},
		{"A-HYB-013 TruncateHandshake to nothing", hybrid.PhoneMisbehaviour{TruncateHandshake: 81}, "handshake", nil, hybrid.ErrVanished},
		{"A-HYB-013 ExtendHandshake", hybrid.PhoneMisbehaviour{ExtendHandshake: 1}, "handshake", nil, hybrid.ErrVanished},
		{"A-HYB-013 SpoilTag", hybrid.PhoneMisbehaviour{SpoilTag: 1}, "handshake", nil, hybrid.ErrVanished},
		{"CloseAfterHandshake", hybrid.PhoneMisbehaviour{CloseAfterHandshake: true}, hybrid.ErrVanished, nil, hybrid.ErrClosed},
		{"A-HYB-014 StatusInInfo", hybrid.PhoneMisbehaviour{StatusInInfo: true}, "protocol", nil, hybrid.ErrVanished},
		{"A-HYB-014 LeaveOutInfo", hybrid.PhoneMisbehaviour{LeaveOutInfo: true}, "protocol", nil, hybrid.ErrVanished},
		{"A-HYB-014 LeaveOutCTAP", hybrid.PhoneMisbehaviour{LeaveOutCTAP: true}, "protocol", nil, hybrid.ErrVanished},
		{"A-HYB-016 PaddingBeyond", hybrid.PhoneMisbehaviour{PaddingBeyond: true}, nil, "protocol", hybrid.ErrVanished},
		{"A-HYB-017 RepeatCounter", hybrid.PhoneMisbehaviour{RepeatCounter: true}, nil, "protocol", hybrid.ErrVanished},
		{"A-HYB-017 RepeatFrame", hybrid.PhoneMisbehaviour{RepeatFrame: true}, nil, "protocol", hybrid.ErrVanished},
		{"A-HYB-019 AnswerType", hybrid.PhoneMisbehaviour{AnswerType: 9}, nil, "protocol", hybrid.ErrVanished},
		{"AnswerType of another kind", hybrid.PhoneMisbehaviour{AnswerType: 3}, nil, "protocol", hybrid.ErrVanished},
		{"EmptyAnswer", hybrid.PhoneMisbehaviour{EmptyAnswer: true}, nil, "protocol", hybrid.ErrVanished},
		{"ShutDown", hybrid.PhoneMisbehaviour{ShutDown: true}, nil, "protocol", hybrid.ErrVanished},
		{"AnnounceDomain", hybrid.PhoneMisbehaviour{AnnounceDomain: &far}, nil, nil, nil}, // the relay of this test answers to all names
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPair(t)
			p.phone.Misbehave = c.lie
			o := p.transact(t)
			if !is(o.connect, c.connect) || !is(o.exchange, c.exchange) {
				t.Errorf("the computer connected with %v, and got its answers with %v; want %v and %v", o.connect, o.exchange, c.connect, c.exchange)
			}
			if !is(o.serve, c.serve) {
				t.Errorf("the phone ended with %v, want %v", o.serve, c.serve)
			}
			if strings.HasPrefix(c.name, "AnnounceDomain") {
				p.requestsAre(t, "cable.ua5v.com/cable/new/", hostOf(t, far)+"/cable/connect/")
			}
		})
	}
}

func hostOf(t *testing.T, id uint16) string {
	name, known := hybrid.DomainName(id)
	if !known {
		t.Fatalf("%d has no name", id)
	}
	return name
}

// The computer takes no notice of adverts that are not for it, or not as they should be, and hears the honest phone behind them.
func TestAdvertsThatAreNotTheRightOne(t *testing.T) {
	nobody := uint16(2)
	for _, c := range []struct {
		name string
		lie  hybrid.PhoneMisbehaviour
	}{
		{"ReplayAdvert", hybrid.PhoneMisbehaviour{ReplayAdvert: &hybrid.Advert{1, 2, 3}}},
		{"ForeignAdvert", hybrid.PhoneMisbehaviour{ForeignAdvert: true}},
		{"ReservedByte", hybrid.PhoneMisbehaviour{ReservedByte: 1}},
		{"AnnounceDomain of nobody", hybrid.PhoneMisbehaviour{AnnounceDomain: &nobody}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPair(t)
			p.phone.Misbehave = c.lie
			offer, err := p.desktop.Invite()
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			lying := p.scan(ctx, offer.QR.String(), echo{})
			found := make(chan error, 1)
			listening, deaf := context.WithCancel(t.Context())
			go func() {
				_, err := offer.Listen(listening, p.air)
				found <- err
			}()
			p.told.await(t, "advert of somebody else")
			deaf()
			if err := <-found; !errors.Is(err, context.Canceled) {
				t.Errorf("the computer listened until %v", err)
			}
			cancel()
			if err := lying.wait(t); !errors.Is(err, context.Canceled) {
				t.Errorf("the phone ended with %v", err)
			}
		})
	}
}

// Each lie of a computer is told beside its honest twin. The phone notices it, in a typed error, and its authenticator is asked
// nothing that was not said rightly.
func TestLiesOfComputers(t *testing.T) {
	for _, c := range []struct {
		name string
		lie  hybrid.DesktopMisbehaviour
		// connect and exchange are what the computer learns, serve what the phone does.
		connect, exchange, serve any
	}{
		{"honest", hybrid.DesktopMisbehaviour{}, nil, nil, nil},
		{"A-HYB-011 WrongPSK", hybrid.DesktopMisbehaviour{WrongPSK: true}, hybrid.ErrVanished, nil, "handshake"},
		{"A-HYB-012 WrongIdentity", hybrid.DesktopMisbehaviour{WrongIdentity: true}, hybrid.ErrVanished, nil, "handshake"},
		{"A-HYB-013 TruncateHandshake", hybrid.DesktopMisbehaviour{TruncateHandshake: 1}, hybrid.ErrVanished, nil, "handshake"},
		{"A-HYB-013 ExtendHandshake", hybrid.DesktopMisbehaviour{ExtendHandshake: 1}, hybrid.ErrVanished, nil, "handshake"},
		{"A-HYB-013 OffCurve", hybrid.DesktopMisbehaviour{OffCurve: true}, hybrid.ErrVanished, nil, "handshake"},
		{"A-HYB-016 PaddingBeyond", hybrid.DesktopMisbehaviour{PaddingBeyond: true}, nil, hybrid.ErrVanished, "protocol"},
		{"A-HYB-017 RepeatCounter", hybrid.DesktopMisbehaviour{RepeatCounter: true}, nil, hybrid.ErrVanished, "protocol"},
		{"A-HYB-017 RepeatFrame", hybrid.DesktopMisbehaviour{RepeatFrame: true}, nil, hybrid.ErrVanished, "protocol"},
		{"A-HYB-019 RequestType", hybrid.DesktopMisbehaviour{RequestType: 9}, nil, hybrid.ErrVanished, "protocol"},
		{"EmptyRequest", hybrid.DesktopMisbehaviour{EmptyRequest: true}, nil, hybrid.ErrVanished, "protocol"},
		{"NoShutdown", hybrid.DesktopMisbehaviour{NoShutdown: true}, nil, nil, hybrid.ErrVanished},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPair(t)
			p.desktop.Misbehave = c.lie
			o := p.transact(t)
			if !is(o.connect, c.connect) || !is(o.exchange, c.exchange) {
				t.Errorf("the computer connected with %v, and got its answers with %v; want %v and %v", o.connect, o.exchange, c.connect, c.exchange)
			}
			if !is(o.serve, c.serve) {
				t.Errorf("the phone ended with %v, want %v", o.serve, c.serve)
			}
		})
	}
}
