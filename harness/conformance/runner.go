package conformance

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/passkeylab/passkeylab/reports"
)

// Runner runs cases against a subject, each on a stage of its own. Open is required; everything else has a default.
type Runner[S any] struct {
	// Cases are what may run; Only selects among them, all when it is empty.
	Cases []Case[S]
	Only  []Pattern
	// Open sets the stage for one trial: a fresh account, a fresh browser. It must hold for the trial that nothing of an
	// earlier one shows.
	Open func(ctx context.Context, t *Trial) (S, error)
	// Close takes the stage down; nil when there is nothing to take down.
	Close func(stage S) error

	// Profile is L3 when empty.
	Profile Profile
	Has     Capabilities
	Seed    int64
	// Repeat is how often each case runs: once when 0.
	Repeat int
	// Parallel is how many run at a time: one when 0.
	Parallel int
	// CaseTimeout bounds one trial: a minute when 0.
	CaseTimeout time.Duration
	// Keep is how many bytes of each message a report keeps: DefaultKeep when 0.
	Keep int
	// Expected are failures that are known: each must happen.
	Expected []Expected
	// Progress hears of every trial that begins and ends, one call at a time; nil for nobody.
	Progress func(Progress)
	// Ended gets every trial with its result, when it has ended; several at a time under Parallel. Nil for nobody.
	Ended func(t *Trial, result reports.Result)
	// Reproduce returns the line that runs a case alone, for the report; nil for none.
	Reproduce func(id string) string
	// Silent reports whether the subject gave no answer at last, and whether it was asked anything; nil never asks. A subject that
	// was silent in so many trials in a row as mostSilent ends the run: the others would only take their time.
	Silent func(t *Trial) (silent, asked bool)
	// Now tells the time.
	Now func() time.Time
}

// Expected is a failure that is known. A case that matches and fails is advised, with the reason; a pattern that no failure
// matched is news.
type Expected struct {
	Pattern Pattern
	Reason  string
}

// Progress is how far a run has come.
type Progress struct {
	Done, Total int
	// ID is the case; Verdict is empty when it begins.
	ID      string
	Says    string
	Verdict Verdict
	Elapsed time.Duration
	// Left is how much longer it takes at this speed; 0 while nobody knows.
	Left time.Duration
}

// Finding is what a run found.
type Finding struct {
	// Run has a result for each trial, in the order of the cases. Suite, Subject, Tool and Command are the caller's to fill in.
	Run reports.Run
	// Unused are the patterns of expected failures that no failure matched, although all of their cases ran, or none exist.
	Unused []string
}

// OK is true when nothing failed, nothing was inconclusive, something ran, and every expected failure happened.
func (f Finding) OK() bool { return reports.Judge(f.Run).OK }

// Run runs the chosen cases. Its only error is one of the selection: everything else is in the finding. When ctx ends, what
// has not begun is missing, and so is what was under way: it was cut short, which says nothing about the subject
// (Run.Interrupted).
func (r Runner[S]) Run(ctx context.Context) (Finding, error) {
	chosen, err := Choose(r.Cases, r.Only)
	if err != nil {
		return Finding{}, err
	}
	r.setDefaults()
	began := r.Now()
	jobs := r.jobs(chosen)
	results := make([]*reports.Result, len(jobs))
	news := &news{total: len(jobs), began: began, now: r.Now, tell: r.Progress}
	next := make(chan int)
	var workers sync.WaitGroup
	quiet := &quiet{gone: make(chan struct{})}
	for range max(1, min(r.Parallel, len(jobs))) {
		workers.Go(func() {
			for i := range next {
				result, t := r.trial(ctx, jobs[i], news)
				if ctx.Err() == nil {
					results[i] = result
				}
				if r.Silent != nil {
					quiet.count(r.Silent(t))
				}
			}
		})
	}
	interrupted := !dispatch(ctx, quiet.gone, next, len(jobs))
	close(next)
	workers.Wait()
	finding := r.finding(results, began)
	finding.Run.Interrupted = interrupted || ctx.Err() != nil
	if quiet.over() && interrupted {
		finding.Run.Notes = append(finding.Run.Notes, fmt.Sprintf("Given up: the subject did not answer in %d cases in a row. Is it still there?", mostSilent))
	}
	return finding, nil
}

// dispatch hands out the numbers of jobs, until the context ends or the subject is gone; false when some are left.
func dispatch(ctx context.Context, gone <-chan struct{}, next chan<- int, jobs int) bool {
	for i := range jobs {
		select {
		case <-gone: // it has the last word when both could be
			return false
		default:
		}
		select {
		case next <- i:
		case <-gone:
			return false
		case <-ctx.Done():
			return false
		}
	}
	return true
}

func (r *Runner[S]) setDefaults() {
	if r.Profile == "" {
		r.Profile = L3
	}
	if r.CaseTimeout <= 0 {
		r.CaseTimeout = time.Minute
	}
	if r.Now == nil {
		r.Now = time.Now
	}
}

// job is one repetition of one case.
type job[S any] struct {
	c          Case[S]
	repetition int
}

func (r *Runner[S]) jobs(chosen []Case[S]) []job[S] {
	var jobs []job[S]
	for _, c := range chosen {
		for i := range max(1, r.Repeat) {
			jobs = append(jobs, job[S]{c, i})
		}
	}
	return jobs
}

