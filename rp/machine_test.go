package rp

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// machineWalk is one run on a walk over the pure machine. What the relying party does around it (a ceremony begins, the
// browser or the verifier says no) is done to the run as the relying party does it.
type machineWalk struct {
	run  Run
	at   situation
	done []string
}

// moves are what can happen to a run. A move reports false where it cannot happen.
func moves() map[string]func(*machineWalk) bool {
	all := map[string]func(*machineWalk) bool{
		"begin": (*machineWalk).begin, "prove": (*machineWalk).prove,
		"stored": func(w *machineWalk) bool {
			if w.run.Screen != S8 && w.run.Screen != E9 {
				return false
			}
			w.run.ResultCredentialID = []byte{1}
			w.run.goTo(S10)
			return true
		},
		"time": func(w *machineWalk) bool { w.at.fresh, w.at.now = false, w.at.now.Add(time.Hour); return true },
	}
	for _, event := range []Event{EventNext, EventBack, EventCancel, EventRetry, EventOtherPhone, EventDifferent, EventShow} {
		all["event "+string(event)] = func(w *machineWalk) bool { return w.step(Input{Event: event}) }
	}
	for _, phone := range []PhoneOS{Android, IOS} {
		all["phone "+string(phone)] = func(w *machineWalk) bool { return w.step(Input{Event: EventNext, PhoneOS: phone}) }
	}
	all["key"] = func(w *machineWalk) bool { return w.step(Input{Event: EventNext, KeyTransport: KeyUSB}) }
	for _, code := range []Code{CodeNotAllowed, CodeAlreadyRegistered, CodeAborted, CodeSecurityError, CodeNetwork, CodeProviderNotAllowed,
		CodeSyncedNotAllowed, CodeLimitReached, CodeMethodDisabled, CodeSelfServiceOff, CodeAttestationBlocksFlow, CodeProofStale,
		CodeChallengeExpired, CodeChallengeUsed, CodeVerificationFailed, CodeSavedNotRegistered, CodeRateLimited} {
		all["refused "+string(code)] = func(w *machineWalk) bool { return w.refused(code) }
	}
	for _, screen := range []Screen{S2, S2a, S3, S4, S5a, S5i, S6, S7, S8, S9, S10, S11, K1, K2, E1} {
		all["open "+string(screen)] = func(w *machineWalk) bool { return w.open(screen) }
	}
	return all
}

func (w *machineWalk) begin() bool {
	if !w.at.fresh || w.run.Screen != w.run.ready() && w.run.Screen != S8 {
		return false
	}
	w.run.Attempt++
	w.run.goTo(S8)
	return true
}

func (w *machineWalk) prove() bool {
	w.at.fresh = true
	moveOn(&w.run)
	return true
}

func (w *machineWalk) refused(code Code) bool {
	if w.run.Screen != S8 && w.run.Screen != E9 {
		return false
	}
	w.run.fail(refuse(code, nil))
	return true
}

func (w *machineWalk) step(in Input) bool {
	w.run.answer(in)
	to, ok := w.run.next(in.Event, w.at)
	if !ok {
		return false
	}
	switch to {
	case S0:
		w.run.ClosedAt = w.at.now
	case S1:
		w.run.Screen = S1
	case E11:
		if w.run.Screen != E11 {
			refusal := refuse(CodeRateLimited, nil)
			refusal.RetryAt = w.at.now.Add(retryPause)
			w.run.fail(refusal)
		}
	case E9:
	default:
		w.run.goTo(to)
	}
	return true
}

func (w *machineWalk) open(screen Screen) bool {
	if w.run.rank(screen) < 0 && !screen.Problem() {
		return false
	}
	show := w.run.open(screen)
	switch {
	case show == S0:
		w.run.ClosedAt = w.at.now
	case show == E9 && w.run.Screen != E9:
		w.run.fail(refuse(CodeNetwork, nil))
	case show != w.run.Screen:
		w.run.goTo(show)
	}
	return true
}

func (w *machineWalk) over() bool { return w.run.Over() || w.run.Screen == S1 }

