package web

import "net/http"

// adminRevokeSessions ends all sessions of somebody, like Graph's action of the same name.
func (s *Server) adminRevokeSessions(v *visit) error {
	user, err := v.adminTarget()
	if err != nil {
		return err
	}
	return v.revokeSessions(user.ID)
}

// adminRevokeAllSessions ends the sessions of everybody: what Graph has no action for.
func (s *Server) adminRevokeAllSessions(v *visit) error { return v.revokeSessions("") }

func (v *visit) revokeSessions(userID string) error {
	if _, err := v.rp.EndSessionsOf(v.ctx(), userID); err != nil {
		return err
	}
	return v.writeGraph(http.StatusOK, "Edm.Boolean", map[string]any{"value": true})
}
