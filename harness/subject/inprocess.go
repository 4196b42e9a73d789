package subject

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// inProcess carries requests to a handler without a network. What would end a connection ends the round trip.
type inProcess struct {
	handler http.Handler
	// limit is how many bytes of an answer are wanted; one more shows that there were more, and the rest is dropped.
	limit int
}

// ErrHandlerBroke says that a handler of this process panicked; over a network the connection would have been reset.
var ErrHandlerBroke = errors.New("subject: the handler panicked")

// RoundTrip implements http.RoundTripper. A handler that does not return in time is left behind and told so by its
// request's context.
func (p *inProcess) RoundTrip(request *http.Request) (*http.Response, error) {
	in := request.Clone(request.Context())
	in.RequestURI, in.RemoteAddr, in.Host = request.URL.RequestURI(), "127.0.0.1:1", request.URL.Host
	if in.Body == nil {
		in.Body = http.NoBody
	}
	type outcome struct {
		response *http.Response
		err      error
	}
	done := make(chan outcome, 1)
	go func() {
		w := &recorded{header: http.Header{}, limit: p.limit + 1}
		defer func() {
			if p := recover(); p != nil {
				done <- outcome{err: fmt.Errorf("%w: %v", ErrHandlerBroke, p)}
			}
		}()
		p.handler.ServeHTTP(w, in)
		done <- outcome{response: w.response(request)}
	}()
	select {
	case o := <-done:
		return o.response, o.err
	case <-request.Context().Done():
		return nil, request.Context().Err()
	}
}

// errNoMore is what a handler gets that writes more than is wanted, as over a network from a client that hung up.
var errNoMore = errors.New("subject: the client wants no more")

// recorded is the response of a handler.
type recorded struct {
	header http.Header
	status int
	sent   http.Header
	body   bytes.Buffer
	limit  int
}

// Header implements http.ResponseWriter.
func (r *recorded) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter.
func (r *recorded) WriteHeader(status int) {
	if r.status == 0 && status >= 200 {
		r.status, r.sent = status, r.header.Clone()
	}
}

// Write implements http.ResponseWriter.
func (r *recorded) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	left := max(r.limit-r.body.Len(), 0)
	if len(p) <= left {
		return r.body.Write(p)
	}
	r.body.Write(p[:left])
	return left, errNoMore
}

func (r *recorded) response(request *http.Request) *http.Response {
	r.WriteHeader(http.StatusOK)
	return &http.Response{
		Status: fmt.Sprintf("%d %s", r.status, http.StatusText(r.status)), StatusCode: r.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: r.sent, Body: io.NopCloser(&r.body), ContentLength: int64(r.body.Len()), Request: request,
	}
}
