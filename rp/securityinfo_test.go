package rp_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/rp"
)

// DEL-01, DEL-02, DEL-07, DEL-11, DEL-14.
func TestDelete(t *testing.T) {
	l := newLab(t)
	p := l.signedIn("mia")
	d := newDevice(appAndroid)
	gone, stays := p.register(d), p.register(newDevice(google).synced())
	session := must(l.signInWith(d, gone)).Session
	deletion, err := l.Delete(l.ctx, session.ID, b64(gone.id))
	if err != nil {
		t.Fatal(err)
	}
	if deletion.Provider.Name != "Larkspur ID" || len(deletion.Provider.Steps) == 0 || !deletion.WasThisSession {
		t.Errorf("%+v", deletion)
	}
	a := deletion.Accepted
	if a.RPID != testRPID || a.UserID != b64(p.user.Handle) || !slices.Equal(a.AllAcceptedCredentialIDs, []string{b64(stays.id)}) {
		t.Errorf("signal %+v", a)
	}
	if again := must(l.Accepted(l.ctx, session.ID)); !slices.Equal(again.AllAcceptedCredentialIDs, a.AllAcceptedCredentialIDs) {
		t.Errorf("signal later %+v", again)
	}
	_, err = l.Delete(l.ctx, p.session.ID, b64(gone.id))
	wantNotFound(t, err)
	_, err = l.signInWith(d, gone)
	wantRefused(t, err, rp.CodeSignInUnknown)
	// The session stays; the next sensitive act asks for proof.
	if s := must(l.Session(l.ctx, session.ID)); l.Freshness(s, rp.ToChange).Fresh {
		t.Error("the proof of the deleted passkey still counts")
	}
	_, err = l.Delete(l.ctx, session.ID, b64(stays.id))
	wantRefused(t, err, rp.CodeProofStale)
	if s := must(l.Session(l.ctx, p.session.ID)); !l.Freshness(s, rp.ToChange).Fresh {
		t.Error("another session lost its proof")
	}
	wantAudit(t, p, rp.ActionPasskeyDeleted, "")
	if notices := must(l.Notices(l.ctx, p.user.ID)); notices[0].Kind != rp.ActionPasskeyDeleted {
		t.Errorf("notices %+v", notices)
	}
	// DEL-12: the same authenticator can be added again.
	p.register(d)
}

// DEL-03, DEL-05, DEL-06, DEL-08, SEC-05, SEC-14.
func TestDeleteIsRefused(t *testing.T) {
	l := newLab(t)
	p, other := l.signedIn("mia"), l.signedIn("ben")
	made := p.register(newDevice(appAndroid))
	for _, key := range []string{b64(made.id), "", "%%%", "AA==", b64(random(1024)), b64(random(32))} {
		_, err := l.Delete(l.ctx, other.session.ID, key)
		wantNotFound(t, err)
		_, err = l.Rename(l.ctx, other.session.ID, key, "mine now")
		wantNotFound(t, err)
		_, err = l.Card(l.ctx, other.session.ID, key)
		wantNotFound(t, err)
	}
	l.clock.add(6 * time.Minute)
	_, err := l.Delete(l.ctx, p.session.ID, b64(made.id))
	wantRefused(t, err, rp.CodeProofStale)
	wantRefused(t, l.RemovePassword(l.ctx, p.session.ID), rp.CodeProofStale)
	must(l.ProveWithCode(l.ctx, p.session.ID, p.code()))
	must(0, l.RemovePassword(l.ctx, p.session.ID))
	_, err = l.Delete(l.ctx, p.session.ID, b64(made.id))
	wantRefused(t, err, rp.CodeLastMethod)
	if len(p.credentials()) != 1 {
		t.Error("deleted all the same")
	}
	second := p.register(newDevice(appAndroid))
	must(l.Delete(l.ctx, p.session.ID, b64(second.id)))
	_, err = l.SignInWithPassword(l.ctx, rp.PasswordSignIn{UserName: "mia", Password: testPassword, Code: "000000"})
	wantRefused(t, err, rp.CodeWrongCredentials)
	wantRefused(t, l.RemovePassword(l.ctx, other.session.ID), rp.CodeProofStale)

	fresh := l.signedIn("zoe")
	wantRefused(t, l.RemovePassword(l.ctx, fresh.session.ID), rp.CodeLastMethod)
	only := fresh.register(newDevice(appAndroid))
	must(l.Delete(l.ctx, fresh.session.ID, b64(only.id))) // DEL-03: the password remains
	if info := must(l.SecurityInfo(l.ctx, fresh.session.ID)); len(info.Cards) != 0 || len(info.OtherMethods) != 2 || info.AddRefused != nil {
		t.Errorf("%+v", info)
	}
}

