package journeys

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/onsi/ginkgo/v2/types"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/reports"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

// A failure is read at night by somebody who did not write the journey.
func TestAFailureSaysWhatHappened(t *testing.T) {
	got := message(&reports.Failure{
		Step: "sees E2", Expected: "E2", Got: "screen S10", Message: "the screen: expected E2, got screen S10",
		Page:     &reports.PageView{Step: "S10", Heading: "Name your passkey", URL: "http://wp-01.localhost:1/x", Code: "some.code"},
		Evidence: []string{"evidence/wp-01/failure.jpg"},
	})
	for _, want := range []string{"step:     sees E2", "expected: E2", "got:      screen S10", `S10 "Name your passkey"`, "code some.code", "evidence: evidence/wp-01/failure.jpg"} {
		if !strings.Contains(got, want) {
			t.Errorf("the message lacks %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "error:") {
		t.Errorf("the message says the same twice:\n%s", got)
	}
	if got := message(&reports.Failure{Step: "opens /", Message: "connection refused"}); !strings.Contains(got, "error:    connection refused") {
		t.Errorf("an error without expectation is lost:\n%s", got)
	}
}

func TestHoldsTellsExpectedAndGot(t *testing.T) {
	if err := holds("the count", 2, gomega.Equal(2)); err != nil {
		t.Errorf("a matcher that matches: %v", err)
	}
	var unexpected *Unexpected
	if err := holds("the count", 3, gomega.Equal(2)); !errors.As(err, &unexpected) || !strings.Contains(unexpected.Expected, "2") || !strings.Contains(unexpected.Got, "3") {
		t.Errorf("a matcher that does not match: %v", err)
	}
	if err := holds("the count", "x", gomega.BeNumerically(">", 1)); err == nil || errors.As(err, &unexpected) {
		t.Errorf("a matcher of the wrong type must be an error of its own: %v", err)
	}
}

func TestResultsJoinTellingAndEnding(t *testing.T) {
	telling := reports.Result{Steps: []reports.Step{{Text: "opens /"}}, Failure: &reports.Failure{Step: "opens /", Message: "no answer"}, Reason: "why"}
	text, err := json.Marshal(telling)
	if err != nil {
		t.Fatal(err)
	}
	spec := types.SpecReport{
		LeafNodeText: "WP-01 is told where", ContainerHierarchyTexts: []string{"Wrong provider"}, State: types.SpecStateFailed,
		RunTime: time.Second, Failure: types.Failure{Message: "no answer", Location: types.CodeLocation{FileName: "/any/where/scenarios/journeys/a_test.go", LineNumber: 7}},
		ReportEntries: types.ReportEntries{{Name: entryName, Value: types.WrapEntryValue(string(text))}},
	}
	settings := &config.Config{}
	settings.Suite.Seed = 42
	got := resultOf(spec, settings)
	if got.ID != "WP-01" || got.Title != "is told where" || got.Group != "Wrong provider" || got.State != reports.Failed || len(got.Steps) != 1 {
		t.Errorf("got %+v", got)
	}
	if got.Failure == nil || got.Failure.Step != "opens /" || got.Failure.Location != "scenarios/journeys/a_test.go:7" {
		t.Errorf("the failure is %+v", got.Failure)
	}
	if want := "go tool ginkgo run --seed=42 --label-filter='id:WP-01' ./scenarios/journeys"; got.Reproduce != want {
		t.Errorf("reproduce is %q, want %q", got.Reproduce, want)
	}
	spec.State = types.SpecStatePassed
	if got := resultOf(spec, settings); got.State != reports.Passed || got.Failure != nil {
		t.Errorf("a journey that passed in the end: %+v", got)
	}
}

func TestStatesOfGinkgo(t *testing.T) {
	for state, want := range map[types.SpecState]reports.State{
		types.SpecStatePassed: reports.Passed, types.SpecStateFailed: reports.Failed, types.SpecStateTimedout: reports.Failed,
		types.SpecStateSkipped: reports.Skipped, types.SpecStatePanicked: reports.Aborted, types.SpecStateInterrupted: reports.Aborted,
		types.SpecStateAborted: reports.Aborted,
	} {
		if got := stateOf(state); got != want {
			t.Errorf("%s is %s, want %s", state, got, want)
		}
	}
}

func TestAFilterLeavesOutAndASkipDoesNot(t *testing.T) {
	if !leftOut(types.SpecReport{State: types.SpecStateSkipped}) {
		t.Error("a journey that a filter left out is reported")
	}
	if leftOut(types.SpecReport{State: types.SpecStateSkipped, Failure: types.Failure{Message: "needs the hybrid driver"}}) {
		t.Error("a journey that skipped itself is not reported")
	}
	if leftOut(types.SpecReport{State: types.SpecStatePassed}) {
		t.Error("a journey that passed is not reported")
	}
}

func TestALongValueIsShortenedInTheMiddle(t *testing.T) {
	if short := strings.Repeat("x", longestGot); brief(short) != short {
		t.Error("a value that fits was changed")
	}
	got := brief("begin" + strings.Repeat("é", 2*longestGot) + "end")
	if !strings.HasPrefix(got, "begin") || !strings.HasSuffix(got, "end") || len([]rune(got)) > longestGot+3 {
		t.Errorf("got %q", got)
	}
}

// One declaration makes a journey for each of its drivers; their names, stages and folders must never be shared.
func TestEachDriverMakesAJourneyOfItsOwn(t *testing.T) {
	house.config = &config.Config{}
	defer func() { house.config = nil }()
	drivers := Over(config.Bridge, config.Hybrid).Cannot(config.DevTools, oneAAGUID)
	var got []string
	for _, one := range drivers.variants("WP-01", "is told where") {
		got = append(got, one.text(), one.place(), one.filter())
		told := newTelling(one, Regular).result
		if !slices.Equal(told.Cannot, []reports.Inability{{Driver: "devtools", Reason: oneAAGUID}}) || told.ID != "WP-01" || told.Driver != string(one.driver) {
			t.Errorf("over %s the report says %+v", one.driver, told)
		}
	}
	want := []string{
		"WP-01 is told where", "wp-01", "id:WP-01 && driver:bridge",
		"WP-01 is told where (hybrid)", "wp-01-hybrid", "id:WP-01 && driver:hybrid",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	alone := Over(config.API).variants("RP-04", "gets one row")
	if len(alone) != 1 || alone[0].filter() != "id:RP-04" || alone[0].place() != "rp-04" || alone[0].cannot != nil {
		t.Errorf("a journey with one driver: %+v", alone)
	}
}

func TestOverHybridSheSitsAtAComputer(t *testing.T) {
	given := Given{Context: onAndroid()}
	if got := given.over(config.Hybrid).Context.Mobile; got != "" {
		t.Errorf("over hybrid the window is that of %s", got)
	}
	if got := given.over(config.Bridge).Context.Mobile; got != given.Context.Mobile {
		t.Errorf("over the bridge the window is that of %q", got)
	}
}

// A phone's screen goes into the report in words.
func TestThePhoneIsShownBesideThePage(t *testing.T) {
	held := holdPhone(t, phone.Text(""))
	if err := held.phone.Change(func(s *phone.Settings) { s.Bluetooth = phone.SwitchedOff }); err != nil {
		t.Fatal(err)
	}
	held.phone.OpenSettings()
	view := held.Shows()
	bluetooth := reports.Field{Name: "Bluetooth", Value: "off"}
	if view.Name != reports.ViewPhone || view.Title != "Settings" || view.State != "P0 idle" || view.Skin != reports.SkinAndroid || !slices.Contains(view.Status, bluetooth) {
		t.Errorf("the view is %+v", view)
	}
	if !slices.ContainsFunc(view.Controls, func(c reports.Control) bool { return c.Label == "Bluetooth" }) {
		t.Errorf("no control leads to Bluetooth: %+v", view.Controls)
	}
	if err := held.IPhone(17); err != nil {
		t.Fatal(err)
	}
	if skin := held.Shows().Skin; skin != reports.SkinIOS {
		t.Errorf("an iPhone looks like %s", skin)
	}
}

// The report tells every ceremony of the page, in its order: also those that nobody but the page came to know of.
// TestMessagesBelongToTheCallThatTheyWentOverIn gives the recorder's messages, which it counts to the next ceremony that the
// relying party hears of, to the calls of the page.
func TestMessagesBelongToTheCallThatTheyWentOverIn(t *testing.T) {
	at := func(seconds int) time.Time { return time.Unix(1772366400+int64(seconds), 0) }
	call := func(outcome string, began, ended int) browser.Call {
		return browser.Call{Name: "create", Outcome: outcome, Time: at(began), Ended: at(ended), Args: []byte(`[{}]`)}
	}
	message := func(title string, second int) reports.Exchange { return reports.Exchange{Title: title, At: at(second)} }
	titles := func(all []reports.Ceremony) (lines []string) {
		for _, ceremony := range all {
			line := ceremony.Kind + " " + ceremony.Outcome + ":"
			for _, exchange := range ceremony.Exchanges {
				line += " " + exchange.Title
			}
			lines = append(lines, line)
		}
		return lines
	}
	accepted := reports.Ceremony{Kind: reports.Registration, Outcome: "accepted", RevealedToPage: &reports.Revealed{Outcome: reports.OK}}
	accepted.Exchanges = []reports.Exchange{message("start", 0), message("advert", 11), message("shutdown", 13), message("advert2", 21)}
	got := titles(revealedBy([]reports.Ceremony{accepted}, []browser.Call{call("NotAllowedError", 10, 12), call("ok", 20, 22)}))
	want := []string{"registration NotAllowedError: advert shutdown", "registration accepted: start advert2"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	lost := reports.Ceremony{Outcome: "no ceremony was completed", Exchanges: []reports.Exchange{message("advert", 11)}}
	got = titles(revealedBy([]reports.Ceremony{lost}, []browser.Call{call("NotAllowedError", 10, 12)}))
	if want := []string{"registration NotAllowedError: advert"}; !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestWhatOnlyThePageKnowsIsTold(t *testing.T) {
	at := time.Unix(1772366400, 0)
	call := func(name, outcome, mediation string) browser.Call {
		return browser.Call{Name: name, Outcome: outcome, Time: at, Ended: at.Add(300 * time.Millisecond), Args: []byte(`[{"mediation":"` + mediation + `"}]`)}
	}
	ok := func(kind string) reports.Ceremony {
		return reports.Ceremony{Kind: kind, RevealedToPage: &reports.Revealed{Outcome: reports.OK}}
	}
	told := revealedBy([]reports.Ceremony{ok(reports.Registration), ok(reports.Registration), ok(reports.Authentication)}, []browser.Call{
		call("get", "AbortError", "conditional"), call("create", "NotAllowedError", ""), call("create", "timer", ""), call("create", "ok", ""),
		call("get", "ok", "conditional"), call("create", "", ""),
	})
	var got []string
	for _, ceremony := range told {
		got = append(got, fmt.Sprintf("%s %s %s", ceremony.Kind, ceremony.RevealedToPage.Outcome, ceremony.RevealedToPage.Took))
	}
	want := []string{
		"registration OK 0s", // over the API
		"registration NotAllowedError 300ms", "registration AbortError 300ms", "registration OK 300ms", "authentication OK 300ms",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
