package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/reports"
	"github.com/passkeylab/passkeylab/scenarios/rpcases"
)

// suiteAim is how long all cases of relying parties should take at most, in seconds, against our own on two cores.
const suiteAim = 10

// benchCheck times the suite of cases against our own relying party in this process: the whole of it with a case a core at a
// time, and one by one, where what is not spent waiting for an answer is what a case costs beside the bare exchange.
func (a app) benchCheck(ctx context.Context, rounds int) error {
	if rounds == 0 {
		return nil
	}
	var whole, rate, exchange, overhead measured
	cases := 0
	for range rounds {
		fast, err := checkTurn(ctx, runtime.NumCPU())
		if err != nil {
			return err
		}
		slow, err := checkTurn(ctx, 1)
		if err != nil {
			return err
		}
		cases = fast.cases
		whole = append(whole, fast.wall.Seconds())
		rate = append(rate, float64(fast.cases)/fast.wall.Seconds())
		exchange = append(exchange, microseconds(slow.waited)/float64(slow.exchanges))
		overhead = append(overhead, microseconds(slow.wall-slow.waited)/float64(slow.cases))
	}
	fmt.Fprintf(a.out, "the cases of relying parties, against our own in process: %s, %s%s\n", count(cases, "case", "cases"), count(rounds, "turn", "turns"), machineLoad())
	fmt.Fprintln(a.out, aimed{says: fmt.Sprintf("all of them, %d at a time, seconds", runtime.NumCPU()), values: whole, most: suiteAim})
	fmt.Fprintln(a.out, aimed{says: "cases a second", values: rate})
	fmt.Fprintln(a.out, aimed{says: "one exchange with the relying party, µs", values: exchange})
	fmt.Fprintln(a.out, aimed{says: "one case beside its exchanges, keys and signatures too, µs", values: overhead})
	return nil
}

// checkTime is what one turn took.
type checkTime struct {
	wall, waited     time.Duration // waited is the sum of all exchanges
	cases, exchanges int
}

func checkTurn(ctx context.Context, parallel int) (turn checkTime, err error) {
	suite, err := rpcases.Reference(ctx)
	if err != nil {
		return turn, err
	}
	defer func() { err = errors.Join(err, suite.Close()) }()
	runner := suite.Runner()
	if runner.Has, err = suite.Probe(ctx); err != nil {
		return turn, err
	}
	var mu sync.Mutex
	runner.Seed, runner.Parallel = 1, parallel
	runner.Ended = func(t *conformance.Trial, _ reports.Result) {
		mu.Lock()
		defer mu.Unlock()
		for _, e := range t.Exchanges() {
			turn.waited += e.Took
			turn.exchanges++
		}
	}
	finding, err := runner.Run(ctx)
	if err != nil {
		return turn, err
	}
	if finding.Run.Interrupted {
		return turn, &exit{code: exitInterrupted}
	}
	if !finding.OK() {
		return turn, errors.New("our own relying party does not pass its cases, so their time means nothing; see what is wrong with: passkeylab check rp --target=reference")
	}
	turn.wall, turn.cases = finding.Run.Duration, len(finding.Run.Results)
	return turn, nil
}

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
