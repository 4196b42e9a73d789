package journeys

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/reports"
)

// revealed adds to the ceremonies that reached the relying party what the page alone knows of them: how long its call took. What
// ended without a credential never reached anybody else, so those ceremonies are added, each where it happened.
func revealed(recorded []reports.Ceremony, spy *browser.Spy) []reports.Ceremony {
	if spy == nil {
		return recorded
	}
	return revealedBy(recorded, spy.Calls())
}

func revealedBy(recorded []reports.Ceremony, calls []browser.Call) []reports.Ceremony {
	calls = slices.DeleteFunc(calls, func(call browser.Call) bool { return kindOf(call) == "" })
	// What was recorded before the page's own came over the API, when the world was made as it is given.
	before := map[string]int{}
	for _, ceremony := range recorded {
		before[ceremony.Kind]++
	}
	for _, call := range calls {
		if call.Outcome == "ok" {
			before[kindOf(call)]--
		}
	}
	var all []reports.Ceremony
	for len(recorded) > 0 && before[recorded[0].Kind] > 0 {
		before[recorded[0].Kind]--
		all, recorded = append(all, recorded[0]), recorded[1:]
	}
	for _, call := range calls {
		if call.Outcome != "ok" {
			all = append(all, ended(call))
			continue
		}
		for len(recorded) > 0 {
			ceremony := recorded[0]
			all, recorded = append(all, ceremony), recorded[1:]
			if before[ceremony.Kind]--; ceremony.Kind == kindOf(call) && before[ceremony.Kind] < 0 {
				if told := all[len(all)-1].RevealedToPage; told != nil {
					told.Took = reports.Coarse(call.Ended.Sub(call.Time))
				}
				break
			}
		}
	}
	return shareOut(append(all, recorded...), calls)
}

// ahead is how much later than the browser begins the page may say that its call began.
const ahead = 100 * time.Millisecond

// shareOut gives each message between computer and phone to the call of the page during which, or after which, it went over:
// the recorder knows only of ceremonies that reached the relying party, and would give those of the others to the next one.
func shareOut(all []reports.Ceremony, calls []browser.Call) []reports.Ceremony {
	byPage := make([]int, 0, len(calls)) // the ceremony of each call
	for i, next := len(all)-1, len(calls)-1; i >= 0 && next >= 0; i-- {
		if all[i].Kind == kindOf(calls[next]) {
			byPage, next = append(byPage, i), next-1
		}
	}
	slices.Reverse(byPage)
	if len(byPage) != len(calls) {
		return all // not all calls are among them: better late than at the wrong one
	}
	var went []reports.Exchange
	for i := range all {
		keep := all[i].Exchanges[:0:0]
		for _, exchange := range all[i].Exchanges {
			if len(calls) > 0 && (all[i].Kind == "" || !exchange.At.Before(calls[0].Time.Add(-ahead))) {
				went = append(went, exchange)
			} else {
				keep = append(keep, exchange)
			}
		}
		all[i].Exchanges = keep
	}
	for _, exchange := range went {
		at := len(calls) - 1
		for at > 0 && exchange.At.Before(calls[at].Time.Add(-ahead)) {
			at--
		}
		to := &all[byPage[at]]
		to.Exchanges = append(to.Exchanges, exchange)
	}
	return slices.DeleteFunc(all, func(c reports.Ceremony) bool { return c.Kind == "" && len(c.Exchanges) == 0 })
}

// kindOf is the kind of ceremony that a call of the page was; empty for one that is not over, and for autofill, which waits
// quietly and ends quietly.
func kindOf(call browser.Call) string {
	var asked []struct{ Mediation string }
	quiet := json.Unmarshal(call.Args, &asked) == nil && len(asked) > 0 && asked[0].Mediation == "conditional"
	switch {
	case call.Outcome == "" || quiet && call.Outcome != "ok":
		return ""
	case call.Name == "create":
		return reports.Registration
	case call.Name == "get":
		return reports.Authentication
	}
	return ""
}

// ended is a ceremony that gave the page no credential.
func ended(call browser.Call) reports.Ceremony {
	told := &reports.Revealed{Outcome: call.Outcome, Message: call.Message, Took: reports.Coarse(call.Ended.Sub(call.Time))}
	if !strings.HasSuffix(call.Outcome, "Error") { // the page itself gave up, for a reason of its own (DOM §3.1)
		told.Outcome, told.Message = "AbortError", fmt.Sprintf("the page gave up: %s", call.Outcome)
	}
	return reports.Ceremony{Kind: kindOf(call), At: call.Time, Duration: call.Ended.Sub(call.Time), Outcome: told.Outcome, RevealedToPage: told}
}
