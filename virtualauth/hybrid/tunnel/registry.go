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
	contacts map[[sha256.Size]byte]*contact
	order    []*contact // oldest registration first
}

// contact is a contact id that a phone has registered. Only its hash is kept: it need not be told to anybody.
type contact struct {
	key      [sha256.Size]byte
	listener *listener // nil while the phone is away
	pending  []*tunnel // contacts that no phone has been told of
}

func newRegistry(limits Limits, draw func([]byte) error) *registry {
	return &registry{
		limits: limits, draw: draw,
		tunnels: map[tunnelID]*tunnel{}, contacts: map[[sha256.Size]byte]*contact{},
	}
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
	if len(g.over) == remembered {
		g.over = slices.Delete(g.over, 0, 1)
	}
	g.over = append(g.over, t.id)
	if t.contact != nil {
		t.contact.pending = slices.DeleteFunc(t.contact.pending, func(other *tunnel) bool { return other == t })
	}
}

// ask begins the tunnel of a desktop that asks for its phone.
func (g *registry) ask(id string, t *tunnel) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	c := g.contacts[sha256.Sum256([]byte(id))]
	if c == nil {
		return refuse(http.StatusGone, "this contact id is not known, or not any longer: forget the link")
	}
	if err := g.draw(t.id[:]); err != nil {
		return refuse(http.StatusInternalServerError, "no tunnel id could be made up")
	}
	if err := g.add(t); err != nil {
		return err
	}
	t.contact = c
	c.pending = append(c.pending, t)
	if c.listener != nil {
		c.listener.rouse()
	}
	return nil
}

// register makes a contact id known.
func (g *registry) register(id string) (*contact, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := sha256.Sum256([]byte(id))
	if c := g.contacts[key]; c != nil {
		return c, nil
	}
	if len(g.contacts) >= g.limits.Contacts {
		i := slices.IndexFunc(g.order, func(c *contact) bool { return c.listener == nil && len(c.pending) == 0 })
		if i < 0 {
			return nil, refuse(http.StatusServiceUnavailable, "%d phones listen already; try again later", g.limits.Contacts)
		}
		g.drop(g.order[i])
	}
	c := &contact{key: key}
	g.contacts[key] = c
	g.order = append(g.order, c)
	return c, nil
}

// drop forgets a contact. The caller has the lock.
func (g *registry) drop(c *contact) {
	delete(g.contacts, c.key)
	g.order = slices.DeleteFunc(g.order, func(other *contact) bool { return other == c })
}

// forget takes a contact id back, and ends whoever listens.
func (g *registry) forget(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	c := g.contacts[sha256.Sum256([]byte(id))]
	if c == nil {
		return
	}
	g.drop(c)
	if c.listener != nil {
		c.listener.stop(farewell{code: closeReplaced, reason: "the contact id was taken back"})
		c.listener = nil
	}
	for _, t := range c.pending {
		t.end(verdict{reason: "contact taken back", rest: farewell{websocket.StatusGoingAway, "the contact id was taken back"}})
	}
}

// attend makes l the phone of a contact. It is false when the contact was forgotten meanwhile.
func (g *registry) attend(c *contact, l *listener) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.contacts[c.key] != c {
		return false
	}
	if c.listener != nil {
		c.listener.stop(farewell{code: closeReplaced, reason: "another connection listens now"})
	}
	c.listener = l
	return true
}

// depart ends that.
func (g *registry) depart(c *contact, l *listener) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c.listener == l {
		c.listener = nil
	}
}

// next takes the tunnel that the phone of a contact is to be told of; nil when there is none.
func (g *registry) next(c *contact, l *listener) *tunnel {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c.listener != l || len(c.pending) == 0 {
		return nil
	}
	t := c.pending[0]
	c.pending = slices.Delete(c.pending, 0, 1)
	return t
}

// untold puts a tunnel back that the phone could not be told of, if it still waits.
func (g *registry) untold(c *contact, t *tunnel) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.tunnels[t.id] != t {
		return
	}
	c.pending = slices.Insert(c.pending, 0, t)
	if c.listener != nil {
		c.listener.rouse()
	}
}

// gauges are the metrics that go up and down.
func (g *registry) gauges() Metrics {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := Metrics{Contacts: len(g.contacts)}
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
