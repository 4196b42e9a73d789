package trace

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/reports"
)

var now = time.Date(2026, time.March, 2, 9, 30, 0, 0, time.UTC)

func TestRecorderPutsMessagesUnderTheirCeremony(t *testing.T) {
	r := &Recorder{}
	r.Exchange(CTAPRequest(now, append([]byte{1}, encode(map[int]any{1: []byte{9}})...)))
	r.Exchange(CTAPResponse(now, []byte{0x27}))
	r.Ceremony(Ceremony{Kind: reports.Registration, At: now, Origin: origin, Options: creationOptions(), Outcome: "NotAllowedError"})
	r.Exchange(CTAPRequest(now, []byte{4}))
	r.Ceremony(Ceremony{Kind: reports.Registration, At: now.Add(time.Second), Duration: time.Second, Origin: origin, Options: creationOptions(), Response: honest().registration()})
	r.Settle("accepted", true)
	r.Exchange(CTAPResponse(now, []byte{0}))
	r.Observe("asked %d times", 2)

	result := reports.Result{Observations: []string{"before"}}
	r.Fill(&result)
	if len(result.Ceremonies) != 2 || len(result.Observations) != 2 {
		t.Fatalf("got %+v", result)
	}
	first, second := result.Ceremonies[0], result.Ceremonies[1]
	if first.Accepted || first.Outcome != "NotAllowedError" || len(first.Exchanges) != 2 {
		t.Errorf("first: %+v", first)
	}
	if !second.Accepted || second.Outcome != "accepted" || second.Duration != time.Second || len(second.Exchanges) != 2 {
		t.Errorf("second: %+v", second)
	}
	if got := first.Exchanges[0]; got.Title != "authenticatorMakeCredential" || got.Text != "{1 / clientDataHash /: h'09'}" || got.Length != 5 {
		t.Errorf("request: %+v", got)
	}
	if got := first.Exchanges[1]; got.Title != "CTAP2_ERR_OPERATION_DENIED" || got.Direction != "response" {
		t.Errorf("response: %+v", got)
	}

	again := reports.Result{}
	r.Fill(&again)
	if len(again.Ceremonies[1].Exchanges) != 2 {
		t.Error("filling a result changed what is recorded")
	}
}

func TestRecorderLosesNothingWithoutACeremony(t *testing.T) {
	r := &Recorder{}
	r.Settle("accepted", true) // nothing to settle
	r.Exchange(CTAPRequest(now, nil))
	var result reports.Result
	r.Fill(&result)
	if len(result.Ceremonies) != 1 || result.Ceremonies[0].Exchanges[0].Title != "empty message" {
		t.Errorf("got %+v", result.Ceremonies)
	}
}

func TestRecorderTellsAnotherOrigin(t *testing.T) {
	r := &Recorder{}
	r.Ceremony(Ceremony{Kind: reports.Authentication, Origin: "https://evil.localhost", Response: honest().authentication()})
	var result reports.Result
	r.Fill(&result)
	if !strings.Contains(strings.Join(result.Ceremonies[0].Problems, "\n"), "https://evil.localhost") {
		t.Errorf("problems are %q", result.Ceremonies[0].Problems)
	}
}

func TestSecretsRegisteredLateAreScrubbed(t *testing.T) {
	r := &Recorder{Decoder: Decoder{Redactor: &Redactor{}}}
	r.Observe("typed battery-staple")
	r.Exchange(reports.Exchange{Title: "message", Text: "battery-staple"})
	r.Decoder.Redactor.Add("battery-staple")
	var result reports.Result
	r.Fill(&result)
	if strings.Contains(string(asJSON(result)), "battery") {
		t.Errorf("the secret is left in %+v", result)
	}
}

// What Fill hands out belongs to the result: changing it must not change the record.
func TestFillHandsOutCopies(t *testing.T) {
	r := &Recorder{}
	r.Ceremony(Ceremony{Kind: reports.Registration, Options: creationOptions(), Response: honest().registration()})
	var one, two reports.Result
	r.Fill(&one)
	one.Ceremonies[0].Client.Origin = "changed"
	one.Ceremonies[0].Authenticator.Flags[0].Name = "changed"
	*one.Ceremonies[0].Client.CrossOrigin = true
	r.Fill(&two)
	if text := string(asJSON(two)); strings.Contains(text, "changed") || *two.Ceremonies[0].Client.CrossOrigin {
		t.Errorf("the record was changed: %s", text)
	}
}

func TestRecorderIsSafeForSeveralGoroutines(t *testing.T) {
	r := &Recorder{Decoder: Decoder{Redactor: &Redactor{}}}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			r.Exchange(CTAPRequest(now, []byte{4}))
			r.Ceremony(Ceremony{Kind: reports.Registration, Options: creationOptions(), Response: honest().registration()})
			r.Settle("accepted", true)
			var result reports.Result
			r.Fill(&result)
		})
	}
	group.Wait()
	var result reports.Result
	r.Fill(&result)
	messages := 0
	for _, c := range result.Ceremonies {
		messages += len(c.Exchanges)
	}
	if len(result.Ceremonies) != 8 || messages != 8 {
		t.Errorf("%d ceremonies and %d messages, want 8 of each", len(result.Ceremonies), messages)
	}
}

type device func([]byte) ([]byte, error)

func (d device) Exchange(_ context.Context, request []byte) ([]byte, error) { return d(request) }

func TestTransportPassesOnAndRecords(t *testing.T) {
	gone := errors.New("unplugged")
	r := &Recorder{}
	for _, answer := range []error{nil, gone} {
		transport := Transport{Recorder: r, Now: func() time.Time { return now }, Inner: device(func(request []byte) ([]byte, error) {
			return append([]byte{0}, request...), answer
		})}
		response, err := transport.Exchange(t.Context(), []byte{4})
		if !errors.Is(err, answer) || len(response) != 2 {
			t.Errorf("got %x, %v", response, err)
		}
	}
	var result reports.Result
	r.Fill(&result)
	var titles []string
	for _, e := range result.Ceremonies[0].Exchanges {
		titles = append(titles, e.Title)
	}
	if got, want := strings.Join(titles, ", "), "authenticatorGetInfo, CTAP2_OK, authenticatorGetInfo, no response: unplugged"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDiagnosticNotationIsWrapped(t *testing.T) {
	got := CTAPRequest(now, append([]byte{2}, encode(map[int]any{1: "a, {b", 2: []int{1, 2}})...)).Text
	if want := "{1 / rpId /: \"a, {b\",\n  2 / clientDataHash /: [1, 2]}"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzCTAP(f *testing.F) {
	f.Add([]byte{1, 0xa1, 1, 2})
	f.Add([]byte{0xff})
	f.Add([]byte{1, 0x63, '\\', '"', '\''})
	f.Fuzz(func(t *testing.T, message []byte) {
		CTAPRequest(now, message)
		CTAPResponse(now, message)
		CTAPResponseTo(now, message, message)
	})
}
