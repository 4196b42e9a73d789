package apdu

import (
	"context"
	"time"
)

// updateInterval is how long a request may last without a status update, for clients that understand those
// (CTAP 2.3 §11.3.7.1).
const updateInterval = 100 * time.Millisecond

// Progress is the data of a status update: why there is no response yet (CTAP 2.3 §11.3.7.1, §11.2.9.1.7).
type Progress byte

// The kinds of progress.
const (
	// Processing: the authenticator works.
	Processing Progress = 1
	// UserPresenceNeeded: it waits for the person.
	UserPresenceNeeded Progress = 2
)

// work is a request that outlives the command that brought it. Its goroutine belongs to the Card, and ends with the request
// or by abandon.
type work struct {
	cancel context.CancelFunc
	done   chan struct{} // closed at the end
	// response and err are to be read after done.
	response []byte
	err      error
}

// begin lets a request run until it is done, cancelled or abandoned, whatever becomes of the command that brought it.
func begin(ctx context.Context, ctap Transport, request []byte) *work {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	w := &work{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(w.done)
		w.response, w.err = ctap.Exchange(ctx, request)
	}()
	return w
}

// abandon ends the request and waits for its end.
func (w *work) abandon() {
	w.cancel()
	<-w.done
}

// message is NFCCTAP_MSG (CTAP 2.3 §11.3.7.1). The request is done within this command, unless the client understands status
// updates.
func (c *Card) message(ctx context.Context, command Command) (Response, error) {
	if c.working != nil {
		c.working.abandon()
		c.working = nil
	}
	if c.CTAP == nil {
		return Response{}, InstructionNotSupported
	}
	if command.P1&^understandsUpdate != 0 || command.P2 != 0 {
		return Response{}, WrongParameters
	}
	if len(command.Data) == 0 {
		return Response{}, WrongLength
	}
	if command.P1&understandsUpdate == 0 || c.After == nil {
		response, err := c.CTAP.Exchange(ctx, command.Data)
		return Response{Data: response, Status: OK}, err
	}
	c.working = begin(ctx, c.CTAP, command.Data)
	return c.progress(ctx)
}

// getResponse is NFCCTAP_GETRESPONSE (CTAP 2.3 §11.3.7.2): it asks how a request is going, or cancels it.
func (c *Card) getResponse(ctx context.Context, command Command) (Response, error) {
	if command.P1 != 0 && command.P1 != cancelRequest || command.P2 != 0 {
		return Response{}, WrongParameters
	}
	if c.working == nil {
		return Response{}, ConditionsNotSatisfied
	}
	if command.P1 == cancelRequest && !c.Misbehave.IgnoreCancel {
		c.working.abandon()
	}
	return c.progress(ctx)
}

// progress waits for the response, and for no longer than until the next status update is due.
func (c *Card) progress(ctx context.Context) (Response, error) {
	select {
	case <-c.working.done: // a response that is there already is never late
		return c.finish()
	default:
	}
	select {
	case <-c.working.done:
		return c.finish()
	case <-c.After(updateInterval):
	case <-ctx.Done(): // the reader is in a hurry, the request is not
	}
	progress := Processing
	if c.AwaitsUser != nil && c.AwaitsUser() {
		progress = UserPresenceNeeded
	}
	return Response{Data: []byte{byte(progress)}, Status: StatusUpdate}, nil
}

// finish takes the response of a request that is done.
func (c *Card) finish() (Response, error) {
	w := c.working
	c.working = nil
	w.cancel()
	return Response{Data: w.response, Status: OK}, w.err
}
