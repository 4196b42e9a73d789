//go:build !unix

package browser

import "os/exec"

// ownGroup does nothing here: there is no /bin/sh to be the guard, so starting it fails with a clear error anyway.
func ownGroup(*exec.Cmd) {}

// killGroup does nothing here, see ownGroup.
func killGroup(int) error { return nil }
