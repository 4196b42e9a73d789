package web

import (
	"slices"
	"strings"
	"time"

	"github.com/passkeylab/passkeylab/rp"
)

// problemPage is the data of problem.html: every screen from E1 to E12.
type problemPage struct {
	base
	Code                        rp.Code
	Stray                       rp.Stray
	Tone, Icon                  string
	Body                        []string
	Provider, ProviderKey, Mark string
	AAGUID                      string
	NextTitle, StrayNote        string
	Checklist                   []string
	Steps                       []problemStep
	Hints                       []string
	Action, CancelURL           string
	Actions                     []actionView
	// Look makes the script ask for the outcome, every LookMillis, three times.
	Look       bool
	LookMillis int64
	OutcomeURL string
	// WaitMillis is how long the primary action stays closed (E11); WaitText says so without a script.
	WaitMillis int64
	WaitText   string
}

// problemStep is one numbered step, with a link, a remark or steps of its own.
type problemStep struct {
	Text, URL, Note string
	Sub             []string
}

// actionView is one button (with an event of the run) or link (with a URL).
type actionView struct {
	Text, Event, URL, Test, Style string
	// Method starts a run with it: a button of a page without a run.
	Method          rp.AddMethod
	Disabled, Check bool
}

// problemShape is what differs between the problem screens besides their words.
type problemShape struct {
	tone, icon string
	actions    []actionView
}

// The actions by screen. Text is a message key here; a first one without a URL is the primary.
var problemShapes = map[rp.Screen]problemShape{
	rp.E1:  {"warn", "phone", []actionView{{Text: "action.try_again", Event: "retry"}, {Text: "action.different_way", Event: "different", Test: "secondary-different"}, helpAction}},
	rp.E2:  {"bad", "wrong-place", []actionView{{Text: "action.removed", Event: "retry"}, {Text: "action.later", Event: "show", Test: "secondary-later"}}},
	rp.E2b: {"bad", "sync", []actionView{{Text: "action.removed", Event: "retry"}, {Text: "action.later", Event: "show", Test: "secondary-later"}}},
	rp.E3:  {"info", "passkey", []actionView{{Text: "action.show_passkeys", Event: "show"}, {Text: "action.different_device", Event: "different", Test: "secondary-different"}}},
	rp.E4:  {"warn", "info", []actionView{{Text: "action.manage_passkeys", Event: "show"}}},
	rp.E5a: {"warn", "blocked", []actionView{{Text: "action.back_to_info", Event: "show"}}},
	rp.E5b: {"warn", "blocked", []actionView{{Text: "action.back_to_info", Event: "show"}}},
	rp.E5c: {"info", "phone-key", []actionView{{Text: "action.how_to", URL: pathHelp}, {Text: "action.use_key", Event: "different", Test: "secondary-key"}}},
	rp.E5d: {"warn", "home", []actionView{{Text: "action.back_to_info", Event: "show"}}},
	rp.E6:  {"info", "lock", []actionView{{Text: "action.confirm", Event: "retry"}}},
	rp.E7:  {"warn", "clock", []actionView{{Text: "action.start_again", Event: "retry"}}},
	rp.E8:  {"warn", "screen", []actionView{{Text: "action.other_browser", URL: pathHelp + "#browser"}, {Text: "action.use_key", Event: "different", Test: "secondary-key"}}},
	rp.E9:  {"info", "sync", []actionView{{Text: "action.check_again", URL: "problem", Check: true}}},
	rp.E10: {"bad", "blocked", []actionView{{Text: "action.try_again", Event: "retry"}, {Text: "action.different_way", Event: "different", Test: "secondary-different"}}},
	rp.E11: {"warn", "clock", []actionView{{Text: "action.try_again", Event: "retry"}}},
	rp.E12: {"warn", "phone-key", []actionView{{Text: "action.removed", Event: "retry"}}},
}

var helpAction = actionView{Text: "action.help", URL: pathHelp, Test: "secondary-help"}

// lookInterval is how often the page of E9 asks what happened.
const lookInterval = 2 * time.Second

// problemScreen is the screen of a refusal; one that belongs to no problem page is a failed verification.
func problemScreen(refusal *rp.Refusal) rp.Screen {
	if screen := refusal.Code.Screen(); screen.Problem() {
		return screen
	}
	return rp.E10
}

// problemKey is what the message keys of a screen begin with: "problem.e2b_".
func problemKey(screen rp.Screen) string { return "problem." + strings.ToLower(string(screen)) + "_" }

