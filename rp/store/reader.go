package store

import (
	"context"
	"database/sql"
	"sync"
)

// Read runs f on a consistent snapshot of what is committed. f must not keep q. After Close it is ErrClosed.
func (s *Store) Read(ctx context.Context, f func(q Querier) error) error {
	return s.readers.do(ctx, f)
}

// Querier is what both a snapshot and a write transaction can do. Queries are constants: their statements are kept.
type Querier interface {
	Query(query string, args ...any) (*sql.Rows, error)
	QueryRow(query string, args ...any) *sql.Row
}

// readers are the connections that read, each with its statements. Whoever reads takes one and puts it back; it is opened when
// it is taken for the first time.
type readers struct {
	db       *sql.DB
	trace    func(statement string)
	idle     chan *statements
	stopOnce sync.Once
	stopping chan struct{}
}

func newReaders(db *sql.DB, opts Options) *readers {
	r := &readers{db: db, trace: opts.Trace, idle: make(chan *statements, opts.Readers), stopping: make(chan struct{})}
	for range opts.Readers {
		r.idle <- &statements{}
	}
	return r
}

func (r *readers) do(ctx context.Context, f func(q Querier) error) error {
	one, err := r.take(ctx)
	if err != nil {
		return err
	}
	defer func() { r.idle <- one }()
	if one.conn == nil {
		conn, err := r.db.Conn(ctx)
		if err != nil {
			return classify(err)
		}
		*one = newStatements(conn, r.trace)
	}
	// The caller's end may interrupt what f asks, not what leaves the connection fit for the next reader.
	always := context.WithoutCancel(ctx)
	if _, err := one.exec(always, "BEGIN"); err != nil {
		one.drop()
		return classify(err)
	}
	defer func() {
		if _, err := one.exec(always, "ROLLBACK"); err != nil {
			one.drop()
		}
	}()
	return classify(f(snapshot{ctx: ctx, statements: *one}))
}

func (r *readers) take(ctx context.Context) (*statements, error) {
	select {
	case <-r.stopping:
		return nil, ErrClosed
	default:
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case one := <-r.idle:
		return one, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-r.stopping:
		return nil, ErrClosed
	}
}

// stop waits for reads under way and closes the connections.
func (r *readers) stop() {
	r.stopOnce.Do(func() {
		close(r.stopping)
		for range cap(r.idle) {
			(<-r.idle).drop()
		}
	})
}

// drop closes a connection; the next one who takes its place opens another.
func (s *statements) drop() {
	if s.conn != nil {
		s.close()
	}
	*s = statements{}
}

// snapshot is a reader in its transaction.
type snapshot struct {
	ctx context.Context
	statements
}

func (s snapshot) Query(query string, args ...any) (*sql.Rows, error) {
	s.trace(query)
	return s.query(s.ctx, query, args...)
}

func (s snapshot) QueryRow(query string, args ...any) *sql.Row {
	s.trace(query)
	return s.queryRow(s.ctx, query, args...)
}
