package rpcases

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/mutate"
	"github.com/passkeylab/passkeylab/reports"
)

// Fuzz changes honest ceremonies at random, by their structure, and holds the answers against an oracle:
//
//	must refuse        what means something else than the honest message (fuzz_meaning.go, fuzz_key.go)
//	must not break     whatever it is sent, it decides
//	must not change    after a refusal the counter is where it was, the credential that was refused is not listed and signs
//	                   nobody in, and the account's own passkey signs in as before (fuzz_account.go)
//
// What is found is shrunk to the smallest change that still shows it.
//
// # Determinism
//
// Mutant n follows from the seed, from n and from what Only selects, however many run at a time: what was changed, and how.
// Findings are settled in the order of their numbers, so that Count mutants come to the same findings whatever Parallel is.
type Fuzz struct {
	Suite *Suite
	// Has are the relying party's capabilities, from Suite.Probe.
	Has conformance.Capabilities
	// Profile is the book to judge by; L3 when empty.
	Profile conformance.Profile
	// Seed decides every mutation.
	Seed int64
	// For is how long it goes on; Count is how many mutants it makes at most, any number when 0.
	For   time.Duration
	Count int
	// Parallel is how many mutants are tried at a time, each on accounts of its own: one when 0.
	Parallel int
	// Only selects among FuzzNames; all when empty.
	Only []conformance.Pattern
	// Most is how many findings end it: 20 when 0, since a server that accepts everything would never end otherwise.
	Most int
	// Known are results of an earlier run: its findings are played first, and what shows them again is no news.
	Known []reports.Result
	// Progress hears now and then how far it has come, one call at a time; nil for nobody.
	Progress func(FuzzProgress)
	// Reproduce is the line that plays one mutant again, for the report; nil for none.
	Reproduce func(FuzzMutant) string
}

// FuzzProgress is how far a run of mutants has come.
type FuzzProgress struct {
	// Mutants are those that were tried; Found are the findings, and Known those of them that were among Fuzz.Known.
	Mutants, Found, Known int
	Elapsed, Left         time.Duration
	// News is a finding that was made just now, nil for none; Again says that it is a known one.
	News  *reports.Result
	Again bool
}

const mostFound = 20

// FuzzMutant is one change of one kind of ceremony.
type FuzzMutant struct {
	// Route is the kind of ceremony: "sign-in".
	Route  string
	Recipe mutate.Recipe
	// Counter is where the counter of the account's own passkey stands before it, for a change whose meaning depends on that;
	// 0 is a new account.
	Counter uint32
}

// String is the mutant as ParseFuzzMutant reads it: "sign-in: response/signature flip 3", or with a counter
// "sign-in@39: response/authenticatorData/signCount flip 27".
func (m FuzzMutant) String() string {
	name := m.Route
	if m.Counter > 0 {
		name += "@" + strconv.FormatUint(uint64(m.Counter), 10)
	}
	return name + ": " + m.Recipe.String()
}

// highestCounter is up to where an account signs in for a mutant that wants a counter: each step of it is a sign-in.
const highestCounter = 1000

// ParseFuzzMutant reads what FuzzMutant.String wrote.
func ParseFuzzMutant(text string) (FuzzMutant, error) {
	name, written, found := strings.Cut(text, ":")
	if !found {
		return FuzzMutant{}, fmt.Errorf("%q is no mutant; write it as a finding names it: sign-in: response/signature flip 0", text)
	}
	recipe, err := mutate.ParseRecipe(written)
	if err != nil {
		return FuzzMutant{}, err
	}
	name, counted, aged := strings.Cut(name, "@")
	if routeOf(name) == nil {
		return FuzzMutant{}, fmt.Errorf("there is no route %q; those that exist: %s", name, strings.Join(routeNames(), ", "))
	}
	counter, err := strconv.ParseUint(counted, 10, 32)
	if aged && (err != nil || counter == 0 || counter > highestCounter) {
		return FuzzMutant{}, fmt.Errorf("%q is no counter; it is a number from 1 to %d", counted, highestCounter)
	}
	return FuzzMutant{name, recipe, uint32(counter)}, nil
}

// foundMutant is the mutant that shows a finding; false for a result that is none.
func foundMutant(result reports.Result) (FuzzMutant, bool) {
	begin := strings.LastIndexByte(result.Title, '[')
	if !strings.HasPrefix(result.ID, fuzzID+"/") || begin < 0 || !strings.HasSuffix(result.Title, "]") {
		return FuzzMutant{}, false
	}
	m, err := ParseFuzzMutant(result.Title[begin+1 : len(result.Title)-1])
	return m, err == nil
}

// Run plays what is known, and makes mutants until the time is up or enough was found. Its error is one of Only, or of a
// relying party that gives no honest ceremony to change; what goes wrong later is a result.
func (f Fuzz) Run(ctx context.Context) (reports.Run, error) {
	r, err := f.open(ctx)
	if err != nil {
		return reports.Run{}, err
	}
	for _, result := range f.Known {
		r.recall(ctx, result)
	}
	r.work(ctx)
	return r.run(ctx), nil
}

// Replay plays one mutant once, from an account of its own, and tells everything.
func (f Fuzz) Replay(ctx context.Context, m FuzzMutant) (*conformance.Trial, reports.Result, error) {
	f.Only = []conformance.Pattern{pattern(m.Route)}
	r, err := f.open(ctx)
	if err != nil {
		return nil, reports.Result{}, err
	}
	found := &finding{outcome: r.alone(ctx, r.routes[0], m), first: -1}
	return found.trial, r.result(found), nil
}

// Mutant is the mutant of a number, as Run makes it with the same seed and the same Only.
func (f Fuzz) Mutant(ctx context.Context, number int) (FuzzMutant, error) {
	r, err := f.open(ctx)
	if err != nil {
		return FuzzMutant{}, err
	}
	if len(r.active) == 0 {
		return FuzzMutant{}, fmt.Errorf("rpcases: there is nothing to change: %s", r.routes[0].why)
	}
	one, recipe := r.draw(number)
	return FuzzMutant{Route: one.name, Recipe: recipe}, nil
}
