package reports

import (
	"strings"
	"testing"
)

func TestALongReasonIsShownInBrief(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"short", "short"},
		{"two\n  lines", "two lines"},
		{strings.Repeat("é", 10), strings.Repeat("é", 10)},
		{strings.Repeat("é", 11), strings.Repeat("é", 9) + "…"},
	} {
		if got := brief(c.text, 10); got != c.want {
			t.Errorf("brief(%q) is %q, want %q", c.text, got, c.want)
		}
	}
}

func TestAFailureSaysNothingTwice(t *testing.T) {
	for _, c := range []struct {
		failure Failure
		all     bool
	}{
		{Failure{Expected: "E2", Got: "S10", Message: "the screen: expected E2, got S10"}, true},
		{Failure{Expected: "to contain E2", Got: "S10", Message: "E2"}, true},
		{Failure{Expected: "E2", Got: "S10"}, true},
		{Failure{Expected: "E2", Got: "S10", Message: "the browser ended"}, false},
		{Failure{Expected: "E2", Message: "expected E2"}, false},
		{Failure{Message: "connection refused"}, false},
	} {
		lines := strings.Join(failureLines(Result{Failure: &c.failure}), "\n")
		if told := strings.Contains(lines, "message:"); told == c.all {
			t.Errorf("%+v: message told: %v\n%s", c.failure, told, lines)
		}
	}
}

func TestVersionsOnTheOverview(t *testing.T) {
	got := versionViews(Run{Versions: map[string]string{"browser": "Chrome/156.0.1 (revision @a2)", "go": "go1.26", "passkeylab": "0.1"}})
	want := []versionView{{"Browser", "Chrome/156.0.1", "revision @a2"}, {"Go", "go1.26", ""}, {"passkeylab", "0.1", ""}}
	if len(got) != len(want) {
		t.Fatalf("got %+v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %+v, want %+v", got[i], want[i])
		}
	}
}
