package conformance

import "sync"

// mostSilent is in how many trials in a row a subject may be silent before a run gives up.
const mostSilent = 10

// quiet counts trials in which a subject did not answer.
type quiet struct {
	gone chan struct{} // closed when there were too many

	mu    sync.Mutex
	times int
}

// count hears of one trial. One in which nothing was asked says nothing.
func (q *quiet) count(silent, asked bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case !asked || q.times >= mostSilent:
		return
	case !silent:
		q.times = 0
		return
	}
	if q.times++; q.times == mostSilent {
		close(q.gone)
	}
}

func (q *quiet) over() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.times >= mostSilent
}
