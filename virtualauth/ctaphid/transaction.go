package ctaphid

import (
	"context"
	"errors"
	"fmt"
)

// transaction is a message on its way in, or a request that an authenticator works on: what makes a device busy
// (CTAP 2.3 §11.2.5.1).
type transaction struct {
	channel Channel
	command Command
	// assembler is what came so far; nil once the message is whole.
	assembler *Assembler
	// cancel ends a request; done is closed at its end, and response and err are to be read then. Nil before.
	cancel   context.CancelFunc
	done     chan struct{}
	response []byte
	err      error
}

// handle is one packet. Reports without a whole header, and continuation packets that continue nothing, are noise.
func (s *session) handle(ctx context.Context, report []byte) error {
	p, err := ParsePacket(report)
	switch {
	case err != nil:
		return nil
	case !p.Initial:
		if t := s.open; t != nil && t.assembler != nil && t.channel == p.Channel {
			return s.collect(ctx, p)
		}
		return nil
	case p.Command == CommandInit:
		return s.initialise(p)
	case !s.given(p.Channel):
		return s.refuse(p.Channel, InvalidChannel)
	case p.Command == CommandCancel:
		s.cancelRequest(p.Channel)
		return nil
	}
	return s.begin(ctx, p)
}

// given reports whether a channel was given out.
func (s *session) given(c Channel) bool { return c != 0 && c <= s.channels }

// begin opens a transaction, or says why not (CTAP 2.3 §11.2.5).
func (s *session) begin(ctx context.Context, p Packet) error {
	command, known := commands[p.Command]
	switch {
	case s.open != nil && s.open.channel == p.Channel && s.open.assembler != nil:
		return s.refuse(s.abort(), InvalidSequence)
	case s.open != nil, s.locked != 0 && s.locked != p.Channel:
		return s.refuse(p.Channel, ChannelBusy)
	case p.Length > MaxMessage(s.size):
		return s.refuse(p.Channel, InvalidLength)
	case !known || !command.offered(s.Device):
		return s.refuse(p.Channel, InvalidCommand)
	}
	s.open = &transaction{channel: p.Channel, command: p.Command, assembler: new(Assembler)}
	return s.collect(ctx, p)
}

// collect adds a packet to the open transaction, and performs its command once the message is whole.
func (s *session) collect(ctx context.Context, p Packet) error {
	message, whole, err := s.open.assembler.Add(p)
	var code Error
	switch {
	case errors.As(err, &code):
		return s.refuse(s.abort(), code)
	case !whole:
		s.late = s.after(transactionTimeout)
		return nil
	}
	s.late, s.open.assembler = nil, nil
	answer, err := commands[message.Command].perform(s, ctx, message)
	switch {
	case errors.As(err, &code):
		return s.refuse(s.abort(), code)
	case s.open.done != nil: // an authenticator works on it
		return nil
	}
	s.abort()
	return s.send(Message{Channel: message.Channel, Command: message.Command, Data: answer})
}

// abort closes the open transaction, whatever state it is in, and returns its channel (CTAP 2.3 §11.2.5.3). The answer to a
// request that was under way is dropped.
func (s *session) abort() Channel {
	t := s.open
	if t.cancel != nil {
		t.cancel()
	}
	s.open, s.late, s.alive = nil, nil, nil
	return t.channel
}

// work hands a request to an authenticator, in a goroutine that ends with it, or soon after it is cancelled.
func (s *session) work(ctx context.Context, to Transport, m Message) {
	another := s.served != 0 && s.served != m.Channel
	s.served = m.Channel
	t := s.open
	ctx, t.cancel = context.WithCancel(ctx)
	t.done = make(chan struct{})
	s.goes(func() {
		defer close(t.done)
		if another && s.Handover != nil {
			s.Handover()
		}
		t.response, t.err = to.Exchange(ctx, m.Data)
	})
}

// finish sends the answer to a request that is done.
func (s *session) finish() error {
	t := s.open
	s.abort()
	reports, err := s.spoilt(Message{Channel: t.channel, Command: t.command, Data: t.response}).Reports(s.size)
	if err = errors.Join(t.err, err); err != nil {
		s.failures = append(s.failures, fmt.Errorf("ctaphid: answer a request: %w", err))
		return s.refuse(t.channel, Other)
	}
	for range s.Misbehave.KeepaliveFlood {
		if err := s.progress(t.channel); err != nil {
			return err
		}
	}
	return s.write(s.spoiltReports(reports))
}

// cancelRequest is CTAPHID_CANCEL (CTAP 2.3 §11.2.9.1.5): the request then answers for itself. A U2F command cannot be
// cancelled, and another channel's request is none of the sender's business.
func (s *session) cancelRequest(from Channel) {
	if t := s.open; t != nil && t.channel == from && t.command == CommandCBOR && t.cancel != nil && !s.Misbehave.IgnoreCancel {
		t.cancel()
	}
}

// keepAlive says that the request is still worked on, and when to say so again. Only CTAPHID_CBOR is kept alive: clients of
// U2F ask again by themselves, and would not understand.
func (s *session) keepAlive() error {
	s.alive = s.after(keepaliveInterval)
	return s.progress(s.open.channel)
}

func (s *session) progress(channel Channel) error {
	progress := Processing
	if s.AwaitsUser != nil && s.AwaitsUser() {
		progress = UserPresenceNeeded
	}
	return s.send(Message{Channel: channel, Command: CommandKeepalive, Data: []byte{byte(progress)}})
}
