//go:build !linux

package dialog

import (
	"github.com/passkeylab/passkeylab/harness/browser"
)

// listening cannot be told here.
func listening(int) ([]string, error) { return nil, ErrUnsupported }

// belongs cannot be told here.
func belongs(int, int) bool { return false }

// openFiles does not work here.
func openFiles(*browser.Browser) (screen, error) { return nil, ErrUnsupported }
