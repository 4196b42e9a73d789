package reports_test

import (
	"bytes"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/reports"
)

func said(title, sent, answer, got string) []reports.Exchange {
	return []reports.Exchange{
		{At: at(0), Layer: reports.LayerHTTP, Direction: "request", Title: title, Purpose: "with client data of type webauthn.get", Head: []string{"Content-Type: application/json"}, Text: sent, Length: len(sent)},
		{At: at(12), Layer: reports.LayerHTTP, Direction: "response", Title: answer, Text: got, Length: len(got)},
	}
}

// caseRun is a run of a suite of cases with one result in each state.
func caseRun() reports.Run {
	run := reports.Run{
		Suite: "rp", Subject: "staging", Tool: "passkeylab 0.1.0", Edition: "WebAuthn L3", Seed: 7, Started: began, Duration: 2 * time.Second,
		Versions: map[string]string{"profile": "l3"}, Command: "passkeylab check rp --target=staging.yaml --profile=l3 --seed=7",
		Results: []reports.Result{
			{
				ID: "reg/client-data/type-of-an-assertion", Title: "client data of an assertion is refused at registration", Group: "reg", Labels: []string{"S-CDJ-005"},
				Priority: "must", State: reports.Failed, Clauses: []string{"WebAuthn L3 §7.1 step 10"}, CVEs: []string{"CVE-2021-38299", "keycloak#50719", "elsewhere#1"},
				Fix: "Compare the type member with webauthn.create.", Duration: 10 * time.Millisecond, Reproduce: "passkeylab check rp --replay=reg/client-data/type-of-an-assertion",
				Failure:   &reports.Failure{Step: "registration with client data of type webauthn.get", Expected: "a refusal", Got: "accepted, HTTP 200", Message: "want a refusal, got accepted, HTTP 200"},
				Exchanges: append(said("POST https://staging.example/attestation/result", `{"id":"x","type":"public-key"}`, "200 OK (accepted)", `{"status":"ok","errorMessage":""}`), reports.Exchange{Direction: "request", Title: "POST https://staging.example/assertion/result"}),
			},
			{ID: "reg/challenge", Title: "another challenge is refused", Group: "reg", Priority: "must", State: reports.Passed, Clauses: []string{"WebAuthn L3 §7.1 step 8"}, Fix: "never shown", Duration: time.Millisecond},
			{ID: "auth/counter", Title: "a counter that stands still is told", Group: "auth", Priority: "should", State: reports.Advised, Expected: "our issue 12", Clauses: []string{"WebAuthn L3 §7.2 step 22"}, Fix: "Compare the counter."},
			{ID: "auth/whole", Title: "an honest sign-in is accepted", Group: "auth", Priority: "must", State: reports.Inconclusive, Reason: "honest control: no", Clauses: []string{"WebAuthn L3 §7.2"}},
			{ID: "att/tpm", Title: "a tpm statement is verified", Group: "att", Priority: "optional", State: reports.Skipped, Reason: "the server does not ask for attestation", Clauses: []string{"WebAuthn L3 §8.3"}},
		},
	}
	return run
}

// comparedRun is the same, compared with an earlier one.
func comparedRun() reports.Run {
	run, before := caseRun(), caseRun()
	before.Tool = "passkeylab 0.0.9"
	before.Results[0].State, before.Results[0].Failure = reports.Passed, nil
	before.Results[2].State, before.Results[2].Expected = reports.Failed, ""
	before.Results = append(before.Results, reports.Result{ID: "reg/old", Title: "an old case", State: reports.Passed})
	run.Since, run.Unused = reports.Compare(before, run), []string{"att/*"}
	run.Results[3].Repetition = 2
	return run
}

func TestAReportOfCases(t *testing.T) {
	run := comparedRun()
	var stored bytes.Buffer
	if err := reports.JSON(&stored, run); err != nil {
		t.Fatal(err)
	}
	again, err := reports.Read(&stored)
	if err != nil || !reflect.DeepEqual(again, run) {
		t.Errorf("what is read is not what was written: %v", err)
	}
	for _, test := range []struct {
		name  string
		write func(*bytes.Buffer) error
	}{
		{"cases.html", func(b *bytes.Buffer) error { return reports.HTML(b, run, reports.Assets{}) }},
		{"cases.xml", func(b *bytes.Buffer) error { return reports.JUnit(b, run) }},
		{"cases.txt", func(b *bytes.Buffer) error { return reports.Summary(b, run, nil) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			var b bytes.Buffer
			if err := test.write(&b); err != nil {
				t.Fatal(err)
			}
			golden(t, test.name, b.Bytes())
		})
	}
}

func TestTheReportOfCasesTellsWhatAReaderNeeds(t *testing.T) {
	page := renderHTML(t, caseRun(), reports.Assets{})
	for what, want := range map[string]string{
		"what was wanted":      `<dt>Wanted</dt><dd class="expected">a refusal</dd>`,
		"what was got":         `<dd class="got">accepted, HTTP 200</dd>`,
		"how to fix it":        "Compare the type member with webauthn.create.",
		"a CVE":                `<a href="https://www.cve.org/CVERecord?id=CVE-2021-38299" rel="noreferrer">CVE-2021-38299</a>`,
		"an issue":             `<a href="https://github.com/keycloak/keycloak/issues/50719" rel="noreferrer">`,
		"an unknown issue":     "</a> elsewhere#1 ",
		"what was sent":        "&#34;type&#34;: &#34;public-key&#34;",
		"what was answered":    "200 OK (accepted)",
		"how long it took":     `<span class="quiet">12 ms</span>`,
		"that nobody answered": "There was no answer.",
		"the whole command":    "passkeylab check rp --target=staging.yaml --profile=l3 --seed=7",
		"how to repeat one":    "--replay=reg/client-data/type-of-an-assertion",
		"an expected failure":  "<dt>Expected to fail</dt><dd>our issue 12</dd>",
		"the clause":           `<a href="#clause=WebAuthn%20L3%20%c2%a77.1%20step%2010">`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not tell %s: %s", what, want)
		}
	}
	if strings.Contains(page, "never shown") {
		t.Error("a case that passed is told how to be fixed")
	}
	// Clauses stand in the order of their numbers, not of their letters.
	if steps := regexp.MustCompile(`#clause=[^"]*(step%20\d+|8\.3)"`).FindAllStringSubmatch(page, -1); len(steps) != 4 || steps[0][1] != "step%208" || steps[1][1] != "step%2010" {
		t.Errorf("got %q", steps)
	}
}

// What the page points to outside is only what a reader may want to follow.
func TestTheReportOfCasesLoadsNothing(t *testing.T) {
	page := renderHTML(t, caseRun(), reports.Assets{})
	for _, match := range regexp.MustCompile(`<(\w+)[^>]*\b(?:src|href|action|srcset)="([^"]*//[^"]*)"`).FindAllStringSubmatch(page, -1) {
		if match[1] != "a" || !strings.HasPrefix(match[2], "https://www.cve.org/") && !strings.HasPrefix(match[2], "https://github.com/") {
			t.Errorf("the page refers to %s", match[0])
		}
	}
}
