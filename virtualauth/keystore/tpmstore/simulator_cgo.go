//go:build cgo

package tpmstore

/*
#include <stdbool.h>

// The simulator's own access to its nonvolatile memory (Platform_fp.h of the Microsoft reference code that it contains).
void _plat__NvMemoryRead(unsigned int start, unsigned int size, void *data);
bool _plat__NvMemoryWrite(unsigned int start, unsigned int size, void *data);
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"unsafe"

	"github.com/google/go-tpm-tools/simulator"
	"github.com/google/go-tpm/tpm2/transport"
)

// simulatorInUse is held by the one store that has the simulator. It has to be a variable of the package because what it
// guards, the C variables of the simulator, are variables of the process; simulator.Get itself would wait for ever.
var simulatorInUse sync.Mutex

// memorySize is the size in bytes of the simulator's nonvolatile memory (NV_MEMORY_SIZE).
const memorySize = 16384

func readMemory() []byte {
	memory := make([]byte, memorySize)
	C._plat__NvMemoryRead(0, memorySize, unsafe.Pointer(&memory[0]))
	return memory
}

func writeMemory(memory []byte) error {
	if len(memory) != memorySize || !C._plat__NvMemoryWrite(0, memorySize, unsafe.Pointer(&memory[0])) {
		return fmt.Errorf("%w: %d bytes are not the simulator's memory", ErrState, len(memory))
	}
	return nil
}

func (s Simulator) open(context.Context) (link, error) {
	file, err := openState(s.StateFile, s.Secret)
	if err != nil {
		return nil, err
	}
	if !simulatorInUse.TryLock() {
		return nil, ErrSimulatorInUse
	}
	l := &simulatorLink{file: file, state: file.state}
	if err := l.powerOn(); err != nil {
		simulatorInUse.Unlock()
		return nil, err
	}
	if err := file.write(l, l.state); err != nil {
		_ = l.power.Close()
		simulatorInUse.Unlock()
		return nil, err
	}
	return l, nil
}

// simulatorLink is the simulator with its power on.
type simulatorLink struct {
	transport.TPM
	power *simulator.Simulator
	file  *stateFile
	// state is what the TPM is built up from again after a failure, and what the file has.
	state state
}

func (*simulatorLink) exclusive() bool { return true }

// powerOn makes a new TPM, or the one of the state. That the storage root key comes out as it was before proves that this
// build of the simulator understands what it was given.
func (l *simulatorLink) powerOn() error {
	power, err := simulator.Get()
	if err != nil {
		return fmt.Errorf("power the simulator on: %w", err)
	}
	l.power, l.TPM = power, transport.FromReadWriteCloser(power)
	if err := l.restore(); err != nil {
		_ = power.Close()
		return err
	}
	return nil
}

func (l *simulatorLink) restore() error {
	if l.state.memory != nil {
		if err := writeMemory(l.state.memory); err != nil {
			return err
		}
		if err := l.power.Reset(); err != nil {
			return fmt.Errorf("%w: the simulator does not start up with it: %w", ErrState, err)
		}
	}
	m := &machine{link: l}
	if err := m.begin(); err != nil {
		return err
	}
	m.unload()
	if l.state.memory != nil && m.parent != l.state.root {
		return fmt.Errorf("%w: this simulator makes another storage root key of it", ErrState)
	}
	l.state = state{root: m.parent, memory: readMemory()}
	return nil
}

// reopen is what brings the simulator back after its failure mode, out of which neither of its resets leads.
func (l *simulatorLink) reopen(context.Context) error {
	_ = l.power.Close() // says that shutting down failed, and frees the simulator nevertheless
	return l.powerOn()
}

// Close shuts the TPM down in good order and keeps what it wrote to its memory by then, such as its clock.
func (l *simulatorLink) Close() error {
	defer simulatorInUse.Unlock()
	salt, err := newSalt(l) // the last command: it takes the TPM's random numbers
	if closed := l.power.Close(); err != nil || closed != nil {
		return errors.Join(err, closed) // the file keeps what it had when the store was opened
	}
	return l.file.writeSalted(salt, state{root: l.state.root, memory: readMemory()})
}
