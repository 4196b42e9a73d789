//go:build !unix

package main

import (
	"os"
	"syscall"
)

// ownGroup leaves the child in this program's group where there is no other.
func ownGroup() *syscall.SysProcAttr { return nil }

// signalGroup ends the process: this system has no groups, and its console delivers Ctrl-C itself.
func signalGroup(group int, sig syscall.Signal) {
	if process, err := os.FindProcess(group); err == nil && sig == syscall.SIGKILL {
		_ = process.Kill()
	}
}
