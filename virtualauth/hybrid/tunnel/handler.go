package tunnel

import (
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// serveHTTP answers tunnel requests. A WebSocket that it accepts lives until it returns.
func (s *Server) serveHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.enter() {
		finish(w, http.StatusServiceUnavailable)
		return
	}
	defer s.handlers.Done()
	asked, err := parsePath(r.URL.Path)
	if err == nil {
		err = s.spoilt()
	}
	if err == nil {
		err = s.answer(w, r, asked)
	}
	var refused *refusal
	if !errors.As(err, &refused) {
		return
	}
	s.counters.request(asked.op, refused.status)
	s.note("request refused", slog.String("operation", string(asked.op)), slog.Int("status", refused.status), slog.String("reason", refused.text))
	s.refuse(w, refused)
}

// spoilt is what the faults make of a request.
func (s *Server) spoilt() error {
	faults := s.Faults()
	if !pause(s.life, s.clock, faults.Delay) {
		return refuse(http.StatusServiceUnavailable, "the server ends")
	}
	if faults.Status != 0 {
		return refuse(faults.Status, "%s", http.StatusText(faults.Status))
	}
	return nil
}

// answer does what was asked for. The error is a *refusal.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, asked request) error {
	if asked.op == opListen && r.Method == http.MethodDelete {
		s.registry.forget(asked.key())
		s.counters.request(asked.op, http.StatusNoContent)
		finish(w, http.StatusNoContent)
		return nil
	}
	if err := checkUpgrade(r, asked.op); err != nil {
		return err
	}
	return map[operation]func(http.ResponseWriter, *http.Request, request) error{
		opNew: s.serveNew, opConnect: s.serveConnect, opContact: s.serveContact, opListen: s.serveListen,
	}[asked.op](w, r, asked)
}

func (s *Server) serveNew(w http.ResponseWriter, r *http.Request, asked request) error {
	t := newTunnel(phone)
	t.id = asked.tunnel
	if err := s.registry.open(t); err != nil {
		return err
	}
	w.Header().Set(routingHeader, s.routing.String())
	return s.begin(w, r, asked.op, t)
}

func (s *Server) serveContact(w http.ResponseWriter, r *http.Request, asked request) error {
	payload, err := parsePayload(r.Header.Values(payloadHeader))
	if err != nil {
		return err
	}
	t := newTunnel(desktop)
	t.payload, t.contact = payload, asked.key()
	if err := s.registry.ask(t); err != nil {
		return err
	}
	return s.begin(w, r, asked.op, t)
}

// begin upgrades the first side and carries the tunnel.
func (s *Server) begin(w http.ResponseWriter, r *http.Request, op operation, t *tunnel) error {
	conn, err := s.upgrade(w, r, op)
	if err != nil {
		s.registry.end(t)
		close(t.over)
		return err
	}
	s.carry(t, conn)
	return nil
}

func (s *Server) serveConnect(w http.ResponseWriter, r *http.Request, asked request) error {
	if asked.routing != s.routing {
		return refuse(http.StatusNotFound, "this server's routing id is %s, not %s", s.routing, asked.routing)
	}
	t, err := s.registry.join(asked.tunnel)
	if err != nil {
		return err
	}
	conn, err := s.upgrade(w, r, asked.op)
	if err != nil {
		s.registry.leave(t)
		return err
	}
	select {
	case t.second <- conn:
		<-t.over
	case <-t.over:
		_ = conn.Close(websocket.StatusGoingAway, "the other side left")
	}
	return nil
}

func (s *Server) serveListen(w http.ResponseWriter, r *http.Request, asked request) error {
	conn, err := s.upgrade(w, r, asked.op)
	if err != nil {
		return err
	}
	s.attend(newListener(asked.key(), conn))
	return nil
}

