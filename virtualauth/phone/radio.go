package phone

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"slices"
	"sync"

	"github.com/passkeylab/passkeylab/virtualauth/hybrid"
)

// This file is what the phone has to connect with: Bluetooth, and a network with its faults.

// bluetooth is P7: the permission for nearby devices, and Bluetooth itself.
func (c *ceremony) bluetooth(ctx context.Context) error {
	if err := c.enter(ctx, P7); err != nil {
		return err
	}
	if s := c.settingsNow(); s.asksNearby() && s.Nearby == NotAsked {
		if err := c.askNearby(ctx); err != nil {
			return err
		}
	}
	if s := c.settingsNow(); s.asksNearby() && s.Nearby == Denied {
		if err := c.repair(ctx, ScreenNearbyDenied, NoBluetoothPermission, nearbyPage, func(s Settings) bool { return s.Nearby != Denied }); err != nil {
			return err
		}
	}
	if c.settingsNow().Bluetooth == On {
		return nil
	}
	r, err := c.askUnless(ctx, screen{
		id: ScreenBluetooth, title: "Turn on Bluetooth?", text: "It shows that the computer is near.",
		controls: []Control{agree("bluetooth-allow", "Turn on"), decline("bluetooth-refuse", "Cancel")},
	}, func(s Settings) bool { return s.Bluetooth == On })
	switch {
	case err != nil:
		return err
	case r.control == "bluetooth-refuse":
		return ErrDeclined
	}
	return c.Change(func(s *Settings) { s.Bluetooth = On })
}

// askNearby asks for the permission.
func (c *ceremony) askNearby(ctx context.Context) error {
	r, err := c.ask(ctx, screen{
		id: ScreenNearby, title: "Allow access to nearby devices?", text: "Passkeys need it to see that the computer is near.",
		controls: []Control{agree("nearby-grant", "Allow"), decline("nearby-refuse", "Don't allow")},
	})
	if err != nil {
		return err
	}
	answer := Granted
	if r.control == "nearby-refuse" {
		answer = Denied
	}
	return c.Change(func(s *Settings) { s.Nearby = answer })
}

// half is the phone's end of the hybrid transport.
func (c *ceremony) half() *hybrid.Phone {
	line := &line{ceremony: c}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.line = line
	network := hybrid.Network{TLS: c.world.Network.TLS, Dial: line.dial}
	if c.settings.Network == Intercepted {
		network.TLS = suspicious(network.TLS)
	}
	return &hybrid.Phone{
		Network: network, Domain: c.world.Domain, Root: c.root, Rand: c.world.Rand, Now: c.world.Clock.Now,
		Observe: line.observe, Misbehave: c.settings.Misbehave,
	}
}

// suspicious trusts nobody, as a phone does not trust the certificate of whoever sits in between.
func suspicious(config *tls.Config) *tls.Config {
	if config == nil {
		config = &tls.Config{}
	}
	config = config.Clone()
	config.RootCAs, config.InsecureSkipVerify = x509.NewCertPool(), false
	return config
}

// line is the phone's connection to the tunnel server. It knows whether the answer went out, and can be cut.
type line struct {
	ceremony *ceremony

	mu    sync.Mutex
	conns []net.Conn
	cut   bool
	// leaving says that the answer is the next to be written.
	leaving bool
}

// dial opens a connection, as the network lets it.
func (l *line) dial(ctx context.Context, network, address string) (net.Conn, error) {
	switch l.ceremony.settingsNow().Network {
	case Offline:
		return nil, ErrOffline
	case TunnelBlocked:
		return nil, ErrBlocked
	}
	dial := l.ceremony.world.Network.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	conn, err := dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut {
		_ = conn.Close() // nobody is to use it
		return nil, net.ErrClosed
	}
	l.conns = append(l.conns, conn)
	return watched{Conn: conn, line: l}, nil
}

// hangUp cuts the line, without a word.
func (l *line) hangUp() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = true
	for _, conn := range l.conns {
		_ = conn.Close() // it is of no use any more
	}
}

// observe notes what goes over.
func (l *line) observe(e hybrid.Event) {
	if e.Layer == hybrid.LayerFrame && e.Direction == hybrid.Sent && len(e.Bytes) > 0 && e.Bytes[0] == frameCTAP && e.Title == "CTAP" {
		l.mu.Lock()
		l.leaving = true
		l.mu.Unlock()
	}
	p := l.ceremony.Phone
	p.mu.Lock()
	defer p.mu.Unlock()
	p.note(Event{What: Hybrid, Title: e.Title, Layer: string(e.Layer), Direction: string(e.Direction), Bytes: slices.Clone(e.Bytes)})
}

// frameCTAP is the type of frames that carry answers (CTAP 2.3 §11.5.1.3).
const frameCTAP = 1

// watched is a connection that says when the answer has been written to it.
type watched struct {
	net.Conn
	line *line
}

// Write writes, and notes that the answer went out.
func (w watched) Write(b []byte) (int, error) {
	n, err := w.Conn.Write(b)
	w.line.mu.Lock()
	left := err == nil && w.line.leaving
	w.line.leaving = false
	w.line.mu.Unlock()
	if left {
		w.line.ceremony.sent()
	}
	return n, err
}
