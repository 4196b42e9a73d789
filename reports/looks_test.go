package reports_test

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/passkeylab/passkeylab/reports"
)

func hybridRun() reports.Run {
	run := smallRun()
	run.Results = []reports.Result{overHybrid()}
	return run
}

func TestPageWindowAndPhoneStandSideBySide(t *testing.T) {
	run := hybridRun()
	page := renderHTML(t, run, reports.Assets{Files: pictures(run)})
	if got := strings.Count(page, `<div class="looks n3">`); got != 3 {
		t.Errorf("%d steps show three views, want 3", got)
	}
	order := regexp.MustCompile(`<figcaption><b>([^<]+)`).FindAllStringSubmatch(page, -1)
	for i, want := range []string{"page", "browser window", "phone"} {
		if len(order) < 3 || order[i][1] != want {
			t.Fatalf("the views are in the order %q", order)
		}
	}
	// Two steps have words only for the phone, and one a picture.
	if got := strings.Count(page, `<div class="handset android"`); got != 2 {
		t.Errorf("%d phones are drawn, want 2", got)
	}
	for _, want := range []string{
		"Create a passkey for Larkspur?", ">Continue<span class=\"tap\">tapped", "Copy text<span class=\"sr\"> (cannot be tapped)", "P11 provider sheet", "82 %",
		`aria-label="Screenshot: Phone: P16 sent, “Passkey saved”, in Google Password Manager; controls: OK"`,
		`aria-label="Screenshot: Browser window: QR code; controls: Cancel"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %s", want)
		}
	}
}

func TestViewsThatDoNotChangeAreSaidToBeUnchanged(t *testing.T) {
	run := hybridRun()
	steps := run.Results[0].Steps[1:3]
	steps[1].Views = steps[0].Views
	for i := range steps {
		steps[i].Screenshot = &reports.Picture{Path: fmt.Sprintf("%d.jpg", i)}
	}
	run.Results[0].Steps = steps
	files := fstest.MapFS{"0.jpg": {Data: screen(1, 64, 45)}, "1.jpg": {Data: screen(9, 64, 45)}}
	for _, v := range steps[0].Views {
		if v.Picture != nil {
			files[v.Picture.Path] = &fstest.MapFile{Data: screen(3, 64, 45)}
		}
	}
	unchanged := func() int {
		return strings.Count(renderHTML(t, run, reports.Assets{Files: files}), ">unchanged<")
	}
	if got := unchanged(); got != 2 {
		t.Errorf("%d views are unchanged, want the window and the phone", got)
	}
	steps[1].State = reports.Failed
	if got := unchanged(); got != 0 {
		t.Errorf("%d views are hidden where it failed", got)
	}
}

func TestAStepThatChangesNothingInSightIsOneLine(t *testing.T) {
	run := hybridRun()
	steps := slices.Clone(run.Results[0].Steps[1:3])
	steps[0].Screenshot, steps[1].Screenshot = nil, nil
	steps[1].Views = steps[0].Views
	run.Results[0].Steps = steps
	files := fstest.MapFS{}
	for _, v := range steps[0].Views {
		if v.Picture != nil {
			files[v.Picture.Path] = &fstest.MapFile{Data: screen(3, 64, 45)}
		}
	}
	page := renderHTML(t, run, reports.Assets{Files: files})
	if looks, unchanged := strings.Count(page, `class="looks `), strings.Count(page, "unchanged<"); looks != 1 || unchanged != 1 {
		t.Errorf("%d steps show views and %d are said to be unchanged, want one of each", looks, unchanged)
	}
}

func TestPicturesOfViewsAreEvidence(t *testing.T) {
	run := hybridRun()
	run.Results[0].State = reports.Failed
	var b bytes.Buffer
	if err := reports.JUnit(&b, run); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`name="evidence" value="WP-01-hybrid/3-window.jpg"`, `name="evidence" value="WP-01-hybrid/4-phone.jpg"`,
		"phone: P11 provider sheet, “Create a passkey for Larkspur?”, in Google Password Manager", "revealed to the page: OK, cross-platform, hybrid internal, AAGUID ea9b8d66",
		"evidence:  WP-01-hybrid/4-page.jpg",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("JUnit does not say %s", want)
		}
	}
	page := renderHTML(t, run, reports.Assets{Files: fstest.MapFS{}})
	if !strings.Contains(page, "8 pictures are missing") {
		t.Error("missing pictures of views are not told")
	}
}

func TestManyViewsKeepTheWeight(t *testing.T) {
	run := hybridRun()
	for i := range 30 {
		again := overHybrid()
		again.ID = fmt.Sprintf("PH-%02d", i)
		run.Results = append(run.Results, again)
	}
	bare := len(renderHTML(t, run, reports.Assets{}))
	page := renderHTML(t, run, reports.Assets{Files: pictures(run), MaxBytes: bare + 12_000})
	if len(page) > bare+12_000 || !strings.Contains(page, "thumbnails were left out") {
		t.Errorf("%d bytes, allowed are %d", len(page), bare+12_000)
	}
	page = renderHTML(t, run, reports.Assets{MaxBytes: bare - 20_000})
	if len(page) > bare-20_000 || strings.Contains(page, `class="ladder`) {
		t.Errorf("%d bytes, allowed are %d, and the messages are the first to go", len(page), bare-20_000)
	}
}

func TestMessagesAreALadder(t *testing.T) {
	page := renderHTML(t, hybridRun(), reports.Assets{})
	for _, want := range []string{
		`<b>computer</b><b>air and tunnel</b><b>phone</b>`,
		`<li class="right l-dbus" style="--l:16.67%;--w:33.33%">`, // computer to air
		`<li class="left l-advert" style="--l:50.00%;--w:33.33%">`,
		`<li class="right l-handshake" style="--l:16.67%;--w:66.67%">`,
		`<li class="left l-ctap2" style="--l:16.67%;--w:66.67%">`, // told by its direction alone
		"phone to computer", "It came before the answer.", "authenticatorMakeCredential", "045e5e5e 5e5e5e5e",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not have %s", want)
		}
	}
	if strings.Contains(page, "ZgotmplZ") {
		t.Error("the template refused a style")
	}
}

func TestALadderWithoutAPhoneHasTwoLanes(t *testing.T) {
	exchanges := []reports.Exchange{
		{At: at(20), Layer: reports.LayerCTAP2, Direction: "response", Title: "later"},
		{At: at(10), Layer: reports.LayerCTAP2, Direction: "request", Title: "sooner"},
		{At: at(30), Layer: reports.LayerWebAuthn, Direction: "request", Title: "at the page"},
		{At: at(40), Layer: reports.LayerHybrid, Title: "without direction"},
	}
	run := func() reports.Run {
		return reports.Run{Results: []reports.Result{{ID: "A", State: reports.Passed, Started: began, Duration: time.Second, Ceremonies: []reports.Ceremony{{Exchanges: exchanges}}}}}
	}
	page := renderHTML(t, run(), reports.Assets{})
	if !strings.Contains(page, "<b>computer</b><b>authenticator</b>") {
		t.Error("the lanes are not computer and authenticator")
	}
	if strings.Index(page, "sooner") > strings.Index(page, "later") {
		t.Error("messages are not in the order of time")
	}
	if got := strings.Count(page, `<li class="here `); got != 2 {
		t.Errorf("%d messages stay where they are, want 2", got)
	}
	exchanges[0].At = time.Time{}
	if page = renderHTML(t, run(), reports.Assets{}); strings.Index(page, "sooner") < strings.Index(page, "later") {
		t.Error("without times the order of recording is lost")
	}
}
