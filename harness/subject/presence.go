package subject

import (
	"fmt"
	"sync"
)

// phase is something that people do before an endpoint of an application can be asked, and a description says how.
type phase string

const (
	starting      phase = "starting a visit"
	makingAccount phase = "making an account"
	resuming      phase = "signing in without a passkey"
	leaving       phase = "signing out"
)

// phases are all, with when they come.
func phases() []struct {
	phase
	when string
} {
	return []struct {
		phase
		when string
	}{
		{starting, "once by each new visitor"},
		{makingAccount, "once for each user name, before its first creation options"},
		{resuming, "before creation options, by who has an account and is not signed in"},
		{leaving, "before request options, by who is signed in"},
	}
}

// people are those who have an account with an application, as far as is known here. The zero value knows nobody.
type people struct {
	mu       sync.Mutex
	accounts map[string]bool            // by user name
	handles  map[string]map[string]bool // the user handles that options named, by user name
}

func (p *people) has(user string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.accounts[user]
}

func (p *people) add(user string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.accounts == nil {
		p.accounts = map[string]bool{}
	}
	p.accounts[user] = true
}

// named remembers that options named a user handle.
func (p *people) named(user, handle string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.handles == nil {
		p.handles = map[string]map[string]bool{}
	}
	if p.handles[user] == nil {
		p.handles[user] = map[string]bool{}
	}
	p.handles[user][handle] = true
}

// foreign returns an error when a user handle was given out, but never for this user.
func (p *people) foreign(user, handle string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if given := p.handles[user]; given != nil && !given[handle] {
		return fmt.Errorf("the application is not sent response.userHandle, which is another user's here")
	}
	return nil
}

// presence is who is signed in in one browser, and who asked last.
type presence struct {
	people *people

	mu       sync.Mutex
	started  bool
	signedIn string // the user name; "" for nobody
	ask      any    // the last request for options
}

// somebody is signed in who gave no user name.
const somebody = "\x00"

// due are the phases that come before an endpoint, for a request that names a user, or none.
func (p *presence) due(endpoint Endpoint, user string) []phase {
	p.mu.Lock()
	defer p.mu.Unlock()
	var due []phase
	if !p.started {
		due = append(due, starting)
	}
	switch {
	case endpoint == CreationOptions && user != "" && p.signedIn != user:
		if p.people.has(user) {
			return append(due, resuming)
		}
		return append(due, makingAccount)
	case endpoint == RequestOptions && p.signedIn != "":
		return append(due, leaving)
	}
	return due
}

// prepared notes that the phases were gone through. stays says that who makes an account is signed in from then on.
func (p *presence) prepared(endpoint Endpoint, user string, stays bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.started = true
	switch endpoint {
	case CreationOptions:
		if user != "" {
			p.people.add(user)
		}
		if p.signedIn = ""; stays {
			p.signedIn = user
		}
	case RequestOptions:
		p.signedIn = ""
	}
}

// asks notes a request for options.
func (p *presence) asks(ask any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ask = ask
}

// asked is the last request for options.
func (p *presence) asked() any {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ask
}

// answered notes that a response was accepted: who asked is signed in.
func (p *presence) answered() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.signedIn = orElse(userName(p.ask), somebody)
}
