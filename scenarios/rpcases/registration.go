package rpcases

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
)

// Registration is a registration with a lie in it, or with each of several, beside its honest twin. Refused, Accepted and
// Observed are what a case runs: one of them is its Run.
type Registration struct {
	// Ask, Model and Equip are those of the twin, too: what is unusual about the ceremony and no lie.
	Ask   Ask
	Model Model
	Equip Equip
	// Statement is the format that the twin's attestation statement must have, where the case is about one: an authenticator
	// attests to nothing where the key that the relying party prefers does not suit its format, and a lie about the statement would
	// be none. Empty is any.
	Statement attestation.Format
	// Lie is the one deviation; Lies are several, told in turn, each by somebody new. Both empty, the twin itself is judged.
	Lie  Lie
	Lies []Lie
}

func (r Registration) lies() []Lie {
	if r.Lies != nil {
		return r.Lies
	}
	return []Lie{r.Lie}
}

// control registers somebody honestly: the twin of every lie.
func (r Registration) control(ctx context.Context, b *Bench) error {
	p := b.Person(r.Model, r.Equip)
	answer, err := p.Registers(ctx, r.Ask, r.honest())
	if err == nil {
		err = b.MustAccept("honest registration", answer)
	}
	return conformance.Control("honest control", err)
}

// honest is no lie, and looks whether the statement is what the case is about.
func (r Registration) honest() Lie {
	if r.Statement == "" {
		return Lie{}
	}
	return Lie{Message: seenFormat(r.Statement)}
}

// Refused wants each lie to be refused, and nothing to be left of it: the credential is not listed, it does not sign anybody
// in, and the next honest registration of the same person works.
func (r Registration) Refused(ctx context.Context, b *Bench) error {
	return r.tell(ctx, b, (*Bench).MustRefuse, func(p *Person, lie Lie, _ subject.Answer) error { return r.nothingLeft(ctx, p, lie) })
}

// nothingLeft checks what a refused registration left behind.
func (r Registration) nothingLeft(ctx context.Context, p *Person, lie Lie) error {
	what := "after a registration with " + lie.Is
	again := p.CreationOptions(ctx, r.Ask)
	if err := p.bench.MustAccept(what+", options to register", again); err != nil {
		return err
	}
	if listed := descriptors(again, "excludeCredentials"); len(listed) > 0 {
		return &conformance.Mismatch{What: what + ", excludeCredentials", Want: "nothing of what was refused", Got: fmt.Sprintf("%d credentials", len(listed))}
	}
	if err := p.cannotSignIn(ctx, what); err != nil {
		return err
	}
	p.NewDevice(r.Model, r.Equip)
	answer, err := p.Registers(ctx, r.Ask, Lie{})
	if err != nil {
		return conformance.Control(what+", an honest registration", err)
	}
	return p.bench.MustAccept(what+", an honest registration", answer)
}

// cannotSignIn wants the passkeys on the person's device to be of no use. A server that gives no options has said so.
func (p *Person) cannotSignIn(ctx context.Context, what string) error {
	offered := p.RequestOptions(ctx, Ask{})
	if offered.Outcome != subject.Accepted {
		return p.bench.broke(what+", options to sign in", "a decision", offered)
	}
	message, err := p.Get(ctx, allowing(offered.Options(), p.Device.Credentials()), Lie{})
	if dom := new(client.DOMError); errors.As(err, &dom) {
		return nil // there is nothing on the device to sign with
	}
	if err != nil {
		return conformance.Control(what+", signing in", err)
	}
	answer, err := p.Posts(ctx, subject.RequestResult, message, Lie{Is: "the credential that was refused"})
	if err != nil {
		return conformance.Control(what+", signing in", err)
	}
	return p.bench.MustRefuse(what+", signing in with it", answer)
}

// allowing returns request options that list the credentials of a device, whatever the server listed.
func allowing(options []byte, credentials []virtualauth.Credential) []byte {
	var members map[string]any
	if json.Unmarshal(options, &members) != nil {
		return options
	}
	var list []map[string]any
	for _, c := range credentials {
		list = append(list, map[string]any{"type": "public-key", "id": base64.RawURLEncoding.EncodeToString(c.ID)})
	}
	members["allowCredentials"] = list
	changed, err := json.Marshal(members)
	if err != nil {
		return options
	}
	return changed
}

// demand is what a case wants of an answer: Bench.MustAccept, MustRefuse or MustDecide.
type demand func(b *Bench, what string, answer subject.Answer) error

// tell registers somebody new with each lie, after an honest twin, and demands something of each answer. What comes then is
// called for each that met the demand; nil does nothing.
func (r Registration) tell(ctx context.Context, b *Bench, must demand, then func(*Person, Lie, subject.Answer) error) error {
	if err := r.control(ctx, b); err != nil {
		return err
	}
	for _, lie := range r.lies() {
		p := b.Person(r.Model, r.Equip)
		answer, err := p.tells(ctx, r.Ask, lie, must)
		if err != nil {
			return err
		}
		if then == nil {
			continue
		}
		if err := then(p, lie, answer); err != nil {
			return err
		}
	}
	return nil
}

// tells registers with a lie, and demands something of the answer.
func (p *Person) tells(ctx context.Context, ask Ask, lie Lie, must demand) (subject.Answer, error) {
	what := "registration with " + lie.Is
	answer, err := p.Registers(ctx, ask, lie)
	if err != nil {
		return answer, conformance.Control(what, err)
	}
	return answer, must(p.bench, what, answer)
}

// settled wants what was decided on to have its consequences: nothing is left of what was refused, and what was accepted signs its
// owner in.
func (r Registration) settled(ctx context.Context, p *Person, lie Lie, answer subject.Answer) error {
	if answer.Outcome != subject.Accepted {
		return r.nothingLeft(ctx, p, lie)
	}
	return p.signsInAfter(ctx, "registration with "+lie.Is)
}

// Accepted wants each lie, which is none then but only unusual, to be accepted, and the credential to sign its owner in.
func (r Registration) Accepted(ctx context.Context, b *Bench) error {
	return r.tell(ctx, b, (*Bench).MustAccept, func(p *Person, lie Lie, _ subject.Answer) error {
		what := "signing in after a registration with " + lie.Is
		answer, err := p.SignsIn(ctx, Ask{}, Lie{})
		if err != nil {
			return conformance.Control(what, err)
		}
		return b.MustAccept(what, answer)
	})
}

// Observed wants each lie to be decided on, whichever way, and the server to go on working. What was accepted should sign its
// owner in.
func (r Registration) Observed(ctx context.Context, b *Bench) error {
	err := r.tell(ctx, b, (*Bench).MustDecide, func(p *Person, lie Lie, answer subject.Answer) error {
		if answer.Outcome != subject.Accepted {
			return nil
		}
		answer, err := p.SignsIn(ctx, Ask{}, Lie{})
		if err == nil {
			err = b.MustAccept("signing in", answer)
		}
		if err != nil {
			b.Advise("registration with %s was accepted, and the credential is of no use: %v", lie.Is, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return conformance.Control("an honest registration afterwards", r.control(ctx, b))
}
