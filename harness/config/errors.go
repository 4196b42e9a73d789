package config

import (
	"fmt"
	"strings"
)

// UnknownKeyError is a key that does not exist, in the file, in the environment or on the command line.
type UnknownKeyError struct {
	// Key is the key as it was written.
	Key string
	// Where is the place: "/path/ginkgo.yaml:12", or "environment".
	Where string
	// Nearest is the right key that looks most like it, written the way that place writes keys; empty when none is near.
	Nearest string
}

// Error names the key, its place and the nearest right one.
func (e *UnknownKeyError) Error() string {
	msg := fmt.Sprintf("config: %s: there is no key %q", e.Where, e.Key)
	if e.Nearest != "" {
		return msg + fmt.Sprintf("; did you mean %q?", e.Nearest)
	}
	return msg + "; ginkgo.yaml in the root of the checkout lists them all"
}

// ValueError is a value that its key cannot have.
type ValueError struct {
	// Key is the file's spelling of the key.
	Key string
	// Where is the place: "/path/ginkgo.yaml:12", "environment PASSKEYLAB_BROWSER_MODE" or "flag -browser.mode".
	Where string
	// Value is the value as it was written.
	Value string
	// Want says what is allowed.
	Want string
}

// Error names the key, its place, the value and what is allowed.
func (e *ValueError) Error() string {
	return fmt.Sprintf("config: %s: %s cannot be %q; it must be %s", e.Where, e.Key, e.Value, e.Want)
}

// FileError is a configuration file that cannot be read, or is not what a configuration file is.
type FileError struct {
	// Path is the file.
	Path string
	// Line is the line of the mistake, counted from 1; 0 when there is none to name.
	Line int
	// Reason says what is wrong and what to do.
	Reason string
	// Err is the cause, when another package found it.
	Err error
}

// Error names the file and says what is wrong.
func (e *FileError) Error() string {
	where := e.Path
	if e.Line > 0 {
		where = fmt.Sprintf("%s:%d", e.Path, e.Line)
	}
	msg := "config: " + where + ": " + e.Reason
	if e.Err != nil {
		msg += ": " + strings.TrimPrefix(e.Err.Error(), "yaml: ")
	}
	return msg
}

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }
