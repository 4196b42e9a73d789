package rpcases

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/mutate"
	"github.com/passkeylab/passkeylab/reports"
)

// Fuzz changes honest ceremonies at random, by their structure, and holds the answers against an oracle: what means something
// else than the honest message must be refused (see fuzz_meaning.go), nothing may break the server, and after what it refused
// the account's own passkey works as before, its counter included. What is found is shrunk to the smallest change that still
// shows it.
type Fuzz struct {
	Suite *Suite
	// Has are the relying party's capabilities, from Suite.Probe.
	Has conformance.Capabilities
	// Seed decides every mutation.
	Seed int64
	// For is how long it goes on; Count is how many mutants it makes at most, any number when 0.
	For   time.Duration
	Count int
	// Routes are the ceremonies to change, of those that FuzzRoutes lists; all when empty. Most is how many findings end it: 20
	// when 0, since a server that accepts everything would never end otherwise.
	Routes []string
	Most   int
	// Progress hears now and then how far it has come; nil for nobody.
	Progress func(FuzzProgress)
	// Reproduce is the line that plays one mutation again, for the report; nil for none.
	Reproduce func(route string, recipe mutate.Recipe) string
}

// FuzzProgress is how far a run of mutants has come.
type FuzzProgress struct {
	Mutants, Found int
	Elapsed, Left  time.Duration
	// News is what was found just now; "" for nothing.
	News string
}

const mostFound = 20

// fuzzing is one run.
type fuzzing struct {
	Fuzz
	rand   *rand.Rand
	routes []*route
	began  time.Time
	told   time.Time
	made   int
	found  []*fault
}

// fault is something that was found on a route.
type fault struct {
	route  *route
	recipe mutate.Recipe
	class  string // class tells faults apart that have the same recipe
	err    error
	times  int
	trial  *conformance.Trial
}

// Run makes mutants until the time is up or enough was found. Its error is one of the relying party: it gives no honest
// ceremony to change.
func (f Fuzz) Run(ctx context.Context) (reports.Run, error) {
	f.Suite.setDefaults()
	if f.Most <= 0 {
		f.Most = mostFound
	}
	r := &fuzzing{Fuzz: f, rand: rand.New(rand.NewPCG(uint64(f.Seed), 1)), began: f.Suite.Now()}
	for _, one := range routes() {
		if len(f.Routes) > 0 && !slices.Contains(f.Routes, one.name) {
			continue
		}
		if err := one.open(ctx, r); err != nil {
			return reports.Run{}, fmt.Errorf("rpcases: %s to be changed: %w", one.name, err)
		}
		r.routes = append(r.routes, one)
	}
	for i := 0; r.more(ctx); i++ {
		one := r.routes[i%len(r.routes)]
		if one.why != "" {
			continue
		}
		if err := r.mutant(ctx, one); err != nil {
			return reports.Run{}, err
		}
	}
	return r.run(ctx), nil
}

// Replay plays one mutation once, from an account of its own, and tells everything. route is one that a finding names.
func (f Fuzz) Replay(ctx context.Context, name string, recipe mutate.Recipe) (*conformance.Trial, reports.Result, error) {
	f.Suite.setDefaults()
	r := &fuzzing{Fuzz: f, rand: rand.New(rand.NewPCG(uint64(f.Seed), 1)), began: f.Suite.Now()}
	all := routes()
	i := slices.IndexFunc(all, func(one *route) bool { return one.name == name })
	if i < 0 {
		return nil, reports.Result{}, fmt.Errorf("rpcases: there is no route %q; those that exist: %s", name, strings.Join(FuzzRoutes(), ", "))
	}
	one := all[i]
	if err := one.open(ctx, r); err != nil {
		return nil, reports.Result{}, err
	}
	found := &fault{route: one, recipe: recipe, times: 1}
	found.trial, found.err = r.alone(ctx, one, recipe)
	return found.trial, r.result(found), nil
}

