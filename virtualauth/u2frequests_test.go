package virtualauth_test

import (
	"slices"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

func TestU2FRequestsAreRemembered(t *testing.T) {
	s := newStage(t, u2fModel)
	start := s.clock.Now()
	s.info()
	s.u2f(u2fVersion, 0, nil)
	s.u2f(u2fAuthenticate, checkOnly, ours(make([]byte, 32)))
	s.person.err = errU2FBroken
	_, _, _ = s.U2F(t.Context(), u2fRegister, 1, registerMessage())
	s.person.err = nil

	want := []virtualauth.Request{
		{Command: ctap2.CommandGetInfo},
		{U2F: &virtualauth.U2FCommand{Instruction: u2fVersion, Status: swOK}},
		{
			Parameters: ours(make([]byte, 32)), Status: ctap2.Other,
			U2F: &virtualauth.U2FCommand{Instruction: u2fAuthenticate, P1: checkOnly, Status: swData},
		},
		{Parameters: registerMessage(), Status: ctap2.Other, U2F: &virtualauth.U2FCommand{Instruction: u2fRegister, P1: 1}},
	}
	same := func(a, b virtualauth.Request) bool {
		return a.At.Equal(start) && a.Command == b.Command && a.Status == b.Status && slices.Equal(a.Parameters, b.Parameters) &&
			(a.U2F == nil) == (b.U2F == nil) && (a.U2F == nil || *a.U2F == *b.U2F)
	}
	if got := s.Requests(); !slices.EqualFunc(got, want, same) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
	s.Requests()[1].U2F.Instruction = 9
	if s.Requests()[1].U2F.Instruction != u2fVersion {
		t.Error("what it tells shares memory with it")
	}
}
