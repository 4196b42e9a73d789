package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/rp/store"
	"github.com/passkeylab/passkeylab/rp/web"
)

// The relying party that is timed is a process of its own, so that its processor time is not its clients'. It is this
// program again; parent and child talk in lines: the child prints its origin once it serves, and for each line that it reads
// the processor time that it has used so far, in nanoseconds. When its input ends, it ends.

// benchedOptions are what a relying party is started with.
type benchedOptions struct {
	stored     int    // how many passkeys it holds
	publicKey  string // theirs, a COSE_Key in base64url
	notDurable bool
	floor      bool   // be the least that there can be instead: see floor
	profile    string // where its processor profile goes, "" for nowhere
}

func (a app) benchedCommand() *cobra.Command {
	var o benchedOptions
	cmd := &cobra.Command{
		Use: "relying-party", Short: "Be the relying party that bench times", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.beBenched(cmd.Context(), o) },
	}
	cmd.Flags().IntVar(&o.stored, "stored", 0, "how many passkeys are stored")
	cmd.Flags().StringVar(&o.publicKey, "public-key", "", "their public key")
	cmd.Flags().BoolVar(&o.notDurable, "not-durable", false, "do not wait for the disk")
	cmd.Flags().BoolVar(&o.floor, "floor", false, "only issue options and verify responses")
	cmd.Flags().StringVar(&o.profile, "profile", "", "a file for the profile")
	return cmd
}

func (o benchedOptions) arguments() []string {
	arguments := []string{"bench", "relying-party", "--stored=" + strconv.Itoa(o.stored), "--public-key=" + o.publicKey, "--profile=" + o.profile}
	if o.notDurable {
		arguments = append(arguments, "--not-durable")
	}
	if o.floor {
		arguments = append(arguments, "--floor")
	}
	return arguments
}

// beBenched serves until the input ends.
func (a app) beBenched(ctx context.Context, o benchedOptions) (err error) {
	collectSeldom()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer listener.Close() // a second close, after the server's own, changes nothing
	origin := fmt.Sprintf("http://localhost:%d", listener.Addr().(*net.TCPAddr).Port)
	handler, forget, err := benchedHandler(ctx, origin, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, forget()) }()
	if o.profile != "" {
		stop, err := profile(o.profile)
		if err != nil {
			return err
		}
		defer stop()
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	fmt.Fprintln(a.out, origin)
	for lines := bufio.NewScanner(a.in); lines.Scan(); {
		fmt.Fprintln(a.out, int64(processorTime()))
	}
	err = server.Close()
	<-served // http.ErrServerClosed
	return err
}

// benchedHandler is what serves, and what removes its database.
func benchedHandler(ctx context.Context, origin string, o benchedOptions) (_ http.Handler, forget func() error, err error) {
	key, err := base64.RawURLEncoding.DecodeString(o.publicKey)
	if err != nil {
		return nil, nil, usage("--public-key: %w", err)
	}
	if o.floor {
		handler, err := newFloor(origin, key)
		return handler, func() error { return nil }, err
	}
	dir, err := os.MkdirTemp("", "passkeylab-bench-")
	if err != nil {
		return nil, nil, err
	}
	forget = func() error { return os.RemoveAll(dir) }
	db, err := openFilled(ctx, filepath.Join(dir, "passkeylab.db"), o)
	if err != nil {
		return nil, nil, errors.Join(err, forget())
	}
	forget = func() error { return errors.Join(db.Close(), os.RemoveAll(dir)) }
	party, err := rp.New(rp.Config{
		Origin: origin, Organisation: organisation, App: approvedApp, Policy: policy.Policy{MaxPasskeys: 100},
		Store: db, Clock: systemClock{}, Rand: rand.Reader, Limits: rp.Limits{Browser: -1, Network: -1},
	})
	if err != nil {
		return nil, nil, errors.Join(err, forget())
	}
	pages, err := web.New(web.Config{RP: party, Rand: rand.Reader})
	if err != nil {
		return nil, nil, errors.Join(err, forget())
	}
	return pages, forget, nil
}

// openFilled makes the database with its crowd. A first opening makes its tables.
func openFilled(ctx context.Context, path string, o benchedOptions) (*store.Store, error) {
	key, err := base64.RawURLEncoding.DecodeString(o.publicKey)
	if err != nil {
		return nil, usage("--public-key: %w", err)
	}
	db, err := store.Open(ctx, path, store.Options{NotDurable: true})
	if err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil {
		return nil, err
	}
	if err := fillCrowd(ctx, path, o.stored, key); err != nil {
		return nil, err
	}
	return store.Open(ctx, path, store.Options{NotDurable: o.notDurable})
}

// profile writes what the processor does to a file until stop is called.
func profile(path string) (stop func(), err error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() {
		pprof.StopCPUProfile()
		_ = file.Close()
	}, nil
}

// benched is a relying party that is timed, seen from its parent.
type benched struct {
	origin string
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
}

// startBenched starts one and waits until it serves, which takes as long as its database must be filled.
func (a app) startBenched(ctx context.Context, o benchedOptions) (*benched, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	b := &benched{cmd: exec.CommandContext(ctx, self, o.arguments()...)}
	b.cmd.Stderr = a.err
	if b.in, err = b.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := b.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	b.out = bufio.NewReader(out)
	if err := b.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a relying party: %w", err)
	}
	if b.origin, err = b.line(); err != nil {
		_ = b.close() // what it died of, it has said itself
		return nil, fmt.Errorf("start a relying party: it ended before it served: %w", err)
	}
	return b, nil
}

func (b *benched) line() (string, error) {
	text, err := b.out.ReadString('\n')
	return strings.TrimSpace(text), err
}

// used is the processor time that it has used.
func (b *benched) used() (time.Duration, error) {
	if _, err := io.WriteString(b.in, "used\n"); err != nil {
		return 0, fmt.Errorf("ask the relying party: %w", err)
	}
	text, err := b.line()
	if err != nil {
		return 0, fmt.Errorf("ask the relying party: %w", err)
	}
	nanoseconds, err := strconv.ParseInt(text, 10, 64)
	return time.Duration(nanoseconds), err
}

// close ends it and waits for its end.
func (b *benched) close() error {
	return errors.Join(b.in.Close(), b.cmd.Wait())
}
