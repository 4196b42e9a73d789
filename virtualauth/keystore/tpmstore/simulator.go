package tpmstore

import (
	"errors"
)

// ErrNoSimulator says that the program was built without cgo, and so without the simulator.
var ErrNoSimulator = errors.New("tpmstore: built without the TPM simulator, which is C code: " +
	"install gcc, libc6-dev and libssl-dev (apt-get install -y gcc libc6-dev libssl-dev) and build with CGO_ENABLED=1")

// ErrSimulatorInUse says that another store of this process has the simulator, of which there is only one.
var ErrSimulatorInUse = errors.New("tpmstore: the TPM simulator is in use: one store at a time can have it")

// Simulator is the TPM simulator of go-tpm-tools inside this process. There is one a process, as its state is in C
// variables: opening it twice fails with ErrSimulatorInUse. It needs cgo, else opening it fails with ErrNoSimulator.
//
// The zero Simulator is a new TPM that is forgotten when the store is closed.
type Simulator struct {
	// StateFile is where the TPM's memory is kept from one run to the next, so that keys load again; it is made when it
	// does not exist, with mode 0600. It is encrypted, and written when the store is opened and when it is closed.
	StateFile string
	// Secret encrypts StateFile: at least 16 random bytes, else ErrWeakSecret.
	Secret []byte
}