// transitions are those of the specification that a move may make, by the screen it begins on: what section 1.6 has, and
// what its 1.4a says of Back and Cancel. "ready" is S7 or K2, "first" the screen after the proof.
var transitions = map[Screen]map[Event]string{
	S2:  {EventNext: "S2a after", EventBack: "S1", EventCancel: "S0"},
	S2a: {EventBack: "S2", EventCancel: "S0"},
	S3:  {EventNext: "S4 S5a S5i", EventBack: "S1", EventCancel: "S0", EventDifferent: "S1"},
	S4:  {EventNext: "S5a S5i", EventBack: "S3", EventCancel: "S0"},
	S5a: {EventNext: "S6 S7", EventBack: "S4 S3", EventCancel: "S0", EventOtherPhone: "S4 S5i"},
	S5i: {EventNext: "S6 S7", EventBack: "S4 S3", EventCancel: "S0", EventOtherPhone: "S4 S5a"},
	S6:  {EventNext: "S7", EventBack: "S5a S5i", EventCancel: "S0"},
	S7:  {EventBack: "S6 S5a S5i S1", EventCancel: "S0"},
	K1:  {EventNext: "K2", EventBack: "S1", EventCancel: "S0"},
	K2:  {EventBack: "K1", EventCancel: "S0"},
	S8:  {EventBack: "ready", EventCancel: "S0", EventRetry: "ready", EventDifferent: "S1"},
	S10: {EventNext: "S11", EventCancel: "S0"},
	S11: {EventNext: "S0", EventCancel: "S0"},
	E1:  {EventRetry: "ready S6 S2a E11", EventBack: "ready", EventDifferent: "S1", EventCancel: "S0", EventShow: "S0"},
	E9:  {EventRetry: "E9", EventBack: "ready", EventDifferent: "S1", EventCancel: "S0", EventShow: "S0"},
	E11: {EventRetry: "ready S2a E11", EventBack: "ready", EventDifferent: "S1", EventCancel: "S0", EventShow: "S0"},
	E6:  {EventRetry: "S2a after", EventDifferent: "S1", EventCancel: "S0", EventShow: "S0"},
}

// retries are E2, E2b, E7, E10 and E12; ways those that only lead to S1 or S0.
var (
	retries = map[Event]string{EventRetry: "ready S2a", EventBack: "ready", EventDifferent: "S1", EventCancel: "S0", EventShow: "S0"}
	ways    = map[Event]string{EventBack: "S1", EventDifferent: "S1", EventCancel: "S0", EventShow: "S0"}
)

func specified(screen Screen, event Event) []string {
	table, ok := transitions[screen]
	switch {
	case ok:
	case slices.Contains([]Screen{E2, E2b, E7, E10, E12}, screen):
		table = retries
	case screen.Problem():
		table = ways
	}
	return strings.Fields(table[event])
}

// check holds the run after a move against what must always be.
func (w *machineWalk) check(before Run, move string) error {
	r := &w.run
	n, of := r.Progress()
	switch {
	case (r.Screen == S10 || r.Screen == S11) && len(r.ResultCredentialID) == 0:
		return fmt.Errorf("%s without a passkey", r.Screen)
	case r.Screen.Problem() && r.Problem == nil:
		return fmt.Errorf("%s explains nothing", r.Screen)
	case n < 1 || n > of:
		return fmt.Errorf("step %d of %d", n, of)
	case r.Screen == S8 && before.Screen != S8 && move != "begin":
		return fmt.Errorf("%s waits for nobody", move)
	case !w.over() && !r.Screen.Problem() && r.rank(r.Screen) < 0:
		return fmt.Errorf("%s is no screen of flow %s", r.Screen, r.Flow)
	case !w.over() && len(w.wayOn()) == 0:
		return fmt.Errorf("dead end at %s", r.Screen)
	}
	return w.checkTransition(before, move)
}

func (w *machineWalk) checkTransition(before Run, move string) error {
	event, ok := strings.CutPrefix(move, "event ")
	if !ok {
		return nil
	}
	got := w.run.Screen
	if !w.run.ClosedAt.IsZero() {
		got = S0
	}
	for _, want := range specified(before.Screen, Event(event)) {
		switch {
		case string(got) == want, want == "ready" && got == before.ready():
			return nil
		case want == "after" && (got == before.afterProof() || got == before.first()):
			return nil
		}
	}
	return fmt.Errorf("%s leads from %s to %s, which the specification does not have", move, before.Screen, got)
}

