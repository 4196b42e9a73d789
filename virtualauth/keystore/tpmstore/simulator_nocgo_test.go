//go:build !cgo

package tpmstore

import (
	"errors"
	"testing"
)

func resetSimulator(link) error { return nil }

func TestWithoutCgoTheErrorSaysWhatToInstall(t *testing.T) {
	if _, err := Open(t.Context(), Simulator{}, Config{}); !errors.Is(err, ErrNoSimulator) {
		t.Errorf("Open: %v, want ErrNoSimulator", err)
	}
}
