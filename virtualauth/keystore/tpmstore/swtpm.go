package tpmstore

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// ErrNoSwtpm says that the program swtpm is not there.
var ErrNoSwtpm = errors.New("tpmstore: swtpm is not installed: apt-get install -y swtpm")

// ErrStateInUse says that another swtpm has a state directory.
var ErrStateInUse = errors.New("tpmstore: the state directory is in use by another swtpm")

// Swtpm is a TPM in a process of its own, the program swtpm, which the store starts and ends. It ends when this process
// dies, too. Any number of them run side by side.
//
// The zero Swtpm is a new TPM that is forgotten when the store is closed.
type Swtpm struct {
	// Program is the name or path of the program; empty means "swtpm".
	Program string
	// StateDir is an existing directory in which swtpm keeps the TPM's memory from one run to the next, so that keys load
	// again. Its files are encrypted and have mode 0600. Opening it fails with ErrStateInUse while another swtpm has it.
	StateDir string
	// Secret encrypts what is in StateDir: at least 16 random bytes, else ErrWeakSecret.
	Secret []byte
}

func (s Swtpm) open(ctx context.Context) (link, error) {
	if s.Program == "" {
		s.Program = "swtpm"
	}
	if s.StateDir != "" && len(s.Secret) < minSecret {
		return nil, ErrWeakSecret
	}
	program, err := exec.LookPath(s.Program)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoSwtpm, err)
	}
	l := &swtpmLink{program: program}
	if s.StateDir == "" {
		if l.dir, err = os.MkdirTemp("", "swtpm-"); err != nil {
			return nil, err
		}
		l.forget = true
	} else {
		// When swtpm has to be started again, this process may be in another directory.
		if l.dir, err = filepath.Abs(s.StateDir); err != nil {
			return nil, err
		}
		if l.key, err = hkdf.Key(sha256.New, s.Secret, nil, "passkeylab tpmstore swtpm", 32); err != nil {
			return nil, err
		}
	}
	l.socketLink.dial = l.start
	if err := l.connect(ctx); err != nil {
		return nil, errors.Join(err, l.tidy())
	}
	if err := startUp(l); err != nil {
		l.kill()
		err = fmt.Errorf("%w: swtpm does not start up with what is in %s: %w\n%s", ErrState, l.dir, err, &l.complaints)
		return nil, errors.Join(err, l.tidy())
	}
	return l, nil
}

// swtpmLink is the connection to a running swtpm and the process itself.
type swtpmLink struct {
	socketLink
	program, dir string
	key          []byte        // nil: no encryption
	forget       bool          // the directory is temporary
	process      *exec.Cmd     // nil: none has been started
	ended        chan struct{} // closed when the process has
	complaints   bytes.Buffer  // what the process says about errors; read after it has ended
}

// endWithin is how long swtpm may take to end after its client has gone, before it is killed.
const endWithin = 5 * time.Second

// start starts swtpm with one end of a pair of sockets, so that there is neither an address to choose nor a moment to wait
// for. It ends when the other end is closed. Closing while it works on a command would leave it spinning (swtpm 0.7.1), as
// our death may do; so it is killed unless all is in order, and is tied to this process as far as the system can do that.
func (l *swtpmLink) start(ctx context.Context) (net.Conn, error) {
	if err := l.awaitDir(ctx); err != nil {
		return nil, err
	}
	ours, theirs, err := socketPair()
	if err != nil {
		return nil, fmt.Errorf("connect with swtpm: %w", err)
	}
	defer theirs.Close()
	process := exec.Command(l.program, "socket", "--tpm2", "--fd", "3", "--flags", "not-need-init",
		"--tpmstate", "dir=.,mode=0600")
	process.Dir = l.dir // rather than in the option, where a comma would end it
	l.complaints.Reset()
	process.Stderr, process.WaitDelay = &l.complaints, endWithin
	process.ExtraFiles = []*os.File{theirs} // the first becomes descriptor 3
	if l.key != nil {
		key, err := pipeWith(l.key)
		if err != nil {
			return nil, errors.Join(err, ours.Close())
		}
		defer key.Close()
		process.ExtraFiles = append(process.ExtraFiles, key)
		process.Args = append(process.Args, "--key", "fd=4,format=binary,mode=aes-256-cbc")
	}
	ended, err := startTied(process)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start swtpm: %w", err), ours.Close())
	}
	l.process, l.ended = process, ended
	return ours, nil
}

// awaitDir waits for the swtpm of a process that was killed: it ends by itself, but not at once.
func (l *swtpmLink) awaitDir(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, endWithin)
	defer cancel()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		taken, err := locked(filepath.Join(l.dir, ".lock"))
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			if taken {
				return fmt.Errorf("%w: %s: %w", ErrStateInUse, l.dir, ctx.Err())
			}
			return ctx.Err()
		default:
		}
		if !taken {
			return nil
		}
		<-again.C
	}
}

// pipeWith returns a pipe out of which comes what is small enough to wait in it.
func pipeWith(content []byte) (*os.File, error) {
	out, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	_, err = in.Write(content)
	if err = errors.Join(err, in.Close()); err != nil {
		return nil, errors.Join(err, out.Close())
	}
	return out, nil
}

// startTied starts a process that the system kills when this one dies. The system ties it to the thread that starts it,
// so that thread must live as long as the process: a goroutine keeps it.
func startTied(process *exec.Cmd) (ended chan struct{}, err error) {
	started := make(chan error)
	ended = make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		tie(process)
		err := process.Start()
		started <- err
		if err == nil {
			_ = process.Wait() // how it ended does not matter: it keeps its memory as it goes
			close(ended)
		}
	}()
	return ended, <-started
}

// reopen starts swtpm anew with what it kept.
func (l *swtpmLink) reopen(ctx context.Context) error {
	l.kill()
	return l.connect(ctx)
}

// kill ends the process at once, if there is one, and waits for it.
func (l *swtpmLink) kill() {
	if l.process == nil {
		return
	}
	_ = l.process.Process.Kill() // fails when it has ended already
	<-l.ended
	_ = l.Conn.Close()
	l.process = nil
}

// Close ends swtpm in good order, or kills it when that takes too long.
func (l *swtpmLink) Close() error {
	if l.process != nil {
		shutDown(l)
		_ = l.Conn.Close()
		late := time.NewTimer(endWithin)
		defer late.Stop()
		select {
		case <-l.ended:
		case <-late.C:
		}
		l.kill()
	}
	return l.tidy()
}

func (l *swtpmLink) tidy() error {
	if !l.forget {
		return nil
	}
	return os.RemoveAll(l.dir)
}
