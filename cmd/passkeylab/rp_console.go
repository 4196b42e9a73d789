package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"github.com/passkeylab/passkeylab/rp"
)

// console is a screen with a block of lines at its bottom that is drawn again when it changes. Without a terminal the block
// is printed once and not again: a log file is no place for what changes every half minute.
type console struct {
	mu       sync.Mutex
	out      io.Writer
	terminal bool
	block    string
}

func newConsole(out io.Writer, terminal bool) *console { return &console{out: out, terminal: terminal} }

// print writes text above the block.
func (c *console) print(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.erase()
	fmt.Fprint(c.out, text)
	if c.terminal {
		fmt.Fprint(c.out, c.block)
	}
}

// show replaces the block, which ends with a line feed.
func (c *console) show(block string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if block == c.block || !c.terminal && c.block != "" {
		return
	}
	c.erase()
	c.block = block
	fmt.Fprint(c.out, block)
}

// erase removes the block from a terminal: up by its lines, then everything below.
func (c *console) erase() {
	if c.terminal && c.block != "" {
		fmt.Fprintf(c.out, "\x1b[%dA\r\x1b[J", strings.Count(c.block, "\n"))
	}
}

// above is a writer that prints above the block: a log that shares the terminal.
type above struct{ console *console }

// Write prints text above the block.
func (w above) Write(text []byte) (int, error) {
	w.console.print(string(text))
	return len(text), nil
}

// logger writes warnings, and with verbose everything. When the log and the console are the same terminal, log lines go
// above the console's block.
func logger(errors io.Writer, screen *console, verbose bool) *slog.Logger {
	level := slog.LevelWarn
	if verbose {
		level = slog.LevelInfo
	}
	if screen.terminal && isTerminal(errors) {
		errors = above{screen}
	}
	return slog.New(slog.NewTextHandler(errors, &slog.HandlerOptions{Level: level}))
}

// isTerminal is true for a terminal that understands a cursor.
func isTerminal(w io.Writer) bool {
	file, isFile := w.(*os.File)
	return isFile && isatty.IsTerminal(file.Fd()) && os.Getenv("TERM") != "dumb"
}

// welcome says where the site is and how to sign in.
func welcome(where site, policy, file string, o rpOptions) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s is at %s\n", organisation, where.origin)
	fmt.Fprintf(&b, "  passkeys accepted from: %s\n", policy)
	if o.temporary {
		fmt.Fprintf(&b, "  data: a temporary folder, removed at the end\n")
	} else {
		fmt.Fprintf(&b, "  data: %s\n", file)
	}
	if o.noDemo {
		fmt.Fprintf(&b, "  no demo accounts: sign up at %s/sign-up\n", where.origin)
	} else {
		fmt.Fprintf(&b, "  sign in with a demo account below: user name, password, then the one-time code\n")
	}
	if !o.noApp {
		fmt.Fprintf(&b, "  a phone with %s: passkeylab phone --rp=%s\n", approvedApp, where.origin)
	}
	fmt.Fprintf(&b, "  Ctrl-C stops it\n\n")
	return b.String()
}

// adminWords say where the policy is edited. A token that was made for this run is shown, one from a file is not.
func adminWords(where site, token string, o rpOptions) string {
	switch {
	case token == "":
		return ""
	case o.adminToken != "":
		return fmt.Sprintf("  administration: %s/admin, with the token in %s\n\n", where.origin, o.adminToken)
	}
	return fmt.Sprintf("  administration: %s/admin, with the token %s\n\n", where.origin, token)
}

// showCodes keeps the demo accounts' one-time codes on the console until ctx ends. It looks once a second, because a code
// that was used is replaced before its half minute is over.
func showCodes(ctx context.Context, screen *console, party *rp.RelyingParty) {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		screen.show(codesTable(func(account rp.DemoAccount) string { return usableCode(ctx, party, account) }))
		if !screen.terminal {
			return // printed once; passkeylab rp codes shows the current ones
		}
		select {
		case <-ctx.Done():
			return
		case <-second.C:
		}
	}
}

// usableCode is the code that an account can sign in with now, or since when there will be one.
func usableCode(ctx context.Context, party *rp.RelyingParty, account rp.DemoAccount) string {
	code, err := party.DemoCode(ctx, account.UserName)
	var refusal *rp.Refusal
	switch {
	case err == nil:
		return code
	case errors.As(err, &refusal) && !refusal.RetryAt.IsZero():
		return "used; next at " + refusal.RetryAt.Local().Format("15:04:05")
	case ctx.Err() != nil:
		return ""
	}
	return "not available: " + err.Error()
}

// codesTable is one line an account.
func codesTable(code func(rp.DemoAccount) string) string {
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 8, 3, ' ', 0)
	fmt.Fprintln(table, "  USER NAME\tPASSWORD\tONE-TIME CODE")
	for _, account := range rp.DemoAccounts() {
		fmt.Fprintf(table, "  %s\t%s\t%s\n", account.UserName, account.Password, code(account))
	}
	_ = table.Flush() // into memory
	return b.String()
}

func (a app) codesCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "codes",
		Short: "Print the demo accounts' current one-time codes",
		Long: `codes prints what the demo accounts' authenticator apps show now. Their secrets are public, so it needs no running relying
party. A code that has been used is refused until the next one, at most 30 seconds later.`,
		Example: "  passkeylab rp codes",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			now := time.Now()
			var failed error
			table := codesTable(func(account rp.DemoAccount) string {
				code, err := rp.OneTimeCode(account.TOTPSecret, now)
				failed = errors.Join(failed, err)
				return code
			})
			if failed != nil {
				return fmt.Errorf("compute the codes: %w", failed)
			}
			_, err := fmt.Fprint(a.out, table)
			return err
		},
	}
}
