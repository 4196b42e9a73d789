package bluetooth

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/godbus/dbus/v5"
)

// The names on D-Bus.
const (
	busName       = "org.freedesktop.DBus"
	bluezName     = "org.bluez"
	objectManager = "org.freedesktop.DBus.ObjectManager"
	properties    = "org.freedesktop.DBus.Properties"
	peer          = "org.freedesktop.DBus.Peer"
	agentManager  = "org.bluez.AgentManager1"
	adapterName   = "org.bluez.Adapter1"
	deviceName    = "org.bluez.Device1"

	rootPath    dbus.ObjectPath = "/"
	bluezPath   dbus.ObjectPath = "/org/bluez"
	adapterPath dbus.ObjectPath = "/org/bluez/hci0"
)

// inboxSize is how many messages may wait for their turn. The library drops what does not fit; a browser has never more than
// a handful of calls under way.
const inboxSize = 4096

// service is org.bluez on the bus: one connection, whose messages are answered one after the other. The library's own way of
// serving objects answers every call in a goroutine of its own, which would let a StopDiscovery overtake its StartDiscovery
// and a signal the reply to the call that caused it.
type service struct {
	bus   *Bus
	conn  *dbus.Conn
	inbox chan *dbus.Message
	ended chan struct{} // closed when all messages are answered and the connection is gone

	asked map[uint32]chan<- *dbus.Message // our own calls, by serial: who waits for the answer; guarded by the lock of the bus
}

// newService connects to the bus and asks to be told when a program leaves it.
func newService(ctx context.Context, b *Bus) (*service, error) {
	conn, err := dbus.Dial(b.daemon.address)
	if err != nil {
		return nil, fmt.Errorf("connect to the bus: %w", err)
	}
	give := context.AfterFunc(ctx, func() { _ = conn.Close() }) // a daemon that hangs would keep us waiting for its answers
	err = greet(conn)
	if !give() {
		err = context.Cause(ctx)
	}
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("connect to the bus: %w", err)
	}
	s := &service{bus: b, conn: conn, inbox: make(chan *dbus.Message, inboxSize), ended: make(chan struct{}), asked: map[uint32]chan<- *dbus.Message{}}
	// Our own loop answers from before the name is ours: a browser calls as soon as it sees the name.
	conn.Eavesdrop(s.inbox)
	return s, nil
}

// greet makes the connection one of the bus, which is told who leaves it.
func greet(conn *dbus.Conn) error {
	if err := conn.Auth(nil); err != nil {
		return err
	}
	if err := conn.Hello(); err != nil {
		return err
	}
	return conn.AddMatchSignal(dbus.WithMatchSender(busName), dbus.WithMatchInterface(busName), dbus.WithMatchMember("NameOwnerChanged"))
}

// own takes the name and serves until the connection ends. It returns once the name is ours.
func (s *service) own(ctx context.Context) error {
	request := newCall(busName, "/org/freedesktop/DBus", busName, "RequestName", bluezName, uint32(dbus.NameFlagDoNotQueue))
	// Nothing is answered before this lock is free: then the service is known, and so is the serial of the request.
	s.bus.mu.Lock()
	s.bus.bluez = s
	reply := s.send(request)
	s.bus.note(Event{Kind: BlueZStarted, Title: bluezName})
	s.bus.mu.Unlock()
	go s.run()
	answer, err := s.await(ctx, reply)
	if err == nil && (len(answer.Body) != 1 || answer.Body[0] != uint32(dbus.RequestNameReplyPrimaryOwner)) {
		err = fmt.Errorf("another program has it (reply %v)", answer.Body)
	}
	if err == nil {
		return nil
	}
	s.bus.mu.Lock()
	s.bus.bluez = nil
	s.bus.mu.Unlock()
	return errors.Join(fmt.Errorf("take the name %s: %w", bluezName, err), s.close())
}

