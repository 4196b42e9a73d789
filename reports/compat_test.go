package reports_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/passkeylab/passkeylab/reports"
)

// A run that was stored before steps had views, and results a family, is read and rendered as ever.
func TestOlderRunsAreRead(t *testing.T) {
	data, err := os.ReadFile("testdata/run-before-views.json")
	if err != nil {
		t.Fatal(err)
	}
	run, err := reports.Read(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if len(run.Results) != 6 {
		t.Fatalf("%d results were read, want 6", len(run.Results))
	}
	if again := stored(t, run); !bytes.Equal(again, data) {
		t.Error("members that the run does not have were added to it")
	}
	renderHTML(t, run, reports.Assets{})
}
