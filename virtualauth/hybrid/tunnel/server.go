package tunnel

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/passkeylab/passkeylab/virtualauth/hybrid"
)

// Server is a tunnel server that runs. Its methods may be called from several goroutines.
type Server struct {
	limits   Limits
	clock    Clock
	log      *slog.Logger
	domains  []string
	routing  routingID
	counters *counters
	registry *registry

	honest, foreign *tls.Certificate
	sockets         *sockets
	http            *http.Server
	metrics         *http.Server // nil without
	metricsListener net.Listener // likewise

	life     context.Context // of everything that runs
	kill     context.CancelFunc
	serving  sync.WaitGroup // the listeners
	handlers sync.WaitGroup // requests, and the WebSockets that they became

	mu     sync.Mutex
	faults Faults
	closed bool
}

// Start listens and serves, until Close is called or ctx ends. It fails with an *OptionError or a *ListenError.
func Start(ctx context.Context, options Options) (*Server, error) {
	s, err := prepare(options)
	if err != nil {
		return nil, err
	}
	listen := net.ListenConfig{}
	address := options.Addr
	if address == "" {
		address = "127.0.0.1:0"
	}
	listener, err := listen.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, &ListenError{Option: "Addr", Address: address, Err: err}
	}
	if options.MetricsAddr != "" {
		s.metricsListener, err = listen.Listen(ctx, "tcp", options.MetricsAddr)
		if err != nil {
			return nil, errors.Join(&ListenError{Option: "MetricsAddr", Address: options.MetricsAddr, Err: err}, listener.Close())
		}
	}
	s.life, s.kill = context.WithCancel(ctx)
	s.sockets = newSockets(listener, s.limits)
	s.sockets.faults, s.sockets.count = s.Faults, s.counters.reject
	s.serve()
	context.AfterFunc(s.life, func() { _ = s.Close() })
	return s, nil
}

// prepare makes everything that needs no network.
func prepare(options Options) (*Server, error) {
	if options.Rand == nil {
		return nil, &OptionError{Option: "Rand", Problem: "set it: it is nil"}
	}
	s := &Server{
		limits: options.Limits.filled(), clock: options.Clock, log: options.Log, counters: newCounters(),
		domains: append(assigned(), options.Domains...),
	}
	if s.clock == nil {
		s.clock = machine{}
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	draw := func(bytes []byte) error { _, err := io.ReadFull(options.Rand, bytes); return err }
	s.registry = newRegistry(s.limits, draw)
	if err := draw(s.routing[:]); err != nil {
		return nil, fmt.Errorf("tunnel: draw a routing id: %w", err)
	}
	names := append(slices.Clone(s.domains), "localhost")
	var err error
	if s.honest, err = newCertificate(options.Rand, "passkeylab tunnel", names); err != nil {
		return nil, fmt.Errorf("tunnel: %w", err)
	}
	if s.foreign, err = newCertificate(options.Rand, "somebody else", names); err != nil {
		return nil, fmt.Errorf("tunnel: %w", err)
	}
	return s, s.SetFaults(options.Faults)
}

// serve begins to serve what was listened on.
func (s *Server) serve() {
	silent := slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // broken handshakes of strangers
	s.http = &http.Server{
		Handler: http.HandlerFunc(s.serveHTTP), ErrorLog: silent,
		ReadHeaderTimeout: s.limits.Header, IdleTimeout: s.limits.Header, MaxHeaderBytes: s.limits.Headers,
		TLSConfig: &tls.Config{
			MinVersion:     tls.VersionTLS12,
			NextProtos:     []string{"http/1.1"}, // a WebSocket over HTTP/2 is another protocol
			GetCertificate: s.certificate,
			// A resumed connection shows no certificate: a browser that was here before would not notice InterceptTLS.
			SessionTicketsDisabled: true,
		},
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
	}
	s.serving.Go(func() { _ = s.http.ServeTLS(s.sockets, "", "") }) // http.ErrServerClosed, once Close is called
	if s.metricsListener == nil {
		return
	}
	s.metrics = &http.Server{
		Handler: http.HandlerFunc(s.serveMetrics), ErrorLog: silent,
		ReadTimeout: s.limits.Header, WriteTimeout: s.limits.Header, IdleTimeout: s.limits.Header, MaxHeaderBytes: s.limits.Headers,
	}
	s.serving.Go(func() { _ = s.metrics.Serve(s.metricsListener) }) // likewise
}

// certificate chooses what a client is shown.
func (s *Server) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if s.Faults().InterceptTLS {
		return s.foreign, nil
	}
	return s.honest, nil
}

