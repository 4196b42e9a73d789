package dialog

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/passkeylab/passkeylab/harness/browser"
)

// files is the screen of a browser that draws each of its windows into a file, <number>.png, anew at every change. The file
// is written in place: who reads it at the wrong time sees a part of it. The kernel tells when one has been written.
type files struct {
	dir    string
	notice *os.File // inotify
	ended  chan struct{}

	mu       sync.Mutex
	drawings map[int]drawing // of each window, the last
	changed  chan struct{}   // closed and replaced at each change; closed for good when the watching ended
}

// openFiles begins to watch the folder in which the browser's windows are drawn.
func openFiles(b *browser.Browser) (screen, error) {
	return watchFiles(strings.ReplaceAll(pictures, browser.FolderArgument, b.Folder()))
}

// watchFiles watches a folder.
func watchFiles(dir string) (*files, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("dialog: watch the pictures: %w", os.NewSyscallError("inotify_init1", err))
	}
	notice := os.NewFile(uintptr(fd), "inotify")
	if _, err := unix.InotifyAddWatch(fd, dir, unix.IN_CLOSE_WRITE|unix.IN_ONLYDIR); err != nil {
		_ = notice.Close()
		return nil, &SetupError{Lacks: "the browser draws its windows into no file", Cause: &os.PathError{Op: "watch", Path: dir, Err: err}}
	}
	f := &files{dir: dir, notice: notice, ended: make(chan struct{}), drawings: map[int]drawing{}, changed: make(chan struct{})}
	there, _ := filepath.Glob(filepath.Join(dir, "*.png"))
	for _, name := range there {
		f.drawn(filepath.Base(name))
	}
	go f.watch()
	return f, nil
}

// watch notes what the kernel tells until the end.
func (f *files) watch() {
	defer close(f.ended)
	buffer := make([]byte, 64<<10)
	for {
		n, err := f.notice.Read(buffer)
		if err != nil {
			f.mu.Lock()
			defer f.mu.Unlock()
			close(f.changed)
			f.drawings = nil
			return
		}
		for rest := buffer[:n]; len(rest) >= unix.SizeofInotifyEvent; {
			// struct inotify_event: watch, mask, cookie, length of the name that follows with its zeros; four bytes each
			length := int(binary.NativeEndian.Uint32(rest[12:]))
			name := rest[unix.SizeofInotifyEvent:][:length]
			f.drawn(string(bytes.TrimRight(name, "\x00")))
			rest = rest[unix.SizeofInotifyEvent+length:]
		}
	}
}

// drawn notes that a file was written.
func (f *files) drawn(name string) {
	window, err := strconv.Atoi(strings.TrimSuffix(name, ".png"))
	if err != nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.drawings[window] = drawing{stamp: f.drawings[window].stamp + 1, at: time.Now()}
	close(f.changed)
	f.changed = make(chan struct{})
}

// grab implements screen.
func (f *files) grab(ctx context.Context, window place, after drawing) (image.Image, drawing, error) {
	for {
		f.mu.Lock()
		last, changed, ended := f.drawings[window.number], f.changed, f.drawings == nil
		f.mu.Unlock()
		if ended {
			return nil, drawing{}, ErrClosed
		}
		if last.stamp > after.stamp && !last.at.Before(after.at) {
			picture, err := f.read(window.number)
			if err == nil {
				return picture, last, nil
			}
			after.stamp = last.stamp // torn by the next writing, which will be told
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, drawing{}, context.Cause(ctx)
		}
	}
}

// read reads the picture of a window.
func (f *files) read(window int) (image.Image, error) {
	data, err := os.ReadFile(filepath.Join(f.dir, strconv.Itoa(window)+".png"))
	if err != nil {
		return nil, err
	}
	return png.Decode(bytes.NewReader(data))
}

// close implements screen.
func (f *files) close() error {
	err := f.notice.Close()
	<-f.ended
	return err
}
