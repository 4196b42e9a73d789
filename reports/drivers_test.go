package reports_test

import (
	"bytes"
	"encoding/xml"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/reports"
)

func TestKeysTellDriversApart(t *testing.T) {
	for _, test := range []struct {
		result reports.Result
		want   string
	}{
		{reports.Result{ID: "WP-01", Driver: "hybrid"}, "WP-01/hybrid"},
		{reports.Result{ID: "WP-01", Driver: "bridge"}, "WP-01/bridge"},
		{reports.Result{ID: "rp/user-present"}, "rp/user-present"},
	} {
		if got := test.result.Key(); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

// twoDrivers is one journey over two drivers, as two processes of one suite would store it.
func twoDrivers() (one, two reports.Run) {
	one, two = smallRun(), smallRun()
	one.Results, two.Results = []reports.Result{refused()}, []reports.Result{overHybrid()}
	return one, two
}

func TestAJourneyOverTwoDriversIsTwoTestcases(t *testing.T) {
	run := reports.Merge(twoDrivers())
	for name, write := range map[string]func(reports.Run) ([]byte, error){
		"JUnit": func(run reports.Run) ([]byte, error) {
			var b bytes.Buffer
			err := reports.JUnit(&b, run)
			return b.Bytes(), err
		},
		"JUnitStrict": func(run reports.Run) ([]byte, error) {
			var b bytes.Buffer
			err := reports.JUnitStrict(&b, run)
			return b.Bytes(), err
		},
	} {
		data, err := write(run)
		if err != nil {
			t.Fatal(err)
		}
		var suites struct {
			Cases []struct {
				Class string `xml:"classname,attr"`
				Name  string `xml:"name,attr"`
			} `xml:"testsuite>testcase"`
		}
		if err := xml.Unmarshal(data, &suites); err != nil {
			t.Fatal(err)
		}
		if len(suites.Cases) != 2 || suites.Cases[0] == suites.Cases[1] || suites.Cases[0].Class != suites.Cases[1].Class {
			t.Errorf("%s: the testcases are %+v", name, suites.Cases)
		}
	}
	var b bytes.Buffer
	if err := reports.Summary(&b, run, nil); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "FAILED WP-01 [bridge]  ") {
		t.Errorf("the summary does not name the driver:\n%s", b.String())
	}
}

func TestMergeOrdersDriversOfOneStart(t *testing.T) {
	one, two := twoDrivers()
	if order := keysOf(reports.Merge(two, one)); !slices.Equal(order, []string{"WP-01/bridge", "WP-01/hybrid"}) {
		t.Errorf("the order is %q", order)
	}
}

func keysOf(run reports.Run) (keys []string) {
	for _, result := range run.Results {
		keys = append(keys, result.Key())
	}
	return keys
}

// compared cuts the comparison out of a page.
func compared(t *testing.T, run reports.Run) string {
	t.Helper()
	page := renderHTML(t, run, reports.Assets{})
	_, section, found := strings.Cut(page, `aria-labelledby="drivers"`)
	if !found {
		return ""
	}
	section, _, _ = strings.Cut(section, `<div class="ends">`)
	return section
}

func TestTheSameJourneyIsComparedOverItsDrivers(t *testing.T) {
	section := compared(t, smallRun())
	for _, want := range []string{
		`href="#j-wp-01-bridge"`, `href="#j-wp-01-hybrid"`, "NotAllowedError", "The operation either timed out or was not allowed.", "cross-platform", "hybrid, internal",
		"Google Password Manager", "policy.provider_not_allowed (E2)", "S11", "has one AAGUID and no provider to choose", "2.9 s",
		"The page can tell the drivers apart by the number of ceremonies, the attachment and the transports.",
	} {
		if !strings.Contains(section, want) {
			t.Errorf("the comparison does not say %q", want)
		}
	}
	if strings.Contains(section, "REG-04") {
		t.Error("a journey over one driver is compared with nothing")
	}
	if strings.Index(section, "j-wp-01-bridge") > strings.Index(section, "j-wp-01-hybrid") || strings.Index(section, "j-wp-01-hybrid") > strings.Index(section, ">devtools<") {
		t.Error("drivers are out of order")
	}
}

func TestComparisonsSayWhenThePageLearnedTheSame(t *testing.T) {
	revealing := func(id, journey, driver string, r *reports.Revealed) reports.Result {
		result := reports.Result{ID: id, Journey: journey, Driver: driver, State: reports.Passed}
		if r != nil {
			result.Ceremonies = []reports.Ceremony{{RevealedToPage: r}}
		}
		return result
	}
	refused := func(took time.Duration) *reports.Revealed {
		return &reports.Revealed{Outcome: "NotAllowedError", Took: took}
	}
	const same, apart = "The page learned the same over every driver.", "The page can tell the drivers apart"
	for _, test := range []struct {
		name        string
		results     []reports.Result
		says, lacks string
	}{
		{"equal but for the time", []reports.Result{revealing("A", "", "bridge", refused(time.Second)), revealing("A", "", "hybrid", refused(time.Minute))}, same, apart},
		{"one revealed nothing", []reports.Result{revealing("A", "", "bridge", nil), revealing("A", "", "hybrid", refused(0))}, "no ceremony was seen", "The page can"},
		{"another outcome", []reports.Result{revealing("A", "", "bridge", &reports.Revealed{Outcome: "AbortError"}), revealing("A", "", "hybrid", refused(0))}, apart + " by the outcome.", same},
		{"a family of two ids", []reports.Result{revealing("A1", "A", "bridge", refused(0)), revealing("A2", "A", "hybrid", refused(0))}, same, apart},
	} {
		t.Run(test.name, func(t *testing.T) {
			section := compared(t, reports.Run{Results: test.results})
			if !strings.Contains(section, test.says) || strings.Contains(section, test.lacks) {
				t.Errorf("the comparison is %s", section)
			}
		})
	}
	for name, results := range map[string][]reports.Result{
		"one driver, twice": {revealing("A", "", "bridge", refused(0)), revealing("A", "", "bridge", refused(0))},
		"no driver":         {revealing("A", "", "", nil), revealing("A", "", "", nil)},
	} {
		if section := compared(t, reports.Run{Results: results}); section != "" {
			t.Errorf("%s is compared: %s", name, section)
		}
	}
}

func TestASkippedDriverSaysWhyInTheComparison(t *testing.T) {
	run := reports.Run{Results: []reports.Result{
		{ID: "A", Driver: "bridge", State: reports.Passed},
		{ID: "A", Driver: "hybrid", State: reports.Skipped, Reason: "dbus-daemon is not installed"},
	}}
	if section := compared(t, run); !strings.Contains(section, "dbus-daemon is not installed") {
		t.Errorf("the comparison is %s", section)
	}
}

func TestCoarse(t *testing.T) {
	for d, want := range map[time.Duration]time.Duration{
		1249 * time.Millisecond: 1200 * time.Millisecond, 9960 * time.Millisecond: 10 * time.Second, 31400 * time.Millisecond: 31 * time.Second,
	} {
		if got := reports.Coarse(d); got != want {
			t.Errorf("%v became %v, want %v", d, got, want)
		}
	}
}

func TestSameLooksAtAllButTheTime(t *testing.T) {
	one := reports.Revealed{Outcome: "OK", Message: "m", Attachment: "platform", Transports: []string{"usb"}, AAGUID: "a", Took: 1}
	for name, change := range map[string]func(*reports.Revealed){
		"outcome":    func(r *reports.Revealed) { r.Outcome = "x" },
		"message":    func(r *reports.Revealed) { r.Message = "x" },
		"attachment": func(r *reports.Revealed) { r.Attachment = "x" },
		"transports": func(r *reports.Revealed) { r.Transports = []string{"nfc"} },
		"AAGUID":     func(r *reports.Revealed) { r.AAGUID = "x" },
	} {
		other := one
		change(&other)
		if one.Same(other) || !other.Same(other) {
			t.Errorf("another %s is the same", name)
		}
	}
	later := one
	if later.Took = 2; !one.Same(later) {
		t.Error("another time is not the same")
	}
}
