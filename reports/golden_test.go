package reports_test

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/passkeylab/passkeylab/reports"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// golden compares with a file of testdata, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; write it with -update", err)
	}
	if bytes.Equal(got, want) {
		return
	}
	gotLines, wantLines := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
	for i := range min(len(gotLines), len(wantLines)) {
		if !bytes.Equal(gotLines[i], wantLines[i]) {
			t.Fatalf("%s differs first at line %d (accept with -update):\n got: %s\nwant: %s", path, i+1, gotLines[i], wantLines[i])
		}
	}
	t.Fatalf("%s has %d lines, got %d (accept with -update)", path, len(wantLines), len(gotLines))
}

func TestGoldenFiles(t *testing.T) {
	run := smallRun()
	interrupted := reports.Run{Suite: "journeys", Tool: "passkeylab 0.1.0", Interrupted: true}
	for _, test := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{"run.json", func(w io.Writer) error { return reports.JSON(w, run) }},
		{"junit.xml", func(w io.Writer) error { return reports.JUnit(w, run) }},
		{"junit-strict.xml", func(w io.Writer) error { return reports.JUnitStrict(w, run) }},
		{"report.html", func(w io.Writer) error { return reports.HTML(w, run, reports.Assets{}) }},
		{"gallery.html", func(w io.Writer) error { return reports.Gallery(w, run) }},
		{"summary.txt", func(w io.Writer) error {
			return reports.Summary(w, run, []string{"reports/out/junit.xml", "reports/out/report.html"})
		}},
		{"nothing.xml", func(w io.Writer) error { return reports.JUnit(w, interrupted) }},
		{"nothing.html", func(w io.Writer) error { return reports.HTML(w, interrupted, reports.Assets{}) }},
		{"nothing.txt", func(w io.Writer) error { return reports.Summary(w, interrupted, nil) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			var first, second bytes.Buffer
			if err := test.write(&first); err != nil {
				t.Fatal(err)
			}
			if err := test.write(&second); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(first.Bytes(), second.Bytes()) {
				t.Fatal("the same run was written in two ways")
			}
			golden(t, test.name, first.Bytes())
		})
	}
}
