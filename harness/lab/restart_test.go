package lab

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// TestARestartKeepsWhatIsStored restarts a relying party twice, the second time with another configuration.
func TestARestartKeepsWhatIsStored(t *testing.T) {
	s := raiseAPI(t, "restart-01")
	visitor := signedIn(t, s)
	if err := s.Give(t.Context(), provider.LarkspurIDAndroid()); err != nil {
		t.Fatal(err)
	}
	narrow := policy.AllowList(provider.LarkspurIDAndroid().Model.AAGUID)
	if err := s.RP.SetPolicy(t.Context(), narrow); err != nil {
		t.Fatal(err)
	}
	before, digest := s.RP, s.RP.PolicyDigest()
	if err := s.GoDown(); err != nil {
		t.Fatal(err)
	}
	if reply, err := visitor.Get(t.Context(), "/healthz"); err == nil {
		t.Errorf("while it was down somebody answered %s", reply)
	}
	if err := s.ComeUp(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if s.RP == before || s.RP.PolicyDigest() != digest {
		t.Error("it must be another relying party with the same policy")
	}
	answers(t, visitor, "/security-info")
	if err := s.Restart(t.Context(), func(c *rp.Config) { c.Organisation = "Heron" }); err != nil {
		t.Fatal(err)
	}
	if s.RP.Organisation() != "Heron" {
		t.Errorf("organisation %q after the change", s.RP.Organisation())
	}
	answers(t, visitor, "/security-info")
	if held, err := s.Passkeys(t.Context(), s.Account); err != nil || len(held) != 1 {
		t.Errorf("%d passkeys, %v", len(held), err)
	}
}

// TestAStageEndsWhileItsRelyingPartyIsDown leaves nothing to close twice.
func TestAStageEndsWhileItsRelyingPartyIsDown(t *testing.T) {
	s := raiseAPI(t, "restart-02")
	if err := s.GoDown(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestNodesShareDatabaseAndOrigin signs in at one node and is known at the other, whose clock differs.
func TestNodesShareDatabaseAndOrigin(t *testing.T) {
	s := raiseAPI(t, "restart-03")
	visitor := signedIn(t, s)
	node, err := s.AddNode(t.Context(), 10*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if got := node.RP.Now().Sub(s.RP.Now()); got != 10*time.Minute {
		t.Errorf("before they meet its clock is %s ahead", got)
	}
	visitor.Through(node)
	answers(t, visitor, "/security-info")
	if err := s.site.close(); err != nil {
		t.Fatal(err)
	}
	answers(t, visitor, "/security-info")
	visitor.Through(nil)
	if reply, err := visitor.Get(t.Context(), "/healthz"); err == nil {
		t.Errorf("the first node is closed, and answered %s", reply)
	}
}

func TestWhatRunsElsewhereCannotBeRestarted(t *testing.T) {
	s := &Stage{}
	_, node := s.AddNode(t.Context(), 0)
	for _, err := range []error{s.GoDown(), s.ComeUp(t.Context(), nil), s.Restart(t.Context(), nil), node} {
		if !errors.Is(err, ErrElsewhere) {
			t.Errorf("%v, want ErrElsewhere", err)
		}
	}
}

// raiseAPI raises a stage without a browser.
func raiseAPI(t *testing.T, id string) *Stage {
	t.Helper()
	l := bare(t)
	t.Cleanup(func() { closes(t, l) })
	s, err := l.Raise(t.Context(), StageOptions{ID: id, NoBrowser: true})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// signedIn is a visitor who is signed in to the stage's account.
func signedIn(t *testing.T, s *Stage) *Visitor {
	t.Helper()
	visitor, err := s.Visitor()
	if err == nil {
		err = visitor.SignIn(t.Context(), s.Account)
	}
	if err != nil {
		t.Fatal(err)
	}
	return visitor
}

// answers finds that a page opens, and is no other one.
func answers(t *testing.T, visitor *Visitor, path string) {
	t.Helper()
	reply, err := visitor.Get(t.Context(), path)
	if err != nil || reply.Status != http.StatusOK || reply.Path != path {
		t.Fatalf("%s: %v, %v", path, reply, err)
	}
}
