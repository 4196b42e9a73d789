package browser

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"sync"

	"github.com/go-rod/rod/lib/cdp"
)

// A Listener receives the events of one DevTools session. It runs on the goroutine that reads from the browser: it must be
// quick and must not call the browser.
type Listener func(method string, params json.RawMessage)

// socket is the connection to the browser. It shows every event to the session's listeners before the next message is read,
// so that an event that preceded a reply was heard before the call that waited for the reply returned.
type socket struct {
	*cdp.WebSocket
	gone func(error) // called once, when the connection ended

	mu        sync.Mutex
	next      int
	listeners map[string]map[int]Listener // by session id, "" for the browser's own events
}

var _ cdp.WebSocketable = (*socket)(nil)

// Read returns the next message, after its listeners heard it.
func (s *socket) Read() ([]byte, error) {
	data, err := s.WebSocket.Read()
	if err != nil {
		s.gone(err)
		return nil, err
	}
	s.show(data)
	return data, nil
}

func (s *socket) show(data []byte) {
	if bytes.HasPrefix(data, []byte(`{"id":`)) {
		return // a reply, possibly with a large picture in it: not worth parsing twice
	}
	var message struct {
		ID        int             `json:"id"`
		SessionID string          `json:"sessionId"`
		Method    string          `json:"method"`
		Params    json.RawMessage `json:"params"`
	}
	if err := json.Unmarshal(data, &message); err != nil || message.ID != 0 {
		return
	}
	s.mu.Lock()
	ears := slices.Collect(maps.Values(s.listeners[message.SessionID]))
	s.mu.Unlock()
	for _, hear := range ears {
		hear(message.Method, message.Params)
	}
}

// listen registers a listener for a session until stop is called.
func (s *socket) listen(session string, hear Listener) (stop func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	id := s.next
	if s.listeners == nil {
		s.listeners = map[string]map[int]Listener{}
	}
	if s.listeners[session] == nil {
		s.listeners[session] = map[int]Listener{}
	}
	s.listeners[session][id] = hear
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.listeners[session], id)
		if len(s.listeners[session]) == 0 {
			delete(s.listeners, session)
		}
	}
}