// titleOf is the heading of a refusal, also the message of its JSON answer.
func (v *visit) titleOf(refusal *rp.Refusal) string {
	switch screen := refusal.Code.Screen(); screen {
	case rp.SIUnknown, rp.SIStray, rp.SIBlocked, rp.SIFailed:
		return v.tongue.T("signin_problem." + strings.TrimPrefix(string(screen), "SI-") + "_title")
	}
	switch refusal.Code {
	case rp.CodeLocked:
		return v.tongue.T("prove.locked_title")
	case rp.CodeWrongCode, rp.CodeCodeUsed:
		return v.tongue.T("prove.wrong_plain")
	case rp.CodePassNotYetValid, rp.CodePassExpired, rp.CodePassUsed, rp.CodeMethodTooWeak:
		return v.proofText(refusal.Code)
	case rp.CodeLastMethod:
		return v.tongue.T("delete.last_blocked")
	}
	return v.tongue.T(problemKey(problemScreen(refusal)) + "title")
}

// showProblem renders the page of a refusal. Without a run, or with one that has been taken over, its actions are
// plain links.
func (v *visit) showProblem(refusal *rp.Refusal, run *rp.Run) error {
	logged(v.ctx()).code = string(refusal.Code)
	page := v.problemPage(refusal, run)
	status := refusal.Code.Status()
	return v.show(status, "problem", page)
}

func (v *visit) problemPage(refusal *rp.Refusal, run *rp.Run) problemPage {
	screen := problemScreen(refusal)
	shape := problemShapes[screen]
	page := problemPage{Code: refusal.Code, Stray: refusal.Stray, Tone: shape.tone, Icon: shape.icon, ProviderKey: refusal.ProviderKey,
		NextTitle: v.tongue.T("problem.what_next")}
	title := v.titleOf(refusal)
	if run == nil {
		page.base = v.frame(screen, title)
		page.Shape, page.Section = "wizard", "info"
		page.CancelURL, page.Action = pathInfo, pathAdd
	} else {
		page.base = v.runFrame(run, title)
		page.Action = screenPath(run)
	}
	page.Body = v.problemBody(screen, refusal, run)
	v.problemSteps(&page, screen, refusal, run)
	page.Actions = v.problemActions(shape, refusal, run)
	switch {
	case refusal.Stray == rp.StrayYes && screen != rp.E2 && screen != rp.E2b && screen != rp.E12:
		page.StrayNote = v.tongue.T("problem.stray_yes")
	case refusal.Stray == rp.StrayPossible:
		page.StrayNote = v.tongue.T("problem.stray_possible")
	}
	for _, hint := range refusal.Hints {
		page.Hints = append(page.Hints, v.tongue.T(hint))
	}
	switch screen {
	case rp.E9:
		if run != nil {
			page.Look, page.LookMillis, page.OutcomeURL = true, lookInterval.Milliseconds(), runPath(run, "outcome")
		}
	case rp.E11:
		v.problemWait(&page, refusal)
	}
	return page
}

// problemWait closes the primary action of E11 until the time has come.
func (v *visit) problemWait(page *problemPage, refusal *rp.Refusal) {
	page.WaitText = v.tongue.T("problem.e11_now")
	left := refusal.RetryAt.Sub(v.rp.Now())
	if refusal.RetryAt.IsZero() || left <= 0 {
		return
	}
	page.WaitMillis = left.Milliseconds()
	page.WaitText = v.tongue.T("prove.locked", "Wait", v.tongue.Wait(left))
	page.Actions[0].Disabled = true
}

// problemBody is what happened, in one or two sentences.
func (v *visit) problemBody(screen rp.Screen, refusal *rp.Refusal, run *rp.Run) []string {
	key := problemKey(screen) + "body"
	switch {
	case screen == rp.E4:
		return []string{v.tongue.N(key, refusal.Limit, "Limit", refusal.Limit)}
	case screen == rp.E7 && refusal.Code == rp.CodeRunSuperseded:
		return []string{v.tongue.T(key + "_superseded")}
	case screen == rp.E1:
		return []string{v.tongue.T(key + placeWords(run))}
	case screen != rp.E2 && screen != rp.E2b:
		return []string{v.tongue.T(key)}
	case screen == rp.E2 && refusal.ProviderKey != rp.ProviderSecurityKey && !v.rp.AcceptsOnlyTheApp():
		if !refusal.ProviderKnown || refusal.Provider == "" {
			return []string{v.tongue.T(key + "_other_unknown")}
		}
		return []string{v.tongue.T(key+"_other", "Provider", refusal.Provider)}
	case refusal.ProviderKnown && refusal.Provider != "":
		return v.withSensor(run, screen, v.tongue.T(key, "Provider", refusal.Provider))
	case screen == rp.E2 && refusal.ProviderKey == rp.ProviderSecurityKey:
		return []string{v.tongue.T(key + "_key")}
	default:
		return v.withSensor(run, screen, v.tongue.T(key+"_unknown"))
	}
}

