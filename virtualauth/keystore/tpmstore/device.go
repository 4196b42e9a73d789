package tpmstore

import (
	"context"
	"fmt"
	"io"

	"github.com/google/go-tpm/tpm2/transport"
)

// DefaultDevice is the TPM of a Linux machine, behind the kernel's resource manager: each process that opens it sees only
// its own objects.
const DefaultDevice = "/dev/tpmrm0"

// Device is a TPM of this machine, which is to run Linux. Its owner hierarchy must have no password, as is usual.
type Device struct {
	// Path is the device; empty means DefaultDevice.
	Path string
}

func (d Device) open(context.Context) (link, error) {
	l := &deviceLink{path: d.Path}
	if l.path == "" {
		l.path = DefaultDevice
	}
	return l, l.dial()
}

// deviceLink is a file descriptor of the device.
type deviceLink struct {
	transport.TPMCloser
	path string
}

func (l *deviceLink) dial() error {
	device, err := openDevice(l.path)
	if err != nil {
		return fmt.Errorf("open the device %s: %w", l.path, err)
	}
	l.TPMCloser = device
	return nil
}

func (*deviceLink) exclusive() bool { return false }

func (l *deviceLink) reopen(context.Context) error {
	_ = l.Close() // it broke: whether it can be closed tells nothing
	return l.dial()
}

// Transport is a TPM that the caller has opened in a way of their own.
type Transport struct {
	// TPM is where commands go. If it is an io.Closer, closing the store closes it.
	TPM transport.TPM
	// Exclusive says that nobody else uses the TPM, which allows the store to flush whatever objects it finds there.
	Exclusive bool
}

func (t Transport) open(context.Context) (link, error) { return transportLink{t.TPM, t.Exclusive}, nil }

type transportLink struct {
	transport.TPM
	alone bool
}

func (l transportLink) exclusive() bool { return l.alone }

// reopen leaves it to the transport to work again with the next command, as those do that dial for each.
func (transportLink) reopen(context.Context) error { return nil }

func (l transportLink) Close() error {
	if closer, able := l.TPM.(io.Closer); able {
		return closer.Close()
	}
	return nil
}
