package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/passkeylab/passkeylab/virtualauth/phone"
	"github.com/passkeylab/passkeylab/virtualauth/phone/screen"
)

// phoneOptions are the flags of passkeylab phone.
type phoneOptions struct {
	settings    settings
	listen      string
	os          string
	version     int
	name        string
	providers   []string
	preferred   string
	workProfile bool
	scan        string
	chromium    bool
	headed      bool
	open        string
	state       string
	rp          string
	script      string
	verbose     bool
}

func (a app) phoneCommand() *cobra.Command {
	var o phoneOptions
	cmd := &cobra.Command{
		Use:   "phone",
		Short: "Hold a phone in your hand: its screens as a page, reached by a real Chromium over the hybrid transport",
		Long: `phone serves a simulated phone until Ctrl-C. It prints the address of the phone's page, on which you tap it, and the command
line of a Chromium that can reach it over its own hybrid transport: with this software Bluetooth and tunnel server a page
that asks for a passkey on another device finds this phone and no other.

Show the code of that Chromium to the phone: open the camera on its page, then paste a screenshot, choose a picture, or
paste the text of the code. With --scan the phone looks by itself at a picture file, the clipboard or the lab's browser
each time a new code is there. With --chromium it starts a Chromium of its own, at whose window the camera looks.

With --rp the organisation's app, Larkspur ID, is there to be opened from the home screen: it signs in to that relying party,
which must run, and makes a passkey without any browser and code.

The phone knows the PIN 2580 and your finger. Its passkeys are forgotten at the end, unless --state names a folder; their
keys are in a TPM simulator. Linux only: there alone Chromium's Bluetooth can be software.

Exit codes: 0 stopped by Ctrl-C, 1 it could not be served, 2 wrong flags.`,
		Example: `  passkeylab phone                                     an Android 15 phone at http://localhost:8090
  passkeylab phone --os=ios --version=17               an iPhone
  passkeylab phone --provider=Bitwarden --provider='Google Password Manager' --preferred=Bitwarden
  passkeylab phone --scan=code.png                     looks at that file whenever it changes
  passkeylab phone --rp=http://localhost:8080          its Larkspur ID can be opened, beside passkeylab rp
  passkeylab phone --chromium --headed --open=http://localhost:8080
  passkeylab phone --chromium --scan=browser --script=mia.txt    nobody has to tap`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.phone(cmd.Context(), o) },
	}
	o.register(cmd)
	return cmd
}

// register adds the flags to the command.
func (o *phoneOptions) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8090", "`address` of the phone's page, on this machine; port 0 takes any free one")
	flags.StringVar(&o.os, "os", "android", "android or ios")
	flags.IntVar(&o.version, "version", 0, "the `number` of the system's version (default: 15 for Android, 18 for iOS)")
	flags.StringVar(&o.name, "name", "", "what its owner calls the phone")
	flags.StringArrayVar(&o.providers, "provider", nil, "the `name` of a passkey provider on it, or of a security key; may be repeated (default: those that people have)")
	flags.StringVar(&o.preferred, "preferred", "", "the `name` of the provider that is offered first")
	flags.BoolVar(&o.workProfile, "work-profile", false, "a phone with a work profile, which is in front")
	flags.StringVar(&o.scan, "scan", "", "what the phone looks at by itself: a picture `file`, clipboard, or browser (with --chromium)")
	flags.BoolVar(&o.chromium, "chromium", false, "start a Chromium too, at whose window the camera looks")
	flags.BoolVar(&o.headed, "headed", false, "show that Chromium's window")
	flags.StringVar(&o.open, "open", "", "the `address` that it opens")
	flags.StringVar(&o.rp, "rp", "", "`address` of the relying party that the organisation's app on the phone belongs to (see passkeylab rp); without it there is no app to open")
	flags.StringVar(&o.state, "state", "", "`folder` that keeps passkeys and keys from one run to the next")
	flags.StringVar(&o.script, "script", "", "`file` with what a person does who taps by herself: lines such as \"at P12: tap Bitwarden\"; an empty one agrees to all")
	flags.BoolVarP(&o.verbose, "verbose", "v", false, "log what tunnel and browser do")
	o.settings.register(cmd)
}

// check finds flags that contradict each other.
func (o phoneOptions) check() error {
	switch {
	case o.headed && !o.chromium:
		return usage("--headed shows the window of a Chromium that is started: add --chromium")
	case o.open != "" && !o.chromium:
		return usage("--open is for a Chromium that is started: add --chromium")
	case o.scan == scanBrowser && !o.chromium:
		return usage("--scan=browser looks at the window of a Chromium that is started: add --chromium")
	case o.headed && os.Getenv("DISPLAY") == "":
		return usage("--headed needs a display, and $DISPLAY names none; leave it out, or run this under xvfb-run")
	}
	return nil
}

