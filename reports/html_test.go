package reports_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/passkeylab/passkeylab/reports"
)

var sample = flag.String("sample", "", "folder to write the large sample report to, for looking at it")

func renderHTML(t *testing.T, run reports.Run, assets reports.Assets) string {
	t.Helper()
	var b bytes.Buffer
	if err := reports.HTML(&b, run, assets); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestHTMLEmbedsEqualPicturesOnce(t *testing.T) {
	run := largeRun(60)
	files := pictures(run)
	page := renderHTML(t, run, reports.Assets{Files: files})

	different := map[string]bool{}
	for _, file := range files {
		different[string(file.Data)] = true
	}
	if got := strings.Count(page, "data:image/jpeg"); got != len(different) {
		t.Errorf("%d thumbnails are embedded for %d different pictures", got, len(different))
	}
	if shown := strings.Count(page, `class="thumb t`); shown < 100 {
		t.Errorf("only %d thumbnails are shown", shown)
	}
	if *sample != "" {
		writeSample(t, run, files, page)
	}
}

func writeSample(t *testing.T, run reports.Run, files fs.FS, page string) {
	t.Helper()
	if err := os.CopyFS(*sample, files); err != nil {
		t.Log(err) // pictures of an earlier run may be there
	}
	if err := os.WriteFile(filepath.Join(*sample, "report.html"), []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d results, %d bytes", len(run.Results), len(page))
}

func TestHTMLAsksTheNetworkForNothing(t *testing.T) {
	run := largeRun(40)
	page := renderHTML(t, run, reports.Assets{Files: pictures(run)})
	for _, match := range regexp.MustCompile(`\b(?:src|href|action|poster|srcset)="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if strings.Contains(match[1], "//") || strings.HasPrefix(match[1], "data:") {
			t.Errorf("the page refers to %s", match[0])
		}
	}
	for _, match := range regexp.MustCompile(`url\(([^)]{0,30})`).FindAllStringSubmatch(page, -1) {
		if !strings.HasPrefix(match[1], "data:image/jpeg;base64,") {
			t.Errorf("the style refers to %s", match[1])
		}
	}
	if strings.Contains(page, "@import") || strings.Contains(page, "ZgotmplZ") {
		t.Error("the page imports something, or the template refused a value")
	}
}

func TestHTMLAnchorsMeetTheirTargets(t *testing.T) {
	run := largeRun(40)
	run.Results = append(run.Results, run.Results[0]) // a repeated journey
	page := renderHTML(t, run, reports.Assets{})
	ids := map[string]bool{}
	for _, match := range regexp.MustCompile(`\bid="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if ids[match[1]] {
			t.Errorf("two elements have the id %q", match[1])
		}
		ids[match[1]] = true
	}
	for _, match := range regexp.MustCompile(`\b(?:href="#|for="|aria-labelledby=")([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if !strings.HasPrefix(match[1], "state=") && !ids[match[1]] {
			t.Errorf("nothing has the id %q, which is referred to", match[1])
		}
	}
}

func TestHTMLShowsEveryResultAndItsStory(t *testing.T) {
	page := renderHTML(t, smallRun(), reports.Assets{})
	for _, want := range []string{
		"3 journeys need a look", "1772443800", "Chromium 156.0.7710.0", "make scenarios SEED=1772443800", "signalBehavior",
		"expected screen E2, got screen S11", "Your passkey is ready", "wrong_provider_test.go:41",
		"no Bluetooth is available here", "the honest control was refused", "EdDSA (-8) is not offered",
		"WP-01/trace%20%231.json", "net::ERR_ABORTED", "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4", "is backed up now",
		"authenticatorMakeCredential", "rpIdHash is not the SHA-256",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, result := range smallRun().Results {
		if !strings.Contains(page, result.Title) {
			t.Errorf("%s is missing", result.ID)
		}
	}
}

func TestHTMLEscapesWhatPagesSay(t *testing.T) {
	run := smallRun()
	evil := `"><script>alert(1)</script><img src=x onerror=alert(2)>`
	run.Suite, run.Command = evil, evil
	for i := range run.Results {
		result := &run.Results[i]
		result.ID, result.Title, result.Group, result.Driver, result.Reason, result.Reproduce = evil, evil, evil, evil, evil, evil
		result.Labels = []string{evil}
		result.Attachments = []reports.Attachment{{Name: evil, Path: "javascript:alert(3)"}}
		result.Console = []reports.ConsoleEntry{{Level: "error", Text: evil}}
	}
	page := renderHTML(t, run, reports.Assets{})
	if got := strings.Count(page, "<script"); got != 1 {
		t.Errorf("%d script elements", got)
	}
	if strings.Contains(page, "<img src=x") || strings.Contains(page, `href="javascript:`) {
		t.Error("text of a page became part of the report")
	}
}

func TestHTMLKeepsItsWeight(t *testing.T) {
	run := largeRun(40)
	files := pictures(run)
	bare := len(renderHTML(t, run, reports.Assets{}))
	limit := bare + 40_000

	page := renderHTML(t, run, reports.Assets{Files: files, MaxBytes: limit})
	if len(page) > limit {
		t.Errorf("%d bytes, allowed are %d", len(page), limit)
	}
	if !regexp.MustCompile(`\d+ thumbnails were left out`).MatchString(page) {
		t.Error("the page does not say that thumbnails were left out")
	}
	failed := page[strings.Index(page, `id="j-wp-01-bridge"`):]
	failed = failed[:strings.Index(failed, "Ceremony 1")]
	if got := strings.Count(failed, `class="thumb t`); got != 4 {
		t.Errorf("the failed journey kept %d of its 4 thumbnails", got)
	}

	for i := range run.Results {
		if run.Results[i].State == reports.Passed {
			run.Results[i].Network = make([]reports.NetworkEntry, 300)
		}
	}
	page = renderHTML(t, run, reports.Assets{Files: files, MaxBytes: limit})
	if len(page) > limit || !strings.Contains(page, "network entries of good results were left out") {
		t.Errorf("%d bytes with much network traffic, allowed are %d", len(page), limit)
	}
	if err := reports.HTML(io.Discard, run, reports.Assets{MaxBytes: 10_000}); err == nil {
		t.Error("a page that cannot fit was written")
	}
}

func TestHTMLWithoutItsPictures(t *testing.T) {
	run := smallRun()
	files := pictures(run)
	delete(files, "WP-01/3.jpg")
	files["WP-01/1.jpg"] = &fstest.MapFile{Data: []byte("not a picture")}
	page := renderHTML(t, run, reports.Assets{Files: files})
	if !strings.Contains(page, "2 pictures are missing or unreadable") {
		t.Error("the page does not say that two pictures are missing")
	}
	if !strings.Contains(page, `class="nothumb"`) || !strings.Contains(page, `href="WP-01/3.jpg"`) {
		t.Error("a missing picture has no link left")
	}
}

func TestHTMLShowsAScreenOnlyWhereItChanges(t *testing.T) {
	run := smallRun()
	result := &run.Results[0]
	for i := range result.Steps {
		result.Steps[i].Screenshot = &reports.Picture{Path: fmt.Sprintf("%d.jpg", i)}
	}
	run.Results = run.Results[:1]
	one, other := screen(1, 64, 45), screen(2, 64, 45)
	page := renderHTML(t, run, reports.Assets{Files: fstest.MapFS{
		"0.jpg": {Data: one}, "1.jpg": {Data: one}, "2.jpg": {Data: other}, "3.jpg": {Data: one},
	}})
	if shown, unchanged := strings.Count(page, `class="thumb t`), strings.Count(page, "unchanged<"); shown != 3 || unchanged != 1 {
		t.Errorf("%d screens are shown and %d said to be unchanged, want 3 and 1", shown, unchanged)
	}
}

// Journeys run in a new order each time; the page must not.
func TestHTMLOrderDoesNotDependOnTheRun(t *testing.T) {
	run := smallRun()
	order := func() []string {
		return regexp.MustCompile(`id="j-[^"]+`).FindAllString(renderHTML(t, run, reports.Assets{}), -1)
	}
	before := order()
	slices.Reverse(run.Results)
	if after := order(); len(before) != 7 || !slices.Equal(before, after) {
		t.Errorf("the order was %q and is %q", before, after)
	}
}

func TestWriteErrorsAreReturned(t *testing.T) {
	for name, write := range map[string]func(io.Writer) error{
		"HTML":    func(w io.Writer) error { return reports.HTML(w, smallRun(), reports.Assets{}) },
		"JUnit":   func(w io.Writer) error { return reports.JUnit(w, smallRun()) },
		"JSON":    func(w io.Writer) error { return reports.JSON(w, smallRun()) },
		"Summary": func(w io.Writer) error { return reports.Summary(w, smallRun(), nil) },
	} {
		if err := write(full{}); !errors.Is(err, errFull) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

var errFull = errors.New("no space left")

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }
