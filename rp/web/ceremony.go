package web

import (
	"net/http"

	"github.com/passkeylab/passkeylab/rp"
)

// creationOptions issues the options of a registration: the run moves to S8.
func (s *Server) creationOptions(v *visit) error {
	var nothing struct{}
	if err := v.readJSON(&nothing); err != nil {
		return err
	}
	options, err := s.rp.BeginRegistration(v.ctx(), v.sid, v.r.PathValue("run"))
	if err != nil {
		return v.failInRun(err)
	}
	return v.writeJSON(http.StatusOK, ceremonyJSON{Ceremony: options.CeremonyID, PublicKey: options.Options, Timers: v.timers()})
}

// verifyCreation takes the attestation response. 201 means stored.
func (s *Server) verifyCreation(v *visit) error {
	body, err := v.readBody()
	if err != nil {
		return err
	}
	stored, err := s.rp.FinishRegistration(rp.WithNaming(v.ctx(), v.nameNew), v.sid, v.r.PathValue("run"), body)
	if err != nil {
		return v.failInRun(err)
	}
	return v.writeJSON(http.StatusCreated, nextJSON{Next: screenPath(stored.Run)})
}

// clientErrorReport is what the page saw instead of a response: the name of a DOMException or one of its own words.
type clientErrorReport struct {
	Name string `json:"name"`
}

func (s *Server) clientError(v *visit) error {
	var seen clientErrorReport
	if err := v.readJSON(&seen); err != nil {
		return err
	}
	run, err := s.rp.ReportClientError(v.ctx(), v.sid, v.r.PathValue("run"), seen.Name)
	if err != nil {
		return v.failInRun(err)
	}
	return v.writeJSON(http.StatusOK, nextJSON{Next: screenPath(run)})
}

// outcomeJSON tells what became of a ceremony whose answer was lost.
type outcomeJSON struct {
	State rp.OutcomeState `json:"state"`
	Next  string          `json:"next,omitempty"`
}

// outcome looks without changing anything that matters; settleOutcome closes the challenge, so that its answer is
// final.
func (s *Server) outcome(v *visit) error {
	return v.tellOutcome(s.rp.Outcome(v.ctx(), v.sid, v.r.PathValue("run")))
}

func (s *Server) settleOutcome(v *visit) error {
	return v.tellOutcome(s.rp.SettleOutcome(v.ctx(), v.sid, v.r.PathValue("run")))
}

func (v *visit) tellOutcome(found *rp.Outcome, err error) error {
	if err != nil {
		return v.failInRun(err)
	}
	answer := outcomeJSON{State: found.State}
	if found.State != rp.OutcomePending {
		answer.Next = screenPath(found.Run)
	}
	return v.writeJSON(http.StatusOK, answer)
}

// failInRun answers a refusal with the screen that the run is on because of it.
func (v *visit) failInRun(err error) error {
	refusal := rp.AsRefusal(err)
	if refusal == nil || refusal.Code == rp.CodeSessionExpired {
		return err
	}
	logged(v.ctx()).code = string(refusal.Code)
	run, runErr := v.rp.Run(v.ctx(), v.sid, v.r.PathValue("run"))
	if runErr != nil {
		return err
	}
	next := screenPath(run)
	if run.SupersededBy != "" {
		next = runPath(run, "problem")
	}
	return v.writeJSON(refusal.Code.Status(), v.problemJSON(refusal, next))
}