// wayOn is the primary action of a screen.
func (w *machineWalk) wayOn() string {
	switch s := w.run.Screen; {
	case s == S4:
		return "phone android"
	case s == K1:
		return "key"
	case s == S2a:
		return "prove"
	case s == w.run.ready():
		return "begin"
	case s == S8:
		return "stored"
	case s == E9:
		return "refused " + string(CodeSavedNotRegistered) // what the third look says
	case s == E3 || s == E4 || s == E5a || s == E5b || s == E5d:
		return "event show"
	case s == E5c || s == E8:
		return "event different"
	case s.Problem():
		return "event retry"
	}
	return "event next"
}

// home follows the primary actions until the run is over; time and proofs are there when they are asked for.
func (w *machineWalk) home(all map[string]func(*machineWalk) bool) error {
	for range 30 {
		if w.over() {
			return nil
		}
		move := w.wayOn()
		if w.run.Screen == E11 {
			w.at.now = w.at.now.Add(retryPause)
		}
		if move == "begin" {
			w.at.fresh = true
		}
		before := w.run
		if w.done = append(w.done, move); !all[move](w) {
			return fmt.Errorf("dead end: %s is not possible at %s", move, w.run.Screen)
		}
		if err := w.check(before, move); err != nil {
			return err
		}
	}
	return fmt.Errorf("dead end: from %s one never gets anywhere", w.run.Screen)
}

const (
	machineSeed  = 20260727
	machineWalks = 20_000
)

// Whatever happens in whatever order: the machine makes no move that the specification does not have, no "Done" without a
// passkey, and leads somebody who does what each screen asks to the end.
func TestTheMachineOnTwentyThousandWalks(t *testing.T) {
	all := moves()
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	visited := map[Screen]bool{}
	for n := range machineWalks {
		random := rand.New(rand.NewPCG(machineSeed, uint64(n)))
		w := newMachineWalk(random)
		err := w.wander(all, names, random, visited)
		if err == nil {
			err = w.home(all)
		}
		if err != nil {
			t.Fatalf("walk %d of seed %d: %v\nflow %s: %s", n, machineSeed, err, w.run.Flow, strings.Join(w.done, "; "))
		}
	}
	for _, screen := range []Screen{S2, S2a, S3, S4, S5a, S5i, S6, S7, S8, S10, S11, K1, K2, E1, E2, E2b, E3, E4, E5a, E5b, E5c, E6, E7, E8, E9, E10, E11, E12} {
		if !visited[screen] {
			t.Errorf("no walk came to %s", screen)
		}
	}
}

func newMachineWalk(random *rand.Rand) *machineWalk {
	flows := []Flow{FlowAndroid, FlowIOS, FlowSame, FlowKey, FlowAny}
	w := &machineWalk{at: situation{fresh: random.IntN(2) == 0, now: time.Unix(1_900_000_000, 0)}}
	w.run = Run{ID: "run", Flow: flows[random.IntN(len(flows))]}
	switch w.run.Flow {
	case FlowIOS:
		w.run.PhoneOS = IOS
	case FlowSame:
		w.run.PhoneOS = []PhoneOS{Android, IOS}[random.IntN(2)]
	}
	w.run.Screen, w.run.Furthest = w.run.first(), w.run.first()
	if !w.at.fresh {
		w.run.Screen, w.run.Furthest, w.run.After = S2, S2, w.run.first()
	}
	return w
}

// wander makes up to 40 moves, a third of them the one that the screen is for.
func (w *machineWalk) wander(all map[string]func(*machineWalk) bool, names []string, random *rand.Rand, visited map[Screen]bool) error {
	for range 40 {
		visited[w.run.Screen] = true
		if w.over() {
			return nil
		}
		move := names[random.IntN(len(names))]
		if random.IntN(3) == 0 {
			move = w.wayOn()
		}
		before := w.run
		if !all[move](w) {
			continue
		}
		w.done = append(w.done, move)
		if err := w.check(before, move); err != nil {
			return err
		}
	}
	return nil
}
