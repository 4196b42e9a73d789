//go:build !unix

package tpmstore

import (
	"errors"
	"net"
	"os"
)

// socketPair fails where swtpm does not run.
func socketPair() (net.Conn, *os.File, error) { return nil, nil, errors.ErrUnsupported }

// locked is never asked for there.
func locked(string) (bool, error) { return false, errors.ErrUnsupported }
