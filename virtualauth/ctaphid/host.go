package ctaphid

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"sync"
	"time"
)

// patience is how long a client waits for a sign of life.
const patience = 3 * time.Second

// Settings are what a Host needs to know. The zero Settings work.
type Settings struct {
	// ReportSize is the size of reports in bytes, 24 to 1024; 0 means 64.
	ReportSize int
	// Nonce tells the answers to this client's CTAPHID_INIT from those to others'. Clients that share a device need
	// different ones.
	Nonce [nonceLength]byte
	// After returns a channel that receives after a while; nil means that no time passes, so that a silent device is waited
	// for as long as the context lasts.
	After func(time.Duration) <-chan time.Time
	// Keepalive is called with each sign of life during a CTAP request; nil is not.
	Keepalive func(Progress)
}

// Info is what a device says of itself in CTAPHID_INIT (CTAP 2.3 §11.2.9.1.3).
type Info struct {
	// Channel is the client's own.
	Channel Channel
	// Protocol is 2.
	Protocol byte
	// Version is the device's own: major, minor, build.
	Version      [3]byte
	Capabilities Capabilities
}

// Host is the client's end, on one channel: a CTAP transport. It is safe for concurrent use: exchanges wait for their turn.
// Whatever broke off, the next exchange begins with a synchronised channel.
type Host struct {
	settings Settings
	size     int
	reports  io.ReadWriteCloser
	in       *inlet
	closing  context.CancelFunc
	reading  sync.WaitGroup

	turn  chan struct{} // holds one token during an exchange, and guards all below
	info  Info
	stale bool // an answer to an earlier exchange may still come
}

// Open asks a device for a channel. The Host owns the connection from then on; Close it. Open fails with ErrReportSize, with
// ErrSilent, with an Error or an *Irregularity of the device, with the error of ctx, or as reading and writing do, and has closed
// the connection then.
func Open(ctx context.Context, reports io.ReadWriteCloser, settings Settings) (*Host, error) {
	h := &Host{settings: settings, size: reportSize(settings.ReportSize), reports: reports, in: newInlet(), turn: make(chan struct{}, 1)}
	reading, closing := context.WithCancel(context.WithoutCancel(ctx))
	h.closing = closing
	if h.size < minReportSize || h.size > maxReportSize {
		closing()
		_ = reports.Close() // why it was not opened matters more
		return nil, ErrReportSize
	}
	h.reading.Go(func() { h.in.read(reading, reports, h.size) })
	h.info.Channel = Broadcast
	if err := h.synchronise(ctx); err != nil {
		_ = h.Close() // likewise
		return nil, fmt.Errorf("open a channel: %w", err)
	}
	return h, nil
}

// Close closes the connection and waits until nothing reads from it. Exchanges under way fail with ErrClosed.
func (h *Host) Close() error {
	h.closing()
	err := h.reports.Close()
	h.reading.Wait()
	return err
}

// Info returns what the device said of itself when the channel was opened.
func (h *Host) Info() Info { return h.info }

// Exchange carries one CTAP request. When ctx ends meanwhile, the request is cancelled, and the authenticator's answer to that
// is the response. It fails with an Error or an *Irregularity of the device, with ErrSilent or ErrClosed, with the error of
// ctx when that had ended before, or as reading and writing do; so do all methods below.
func (h *Host) Exchange(ctx context.Context, request []byte) ([]byte, error) {
	return h.exchange(ctx, CommandCBOR, request)
}

// Message carries one U2F command in its APDU, and returns the response APDU. It cannot be cancelled: the end of ctx only
// ends the waiting.
func (h *Host) Message(ctx context.Context, apdu []byte) ([]byte, error) {
	return h.exchange(ctx, CommandMessage, apdu)
}

// Ping sends data and returns what comes back.
func (h *Host) Ping(ctx context.Context, data []byte) ([]byte, error) {
	return h.exchange(ctx, CommandPing, data)
}

// Wink lets the device show where it is.
func (h *Host) Wink(ctx context.Context) error {
	_, err := h.exchange(ctx, CommandWink, nil)
	return err
}

// Lock keeps other channels out for up to 10 seconds; zero lets them in again.
func (h *Host) Lock(ctx context.Context, seconds byte) error {
	_, err := h.exchange(ctx, CommandLock, []byte{seconds})
	return err
}