// run answers until the connection ends.
func (s *service) run() {
	defer close(s.ended)
	for msg := range s.messages() {
		switch msg.Type {
		case dbus.TypeMethodCall:
			s.answer(msg)
		case dbus.TypeSignal:
			s.notice(msg)
		case dbus.TypeMethodReply, dbus.TypeError:
			s.answered(msg)
		}
	}
	s.bus.lost(s)
}

// messages are those that arrive until the connection ends.
func (s *service) messages() iter.Seq[*dbus.Message] {
	return func(yield func(*dbus.Message) bool) {
		for {
			select {
			case msg, open := <-s.inbox:
				if !open || !yield(msg) {
					return
				}
			case <-s.conn.Context().Done():
				return
			}
		}
	}
}

// lost ends the bus when the connection of org.bluez ended and nobody asked it to: as a rule because the daemon died, else
// the daemon is of no use any more.
func (b *Bus) lost(s *service) {
	b.mu.Lock()
	unexpected := b.bluez == s
	b.mu.Unlock()
	if unexpected {
		_ = b.daemon.close()
		b.fail(b.daemon.failure(errors.New("the connection of org.bluez was lost")))
	}
}

// close ends the connection and waits for the last answer.
func (s *service) close() error {
	s.conn.Eavesdrop(nil) // else the library may send to our inbox just after it closed it
	err := s.conn.Close()
	<-s.ended
	if err != nil && !errors.Is(err, dbus.ErrClosed) {
		return fmt.Errorf("bluetooth: leave the bus: %w", err)
	}
	return nil
}

// notice forgets a program that left the bus, and ends its discovery.
func (s *service) notice(msg *dbus.Message) {
	if header(msg, dbus.FieldMember) != "NameOwnerChanged" || len(msg.Body) != 3 || msg.Body[2] != "" {
		return
	}
	if name, ok := msg.Body[0].(string); ok {
		s.bus.mu.Lock()
		defer s.bus.mu.Unlock()
		delete(s.bus.programs, name)
		s.bus.Adapter.forget(name)
	}
}

// answer performs a call and replies to it; what it causes comes after.
func (s *service) answer(msg *dbus.Message) {
	c := &call{
		sender: header(msg, dbus.FieldSender), iface: header(msg, dbus.FieldInterface), member: header(msg, dbus.FieldMember), args: msg.Body,
	}
	c.path, _ = msg.Headers[dbus.FieldPath].Value().(dbus.ObjectPath)
	s.bus.mu.Lock()
	defer s.bus.mu.Unlock()
	if s.bus.bluez != s {
		return // stopped meanwhile: a dead program does not answer
	}
	s.bus.programs[c.sender] = true
	values, failure := s.bus.perform(c)
	e := Event{Kind: Called, Title: c.iface + "." + c.member, Sender: c.sender, Path: string(c.path), Args: c.args}
	reply := &dbus.Message{Type: dbus.TypeMethodReply, Body: values}
	reply.Headers = map[dbus.HeaderField]dbus.Variant{
		dbus.FieldDestination: msg.Headers[dbus.FieldSender],
		dbus.FieldReplySerial: dbus.MakeVariant(msg.Serial()),
	}
	if failure != nil {
		e.Error = failure.Name
		reply.Type, reply.Body = dbus.TypeError, failure.Body
		reply.Headers[dbus.FieldErrorName] = dbus.MakeVariant(failure.Name)
	}
	if len(reply.Body) > 0 {
		reply.Headers[dbus.FieldSignature] = dbus.MakeVariant(dbus.SignatureOf(reply.Body...))
	}
	if msg.Flags&dbus.FlagNoReplyExpected == 0 {
		s.conn.Send(reply, make(chan *dbus.Call, 1))
	}
	s.bus.note(e)
	if c.then != nil {
		c.then()
	}
}

// header returns a header field that is a string; empty when it is not there.
func header(msg *dbus.Message, field dbus.HeaderField) string {
	value, _ := msg.Headers[field].Value().(string)
	return value
}
