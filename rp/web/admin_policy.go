package web

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
)

// The parts of the policy document that are resources of their own in Graph.
const (
	kindPasskeys = "fido2"
	kindPass     = "temporaryAccessPass"
)

// neighbours are the members of the document that do not belong to the fido2 configuration.
var neighbours = []string{"temporaryAccessPass", "registrationCampaign", "authenticationStrengths", "proofFreshness"}

// document is the policy in force as plain JSON.
func (v *visit) document() (map[string]any, error) {
	encoded, err := json.Marshal(v.rp.Policy())
	if err != nil {
		return nil, err
	}
	var whole map[string]any
	return whole, json.Unmarshal(encoded, &whole)
}

// configuration is one part of the document as Graph shows it, nil for an unknown kind.
func configuration(document map[string]any, kind string) map[string]any {
	var part map[string]any
	switch kind {
	case kindPasskeys:
		part = maps.Clone(document)
		for _, name := range neighbours {
			delete(part, name)
		}
		part["@odata.type"], part["id"] = "#microsoft.graph.fido2AuthenticationMethodConfiguration", "Fido2"
	case kindPass:
		inner, _ := document[kindPass].(map[string]any)
		part = map[string]any{}
		maps.Copy(part, inner)
		part["@odata.type"], part["id"] = "#microsoft.graph.temporaryAccessPassAuthenticationMethodConfiguration", "TemporaryAccessPass"
	default:
		return nil
	}
	if part["state"] == nil {
		part["state"] = string(policy.StateEnabled)
	}
	return part
}

// kind is the configuration of the address, without regard to case, as Graph takes it.
func (v *visit) kind() string {
	for _, kind := range []string{kindPasskeys, kindPass} {
		if strings.EqualFold(v.r.PathValue("kind"), kind) {
			return kind
		}
	}
	return ""
}

func (v *visit) setETag() { v.w.Header().Set("ETag", `"`+v.rp.PolicyDigest()+`"`) }

func (s *Server) adminGetPolicy(v *visit) error {
	document, err := v.document()
	if err != nil {
		return err
	}
	v.setETag()
	return v.writeGraph(http.StatusOK, "authenticationMethodsPolicy", map[string]any{
		"id": "authenticationMethodsPolicy", "policyVersion": policy.DocumentVersion,
		"registrationEnforcement":            map[string]any{"authenticationMethodsRegistrationCampaign": document["registrationCampaign"]},
		"authenticationMethodConfigurations": []any{configuration(document, kindPasskeys), configuration(document, kindPass)},
		"authenticationStrengths":            document["authenticationStrengths"],
		"proofFreshness":                     document["proofFreshness"],
	})
}

func (s *Server) adminGetConfiguration(v *visit) error {
	document, err := v.document()
	if err != nil {
		return err
	}
	part := configuration(document, v.kind())
	if part == nil {
		return rp.ErrNotFound
	}
	v.setETag()
	return v.writeGraph(http.StatusOK, "authenticationMethodConfigurations/$entity", part)
}

// adminPatchPolicy changes what stands beside the configurations: campaign, strengths, freshness.
func (s *Server) adminPatchPolicy(v *visit) error {
	var change map[string]any
	if err := v.readGraph(&change); err != nil {
		return err
	}
	patch := map[string]any{}
	for name, value := range change {
		switch name {
		case "registrationEnforcement":
			inner, _ := value.(map[string]any)
			patch["registrationCampaign"] = inner["authenticationMethodsRegistrationCampaign"]
		case "id", "policyVersion":
		default:
			patch[name] = value
		}
	}
	return s.applyPatch(v, patch)
}

func (s *Server) adminPatchConfiguration(v *visit) error {
	var change map[string]any
	if err := v.readGraph(&change); err != nil {
		return err
	}
	delete(change, "id")
	switch v.kind() {
	case kindPasskeys:
		return s.applyPatch(v, change)
	case kindPass:
		return s.applyPatch(v, map[string]any{kindPass: change})
	}
	return rp.ErrNotFound
}

// applyPatch merges a change into the policy in force. With If-Match it applies to that version only (RFC 9110 §13.1.1).
func (s *Server) applyPatch(v *visit, patch map[string]any) error {
	digest := strings.Trim(v.r.Header.Get("If-Match"), `"`)
	if digest == "" {
		digest = s.rp.PolicyDigest()
	}
	encoded, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	changed, err := policy.Merge(s.rp.Policy(), encoded)
	if err != nil {
		return err
	}
	if err := s.rp.ChangePolicy(v.ctx(), digest, changed); err != nil {
		return err
	}
	v.setETag()
	v.w.WriteHeader(http.StatusNoContent)
	return nil
}

// graphAudit is a directoryAudit resource.
type graphAudit struct {
	ID          int64          `json:"id"`
	At          any            `json:"activityDateTime"`
	Activity    rp.Action      `json:"activityDisplayName"`
	InitiatedBy map[string]any `json:"initiatedBy"`
	Targets     []any          `json:"targetResources"`
	Result      string         `json:"result"`
	Reason      rp.Code        `json:"resultReason"`
	Correlation string         `json:"correlationId"`
}

// adminAudit tells the newest events: who did what to whom, and what came of it.
func (s *Server) adminAudit(v *visit) error {
	events, err := s.rp.LatestAudit(v.ctx(), v.top(100, 999))
	if err != nil {
		return err
	}
	list := make([]graphAudit, len(events))
	for i, e := range events {
		list[i] = graphAudit{ID: e.ID, At: e.At, Activity: e.Action, Result: "success", Reason: e.Code, Correlation: e.RequestID,
			InitiatedBy: map[string]any{"user": map[string]any{"id": e.Actor}},
			Targets:     []any{map[string]any{"type": "User", "id": e.UserID}, map[string]any{"type": "Other", "id": e.Target}}}
		if e.Actor == rp.ActorAdmin || e.Actor == "system" {
			list[i].InitiatedBy = map[string]any{"app": map[string]any{"displayName": e.Actor}}
		}
		if e.Code != "" {
			list[i].Result = "failure"
		}
	}
	return v.writeGraphList("auditLogs/directoryAudits", list)
}
