package ctaphid

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// Time limits of a device.
const (
	// transactionTimeout is how long the next packet of a message may take (CTAP 2.3 §11.2.5.2).
	transactionTimeout = 500 * time.Millisecond
	// keepaliveInterval is how often a device says that it still works (CTAP 2.3 §11.2.9.1.7).
	keepaliveInterval = 100 * time.Millisecond
	// maxLock is the longest lock in seconds (CTAP 2.3 §11.2.9.2.2).
	maxLock = 10
)

// Capabilities are the flags in the answer to CTAPHID_INIT (CTAP 2.3 §11.2.9.1.3).
type Capabilities byte

// The capabilities.
const (
	// CanWink: CTAPHID_WINK works.
	CanWink Capabilities = 0x01
	// CanLock: CTAPHID_LOCK works. CTAP leaves the bit to the U2F HID protocol, which has it so.
	CanLock Capabilities = 0x02
	// SpeaksCBOR: CTAPHID_CBOR works.
	SpeaksCBOR Capabilities = 0x04
	// NoMessages: CTAPHID_MSG does not work.
	NoMessages Capabilities = 0x08
)

// Progress is the data of CTAPHID_KEEPALIVE: why there is no response yet (CTAP 2.3 §11.2.9.1.7).
type Progress byte

// The kinds of progress.
const (
	// Processing: the authenticator works.
	Processing Progress = 1
	// UserPresenceNeeded: it waits for the person.
	UserPresenceNeeded Progress = 2
)

// Transport carries one request to an authenticator and returns its response. The end of ctx cancels the request, and is
// answered like any other outcome.
type Transport interface {
	Exchange(ctx context.Context, request []byte) (response []byte, err error)
}

// Device is the authenticator's end. The zero Device only echoes. Set its fields before Serve.
type Device struct {
	// CTAP answers CTAPHID_CBOR; nil makes a device that only knows U2F.
	CTAP Transport
	// Messages answers CTAPHID_MSG, APDU in and APDU out; nil makes a device that only knows CTAP2.
	Messages Transport
	// Wink is what CTAPHID_WINK does; nil makes a device that cannot. It must not wait for the device.
	Wink func()
	// Lockable makes a device that knows CTAPHID_LOCK. Locks end by After.
	Lockable bool
	// ReportSize is the size of reports in bytes, 24 to 1024; 0 means 64.
	ReportSize int
	// Version is the device's own version: major, minor, build.
	Version [3]byte
	// After returns a channel that receives after a while. Nil means that no time passes: no message is late, no lock ends
	// by itself, no request is kept alive.
	After func(time.Duration) <-chan time.Time
	// AwaitsUser says whether the authenticator waits for the person right now; keep-alives tell. Nil never does.
	AwaitsUser func() bool
	// Handover is called before a request that comes from another channel than the one before: what one client has begun is not
	// for another to go on with (CTAP 2.3 §6, stateful commands). It may wait for a request that was aborted. Nil does nothing.
	Handover func()
	// Misbehave holds the lies of the framing. Set it before Serve.
	Misbehave Misbehaviour
}

// Serve answers reports until they end or ctx does, and closes them. All its goroutines have ended when it returns. It fails
// with ErrReportSize, with what reading or writing failed with, or with the errors of CTAP and Messages, which clients hear of
// as ERR_OTHER; that the other end is gone is no failure.
func (d *Device) Serve(ctx context.Context, reports io.ReadWriteCloser) error {
	size := reportSize(d.ReportSize)
	if size < minReportSize || size > maxReportSize {
		return errors.Join(ErrReportSize, reports.Close())
	}
	serving, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &session{Device: d, size: size, out: reports, in: newInlet()}
	var owned sync.WaitGroup
	s.goes = owned.Go
	owned.Go(func() { s.in.read(serving, reports, size) })
	owned.Go(func() { // nothing else ends a Read or a Write
		<-serving.Done()
		_ = reports.Close()
	})
	err := s.loop(serving)
	cancel()
	owned.Wait()
	if errors.Is(err, ErrClosed) || ctx.Err() != nil {
		err = nil
	}
	return errors.Join(append(s.failures, err)...)
}

func reportSize(size int) int {
	if size == 0 {
		return defaultReportSize
	}
	return size
}

// session is a Device while it serves. Everything in it belongs to the goroutine of loop.
type session struct {
	*Device
	size int
	in   *inlet
	out  io.Writer
	goes func(func()) // starts a goroutine that Serve waits for

	channels Channel // the latest one given out; all from 1 to here are
	served   Channel // whose request was the latest; 0 before the first
	open     *transaction
	late     <-chan time.Time // the open transaction waits for its next packet until then
	alive    <-chan time.Time // the next keep-alive is due then
	locked   Channel          // 0 when nobody has the lock
	unlock   <-chan time.Time
	failures []error
}

// loop is the device: it handles whatever happens next, one thing at a time.
func (s *session) loop(ctx context.Context) (err error) {
	for err == nil {
		var finished <-chan struct{}
		if s.open != nil {
			finished = s.open.done
		}
		select {
		case report, open := <-s.in.reports:
			if !open {
				return s.in.err
			}
			err = s.handle(ctx, report)
		case <-finished:
			err = s.finish()
		case <-s.late:
			err = s.refuse(s.abort(), MessageTimeout)
		case <-s.alive:
			err = s.keepAlive()
		case <-s.unlock:
			s.locked, s.unlock = 0, nil
		case <-ctx.Done():
			return nil
		}
	}
	return err
}

func (s *session) after(d time.Duration) <-chan time.Time {
	if s.After == nil {
		return nil
	}
	return s.After(d)
}

// send writes a message.
func (s *session) send(m Message) error {
	reports, err := m.Reports(s.size)
	if err != nil {
		return err
	}
	return s.write(reports)
}

func (s *session) write(reports [][]byte) error {
	for _, r := range reports {
		if _, err := s.out.Write(r); err != nil {
			return fmt.Errorf("ctaphid: write a report: %w", closed(err))
		}
	}
	return nil
}

// refuse answers with an error.
func (s *session) refuse(channel Channel, code Error) error {
	return s.send(Message{Channel: channel, Command: CommandError, Data: []byte{byte(code)}})
}