// placeWords is the ending of message keys that differ by where the passkey was to be saved; "" is a phone beside a
// computer.
func placeWords(run *rp.Run) string {
	if run == nil {
		return ""
	}
	return map[rp.Flow]string{rp.FlowSame: "_here", rp.FlowKey: "_key", rp.FlowAny: "_any"}[run.Flow]
}

// withSensor adds, for Android phones, how a passkey most often gets to the wrong place.
func (v *visit) withSensor(run *rp.Run, screen rp.Screen, body string) []string {
	if screen == rp.E2 && run != nil && run.PhoneOS == rp.Android {
		return []string{body, v.tongue.T("problem.e2_sensor")}
	}
	return []string{body}
}

// problemSteps is what to do now, in order.
func (v *visit) problemSteps(page *problemPage, screen rp.Screen, refusal *rp.Refusal, run *rp.Run) {
	key := problemKey(screen)
	switch {
	case screen == rp.E1:
		page.NextTitle = v.tongue.T("problem.e1_check")
		page.Checklist = v.tongue.Lines("problem.e1_steps" + placeWords(run))
		if run != nil && run.Flow == rp.FlowKey {
			page.Icon = "usb-key"
		}
	case screen == rp.E2 || screen == rp.E2b:
		v.removalProblem(page, refusal, run)
	default:
		for _, text := range v.tongue.Lines(key + "steps") {
			page.Steps = append(page.Steps, problemStep{Text: text})
		}
	}
}

// removalProblem is E2 and E2b: first the setting that is most often the cause, then the way to the stray, then
// another try.
func (v *visit) removalProblem(page *problemPage, refusal *rp.Refusal, run *rp.Run) {
	page.AAGUID = refusal.AAGUID
	inApp := run != nil && (run.Flow == rp.FlowAndroid || run.Flow == rp.FlowIOS || run.Flow == rp.FlowSame)
	if inApp && v.rp.AcceptsOnlyTheApp() {
		page.Steps = append(page.Steps, problemStep{Text: v.tongue.T("problem.e2_first"), URL: runPath(run, rp.S5a.Word()), Note: v.tongue.T("problem.e2_version")})
	}
	remove := problemStep{Text: v.tongue.T("problem.e2_remove_unknown"), Sub: v.removalSteps(refusal.Steps)}
	if refusal.ProviderKnown && refusal.Provider != "" {
		remove.Text = v.tongue.T("problem.e2_remove", "Provider", refusal.Provider)
		page.Provider, page.Mark = refusal.Provider, markOf(refusal.ProviderKey)
	}
	last := "problem.e2_last_any"
	switch {
	case inApp && v.rp.AcceptsOnlyTheApp():
		last = "problem.e2_last"
	case run != nil && run.Flow == rp.FlowKey:
		last = "problem.e2_last_key"
	}
	page.Steps = append(page.Steps, remove, problemStep{Text: v.tongue.T(last)})
}

// problemActions are the buttons. Without a run to move, an event becomes the link to where it would lead.
func (v *visit) problemActions(shape problemShape, refusal *rp.Refusal, run *rp.Run) []actionView {
	actions := make([]actionView, 0, len(shape.actions))
	for i, action := range shape.actions {
		action.Text = v.tongue.T(action.Text)
		if i == 0 {
			action.Test, action.Style = "primary", "primary"
		}
		switch {
		case i == 0 && refusal.Code == rp.CodeAttestationBlocksFlow && v.rp.HasApp(): // the app-first flow tells how
			action.URL, action.Event = "", string(rp.EventInApp)
			if run == nil {
				action.Event, action.Method = "", rp.AddInApp
			}
		case action.Check && run != nil:
			action.URL = screenPath(run)
		case action.Check:
			action.URL = pathInfo
		case run == nil && action.Event != "":
			action.URL = linkInstead(action.Event, refusal)
		}
		actions = append(actions, action)
	}
	if run != nil && slices.Contains(refusal.Hints, rp.HintInApp) && v.rp.HasApp() {
		actions = append(actions, actionView{Text: v.tongue.T("inapp.instead"), Event: string(rp.EventInApp), Test: "secondary-in-app"})
	}
	return actions
}

func linkInstead(event string, refusal *rp.Refusal) string {
	switch {
	case refusal.Code == rp.CodeSessionExpired:
		return pathSignIn
	case event == "show":
		return pathInfo
	default:
		return pathAdd
	}
}
