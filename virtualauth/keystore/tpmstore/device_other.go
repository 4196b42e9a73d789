//go:build !linux

package tpmstore

import (
	"errors"

	"github.com/google/go-tpm/tpm2/transport"
)

// openDevice fails where there are no such devices.
func openDevice(string) (transport.TPMCloser, error) { return nil, errors.ErrUnsupported }