// upgrade makes a request that checkUpgrade approved a WebSocket.
func (s *Server) upgrade(w http.ResponseWriter, r *http.Request, op operation) (*websocket.Conn, error) {
	s.counters.request(op, http.StatusSwitchingProtocols)
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols: []string{subprotocol},
		// Browsers send the tunnel server's own origin. There are no cookies here that a strange page could make use of.
		InsecureSkipVerify: true,
	})
	if err != nil {
		return nil, err // the connection broke: everything else has been checked
	}
	conn.SetReadLimit(s.limits.Message)
	return conn, nil
}

// upgradeRules are what a request for a WebSocket must have (RFC 6455 §4.2.1), in the order in which it is judged.
var upgradeRules = []struct {
	broken func(*http.Request) bool
	refusal
}{
	{func(r *http.Request) bool { return r.Method != http.MethodGet },
		refusal{status: http.StatusMethodNotAllowed, text: "a WebSocket is asked for by GET"}},
	{func(r *http.Request) bool { return r.ContentLength != 0 },
		refusal{status: http.StatusBadRequest, text: "a request for a WebSocket has no body"}},
	{func(r *http.Request) bool {
		return !r.ProtoAtLeast(1, 1) || !has(r, "Connection", "upgrade") || !has(r, "Upgrade", "websocket")
	}, refusal{status: http.StatusUpgradeRequired, text: "this is for WebSockets: ask for one by Connection: Upgrade and Upgrade: websocket"}},
	{func(r *http.Request) bool { return r.Header.Get("Sec-WebSocket-Version") != "13" },
		refusal{status: http.StatusUpgradeRequired, text: "Sec-WebSocket-Version: want 13"}},
	{func(r *http.Request) bool { return !wellFormedKey(r.Header.Values("Sec-WebSocket-Key")) },
		refusal{status: http.StatusBadRequest, text: "Sec-WebSocket-Key: want it once, 16 bytes in base64"}},
	{func(r *http.Request) bool { return !has(r, "Sec-WebSocket-Protocol", subprotocol) },
		refusal{status: http.StatusBadRequest, text: "Sec-WebSocket-Protocol: want " + subprotocol}},
}

func checkUpgrade(r *http.Request, op operation) error {
	for _, rule := range upgradeRules {
		if rule.broken(r) {
			refused := rule.refusal
			if refused.allow = http.MethodGet; op == opListen {
				refused.allow = "GET, DELETE"
			}
			return &refused
		}
	}
	return nil
}

func wellFormedKey(values []string) bool {
	if len(values) != 1 {
		return false
	}
	key, err := base64.StdEncoding.DecodeString(values[0])
	return err == nil && len(key) == 16
}

// has says whether a header that is a list has a token, in any case.
func has(r *http.Request, header, token string) bool {
	for _, value := range r.Header.Values(header) {
		for item := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(item), token) {
				return true
			}
		}
	}
	return false
}

// refuse answers with a status and a sentence.
func (s *Server) refuse(w http.ResponseWriter, refused *refusal) {
	header := w.Header()
	header.Del(routingHeader)
	header.Set("Content-Type", "text/plain; charset=utf-8")
	header.Set("X-Content-Type-Options", "nosniff")
	switch refused.status {
	case http.StatusMethodNotAllowed:
		header.Set("Allow", refused.allow)
	case http.StatusUpgradeRequired:
		header.Set("Upgrade", "websocket")
		header.Set("Sec-WebSocket-Version", "13")
	case http.StatusServiceUnavailable:
		header.Set("Retry-After", "5")
	}
	finish(w, refused.status)
	_, _ = w.Write([]byte(refused.text + "\n")) // whoever does not read it any more has left
}

// finish writes a status and has the connection end after it, without a further look at what the client still sends.
func finish(w http.ResponseWriter, status int) {
	w.Header().Set("Connection", "close")
	_ = http.NewResponseController(w).SetReadDeadline(time.Unix(1, 0)) // long past; a writer without one has no body either
	w.WriteHeader(status)
}
