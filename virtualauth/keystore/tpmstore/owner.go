package tpmstore

import (
	"context"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// idleAfter is how long nothing must be asked of a store before it makes keys ahead: long enough that a burst of
// ceremonies is not held up by it, short enough that a person between two of them does not notice.
const idleAfter = 10 * time.Millisecond

// job is one transaction that somebody waits for.
type job struct {
	ctx  context.Context
	run  func(*machine) error
	done chan error // holds one
}

// do has the owner run a transaction. A cancelled ctx takes it out of the queue; once it runs, it is finished.
func (s *Store) do(ctx context.Context, run func(*machine) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j := job{ctx, run, make(chan error, 1)}
	select {
	case s.jobs <- j:
		return <-j.done
	case <-ctx.Done():
		return ctx.Err()
	case <-s.quit:
		return ErrClosed
	}
}

// own is the goroutine that alone talks to the TPM, until the store is closed.
func (s *Store) own(m *machine) {
	defer close(s.ended)
	idle := time.NewTimer(idleAfter)
	defer idle.Stop()
	for {
		select {
		case j := <-s.jobs:
			s.run(m, j, idle)
		case <-idle.C:
			select {
			case j := <-s.jobs: // it came while the last key was made
				s.run(m, j, idle)
			default:
				if s.makeOneAhead(m) {
					idle.Reset(0)
				}
			}
		case <-s.quit:
			m.unload()
			s.closeError = m.link.Close()
			return
		}
	}
}

// run does a job and starts to wait for idleness anew.
func (s *Store) run(m *machine, j job, idle *time.Timer) {
	j.done <- m.transact(j.ctx, j.run)
	m.tidy()
	idle.Reset(idleAfter)
}

// makeOneAhead makes one key for the pool and reports whether there may be more to make. After a failure it waits for the
// next job, which will show what is wrong to somebody who can be told.
func (s *Store) makeOneAhead(m *machine) bool {
	algorithm, missing := s.pool.missing()
	if !missing {
		return false
	}
	err := m.transact(context.Background(), func(m *machine) error { return s.pool.fillOne(m, algorithm) })
	return err == nil
}

// pool is a stock of keys that nobody has asked for yet. Only the owner touches it.
type pool struct {
	order []cose.Algorithm // the algorithms with a stock, in the order in which they are filled
	size  map[cose.Algorithm]int
	ready map[cose.Algorithm][]wrapped
}

// missing returns the first algorithm whose stock is not full.
func (p *pool) missing() (cose.Algorithm, bool) {
	for _, algorithm := range p.order {
		if len(p.ready[algorithm]) < p.size[algorithm] {
			return algorithm, true
		}
	}
	return 0, false
}

func (p *pool) fillOne(m *machine, algorithm cose.Algorithm) error {
	w, err := m.create(algorithm)
	if err != nil {
		return err
	}
	p.ready[algorithm] = append(p.ready[algorithm], w)
	return nil
}

// take returns the oldest key in stock, loaded, and false if there is none. Keys that the TPM refuses, as it was cleared
// since they were made, are dropped.
func (p *pool) take(m *machine, algorithm cose.Algorithm) (w wrapped, taken bool, err error) {
	for len(p.ready[algorithm]) > 0 {
		w := p.ready[algorithm][0]
		err := m.load(w.encode(), w)
		if m.lost(err) {
			return wrapped{}, false, err // it may be taken yet, once the TPM is back
		}
		p.ready[algorithm] = p.ready[algorithm][1:]
		if err == nil {
			return w, true, nil
		}
	}
	return wrapped{}, false, nil
}