// FuzzRoutes names the ceremonies that are changed, and how.
func FuzzRoutes() []string {
	var names []string
	for _, one := range routes() {
		names = append(names, one.name)
	}
	return names
}

func (f *fuzzing) more(ctx context.Context) bool {
	open := slices.ContainsFunc(f.routes, func(one *route) bool { return one.why == "" })
	now := f.Suite.Now()
	if f.Progress != nil && now.Sub(f.told) > time.Second {
		f.told = now
		f.tell("")
	}
	return open && ctx.Err() == nil && len(f.found) < f.Most && (f.Count == 0 || f.made < f.Count) && (f.For == 0 || now.Sub(f.began) < f.For)
}

func (f *fuzzing) tell(news string) {
	if f.Progress == nil {
		return
	}
	elapsed := f.Suite.Now().Sub(f.began)
	f.Progress(FuzzProgress{Mutants: f.made, Found: len(f.found), Elapsed: elapsed, Left: max(0, f.For-elapsed), News: news})
}

// mutant makes one, and looks into what it shows.
func (f *fuzzing) mutant(ctx context.Context, one *route) error {
	recipe := mutate.Recipe{}
	for n := f.rand.IntN(10); len(recipe) == 0 || n > 6; n -= 2 { // one edit mostly, sometimes two or three
		recipe = append(recipe, mutate.Draw(f.rand, one.sample(f.rand)))
	}
	f.made++
	one.made++
	class, err := one.attempt(ctx, f, recipe)
	if ctx.Err() != nil || err == nil {
		return nil
	}
	var mismatch *conformance.Mismatch
	if !errors.As(err, &mismatch) {
		return err
	}
	if known := f.known(one, class, recipe); known != nil {
		known.times++
		return nil
	}
	found := &fault{route: one, class: class, recipe: recipe, err: err, times: 1}
	found.recipe = mutate.Shrink(recipe, 60, func(smaller mutate.Recipe) bool {
		trial, err := f.alone(ctx, one, smaller)
		if errors.As(err, &mismatch) && classOf(mismatch) == class {
			found.trial, found.err = trial, err
			return true
		}
		return false
	})
	if found.trial == nil { // it is as small as it gets
		found.trial, _ = f.alone(ctx, one, found.recipe)
	}
	if known := f.known(one, class, found.recipe); known != nil {
		known.times++
		return nil
	}
	f.found = append(f.found, found)
	f.tell(one.name + " " + found.recipe.String() + ": " + found.err.Error())
	return nil
}

// alone plays a recipe from an account of its own, with a record of its own.
func (f *fuzzing) alone(ctx context.Context, one *route, recipe mutate.Recipe) (*conformance.Trial, error) {
	again := *one
	again.person = nil
	_, err := again.attempt(ctx, f, recipe)
	return again.trial, err
}

// known is a fault of the same class, each edit of which the recipe has, too, or nil.
func (f *fuzzing) known(one *route, class string, recipe mutate.Recipe) *fault {
	for _, found := range f.found {
		same := found.route == one && found.class == class
		for _, e := range found.recipe {
			same = same && slices.ContainsFunc(recipe, func(other mutate.Edit) bool { return other.Path == e.Path && other.Op == e.Op })
		}
		if same {
			return found
		}
	}
	return nil
}

// classOf is what kind of fault a mismatch is: what was wanted, and whether it broke.
func classOf(m *conformance.Mismatch) string {
	if m.Broke {
		return "broke: " + strings.SplitN(m.Got, ",", 2)[0]
	}
	return m.Want
}

// bench is that of one account's worth of mutants.
func (f *fuzzing) bench(ctx context.Context, name string) (*Bench, error) {
	trial := conformance.NewTrial(fmt.Sprintf("fuzz/%s/%d", name, f.rand.Uint64()), f.Seed)
	return f.Suite.open(ctx, trial)
}
