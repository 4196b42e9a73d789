package bluetooth

import (
	"errors"
	"fmt"
	"strings"
)

// ErrClosed is what a closed bus answers.
var ErrClosed = errors.New("bluetooth: the bus is closed")

// ErrRadioOff is what a phone gets whose Bluetooth is switched off, see [Script].
var ErrRadioOff = errors.New("bluetooth: the phone's Bluetooth is off")

// Unsupported says that this system has no BlueZ that a browser would look for.
type Unsupported struct {
	OS string // as runtime.GOOS names it
}

// Error names the system and what works there.
func (e *Unsupported) Error() string {
	return fmt.Sprintf("bluetooth: a browser on %s does not look for BlueZ, so a phone in software cannot reach it; run on Linux", e.OS)
}

// NotInstalled says that there is no dbus-daemon.
type NotInstalled struct {
	Daemon  string // what was looked for
	Package string // of Debian and Ubuntu, that has it
	Cause   error
}

// Error names what is missing and how to install it.
func (e *NotInstalled) Error() string {
	return fmt.Sprintf("bluetooth: %s cannot be run (%v); install the package %s: %s", e.Daemon, e.Cause, e.Package, e.Fix())
}

// Fix is the command that installs what is missing.
func (e *NotInstalled) Fix() string { return "apt-get install " + e.Package }

// Unwrap returns the cause.
func (e *NotInstalled) Unwrap() error { return e.Cause }

// DaemonError says that the dbus-daemon did not start, or ended although nobody asked it to.
type DaemonError struct {
	Path   string   // of the daemon
	Status int      // its exit status, 128 and the signal's number when it was killed; -1: it still runs, or nobody knows
	Stderr []string // the last lines that it wrote
	Cause  error    // what failed meanwhile; may be nil
}

// Error tells the status and the daemon's last words.
func (e *DaemonError) Error() string {
	var s strings.Builder
	fmt.Fprintf(&s, "bluetooth: %s", e.Path)
	if e.Status >= 0 {
		fmt.Fprintf(&s, " ended with status %d", e.Status)
	}
	if e.Cause != nil {
		fmt.Fprintf(&s, ": %v", e.Cause)
	}
	if len(e.Stderr) > 0 {
		s.WriteString("\nits last words:\n\t" + strings.Join(e.Stderr, "\n\t"))
	}
	return s.String()
}

// Unwrap returns the cause.
func (e *DaemonError) Unwrap() error { return e.Cause }
