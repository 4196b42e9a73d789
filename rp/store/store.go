package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // registers the driver "sqlite"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Options are what may be chosen when a store is opened. The zero value works.
type Options struct {
	// Readers is how many connections read at the same time: 4.
	Readers int
	// MaxBatch is how many writes share one commit at most: 128.
	MaxBatch int
	// BusyTimeout is how long to wait for a lock that another process holds: 5 seconds.
	BusyTimeout time.Duration
	// MaxPages limits the file's size, in pages of 4096 bytes; 0 sets no limit.
	MaxPages int
	// CheckPages is how large a file may be, in pages of 4096 bytes, to be checked wholly before it is used: 16384, which is
	// 64 MiB. A larger one that was closed well is checked at its edges by Open, and wholly by Check.
	CheckPages int
	// Trace, if set, is told each statement before it runs, without its values. Many goroutines call it.
	Trace func(statement string)
	// NotDurable does not wait for the disk: what was acknowledged may be lost when the machine fails, and the file damaged; a
	// process that is killed loses nothing. It is for
	// measurements, and for data that can be made again.
	NotDurable bool
}

func (o Options) withDefaults() Options {
	if o.Readers <= 0 {
		o.Readers = 4
	}
	if o.MaxBatch <= 0 {
		o.MaxBatch = 128
	}
	if o.BusyTimeout <= 0 {
		o.BusyTimeout = 5 * time.Second
	}
	if o.CheckPages <= 0 {
		o.CheckPages = 16384
	}
	if o.Trace == nil {
		o.Trace = func(string) {}
	}
	return o
}

func (o Options) synchronous() string {
	if o.NotDurable {
		return "OFF"
	}
	return "FULL"
}

// Store is the open database. Its methods may be called from many goroutines.
type Store struct {
	path    string
	writeDB *sql.DB
	readDB  *sql.DB
	writer  *writer
	readers *readers
	checked bool // wholly, by Open
}

// Open opens the file at path, makes it if it is missing (readable by its owner only, as it holds password
// hashes), checks it, and brings its schema up to date. The errors ErrCorrupt, ErrNewer, ErrLocked, ErrFull and
// ErrReadOnly say what is wrong with a file that cannot be used. Close it when done.
func Open(ctx context.Context, path string, opts Options) (*Store, error) {
	opts = opts.withDefaults()
	if err := prepareFile(path); err != nil {
		return nil, fmt.Errorf("store: open: %w", err)
	}
	s := &Store{path: path}
	if err := s.open(ctx, opts); err != nil {
		_ = s.closeDatabases()
		return nil, fmt.Errorf("store: open %s: %w", path, classify(err))
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, opts Options) (err error) {
	closedWell := wasClosedWell(s.path) // before SQLite makes a log of its own
	if s.writeDB, err = sql.Open("sqlite", dsn(s.path, opts, false)); err != nil {
		return err
	}
	s.writeDB.SetMaxOpenConns(1)
	if s.checked, err = checkBefore(ctx, s.writeDB, opts.CheckPages, closedWell); err != nil {
		return err
	}
	if err := migrate(ctx, s.writeDB); err != nil {
		return err
	}
	if s.readDB, err = sql.Open("sqlite", dsn(s.path, opts, true)); err != nil {
		return err
	}
	s.readDB.SetMaxOpenConns(opts.Readers)
	if err := s.readDB.PingContext(ctx); err != nil {
		return err
	}
	s.readers = newReaders(s.readDB, opts)
	s.writer, err = startWriter(ctx, s.writeDB, opts)
	return err
}

// Path returns the file's path.
func (s *Store) Path() string { return s.path }

// Close lets the writes that were accepted finish, and the reads under way, then closes the file. Later ones get ErrClosed.
func (s *Store) Close() error {
	s.writer.stop()
	s.readers.stop()
	return s.closeDatabases()
}

func (s *Store) closeDatabases() error {
	var errs []error
	for _, db := range []*sql.DB{s.readDB, s.writeDB} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// prepareFile makes the file with mode 0600, and its folder with 0700, unless they are there.
func prepareFile(path string) error {
	if path == "" {
		return errors.New("the path is empty; name the database file")
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a folder; name a file in it", path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	}
	if err != nil {
		return err
	}
	return file.Close()
}

const (
	// writerCache is how much of the file the writer keeps in memory, in KiB. As nobody else writes while it does, what it keeps
	// stays true, and the rows of one batch after the other are found without reading the file.
	writerCache = 32 << 10
	// checkpointAfter is at how many pages the log is copied into the file: a page that is written again and again until then
	// is copied once. It bounds the log's size to 16 MiB, and with it the time that opening takes after a crash.
	checkpointAfter = 4096
)

func dsn(path string, opts Options, readOnly bool) string {
	values := url.Values{}
	pragma := func(name, value string) { values.Add("_pragma", name+"("+value+")") }
	// busy_timeout first: the other pragmas may need the lock.
	pragma("busy_timeout", strconv.FormatInt(opts.BusyTimeout.Milliseconds(), 10))
	pragma("journal_mode", "WAL")
	pragma("synchronous", opts.synchronous())
	pragma("foreign_keys", "1")
	if readOnly {
		pragma("query_only", "1")
	} else {
		pragma("cache_size", "-"+strconv.Itoa(writerCache))
		pragma("wal_autocheckpoint", strconv.Itoa(checkpointAfter))
		if opts.MaxPages > 0 {
			pragma("max_page_count", strconv.Itoa(opts.MaxPages))
		}
	}
	file := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: values.Encode()}
	return file.String()
}

// migrate applies the embedded migrations that the file lacks.
func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		return err
	}
	have, err := provider.GetDBVersion(ctx)
	if err != nil {
		return err
	}
	sources := provider.ListSources()
	if newest := sources[len(sources)-1].Version; have > newest {
		return fmt.Errorf("%w: its schema is version %d and this program knows %d", ErrNewer, have, newest)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}
