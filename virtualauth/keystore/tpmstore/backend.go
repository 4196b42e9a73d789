package tpmstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/go-tpm/tpm2"
	"github.com/google/go-tpm/tpm2/transport"
)

// Backend is a way to a TPM: Simulator, Swtpm, Socket, Device or Transport.
type Backend interface {
	open(ctx context.Context) (link, error)
}

// link is an open way to a TPM. Only the goroutine of one store uses it.
type link interface {
	transport.TPM
	// exclusive reports whether nobody else uses the TPM, so that every transient object in it is ours or a leak.
	exclusive() bool
	// reopen leads to the same TPM, with the same keys, after the link broke or the TPM failed; it may be called again
	// after it failed. Transient objects are lost.
	reopen(ctx context.Context) error
	Close() error
}

// startUp sends TPM2_Startup, which a TPM that is up already answers with TPM_RC_INITIALIZE.
func startUp(t transport.TPM) error {
	_, err := tpm2.Startup{StartupType: tpm2.TPMSUClear}.Execute(t)
	if err != nil && !errors.Is(err, tpm2.TPMRCInitialize) {
		return fmt.Errorf("start the TPM up: %w", err)
	}
	return nil
}

// shutDown sends TPM2_Shutdown, so that the TPM keeps its clock. Without it only that much is lost.
func shutDown(t transport.TPM) {
	_, _ = tpm2.Shutdown{ShutdownType: tpm2.TPMSUClear}.Execute(t)
}

// sweep flushes every transient object: a client that died leaves its own behind.
func sweep(t transport.TPM) error {
	handles, err := transients(t)
	if err != nil {
		return err
	}
	for _, handle := range handles {
		if _, err := (tpm2.FlushContext{FlushHandle: handle}).Execute(t); err != nil {
			return fmt.Errorf("flush a leaked object: %w", err)
		}
	}
	return nil
}

// firstTransient is the lowest handle of a transient object (TPM 2.0 Part 2 §7.4), maxTransients more than any TPM has.
const (
	firstTransient = 0x80000000
	maxTransients  = 64
)

// transients lists the handles of all transient objects in the TPM.
func transients(t transport.TPM) ([]tpm2.TPMHandle, error) {
	response, err := tpm2.GetCapability{
		Capability: tpm2.TPMCapHandles, Property: firstTransient, PropertyCount: maxTransients,
	}.Execute(t)
	if err != nil {
		return nil, fmt.Errorf("list transient objects: %w", err)
	}
	handles, err := response.CapabilityData.Data.Handles()
	if err != nil {
		return nil, fmt.Errorf("list transient objects: %w", err)
	}
	return handles.Handle, nil
}
