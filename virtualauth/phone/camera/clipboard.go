package camera

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"os/exec"
	"strings"
)

// Clipboard reads the picture in the desktop's clipboard with the usual programs. The zero value runs those of this machine.
type Clipboard struct {
	// Run runs a program and returns what it wrote. The error for a program that is not installed is exec.ErrNotFound, perhaps
	// wrapped. Nil: os/exec.
	Run func(ctx context.Context, program string, args ...string) ([]byte, error)
}

// paster is a program that writes the picture in the clipboard, and how to read what it writes.
type paster struct {
	program string
	args    []string
	decode  func([]byte) ([]byte, error) // nil: it writes the picture itself
}

// pasters returns the programs, in the order in which they are tried: Wayland, X, macOS with and without an extra program.
func pasters() []paster {
	return []paster{
		{program: "wl-paste", args: []string{"--type", "image/png"}},
		{program: "xclip", args: []string{"-selection", "clipboard", "-target", "image/png", "-out"}},
		{program: "pngpaste", args: []string{"-"}},
		{program: "osascript", args: []string{"-e", "get the clipboard as «class PNGf»"}, decode: appleData},
	}
}

// ClipboardError says why no picture came out of the clipboard.
type ClipboardError struct {
	Missing []string // programs that are not installed
	Failed  []error  // what the others said
}

// Error tells what to do.
func (e *ClipboardError) Error() string {
	if len(e.Failed) == 0 {
		return "no program that reads the clipboard is installed; install one of " + strings.Join(e.Missing, ", ") +
			", or save the picture to a file"
	}
	return fmt.Sprintf("no picture in the clipboard; copy a screenshot of the code first (%v)", errors.Join(e.Failed...))
}

// Unwrap returns what the programs said.
func (e *ClipboardError) Unwrap() []error { return e.Failed }

// Source is a source of the one picture that is in the clipboard when it is asked for. Errors: *ClipboardError, those of Read.
func (c Clipboard) Source() Source { return Still(c.paste) }

func (c Clipboard) paste(ctx context.Context) (image.Image, error) {
	run := c.Run
	if run == nil {
		run = output
	}
	failure := &ClipboardError{}
	for _, p := range pasters() {
		data, err := run(ctx, p.program, p.args...)
		if errors.Is(err, exec.ErrNotFound) {
			failure.Missing = append(failure.Missing, p.program)
			continue
		}
		if err == nil && p.decode != nil {
			data, err = p.decode(data)
		}
		if err == nil && len(data) == 0 {
			err = errors.New("it wrote nothing")
		}
		if err != nil {
			failure.Failed = append(failure.Failed, fmt.Errorf("%s: %w", p.program, err))
			continue
		}
		picture, err := Read(bytes.NewReader(data))
		if err != nil {
			return nil, fmt.Errorf("clipboard, by %s: %w", p.program, err)
		}
		return picture, nil
	}
	return nil, failure
}

// output runs a program of this machine. What it complained about is part of the error.
func output(ctx context.Context, program string, args ...string) ([]byte, error) {
	data, err := exec.CommandContext(ctx, program, args...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		err = fmt.Errorf("%w: %s", err, bytes.TrimSpace(exit.Stderr))
	}
	return data, err
}

// appleData reads AppleScript's notation of bytes, «data PNGf89504E47…».
func appleData(text []byte) ([]byte, error) {
	digits, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "«data PNGf")
	digits, closed := strings.CutSuffix(digits, "»")
	if !ok || !closed {
		return nil, errors.New("it wrote no picture")
	}
	return hex.DecodeString(digits)
}
