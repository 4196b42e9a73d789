package web

import (
	"net/http"

	"github.com/passkeylab/passkeylab/rp"
)

// appPage is the data of in-app.html (V1) and look-in-app.html (V2).
type appPage struct {
	base
	// ByBrowser says that the passkey may be made through a browser, too.
	ByBrowser bool
	// SeenURL is where V2 asks, every EveryMillis, for TotalMillis; NotSeenTitle is the document's title after that.
	SeenURL, NotSeenTitle    string
	EveryMillis, TotalMillis int64
}

// showInApp is V1: the app does the work, this page says so.
func (v *visit) showInApp(status int, run *rp.Run) error {
	page := appPage{base: v.runFrame(run, v.tongue.T("inapp.title")), ByBrowser: v.rp.MayAddByBrowser(v.user)}
	return v.show(status, "in-app", page)
}

// showLook is V2. It looks once before it is shown, so that it works without a script, too.
func (v *visit) showLook(status int, run *rp.Run) error {
	run, err := v.rp.LookInApp(v.ctx(), v.sid, run.ID)
	if err != nil {
		return err
	}
	if run.Screen != rp.V2 {
		return v.redirect(screenPath(run))
	}
	timers := v.rp.Timers()
	page := appPage{base: v.runFrame(run, v.tongue.T("inapp.looking_title")), ByBrowser: v.rp.MayAddByBrowser(v.user),
		SeenURL: runPath(run, "seen"), EveryMillis: timers.AppPoll.Milliseconds(), TotalMillis: timers.AppWait.Milliseconds()}
	page.NotSeenTitle = v.stepTitle(page.Run, v.tongue.T("inapp.not_seen_title"))
	return v.show(status, "look-in-app", page)
}

// seenInApp answers V2's question: where to go, or nothing while there is nothing to see.
func (s *Server) seenInApp(v *visit) error {
	var nothing struct{}
	if err := v.readJSON(&nothing); err != nil {
		return err
	}
	run, err := s.rp.LookInApp(v.ctx(), v.sid, v.r.PathValue("run"))
	if err != nil {
		return v.failInRun(err)
	}
	var answer struct {
		Next string `json:"next,omitempty"`
	}
	if run.Screen != rp.V2 {
		answer.Next = screenPath(run)
	}
	return v.writeJSON(http.StatusOK, answer)
}
