package store_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/rp/store"
)

// childVariable makes this test binary the child that writes until it is killed.
const childVariable = "PASSKEYLAB_STORE_TEST_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childVariable); path != "" {
		os.Exit(writeUntilKilled(path))
	}
	os.Exit(m.Run())
}

// writeUntilKilled writes from several goroutines and says each token on standard output once it is
// acknowledged.
func writeUntilKilled(path string) int {
	s, err := store.Open(context.Background(), path, store.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				token := strconv.Itoa(worker) + "-" + strconv.Itoa(i)
				if err := s.Write(context.Background(), func(tx *store.Tx) error { return tx.PutHTTPSession(token, []byte(token), time.Unix(2e9, 0)) }); err != nil {
					fmt.Fprintln(os.Stderr, err)
					return
				}
				// One write call a line: lines of several goroutines do not mix.
				_, _ = os.Stdout.WriteString(token + "\n")
			}
		})
	}
	wg.Wait()
	return 1
}

// A process that is killed at any moment loses nothing that was acknowledged.
func TestKilledProcessKeepsWhatWasAcknowledged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rp.db")
	acknowledged := map[string]bool{}
	for round := range 3 {
		killAfter(t, path, 150+100*round, acknowledged)
		s, err := store.Open(t.Context(), path, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for token := range acknowledged {
			data, err := s.HTTPSession(t.Context(), token, time.Unix(1e9, 0))
			if err != nil || string(data) != token {
				t.Fatalf("round %d: %s was acknowledged and is gone: %q, %v", round, token, data, err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// killAfter runs a child, kills it with SIGKILL once it has acknowledged n writes, and adds all that it said.
func killAfter(t *testing.T, path string, n int, acknowledged map[string]bool) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	child := exec.CommandContext(ctx, self)
	child.Env = append(os.Environ(), childVariable+"="+path)
	var complaints strings.Builder
	child.Stderr = &complaints
	output, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	said := 0
	lines := bufio.NewReader(output)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // a torn last line was not said
		}
		acknowledged[strings.TrimSuffix(line, "\n")] = true
		if said++; said == n {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = child.Wait() // it was killed: the error is the point
	if said < n {
		t.Fatalf("the child ended after %d writes: %s", said, complaints.String())
	}
}
