package subject

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
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

// wire is how a server is reached, whatever is said to it: one HTTP exchange at a time, each within the limits.
type wire struct {
	title, origin string
	base          *url.URL
	header        http.Header
	given         []*http.Cookie
	transport     http.RoundTripper
	limits        Limits
	pace          *Pace
	release       func() error
}

// dialler returns a transport over the network. It follows no redirects, and reads no more headers than it may.
func (f FIDOServer) dialler() *http.Transport {
	limits := f.Limits.withDefaults()
	dialer := &net.Dialer{Timeout: limits.Time}
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, TLSClientConfig: f.TLS, ForceAttemptHTTP2: true,
		TLSHandshakeTimeout: limits.Time, ResponseHeaderTimeout: limits.Time, MaxResponseHeaderBytes: int64(limits.Header), MaxIdleConnsPerHost: 16,
		IdleConnTimeout: 30 * time.Second,
	}
}

// around returns a transport to a handler of this process.
func (f FIDOServer) around(handler http.Handler) http.RoundTripper {
	return &inProcess{handler: handler, limit: f.Limits.withDefaults().Body}
}

// wire reads the description.
func (f FIDOServer) wire(transport http.RoundTripper, release func() error) (*wire, error) {
	base, err := url.Parse(f.Base)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("subject: base %q is no URL of a server; write it like https://rp.example/fido", f.Base)
	}
	w := &wire{
		title: orElse(f.Title, f.Base), origin: orElse(f.PageOrigin, base.Scheme+"://"+base.Host), base: base, header: f.Header, transport: transport,
		limits: f.Limits.withDefaults(), pace: f.Pace, release: release,
	}
	if w.pace == nil {
		w.pace = &Pace{}
	}
	for name, value := range f.Cookies {
		w.given = append(w.given, &http.Cookie{Name: name, Value: value, Path: "/"})
	}
	return w, nil
}

// Name implements RelyingParty.
func (w *wire) Name() string { return w.title }

// Origin implements RelyingParty.
func (w *wire) Origin() string { return w.origin }

// Close implements RelyingParty.
func (w *wire) Close() error { return w.release() }

// below is the URL of a path under the base.
func (w *wire) below(path string) string {
	return strings.TrimSuffix(w.base.String(), "/") + "/" + strings.TrimPrefix(path, "/")
}

// at is the URL of a path on the host of the base.
func (w *wire) at(path string) string { return w.base.Scheme + "://" + w.base.Host + path }

// session is what a visitor has of their own: cookies.
type session struct {
	*wire
	jar http.CookieJar
}

func (w *wire) newSession() session {
	jar, _ := cookiejar.New(nil) // it cannot fail without a list of public suffixes
	jar.SetCookies(w.base, w.given)
	return session{w, jar}
}

// cookies are those that would be sent to any of the addresses, by name.
func (c session) cookies(addresses []string) map[string]string {
	found := map[string]string{}
	for _, address := range addresses {
		if u, err := url.Parse(address); err == nil {
			for _, cookie := range c.jar.Cookies(u) {
				found[cookie.Name] = cookie.Value
			}
		}
	}
	return found
}

// sent is what goes out: later headers win over earlier ones, and all over those of the target.
type sent struct {
	method, url string
	// body is made anew for each request; nil sends none.
	body    func(context.Context) io.Reader
	headers []http.Header
	// single takes an answer that asks to be asked later for the answer.
	single bool
}

// once sends one request and reads its answer. The outcome is empty when there is a whole answer, which is then to be judged.
func (c session) once(ctx context.Context, s sent) (answer Answer) {
	ctx, cancel := context.WithTimeout(ctx, c.limits.Time)
	defer cancel()
	began := time.Now()
	defer func() { answer.Took = time.Since(began) }()
	var body io.Reader = http.NoBody
	if s.body != nil {
		body = s.body(ctx)
	}
	out, err := http.NewRequestWithContext(ctx, s.method, s.url, body)
	if err != nil {
		return Answer{Outcome: Inexpressible, Err: fmt.Errorf("subject: %s %s: %w", s.method, s.url, err)}
	}
	for _, header := range append([]http.Header{c.header}, s.headers...) {
		for name, values := range header {
			out.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	for _, cookie := range c.jar.Cookies(out.URL) {
		out.AddCookie(cookie)
	}
	answer.Sent = out.Header
	response, err := c.transport.RoundTrip(out)
	if err != nil {
		answer.fail(err)
		return answer
	}
	defer response.Body.Close() // what was not read of it does not matter
	c.jar.SetCookies(out.URL, response.Cookies())
	answer.Status, answer.Header = response.StatusCode, response.Header
	answer.read(response.Body, c.limits.Body)
	return answer
}

// isTLS tells a failed handshake from a connection that broke.
func isTLS(err error) bool {
	var certificate *tls.CertificateVerificationError
	var alert tls.AlertError
	var header tls.RecordHeaderError
	return errors.As(err, &certificate) || errors.As(err, &alert) || errors.As(err, &header)
}
