package webauthn

import (
	"context"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/proto"
)

// Event is something that happened to a credential of the page's authenticators: one of the four types below.
type Event interface{ proto.Event }

// CredentialAdded tells of a new credential.
type CredentialAdded struct {
	AuthenticatorID string     `json:"authenticatorId"`
	Credential      Credential `json:"credential"`
}

// ProtoEvent is the name of the event.
func (CredentialAdded) ProtoEvent() string { return "WebAuthn.credentialAdded" }

// CredentialAsserted tells of a credential that signed.
type CredentialAsserted struct {
	AuthenticatorID string     `json:"authenticatorId"`
	Credential      Credential `json:"credential"`
}

// ProtoEvent is the name of the event.
func (CredentialAsserted) ProtoEvent() string { return "WebAuthn.credentialAsserted" }

// CredentialDeleted tells of a credential that the page's signals removed, or that a new one of the same user replaced.
type CredentialDeleted struct {
	AuthenticatorID string `json:"authenticatorId"`
	CredentialID    []byte `json:"credentialId"`
}

// ProtoEvent is the name of the event.
func (CredentialDeleted) ProtoEvent() string { return "WebAuthn.credentialDeleted" }

// CredentialUpdated tells of a credential whose user names the page's signals changed.
type CredentialUpdated struct {
	AuthenticatorID string     `json:"authenticatorId"`
	Credential      Credential `json:"credential"`
}

// ProtoEvent is the name of the event.
func (CredentialUpdated) ProtoEvent() string { return "WebAuthn.credentialUpdated" }

// Events returns a channel of *CredentialAdded, *CredentialAsserted, *CredentialDeleted and *CredentialUpdated from now on, in
// order. It is closed when the context ends, or with the page; end the context, or the events pile up in memory.
//
// It reads the page's raw events: rod's EachEvent would turn the domain off again, and all authenticators with it, when it ends.
func (e *Environment) Events(ctx context.Context) <-chan Event {
	page, cancel := e.page.WithCancel()
	stop := context.AfterFunc(ctx, cancel)
	messages := page.Event()
	out := make(chan Event)
	go func() {
		defer close(out)
		defer stop()
		defer cancel()
		for m := range messages {
			event := load(m)
			if event == nil {
				continue
			}
			select {
			case out <- event:
			case <-page.GetContext().Done():
				return
			}
		}
	}()
	return out
}

// load returns the event in a message of the page, nil when it is none of ours.
func load(m *rod.Message) Event {
	for _, event := range []Event{&CredentialAdded{}, &CredentialAsserted{}, &CredentialDeleted{}, &CredentialUpdated{}} {
		if m.Load(event) {
			return event
		}
	}
	return nil
}