// phone serves the phone until the context or a signal ends it.
func (a app) phone(ctx context.Context, o phoneOptions) (err error) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := o.check(); err != nil {
		return err
	}
	loaded, err := o.settings.load()
	if err != nil {
		return err
	}
	owner, err := o.owner()
	if err != nil {
		return err
	}
	profile, err := o.profile()
	if err != nil {
		return err
	}
	listener, err := listenHere(ctx, o.listen)
	if err != nil {
		return err
	}
	defer listener.Close() // a second close, after the server's own, changes nothing
	console := newConsole(a.out, isTerminal(a.out))
	held := &holding{options: o, console: console, log: logger(a.err, console, o.verbose), browserPath: loaded.Browser.Path}
	defer func() { err = errors.Join(err, held.close()) }()
	if err := held.meetParty(ctx); err != nil {
		return settled(ctx, err)
	}
	if err := held.open(ctx, profile); err != nil {
		return settled(ctx, err)
	}
	pages, err := screen.New(screen.Options{Phones: []screen.Handset{held.handset()}, Decode: decodePicture})
	if err != nil {
		return err
	}
	defer pages.Close()
	console.print(held.welcome(listener.Addr()))
	companions := []func(context.Context){
		func(ctx context.Context) { <-ctx.Done(); _ = pages.Close() }, // so that pages that wait do not hold up the end
		held.tell,
	}
	if owner != nil {
		companions = append(companions, func(ctx context.Context) { held.attend(ctx, *owner) })
	}
	if o.scan != "" {
		companions = append(companions, held.watch)
	}
	return runServer(ctx, listener, pages, companions...)
}

// settled is no error when the end was asked for while things were still being started.
func settled(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// listenHere opens an address of this machine: whoever reaches the page holds the phone.
func listenHere(ctx context.Context, address string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is taken by another program, perhaps by another passkeylab phone; stop that one, or choose another port: passkeylab phone --listen=127.0.0.1:0 takes any free one", address)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("%s may be used by the administrator only; choose a port above 1023", address)
	case err != nil:
		return nil, usage("cannot listen on %s; write host:port, for example --listen=127.0.0.1:8090: %w", address, err)
	}
	if tcp, is := listener.Addr().(*net.TCPAddr); !is || !tcp.IP.IsLoopback() {
		_ = listener.Close() // nobody has used it
		return nil, usage("%s can be reached by other machines, and whoever reaches the page holds the phone; listen on 127.0.0.1", address)
	}
	return listener, nil
}

// owner is the person who taps by herself; nil without a script.
func (o phoneOptions) owner() (*phone.Person, error) {
	if o.script == "" {
		return nil, nil
	}
	text, err := os.ReadFile(o.script)
	if err != nil {
		return nil, usage("--script: %w", err)
	}
	script, err := phone.ParseScript(string(text))
	if err != nil {
		return nil, usage("--script %s: %w", o.script, err)
	}
	return &phone.Person{Script: script}, nil
}

// welcome says where the phone is, and how to start a browser that reaches it.
func (h *holding) welcome(address net.Addr) string {
	s := h.phone.Settings()
	var b strings.Builder
	fmt.Fprintf(&b, "%s is at http://localhost:%d/%s/\n", s.Name, address.(*net.TCPAddr).Port, handsetID)
	fmt.Fprintf(&b, "  %v with %s\n", s.OS, providersOf(s))
	fmt.Fprintf(&b, "  the PIN is %s; %s\n", phone.DefaultPIN, h.kept)
	if apps := h.phone.Apps(); len(apps) > 0 {
		fmt.Fprintf(&b, "  %s signs in to %s\n", strings.Join(apps, ", "), h.party.Origin)
	}
	fmt.Fprintf(&b, "  Ctrl-C stops it\n\nStart a Chromium that can reach it with this line:\n\n%s\n\n", h.line())
	if h.browser != nil {
		fmt.Fprintf(&b, "A Chromium that can reach it runs already. Its DevTools are at http://%s/\n\n", h.browser.Endpoint())
	}
	return b.String()
}

// providersOf lists the names.
func providersOf(s phone.Settings) string {
	var names []string
	for _, p := range s.Providers {
		names = append(names, p.Key())
	}
	return strings.Join(names, ", ")
}
