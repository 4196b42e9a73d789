package dialog

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"net"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

func TestAddressesAreReadAsTheKernelWritesThem(t *testing.T) {
	for text, want := range map[string]string{
		"0100007F:8CA1": "127.0.0.1:36001", "00000000:0050": "0.0.0.0:80",
		"": "", "0100007F": "", "01007F:8CA1": "", "0100007F:18CA1": "", "0100007X:8CA1": "",
	} {
		if got, ok := parseAddress(text); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", text, got, ok)
		}
	}
}

func TestOurOwnPortIsFoundAmongThoseOfOurGroup(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	group, err := syscall.Getpgid(0)
	if err != nil {
		t.Fatal(err)
	}
	if found, err := listening(group); err != nil || !slices.Contains(found, l.Addr().String()) {
		t.Errorf("%v, %v", found, err)
	}
	if found, err := listening(1 << 22); err != nil || len(found) != 0 {
		t.Errorf("of a group that does not exist: %v, %v", found, err)
	}
}

func TestAPictureIsTakenOnlyWhenItIsWhole(t *testing.T) {
	dir := t.TempDir()
	f, err := watchFiles(dir)
	if err != nil {
		t.Fatal(err)
	}
	var whole bytes.Buffer
	if err := png.Encode(&whole, image.NewGray(image.Rect(0, 0, 30, 20))); err != nil {
		t.Fatal(err)
	}
	write := func(data []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "2.png"), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(whole.Bytes()[:40]) // the browser was interrupted
	write(nil)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, _, err := f.grab(ctx, place{number: 2}, drawing{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a torn picture: %v", err)
	}
	write(whole.Bytes())
	picture, first, err := f.grab(t.Context(), place{number: 2}, drawing{})
	if err != nil || picture.Bounds().Dx() != 30 {
		t.Fatal(picture, err)
	}
	write(whole.Bytes())
	if _, second, err := f.grab(t.Context(), place{number: 2}, first); err != nil || second.stamp <= first.stamp || second.at.Before(first.at) {
		t.Errorf("%+v, then %+v: %v", first, second, err)
	}
	waits := make(chan error)
	go func() {
		_, _, err := f.grab(context.Background(), place{number: 7}, drawing{})
		waits <- err
	}()
	if err := f.close(); err != nil {
		t.Error(err)
	}
	if err := <-waits; !errors.Is(err, ErrClosed) {
		t.Errorf("a wait at the end: %v", err)
	}
}
