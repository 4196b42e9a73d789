package walk

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/rp"
)

// truth is what must be so, by what the walk saw.
type truth struct {
	stored     []string // ids of passkeys, oldest first
	gone       map[string]bool
	kept       map[string]kept // by id: what the relying party was told of a passkey
	strays     map[string]kept // refused and authentic, by id
	ceremonies []*ceremony
	superseded map[string]bool
	resultOf   map[string]string // by run
	counts     map[rp.Action]int
	last       made
	lastOf     *ceremony
	lastBy     sender
	refusedIn  map[string]kept // by run: the latest passkey that E2 may speak of
	strayIn    map[string]bool // by run: whether its latest ceremony made a passkey that was refused
	begun      map[string]beginning
	madeAt     map[string]time.Time // by id

	inAppRefused map[uuid.UUID]kept // of the app's

	proving bool            // this event may give a proof
	inApp   bool            // to the app
	renamed *renaming       // this event may rename
	deletes map[string]bool // ids that this event may delete
}

// beginning is when and under which policy a run began.
type beginning struct {
	at   time.Time
	rule string
}

// renaming is a name that was typed for a passkey.
type renaming struct{ id, typed string }

func (t *truth) begin() {
	t.gone, t.kept, t.strays = map[string]bool{}, map[string]kept{}, map[string]kept{}
	t.madeAt, t.inAppRefused = map[string]time.Time{}, map[uuid.UUID]kept{}
	t.strayIn, t.begun = map[string]bool{}, map[string]beginning{}
	t.refusedIn, t.superseded, t.resultOf, t.counts, t.deletes = map[string]kept{}, map[string]bool{}, map[string]string{}, map[rp.Action]int{}, map[string]bool{}
}

func (t *truth) has(id string) bool     { return slices.Contains(t.stored, id) }
func (t *truth) count(action rp.Action) { t.counts[action]++ }

func (t *truth) latest(run string) *ceremony {
	for _, c := range slices.Backward(t.ceremonies) {
		if c.run == run {
			return c
		}
	}
	return nil
}

// check holds everything that is kept against the truth.
func (w *walker) check() {
	w.checkRows()
	w.checkStrays()
	w.checkLogs()
	w.checkRuns()
	w.truth.proving, w.truth.inApp, w.truth.renamed = false, false, nil
	clear(w.truth.deletes)
}

func (w *walker) checkRows() {
	ids := map[string]bool{}
	for _, row := range w.entries().passkeys {
		ids[row.id] = true
		switch {
		case w.truth.gone[row.id]:
			w.fail("a deleted passkey is back")
		case !w.truth.has(row.id):
			w.fail("a passkey is stored that was never accepted")
		case row.kept != w.truth.kept[row.id]:
			w.fail("a passkey is stored as something that it is not: %s", row.kept.aaguid)
		}
	}
	for _, id := range slices.Clone(w.truth.stored) {
		if ids[id] {
			continue
		}
		if !w.truth.deletes[id] {
			w.fail("a passkey is gone that nobody deleted, or not with a fresh proof")
		}
		w.truth.stored = slices.DeleteFunc(w.truth.stored, func(one string) bool { return one == id })
		w.truth.gone[id] = true
		w.truth.count(rp.ActionPasskeyDeleted)
	}
}

func (w *walker) checkStrays() {
	want := map[string]kept{}
	for id, k := range w.truth.strays {
		want[hashOf(id)] = k
	}
	for _, row := range w.entries().strays {
		known, ok := want[row.hash]
		if !ok {
			w.fail("a passkey is remembered as refused (%s) that was not, or that is not authentic", row.reason)
		}
		if known.aaguid != row.aaguid {
			w.fail("a refused passkey is remembered as %s, and is %s", row.aaguid, known.aaguid)
		}
		want[row.hash] = kept{aaguid: row.aaguid, synced: true} // several runs may remember one
	}
	if len(want) > len(w.entries().strays) {
		w.fail("%d authentic passkeys were refused, %d are remembered", len(want), len(w.entries().strays))
	}
}

// checkLogs holds audit and outbox against what happened.
func (w *walker) checkLogs() {
	audited, told := w.entries().audited, w.entries().told
	gone := told[rp.ActionPasskeyDeleted] + told[rp.ActionPasskeyRemoved]
	for _, one := range []struct {
		action rp.Action
		told   int
	}{{rp.ActionPasskeyAdded, told[rp.ActionPasskeyAdded]}, {rp.ActionPasskeyDeleted, gone}} {
		if want := w.truth.counts[one.action]; audited[one.action] != want || one.told != want {
			w.fail("%s: %d times in the audit log and %d messages, want %d", one.action, audited[one.action], one.told, want)
		}
	}
	if audited[rp.ActionPasskeyRenamed] != told[rp.ActionPasskeyRenamed] {
		w.fail("%d renamed, %d messages", audited[rp.ActionPasskeyRenamed], told[rp.ActionPasskeyRenamed])
	}
	if audited[rp.ActionPasskeyRefused] < len(w.truth.strays) {
		w.fail("%d refusals in the audit log, %d refused passkeys", audited[rp.ActionPasskeyRefused], len(w.truth.strays))
	}
	w.checkProof(audited[rp.ActionProof])
}

