package ctaphid

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
)

// inbox is how many reports wait until they are handled: more than the longest message has, so that the other end may write a
// whole message before it reads.
const inbox = 2 * (1 + maxContinuations)

// inlet is the reports that come in. Its reading end is one goroutine, which whoever made the inlet waits for.
type inlet struct {
	reports chan []byte // closed when there will be no more
	err     error       // why; to be read after that
}

func newInlet() *inlet { return &inlet{reports: make(chan []byte, inbox)} }

// read hands on one report after the other until reading fails or ctx ends.
func (i *inlet) read(ctx context.Context, from io.Reader, size int) {
	defer close(i.reports)
	buffer := make([]byte, size)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			i.err = closed(err)
			return
		}
		select {
		case i.reports <- bytes.Clone(buffer[:n]):
		case <-ctx.Done():
			i.err = ErrClosed
			return
		}
	}
}

// closed makes one error of the many that say that the connection is closed, at this end or at the other.
func closed(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, os.ErrClosed) {
		return ErrClosed
	}
	return err
}
