package web

import (
	"net/http"

	"github.com/passkeylab/passkeylab/rp"
)

const pathAdminOutbox = "/admin/outbox"

// outboxPage is the data of outbox.html and of admin-outbox.html.
type outboxPage struct {
	base
	Notices []noticeView
}

// noticeView is one message as it was sent: in the language of the person it went to, whoever reads it now.
type noticeView struct {
	Kind          rp.Action
	To            string
	Sent          string // in the reader's language
	Lang, Dir     string
	Subject, Body string
}

// noticeKeys are the message keys of what a notice tells.
var noticeKeys = map[rp.Action]string{
	rp.ActionPasskeyAdded: "added", rp.ActionPasskeyDeleted: "deleted", rp.ActionPasskeyRenamed: "renamed",
	rp.ActionPasskeyRemoved: "removed", rp.ActionPassIssued: "pass_issued", rp.ActionPassDeleted: "pass_deleted",
	rp.ActionPasswordChanged: "password_changed",
}

// noticeView writes a notice in its own language. One that was kept without a language is read in the reader's.
func (v *visit) noticeView(n rp.Notice) noticeView {
	sent := v.texts.speak(n.Language, v.tongue.Lang())
	sent.in(v.cookie(zoneCookie))
	key, ok := noticeKeys[n.Kind]
	if !ok {
		key = "event"
	}
	return noticeView{
		Kind: n.Kind, To: n.UserName, Sent: v.tongue.Date(n.At), Lang: sent.Lang(), Dir: sent.Dir(),
		Subject: sent.T("outbox." + key + "_subject"), Body: sent.T("outbox."+key+"_body", "Name", n.Subject, "Date", sent.Date(n.At)),
	}
}

func (v *visit) noticeViews(notices []rp.Notice) (views []noticeView) {
	for _, n := range notices {
		views = append(views, v.noticeView(n))
	}
	return views
}

// outbox shows a person the messages that went to them, and nobody else's.
func (s *Server) outbox(v *visit) error {
	notices, err := s.rp.Notices(v.ctx(), v.user.ID)
	if err != nil {
		return err
	}
	page := outboxPage{base: v.frame("outbox", v.tongue.T("outbox.title")), Notices: v.noticeViews(notices)}
	page.Section = "outbox"
	return v.show(http.StatusOK, "outbox", page)
}

// adminOutbox shows the messages to everybody: what a mail server would have delivered.
func (s *Server) adminOutbox(v *visit) error {
	notices, err := s.rp.Notices(v.ctx(), "")
	if err != nil {
		return err
	}
	page := outboxPage{base: v.frame("admin-outbox", v.tongue.T("admin.outbox_title")), Notices: v.noticeViews(notices)}
	return v.show(http.StatusOK, "admin-outbox", page)
}