func (r *Runner[S]) finding(results []*reports.Result, began time.Time) Finding {
	finding := Finding{Run: reports.Run{Edition: r.Profile.Edition(), Seed: r.Seed, Started: began, Duration: r.Now().Sub(began)}}
	for _, result := range results {
		if result != nil {
			finding.Run.Results = append(finding.Run.Results, *result)
		}
	}
	finding.Run.Notes = unsteady(finding.Run.Results)
	for _, e := range r.Expected {
		happened := slices.ContainsFunc(finding.Run.Results, func(result reports.Result) bool { return result.Expected != "" && e.names(result) })
		if !happened && r.couldFail(e.Pattern, finding.Run.Results) {
			finding.Unused = append(finding.Unused, e.Pattern.text)
			finding.Run.Notes = append(finding.Run.Notes, fmt.Sprintf("Expected to fail and nothing did: %s (%s).", e.Pattern, e.Reason))
		}
	}
	finding.Run.Unused = finding.Unused
	return finding
}

// couldFail is whether a pattern had its chance: each of its cases ran. Where one was left out, that one may be what fails.
func (r *Runner[S]) couldFail(p Pattern, results []reports.Result) bool {
	ran := map[string]bool{}
	for _, result := range results {
		ran[result.ID] = true
	}
	return !slices.ContainsFunc(r.Cases, func(c Case[S]) bool { return c.Is(p) && !ran[c.ID] })
}

// names is whether the pattern selects the case of a result.
func (e Expected) names(result reports.Result) bool {
	return e.Pattern.match.MatchString(result.ID) || slices.ContainsFunc(result.Labels, e.Pattern.match.MatchString)
}

// expect turns a failure that is known into advice.
func (r *Runner[S]) expect(result *reports.Result) {
	if result.State != reports.Failed {
		return
	}
	for _, e := range r.Expected {
		if e.names(*result) {
			result.State, result.Expected = reports.Advised, e.Reason
			result.Observations = append(result.Observations, "Expected to fail: "+e.Reason)
			return
		}
	}
}

// Try runs one case once, outside of a run: for frameworks that have an order and a clock of their own. Conclude makes a
// finding of the results.
func (r Runner[S]) Try(ctx context.Context, c Case[S]) reports.Result {
	r.setDefaults()
	result, _ := r.trial(ctx, job[S]{c: c}, &news{now: r.Now})
	return *result
}

// Conclude is the finding of results that Try returned. began is when the first of them began.
func (r Runner[S]) Conclude(results []reports.Result, began time.Time) Finding {
	r.setDefaults()
	var all []*reports.Result
	for i := range results {
		all = append(all, &results[i])
	}
	return r.finding(all, began)
}

// trial runs one job and makes its result.
func (r *Runner[S]) trial(ctx context.Context, j job[S], news *news) (*reports.Result, *Trial) {
	t := &Trial{
		CaseID: j.c.ID, Profile: r.Profile, Has: r.Has, Keep: r.Keep, Rand: randomness(r.Seed, j.c.ID, j.repetition),
	}
	news.begins(j.c.ID, j.c.Says)
	began := r.Now()
	var err error
	if why := r.Has.Missing(j.c.Needs); why != "" {
		err = &Skipped{Reason: why}
	} else {
		err = r.attempt(ctx, j.c, t)
	}
	result := j.c.result(t, err)
	result.Started, result.Duration = began, r.Now().Sub(began)
	if r.Repeat > 1 {
		result.Repetition = j.repetition + 1
	}
	if r.Reproduce != nil {
		result.Reproduce = r.Reproduce(j.c.ID)
	}
	r.expect(result)
	if r.Ended != nil {
		r.Ended(t, *result)
	}
	if ctx.Err() == nil {
		news.ends(j.c.ID, j.c.Says, Verdict(result.State))
	}
	return result, t
}

// attempt opens the stage, runs the case, and takes the stage down, whatever happens.
func (r *Runner[S]) attempt(ctx context.Context, c Case[S], t *Trial) (err error) {
	run := ctx
	ctx, cancel := withAllowance(run, r.CaseTimeout, fmt.Errorf("the case took longer than %s", r.CaseTimeout))
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = &Inconclusive{Step: "the case itself broke", Err: fmt.Errorf("%v\n%s", p, debug.Stack())}
		}
	}()
	defer t.End()
	stage, err := r.Open(ctx, t)
	if err != nil {
		return Control("set the stage", err)
	}
	if r.Close != nil {
		defer func() {
			if closing := r.Close(stage); closing != nil && err == nil {
				err = &Inconclusive{Step: "take the stage down", Err: closing}
			}
		}()
	}
	// An answer that did not come because the case was over says nothing about the subject, which has limits of its own.
	err = c.Run(ctx, stage)
	switch {
	case run.Err() != nil:
		return &Inconclusive{Step: "to the end", Err: errors.Join(context.Cause(run), err)}
	case err != nil && ctx.Err() != nil && !decided(err):
		return &Inconclusive{Step: "in time", Err: errors.Join(context.Cause(ctx), err)}
	}
	return err
}

// decided is whether a subject said what a mismatch holds against it. What broke when time ran out was broken off from here.
func decided(err error) bool {
	var mismatch *Mismatch
	return errors.As(err, &mismatch) && !mismatch.Broke
}