func TestRename(t *testing.T) {
	l := newLab(t)
	p := l.signedIn("mia")
	one, two := p.register(newDevice(appAndroid)), p.register(newDevice(appAndroid))
	l.clock.add(20 * time.Minute) // no fresh proof needed
	if card := must(l.Rename(l.ctx, p.session.ID, b64(one.id), "  My <b>phone</b>  ")); card.Name != "My <b>phone</b>" || !card.NamedByUser {
		t.Errorf("%+v", card)
	}
	must(l.Rename(l.ctx, p.session.ID, b64(one.id), "My <b>phone</b>"))
	_, err := l.Rename(l.ctx, p.session.ID, b64(two.id), "my <b>PHONE</b>")
	if fields := rp.FieldErrors(err); len(fields) != 1 || fields[0].Suggestion != "my <b>PHONE</b> 2" {
		t.Fatalf("%v", err)
	}
	must(l.Rename(l.ctx, p.session.ID, b64(two.id), "my <b>PHONE</b> 2"))
	wantAudit(t, p, rp.ActionPasskeyRenamed, "")
	for name, problem := range map[string]string{
		"": rp.ProblemEmpty, "\u200b\u00a0": rp.ProblemEmpty, "a\nb": rp.ProblemForbidden, "a\u202eb": rp.ProblemForbidden,
		"a\u2066b": rp.ProblemForbidden, "\xff": rp.ProblemForbidden, strings.Repeat("x", 65): rp.ProblemTooLong,
		"a" + strings.Repeat("\u0301", 600): rp.ProblemTooLong,
	} {
		_, err := l.Rename(l.ctx, p.session.ID, b64(two.id), name)
		if fields := rp.FieldErrors(err); len(fields) != 1 || fields[0].Problem != problem || fields[0].Field != "name" {
			t.Errorf("%q: %v, want %s", name, err, problem)
		}
	}
	// EX-13.
	must(0, l.RenameAccount(l.ctx, p.user.ID, "mia.larsen"))
	if info := must(l.SecurityInfo(l.ctx, p.session.ID)); !info.Cards[0].OldAccountName || info.User.UserName != "mia.larsen" {
		t.Errorf("%+v", info.Cards[0])
	}
}

func TestCardsSayWhereAPasskeyLives(t *testing.T) {
	l := newLab(t)
	p := l.signedIn("mia")
	key := newDevice(uuid.Nil)
	key.transports = []string{"usb", "nfc"}
	p.register(key)
	eligible := newDevice(google)
	eligible.flags |= flagBE
	p.register(eligible)
	p.register(newDevice(google).synced())
	cards := must(l.SecurityInfo(l.ctx, p.session.ID)).Cards
	for i, want := range []struct {
		lives rp.Lives
		key   bool
		name  string
	}{{rp.LivesOneDevice, true, "Security key"}, {rp.LivesCanSync, false, "Google Password Manager"}, {rp.LivesSynced, false, "Google Password Manager 2"}} {
		if cards[i].Lives != want.lives || cards[i].SecurityKey != want.key || cards[i].Name != want.name {
			t.Errorf("card %d: %s key %v %q", i, cards[i].Lives, cards[i].SecurityKey, cards[i].Name)
		}
	}
	if cards[0].Provider.Key != rp.ProviderSecurityKey {
		t.Errorf("provider %+v", cards[0].Provider)
	}
}
