package dialog

import (
	"context"
	"encoding/json"
	"errors"
	"image"
	"slices"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

func TestStepsAreReadFromTheLog(t *testing.T) {
	const origin = "[1:2:1127/025900.25:VERBOSE1:components/device_event_log/device_event_log_impl.cc:214] [02:59:00.252] "
	tests := []struct {
		name, line string
		want       Step
	}{
		{"a step", origin + "FIDO: EVENT: authenticator_request_dialog_model.cc:158 UI step: kCableV2QRCode", QRCode},
		{"one that is not known here", origin + "FIDO: EVENT: moved.cc:1 UI step: kSomethingNew", "SomethingNew"},
		{"another event", origin + "FIDO: EVENT: make_credential_request_handler.cc:416 Starting MakeCredential flow: {", ""},
		{"no name", origin + "FIDO: EVENT: x.cc:158 UI step: k", ""},
		{"of another part of the browser", origin + "Bluetooth: EVENT: x.cc:1 UI step: kClosed", ""},
		{"what a page says", `[1:2:1127/025900.25:INFO:CONSOLE:1] "FIDO: UI step: kClosed", source: http://device_event_log_impl.cc:1] (1)`, ""},
		{"what a page says as if it were the browser", `[1:2:3:INFO:CONSOLE:1] "` + origin + `FIDO: EVENT: UI step: kClosed"`, ""},
		{"a bare line", "UI step: kClosed", ""},
		{"nothing", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got, ok := parseStep(test.line); got != test.want || ok != (test.want != "") {
				t.Errorf("got %q, %v", got, ok)
			}
		})
	}
}

func FuzzParseStep(f *testing.F) {
	f.Add("[1:2:3:VERBOSE1:device_event_log_impl.cc:214] [02:59:00.252] FIDO: EVENT: x.cc:158 UI step: kClosed")
	f.Add("] UI step: k")
	f.Fuzz(func(t *testing.T, line string) {
		step, ok := parseStep(line)
		if ok != (step != "") || strings.ContainsAny(string(step), " \t") {
			t.Errorf("%q, %v", step, ok)
		}
	})
}

// numbers tells the windows of a tree.
func (t *tree) numbers() []int {
	var found []int
	for _, window := range t.top.Children {
		found = append(found, window.number)
	}
	return found
}

func TestTheTreeFollowsTheEvents(t *testing.T) {
	var tr tree
	hear := func(method, params string) { tr.hear(method, json.RawMessage(params)) }
	hear("DOM.childNodeInserted", `{"parentNodeId":1,"node":{"nodeId":2}}`) // nothing was planted yet
	tr.plant(&element{ID: 1, Children: []*element{{ID: 2}}})
	hear("DOM.childNodeInserted", `{"parentNodeId":1,"previousNodeId":2,"node":{"nodeId":9,"children":[{"nodeId":10}]}}`)
	hear("DOM.childNodeInserted", `{"parentNodeId":1,"previousNodeId":0,"node":{"nodeId":20}}`)
	hear("DOM.childNodeInserted", `{"parentNodeId":10,"previousNodeId":0,"node":{"nodeId":11,"nodeName":"Widget","attributes":["name","AuthenticatorRequestDialogView"]}}`)
	if got := tr.numbers(); !slices.Equal(got, []int{3, 1, 2}) {
		t.Errorf("after three windows: %v", got)
	}
	if found := tr.top.dialogs(); len(found) != 1 || found[0].ID != 11 || tr.byID[11] != found[0] {
		t.Errorf("dialogs: %v", found)
	}
	hear("DOM.childNodeRemoved", `{"parentNodeId":1,"nodeId":9}`)
	for _, odd := range []string{`{"parentNodeId":1,"nodeId":9}`, `{"parentNodeId":77,"nodeId":2}`, `{"parentNodeId":77,"node":{"nodeId":78}}`, `{`} {
		hear("DOM.childNodeRemoved", odd)
	}
	hear("DOM.childNodeInserted", `{"parentNodeId":1,"previousNodeId":20,"node":{"nodeId":30}}`)
	if got := tr.numbers(); !slices.Equal(got, []int{3, 4, 1}) || len(tr.byID) != 4 {
		t.Errorf("after one closed and another opened: %v, %d elements", got, len(tr.byID))
	}
}

func FuzzTree(f *testing.F) {
	f.Add("DOM.childNodeInserted", []byte(`{"parentNodeId":1,"previousNodeId":2,"node":{"nodeId":9,"children":[{"nodeId":10}]}}`))
	f.Add("DOM.childNodeRemoved", []byte(`{"parentNodeId":1,"nodeId":2}`))
	f.Add("DOM.childNodeInserted", []byte(`{"parentNodeId":1,"node":{"nodeId":9,"attributes":["name"],"children":[null]}}`))
	f.Fuzz(func(t *testing.T, method string, params []byte) {
		var tr tree
		tr.plant(&element{ID: 1, Children: []*element{{ID: 2}}})
		for range 2 {
			tr.hear(method, params)
		}
		for _, dialog := range tr.top.dialogs() {
			_ = dialog.clone().class()
		}
	})
}

func TestTheCodeOfAnEarlierCeremonyIsLeftOut(t *testing.T) {
	code := func(text string) image.Image {
		matrix, err := qrcode.NewQRCodeWriter().Encode(text, gozxing.BarcodeFormat_QR_CODE, 200, 200, nil)
		if err != nil {
			t.Fatal(err)
		}
		return matrix
	}
	first, second, blank := code("FIDO:/1"), code("FIDO:/2"), image.NewGray(image.Rect(0, 0, 50, 50))
	var o oldCodes
	for i, look := range []struct {
		picture  image.Image
		ceremony int
		want     bool
	}{
		{blank, 0, true}, {first, 0, true}, {first, 0, true}, // the same dialog, drawn again
		{first, 1, false}, {blank, 1, true}, {first, 1, false}, {second, 1, true}, {second, 1, true},
		{second, 2, false}, {first, 2, false}, {blank, 2, true},
	} {
		if o.pass(look.picture, look.ceremony) != look.want {
			t.Errorf("look %d is not %v", i, look.want)
		}
	}
}

func TestAWaitEndsWithTheWindow(t *testing.T) {
	w := &Window{closed: make(chan struct{})}
	close(w.closed)
	if _, err := w.state(context.Background()); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}
