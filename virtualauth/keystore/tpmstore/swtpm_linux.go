package tpmstore

import (
	"os/exec"
	"syscall"
)

// tie has the kernel kill a process when the thread that starts it ends.
func tie(process *exec.Cmd) { process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
