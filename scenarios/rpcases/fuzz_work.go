package rpcases

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/mutate"
	"github.com/passkeylab/passkeylab/reports"
)

// fuzzing is one run.
type fuzzing struct {
	Fuzz
	routes []*route // those that were chosen
	active []*route // those of them that concern the relying party
	began  time.Time
	opened int64        // opened tells its accounts apart from those of other runs in the same suite
	people atomic.Int64 // people are the accounts that were made

	// What follows is the collector's alone.
	told    time.Time
	made    int // mutants that were tried
	found   []*finding
	stopped *outcome // what ended the run before its time; nil for nothing
}

// finding is something that is wrong, by the smallest mutant that shows it.
type finding struct {
	outcome
	first int // first is the number of the mutant that showed it first; -1 for none
	times int
	// recalled is the finding of an earlier run that this is: again, or, where nothing is wrong, no longer.
	recalled string
}

// outcome is what came of one mutant.
type outcome struct {
	number int
	route  *route
	recipe mutate.Recipe
	is     verdict
	err    error // a *fault; or what ends the run
	trial  *conformance.Trial
	life   int // life is which mutant of its account it was
	// counter is where that of the account's passkey stood before; aged says that it was brought there for the mutant.
	counter uint32
	aged    bool
}

// mutant is what was tried.
func (o outcome) mutant() FuzzMutant {
	m := FuzzMutant{Route: o.route.name, Recipe: o.recipe}
	if o.aged {
		m.Counter = o.counter
	}
	return m
}

// fault is what is wrong, nil when nothing is.
func (o outcome) fault() *fault {
	var found *fault
	errors.As(o.err, &found)
	return found
}

// open performs each honest ceremony once.
func (f Fuzz) open(ctx context.Context) (*fuzzing, error) {
	f.Suite.setDefaults()
	if f.Most <= 0 {
		f.Most = mostFound
	}
	if f.Profile == "" {
		f.Profile = conformance.L3
	}
	r := &fuzzing{Fuzz: f, opened: f.Suite.Now().UnixNano()}
	var err error
	if r.routes, err = f.chosen(); err != nil {
		return nil, err
	}
	for _, one := range r.routes {
		if err := one.open(ctx, r); err != nil {
			return nil, fmt.Errorf("rpcases: %s to be changed: %w", one.says, err)
		}
		if one.why == "" {
			r.active = append(r.active, one)
		}
	}
	r.began = f.Suite.Now() // of the mutants: an honest ceremony takes none of their time
	return r, nil
}

// draw makes the mutant of a number.
func (f *fuzzing) draw(number int) (*route, mutate.Recipe) {
	r := rand.New(rand.NewChaCha8(sha256.Sum256(fmt.Appendf(nil, "mutant %d of seed %d", number, f.Seed))))
	one := f.active[number%len(f.active)]
	recipe := mutate.Recipe{}
	for range [...]int{1, 1, 1, 1, 1, 1, 1, 2, 2, 3}[r.IntN(10)] {
		s := one.samples[r.IntN(len(one.samples))]
		recipe = append(recipe, mutate.Draw(r, s.tree, s.choices))
	}
	return one, recipe
}

