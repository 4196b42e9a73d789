package rpcases

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
)

// apiUser is about the user of options to register: their name and their handle (WebAuthn L3 §5.4.3).
func apiUser() []Case {
	return []Case{
		{
			ID: "api/user/long-names", Aliases: []string{"S-API-018"}, Level: robust, Clause: l3("6.4.1", "long-names"),
			Says: "user names of 64 to 100 000 signs are decided on, and their user handles are of the usual length",
			Run:  namesDecidedOn(strings.Repeat("n", 64-24), strings.Repeat("n", 1000-24), strings.Repeat("n", 100_000-24)),
		},
		{
			ID: "api/user/odd-names", Aliases: []string{"S-API-019"}, Level: robust, Clause: l3("6.4.2", "odd-names"),
			Says: "user names with signs that are rare, invisible, or no signs at all are decided on",
			Run:  namesDecidedOn("e\u0301\u0323", "\u202eeoj\u202c", "🧑🏽‍🚀", "\x00", "\ud7ff\ufffd", "a\tb", "%00", "<b>"),
		},
		{
			ID: "api/user/half-a-sign", Level: robust, Clause: l3("6.4.2", "odd-names"),
			Says: "a user name with half of a sign of UTF-16 is decided on",
			Run:  halfASign,
		},
		{
			ID: "api/user/handle-says-nothing", Aliases: []string{"S-API-020"}, Level: must, Clause: l3("14.6.1", "user-handle-privacy"),
			Says: "a user handle contains neither the user name nor a hash of it",
			Run:  handleSaysNothing,
		},
		{
			ID: "api/user/handle-stays", Aliases: []string{"S-API-021"}, Level: must, Clause: l3("5.4.3", "user-handle"),
			Says: "the user handle of an account stays the same",
			Run:  handleStays,
		},
		{
			ID: "api/user/handles-differ", Aliases: []string{"S-API-022"}, Level: must, Clause: l3("5.4.3", "user-handle"),
			Says: "two accounts have different user handles",
			Run:  handlesDiffer,
		},
	}
}

// namesDecidedOn asks for options in names that end in odd ways. Where they are accepted, the handle has 1 to 64 bytes.
func namesDecidedOn(endings ...string) Run {
	return func(ctx context.Context, b *Bench) error {
		for _, ending := range endings {
			p := b.Person(nil)
			p.Name += ending
			what := fmt.Sprintf("options for the name …%q of %d bytes", shortened(ending), len(p.Name))
			offered := p.CreationOptions(ctx, Ask{})
			if err := b.MustDecide(what, offered); err != nil {
				return err
			}
			if err := p.goodUser(what, offered); err != nil {
				return err
			}
		}
		return conformance.Control("an honest registration afterwards", Registration{}.control(ctx, b))
	}
}

// goodUser looks at the user of options that were given.
func (p *Person) goodUser(what string, offered subject.Answer) error {
	if offered.Outcome != subject.Accepted {
		return nil
	}
	var v creationView
	if err := p.read(offered, what, &v); err != nil {
		return err
	}
	if !is(v.User.Name, p.Name) {
		p.bench.Observe("%s: the options have another name: %s", what, shortened(shown(v.User.Name)))
	}
	handle := []byte(nil)
	if v.User.ID != nil {
		handle = decoded(*v.User.ID)
	}
	return firstFalse(claim{what + ", user.id", "1 to 64 bytes", len(handle) >= 1 && len(handle) <= 64, v.User.ID})
}

func halfASign(ctx context.Context, b *Bench) error {
	p := b.Person(nil)
	body := strings.Replace(string(Ask{}.body(p.Name, subject.CreationOptions)), p.Name, p.Name+`\ud83d`, 1)
	offered := p.Browser.Do(ctx, subject.Request{Endpoint: subject.CreationOptions, Body: []byte(body), Purpose: "options for half a sign"})
	if err := b.MustDecide("options for half a sign", offered); err != nil {
		return err
	}
	p.Name += "\ufffd"
	if err := p.goodUser("options for half a sign", offered); err != nil {
		return err
	}
	return conformance.Control("an honest registration afterwards", Registration{}.control(ctx, b))
}

// handle is the user handle of a person's next options.
func (p *Person) handle(ctx context.Context) ([]byte, error) {
	v, err := p.creation(ctx, Ask{})
	if err != nil {
		return nil, err
	}
	if v.User.ID == nil || len(decoded(*v.User.ID)) == 0 {
		return nil, firstFalse(claim{"user.id", "base64url", false, v.User.ID})
	}
	return decoded(*v.User.ID), nil
}

func handleSaysNothing(ctx context.Context, b *Bench) error {
	p := b.Person(nil)
	handle, err := p.handle(ctx)
	if err != nil {
		return err
	}
	for what, secret := range digests(p.Name) {
		if bytes.Contains(handle, secret) {
			return &conformance.Mismatch{What: "user.id", Want: "nothing that tells who it is", Got: what}
		}
	}
	return nil
}

func handleStays(ctx context.Context, b *Bench) error {
	p, err := b.registered(ctx)
	if err != nil {
		return err
	}
	before, err := p.handle(ctx)
	if err != nil {
		return err
	}
	after, err := p.handle(ctx)
	if err != nil {
		return err
	}
	kept := p.Device.Credentials()[0].UserHandle
	return firstFalse(
		claim{"user.id, asked for twice", "the same", bytes.Equal(before, after), after},
		claim{"user.id after a registration", "the one that the passkey was made for", bytes.Equal(before, kept), before},
	)
}

func handlesDiffer(ctx context.Context, b *Bench) error {
	one, err := b.Person(nil).handle(ctx)
	if err != nil {
		return err
	}
	other, err := b.Person(nil).handle(ctx)
	if err != nil {
		return err
	}
	return firstFalse(claim{"user.id of two accounts", "two", !bytes.Equal(one, other), one})
}
