package web

import "net/http"

func (s *Server) home(v *visit) error { return v.redirect(pathInfo) }

// health answers load balancers: 200 while the store answers.
func (s *Server) health(v *visit) error {
	if err := s.rp.Ready(v.ctx()); err != nil {
		return err
	}
	return v.writeJSON(http.StatusOK, map[string]string{"status": "ok"})
}

// setTheme keeps the choice of light, dark or automatic.
func (s *Server) setTheme(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	switch theme := v.r.PostFormValue("theme"); theme {
	case "light", "dark":
		v.keep(themeCookie, theme)
	case "auto":
		v.keep(themeCookie, "")
	default:
		return badRequest(nil)
	}
	return v.redirect(localPath(v.r.PostFormValue("return"), pathInfo))
}

// faqPage is the data of faq.html.
type faqPage struct {
	base
	Limit      int
	Cases      []struct{ See, Do string }
	WrongLead  string
	WrongSteps []string
	More       []struct{ ID, Question, Answer string }
}

// moreQuestions are the short ones, by the part of their message keys that they share.
var moreQuestions = []string{"listed", "bluetooth", "nothing", "network", "expired", "missing", "new_phone", "lost", "work", "cannot", "browser", "key"}

func (s *Server) faq(v *visit) error {
	page := faqPage{base: v.frame("help", v.tongue.T("help.title")), Limit: s.rp.Policy().Limit()}
	page.Section = "help"
	page.WrongLead, page.WrongSteps = v.tongue.T("help.wrong_lead_any"), v.tongue.Lines("help.wrong_steps_any")
	if s.rp.AcceptsOnlyTheApp() {
		page.WrongLead, page.WrongSteps = v.tongue.T("help.wrong_lead"), v.tongue.Lines("help.wrong_steps")
	}
	for _, n := range []string{"1", "2", "3", "4", "5"} {
		page.Cases = append(page.Cases, struct{ See, Do string }{v.tongue.T("help.existing_see_" + n), v.tongue.T("help.existing_do_" + n)})
	}
	for _, key := range moreQuestions {
		page.More = append(page.More, struct{ ID, Question, Answer string }{key, v.tongue.T("help.q_" + key), v.tongue.T("help.a_" + key)})
	}
	return v.show(http.StatusOK, "faq", page)
}