// work tries mutants, some at a time, and settles what came of them in the order of their numbers.
func (f *fuzzing) work(ctx context.Context) {
	if len(f.active) == 0 {
		return
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	outcomes := make(chan outcome)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range max(1, f.Parallel) {
		workers.Go(func() {
			accounts := map[*route]*account{}
			for f.goesOn(ctx) {
				number := int(next.Add(1) - 1)
				if f.Count > 0 && number >= f.Count {
					return
				}
				outcomes <- f.try(ctx, accounts, number)
			}
		})
	}
	go func() {
		workers.Wait()
		close(outcomes)
	}()
	waiting := map[int]outcome{}
	for o := range outcomes {
		waiting[o.number] = o
		for {
			o, ready := waiting[f.made]
			if !ready || ctx.Err() != nil {
				break
			}
			delete(waiting, o.number)
			f.made++
			f.settle(ctx, o)
			if f.stopped != nil || len(f.found) >= f.Most {
				stop()
			}
		}
	}
}

// goesOn is false when the time is up.
func (f *fuzzing) goesOn(ctx context.Context) bool {
	return ctx.Err() == nil && (f.For == 0 || f.Suite.Now().Sub(f.began) < f.For)
}

// try tries the mutant of a number on one of a worker's own accounts, or on a new one.
func (f *fuzzing) try(ctx context.Context, accounts map[*route]*account, number int) outcome {
	one, recipe := f.draw(number)
	a := accounts[one]
	if a == nil {
		a = &account{route: one, run: f}
	}
	o := a.try(ctx, recipe)
	o.number = number
	if accounts[one] = a; a.spent {
		a.end()
		delete(accounts, one)
	}
	return o
}

// alone plays a mutant from an account of its own, with a record of its own.
func (f *fuzzing) alone(ctx context.Context, one *route, m FuzzMutant) outcome {
	a := &account{route: one, run: f, from: m.Counter}
	defer a.end()
	return a.try(ctx, m.Recipe)
}

// settle counts an outcome, and looks into what it shows.
func (f *fuzzing) settle(ctx context.Context, o outcome) {
	o.route.made++
	o.route.came[o.is]++
	if found := o.fault(); found != nil {
		f.settleFault(ctx, o, found)
	} else if o.err != nil && ctx.Err() == nil {
		f.stopped = &o
	}
	if now := f.Suite.Now(); now.Sub(f.told) > time.Second {
		f.tell(nil)
	}
}

func (f *fuzzing) settleFault(ctx context.Context, o outcome, was *fault) {
	if old := f.seen(o); old != nil {
		old.times++
		return
	}
	found := &finding{outcome: o, first: o.number, times: 1}
	again := f.alone(ctx, o.route, o.mutant())
	shows := func() bool { return again.fault() != nil && again.fault().slug == was.slug }
	if !shows() && again.counter != o.counter && o.counter <= highestCounter && ctx.Err() == nil {
		o.aged = true // what a change of the counter means depends on where it stands
		again = f.alone(ctx, o.route, o.mutant())
	}
	switch {
	case ctx.Err() != nil:
	case shows():
		found.outcome = f.shrunk(ctx, again)
	case again.err != nil && again.fault() == nil: // nothing can be tried any more, which is part of the finding
	default:
		found.err = &onlyOnce{fault: was, number: o.number, before: o.life - 1}
	}
	if old := f.seen(found.outcome); old != nil { // the smallest mutant that shows it is one that is known
		old.times++
		return
	}
	f.found = slices.DeleteFunc(f.found, func(old *finding) bool { return old.err == nil && old.recalled == found.id() })
	f.found = append(f.found, found)
	f.tell(found)
}

// shrunk is the smallest mutant that shows the same. It takes its time, but not much more than the run's.
func (f *fuzzing) shrunk(ctx context.Context, o outcome) outcome {
	slug := o.fault().slug
	until := f.began.Add(f.For + f.For/4)
	mutate.Shrink(o.recipe, 60, func(smaller mutate.Recipe) bool {
		if ctx.Err() != nil || f.For > 0 && f.Suite.Now().After(until) {
			return false
		}
		next := o.mutant()
		next.Recipe = smaller
		tried := f.alone(ctx, o.route, next)
		if tried.fault() == nil || tried.fault().slug != slug {
			return false
		}
		o = tried
		return true
	})
	return o
}

// seen is the finding that a fault shows again, or nil. What must be refused, and what must not change, is one finding however
// it was brought about; a server may break in several places.
func (f *fuzzing) seen(o outcome) *finding {
	i := slices.IndexFunc(f.found, func(old *finding) bool {
		if old.route != o.route || old.fault() == nil || old.fault().slug != o.fault().slug {
			return false
		}
		if !o.fault().Broke {
			return true
		}
		for _, e := range old.recipe {
			if !slices.ContainsFunc(o.recipe, func(other mutate.Edit) bool { return other.Path == e.Path && other.Op == e.Op }) {
				return false
			}
		}
		return true
	})
	if i < 0 {
		return nil
	}
	return f.found[i]
}

// recall plays the mutant of a finding of an earlier run. What does not show any more passes.
func (f *fuzzing) recall(ctx context.Context, result reports.Result) {
	m, is := foundMutant(result)
	i := slices.IndexFunc(f.active, func(one *route) bool { return one.name == m.Route })
	if !is || i < 0 || result.State != reports.Failed || ctx.Err() != nil || f.stopped != nil {
		return
	}
	o := f.alone(ctx, f.active[i], m)
	if o.err != nil && o.fault() == nil {
		f.stopped = &o
		return
	}
	found := &finding{outcome: o, first: -1, times: 1}
	if found.err == nil || found.id() == result.ID {
		found.recalled = result.ID
	}
	if found.err == nil || f.seen(o) == nil {
		f.found = append(f.found, found)
		f.tell(found)
	}
}

// tell tells how far it has come.
func (f *fuzzing) tell(found *finding) {
	if f.Progress == nil {
		return
	}
	f.told = f.Suite.Now()
	elapsed := f.told.Sub(f.began)
	p := FuzzProgress{Mutants: f.made, Elapsed: elapsed, Left: max(0, f.For-elapsed)}
	for _, one := range f.found {
		if one.err != nil {
			p.Found++
			if one.recalled != "" {
				p.Known++
			}
		}
	}
	if found != nil {
		news := f.result(found)
		p.News, p.Again = &news, found.recalled != ""
	}
	f.Progress(p)
}

// onlyOnce is a fault that showed once and not again.
type onlyOnce struct {
	*fault
	number, before int
}

// Error tells what was seen, and why it is no proof.
func (o *onlyOnce) Error() string {
	return fmt.Sprintf("mutant %d showed this once, after %d others on the same account, and not when it was played alone on a new one: a limit on attempts, or a race? %s",
		o.number, o.before, o.fault.Error())
}

// Unwrap returns what was seen.
func (o *onlyOnce) Unwrap() error { return o.fault }