// checkProof: a proof is given for a right code or an honest passkey only.
func (w *walker) checkProof(given int) {
	if given == w.truth.counts[rp.ActionProof] {
		return
	}
	if !w.truth.proving {
		w.fail("a proof was given for nothing")
	}
	w.truth.counts[rp.ActionProof] = given
	if w.truth.inApp {
		w.app.proofAt[w.app.session] = w.clock.Now()
		return
	}
	w.proofAt = w.clock.Now()
}

// checkRuns: one open run a session, no end without a row, and challenges only where somebody waits for them.
func (w *walker) checkRuns() {
	open, standing := map[string]int{}, map[string]runRow{}
	for _, run := range w.entries().runs {
		standing[run.id] = run
		path := "/security-info/add/" + run.id
		w.truth.superseded[path] = run.superseded
		if _, known := w.truth.begun[path]; !known {
			w.truth.begun[path] = beginning{w.clock.Now(), w.rule.name}
		}
		w.checkFound(run, path)
		if run.over {
			continue
		}
		if open[run.session]++; open[run.session] > 1 {
			w.fail("two open runs in one session")
		}
		done := run.screen == rp.S10 || run.screen == rp.S11
		if id := w.truth.resultOf[path]; done && (id == "" || id != run.result || !w.truth.has(id)) {
			w.fail("a run is on %s without a passkey", run.screen)
		}
		if run.screen.Problem() && run.problem == "" {
			w.fail("%s explains nothing", run.screen)
		}
	}
	w.checkChallenges(standing)
}

func (w *walker) checkChallenges(standing map[string]runRow) {
	openIn := map[string]int{}
	for _, c := range w.entries().ceremonies {
		if !c.open {
			continue
		}
		run := standing[c.run]
		if openIn[c.run+c.session]++; openIn[c.run+c.session] > 1 {
			w.fail("two open challenges in one run, or in one session of the app")
		}
		if c.run == "" {
			continue
		}
		if run.over || run.screen != rp.S8 && run.screen != rp.E9 && run.screen != rp.E11 {
			w.fail("a challenge is open while its run is on %s (over: %v)", run.screen, run.over)
		}
	}
	for _, c := range w.truth.ceremonies {
		if row := w.entries().ceremonyOf(c); c.answered && row != nil && row.open {
			w.fail("a challenge was answered and is still open")
		}
	}
}

// checkOptions is the third invariant: the exclude list is all stored ids, always.
func (w *walker) checkOptions(c *ceremony) {
	var got []string
	for _, e := range c.options.Exclude {
		got = append(got, e.ID)
	}
	if !sameSet(got, w.truth.stored) {
		w.fail("the exclude list has %d of %d passkeys", len(got), len(w.truth.stored))
	}
	for _, earlier := range w.truth.ceremonies {
		if earlier.options.Challenge == c.options.Challenge {
			w.fail("a challenge was given twice")
		}
		if earlier.options.User.ID != c.options.User.ID {
			w.fail("the user handle has changed")
		}
	}
	if len(c.challenge) < 16 || c.options.Timeout != 300_000 {
		w.fail("challenge of %d bytes, timeout %d", len(c.challenge), c.options.Timeout)
	}
	w.checkMayBegin(c)
}

// checkMayBegin: options mean that proof, policy and limit were in order.
func (w *walker) checkMayBegin(c *ceremony) {
	switch {
	case !w.clock.Now().Before(w.proven(c).Add(proofLife)):
		w.fail("options on a stale proof")
	case w.rule.closed || w.rule.attests && c.flow != "D" && c.flow != "E":
		w.fail("options against the policy %s", w.rule.name)
	case len(w.truth.stored) >= w.rule.limit:
		w.fail("options beyond the limit")
	case w.truth.superseded[c.run]:
		w.fail("options in a run that went on elsewhere")
	}
}

// checkExcluded: a phone that holds an excluded passkey says so, and no other does. It is what the list is for.
func (w *walker) checkExcluded(c *ceremony, p *pocket, name string) {
	holds := false
	for _, held := range p.device.Credentials() {
		holds = holds || w.truth.has(base64URL(held.ID))
	}
	if (name == "InvalidStateError") && !holds {
		w.fail("%s says that it has a passkey, which it has not", p.Name)
	}
}

// checkList is the fourth invariant: the list that pages hand to browsers is complete, or absent.
func (w *walker) checkList(p *page) {
	if p.accepted == "" {
		return
	}
	var list struct {
		AllAcceptedCredentialIDs []string `json:"allAcceptedCredentialIds"`
	}
	if err := json.Unmarshal([]byte(p.accepted), &list); err != nil {
		w.fail("the list of accepted passkeys: %v", err)
	}
	have := slices.Clone(w.truth.stored)
	have = slices.DeleteFunc(have, func(id string) bool {
		return w.truth.deletes[id] && !slices.Contains(list.AllAcceptedCredentialIDs, id)
	})
	if !sameSet(list.AllAcceptedCredentialIDs, have) {
		w.fail("the list of accepted passkeys has %d, stored are %d", len(list.AllAcceptedCredentialIDs), len(have))
	}
}

func sameSet(a, b []string) bool {
	in := func(list []string) map[string]int {
		m := map[string]int{}
		for _, each := range list {
			m[each]++
		}
		return m
	}
	return maps.Equal(in(a), in(b))
}
