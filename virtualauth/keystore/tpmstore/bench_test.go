package tpmstore

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-tpm/tpm2"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// The benchmarks measure a call of the store, and the bare TPM commands that it stands for, in turns in one run, so that a
// noisy machine spoils both alike. They report the medians, and as x-bare how many times the bare commands the call takes.

// comparison is the two sides.
type comparison struct {
	store, bare []time.Duration
}

// call measures a call of the store.
func (c *comparison) call(b *testing.B, run func() error) {
	b.Helper()
	begun := time.Now()
	err := run()
	c.store = append(c.store, time.Since(begun))
	if err != nil {
		b.Fatal(err)
	}
}

// commands measures bare commands where the owner runs, without the way to it.
func (c *comparison) commands(b *testing.B, s *Store, prepare, run func(*machine) error) {
	b.Helper()
	within(b, s, func(m *machine) error {
		if err := prepare(m); err != nil {
			return err
		}
		begun := time.Now()
		err := run(m)
		c.bare = append(c.bare, time.Since(begun))
		return err
	})
}

func (c *comparison) report(b *testing.B) {
	store, bare := median(c.store), median(c.bare)
	b.ReportMetric(float64(store)/float64(bare), "x-bare")
	b.ReportMetric(float64(store), "store-ns")
	b.ReportMetric(float64(bare), "bare-ns")
	b.ReportMetric(0, "ns/op") // would be the sum of both
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}

func overEachBenchmark(b *testing.B, config Config, benchmark func(b *testing.B, s *Store)) {
	b.Run("simulator", func(b *testing.B) {
		store, _ := opened(b, Simulator{}, config)
		benchmark(b, store)
	})
	b.Run("swtpm", func(b *testing.B) {
		store, _ := opened(b, Swtpm{}, config)
		benchmark(b, store)
	})
}

// loaded is a preparation that loads a key.
func loaded(b *testing.B, handle keystore.Handle) func(m *machine) error {
	w, err := decode(handle)
	if err != nil {
		b.Fatal(err)
	}
	return func(m *machine) error { return m.load(handle, w) }
}

// bareSign is TPM2_Sign with a loaded key, encoded as the store encodes it.
func bareSign(m *machine) error {
	_, err := m.sign(make([]byte, 32))
	return err
}

// BenchmarkAssertion signs with one credential over and over, and with several in turn, none of which is loaded still when
// it is asked for again. The aim is at most 1.15 times TPM2_Sign with a loaded key.
func BenchmarkAssertion(b *testing.B) {
	for name, credentials := range map[string]int{"one credential": 1, "many credentials": 8} {
		b.Run(name, func(b *testing.B) {
			overEachBenchmark(b, Config{}, func(b *testing.B, s *Store) {
				handles := make([]keystore.Handle, credentials)
				for i := range handles {
					handles[i], _ = created(b, s, cose.ES256)
				}
				var c comparison
				message := make([]byte, 200)
				for i := 0; b.Loop(); i++ {
					handle := handles[i%credentials]
					c.call(b, func() error {
						_, err := s.Sign(b.Context(), handle, message)
						return err
					})
					c.commands(b, s, loaded(b, handle), bareSign)
				}
				c.report(b)
			})
		})
	}
}

// BenchmarkRegistration takes a key of the pool and certifies it. The aim is at most 1.3 times TPM2_Load and TPM2_Certify
// with a loaded attestation key.
func BenchmarkRegistration(b *testing.B) {
	config := Config{Pool: map[cose.Algorithm]int{cose.ES256: 64}}
	overEachBenchmark(b, config, func(b *testing.B, s *Store) {
		var c comparison
		for i := 0; b.Loop(); i++ {
			if i%64 == 0 {
				if err := s.Fill(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			var handle keystore.Handle
			c.call(b, func() (err error) {
				if handle, _, err = s.Create(b.Context(), cose.ES256); err != nil {
					return err
				}
				_, err = s.Certify(b.Context(), handle, make([]byte, 32))
				return err
			})
			bareCertify(b, s, &c, handle)
		}
		c.report(b)
	})
}

// bareCertify is TPM2_Load and TPM2_Certify.
func bareCertify(b *testing.B, s *Store, c *comparison, handle keystore.Handle) {
	w, err := decode(handle)
	if err != nil {
		b.Fatal(err)
	}
	unload := func(m *machine) error { return m.flush(&m.current) }
	c.commands(b, s, unload, func(m *machine) error {
		if err := m.load(handle, w); err != nil {
			return err
		}
		_, err := tpm2.Certify{
			ObjectHandle:   m.current.auth(),
			SignHandle:     m.attester.auth(),
			QualifyingData: tpm2.TPM2BData{Buffer: make([]byte, 32)},
			InScheme:       tpm2.TPMTSigScheme{Scheme: tpm2.TPMAlgNull},
		}.Execute(m)
		return err
	})
}

// BenchmarkHMAC evaluates a secret, as hmac-secret does once or twice in a ceremony.
func BenchmarkHMAC(b *testing.B) {
	overEachBenchmark(b, Config{}, func(b *testing.B, s *Store) {
		handle, err := s.CreateSecret(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := s.HMAC(context.Background(), handle, make([]byte, 32)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
