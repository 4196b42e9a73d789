//go:build unix

package main

import "syscall"

// ownGroup puts a child into a process group of its own: a Ctrl-C in the terminal then reaches this program only, which
// passes it on exactly once. Ginkgo takes a second one as "skip the clean-up".
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// signalGroup signals a whole group; one that has ended already is none to worry about.
func signalGroup(group int, sig syscall.Signal) { _ = syscall.Kill(-group, sig) }
