package walk

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/rp/store"
	"github.com/passkeylab/passkeylab/rp/web"
)

const (
	host     = "login.localhost"
	origin   = "http://" + host
	password = "correct horse walk"
)

// house is the relying party of many walks, one after the other, each with an account of its own.
type house struct {
	ctx    context.Context
	clock  *clock
	random *randomness
	dir    string
	db     *store.Store
	rp     *rp.RelyingParty
	site   http.Handler
	ledger *ledger
	texts  *texts
	walks  int
}

// clock is a time that only moves when told.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// randomness is predictable, and another one for each walk in a house.
type randomness struct {
	mu     sync.Mutex
	source *rand.ChaCha8
}

func (r *randomness) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.source.Read(p)
}

func (r *randomness) begin(walk int) {
	var key [32]byte
	binary.BigEndian.PutUint64(key[:], uint64(walk))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.source = rand.NewChaCha8(key)
}

// newHouse keeps its database in memory where the system has such a folder: a walk proves what is written, not that a
// disk keeps it.
func newHouse(t testing.TB, known *texts) *house {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "walk-")
	if err != nil {
		dir = t.TempDir()
	}
	h := &house{ctx: t.Context(), clock: &clock{now: time.Date(2031, 5, 6, 9, 0, 0, 0, time.UTC)}, random: &randomness{}, dir: dir, texts: known}
	h.random.begin(0)
	if err := h.open(policy.Policy{}); err != nil {
		t.Fatal(err)
	}
	if h.ledger, err = openLedger(dir); err != nil {
		t.Fatal(err)
	}
	return h
}

// open starts the relying party, over what an earlier one has left.
func (h *house) open(p policy.Policy) (err error) {
	if h.db, err = store.Open(h.ctx, filepath.Join(h.dir, "rp.db"), store.Options{Readers: 1}); err != nil {
		return err
	}
	h.rp, err = rp.New(rp.Config{Origin: origin, Organisation: "Larkspur", App: "Larkspur ID", Apps: rp.Apps{Android: [][32]byte{appCertificate}, Apple: true},
		Policy: p, Store: h.db, Clock: h.clock, Rand: h.random,
		// The cheapest parameters that the library takes.
		Hashing: &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}})
	if err != nil {
		return err
	}
	pages, err := web.New(web.Config{RP: h.rp, Rand: h.random})
	h.site = pages
	return err
}

// restart is the end of one process and the beginning of the next: what was not stored is gone.
func (h *house) restart() error {
	in := h.rp.Policy()
	if err := h.db.Close(); err != nil {
		return err
	}
	return h.open(in)
}

func (h *house) close(t testing.TB) {
	if err := errors.Join(h.ledger.db.Close(), h.db.Close()); err != nil {
		t.Error(err)
	}
	if err := os.RemoveAll(h.dir); err != nil {
		t.Error(err)
	}
}

var _ io.Reader = (*randomness)(nil)
