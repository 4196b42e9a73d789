package web

import (
	"errors"
	"net/http"
	"slices"

	"github.com/passkeylab/passkeylab/rp"
)

// stepNames are the message keys of the step list, by screen. Screens that only wait, prove or explain a problem
// belong to the step they interrupt.
var stepNames = map[rp.Screen]string{
	rp.S1: "step.choose", rp.S3: "step.app", rp.S4: "step.phone", rp.S5a: "step.settings", rp.S5i: "step.settings",
	rp.S6: "step.ready", rp.K1: "step.key", rp.K2: "step.create", rp.S7: "step.create", rp.S10: "step.name", rp.S11: "step.done",
	rp.V1: "step.create", rp.V2: "step.look",
}

// runFrame returns the base of a page that belongs to a run.
func (v *visit) runFrame(run *rp.Run, title string) base {
	b := v.frame(run.Screen, title)
	b.Shape, b.Section = "wizard", "info"
	b.Run = v.runView(run)
	b.FullTitle = v.stepTitle(b.Run, title)
	return b
}

func (v *visit) stepTitle(run *runView, title string) string {
	return v.tongue.T("site.title_step", "Title", title, "N", run.N, "M", run.M)
}

func (v *visit) runView(run *rp.Run) *runView {
	n, of := run.Progress()
	view := &runView{Flow: run.Flow, Attempt: run.Attempt, N: n, M: of, Action: screenPath(run),
		CanGoBack: run.BackScreen() != "", InApp: v.rp.HasApp(), CancelAsks: run.CancelAsks(), Prove: provePath(screenPath(run))}
	title, body, confirm := "cancel_run.title", "cancel_run.body", "cancel_run.confirm"
	if view.CancelHarmless = run.Screen == rp.S10; view.CancelHarmless {
		title, body, confirm = "cancel_run.title_name", "cancel_run.body_name", "cancel_run.confirm_name"
	}
	view.CancelTitle, view.CancelBody, view.CancelConfirm = v.tongue.T(title), v.tongue.T(body), v.tongue.T(confirm)
	screens := append([]rp.Screen{rp.S1}, run.Screens()...)
	screens = slices.DeleteFunc(screens, func(s rp.Screen) bool { return stepNames[s] == "" })
	for i, screen := range screens {
		view.Steps = append(view.Steps, stepView{Number: i + 1, Name: v.tongue.T(stepNames[screen]), Done: i+1 < n, Current: i+1 == n})
	}
	view.ProofMillis = v.proofMillis(run)
	return view
}

// proofMillis is how long from now the page offers to confirm again, 0 where the proof no longer matters.
func (v *visit) proofMillis(run *rp.Run) int64 {
	if run.Screen == rp.S10 || run.Screen == rp.S11 || run.Screen == rp.S2a || run.Screen == rp.V1 || run.Screen == rp.V2 || v.session == nil {
		return 0
	}
	freshness := v.rp.Freshness(v.session, rp.ToChange)
	if !freshness.Fresh {
		return 0
	}
	return max(1, freshness.Until.Sub(v.rp.Now()).Milliseconds()-v.rp.Timers().ProofWarning.Milliseconds())
}

// resumeRun opens a run where it stands.
func (s *Server) resumeRun(v *visit) error {
	run, err := s.rp.Run(v.ctx(), v.sid, v.r.PathValue("run"))
	if err != nil {
		return err
	}
	if run.Over() && run.SupersededBy == "" {
		return v.redirect(pathInfo)
	}
	if run.SupersededBy != "" {
		return v.redirect(runPath(run, "problem"))
	}
	return v.redirect(screenPath(run))
}

// wizardScreen shows the screen of an address, or sends the reader to the one the run allows.
func (s *Server) wizardScreen(v *visit) error {
	run, err := s.rp.Run(v.ctx(), v.sid, v.r.PathValue("run"))
	if err != nil {
		return err
	}
	if run.SupersededBy != "" {
		return v.showProblem(&rp.Refusal{Code: rp.CodeRunSuperseded, Stray: rp.StrayPossible}, nil)
	}
	asked, ok := run.ScreenByWord(v.r.PathValue("step"))
	if !ok {
		if !isRunWord(v.r.PathValue("step")) {
			return errNoPage
		}
		return v.redirect(screenPath(run))
	}
	if run, err = s.rp.Visit(v.ctx(), v.sid, run.ID, asked); err != nil {
		return err
	}
	if run.Screen != asked {
		return v.redirect(screenPath(run))
	}
	return v.showScreen(http.StatusOK, run, "")
}

// isRunWord reports whether some run has a screen with that address.
func isRunWord(word string) bool {
	known := []rp.Screen{rp.S2, rp.S2a, rp.S3, rp.S4, rp.S5a, rp.S6, rp.S7, rp.S8, rp.S9, rp.S10, rp.S11, rp.K1, rp.K2, rp.V1, rp.V2, rp.E1}
	return slices.ContainsFunc(known, func(s rp.Screen) bool { return s.Word() == word })
}