func (h *Host) exchange(ctx context.Context, command Command, data []byte) (answer []byte, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case h.turn <- struct{}{}:
		defer func() { <-h.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if h.stale {
		if err := h.synchronise(ctx); err != nil {
			return nil, fmt.Errorf("synchronise the channel: %w", err)
		}
	}
	message := Message{Channel: h.info.Channel, Command: command, Data: data}
	if err := h.send(message); err != nil {
		return nil, err
	}
	h.stale = true
	message, err = h.receive(ctx, command)
	if err != nil {
		return nil, err
	}
	h.stale = false
	return judge(message, command)
}

// judge tells an answer from a refusal.
func judge(answer Message, to Command) ([]byte, error) {
	switch {
	case answer.Command == to:
		return answer.Data, nil
	case answer.Command == CommandError && len(answer.Data) == 1:
		return nil, Error(answer.Data[0])
	}
	return nil, &Irregularity{Problem: fmt.Sprintf("command 0x%02x was answered with 0x%02x and %d bytes", to, answer.Command, len(answer.Data))}
}

func (h *Host) send(m Message) error {
	reports, err := m.Reports(h.size)
	if err != nil {
		return err
	}
	for _, r := range reports {
		if _, err := h.reports.Write(r); err != nil {
			return fmt.Errorf("ctaphid: write a report: %w", closed(err))
		}
	}
	return nil
}

// synchronise sends CTAPHID_INIT, on the broadcast channel at first, and drops everything up to its answer: answers to what
// came before, and answers to others (CTAP 2.3 §11.2.5.3, §11.2.9.1.3).
func (h *Host) synchronise(ctx context.Context) error {
	to := h.info.Channel
	if err := h.send(Message{Channel: to, Command: CommandInit, Data: h.settings.Nonce[:]}); err != nil {
		return err
	}
	silence := h.after(patience)
	for {
		p, err := h.packet(ctx, silence)
		switch {
		case err != nil:
			return err
		case p.Channel != to || !p.Initial:
		case p.Command == CommandError && len(p.Data) > 0 && (to == Broadcast || Error(p.Data[0]) == InvalidChannel):
			return Error(p.Data[0])
		case p.Command == CommandInit && p.Length >= initResponseLength && len(p.Data) >= initResponseLength && bytes.HasPrefix(p.Data, h.settings.Nonce[:]):
			return h.remember(p.Data[nonceLength:])
		}
	}
}

// remember reads the answer to CTAPHID_INIT behind its nonce.
func (h *Host) remember(answer []byte) error {
	info := Info{Channel: Channel(binary.BigEndian.Uint32(answer)), Protocol: answer[4], Version: [3]byte(answer[5:]), Capabilities: Capabilities(answer[8])}
	opening := h.info.Channel == Broadcast
	if info.Channel == 0 || info.Channel == Broadcast || !opening && info.Channel != h.info.Channel {
		return &Irregularity{Problem: fmt.Sprintf("the device gave out channel %08x", uint32(info.Channel)), Code: InvalidChannel}
	}
	if opening {
		h.info = info // never written again
	}
	h.stale = false
	return nil
}

func (h *Host) after(d time.Duration) <-chan time.Time {
	if h.settings.After == nil {
		return nil
	}
	return h.settings.After(d)
}

// packet waits for the next packet of any channel.
func (h *Host) packet(ctx context.Context, silence <-chan time.Time) (Packet, error) {
	select {
	case report, open := <-h.in.reports:
		if !open {
			return Packet{}, h.in.err
		}
		return ParsePacket(report)
	case <-silence:
		return Packet{}, ErrSilent
	case <-ctx.Done():
		return Packet{}, ctx.Err()
	}
}

// receive puts the answer together. The end of ctx cancels a CTAP request, once, and from then on only the answer counts as a
// sign of life; whatever else is waited for is left alone.
func (h *Host) receive(ctx context.Context, command Command) (Message, error) {
	var assembler Assembler
	cancelled := false
	silence := h.silence(command)
	for {
		p, err := h.packet(ctx, silence)
		switch {
		case err != nil && err == ctx.Err() && command == CommandCBOR:
			if err := h.send(Message{Channel: h.info.Channel, Command: CommandCancel}); err != nil {
				return Message{}, err
			}
			cancelled, ctx, silence = true, context.WithoutCancel(ctx), h.after(patience)
			continue
		case err != nil:
			return Message{}, err
		case p.Channel != h.info.Channel:
			continue
		}
		if !cancelled {
			silence = h.silence(command)
		}
		if p.Initial && p.Command == CommandKeepalive {
			if h.settings.Keepalive != nil && len(p.Data) > 0 {
				h.settings.Keepalive(Progress(p.Data[0]))
			}
			continue
		}
		message, whole, err := h.add(&assembler, p)
		if whole || err != nil {
			return message, err
		}
	}
}

// silence is when a device has been silent for too long. It is never while it works on a U2F command, which is not kept alive.
func (h *Host) silence(command Command) <-chan time.Time {
	if command == CommandMessage {
		return nil
	}
	return h.after(patience)
}

// add adds a packet of the device, whose errors are irregularities of the device.
func (h *Host) add(a *Assembler, p Packet) (Message, bool, error) {
	if p.Initial && p.Length > MaxMessage(h.size) {
		return Message{}, false, &Irregularity{Problem: fmt.Sprintf("the device announced %d bytes", p.Length), Code: InvalidLength}
	}
	message, whole, err := a.Add(p)
	if code, is := err.(Error); is {
		return Message{}, false, &Irregularity{Problem: fmt.Sprintf("the device sent sequence %d out of order, or nothing in it", p.Sequence), Code: code}
	}
	return message, whole, err
}
