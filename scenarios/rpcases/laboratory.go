package rpcases

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
)

// TurnsTime is a relying party of which a case can have one for itself, whose time it turns and which it starts again.
const TurnsTime conformance.Capability = "a server whose time can be turned and that can be started again"

// Laboratory is a relying party of a case's own.
type Laboratory struct {
	RP subject.RelyingParty
	// Later turns its time forward.
	Later func(time.Duration)
	// Again stops it and returns the one that goes on with what it stored. Visitors' cookies are then to be brought along.
	Again func(ctx context.Context) (subject.RelyingParty, error)
	// Close stops it and removes what it stored.
	Close func() error
}

// laboratory opens one for a case; the bench is that of people who meet it.
func (b *Bench) laboratory(ctx context.Context) (*Bench, *Laboratory, error) {
	if b.suite.Laboratory == nil {
		return nil, nil, conformance.Skip("it needs %s", TurnsTime)
	}
	l, err := b.suite.Laboratory(ctx)
	if err != nil {
		return nil, nil, err
	}
	return b.meeting(l.RP), l, nil
}

// meeting is the bench of people who meet another relying party.
func (b *Bench) meeting(rp subject.RelyingParty) *Bench {
	other := *b.suite
	other.RP = rp
	return &Bench{Trial: b.Trial, RP: subject.Recorded(rp, b.Trial), Policy: b.Policy, suite: &other}
}

// referenceLaboratory opens the reference relying party with a clock and a folder of its own.
func referenceLaboratory(ctx context.Context) (*Laboratory, error) {
	folder, err := os.MkdirTemp("", "passkeylab-laboratory-")
	if err != nil {
		return nil, fmt.Errorf("rpcases: laboratory: %w", err)
	}
	var turning sync.Mutex
	var ahead time.Duration
	reference := subject.Reference{Origin: referenceOrigin, Folder: folder, Now: func() time.Time {
		turning.Lock()
		defer turning.Unlock()
		return time.Now().Add(ahead)
	}}
	running, err := reference.Open(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("rpcases: laboratory: %w", err), os.RemoveAll(folder))
	}
	return &Laboratory{
		RP: running,
		Later: func(d time.Duration) {
			turning.Lock()
			defer turning.Unlock()
			ahead += d
		},
		Again: func(ctx context.Context) (subject.RelyingParty, error) {
			err := running.Close()
			if err == nil {
				running, err = reference.Open(ctx)
			}
			return running, err
		},
		Close: func() error { return errors.Join(running.Close(), os.RemoveAll(folder)) },
	}, nil
}
