//go:build unix

package tpmstore

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"syscall"
)

// socketPair returns both ends of a connection, one of them to hand to another process.
func socketPair() (ours net.Conn, theirs *os.File, err error) {
	syscall.ForkLock.RLock() // no child may inherit our end before it is marked
	descriptors, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(descriptors[0])
		syscall.CloseOnExec(descriptors[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	file := os.NewFile(uintptr(descriptors[0]), "swtpm")
	theirs = os.NewFile(uintptr(descriptors[1]), "swtpm")
	ours, err = net.FileConn(file) // a copy
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, nil, errors.Join(err, theirs.Close())
	}
	return ours, theirs, nil
}

// locked reports whether another process holds the lock that swtpm takes on a file. A file that does not exist is free.
func locked(path string) (bool, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer file.Close()
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart}
	if err := syscall.FcntlFlock(file.Fd(), syscall.F_GETLK, &lock); err != nil {
		return false, os.NewSyscallError("fcntl", err)
	}
	return lock.Type != syscall.F_UNLCK, nil
}
