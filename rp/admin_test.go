package rp_test

import (
	"strings"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/rp"
)

func TestAdministratorsCredential(t *testing.T) {
	const token = "sixteen-letters-or-more"
	home := rp.Client{IPPrefix: "10.0.0.0/24"}
	l := newLab(t, func(c *rp.Config) { c.AdminToken = token })
	if err := l.CheckAdmin(l.ctx, token, home); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		wantRefused(t, l.CheckAdmin(l.ctx, token+"x", home), rp.CodeWrongCredentials)
	}
	wantRefused(t, l.CheckAdmin(l.ctx, token, home), rp.CodeRateLimited)
	if err := l.CheckAdmin(l.ctx, token, rp.Client{IPPrefix: "10.0.1.0/24"}); err != nil {
		t.Errorf("another network: %v", err)
	}
	l.clock.add(time.Minute)
	if err := l.CheckAdmin(l.ctx, token, home); err != nil {
		t.Errorf("after the wait: %v", err)
	}
	if newest := must(l.LatestAudit(l.ctx, 1)); len(newest) != 1 || newest[0].Action != rp.ActionAdminRefused || newest[0].Target != home.IPPrefix {
		t.Errorf("logged %+v", newest)
	}
	if strings.Contains(l.log.String(), token) {
		t.Error("SEC-11: the log holds the credential")
	}
}

func TestWithoutAnAdministratorNoCredentialIsRight(t *testing.T) {
	l := newLab(t)
	for _, token := range []string{"", "anything"} {
		wantRefused(t, l.CheckAdmin(l.ctx, token, rp.Client{}), rp.CodeWrongCredentials)
	}
	_, err := rp.New(rp.Config{Origin: testOrigin, Organisation: "x", App: "y", Store: l.store, Clock: l.clock, Rand: strings.NewReader(""), AdminToken: "short"})
	if err == nil || !strings.Contains(err.Error(), "AdminToken") {
		t.Errorf("a short credential: %v", err)
	}
}
