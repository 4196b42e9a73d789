package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/passkeylab/passkeylab/harness/orgapp"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/store"
	"github.com/passkeylab/passkeylab/rp/web"
)

// The names of the organisation that the reference relying party plays.
const (
	organisation = "Larkspur"
	approvedApp  = orgapp.Name
)

// rpOptions are the flags of passkeylab rp.
type rpOptions struct {
	settings       settings
	metadata       metadataOptions
	listen, origin string
	data           string
	temporary      bool
	policy         string
	roots          string
	adminToken     string
	secretKey      string
	noDemo         bool
	noApp          bool
	verbose        bool
}

func (a app) rpCommand() *cobra.Command {
	var o rpOptions
	cmd := &cobra.Command{
		Use:   "rp",
		Short: "Serve the relying party: sign-in, Security info and the wizard that adds passkeys",
		Long: `rp serves the reference relying party until Ctrl-C. Open the address that it prints in your own browser, sign in with one
of the demo accounts, and add a passkey.

The organisation's phone app, Larkspur ID, can make a passkey by itself, and the wizard leads to it. passkeylab phone --rp is
a phone with that app, in another terminal.

The demo accounts' passwords and one-time codes are public, so rp serves them on this machine only: with an address that
others can reach it wants --no-demo. Data is kept in passkeylab.db in your data folder ($XDG_DATA_HOME/passkeylab, or
~/.local/share/passkeylab), unless --data or --temporary says otherwise.

Exit codes: 0 stopped by Ctrl-C, 1 it could not serve, 2 wrong flags.`,
		Example: `  passkeylab rp                              http://localhost:8080, demo accounts, data kept
  passkeylab rp --temporary                  the same, forgotten at the end
  passkeylab rp --policy=approved-app        only passkeys of the organisation's phone app
  passkeylab rp --listen=127.0.0.1:0         any free port
  passkeylab rp codes                        the demo accounts' one-time codes, from another terminal`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.serve(cmd.Context(), o) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8080", "`address` to listen on; port 0 takes any free one")
	flags.StringVar(&o.origin, "origin", "", "the web `origin` in people's browsers, when it is not http://localhost and the port")
	flags.StringVar(&o.data, "data", "", "`folder` for passkeylab.db (default: your data folder)")
	flags.BoolVar(&o.temporary, "temporary", false, "keep data in a temporary folder that is removed at the end")
	flags.StringVar(&o.policy, "policy", "", "whose passkeys are accepted: open, approved-app, attested, or a policy `file` in YAML or JSON (default: rp.policy of ginkgo.yaml, else open)")
	flags.StringVar(&o.roots, "attestation-roots", "", "PEM `file` with the roots that attestation statements must lead to (default: the makers' own where they are known, else none)")
	flags.StringVar(&o.adminToken, "admin-token", "", "`file` with the administrator's token for /admin and the admin API (default: a fresh one beside demo accounts, else no administrator)")
	flags.StringVar(&o.secretKey, "secret-key", "", "`file` with the key that encrypts the secrets of one-time codes in the database, 64 hexadecimal digits (default: they are not encrypted)")
	flags.BoolVar(&o.noDemo, "no-demo", false, "no demo accounts; people sign up")
	flags.BoolVar(&o.noApp, "no-app", false, "the organisation has no app that makes passkeys by itself: no app-first way in the wizard, and no API for the app")
	flags.BoolVarP(&o.verbose, "verbose", "v", false, "log every request")
	o.settings.register(cmd)
	o.metadata.register(flags)
	cmd.MarkFlagsMutuallyExclusive("data", "temporary")
	cmd.AddCommand(a.codesCommand())
	return cmd
}

// serve runs the relying party until the context or a signal ends it.
func (a app) serve(ctx context.Context, o rpOptions) (err error) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	collectSeldom()
	loaded, err := o.settings.load()
	if err != nil {
		return err
	}
	accepted, described, err := readPolicy(target(o.policy, loaded.RP.Policy))
	if err != nil {
		return &exit{code: exitUsage, cause: err}
	}
	roots, err := readRoots(o.roots)
	if err != nil {
		return &exit{code: exitUsage, cause: err}
	}
	token, err := readAdminToken(o)
	if err != nil {
		return &exit{code: exitUsage, cause: err}
	}
	key, err := readSecretKey(o.secretKey)
	if err != nil {
		return &exit{code: exitUsage, cause: err}
	}
	listener, err := listen(ctx, o.listen)
	if err != nil {
		return err
	}
	defer listener.Close() // a second close, after the server's own, changes nothing
	site, err := siteOf(listener.Addr(), o)
	if err != nil {
		return err
	}
	dir, forget, err := dataFolder(o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, forget()) }()
	file := filepath.Join(dir, "passkeylab.db")
	db, err := store.Open(ctx, file, store.Options{})
	if err != nil {
		return fmt.Errorf("open the database %s: %w", file, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	screen := newConsole(a.out, isTerminal(a.out))
	known, err := o.metadata.open(ctx, dir, logger(a.err, screen, o.verbose))
	if err != nil {
		return err
	}
	screen.print(describeMetadata(known, time.Now()))
	party, err := rp.New(rp.Config{
		Origin: site.origin, Organisation: organisation, App: approvedApp, Policy: accepted, AttestationRoots: roots, AdminToken: token,
		Metadata: knownModels(known), SecretKey: key, PasswordWords: []string{"passkeylab"},
		Store: db, Clock: systemClock{}, Rand: rand.Reader, Log: logger(a.err, screen, o.verbose), Apps: o.apps(),
	})
	if err != nil {
		return &exit{code: exitUsage, cause: err}
	}
	if _, err := party.SealSecrets(ctx); err != nil {
		return fmt.Errorf("encrypt the secrets in the database: %w", err)
	}
	if err := demoAccounts(ctx, party, site, o.noDemo); err != nil {
		return err
	}
	handler, err := web.New(web.Config{RP: party, Log: logger(a.err, screen, o.verbose), Secure: site.secure, Rand: rand.Reader, WellKnown: o.published()})
	if err != nil {
		return fmt.Errorf("prepare the pages: %w", err)
	}
	screen.print(welcome(site, described, file, o) + adminWords(site, token, o))
	var damage error
	err = runServer(ctx, listener, handler, func(ctx context.Context) {
		if !o.noDemo {
			showCodes(ctx, screen, party)
		}
	}, func(ctx context.Context) { sweep(ctx, party) }, func(ctx context.Context) { refreshMetadata(ctx, known) },
		func(ctx context.Context) { damage = examine(ctx, db, stop) })
	return errors.Join(err, damage)
}

// examine looks for damage where opening a large database has not looked, and stops the serving when it finds some: what is written
// on top of damage is lost.
func examine(ctx context.Context, db *store.Store, stop func()) error {
	err := db.Check(ctx)
	if !errors.Is(err, store.ErrCorrupt) {
		return nil // none, or the end came first
	}
	stop()
	return err
}

// apps are the organisation's apps as the relying party knows them, published as its site publishes them.
func (o rpOptions) apps() rp.Apps {
	if o.noApp {
		return rp.Apps{}
	}
	return orgapp.Registered()
}

func (o rpOptions) published() web.WellKnown {
	if o.noApp {
		return web.WellKnown{}
	}
	return orgapp.Published()
}

// systemClock is the machine's clock.
type systemClock struct{}

// Now returns the machine's time.
func (systemClock) Now() time.Time { return time.Now() }

// listen opens the address; a port that is taken gets an answer that says what to do.
func listen(ctx context.Context, address string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	switch {
	case err == nil:
		return listener, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is taken by another program, perhaps by another passkeylab rp; stop that one, or choose another port: passkeylab rp --listen=127.0.0.1:8081 (port 0 takes any free one)", address)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("%s may be used by the administrator only; choose a port above 1023", address)
	}
	return nil, usage("cannot listen on %s; write host:port, for example --listen=127.0.0.1:8080: %w", address, err)
}

// runServer serves until ctx ends, then lets requests under way finish for ten seconds. The companions run beside it and end
// with it.
func runServer(ctx context.Context, listener net.Listener, handler http.Handler, companions ...func(context.Context)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // broken handshakes of strangers
	}
	ended := make(chan struct{}, len(companions))
	for _, companion := range companions {
		go func() {
			defer func() { ended <- struct{}{} }()
			companion(ctx)
		}()
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	var err error
	select {
	case err = <-served:
		err = fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
		limit, release := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer release()
		if err = server.Shutdown(limit); err != nil {
			err = errors.Join(fmt.Errorf("stop serving: %w", err), server.Close())
		}
		<-served // http.ErrServerClosed
	}
	cancel()
	for range companions {
		<-ended
	}
	return err
}

// sweep removes what is past its time, once an hour.
func sweep(ctx context.Context, party *rp.RelyingParty) {
	hourly := time.NewTicker(time.Hour)
	defer hourly.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-hourly.C:
			_ = party.Sweep(ctx) // housekeeping; what failed is tried again in an hour
		}
	}
}
