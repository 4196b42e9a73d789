package tunnel

import (
	"crypto/sha256"
	"net/http"
	"slices"
	"sync"

	"github.com/coder/websocket"
)

// remembered is how many tunnels that are over are still told from those that never were.
const remembered = 2048

// registry knows which tunnels and contacts there are.
type registry struct {
	limits Limits
	draw   func([]byte) error // fills with random bytes; called under the lock

	mu       sync.Mutex
	tunnels  map[tunnelID]*tunnel
	over     []tunnelID // the last ones, oldest first
	contacts map[contactKey]*contact
	gone     []contactKey // the last ones that were taken back, oldest first
}

// contactKey is the hash of a contact id, which need not be kept.
type contactKey [sha256.Size]byte

// contact is a contact id for which a phone listens or a desktop waits.
type contact struct {
	listener *listener // nil while the phone is away
	pending  []*tunnel // those that no phone has been told of
}

func newRegistry(limits Limits, draw func([]byte) error) *registry {
	return &registry{limits: limits, draw: draw, tunnels: map[tunnelID]*tunnel{}, contacts: map[contactKey]*contact{}}
}

// keep adds to the end of a list of the last ones.
func keep[T any](list []T, item T) []T {
	if len(list) == remembered {
		list = slices.Delete(list, 0, 1)
	}
	return append(list, item)
}

// open begins a tunnel that the phone has named.
func (g *registry) open(t *tunnel) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.tunnels[t.id] != nil {
		return refuse(http.StatusConflict, "this tunnel is open already")
	}
	return g.add(t)
}

// add takes a tunnel in. The caller has the lock.
func (g *registry) add(t *tunnel) error {
	if len(g.tunnels) >= g.limits.Tunnels {
		return refuse(http.StatusServiceUnavailable, "there are %d tunnels already; try again later", g.limits.Tunnels)
	}
	g.tunnels[t.id] = t
	return nil
}

// join finds the tunnel of the second side, which then nobody else can join.
func (g *registry) join(id tunnelID) (*tunnel, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t := g.tunnels[id]
	switch {
	case t != nil && t.joined:
		return nil, refuse(http.StatusGone, "both sides of this tunnel are there already")
	case t != nil:
		t.joined = true
		return t, nil
	case slices.Contains(g.over, id):
		return nil, refuse(http.StatusGone, "this tunnel is over")
	}
	return nil, refuse(http.StatusNotFound, "no such tunnel; the other side opens it first")
}

// leave undoes join for a second side that never came.
func (g *registry) leave(t *tunnel) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t.joined = false
}

// end removes a tunnel.
func (g *registry) end(t *tunnel) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.tunnels, t.id)
	g.over = keep(g.over, t.id)
	if c := g.contacts[t.contact]; c != nil {
		c.pending = slices.DeleteFunc(c.pending, func(other *tunnel) bool { return other == t })
		g.tidy(t.contact)
	}
}

// contact finds or makes a contact. The caller has the lock.
func (g *registry) contact(key contactKey) *contact {
	if g.contacts[key] == nil {
		g.contacts[key] = &contact{}
	}
	return g.contacts[key]
}

// tidy removes a contact that nobody cares for. The caller has the lock.
func (g *registry) tidy(key contactKey) {
	if c := g.contacts[key]; c != nil && c.listener == nil && len(c.pending) == 0 {
		delete(g.contacts, key)
	}
}

// ask begins the tunnel of a desktop that asks for its phone.
func (g *registry) ask(t *tunnel) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if slices.Contains(g.gone, t.contact) {
		return refuse(http.StatusGone, "the phone has taken this contact id back: forget the link")
	}
	if err := g.draw(t.id[:]); err != nil {
		return refuse(http.StatusInternalServerError, "no tunnel id could be made up")
	}
	if err := g.add(t); err != nil {
		return err
	}
	g.enqueue(t)
	return nil
}

// enqueue has the phone told of a tunnel, now or when it listens. The caller has the lock.
func (g *registry) enqueue(t *tunnel) {
	c := g.contact(t.contact)
	c.pending = append(c.pending, t)
	if c.listener != nil {
		c.listener.rouse()
	}
}

// forget takes a contact id back, and ends whoever listens or waits.
func (g *registry) forget(key contactKey) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !slices.Contains(g.gone, key) {
		g.gone = keep(g.gone, key)
	}
	c := g.contacts[key]
	if c == nil {
		return
	}
	delete(g.contacts, key)
	if c.listener != nil {
		c.listener.stop(farewell{closeReplaced, "the contact id was taken back"})
	}
	for _, t := range c.pending {
		t.end(takenBack())
	}
}

func takenBack() verdict {
	return verdict{reason: "contact taken back", rest: farewell{websocket.StatusGoingAway, "the contact id was taken back"}}
}

// attend makes l the phone of a contact.
func (g *registry) attend(l *listener) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.gone = slices.DeleteFunc(g.gone, func(key contactKey) bool { return key == l.contact })
	c := g.contact(l.contact)
	if c.listener != nil {
		c.listener.stop(farewell{closeReplaced, "another connection listens now"})
	}
	c.listener = l
}

// depart ends that.
func (g *registry) depart(l *listener) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c := g.contacts[l.contact]; c != nil && c.listener == l {
		c.listener = nil
		g.tidy(l.contact)
	}
}

// next takes the tunnel that a phone is to be told of; nil when there is none.
func (g *registry) next(l *listener) *tunnel {
	g.mu.Lock()
	defer g.mu.Unlock()
	c := g.contacts[l.contact]
	if c == nil || c.listener != l || len(c.pending) == 0 {
		return nil
	}
	t := c.pending[0]
	c.pending = slices.Delete(c.pending, 0, 1)
	return t
}

// untold puts a tunnel back that the phone could not be told of, if it still waits.
func (g *registry) untold(t *tunnel) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.tunnels[t.id] != t:
	case slices.Contains(g.gone, t.contact):
		t.end(takenBack())
	default:
		g.enqueue(t)
	}
}

// gauges are the metrics that go up and down.
func (g *registry) gauges() Metrics {
	g.mu.Lock()
	defer g.mu.Unlock()
	var m Metrics
	for _, t := range g.tunnels {
		if t.joined {
			m.Joined++
		} else {
			m.Waiting++
		}
	}
	for _, c := range g.contacts {
		if c.listener != nil {
			m.Listening++
		}
	}
	return m
}
