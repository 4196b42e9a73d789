// Package store keeps the relying party's rows in one SQLite file: schema, migrations, and a writer that commits
// in groups.
//
// There is one writer goroutine. Callers hand it functions; it takes all that are waiting, runs each inside a
// savepoint of one transaction, commits once, and only then answers them. So one fsync is shared by everybody
// who waits for it, a function that fails takes nothing of its neighbours with it, and what Write has
// acknowledged is on disk (WAL with synchronous=FULL): it is there after the process, or the machine, is killed.
// Because all writes pass through one goroutine, a function may read, decide and write without any other writer
// in between: limits and "used once" are checked there.
//
// Reads use their own connections and see a consistent snapshot of what was committed; they never wait for the
// writer.
package store
