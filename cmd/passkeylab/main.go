// Command passkeylab is the one binary of passkeylab: it serves the reference relying party, runs the journeys, renders
// reports, and says what a machine lacks.
//
// Each command is one file with one function that builds it. What they share is small: [app] is the world they talk to, and
// [exit] is an error that carries the process's exit code. Standard output has what was asked for; everything that went
// wrong goes to standard error, with what to do about it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/passkeylab/passkeylab/harness/config"
)

// The exit codes that every command may end with; the help of the program documents them.
const (
	exitGood        = 0
	exitBad         = 1   // something was found, or something did not work
	exitUsage       = 2   // wrong flags, arguments or settings; nothing was done
	exitInterrupted = 130 // Ctrl-C, or an end asked for by the system
)

func main() {
	world := app{in: os.Stdin, out: os.Stdout, err: os.Stderr}
	os.Exit(world.run(context.Background(), os.Args[1:]))
}

// app is the world that commands talk to.
type app struct {
	in       io.Reader
	out, err io.Writer
}

// exit is an error that decides the exit code. With a nil cause everything has been said already.
type exit struct {
	code  int
	cause error
}

// Error is the cause's text.
func (e *exit) Error() string {
	if e.cause == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.cause.Error()
}

// Unwrap returns the cause.
func (e *exit) Unwrap() error { return e.cause }

// usage is a mistake in how the command was called.
func usage(format string, values ...any) error {
	return &exit{code: exitUsage, cause: fmt.Errorf(format, values...)}
}

// run executes one command line and returns the exit code.
func (a app) run(ctx context.Context, arguments []string) int {
	root, started := a.root()
	root.SetArgs(arguments)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitGood
	}
	var decided *exit
	switch {
	case errors.As(err, &decided) && decided.cause == nil:
		return decided.code
	case errors.As(err, &decided):
		fmt.Fprintln(a.err, "passkeylab:", decided.cause)
		return decided.code
	case !*started: // the command line itself was wrong
		fmt.Fprintf(a.err, "passkeylab: %v\n(passkeylab help shows how commands are called)\n", err)
		return exitUsage
	}
	fmt.Fprintln(a.err, "passkeylab:", err)
	return exitBad
}

// root builds the tree of commands. started turns true once a command line has been understood and its command begins.
func (a app) root() (root *cobra.Command, started *bool) {
	started = new(bool)
	root = &cobra.Command{
		Use:   "passkeylab",
		Short: "A laboratory for passkeys: a relying party, authenticators, and journeys through both",
		Long: `passkeylab tests how people register and use passkeys.

It has a relying party with a wizard that adds passkeys, authenticators in software that are honest or lie exactly as told,
and journeys: sentences about people, played through in a real browser and checked on the page, in the relying party's
store and in the authenticator.

Exit codes: 0 all is well, 1 something was found or did not work, 2 wrong flags or settings, 130 interrupted.`,
		Example: `  passkeylab doctor                              does this machine have what a run needs?
  passkeylab rp                                  serve the relying party, and try the wizard by hand
  passkeylab journeys                            play all journeys
  passkeylab journeys --label-filter=id:WP-01    play one of them`,
		SilenceErrors: true, SilenceUsage: true,
		PersistentPreRun: func(*cobra.Command, []string) { *started = true },
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(a.rpCommand(), a.phoneCommand(), a.tunnelCommand(), a.journeysCommand(), a.checkCommand(), a.casesCommand(), a.reportCommand(), a.doctorCommand(), a.benchCommand(), a.versionCommand())
	return root, started
}

// settings are the flags of commands that read ginkgo.yaml.
type settings struct {
	file string
	set  []string
}

// register adds the flags to a command.
func (s *settings) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.file, "config", "", "the configuration `file` (default: ginkgo.yaml, here or in a folder above)")
	cmd.Flags().StringArrayVar(&s.set, "set", nil, "a `key=value` of ginkgo.yaml for this run, such as rp.policy=approved-app; may be repeated")
}

// load reads the configuration; every mistake is one of usage.
func (s *settings) load() (*config.Config, error) {
	flags := config.NewFlags(s.file)
	for _, pair := range s.set {
		key, value, found := cutPair(pair)
		if !found {
			return nil, usage("--set %s: write it as key=value, for example --set browser.mode=headed", pair)
		}
		if err := flags.Set(key, value); err != nil {
			return nil, &exit{code: exitUsage, cause: err}
		}
	}
	loaded, err := config.Load(config.Options{Flags: flags})
	if err != nil {
		return nil, &exit{code: exitUsage, cause: err}
	}
	return loaded, nil
}
