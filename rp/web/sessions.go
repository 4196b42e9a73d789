package web

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/passkeylab/passkeylab/rp"
)

// sessionsPage is the data of sessions.html.
type sessionsPage struct {
	base
	Sessions []sessionView
}

// sessionView is one browser or app that is signed in.
type sessionView struct {
	Ref, Name, Network string
	Began, BeganAt     string
	Seen, SeenAt       string
	Here               bool
	End, EndText       string
}

// sessionsPage lists where the account is signed in, the one that was used last first.
func (s *Server) sessionsPage(v *visit) error {
	live, err := s.rp.Sessions(v.ctx(), v.user.ID)
	if err != nil {
		return err
	}
	slices.SortStableFunc(live, func(a, b rp.Session) int { return b.SeenAt.Compare(a.SeenAt) })
	page := sessionsPage{base: v.frame("sessions", v.tongue.T("sessions.title"))}
	page.Section, page.Toast = "info", v.takeFlash().Toast
	for i := range live {
		page.Sessions = append(page.Sessions, v.sessionView(&live[i]))
	}
	return v.show(http.StatusOK, "sessions", page)
}

func (v *visit) sessionView(s *rp.Session) sessionView {
	now := v.rp.Now()
	day := func(at time.Time) string {
		return v.tongue.T("date.both", "Date", v.tongue.Date(at), "Ago", v.tongue.Ago(at, now))
	}
	view := sessionView{Ref: s.Ref(), Name: s.Client.Family, Network: s.Client.IPPrefix, Began: day(s.CreatedAt), BeganAt: s.CreatedAt.UTC().Format(time.RFC3339),
		Seen: day(s.SeenAt), SeenAt: s.SeenAt.UTC().Format(time.RFC3339), Here: s.ID == v.sid}
	switch {
	case s.InApp():
		view.Name = v.rp.App()
	case view.Name == "":
		view.Name = v.tongue.T("sessions.unknown")
	}
	view.End, view.EndText = pathSessions+"/"+view.Ref+"/end", v.tongue.T("sessions.end_name", "Name", view.Name)
	return view
}

// endSession ends another session of the person's. One that is over already counts as done; that of somebody else looks the same.
func (s *Server) endSession(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	if err := s.rp.EndSession(v.ctx(), v.sid, v.r.PathValue("id")); err != nil && !errors.Is(err, rp.ErrNotFound) {
		return err
	}
	v.leave(flash{Toast: v.tongue.T("sessions.toast")})
	return v.redirect(pathSessions)
}
