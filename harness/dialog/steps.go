package dialog

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// Step is one step of Chromium's dialog, by Chromium's own name without the leading k. One that is not among the constants is
// kept as it is. The zero value means that no dialog was there yet.
type Step string

// The steps that a ceremony with a phone can meet.
const (
	NotStarted                Step = "NotStarted"
	MechanismSelection        Step = "MechanismSelection" // "Choose where to save your passkey"
	QRCode                    Step = "CableV2QRCode"
	CableV2Connecting         Step = "CableV2Connecting"
	CableV2Connected          Step = "CableV2Connected"
	CableV2Error              Step = "CableV2Error"
	BlePowerOnAutomatic       Step = "BlePowerOnAutomatic"
	BlePowerOnManual          Step = "BlePowerOnManual"
	UsbInsertAndActivate      Step = "UsbInsertAndActivate"
	SelectAccount             Step = "SelectAccount"
	PasskeyAutofill           Step = "PasskeyAutofill"
	ErrorNoAvailableTransport Step = "ErrorNoAvailableTransports"
	ErrorInternalUnrecognized Step = "ErrorInternalUnrecognized"
	KeyNotRegistered          Step = "KeyNotRegistered"
	KeyAlreadyRegistered      Step = "KeyAlreadyRegistered"
	MissingCapability         Step = "MissingCapability"
	StorageFull               Step = "StorageFull"
	TimedOut                  Step = "TimedOut"
	Closed                    Step = "Closed"
)

// Moment is a step and when it began.
type Moment struct {
	Step Step
	At   time.Time
}

// steps are those that the browser went through.
type steps struct {
	mu      sync.Mutex
	past    []Moment
	ends    int           // how many of them are Closed
	changed chan struct{} // closed and replaced at each step
}

func newSteps() *steps { return &steps{changed: make(chan struct{})} }

// hear reads one line of the browser's log.
func (s *steps) hear(line string) {
	step, ok := parseStep(line)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.past = append(s.past, Moment{Step: step, At: time.Now()})
	if step == Closed {
		s.ends++
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

// since returns the steps from the one with index from on, and a channel that is closed at the next.
func (s *steps) since(from int) ([]Moment, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.past[min(max(from, 0), len(s.past)):]), s.changed
}

// now returns the last step, with its index.
func (s *steps) now() (Moment, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.past) == 0 {
		return Moment{}, -1
	}
	return s.past[len(s.past)-1], len(s.past) - 1
}

// ceremonies returns how many ceremonies have ended.
func (s *steps) ceremonies() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ends
}

// stepMark stands before the name of a step in the log.
const stepMark = "UI step: k"

// parseStep reads a line such as
//
//	[1:2:0102/030405.6:VERBOSE1:components/device_event_log/device_event_log_impl.cc:214] [03:04:05.678] FIDO: EVENT: x.cc:158 UI step: kClosed
//
// What a page writes to its console has another source file in the brackets, and cannot pass for a step.
func parseStep(line string) (Step, bool) {
	origin, rest, ok := strings.Cut(line, "] ")
	if !ok || !strings.HasPrefix(origin, "[") || !strings.Contains(origin, "device_event_log_impl.cc:") {
		return "", false
	}
	head, name, ok := strings.Cut(rest, stepMark)
	if !ok || name == "" || !strings.Contains(head, "FIDO: ") || strings.ContainsAny(name, " \t") {
		return "", false
	}
	return Step(name), true
}
