package rpcases

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/mutate"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
)

// layers are the encodings within a response.
var layers = mutate.Layers{
	"response/clientDataJSON":                     mutate.JSON,
	"response/authenticatorData":                  mutate.AuthData,
	"response/signature":                          mutate.DER,
	"response/attestationObject":                  mutate.CBOR,
	"response/attestationObject/authData":         mutate.AuthData,
	"response/attestationObject/attStmt/sig":      mutate.DER,
	"response/attestationObject/attStmt/x5c/*":    mutate.DER,
	"response/attestationObject/attStmt/certInfo": mutate.Bytes,
}

// route is one kind of ceremony that is changed in one way.
type route struct {
	name, says string
	clause     conformance.Clause
	ask        Ask   // how the options are asked for
	model      Model // who answers
	registers  bool  // registers is a registration; else a sign-in
	signed     bool  // signed changes what is signed before it is; else the message afterwards
	attested   bool  // attested needs a relying party that verifies statements

	why     string // why says why it is not gone; "" where it is
	samples []*mutate.Node
	person  *Person // person is the account under attack, with its honest passkey
	trial   *conformance.Trial
	life    int // life is how many mutants the person has seen

	made, refused, accepted int
}

func routes() []*route {
	packed := func(kind attestation.Type) Model {
		return func(m *virtualauth.Model) { m.Attestation, m.AttestationType = attestation.FormatPacked, kind }
	}
	direct := Ask{Attestation: "direct"}
	return []*route{
		{name: "sign-in", says: "a sign-in", clause: auth(wholeAuth, "whole")},
		{name: "signed-sign-in", says: "a sign-in whose signature fits", clause: auth(wholeAuth, "whole"), signed: true},
		{name: "registration", says: "a registration without attestation", clause: reg(wholeReg, "whole"), registers: true},
		{name: "self-attested", says: "a registration with self attestation", clause: reg("22", "statement"), registers: true, attested: true, ask: direct, model: packed(attestation.Self)},
		{name: "certified", says: "a registration with an attestation certificate", clause: reg("22", "statement"), registers: true, attested: true, ask: direct, model: packed(attestation.Basic)},
	}
}

// longestLife is how many mutants one account sees: a record of all exchanges is kept of each.
const longestLife = 40

// open performs the honest ceremony, which mutants are drawn from, and finds out whether the route concerns the relying party.
func (one *route) open(ctx context.Context, f *fuzzing) error {
	if one.attested && !f.Has.Has(Attests) {
		one.why = f.Has.Missing([]conformance.Capability{Attests})
		return nil
	}
	if err := one.renew(ctx, f); err != nil {
		return err
	}
	if one.attested {
		bad := virtualauth.Misbehaviour{Attestation: attestation.Misbehaviour{BadSignature: true}}
		for _, lie := range []Lie{{}, {Is: "a bad signature in its statement", Device: bad}} {
			answer, err := one.stranger().Registers(ctx, one.ask, lie)
			if err != nil {
				return err
			}
			if honest := lie.Is == ""; honest != (answer.Outcome == subject.Accepted) {
				one.why = fmt.Sprintf("the server does not verify such statements, or does not want them: %s was answered %s", one.says+" "+lie.purpose(), answer)
				return nil
			}
		}
	}
	if _, err := one.send(ctx, mutate.Recipe{}, true); err != nil {
		return err
	}
	if len(one.samples) == 0 {
		return errors.New("there is no honest message")
	}
	return one.renew(ctx, f)
}

// renew gives the route a new account with a passkey that works.
func (one *route) renew(ctx context.Context, f *fuzzing) error {
	b, err := f.bench(ctx, one.name)
	if err != nil {
		return err
	}
	one.trial, one.life = b.Trial, 0
	one.person = b.Person(nil)
	answer, err := one.person.Registers(ctx, Ask{}, Lie{})
	if err == nil {
		err = b.MustAccept("honest registration", answer)
	}
	if err == nil {
		err = one.works(ctx, "honest sign-in")
	}
	return conformance.Control("honest control", err)
}

// works wants the account's own passkey to sign in.
func (one *route) works(ctx context.Context, what string) error {
	answer, err := one.person.SignsIn(ctx, Ask{}, Lie{})
	if unheard := unasked(what, answer); unheard != nil {
		return unheard
	}
	if err != nil {
		return &conformance.Mismatch{What: what, Want: "that the passkey works as before", Got: err.Error()}
	}
	if answer.Outcome != subject.Accepted {
		return &conformance.Mismatch{What: what, Want: "that the passkey works as before", Got: answer.String()}
	}
	return nil
}

// stranger is the same account in the same browser with another authenticator, to register it.
func (one *route) stranger() *Person {
	other := *one.person
	other.NewDevice(one.model)
	return &other
}

// sample is a message to draw an edit from.
func (one *route) sample(r *rand.Rand) *mutate.Node { return one.samples[r.IntN(len(one.samples))] }

// sent is what became of one mutant.
type sent struct {
	answer subject.Answer
	broken string // broken says why it must be refused; "" when it may be accepted
	effect bool   // effect says that the honest signature was on another counter: the account may well notice
}

