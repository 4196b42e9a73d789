package subject

import (
	"bytes"
	"context"
	"io"
	"net/http"
)

// reader is the body of a request as it goes out: a reader without length where it is not all there from the start.
func (r Request) reader(ctx context.Context) io.Reader {
	switch {
	case r.Stalls != nil:
		return &stalled{ctx: ctx, half: bytes.NewReader(r.Body[:len(r.Body)/2]), stalls: r.Stalls}
	case r.Spaces > 0:
		return io.MultiReader(bytes.NewReader(r.Body), io.LimitReader(spaces{}, r.Spaces))
	case r.Body == nil:
		return http.NoBody
	}
	return bytes.NewReader(r.Body)
}

// single is whether the request is sent once, whatever comes: one that was to be, or that never ends.
func (r Request) single() bool { return r.Once || r.Stalls != nil }

// stalled is the first half of a body, behind which nothing comes.
type stalled struct {
	ctx    context.Context
	half   io.Reader
	stalls func()
}

// Read implements io.Reader.
func (s *stalled) Read(p []byte) (int, error) {
	if n, err := s.half.Read(p); err == nil {
		return n, nil
	}
	if s.stalls != nil {
		s.stalls()
		s.stalls = nil
	}
	<-s.ctx.Done()
	return 0, s.ctx.Err()
}

// spaces is white space without end.
type spaces struct{}

// Read implements io.Reader.
func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}
