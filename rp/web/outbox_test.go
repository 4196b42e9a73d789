package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/rp"
)

func TestNoticesAreSentInTheLanguageOfTheirPerson(t *testing.T) {
	s := newSite(t)
	s.signIn()
	d := newDevice(t, appAndroid)
	s.register(d)
	s.post("/preferences/language", "language", "de", "return", "/outbox")
	s.script("/security-info/passkeys/" + text64(d.id) + "/delete")
	s.open("/outbox").wants(200, "outbox").has(`<h2 lang="de" dir="ltr">Ein Passkey wurde gelöscht</h2>`, `<h2 lang="en" dir="ltr">A passkey was added</h2>`)
	s.post("/preferences/language", "language", "ar", "return", "/outbox")
	s.open("/outbox").has(`dir="rtl"`, `<h2 lang="de" dir="ltr">Ein Passkey wurde gelöscht</h2>`)
}

func TestANoticeWithoutALanguageIsReadInTheReaders(t *testing.T) {
	s := newSite(t)
	s.signIn()
	s.damage("INSERT INTO notices (user_id, kind, subject, at) SELECT id, 'passkey.added', 'Old one', 1 FROM users WHERE user_name = 'mia'")
	s.open("/outbox").has(`<h2 lang="en" dir="ltr">A passkey was added</h2>`)
	s.post("/preferences/language", "language", "ja", "return", "/outbox")
	s.open("/outbox").has(`<h2 lang="ja" dir="ltr">`)
}

func TestTheAdministratorReadsEverybodysNotices(t *testing.T) {
	s := newSite(t, withAdmin)
	s.signIn()
	if a := s.get("/admin/outbox"); a.status != http.StatusSeeOther || a.header.Get("Location") != pathAdminSignIn {
		t.Errorf("a person who is no administrator gets %d %s", a.status, a.header.Get("Location"))
	}
	s.post(pathAdminSignIn, "token", adminToken)
	s.open("/admin/outbox").wants(200, "admin-outbox").has("no messages yet")
	s.open("/admin/policy").has(`href="/admin/outbox"`)
	eve, err := s.rp.SignUp(s.ctx, rp.Registration{UserName: "eve", DisplayName: "Eve", Password: testPassword})
	if err != nil {
		t.Fatal(err)
	}
	s.damage("INSERT INTO notices (user_id, kind, subject, at, language) VALUES ('" + eve.User.ID + "', 'passkey.added', '<b>Eves</b>', 1, 'de')")
	page := s.open("/admin/outbox").has(`data-kind="passkey.added"`, `lang="de"`, "&lt;b&gt;Eves&lt;/b&gt;", "eve").hasNot("<b>Eves")
	if strings.Count(page.body, `data-test="notice"`) != 1 {
		t.Error("the page has not one notice")
	}
}

func TestWithoutAnAdministratorNobodyReadsEverybodysNotices(t *testing.T) {
	s := newSite(t)
	s.signIn()
	s.get("/admin/outbox").wants(http.StatusNotFound, "error")
}
