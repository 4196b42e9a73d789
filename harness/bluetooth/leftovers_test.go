package bluetooth_test

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/passkeylab/passkeylab/harness/bluetooth"
)

// processes returns the living processes that name the folder in their command line: the guard, what it left to watch the
// leash, and the daemon.
func processes(t *testing.T, folder string) (ids []int, daemon int) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		line, _ := os.ReadFile(file) // it may have ended meanwhile
		id, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if !strings.Contains(string(line), folder+"/") || id == os.Getpid() {
			continue
		}
		ids = append(ids, id)
		if !strings.Contains(string(line), "passkeylab-bus") {
			daemon = id
		}
	}
	return ids, daemon
}

// socket is the path of a bus' socket.
func socket(t *testing.T, address string) string {
	t.Helper()
	path, found := strings.CutPrefix(strings.TrimSpace(address), "unix:path=")
	if info, err := os.Stat(path); !found || err != nil || info.Mode().Type() != os.ModeSocket {
		t.Fatalf("the address is %q (%v)", address, err)
	}
	return path
}

func gone(t *testing.T, dir string) {
	t.Helper()
	eventually(t, "the processes are gone", func() bool { ids, _ := processes(t, dir); return len(ids) == 0 })
	eventually(t, "the folder is gone", func() bool {
		left, err := os.ReadDir(dir)
		return err == nil && len(left) == 0
	})
}

func TestNothingIsLeftBehindByAProgramThatDies(t *testing.T) {
	for _, way := range []struct {
		name string
		end  func(t *testing.T, program, guard int)
	}{
		{"killed", func(t *testing.T, program, _ int) { signal(t, "KILL", program) }},
		{"interrupted", func(t *testing.T, program, _ int) { signal(t, "INT", program) }},
		{"interrupted at the terminal, with all that it started", func(t *testing.T, program, _ int) { signal(t, "INT", -program) }},
		{"terminated with all that it started", func(t *testing.T, program, _ int) { signal(t, "TERM", -program) }},
		{"killed after its guard", func(t *testing.T, program, guard int) {
			signal(t, "KILL", guard)
			signal(t, "KILL", program)
		}},
	} {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			dir := shortDir(t)
			cmd := again(dir)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			line, _ := bufio.NewReader(out).ReadString('\n')
			socket(t, line)
			guard, _ := family(t, dir, cmd.Process.Pid)
			way.end(t, cmd.Process.Pid, guard)
			var exit *exec.ExitError
			if err := cmd.Wait(); !errors.As(err, &exit) {
				t.Fatalf("the child ended well (%v), it should have died", err)
			}
			gone(t, dir)
		})
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	dir := shortDir(t)
	b, err := bluetooth.Start(limit(t), bluetooth.Options{Dir: dir, Observe: func(bluetooth.Event) {}})
	if err != nil {
		t.Fatal(err)
	}
	socket(t, b.Address())
	if err := b.RestartBlueZ(limit(t)); err != nil {
		t.Fatal(err)
	}
	if err := b.Radio.Send(limit(t), ours); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if ids, _ := processes(t, dir); len(ids) > 0 {
		t.Errorf("processes left: %v", ids)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("files left: %v", left)
	}
	eventually(t, "the goroutines ended", func() bool { return runtime.NumGoroutine() <= before })
}

func TestTheDeathOfTheDaemonIsTold(t *testing.T) {
	for _, c := range []struct {
		name    string
		noBlueZ bool
	}{{name: "with BlueZ"}, {"without BlueZ", true}} {
		t.Run(c.name, func(t *testing.T) {
			dir := shortDir(t)
			b := start(t, bluetooth.Options{Dir: dir, NoBlueZ: c.noBlueZ})
			_, daemon := family(t, dir, os.Getpid())
			signal(t, "KILL", daemon)
			select {
			case <-b.Done():
			case <-limit(t).Done():
				t.Fatal("nobody noticed")
			}
			var death *bluetooth.DaemonError
			if !errors.As(b.Err(), &death) || death.Status != 128+int(syscall.SIGKILL) {
				t.Errorf("the reason is %v", b.Err())
			}
			if err := b.Radio.Send(limit(t), ours); !errors.As(err, &death) {
				t.Errorf("Send says %v", err)
			}
			if err := b.RestartBlueZ(limit(t)); !errors.As(err, &death) {
				t.Errorf("RestartBlueZ says %v", err)
			}
			if err := b.Close(); err != nil {
				t.Error(err)
			}
			gone(t, dir)
			if !errors.As(b.Err(), &death) {
				t.Errorf("after Close the reason is %v", b.Err())
			}
		})
	}
}

func TestABusWithoutItsGuardEndsAsWell(t *testing.T) {
	dir := shortDir(t)
	b := start(t, bluetooth.Options{Dir: dir})
	guard, _ := family(t, dir, os.Getpid())
	signal(t, "KILL", guard)
	connect(t, b).must("/", "org.freedesktop.DBus.Peer.Ping")
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	gone(t, dir)
}

// family finds the guard and the daemon of the bus in a folder that a program started.
func family(t *testing.T, dir string, program int) (guard, daemon int) {
	t.Helper()
	ids, daemon := processes(t, dir)
	for _, id := range ids {
		if parent(t, id) == program {
			guard = id
		}
	}
	if guard == 0 || daemon == 0 || guard == daemon {
		t.Fatalf("among %v the guard is %d and the daemon %d", ids, guard, daemon)
	}
	return guard, daemon
}

// signal sends a signal to one process, or to the process group with that number when it is negative.
func signal(t *testing.T, name string, id int) {
	t.Helper()
	if out, err := exec.Command("/bin/sh", "-c", `kill -s "$0" -- "$1"`, name, strconv.Itoa(id)).CombinedOutput(); err != nil {
		t.Fatalf("kill -s %s -- %d: %v: %s", name, id, err, out)
	}
}

// parent is the parent of a process.
func parent(t *testing.T, id int) int {
	t.Helper()
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(id) + "/stat")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	parent, err := strconv.Atoi(strings.Fields(rest)[1])
	if err != nil {
		t.Fatal(err)
	}
	return parent
}
