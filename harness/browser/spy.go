package browser

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-rod/rod/lib/proto"
)

// Call is one call that a spy saw.
type Call struct {
	Time    time.Time
	Name    string          // "signalUnknownCredential", "create", …
	Args    json.RawMessage // JSON array of the arguments; buffers and signals appear as {}
	Outcome string          // "ok", the name of the error it was rejected with, or "" while it is pending
	Message string          // of that error
	Ended   time.Time       // zero while it is pending
}

// Spy records calls of the page, through all its documents, from the moment it was set on. It changes nothing else: the real
// functions do their work. It ends with the page.
type Spy struct {
	mu    sync.Mutex
	calls []Call
	byID  map[string]int // index into calls of what is pending
}

// Calls returns what was called, oldest first.
func (s *Spy) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Count returns how many calls of a name there were.
func (s *Spy) Count(name string) int {
	n := 0
	for _, c := range s.Calls() {
		if c.Name == name {
			n++
		}
	}
	return n
}

//go:embed spy.js
var spyScript string

// spyTarget names functions of an object of the page.
type spyTarget struct {
	Binding string   `json:"binding"` // the channel to us; different spies of a page must not share it
	Object  string   `json:"object"`  // path from the global object
	Names   []string `json:"names"`
}

// signals are the methods of the Signal API (WebAuthn L3 §5.1.10).
func signals() []string {
	return []string{"signalUnknownCredential", "signalAllAcceptedCredentials", "signalCurrentUserDetails"}
}

// SpySignals records calls of PublicKeyCredential.signal…, from the next document on.
func (p *Page) SpySignals(ctx context.Context) (*Spy, error) {
	return p.spy(ctx, spyTarget{Binding: "__spySignals", Object: "PublicKeyCredential", Names: signals()})
}

// SpyCeremonies records calls of navigator.credentials.create and get, from the next document on.
func (p *Page) SpyCeremonies(ctx context.Context) (*Spy, error) {
	return p.spy(ctx, spyTarget{Binding: "__spyCeremonies", Object: "CredentialsContainer.prototype", Names: []string{"create", "get"}})
}

func (p *Page) spy(ctx context.Context, target spyTarget) (*Spy, error) {
	s := &Spy{byID: map[string]int{}}
	page := p.Rod.Context(ctx)
	config, err := json.Marshal(target)
	if err != nil {
		return nil, fmt.Errorf("browser: spy on %s: %w", target.Object, err)
	}
	if err := (proto.RuntimeAddBinding{Name: target.Binding}).Call(page); err != nil {
		return nil, fmt.Errorf("browser: spy on %s: %w", target.Object, err)
	}
	p.onClose(p.owner.browser.Listen(p.Rod.SessionID, func(method string, params json.RawMessage) {
		s.hear(target.Binding, method, params)
	}))
	if err := p.onNewDocument(ctx, fmt.Sprintf("(%s)(%s)", spyScript, config)); err != nil {
		return nil, fmt.Errorf("browser: spy on %s: %w", target.Object, err)
	}
	return s, nil
}

// onNewDocument runs a script before the scripts of every document to come.
func (p *Page) onNewDocument(ctx context.Context, script string) error {
	_, err := proto.PageAddScriptToEvaluateOnNewDocument{Source: script}.Call(p.Rod.Context(ctx))
	return err
}

// hear reads what the script in the page sends.
func (s *Spy) hear(binding, method string, params json.RawMessage) {
	if method != "Runtime.bindingCalled" {
		return
	}
	var e struct{ Name, Payload string }
	var news struct {
		ID, Name, Outcome, Message string
		Args                       json.RawMessage
	}
	if json.Unmarshal(params, &e) != nil || e.Name != binding || json.Unmarshal([]byte(e.Payload), &news) != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if i, ok := s.byID[news.ID]; ok {
		s.calls[i].Outcome, s.calls[i].Message, s.calls[i].Ended = news.Outcome, news.Message, time.Now()
		delete(s.byID, news.ID)
		return
	}
	if len(s.calls) >= keptMessages {
		return // a page in a loop; what came first matters most
	}
	s.byID[news.ID] = len(s.calls)
	s.calls = append(s.calls, Call{Time: time.Now(), Name: news.Name, Args: news.Args})
}

//go:embed nosignals.js
var noSignalsScript string

// RemoveSignalAPI makes the page one of a browser without the Signal API, from the next document on: the methods are absent
// and getClientCapabilities does not name them.
func (p *Page) RemoveSignalAPI(ctx context.Context) error {
	names, err := json.Marshal(signals())
	if err == nil {
		err = p.onNewDocument(ctx, fmt.Sprintf("(%s)(%s)", noSignalsScript, names))
	}
	if err != nil {
		return fmt.Errorf("browser: remove the Signal API: %w", err)
	}
	return nil
}
