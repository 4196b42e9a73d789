package rp_test

import (
	"testing"

	"github.com/passkeylab/passkeylab/rp"
)

func TestTheChosenLanguageStays(t *testing.T) {
	l := newLab(t)
	p := l.signedIn("mia")
	for _, tag := range []string{"de", "ar-EG", ""} {
		if err := l.SetLanguage(l.ctx, p.session.ID, tag); err != nil {
			t.Fatal(err)
		}
		user, err := l.User(l.ctx, p.user.ID)
		if err != nil || user.Language != tag {
			t.Errorf("after choosing %q the profile has %q, %v", tag, user.Language, err)
		}
	}
	if problems := rp.FieldErrors(l.SetLanguage(l.ctx, p.session.ID, "not a language")); len(problems) != 1 || problems[0].Field != "language" {
		t.Errorf("a tag that is none gives %v", problems)
	}
	if err := l.SetLanguage(l.ctx, "nobody", "de"); err == nil {
		t.Error("a language is kept without a session")
	}
}