// attempt sends one mutant and judges the answer. class is what kind of fault the error, if it is a *Mismatch, is.
func (one *route) attempt(ctx context.Context, f *fuzzing, recipe mutate.Recipe) (class string, err error) {
	if one.person == nil || one.life >= longestLife {
		if err := one.renew(ctx, f); err != nil {
			return "", err
		}
	}
	one.life++
	s, err := one.send(ctx, recipe, false)
	if err == nil {
		err = one.judge(ctx, recipe, s)
	}
	var mismatch *conformance.Mismatch
	if errors.As(err, &mismatch) {
		class, one.person = classOf(mismatch), nil // whatever happened, the next mutant begins anew
	} else if s.answer.Outcome == subject.Accepted || s.effect {
		one.person = nil
	}
	return class, err
}

func (one *route) judge(ctx context.Context, recipe mutate.Recipe, s sent) error {
	what := one.says + " changed by " + recipe.String()
	if err := unasked(what, s.answer); err != nil {
		return err
	}
	switch outcome := s.answer.Outcome; {
	case outcome.Broke():
		return &conformance.Mismatch{What: what, Want: "a decision", Got: s.answer.String(), Broke: true}
	case outcome == subject.Accepted && s.broken != "":
		return &conformance.Mismatch{What: what, Want: "a refusal, because " + s.broken, Got: s.answer.String()}
	case outcome == subject.Accepted:
		one.accepted++
		return nil
	}
	one.refused++
	if s.effect {
		return nil
	}
	if one.registers {
		again := one.person.CreationOptions(ctx, Ask{})
		if listed := descriptors(again, "excludeCredentials"); again.Outcome == subject.Accepted && len(listed) > 1 {
			return &conformance.Mismatch{What: "after " + what, Want: "nothing to be left of it in excludeCredentials", Got: fmt.Sprintf("%d credentials", len(listed))}
		}
	}
	return one.works(ctx, "an honest sign-in after "+what)
}

// send performs the ceremony with the recipe in it. sampling keeps the honest message to draw from.
func (one *route) send(ctx context.Context, recipe mutate.Recipe, sampling bool) (sent, error) {
	p, endpoint := one.person, subject.RequestResult
	var offered subject.Answer
	answer := (*Person).Get
	if one.registers {
		p, endpoint, answer = one.stranger(), subject.CreationResult, (*Person).Create
		offered = p.CreationOptions(ctx, one.ask)
	} else {
		offered = p.RequestOptions(ctx, one.ask)
	}
	if err := unasked("options before "+one.says, offered); err != nil {
		return sent{}, err
	}
	if offered.Outcome != subject.Accepted {
		return sent{}, &conformance.Mismatch{What: "options before " + one.says, Want: "options as before", Got: offered.String(), Broke: offered.Outcome.Broke()}
	}
	s, lie := sent{}, Lie{Is: "the mutation " + recipe.String()}
	changed := &signing{recipe: recipe}
	if one.signed {
		lie.Client, lie.Device = client.Misbehaviour{EditClientData: changed.clientData}, virtualauth.Misbehaviour{EditAuthData: changed.authData}
	}
	message, err := answer(p, ctx, offered.Options(), lie)
	if err != nil {
		return s, err
	}
	honest := message.Encode()
	body := honest
	if one.signed {
		s.broken, s.effect = changed.broken()
	} else {
		tree := mutate.Open("", honest, mutate.JSON, layers)
		recipe.Apply(tree)
		body = tree.Encode()
		if one.registers {
			s.broken = brokenRegistration(honest, body, one.attested)
		} else {
			s.broken = brokenAssertion(honest, body)
		}
	}
	if sampling {
		one.samples = []*mutate.Node{mutate.Open("", honest, mutate.JSON, layers)}
		if one.signed {
			one.samples = changed.samples()
		}
	}
	lie.Body = func([]byte) []byte { return body }
	s.answer, err = p.Posts(ctx, endpoint, message, lie)
	return s, err
}

// signing changes what is signed, before it is.
type signing struct {
	recipe                        mutate.Recipe
	wasClient, isClient, was, now []byte
}

func (s *signing) clientData(honest []byte) []byte {
	tree := mutate.Open("clientDataJSON", honest, mutate.JSON, nil)
	s.recipe.Apply(tree)
	s.wasClient, s.isClient = honest, tree.Encode()
	return s.isClient
}

func (s *signing) authData(honest []byte) []byte {
	tree := mutate.Open("authenticatorData", honest, mutate.AuthData, nil)
	s.recipe.Apply(tree)
	s.was, s.now = honest, tree.Encode()
	return s.now
}

func (s *signing) samples() []*mutate.Node {
	return []*mutate.Node{mutate.Open("clientDataJSON", s.wasClient, mutate.JSON, nil), mutate.Open("authenticatorData", s.was, mutate.AuthData, nil)}
}

// broken says why what was signed must be refused, and whether it has another counter than the honest one.
func (s *signing) broken() (why string, effect bool) {
	honest, _ := claimsOf(s.wasClient, s.was)
	now, ok := claimsOf(s.isClient, s.now)
	if !ok {
		return "client data or authenticator data cannot be read", false
	}
	return honest.broken(now, false), string(now.counter) != string(honest.counter)
}
