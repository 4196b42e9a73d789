package vaultfile_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/vaultfile"
)

var errShort = io.ErrUnexpectedEOF

// headerLength is that of the table in the package comment.
const headerLength = 87

// saved is a file with several frames, and what was acknowledged when it had which length.
type saved struct {
	data []byte
	acks []ack
}

type ack struct {
	size int
	all  values
}

func several(t testing.TB, o vaultfile.Options) (s saved) {
	t.Helper()
	f := open(t, o)
	remember := func() {
		s.data = read(t, o.Path)
		s.acks = append(s.acks, ack{len(s.data), load(t, f)})
	}
	remember()
	for _, changes := range []values{
		{"a": "1"}, {"b": "two", "c": "three"}, {"a": "-"}, {"d": ""}, {"c": "\x9erec"},
	} {
		save(t, f, changes)
		remember()
	}
	shut(t, f)
	return s
}

// at returns what was acknowledged when the file had a length.
func (s saved) at(size int) (all values) {
	for _, a := range s.acks {
		if a.size <= size {
			all = a.all
		}
	}
	return all
}

// A process that is killed leaves a beginning of what it wrote. Whichever: what was acknowledged is there, and the file takes
// more.
func TestAFrameThatIsCutAnywhereIsNotThere(t *testing.T) {
	o := options(t)
	s := several(t, o)
	for size := headerLength; size <= len(s.data); size++ {
		for _, tail := range [][]byte{nil, make([]byte, 5), make([]byte, 300)} { // a loss of power may leave zeros behind it
			if tail != nil && !slices.ContainsFunc(s.acks, func(a ack) bool { return a.size == size }) {
				continue
			}
			write(t, o.Path, append(bytes.Clone(s.data[:size]), tail...))
			f := open(t, o)
			expect(t, f, s.at(size))
			save(t, f, values{"more": "yes"})
			shut(t, f)
			f = open(t, o)
			want := maps.Clone(s.at(size))
			want["more"] = "yes"
			expect(t, f, want)
			shut(t, f)
			if t.Failed() {
				t.Fatalf("cut after %d bytes, %d zeros", size, len(tail))
			}
		}
	}
	write(t, o.Path, s.data[:headerLength-1])
	if _, err := vaultfile.Open(o); !errors.Is(err, vaultfile.ErrNoHeader) {
		t.Errorf("half a header: %v", err)
	}
}

// Whichever bit of the file changes: nobody gets a wrong value, the error names the place, and the other frames can be had.
func TestAChangedBitIsFoundAndHarmsItsFrameOnly(t *testing.T) {
	o := options(t)
	s := several(t, o)
	for at := range s.data {
		changed := bytes.Clone(s.data)
		changed[at] ^= 1 << (at % 8)
		write(t, o.Path, changed)
		_, err := vaultfile.Open(o)
		if at < headerLength {
			if !errors.Is(err, vaultfile.ErrNoHeader) {
				t.Fatalf("byte %d of the header changed: %v", at, err)
			}
			continue
		}
		frame := slices.IndexFunc(s.acks, func(a ack) bool { return a.size > at })
		start, end := s.acks[frame-1].size, s.acks[frame].size
		var damaged *vaultfile.CorruptError
		if !errors.As(err, &damaged) || len(damaged.Damages) != 1 || damaged.Damages[0].Offset != int64(start) ||
			damaged.Damages[0].Length != int64(end-start) || !strings.Contains(err.Error(), strconv.Itoa(start)) {
			t.Fatalf("byte %d of the frame from %d to %d changed: %v", at, start, end, err)
		}
		salvage := o
		salvage.Salvage = true
		shut(t, open(t, salvage))
		if !bytes.Equal(read(t, o.Path+".damaged"), changed) {
			t.Fatal("the damaged file was not kept")
		}
		f := open(t, o) // which is whole again
		expect(t, f, s.without(frame))
		shut(t, f)
		if t.Failed() {
			t.Fatalf("byte %d changed", at)
		}
	}
}

// without is what remains when the changes of one frame are lost.
func (s saved) without(frame int) values {
	all := values{}
	for i := 1; i < len(s.acks); i++ {
		if i == frame {
			continue
		}
		before, after := s.acks[i-1].all, s.acks[i].all
		for name := range before {
			if _, still := after[name]; !still {
				delete(all, name)
			}
		}
		for name, value := range after {
			if old, there := before[name]; !there || old != value {
				all[name] = value
			}
		}
	}
	return all
}

func TestFramesCannotChangePlaces(t *testing.T) {
	o := options(t)
	s := several(t, o)
	first, second := s.data[s.acks[0].size:s.acks[1].size], s.data[s.acks[1].size:s.acks[2].size]
	for name, body := range map[string][]byte{
		"swapped": slices.Concat(second, first), "repeated": slices.Concat(first, first), "left out": second,
	} {
		write(t, o.Path, slices.Concat(s.data[:headerLength], body))
		var damaged *vaultfile.CorruptError
		if _, err := vaultfile.Open(o); !errors.As(err, &damaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestMain turns the test binary into a writer that saves one number after the other until it is killed.
func TestMain(m *testing.M) {
	path, asked := os.LookupEnv("VAULTFILE_TEST_WRITER")
	if !asked {
		os.Exit(m.Run())
	}
	f, err := vaultfile.Open(vaultfile.Options{Path: path, Key: bytes.Repeat([]byte{7}, 32), Rand: bytes.NewReader(make([]byte, 1<<20))})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for i := 1; ; i++ {
		value := fmt.Appendf(nil, "%d %s", i, strings.Repeat("x", 5000)) // large, so that the log is often written anew
		if err := f.Save(context.Background(), map[string][]byte{"number": value}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(i)
	}
}

func TestAKilledProcessLosesNothingThatWasAcknowledged(t *testing.T) {
	for acknowledged := 1; acknowledged < 60; acknowledged += 11 {
		o := options(t)
		writer := exec.CommandContext(t.Context(), os.Args[0])
		writer.Env = append(os.Environ(), "VAULTFILE_TEST_WRITER="+o.Path)
		writer.Stderr = os.Stderr
		output, err := writer.StdoutPipe()
		if err == nil {
			err = writer.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		lines, last := bufio.NewScanner(output), 0
		for last < acknowledged && lines.Scan() {
			last, _ = strconv.Atoi(lines.Text())
		}
		if _, err := vaultfile.Open(o); !errors.Is(err, vaultfile.ErrLocked) {
			t.Errorf("while another process has it open: %v", err)
		}
		if err := writer.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() {
			last, _ = strconv.Atoi(lines.Text())
		}
		_ = writer.Wait() // it says that it was killed
		number, _, _ := strings.Cut(load(t, open(t, o))["number"], " ")
		if n, err := strconv.Atoi(number); err != nil || n != last && n != last+1 {
			t.Errorf("%d was acknowledged, and %q is there", last, number)
		}
	}
}