// showScreen renders the run's screen. problem is the text beside the screen's field, "" for none.
func (v *visit) showScreen(status int, run *rp.Run, problem string) error {
	switch run.Screen {
	case rp.S2:
		expired := v.takeFlash().Notice == "confirm.expired"
		return v.show(status, "confirm", confirmPage{base: v.runFrame(run, v.tongue.T("confirm.title")), Expired: expired})
	case rp.S2a:
		return v.showProve(status, provePage{Error: problem}, run)
	case rp.S3:
		return v.showGetApp(status, run)
	case rp.S4:
		return v.show(status, "which-phone", pickPage{base: v.runFrame(run, v.tongue.T("phone.title")), Picked: string(run.PhoneOS), Error: problem})
	case rp.S5a, rp.S5i:
		return v.showTurnOn(status, run)
	case rp.S6:
		return v.showGetReady(status, run)
	case rp.K1:
		return v.show(status, "key-kind", pickPage{base: v.runFrame(run, v.tongue.T("keykind.title")), Picked: string(run.KeyTransport), Error: problem})
	case rp.S7, rp.K2:
		return v.showCeremony(status, run)
	case rp.V1:
		return v.showInApp(status, run)
	case rp.V2:
		return v.showLook(status, run)
	case rp.S10:
		return v.showName(status, run, namePage{})
	case rp.S11:
		return v.showDone(status, run)
	}
	if run.Screen.Problem() && run.Problem != nil {
		return v.showProblem(run.Problem, run)
	}
	return v.redirect(screenPath(run))
}

// wizardStep moves the run by what was pressed, and sends the reader to the screen it is on then.
func (s *Server) wizardStep(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	id, event := v.r.PathValue("run"), v.r.PostFormValue("event")
	switch event {
	case "prove":
		return s.proveRun(v, id)
	case "name":
		return s.nameRun(v, id)
	}
	in := rp.Input{Event: rp.Event(event), From: rp.Screen(v.r.PostFormValue("from")), PhoneOS: rp.PhoneOS(v.r.PostFormValue("phone")),
		KeyTransport: rp.KeyTransport(v.r.PostFormValue("key"))}
	run, err := s.rp.Step(v.ctx(), v.sid, id, in)
	if refusal := rp.AsRefusal(err); refusal != nil && refusal.Code == rp.CodeRunSuperseded {
		return v.showProblem(refusal, nil)
	}
	if err != nil {
		return err
	}
	if in.Event == rp.EventNext && run.Screen == in.From && (run.Screen == rp.S4 || run.Screen == rp.K1) {
		key := map[rp.Screen]string{rp.S4: "phone.error", rp.K1: "keykind.error"}[run.Screen]
		return v.showScreen(http.StatusUnprocessableEntity, run, v.tongue.T(key))
	}
	v.leaveFor(run, in)
	return v.redirect(screenPath(run))
}

// leaveFor tells the next page what the step means for it: where the focus goes, what is announced.
func (v *visit) leaveFor(run *rp.Run, in rp.Input) {
	switch {
	case in.From == rp.S2a && in.Event == rp.EventBack && v.r.PostFormValue("expired") != "":
		v.leave(flash{Notice: "confirm.expired"})
	case run.Screen != rp.S0:
	case in.From == rp.S11 && len(run.ResultCredentialID) > 0:
		f := flash{Focus: tail(resultKey(run))}
		if card, err := v.rp.Card(v.ctx(), v.sid, resultKey(run)); err == nil {
			f.Toast = v.tongue.T("info.toast_added", "Name", card.Name)
		}
		v.leave(f)
	case in.Event == rp.EventShow:
		v.leave(flash{Focus: "list"})
	case in.Event == rp.EventCancel:
		v.leave(flash{Focus: "add"})
	}
}

// nameRun is Done on S10. The passkey is stored whatever happens here.
func (s *Server) nameRun(v *visit, id string) error {
	typed := v.r.PostFormValue("name")
	run, err := s.rp.NameRun(v.ctx(), v.sid, id, typed)
	if err == nil {
		return v.redirect(screenPath(run))
	}
	if rp.AsRefusal(err) != nil || errors.Is(err, rp.ErrNotFound) || errors.Is(err, rp.ErrOutOfStep) {
		return err
	}
	page, status := namePage{Value: typed}, http.StatusUnprocessableEntity
	if problems := rp.FieldErrors(err); len(problems) > 0 {
		page.Error = v.fieldError(problems[0])
	} else {
		v.log.ErrorContext(v.ctx(), "name not saved", "id", rp.RequestID(v.ctx()), "error", err)
		page.NotSaved, status = true, http.StatusServiceUnavailable
	}
	if run, err = s.rp.Run(v.ctx(), v.sid, id); err != nil {
		return err
	}
	return v.showName(status, run, page)
}
