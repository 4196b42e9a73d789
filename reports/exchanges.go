package reports

import "slices"

// WithoutGoodExchanges is a run that keeps what was said only where there is something to look at: in bad and advised results.
// The exchanges of good ones are most of what a run of cases weighs.
func WithoutGoodExchanges(run Run) Run {
	run.Results = slices.Clone(run.Results)
	for i := range run.Results {
		if state := run.Results[i].State; !state.Bad() && state != Advised {
			run.Results[i].Exchanges = nil
		}
	}
	return run
}
