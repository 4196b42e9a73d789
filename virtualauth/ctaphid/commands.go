package ctaphid

import (
	"context"
	"encoding/binary"
	"time"
)

// command is one command of the device but CTAPHID_INIT and CTAPHID_CANCEL, which are no transactions.
type command struct {
	offered func(*Device) bool
	// perform returns the answer, or the Error to answer with. It may leave the transaction to an authenticator instead.
	perform func(*session, context.Context, Message) ([]byte, error)
}

// commands is the whole command set; whatever it does not hold is ERR_INVALID_CMD. Never written after the program has
// started.
var commands = map[Command]command{
	CommandPing:    {func(*Device) bool { return true }, (*session).ping},
	CommandCBOR:    {func(d *Device) bool { return d.CTAP != nil }, (*session).cbor},
	CommandMessage: {func(d *Device) bool { return d.Messages != nil }, (*session).message},
	CommandWink:    {func(d *Device) bool { return d.Wink != nil }, (*session).wink},
	CommandLock:    {func(d *Device) bool { return d.Lockable }, (*session).lock},
}

// What CTAPHID_INIT carries (CTAP 2.3 §11.2.9.1.3), in bytes.
const (
	nonceLength        = 8
	initResponseLength = nonceLength + 4 + 1 + 3 + 1
	protocolVersion    = 2
)

// initialise is CTAPHID_INIT: it gives out a channel, or synchronises one that exists by aborting its transaction. Nobody
// else's transaction minds (CTAP 2.3 §11.2.5.3).
//
//	nonce (8)  channel (4)  protocol version (1)  device version (3)  capabilities (1)
func (s *session) initialise(p Packet) error {
	switch {
	case p.Channel != Broadcast && !s.given(p.Channel):
		return s.refuse(p.Channel, InvalidChannel)
	case s.open != nil && s.open.channel == p.Channel:
		s.abort()
	}
	if p.Length != nonceLength || len(p.Data) < nonceLength {
		return s.refuse(p.Channel, InvalidLength)
	}
	channel := p.Channel
	if channel == Broadcast {
		s.channels++
		channel = s.channels
	}
	answer := append(make([]byte, 0, initResponseLength), p.Data[:nonceLength]...)
	answer[0] ^= s.Misbehave.WrongNonce
	answer = binary.BigEndian.AppendUint32(answer, uint32(channel))
	answer = append(append(answer, protocolVersion), s.Version[:]...)
	answer = append(answer, byte(s.capabilities()))
	return s.send(Message{Channel: p.Channel, Command: CommandInit, Data: answer})
}

func (d *Device) capabilities() (c Capabilities) {
	if d.Wink != nil {
		c |= CanWink
	}
	if d.Lockable {
		c |= CanLock
	}
	if d.CTAP != nil {
		c |= SpeaksCBOR
	}
	if d.Messages == nil {
		c |= NoMessages
	}
	return c
}

// ping is CTAPHID_PING (CTAP 2.3 §11.2.9.1.4).
func (s *session) ping(_ context.Context, m Message) ([]byte, error) { return m.Data, nil }

// cbor is CTAPHID_CBOR (CTAP 2.3 §11.2.9.1.2).
func (s *session) cbor(ctx context.Context, m Message) ([]byte, error) {
	if len(m.Data) == 0 {
		return nil, InvalidLength
	}
	s.work(ctx, s.CTAP, m)
	s.alive = s.after(keepaliveInterval)
	return nil, nil
}

// message is CTAPHID_MSG (CTAP 2.3 §11.2.9.1.1). What is wrong with an APDU is for the APDU's answer to say.
func (s *session) message(ctx context.Context, m Message) ([]byte, error) {
	s.work(ctx, s.Messages, m)
	return nil, nil
}

// wink is CTAPHID_WINK (CTAP 2.3 §11.2.9.2.1).
func (s *session) wink(_ context.Context, m Message) ([]byte, error) {
	if len(m.Data) != 0 {
		return nil, InvalidLength
	}
	s.Wink()
	return nil, nil
}

// lock is CTAPHID_LOCK (CTAP 2.3 §11.2.9.2.2): it keeps other channels out for some seconds, or lets them in again.
func (s *session) lock(_ context.Context, m Message) ([]byte, error) {
	if len(m.Data) != 1 {
		return nil, InvalidLength
	}
	seconds := m.Data[0]
	if seconds > maxLock {
		return nil, InvalidParameter
	}
	s.locked, s.unlock = 0, nil
	if seconds > 0 {
		s.locked, s.unlock = m.Channel, s.after(time.Duration(seconds)*time.Second)
	}
	return nil, nil
}
