package rpcases

import (
	"context"
	"errors"
	"fmt"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/mutate"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/virtualauth"
)

// verdict is what became of a mutant.
type verdict string

// The verdicts.
const (
	wasRefused  verdict = "refused"
	wasAccepted verdict = "accepted" // accepted, as it may be
	wasUnsaid   verdict = "unsaid"   // it cannot be put to this server
	wasFault    verdict = "fault"
)

// fault is what is wrong: a mismatch, under a word that is the same in every run.
type fault struct {
	conformance.Mismatch
	slug   string
	clause conformance.Clause
}

// Error tells what was wanted and what was got.
func (f *fault) Error() string { return f.Mismatch.Error() }

// Unwrap returns the mismatch.
func (f *fault) Unwrap() error { return &f.Mismatch }

// account is one with a passkey of its own, which must work whatever is tried on the account. It is made when it is first used.
type account struct {
	route *route
	run   *fuzzing

	trial  *conformance.Trial
	bench  *Bench
	person *Person // the owner; nil before the account is made
	count  uint32  // the counter of the owner's last sign-in
	from   uint32  // from where the counter is to start; 0 is where it happens to
	life   int     // how many mutants were tried on it
	spent  bool    // the next mutant needs another account
}

// longestLife is how many mutants one account sees: a record of all exchanges is kept of each.
const longestLife = 40

// begin makes the account, with a passkey that works.
func (a *account) begin(ctx context.Context) error {
	a.trial = conformance.NewTrial(fmt.Sprintf("%s/%s/%d/%d", fuzzID, a.route.name, a.run.opened, a.run.people.Add(1)), a.run.Seed)
	a.trial.Profile = a.run.Profile
	var err error
	if a.bench, err = a.run.Suite.open(ctx, a.trial); err != nil {
		return err
	}
	a.person = a.bench.Person(nil)
	answer, err := a.person.Registers(ctx, Ask{}, Lie{})
	if err == nil {
		err = a.bench.MustAccept("honest registration", answer)
	}
	if err == nil {
		if answer, err = a.signsIn(ctx); err == nil {
			err = a.bench.MustAccept("honest sign-in", answer)
		}
	}
	for err == nil && a.count > 0 && a.count < a.from {
		if answer, err = a.signsIn(ctx); err == nil {
			err = a.bench.MustAccept("honest sign-in", answer)
		}
	}
	return conformance.Control("honest control", err)
}

// end lets go of what the account's browsers hold.
func (a *account) end() {
	if a.trial != nil {
		a.trial.End()
	}
}

// signsIn signs the owner in honestly, and remembers the counter.
func (a *account) signsIn(ctx context.Context) (subject.Answer, error) {
	var count uint32
	answer, err := a.person.SignsIn(ctx, Ask{}, Lie{Device: virtualauth.Misbehaviour{EditAuthData: func(honest []byte) []byte {
		if claims, ok := claimsOf([]byte("{}"), honest); ok {
			count = claims.count()
		}
		return honest
	}}})
	if answer.Outcome == subject.Accepted && err == nil {
		a.count = count
	}
	return answer, err
}

// try tries one mutant.
func (a *account) try(ctx context.Context, recipe mutate.Recipe) outcome {
	o := outcome{route: a.route, recipe: recipe}
	if a.person == nil {
		if o.err = a.begin(ctx); o.err != nil {
			o.trial = a.trial
			return o
		}
	}
	a.life++
	o.counter, o.aged = a.count, a.from > 0
	m, err := a.perform(ctx, recipe)
	if err == nil {
		m.answer, err = a.posts(ctx, m, recipe)
	}
	if err == nil {
		o.is, err = a.judge(ctx, m, recipe)
	}
	if errors.As(err, new(*conformance.Skipped)) {
		o.is, err = wasUnsaid, nil
	}
	if errors.As(err, new(*fault)) {
		o.is = wasFault
	}
	o.err, o.trial, o.life = err, a.trial, a.life
	a.spent = err != nil || o.is == wasAccepted || m.effect || m.lowered || a.life >= longestLife
	return o
}

// perform goes through the ceremony up to its last message, with a recipe in it.
func (a *account) perform(ctx context.Context, recipe mutate.Recipe) (m performed, err error) {
	one := a.route
	m.person = a.person
	answers := (*Person).Get
	if one.registers {
		other := *a.person // the same account in the same browser with another authenticator, to register it
		other.NewDevice(one.model)
		m.person, answers = &other, (*Person).Create
		m.offered = m.person.CreationOptions(ctx, one.ask)
	} else {
		m.offered = m.person.RequestOptions(ctx, one.ask)
	}
	if err := a.decided("options for "+one.says, m.offered); err != nil {
		return m, err
	}
	if m.offered.Outcome != subject.Accepted {
		return m, a.changed("no-options", conformance.Mismatch{What: "options for " + one.says, Want: "options as before", Got: m.offered.String()})
	}
	changes := &signing{recipe: recipe}
	lie := Lie{}
	if one.signed {
		lie = changes.lie()
	}
	if m.message, err = answers(m.person, ctx, m.offered.Options(), lie); err != nil {
		return m, err
	}
	if one.signed {
		changes.note(&m)
	} else {
		one.change(&m, recipe, a.bench.Policy)
	}
	return m, nil
}

