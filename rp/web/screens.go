package web

import (
	"math"
	"net/http"

	"github.com/passkeylab/passkeylab/rp"
)

// choosePage is the data of choose.html, S1.
type choosePage struct {
	base
	Rows        []rowView
	NoneAllowed bool
	// SameDevice is true when the passkey would be made on the device that shows the page.
	SameDevice bool
	Error      string
}

type rowView struct {
	Method           rp.AddMethod
	Mark, Name, Text string
	Reason, Note     string
	Code             rp.Code
	Checked          bool
}

// rowReasons are the message keys of why a row cannot be chosen.
var rowReasons = map[rp.Code]string{
	rp.CodeMethodDisabled: "add.policy_disabled", rp.CodeUserExcluded: "add.policy_disabled", rp.CodeSelfServiceOff: "add.policy_self_service",
	rp.CodeAttestationBlocksFlow: "add.policy_attestation", rp.CodeGuest: "add.policy_guest", rp.CodeSyncedNotAllowed: "add.policy_synced",
}

// chooseMethod is S1. What stops everybody is told on a page of its own, except self-service being off: then the
// rows stand there with the reason.
func (s *Server) chooseMethod(v *visit) error { return v.showChoose(http.StatusOK, "") }

func (v *visit) showChoose(status int, problem string) error {
	choices, refusal, err := v.rp.Choices(v.ctx(), v.sid)
	if err != nil {
		return err
	}
	if refusal != nil && refusal.Code != rp.CodeSelfServiceOff {
		return v.showProblem(refusal, nil)
	}
	_, onPhone := phoneOf(v.r)
	page := choosePage{NoneAllowed: true, SameDevice: onPhone, Error: problem}
	preview := &rp.Run{Flow: rp.FlowAndroid, Screen: rp.S1}
	if onPhone {
		preview.Flow = rp.FlowSame
	}
	page.base = v.runFrame(preview, v.tongue.T("add.title"))
	page.Run.ProofMillis = 0
	picked := false
	for _, choice := range choices {
		row := v.row(choice, onPhone)
		row.Checked = !picked && row.Reason == "" && choice.LeadsTo == ""
		picked = picked || row.Checked
		page.NoneAllowed = page.NoneAllowed && row.Reason != ""
		page.Rows = append(page.Rows, row)
	}
	return v.show(status, "choose", page)
}

func (v *visit) row(choice rp.Choice, onPhone bool) rowView {
	row := rowView{Method: choice.Method, Code: choice.Disabled}
	switch choice.Method {
	case rp.AddApp:
		row.Mark, row.Name, row.Text = "app", v.tongue.T("add.app_name"), v.tongue.T("add.app_text")
		if onPhone {
			row.Text = v.tongue.T("add.app_text_phone")
		}
	case rp.AddInApp:
		row.Mark, row.Name, row.Text = "app", v.tongue.T("add.in_app_name"), v.tongue.T("add.in_app_text")
	case rp.AddKey:
		row.Mark, row.Name, row.Text = "key", v.tongue.T("add.key_name"), v.tongue.T("add.key_text")
	default:
		row.Mark, row.Name, row.Text = "passkey", v.tongue.T("add.any_name"), v.tongue.T("add.any_text")
	}
	if choice.Disabled != "" {
		key, ok := rowReasons[choice.Disabled]
		if !ok {
			key = "add.policy_disabled"
		}
		row.Reason = v.tongue.T(key)
	}
	switch {
	case choice.LeadsTo != "":
		row.Note = v.tongue.T(rowReasons[choice.LeadsTo])
	case choice.Existing != nil:
		row.Note = v.tongue.T("add.app_have", "Date", v.tongue.Date(choice.Existing.CreatedAt))
	}
	return row
}

// startRun begins a run with the method chosen.
func (s *Server) startRun(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	method := rp.AddMethod(v.r.PostFormValue("method"))
	if method == "" {
		return v.showChoose(http.StatusUnprocessableEntity, v.tongue.T("add.choose_error"))
	}
	os, onPhone := phoneOf(v.r)
	run, err := s.rp.StartRun(v.ctx(), v.sid, rp.Start{Method: method, SameDevice: onPhone, PhoneOS: os})
	if len(rp.FieldErrors(err)) > 0 {
		return v.showChoose(http.StatusUnprocessableEntity, v.tongue.T("add.choose_error"))
	}
	if err != nil {
		return err
	}
	return v.redirect(screenPath(run))
}

