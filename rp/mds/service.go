package mds

import (
	"context"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/semaphore"
)

// Clock tells the time and lets it pass, so that tests wait for nothing.
type Clock interface {
	Now() time.Time
	// After sends once when d has passed.
	After(d time.Duration) <-chan time.Time
}

// Config is what a Service needs from the world.
type Config struct {
	// Location is the path of a file, or an http or https URL, such as FIDOLocation.
	Location string
	// Verifier says what is accepted. Its Now is the Clock's, whatever it is set to.
	Verifier Verifier
	// Requirements are what Trust asks for.
	Requirements Requirements
	// Cache is the path of the file that keeps the last good BLOB, as it came; empty keeps none. Its folder must exist.
	Cache string
	// Every is how often the source is asked: 6 hours if zero.
	Every time.Duration
	// Timeout is how long one fetch may take: 60 seconds if zero.
	Timeout time.Duration
	// Clock and Rand are the time, and the source of the jitter that keeps many relying parties from asking at once.
	Clock Clock
	Rand  io.Reader
	// HTTP lends its Transport; nil uses http.DefaultTransport.
	HTTP *http.Client
	// Log gets one record a refresh; nil discards them.
	Log *slog.Logger
}

// Service keeps the newest BLOB. Make one with New; its methods may be used by many goroutines.
type Service struct {
	config   Config
	source   *source
	current  atomic.Pointer[BLOB]
	updating *semaphore.Weighted // one fetch at a time; it guards source
}

var errNoBLOB = errors.New("no metadata has been loaded")

// New checks the configuration and does nothing else.
func New(c Config) (*Service, error) {
	switch {
	case c.Clock == nil:
		return nil, errors.New("mds: Config.Clock is nil; pass the clock of the relying party")
	case c.Rand == nil:
		return nil, errors.New("mds: Config.Rand is nil; pass a source of unpredictable bytes")
	case c.Every < 0 || c.Timeout < 0:
		return nil, errors.New("mds: Config.Every and Config.Timeout must not be negative")
	}
	if c.Every == 0 {
		c.Every = 6 * time.Hour
	}
	if c.Timeout == 0 {
		c.Timeout = time.Minute
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.Verifier.Now = c.Clock.Now
	var err error
	if c.Verifier, err = c.Verifier.withDefaults(); err != nil {
		return nil, err
	}
	source, err := newSource(c.Location, c.HTTP, c.Verifier.MaxBytes)
	if err != nil {
		return nil, err
	}
	return &Service{config: c, source: source, updating: semaphore.NewWeighted(1)}, nil
}

// BLOB returns the newest one; nil before one was loaded.
func (s *Service) BLOB() *BLOB { return s.current.Load() }

// Location is where BLOBs come from, without a password.
func (s *Service) Location() string { return s.source.shown }

// Entry returns what the newest BLOB says about the model of an attestation: by the AAGUID, or, if that is zero, by the key of
// the chain's leaf. It says nothing while there is no BLOB, or while it is stale and Requirements.Fresh is set.
func (s *Service) Entry(aaguid uuid.UUID, chain []*x509.Certificate) (*Entry, bool) {
	blob := s.BLOB()
	if blob == nil || s.config.Requirements.Fresh && blob.Stale(s.config.Clock.Now()) {
		return nil, false
	}
	entry, err := blob.about(aaguid, chain)
	return entry, err == nil
}

// Load reads the cache, then the source. It fails only when neither has a BLOB that is good; a source that is down, or
// lies, is logged when there is a cache.
func (s *Service) Load(ctx context.Context) error {
	token, cacheErr := readCache(s.config.Cache, s.config.Verifier.MaxBytes)
	if cacheErr == nil && token != nil {
		var blob *BLOB
		if blob, cacheErr = s.config.Verifier.Read(token); cacheErr == nil {
			s.accept(ctx, blob, "cache")
		}
	}
	if cacheErr != nil {
		s.config.Log.WarnContext(ctx, "metadata cache not used", "error", cacheErr)
	}
	err := s.Refresh(ctx)
	if err != nil && s.BLOB() != nil {
		s.config.Log.WarnContext(ctx, "metadata not refreshed; the cached one is used", "error", err)
		return nil
	}
	return err
}

// Refresh asks the source once. A BLOB that is good and not older than the current one replaces it. Errors: *SourceError,
// *BLOBError, or the context's; the current BLOB stays then.
func (s *Service) Refresh(ctx context.Context) error {
	if err := s.updating.Acquire(ctx, 1); err != nil {
		return fmt.Errorf("mds: refresh: %w", err)
	}
	defer s.updating.Release(1)
	limited, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	got, err := s.source.fetch(limited)
	if err != nil || got.unchanged {
		return err
	}
	blob, err := s.config.Verifier.Read(got.token)
	if err != nil {
		return err
	}
	if current := s.BLOB(); current != nil && blob.Number < current.Number {
		return refuse(StepNumber, "no is %d, and %d is known already", blob.Number, current.Number)
	}
	s.source.etag = got.etag
	s.accept(ctx, blob, s.source.shown)
	if err := writeCache(s.config.Cache, got.token); err != nil {
		s.config.Log.WarnContext(ctx, "metadata not kept", "error", err) // it is good, and in use
	}
	return nil
}

// accept makes a BLOB the current one and says so.
func (s *Service) accept(ctx context.Context, blob *BLOB, from string) {
	s.current.Store(blob)
	level := slog.LevelInfo
	stale := blob.Stale(s.config.Clock.Now())
	if stale {
		level = slog.LevelWarn
	}
	s.config.Log.LogAttrs(ctx, level, "metadata loaded", slog.String("from", from), slog.Int("number", blob.Number),
		slog.String("nextUpdate", blob.NextUpdate.Format(time.DateOnly)), slog.Bool("stale", stale),
		slog.Int("entries", len(blob.Entries)), slog.Int("leftOut", len(blob.Problems)))
}

// Waits between attempts after a failure: the first, and the most.
const (
	firstRetry = time.Minute
	lastRetry  = time.Hour
)

// Run refreshes until ctx ends, and is to be run in one goroutine. It waits first, because Load has just asked. After a
// failure it waits a minute, then twice as long each time, up to an hour.
func (s *Service) Run(ctx context.Context) {
	failures := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.config.Clock.After(s.pause(failures)):
		}
		err := s.Refresh(ctx)
		if err == nil {
			failures = 0
			continue
		}
		failures++
		if ctx.Err() == nil {
			s.config.Log.WarnContext(ctx, "metadata not refreshed", "error", err, "failures", failures)
		}
	}
}

// pause is how long to wait after so many failures in a row: the planned time less up to half of it, by chance.
func (s *Service) pause(failures int) time.Duration {
	planned := s.config.Every
	if failures > 0 {
		planned = firstRetry << min(failures-1, 10)
		planned = min(planned, lastRetry, s.config.Every)
	}
	var random [4]byte
	if _, err := io.ReadFull(s.config.Rand, random[:]); err != nil {
		return planned // without chance, all relying parties merely ask together
	}
	return planned - time.Duration(float64(planned)/2*float64(binary.BigEndian.Uint32(random[:]))/(1<<32))
}
