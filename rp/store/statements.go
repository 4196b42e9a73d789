package store

import (
	"context"
	"database/sql"
)

// statements are those that one connection has prepared: parsing costs more than running most of them. They are kept for as
// long as the connection, so queries are constants. Close the rows of one before the same query is asked again.
type statements struct {
	conn    *sql.Conn
	byQuery map[string]*sql.Stmt
	trace   func(statement string) // is told what callers ask, not what begins and ends their transactions
}

func newStatements(conn *sql.Conn, trace func(statement string)) statements {
	return statements{conn: conn, byQuery: map[string]*sql.Stmt{}, trace: trace}
}

func (s statements) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if stmt, ok := s.byQuery[query]; ok {
		return stmt, nil
	}
	stmt, err := s.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	s.byQuery[query] = stmt
	return stmt, nil
}

func (s statements) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	stmt, err := s.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, args...)
}

func (s statements) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	stmt, err := s.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}

// queryRow leaves a query that cannot be prepared to the connection, whose row then has the error.
func (s statements) queryRow(ctx context.Context, query string, args ...any) *sql.Row {
	stmt, err := s.prepare(ctx, query)
	if err != nil {
		return s.conn.QueryRowContext(ctx, query, args...)
	}
	return stmt.QueryRowContext(ctx, args...)
}

func (s statements) close() {
	for _, stmt := range s.byQuery {
		_ = stmt.Close()
	}
	_ = s.conn.Close()
}
