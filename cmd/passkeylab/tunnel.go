package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/passkeylab/passkeylab/virtualauth/hybrid/tunnel"
)

// tunnelOptions are the flags of passkeylab tunnel.
type tunnelOptions struct {
	listen, metrics string
	domains         []string
	verbose         bool
}

func (a app) tunnelCommand() *cobra.Command {
	var o tunnelOptions
	cmd := &cobra.Command{
		Use:   "tunnel",
		Short: "Serve the tunnel server where phone and browser meet (hybrid transport)",
		Long: `tunnel serves a tunnel server of the hybrid transport until Ctrl-C: the place on the network where a browser that shows a
QR code meets the phone that has read it. It relays their messages, which are encrypted end to end, and keeps nothing.

It prints the flags by which Chromium finds it instead of the tunnel servers of Google (cable.ua5v.com) and Apple
(cable.auth.com), and trusts its certificate, which is made anew at each start. Nothing else on the machine changes.

Exit codes: 0 stopped by Ctrl-C, 1 it could not serve, 2 wrong flags.`,
		Example: `  passkeylab tunnel                              127.0.0.1:8443
  passkeylab tunnel --listen=127.0.0.1:0         any free port
  passkeylab tunnel --metrics=127.0.0.1:9443     counts what happens, at http://127.0.0.1:9443/metrics
  passkeylab tunnel --domain=cable.my.example    serves one more domain`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.relay(cmd.Context(), o) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8443", "`address` to listen on; port 0 takes any free one")
	flags.StringVar(&o.metrics, "metrics", "", "`address` where /metrics answers over plain HTTP (default: nowhere)")
	flags.StringArrayVar(&o.domains, "domain", nil, "one more `name` under which the browser finds it; may be repeated")
	flags.BoolVarP(&o.verbose, "verbose", "v", false, "log tunnels that are opened, joined and ended, and requests that are refused")
	return cmd
}

// relay runs the tunnel server until the context or a signal ends it.
func (a app) relay(ctx context.Context, o tunnelOptions) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	for _, domain := range o.domains {
		if domain == "" || strings.ContainsAny(domain, " ,:/*") {
			return usage("--domain %q: write the name alone, for example --domain=cable.my.example", domain)
		}
	}
	screen := newConsole(a.out, isTerminal(a.out))
	server, err := tunnel.Start(ctx, tunnel.Options{
		Addr: o.listen, MetricsAddr: o.metrics, Domains: o.domains, Rand: rand.Reader, Log: logger(a.err, screen, o.verbose),
	})
	if err != nil {
		return cannotRelay(err)
	}
	screen.print(directions(server))
	<-ctx.Done()
	return server.Close()
}

// cannotRelay says what to do when an address cannot be listened on.
func cannotRelay(err error) error {
	var refused *tunnel.ListenError
	if !errors.As(err, &refused) {
		return err
	}
	flag := map[string]string{"Addr": "--listen", "MetricsAddr": "--metrics"}[refused.Option]
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%s is taken by another program, perhaps by another passkeylab tunnel; stop that one, or choose another port: passkeylab tunnel %s=127.0.0.1:0 takes any free one", refused.Address, flag)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%s may be used by the administrator only; choose a port above 1023", refused.Address)
	}
	return usage("cannot listen on %s; write host:port, for example %s=127.0.0.1:8443: %w", refused.Address, flag, refused.Err)
}

// directions say where the server is and how to start a browser that finds it.
func directions(server *tunnel.Server) string {
	var b strings.Builder
	fmt.Fprintf(&b, "The tunnel server is at %s\n", server.Addr())
	fmt.Fprintf(&b, "  its key (SPKI): %s\n", server.SPKI())
	if address := server.MetricsAddr(); address != "" {
		fmt.Fprintf(&b, "  metrics: http://%s/metrics\n", address)
	}
	fmt.Fprintf(&b, "  Ctrl-C stops it\n\nStart Chromium with these flags, and with a profile of its own, without which it does not obey the last one:\n\n")
	fmt.Fprintf(&b, "  chromium --user-data-dir=\"$(mktemp -d)\"")
	for _, flag := range server.BrowserFlags() {
		name, value, _ := strings.Cut(flag, "=")
		fmt.Fprintf(&b, " \\\n    %s='%s'", name, value)
	}
	fmt.Fprintf(&b, "\n\n")
	return b.String()
}
