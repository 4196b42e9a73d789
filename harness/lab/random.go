package lab

import (
	"crypto/sha256"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"sync"
)

// Randomness returns an endless reader whose bytes depend on the run's seed
// and on the reader's label only, so that a failed journey can be replayed
// with the same challenges and credential ids. It is safe for concurrent use
// and must never leave a test: its output is predictable by design.
func Randomness(seed int64, label string) io.Reader {
	var key [8]byte
	binary.BigEndian.PutUint64(key[:], uint64(seed))
	return &seeded{source: rand.NewChaCha8(sha256.Sum256(append(key[:], label...)))}
}

type seeded struct {
	mu     sync.Mutex
	source *rand.ChaCha8
}

func (s *seeded) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.source.Read(p)
}
