package bluetooth

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/godbus/dbus/v5"
)

// errUnanswered says that the connection ended before an answer to one of our calls was there.
var errUnanswered = errors.New("the connection to the bus ended")

// AwaitHeard waits until every program that has ever called org.bluez has read what org.bluez sent until now, such as that the
// power is off. A browser shows nowhere that it has, unless a dialog is open. The programs are called in their turn, and answer
// after what came before. The end of BlueZ comes from the daemon, and is not waited for. Errors: the context's, those of Err.
func (b *Bus) AwaitHeard(ctx context.Context) error {
	b.mu.Lock()
	s, replies := b.bluez, map[string]<-chan *dbus.Message{}
	if s != nil {
		for _, program := range slices.Sorted(maps.Keys(b.programs)) {
			replies[program] = s.send(newCall(program, "/", peer, "Ping"))
		}
	}
	b.mu.Unlock()
	for program, reply := range replies {
		var refusal dbus.Error
		if _, err := s.await(ctx, reply); err != nil && !errors.As(err, &refusal) { // a program that has just gone is as good
			return b.because(fmt.Errorf("bluetooth: wait for %s: %w", program, err))
		}
	}
	return nil
}

// newCall makes a call of a method of another program.
func newCall(destination string, path dbus.ObjectPath, iface, member string, args ...any) *dbus.Message {
	call := &dbus.Message{Type: dbus.TypeMethodCall, Body: args, Headers: map[dbus.HeaderField]dbus.Variant{
		dbus.FieldDestination: dbus.MakeVariant(destination),
		dbus.FieldPath:        dbus.MakeVariant(path),
		dbus.FieldInterface:   dbus.MakeVariant(iface),
		dbus.FieldMember:      dbus.MakeVariant(member),
	}}
	if len(args) > 0 {
		call.Headers[dbus.FieldSignature] = dbus.MakeVariant(dbus.SignatureOf(args...))
	}
	return call
}

// send sends a call; the channel gets the answer. The lock of the bus is held, so that the answer finds its serial.
func (s *service) send(call *dbus.Message) <-chan *dbus.Message {
	sending, sent := context.WithCancel(context.Background()) // the library waits for an answer that our loop gets
	defer sent()
	reply := make(chan *dbus.Message, 1)
	s.conn.SendWithContext(sending, call, make(chan *dbus.Call, 1))
	s.asked[call.Serial()] = reply
	return reply
}

// await waits for an answer, which is an error of type dbus.Error when the other side refused.
func (s *service) await(ctx context.Context, reply <-chan *dbus.Message) (*dbus.Message, error) {
	var answer *dbus.Message
	select {
	case answer = <-reply:
	case <-s.ended:
		return nil, errUnanswered
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if answer.Type == dbus.TypeError {
		return nil, dbus.Error{Name: header(answer, dbus.FieldErrorName), Body: answer.Body}
	}
	return answer, nil
}

// answered hands an answer to who waits for it.
func (s *service) answered(msg *dbus.Message) {
	serial, _ := msg.Headers[dbus.FieldReplySerial].Value().(uint32)
	s.bus.mu.Lock()
	defer s.bus.mu.Unlock()
	if reply, ours := s.asked[serial]; ours {
		delete(s.asked, serial)
		reply <- msg
	}
}
