package subject

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"
)

// Limits bound what one exchange with a server may cost. Zero fields get the default in the comment.
type Limits struct {
	// Time is for one exchange, from dialling to the last byte: 10 seconds.
	Time time.Duration
	// Body is how many bytes of an answer are read: 1 MiB. Header is how many its headers may have: 64 KiB.
	Body, Header int
}

func (l Limits) withDefaults() Limits {
	if l.Time <= 0 {
		l.Time = 10 * time.Second
	}
	if l.Body <= 0 {
		l.Body = 1 << 20
	}
	if l.Header <= 0 {
		l.Header = 64 << 10
	}
	return l
}

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
	limits := f.Limits.withDefaults()
	dialer := &net.Dialer{Timeout: limits.Time}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, TLSClientConfig: f.TLS, ForceAttemptHTTP2: true,
		TLSHandshakeTimeout: limits.Time, ResponseHeaderTimeout: limits.Time, MaxResponseHeaderBytes: int64(limits.Header), MaxIdleConnsPerHost: 16,
		IdleConnTimeout: 30 * time.Second,
	}
	return f.over(transport, func() error { transport.CloseIdleConnections(); return nil })
}

// InProcess returns a relying party that is a handler of this process. f.Base is the URL that it believes to be served at.
func (f FIDOServer) InProcess(handler http.Handler) (RelyingParty, error) {
	return f.over(&inProcess{handler: handler}, func() error { return nil })
}

func (f FIDOServer) over(transport http.RoundTripper, release func() error) (RelyingParty, error) {
	base, err := url.Parse(f.Base)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("subject: base %q is no URL of a server; write it like https://rp.example/fido", f.Base)
	}
	server := &fidoServer{title: f.Title, origin: f.PageOrigin, base: base, header: f.Header, transport: transport, limits: f.Limits.withDefaults(), dictate: f.Dictate, release: release}
	if server.title == "" {
		server.title = f.Base
	}
	if server.origin == "" {
		server.origin = base.Scheme + "://" + base.Host
	}
	server.urls = map[Endpoint]string{}
	for endpoint, path := range defaultPaths {
		if mapped := f.Paths[endpoint]; mapped != "" {
			path = mapped
		}
		if path == "" {
			continue
		}
		server.urls[endpoint] = strings.TrimSuffix(f.Base, "/") + "/" + strings.TrimPrefix(path, "/")
	}
	for name, value := range f.Cookies {
		server.cookies = append(server.cookies, &http.Cookie{Name: name, Value: value, Path: "/"})
	}
	return server, nil
}

type fidoServer struct {
	title, origin string
	base          *url.URL
	urls          map[Endpoint]string
	header        http.Header
	cookies       []*http.Cookie
	transport     http.RoundTripper
	limits        Limits
	dictate       func(context.Context, []byte) context.Context
	release       func() error
}

// Name implements RelyingParty.
func (s *fidoServer) Name() string { return s.title }

// Origin implements RelyingParty.
func (s *fidoServer) Origin() string { return s.origin }

// Close implements RelyingParty.
func (s *fidoServer) Close() error { return s.release() }

// Visit implements RelyingParty.
func (s *fidoServer) Visit() Visitor {
	jar, _ := cookiejar.New(nil) // it cannot fail without a list of public suffixes
	jar.SetCookies(s.base, s.cookies)
	return &visitor{server: s, jar: jar}
}

type visitor struct {
	server *fidoServer
	jar    http.CookieJar
}

// Cookies implements Visitor.
func (v *visitor) Cookies() map[string]string {
	found := map[string]string{}
	for _, address := range v.server.urls {
		if u, err := url.Parse(address); err == nil {
			for _, cookie := range v.jar.Cookies(u) {
				found[cookie.Name] = cookie.Value
			}
		}
	}
	return found
}

// Do implements Visitor.
func (v *visitor) Do(ctx context.Context, request Request) (answer Answer) {
	if v.server.address(request) == "" {
		return Answer{Outcome: Inexpressible, Err: fmt.Errorf("subject: the server has no path for %s", request.Endpoint)}
	}
	ctx, cancel := context.WithTimeout(ctx, v.server.limits.Time)
	defer cancel()
	if request.Challenge != nil {
		if v.server.dictate == nil {
			return Answer{Outcome: Inexpressible, Err: errors.New("subject: the server's challenges cannot be dictated")}
		}
		ctx = v.server.dictate(ctx, request.Challenge)
	}
	began := time.Now()
	defer func() { answer.Took = time.Since(began) }()
	out, err := v.server.request(ctx, request)
	if err != nil {
		return Answer{Outcome: Inexpressible, Err: err}
	}
	for _, cookie := range v.jar.Cookies(out.URL) {
		out.AddCookie(cookie)
	}
	answer.Sent = out.Header
	response, err := v.server.transport.RoundTrip(out)
	if err != nil {
		answer.fail(err)
		return answer
	}
	defer response.Body.Close() // what was not read of it does not matter
	v.jar.SetCookies(out.URL, response.Cookies())
	answer.Status, answer.Header = response.StatusCode, response.Header
	answer.read(response.Body, v.server.limits.Body)
	return answer
}

// request builds what is sent.
func (s *fidoServer) request(ctx context.Context, request Request) (*http.Request, error) {
	method := request.Method
	if method == "" {
		method = http.MethodPost
	}
	out, err := http.NewRequestWithContext(ctx, method, s.address(request), request.reader(ctx))
	if err != nil {
		return nil, fmt.Errorf("subject: %s: %w", request.Endpoint, err)
	}
	for _, header := range []http.Header{s.header, request.Header} {
		for name, values := range header {
			out.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	switch request.ContentType {
	case "":
		out.Header.Set("Content-Type", "application/json")
	case "-":
	default:
		out.Header.Set("Content-Type", request.ContentType)
	}
	return out, nil
}

// isTLS tells a failed handshake from a connection that broke.
func isTLS(err error) bool {
	var certificate *tls.CertificateVerificationError
	var alert tls.AlertError
	var header tls.RecordHeaderError
	return errors.As(err, &certificate) || errors.As(err, &alert) || errors.As(err, &header)
}
