package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
)

// The admin API mirrors the shapes of Microsoft Graph, so that what is written for one reads like what is written for
// the other. Its credential is the administrator's token, as a bearer token (RFC 6750 §2.1). Names are those of v1.0.

const (
	adminRoot  = "/admin/api/v1.0"
	adminUsers = adminRoot + "/users/{user}"
	adminKeys  = adminUsers + "/authentication/fido2Methods"
	adminPass  = adminUsers + "/authentication/temporaryAccessPassMethods"
	adminRules = adminRoot + "/policies/authenticationMethodsPolicy"
	adminKinds = adminRules + "/authenticationMethodConfigurations"
)

// adminRoutes are the addresses of the admin API.
var adminRoutes = []route{
	{"GET " + adminRoot + "/users", openAPI, api((*Server).adminListUsers)},
	{"GET " + adminUsers, openAPI, api((*Server).adminGetUser)},
	{"PATCH " + adminUsers, openAPI, api((*Server).adminChangeUser)},
	{"POST " + adminUsers + "/revokeSignInSessions", openAPI, api((*Server).adminRevokeSessions)},
	{"POST " + adminRoot + "/revokeSignInSessions", openAPI, api((*Server).adminRevokeAllSessions)},
	{"GET " + adminKeys, openAPI, api((*Server).adminListPasskeys)},
	{"POST " + adminKeys, openAPI, api((*Server).adminCreatePasskey)},
	{"GET " + adminKeys + "/creationOptions", openAPI, api((*Server).adminCreationOptions)},
	{"GET " + adminKeys + "/{key}", openAPI, api((*Server).adminGetPasskey)},
	{"DELETE " + adminKeys + "/{key}", openAPI, api((*Server).adminDeletePasskey)},
	{"GET " + adminPass, openAPI, api((*Server).adminListPasses)},
	{"POST " + adminPass, openAPI, api((*Server).adminIssuePass)},
	{"DELETE " + adminPass + "/{pass}", openAPI, api((*Server).adminDeletePass)},
	{"GET " + adminRules, openAPI, api((*Server).adminGetPolicy)},
	{"PATCH " + adminRules, openAPI, api((*Server).adminPatchPolicy)},
	{"GET " + adminKinds + "/{kind}", openAPI, api((*Server).adminGetConfiguration)},
	{"PATCH " + adminKinds + "/{kind}", openAPI, api((*Server).adminPatchConfiguration)},
	{"GET " + adminRoot + "/auditLogs/directoryAudits", openAPI, api((*Server).adminAudit)},
}

// api lets the administrator in, and answers errors in Graph's shape. Without an administrator there is no such address.
func api(handle func(*Server, *visit) error) func(*Server, *visit) error {
	return func(s *Server, v *visit) error {
		if !s.rp.HasAdmin() {
			return errNoPage
		}
		scheme, token, _ := strings.Cut(v.r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") {
			token = ""
		}
		err := s.rp.CheckAdmin(v.ctx(), token, clientOf(v.r))
		if refusal := rp.AsRefusal(err); refusal != nil && refusal.Code == rp.CodeWrongCredentials {
			v.w.Header().Set("WWW-Authenticate", `Bearer realm="admin"`)
			return v.graphError(http.StatusUnauthorized, "InvalidAuthenticationToken", v.tongue.T("admin.api_token"))
		}
		if err == nil {
			err = handle(s, v)
		}
		return v.asGraphError(err)
	}
}

// graphErrorJSON is the shape of every error of the admin API.
type graphErrorJSON struct {
	Error struct {
		Code    string             `json:"code"`
		Message string             `json:"message"`
		Details []graphProblemJSON `json:"details,omitempty"`
		Inner   struct {
			Date      time.Time `json:"date"`
			RequestID string    `json:"request-id"`
		} `json:"innerError"`
	} `json:"error"`
}

// graphProblemJSON is one thing that is wrong: where, and how.
type graphProblemJSON struct {
	Code    string `json:"code"`
	Target  string `json:"target,omitempty"`
	Message string `json:"message"`
}

func (v *visit) graphError(status int, code, message string, details ...graphProblemJSON) error {
	logged(v.ctx()).code = code
	var answer graphErrorJSON
	answer.Error.Code, answer.Error.Message, answer.Error.Details = code, message, details
	answer.Error.Inner.Date, answer.Error.Inner.RequestID = v.rp.Now(), rp.RequestID(v.ctx())
	return v.writeJSON(status, answer)
}

// asGraphError answers an error in Graph's shape. Faults of ours, and requests that HTTP itself finds wrong, keep their
// usual answers.
func (v *visit) asGraphError(err error) error {
	refusal, fields, problems := rp.AsRefusal(err), rp.FieldErrors(err), policy.Problems(err)
	switch {
	case err == nil:
		return nil
	case refusal != nil:
		extra := v.problemJSON(refusal, "")
		return v.graphError(refusal.Code.Status(), string(refusal.Code), extra.Message)
	case errors.Is(err, rp.ErrNotFound):
		return v.graphError(http.StatusNotFound, "itemNotFound", v.tongue.T("admin.api_no_item"))
	case errors.Is(err, rp.ErrConflict):
		return v.graphError(http.StatusPreconditionFailed, "preconditionFailed", v.tongue.T("admin.api_conflict"))
	case len(problems) > 0:
		details := make([]graphProblemJSON, len(problems))
		for i, problem := range problems {
			details[i] = graphProblemJSON{"invalidValue", problem.Path, problem.Text}
		}
		return v.graphError(http.StatusBadRequest, "badRequest", problems[0].Error(), details...)
	case len(fields) > 0:
		details := make([]graphProblemJSON, len(fields))
		for i, field := range fields {
			details[i] = graphProblemJSON{field.Problem, field.Field, v.fieldError(field)}
		}
		return v.graphError(http.StatusBadRequest, "badRequest", fields[0].Error(), details...)
	}
	return err
}

// writeGraph answers with a resource; name is its part of the metadata document.
func (v *visit) writeGraph(status int, name string, resource any) error {
	encoded, err := json.Marshal(resource)
	if err != nil {
		return err
	}
	whole := map[string]any{}
	if err := json.Unmarshal(encoded, &whole); err != nil {
		return err
	}
	whole["@odata.context"] = v.rp.Origin() + adminRoot + "/$metadata#" + name
	return v.writeJSON(status, whole)
}

func (v *visit) writeGraphList(name string, list any) error {
	return v.writeGraph(http.StatusOK, name, map[string]any{"value": list})
}

// readGraph reads a JSON body. Members that it does not know are annotations or belong to other products: passed over,
// as Graph does.
func (v *visit) readGraph(into any) error {
	body, err := v.readBody()
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return badRequest(err)
	}
	return nil
}

// adminTarget is the person of the address, by id or by user name.
func (v *visit) adminTarget() (*rp.User, error) {
	id := v.r.PathValue("user")
	user, err := v.rp.User(v.ctx(), id)
	if errors.Is(err, rp.ErrNotFound) {
		user, err = v.rp.UserByName(v.ctx(), id)
	}
	return user, err
}