// posts sends the last message.
func (a *account) posts(ctx context.Context, m performed, recipe mutate.Recipe) (subject.Answer, error) {
	lie := Lie{Body: func([]byte) []byte { return m.body }}
	if len(recipe) > 0 {
		lie.Is = recipe.Says()
	}
	return m.person.Posts(ctx, a.route.endpoint(), m.message, lie)
}

// judge holds an answer against the oracle.
func (a *account) judge(ctx context.Context, m performed, recipe mutate.Recipe) (verdict, error) {
	what := a.route.says + " with " + recipe.Says()
	if err := a.decided(what, m.answer); err != nil {
		return "", err
	}
	if m.answer.Outcome == subject.Accepted {
		if m.broken == nil {
			return wasAccepted, nil
		}
		return "", &fault{slug: m.broken.slug, clause: m.broken.clause, Mismatch: conformance.Mismatch{
			What: what, Want: "a refusal, because " + m.broken.why, Got: m.answer.String(),
		}}
	}
	if m.effect {
		return wasRefused, nil
	}
	return wasRefused, a.unchanged(ctx, m, "after "+what)
}

// decided is an error when the server did not decide.
func (a *account) decided(what string, answer subject.Answer) error {
	err := a.bench.broke(what, "a decision", answer)
	var mismatch *conformance.Mismatch
	if errors.As(err, &mismatch) {
		return &fault{*mismatch, "broke", conformance.Clause{Spec: "Robustness", Slug: "mutants"}}
	}
	return err
}

// unchanged wants a mutant that was refused to have left nothing behind.
func (a *account) unchanged(ctx context.Context, m performed, what string) error {
	if a.route.registers {
		if err := a.nothingRegistered(ctx, m.person, what); err != nil {
			return err
		}
	}
	if m.lowered && a.bench.Policy.Counter == "refuse" {
		if err := a.counterStayed(ctx, what); err != nil {
			return err
		}
	}
	answer, err := a.signsIn(ctx)
	got := answer.String()
	if err == nil && answer.Outcome == subject.Accepted {
		return nil
	}
	if err != nil {
		got = err.Error()
	}
	if err := a.decided(what+", an honest sign-in", answer); err != nil && answer.Outcome != "" {
		return err
	}
	return a.changed("next-sign-in", conformance.Mismatch{What: what + ", an honest sign-in", Want: "that the account's passkey works as before", Got: got})
}

// nothingRegistered wants the credential of a refused registration neither to be listed nor to sign anybody in.
func (a *account) nothingRegistered(ctx context.Context, refused *Person, what string) error {
	again := refused.CreationOptions(ctx, Ask{})
	if listed := descriptors(again, "excludeCredentials"); again.Outcome == subject.Accepted && len(listed) > 1 {
		return a.changed("listed", conformance.Mismatch{
			What: what + ", excludeCredentials", Want: "only the credential that was registered before", Got: fmt.Sprintf("%d credentials", len(listed)),
		})
	}
	return a.mismatched("usable", refused.cannotSignIn(ctx, what))
}

// counterStayed wants a lower counter not to have been stored: the last one does not sign the owner in again. A higher one
// would keep the owner out, which the next honest sign-in shows.
func (a *account) counterStayed(ctx context.Context, what string) error {
	count := a.count
	what += fmt.Sprintf(", a sign-in with the counter %d again", count)
	answer, err := a.person.SignsIn(ctx, Ask{}, Lie{Is: fmt.Sprintf("the counter %d again", count), Device: virtualauth.Misbehaviour{SignCount: &count}})
	if err != nil {
		return err
	}
	if err := a.decided(what, answer); err != nil {
		return err
	}
	if answer.Outcome != subject.Accepted {
		return nil
	}
	return a.changed("counter", conformance.Mismatch{What: what, Want: "a refusal, because the stored counter is to stay as it was", Got: answer.String()})
}

// mismatched makes a fault of a mismatch, and leaves other errors alone.
func (a *account) mismatched(slug string, err error) error {
	var mismatch *conformance.Mismatch
	switch {
	case !errors.As(err, &mismatch):
		return err
	case mismatch.Broke:
		return &fault{*mismatch, "broke", conformance.Clause{Spec: "Robustness", Slug: "mutants"}}
	}
	return a.changed(slug, *mismatch)
}

// changed is the fault of a refusal that left something behind.
func (a *account) changed(slug string, m conformance.Mismatch) error {
	clause := auth("25", "refused-is-not-signed-in")
	switch {
	case slug == "counter":
		clause = auth("24", "record-updated-at-the-end")
	case a.route.registers:
		clause = reg("29", "stored-only-if-verified")
	}
	return &fault{m, slug, clause}
}
