package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

// Write runs f in the writer goroutine and returns when what f wrote is on disk. An error of f undoes f's own
// writes and is returned as it is (classified: errors.Is works with this package's errors). ctx can withdraw a
// write that still waits; one that has begun is carried through, because its neighbours share the transaction,
// and its real outcome is returned. A panic in f is passed on to the caller after f's writes are undone.
func (s *Store) Write(ctx context.Context, f func(tx *Tx) error) error {
	return s.writer.do(ctx, f)
}

// Tx is the write transaction as one function sees it.
type Tx struct {
	ctx context.Context
	statements
	number uint64
}

// Number tells transactions of one store apart, from 1. Functions that share a commit see the same one: between them nobody
// else, not even another process, has written.
func (t *Tx) Number() uint64 { return t.number }

// Exec runs one statement.
func (t *Tx) Exec(query string, args ...any) (sql.Result, error) {
	t.trace(query)
	result, err := t.exec(t.ctx, query, args...)
	return result, classify(err)
}

// ExecOne runs a statement that must change exactly one row; ErrNotFound when it changed none.
func (t *Tx) ExecOne(query string, args ...any) error {
	result, err := t.Exec(query, args...)
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrNotFound
	}
	return nil
}

// Query implements Querier. Close the rows before the next statement: there is one connection.
func (t *Tx) Query(query string, args ...any) (*sql.Rows, error) {
	t.trace(query)
	return t.query(t.ctx, query, args...)
}

// QueryRow implements Querier.
func (t *Tx) QueryRow(query string, args ...any) *sql.Row {
	t.trace(query)
	return t.queryRow(t.ctx, query, args...)
}

// job is one call of Write. claimed decides the race between the writer that takes it and the caller whose
// context ends: whoever sets it owns it.
type job struct {
	f        func(*Tx) error
	claimed  atomic.Bool
	done     chan struct{}
	err      error
	panicked any
}

type writer struct {
	tx       *Tx
	maxBatch int
	jobs     chan *job
	stopOnce sync.Once
	stopping chan struct{}
	stopped  chan struct{}
}

func startWriter(ctx context.Context, db *sql.DB, opts Options) (*writer, error) {
	w, err := newWriter(ctx, db, opts)
	if err == nil {
		go w.run()
	}
	return w, err
}

func newWriter(ctx context.Context, db *sql.DB, opts Options) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &writer{
		// The transaction belongs to everybody in the batch: no single caller's context may end it.
		tx:       &Tx{ctx: context.WithoutCancel(ctx), statements: newStatements(conn, opts.Trace)},
		maxBatch: opts.MaxBatch,
		jobs:     make(chan *job),
		stopping: make(chan struct{}),
		stopped:  make(chan struct{}),
	}, nil
}

func (w *writer) do(ctx context.Context, f func(*Tx) error) error {
	j := &job{f: f, done: make(chan struct{})}
	select {
	case w.jobs <- j:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.stopping:
		return ErrClosed
	}
	select {
	case <-j.done:
	case <-ctx.Done():
		if j.claimed.CompareAndSwap(false, true) {
			return ctx.Err()
		}
		<-j.done
	}
	if j.panicked != nil {
		panic(j.panicked)
	}
	return j.err
}

// stop ends the writer after the batch under way, and waits for it.
func (w *writer) stop() {
	w.stopOnce.Do(func() { close(w.stopping) })
	<-w.stopped
}

func (w *writer) run() {
	defer close(w.stopped)
	defer w.tx.close()
	// While a batch is committed, the next callers queue up at the channel: they become the next batch.
	for {
		select {
		case first := <-w.jobs:
			w.commit(w.gather(first))
		case <-w.stopping:
			return
		}
	}
}

// gather takes what is waiting now, without waiting for more: a lone writer pays no latency for the group. It lets the
// goroutines run that can, so that a caller on its way to the channel is not left for the next commit.
func (w *writer) gather(first *job) []*job {
	batch := []*job{first}
	runtime.Gosched()
	for len(batch) < w.maxBatch {
		select {
		case j := <-w.jobs:
			batch = append(batch, j)
		default:
			return batch
		}
	}
	return batch
}

// commit runs the batch in one transaction and answers every job.
func (w *writer) commit(batch []*job) {
	defer func() {
		for _, j := range batch {
			close(j.done)
		}
	}()
	if err := w.exec("BEGIN IMMEDIATE"); err != nil {
		failAll(batch, fmt.Errorf("store: write: %w", err))
		return
	}
	w.tx.number++
	for _, j := range batch {
		if !j.claimed.CompareAndSwap(false, true) {
			continue // withdrawn by its caller
		}
		if err := w.runJob(j); err != nil {
			_ = w.exec("ROLLBACK")
			failAll(batch, fmt.Errorf("store: write: %w", err))
			return
		}
	}
	if err := w.exec("COMMIT"); err != nil {
		_ = w.exec("ROLLBACK")
		failAll(batch, fmt.Errorf("store: commit: %w", err))
	}
}

// runJob runs one function in its savepoint. The returned error means that the whole transaction is lost: SQLite
// itself rolls back on a full disk or an I/O error, and the savepoint is gone with it.
func (w *writer) runJob(j *job) error {
	if err := w.exec("SAVEPOINT job"); err != nil {
		return err
	}
	w.call(j)
	if j.err == nil && j.panicked == nil {
		return w.exec("RELEASE job")
	}
	if err := w.exec("ROLLBACK TO job"); err != nil {
		return errors.Join(j.err, err)
	}
	return w.exec("RELEASE job")
}

func (w *writer) call(j *job) {
	defer func() { j.panicked = recover() }()
	j.err = classify(j.f(w.tx))
}

func (w *writer) exec(statement string) error {
	_, err := w.tx.exec(w.tx.ctx, statement)
	return classify(err)
}

// failAll gives every job that had succeeded the transaction's error: nothing of it was kept. A job's own error
// stays, it is the truer answer.
func failAll(batch []*job, err error) {
	for _, j := range batch {
		if j.err == nil {
			j.err = err
		}
	}
}