// note writes a line into the log.
func (s *Server) note(what string, attributes ...slog.Attr) {
	s.log.LogAttrs(s.life, slog.LevelInfo, what, attributes...)
}

// enter is false when the server ends; otherwise handlers.Done must follow.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.handlers.Add(1)
	}
	return !s.closed
}

// Addr is the host:port that it listens on.
func (s *Server) Addr() string { return s.sockets.Addr().String() }

// MetricsAddr is the host:port where metrics are; empty when nowhere.
func (s *Server) MetricsAddr() string {
	if s.metricsListener == nil {
		return ""
	}
	return s.metricsListener.Addr().String()
}

// SPKI is the base64 of the SHA-256 of its certificate's public key, by which a browser pins it.
func (s *Server) SPKI() string { return spki(s.honest.Leaf) }

// HostRules is what a browser needs to know to find it under the names of tunnel servers: the value of Chromium's flag
// --host-resolver-rules, which can be there only once.
func (s *Server) HostRules() string {
	rules := make([]string, len(s.domains))
	for i, domain := range s.domains {
		rules[i] = "MAP " + domain + " " + s.reachable()
	}
	return strings.Join(rules, ",")
}

// BrowserFlags are the flags by which Chromium finds it and trusts its certificate.
func (s *Server) BrowserFlags() []string {
	return []string{"--host-resolver-rules=" + s.HostRules(), "--ignore-certificate-errors-spki-list=" + s.SPKI()}
}

// reachable is the address to dial: one that listens everywhere is reached on this machine.
func (s *Server) reachable() string {
	address, is := s.sockets.Addr().(*net.TCPAddr)
	if !is || !address.IP.IsUnspecified() {
		return s.Addr()
	}
	return net.JoinHostPort("127.0.0.1", fmt.Sprint(address.Port))
}

// Network reaches this server under the name of any tunnel server, and trusts no other one: with another certificate the
// handshake fails with a *PinError.
func (s *Server) Network() hybrid.Network {
	address := s.reachable()
	return hybrid.Network{
		TLS: pinned(s.SPKI()),
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, network, address)
		},
	}
}

// Faults returns the faults that it has now.
func (s *Server) Faults() Faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}

// SetFaults changes the faults. It fails with an *OptionError, and changes nothing, when one of them makes no sense.
func (s *Server) SetFaults(faults Faults) error {
	if faults.Status != 0 && (faults.Status < 400 || faults.Status > 599) {
		return &OptionError{Option: "Faults", Problem: fmt.Sprintf("Status %d is no failure; use 400 to 599, or 0 for none", faults.Status)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = faults
	return nil
}

// messageFaults are the faults of one direction.
func (s *Server) messageFaults(from side) MessageFaults {
	faults := s.Faults()
	if from == phone {
		return faults.FromPhone
	}
	return faults.FromDesktop
}

// Close ends all connections and waits until nothing runs any more. Calling it again does nothing.
func (s *Server) Close() error {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	s.mu.Unlock()
	var err error
	if first {
		s.kill()
		err = s.http.Close()
		s.sockets.closeAll()
		if s.metrics != nil {
			err = errors.Join(err, s.metrics.Close())
		}
	}
	s.handlers.Wait()
	s.serving.Wait()
	return err
}
