package rpcases

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

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
	families   []string // what of it is changed
	ask        Ask      // how the options are asked for
	model      Model    // who answers
	registers  bool     // registers is a registration; else a sign-in
	signed     bool     // signed changes what is signed before it is; else the message afterwards
	attested   bool     // attested has a statement with a signature, which must be verified

	why     string // why says why it is not gone; "" where it is
	samples []sample

	// What became of mutants is the collector's alone.
	made int
	came map[verdict]int
}

// sample is an honest message to draw edits from, and what may be drawn.
type sample struct {
	tree    *mutate.Node
	choices []mutate.Choice
}

func routes() []*route {
	packed := func(kind attestation.Type) Model {
		return func(m *virtualauth.Model) { m.Attestation, m.AttestationType = attestation.FormatPacked, kind }
	}
	direct := Ask{Attestation: "direct"}
	all := []*route{
		{name: "sign-in", says: "a sign-in", families: []string{inJSON, inAuthData, inDER}},
		{name: "signed-sign-in", says: "a sign-in whose signature fits", families: []string{inJSON, inAuthData}, signed: true},
		{
			name: "registration", says: "a registration without attestation", families: []string{inJSON, inCBOR, inAuthData, inCOSE},
			registers: true,
		},
		{
			name: "self-attested", says: "a registration with self attestation", families: []string{inJSON, inCBOR, inAuthData, inCOSE, inDER},
			registers: true, attested: true, ask: direct, model: packed(attestation.Self),
		},
		{
			name: "certified", says: "a registration with an attestation certificate",
			families: []string{inJSON, inCBOR, inAuthData, inCOSE, inDER, inX509}, registers: true, attested: true, ask: direct, model: packed(attestation.Basic),
		},
	}
	for _, one := range all {
		one.came = map[verdict]int{}
	}
	return all
}

// clause is where it is written that such a ceremony is verified.
func (one *route) clause() conformance.Clause {
	if one.registers {
		return reg(wholeReg, "whole")
	}
	return auth(wholeAuth, "whole")
}

// open performs the honest ceremony, which mutants are drawn from, and finds out whether the route concerns the relying party.
func (one *route) open(ctx context.Context, f *fuzzing) error {
	if one.attested && !f.Has.Has(Attests) {
		one.why = f.Has.Missing([]conformance.Capability{Attests})
		return nil
	}
	a := &account{route: one, run: f}
	if err := a.begin(ctx); err != nil {
		return err
	}
	m, err := a.perform(ctx, nil)
	if err == nil {
		m.answer, err = a.posts(ctx, m, nil)
	}
	switch {
	case errors.As(err, new(*conformance.Skipped)):
		one.why = err.Error()
		return nil
	case err != nil:
		return err
	case m.answer.Outcome.Broke():
		return &conformance.Mismatch{What: one.says, Want: "a decision", Got: m.answer.String(), Broke: true}
	case m.answer.Outcome != subject.Accepted:
		one.why = fmt.Sprintf("the server does not want it: %s was answered %s", one.says, m.answer)
		return nil
	}
	for _, tree := range m.trees {
		if choices := tree.Choices(one.changes); len(choices) > 0 {
			one.samples = append(one.samples, sample{tree, choices})
		}
	}
	if len(one.samples) == 0 {
		one.why = "there is nothing of what is to be changed in " + one.says
	}
	return nil
}

// changes says whether an edit is of the route's families.
func (one *route) changes(at mutate.Place, op string) bool {
	return slices.Contains(one.families, familyOf(at, op))
}

// performed is the route's ceremony with a mutant in it, and what it changed.
type performed struct {
	person  *Person // who posts it: the account's owner, or the same with the authenticator to register
	message *Message
	body    []byte
	trees   []*mutate.Node // the honest messages that recipes are about
	offered subject.Answer
	broken  *objection // broken says why it must be refused; nil when it may be accepted
	effect  bool       // effect says that an honest signature is on another counter: the account may well notice
	lowered bool       // lowered says that it tells a lower counter than the honest one, with a signature that does not fit
	answer  subject.Answer
}

// endpoint is where the ceremony ends.
func (one *route) endpoint() subject.Endpoint {
	if one.registers {
		return subject.CreationResult
	}
	return subject.RequestResult
}

// change applies a recipe to the finished message.
func (one *route) change(m *performed, recipe mutate.Recipe, policy Policy) {
	honest := m.message.Encode()
	tree := mutate.Open("", honest, mutate.JSON, layers)
	m.trees = []*mutate.Node{mutate.Open("", honest, mutate.JSON, layers)}
	recipe.Apply(tree)
	m.body = tree.Encode()
	was, is := readResponse(honest), readResponse(m.body)
	if one.registers {
		m.broken = registered{
			was: was, is: is, attested: one.attested, chained: one.attested && policy.TrustsLab, offered: algorithmsOf(m.offered),
		}.broken()
		return
	}
	m.broken = brokenAssertion(was, is)
	m.lowered = len(is.authData) >= 37 && bytes.Compare(is.authData[33:37], was.authData[33:37]) < 0
}

// algorithmsOf are those that creation options offer.
func algorithmsOf(offered subject.Answer) []int64 {
	var numbers []int64
	for _, one := range readCreation(offered).PubKeyCredParams {
		numbers = append(numbers, int64(one.Alg))
	}
	return numbers
}

// signing changes what is signed, before it is.
type signing struct {
	recipe                        mutate.Recipe
	wasClient, isClient, was, now []byte
}

// lie lets client and authenticator sign what is changed.
func (s *signing) lie() Lie {
	return Lie{
		Client: client.Misbehaviour{EditClientData: func(honest []byte) []byte {
			s.wasClient, s.isClient = honest, s.changed("clientDataJSON", honest, mutate.JSON)
			return s.isClient
		}},
		Device: virtualauth.Misbehaviour{EditAuthData: func(honest []byte) []byte {
			s.was, s.now = honest, s.changed("authenticatorData", honest, mutate.AuthData)
			return s.now
		}},
	}
}

func (s *signing) changed(name string, honest []byte, shape mutate.Shape) []byte {
	tree := mutate.Open(name, honest, shape, nil)
	s.recipe.Apply(tree)
	return tree.Encode()
}

// note keeps what was changed, and what that means.
func (s *signing) note(m *performed) {
	m.body = m.message.Encode()
	m.trees = []*mutate.Node{mutate.Open("clientDataJSON", s.wasClient, mutate.JSON, nil), mutate.Open("authenticatorData", s.was, mutate.AuthData, nil)}
	honest, _ := claimsOf(s.wasClient, s.was)
	now, ok := claimsOf(s.isClient, s.now)
	if !ok {
		m.broken = unreadable(false)
		return
	}
	m.broken, m.effect = honest.broken(now, false), string(now.counter) != string(honest.counter)
}
