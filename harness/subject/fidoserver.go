package subject

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
)

// FIDOServer says where a server with FIDO's REST API is, and how it is spoken to. Base is required.
type FIDOServer struct {
	// Title is what a report calls it; the base URL when empty.
	Title string
	// Base is what the paths are appended to: "https://rp.example/fido".
	Base string
	// PageOrigin is the origin that client data tells; that of Base when empty.
	PageOrigin string
	// Paths are those of the endpoints, where they are not the API's own.
	Paths map[Endpoint]string
	// Header is sent with each request, and Cookies are every visitor's from the start.
	Header  http.Header
	Cookies map[string]string
	// TLS has the roots, the server's name, and the client's certificate; nil for the system's.
	TLS *tls.Config
	// Limits bound each exchange.
	Limits Limits
	// Pace is how fast it is asked, shared by all that are one target; nil is a zero one of its own.
	Pace *Pace
	// Dictate puts a challenge into the context of a request for options, from where a handler of this process takes it. Nil is a
	// server whose challenges cannot be dictated, as all are that are reached over a network.
	Dictate func(ctx context.Context, challenge []byte) context.Context
}

// defaultPaths are the API's own.
var defaultPaths = map[Endpoint]string{
	CreationOptions: "/attestation/options", CreationResult: "/attestation/result",
	RequestOptions: "/assertion/options", RequestResult: "/assertion/result",
	Removal: "", // only where a target has one
}

// Dial returns the relying party that f describes. It makes no connection yet; its error is one of the description.
func (f FIDOServer) Dial() (RelyingParty, error) {
	transport := f.dialler()
	return f.over(transport, func() error { transport.CloseIdleConnections(); return nil })
}

// InProcess returns a relying party that is a handler of this process. f.Base is the URL that it believes to be served at.
func (f FIDOServer) InProcess(handler http.Handler) (RelyingParty, error) {
	return f.over(f.around(handler), func() error { return nil })
}

func (f FIDOServer) over(transport http.RoundTripper, release func() error) (RelyingParty, error) {
	w, err := f.wire(transport, release)
	if err != nil {
		return nil, err
	}
	server := &fidoServer{wire: w, urls: map[Endpoint]string{}, dictate: f.Dictate}
	for endpoint, path := range defaultPaths {
		if mapped := f.Paths[endpoint]; mapped != "" {
			path = mapped
		}
		if path == "" {
			continue
		}
		server.urls[endpoint] = w.below(path)
	}
	return server, nil
}

type fidoServer struct {
	*wire
	urls    map[Endpoint]string
	dictate func(context.Context, []byte) context.Context
}

// Visit implements RelyingParty.
func (s *fidoServer) Visit() Visitor { return &visitor{server: s, session: s.newSession()} }

type visitor struct {
	server *fidoServer
	session
}

// Cookies implements Visitor.
func (v *visitor) Cookies() map[string]string {
	return v.cookies(slices.Collect(maps.Values(v.server.urls)))
}

// Do implements Visitor.
func (v *visitor) Do(ctx context.Context, request Request) Answer {
	if v.server.address(request) == "" {
		return Answer{Outcome: Inexpressible, Err: fmt.Errorf("subject: the server has no path for %s", request.Endpoint)}
	}
	if request.Challenge != nil {
		if v.server.dictate == nil {
			return Answer{Outcome: Inexpressible, Err: errors.New("subject: the server's challenges cannot be dictated")}
		}
		ctx = v.server.dictate(ctx, request.Challenge)
	}
	header := http.Header{}
	switch request.ContentType {
	case "":
		header.Set("Content-Type", "application/json")
	case "-":
	default:
		header.Set("Content-Type", request.ContentType)
	}
	answer := v.exchange(ctx, sent{
		method: orElse(request.Method, http.MethodPost), url: v.server.address(request), body: request.reader, headers: []http.Header{request.Header, header},
		single: request.single(),
	})
	if answer.Outcome == "" {
		answer.judge()
	}
	return answer
}

// address is where a request goes.
func (s *fidoServer) address(request Request) string {
	if request.Path != "" {
		return s.at(request.Path)
	}
	return s.urls[request.Endpoint]
}
