package tpmstore

import (
	"github.com/google/go-tpm/tpm2/transport"
	"github.com/google/go-tpm/tpm2/transport/linuxtpm"
)

// openDevice opens the file of a TPM.
func openDevice(path string) (transport.TPMCloser, error) { return linuxtpm.Open(path) }
