package lab

import (
	"context"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/harness/bluetooth"
	"github.com/passkeylab/passkeylab/harness/dialog"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

// TestStagesSideBySide lets two phones answer two computers at once, and closes the stages, and the lab below them, while the
// one looks for a code and the other waits for a computer.
func TestStagesSideBySide(t *testing.T) {
	l := bare(t)
	t.Cleanup(func() { closes(t, l) })
	watch := watchLeftovers(t, l)
	stages := []*Stage{raiseReach(t, l, "side-01"), raiseReach(t, l, "side-02")}
	var came []<-chan phone.Outcome
	for _, s := range stages {
		asks(t, s)
		came = append(came, scans(t, s, phone.Person{}))
	}
	for i, s := range stages {
		if outcome := <-came[i]; outcome.Err != nil || outcome.RPID != s.RPID() {
			t.Fatalf("phone %d ended with %v, asked for %s", i, outcome.Err, outcome.RPID)
		}
		holds(t, s, 0, learns(t, s))
		arrives(t, s, dialog.Closed)
	}
	if one, other := stages[0].Reach.Phone.Passkeys(), stages[1].Reach.Phone.Passkeys(); hex.EncodeToString(one[0].ID) == hex.EncodeToString(other[0].ID) {
		t.Error("both phones made the same passkey")
	}

	looking := scans(t, stages[0], phone.Person{})
	shows(t, stages[0], phone.ScreenCamera)
	stages[1].Reach.Bus.Radio.Follow(bluetooth.Script{OutOfRange: true})
	asks(t, stages[1])
	waiting := scans(t, stages[1], phone.Person{})
	eventually(t, "the phone is in the tunnel", func() bool { return stages[1].Reach.Tunnel.Metrics().Waiting == 1 })
	for _, s := range stages {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if outcome := <-looking; !errors.Is(outcome.Err, dialog.ErrClosed) {
		t.Errorf("the camera ended with %v, want that the window is closed", outcome.Err)
	}
	if outcome := <-waiting; outcome.Class != phone.UnexpectedEnd {
		t.Errorf("the phone that waited ended with %v", outcome.Err)
	}
	watch.nothingLeft(t)
}

// TestAStageThatIsNotRaisedLeavesNothing fails while the stage's own browser starts.
func TestAStageThatIsNotRaisedLeavesNothing(t *testing.T) {
	t.Run("the context had ended before", func(t *testing.T) {
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		unraised(t, ended, "/bin/true", context.Canceled)
	})
	t.Run("the context ends while a browser says nothing", func(t *testing.T) {
		folder := t.TempDir()
		silent, sign := filepath.Join(folder, "silent"), filepath.Join(folder, "started")
		if err := os.WriteFile(silent, []byte("#!/bin/sh\n: >"+sign+"\nexec sleep 600\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		watching := make(chan struct{})
		go func() {
			defer close(watching)
			defer cancel()
			tick := time.NewTicker(10 * time.Millisecond)
			defer tick.Stop()
			for _, err := os.Stat(sign); err != nil && t.Context().Err() == nil; _, err = os.Stat(sign) {
				<-tick.C
			}
		}()
		unraised(t, ctx, silent, context.Canceled)
		<-watching
	})
	t.Run("there is no browser", func(t *testing.T) {
		unraised(t, t.Context(), filepath.Join(t.TempDir(), "none"), nil)
	})
}

// unraised raises a stage in vain.
func unraised(t *testing.T, ctx context.Context, browser string, want error) {
	t.Helper()
	l := bare(t)
	l.options.BrowserPath = browser
	t.Cleanup(func() { closes(t, l) })
	watch := watchLeftovers(t, l)
	s, err := l.Raise(ctx, StageOptions{ID: "unraised-01", Hybrid: true})
	if err == nil || want != nil && !errors.Is(err, want) {
		t.Errorf("raised: %v, want %v", err, want)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	watch.nothingLeft(t)
}
