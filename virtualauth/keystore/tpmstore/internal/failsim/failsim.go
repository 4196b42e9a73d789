//go:build cgo

// Package failsim breaks the TPM simulator on purpose, for tests: in the way it breaks by itself when its C code meets a
// state that it does not expect.
package failsim

/*
extern int g_inFailureMode; // a BOOL of the Microsoft reference code that the simulator contains
*/
import "C"

import _ "github.com/google/go-tpm-tools/simulator" // has the variable

// Fail puts the simulator of this process into failure mode: from now on it answers every command with an error, its own
// shutdown included, until it is powered off.
func Fail() { C.g_inFailureMode = 1 }