// confirmPage is the data of confirm.html, S2.
type confirmPage struct {
	base
	Expired bool
}

// pickPage is the data of which-phone.html (S4) and key-kind.html (K1).
type pickPage struct {
	base
	Picked, Error string
}

// getAppPage is the data of get-app.html, S3.
type getAppPage struct {
	base
	Android, IOS      bool
	PlayURL, AppleURL string
	QR                qrView
}

func (v *visit) showGetApp(status int, run *rp.Run) error {
	page := getAppPage{Android: true, IOS: true, PlayURL: v.stores.Android, AppleURL: v.stores.IOS}
	title := "app.title"
	if run.Flow == rp.FlowSame {
		title = "app.title_here"
		page.Android, page.IOS = run.PhoneOS == rp.Android, run.PhoneOS == rp.IOS
	} else {
		qr, err := drawQR(v.stores.Either)
		if err != nil {
			return err
		}
		page.QR = qr
	}
	page.base = v.runFrame(run, v.tongue.T(title))
	return v.show(status, "get-app", page)
}

// turnOnPage is the data of turn-on.html, S5a and S5i.
type turnOnPage struct {
	base
	Android    bool
	HelpKey    string
	OtherPhone string
}

func (v *visit) showTurnOn(status int, run *rp.Run) error {
	page := turnOnPage{base: v.runFrame(run, v.tongue.T("turnon.title")), Android: run.Screen == rp.S5a, HelpKey: "turnon.ios_help",
		OtherPhone: v.tongue.T("app.not_ios")}
	if page.Android {
		page.HelpKey, page.OtherPhone = "turnon.android_help", v.tongue.T("app.not_android")
	}
	return v.show(status, "turn-on", page)
}

// getReadyPage is the data of get-ready.html, S6.
type getReadyPage struct {
	base
	Checks []checkView
}

type checkView struct{ Icon, Title, Text string }

func (v *visit) showGetReady(status int, run *rp.Run) error {
	page := getReadyPage{base: v.runFrame(run, v.tongue.T("ready.title"))}
	camera := "ready.camera_android"
	if run.Flow == rp.FlowIOS {
		camera = "ready.camera_ios"
	}
	for _, check := range []struct{ icon, title, text string }{
		{"bluetooth", "ready.bluetooth_title", "ready.bluetooth"}, {"wifi", "ready.internet_title", "ready.internet"},
		{"near", "ready.near_title", "ready.near"}, {"camera", "ready.camera_title", camera},
	} {
		page.Checks = append(page.Checks, checkView{check.icon, v.tongue.T(check.title), v.tongue.T(check.text)})
	}
	return v.show(status, "get-ready", page)
}

// namePage is the data of name.html, S10. NotSaved says that the server failed, Error that the name will not do.
type namePage struct {
	base
	Value, Error string
	NotSaved     bool
}

func (v *visit) showName(status int, run *rp.Run, page namePage) error {
	card, err := v.rp.Card(v.ctx(), v.sid, resultKey(run))
	if err != nil && !page.NotSaved {
		return err
	}
	kept := page.Value
	if err == nil {
		kept = card.Name
	}
	if page.Value == "" && page.Error == "" {
		page.Value = kept
	}
	if page.NotSaved {
		page.Error = v.tongue.T("name.failed", "Name", kept)
	}
	page.base = v.runFrame(run, v.tongue.T("name.title"))
	return v.show(status, "name", page)
}

// donePage is the data of done.html, S11.
type donePage struct {
	base
	Card   cardView
	TryURL string
}

func (v *visit) showDone(status int, run *rp.Run) error {
	card, err := v.rp.Card(v.ctx(), v.sid, resultKey(run))
	if err != nil {
		return err
	}
	page := donePage{base: v.runFrame(run, v.tongue.T("finish.title")), Card: v.card(*card, 1, nil), TryURL: provePath(pathInfo)}
	return v.show(status, "done", page)
}

