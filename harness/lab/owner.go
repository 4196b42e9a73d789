package lab

import (
	"context"
	"sync"

	"github.com/passkeylab/passkeylab/virtualauth"
)

// Mood is what a person does when their device asks them.
type Mood int

// The moods. Agrees is the zero value: most journeys are about people who do.
const (
	Agrees   Mood = iota // unlocks and taps what is asked
	Declines             // taps Cancel
	Waits                // leaves the device alone until the request ends, or the mood changes
)

// Owner is the person in front of one provider. The zero value agrees to
// everything, verified. It is safe for concurrent use.
type Owner struct {
	mu      sync.Mutex
	mood    Mood
	changed chan struct{}
	asked   []virtualauth.Prompt
}

// Feels changes the person's mood, also for a prompt that waits now.
func (o *Owner) Feels(mood Mood) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.mood = mood
	if o.changed != nil {
		close(o.changed)
		o.changed = nil
	}
}

// Asked returns what the person was asked, oldest first.
func (o *Owner) Asked() []virtualauth.Prompt {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]virtualauth.Prompt(nil), o.asked...)
}

// Consent answers a prompt according to the mood. A person who waits is
// waited for until ctx ends.
func (o *Owner) Consent(ctx context.Context, prompt virtualauth.Prompt) (virtualauth.Consent, error) {
	o.mu.Lock()
	o.asked = append(o.asked, prompt)
	o.mu.Unlock()
	for {
		mood, change := o.look()
		switch mood {
		case Agrees:
			return virtualauth.Consent{Present: true, Verified: prompt.Verify}, nil
		case Declines:
			return virtualauth.Consent{Refused: true}, nil
		}
		select {
		case <-change:
		case <-ctx.Done():
			return virtualauth.Consent{}, ctx.Err()
		}
	}
}

func (o *Owner) look() (Mood, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.changed == nil {
		o.changed = make(chan struct{})
	}
	return o.mood, o.changed
}