// ceremonyPage is the data of ceremony.html: S7 or K2, S8 and S9 in one document.
type ceremonyPage struct {
	base
	RunURL                                    string
	ReadyScreen                               rp.Screen
	ReadyURL, WaitingURL, CheckingURL         string
	WaitingTitle, CheckingTitle               string
	Lead, LastTime, Sensor, Computer, Primary string
	Interrupted, Picture                      bool
	Steps, Notes                              []string
	WaitingIcon, WaitingHeading, WaitingBody  string
	WaitingStatus                             string
	StillList                                 []string
	MinutesLeft                               []minuteView
	DoNotDelete                               string
}

type minuteView struct {
	Minutes int
	Text    string
}

func (v *visit) showCeremony(status int, run *rp.Run) error {
	page := ceremonyPage{RunURL: pathAdd + "/" + run.ID, ReadyScreen: run.Screen, ReadyURL: screenPath(run),
		WaitingURL: runPath(run, rp.S8.Word()), CheckingURL: runPath(run, rp.S9.Word()), Interrupted: run.Interrupted,
		Primary: v.tongue.T("action.understand"), DoNotDelete: v.tongue.Lines("problem.e9_steps")[0]}
	title := v.fillCeremony(&page, run)
	page.base = v.runFrame(run, title)
	page.WaitingTitle = v.stepTitle(page.Run, page.WaitingHeading)
	page.CheckingTitle = v.stepTitle(page.Run, v.tongue.T("checking.title"))
	for m := int(math.Ceil((v.rp.Timers().Timeout + v.rp.Timers().PageGrace).Minutes())); m > 0; m-- {
		page.MinutesLeft = append(page.MinutesLeft, minuteView{Minutes: m, Text: v.tongue.N("date.minutes_left", m)})
	}
	if run.Attempt > 0 && run.Refusals > 0 {
		page.LastTime = v.tongue.T("save.last_time_unknown")
		if run.LastProvider != "" {
			page.LastTime = v.tongue.T("save.last_time", "Provider", run.LastProvider)
		}
	}
	return v.show(status, "ceremony", page)
}

// fillCeremony sets the words that differ by flow and returns the first screen's title.
func (v *visit) fillCeremony(page *ceremonyPage, run *rp.Run) (title string) {
	words := func(suffix, icon, steps string) {
		page.WaitingHeading, page.WaitingBody = v.tongue.T("waiting.title"+suffix), v.tongue.T("waiting.body"+suffix)
		page.WaitingIcon, page.Steps = icon, v.tongue.Lines(steps)
	}
	switch run.Flow {
	case rp.FlowKey:
		words("_key", "usb-key", "keyready.steps")
		page.WaitingStatus, page.StillList = v.tongue.T("waiting.status_key"), v.tongue.Lines("waiting.still_list_key")
		page.Notes, page.Primary = []string{v.tongue.T("keyready.gaps")}, v.tongue.T("action.next")
		if v.rp.AsksForAttestation(v.user) {
			page.Notes = append(page.Notes, v.tongue.T("keyready.shared"))
		}
		return v.tongue.T("keyready.title")
	case rp.FlowAny:
		words("_any", "passkey", "save.any_steps")
		page.WaitingStatus, page.StillList = v.tongue.T("waiting.status_any"), v.tongue.Lines("waiting.still_list_any")
		page.Lead = v.tongue.T("save.lead_any")
		return v.tongue.T("save.title_any")
	case rp.FlowSame:
		words("_here", "phone-key", "save.steps")
		page.StillList = v.tongue.Lines("waiting.still_list_here")
	default:
		words("", "phone-key", "save.steps")
		page.StillList = v.tongue.Lines("waiting.still_list")
		page.Computer = v.tongue.T("save.computer")
	}
	page.WaitingStatus, page.Lead, page.Picture = v.tongue.T("waiting.status"), v.tongue.T("save.lead"), true
	if run.PhoneOS == rp.Android {
		page.Sensor = v.tongue.T("save.sensor")
	}
	return v.tongue.T("save.title")
}
