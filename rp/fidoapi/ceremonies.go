package fidoapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"

	"github.com/passkeylab/passkeylab/rp"
)

// creationRequest is what /attestation/options takes; what else it is sent is ignored.
type creationRequest struct {
	UserName    string          `json:"username"`
	DisplayName string          `json:"displayName"`
	Attestation string          `json:"attestation"`
	Extensions  json.RawMessage `json:"extensions"`
	Selection   struct {
		RequireResidentKey      *bool  `json:"requireResidentKey"`
		ResidentKey             string `json:"residentKey"`
		AuthenticatorAttachment string `json:"authenticatorAttachment"`
		UserVerification        string `json:"userVerification"`
	} `json:"authenticatorSelection"`
}

// requestRequest is what /assertion/options takes.
type requestRequest struct {
	UserName         string          `json:"username"`
	UserVerification string          `json:"userVerification"`
	Extensions       json.RawMessage `json:"extensions"`
}

func (a *api) creationOptions(w http.ResponseWriter, c call) (any, error) {
	var in creationRequest
	if err := decode(c.body, &in); err != nil {
		return nil, err
	}
	if in.UserName == "" {
		return nil, bad("username is missing.")
	}
	user, err := a.rp.OpenAccount(c.Context(), in.UserName, in.DisplayName)
	if err != nil {
		return nil, err
	}
	options, err := a.rp.BeginDirectCreation(c.Context(), user.ID, rp.Direct{Binding: a.visitor(w, c), UserName: in.UserName, Wishes: in.wishes(), Challenge: c.challenge()})
	if err != nil {
		return nil, err
	}
	return withStatus(options.Options, in.Extensions)
}

// wishes reads the members whose values WebAuthn knows. Others count as absent, as they do for a client (WebAuthn L3 §2.1.1).
func (in *creationRequest) wishes() rp.Wishes {
	w := rp.Wishes{
		Attestation: known(in.Attestation, protocol.PreferNoAttestation, protocol.PreferIndirectAttestation, protocol.PreferDirectAttestation,
			protocol.PreferEnterpriseAttestation),
		UserVerification: knownVerification(in.Selection.UserVerification),
		Attachment:       known(in.Selection.AuthenticatorAttachment, protocol.Platform, protocol.CrossPlatform),
		ResidentKey: known(in.Selection.ResidentKey, protocol.ResidentKeyRequirementRequired, protocol.ResidentKeyRequirementPreferred,
			protocol.ResidentKeyRequirementDiscouraged),
	}
	if w.Attestation == "" {
		w.Attestation = protocol.PreferNoAttestation
	}
	if old := in.Selection.RequireResidentKey; w.ResidentKey == "" && old != nil {
		if w.ResidentKey = protocol.ResidentKeyRequirementDiscouraged; *old {
			w.ResidentKey = protocol.ResidentKeyRequirementRequired
		}
	}
	return w
}

func (a *api) creationResult(_ http.ResponseWriter, c call) (any, error) {
	if _, err := a.rp.FinishDirectCreation(c.Context(), c.binding, withRawID(c.body)); err != nil {
		return nil, err
	}
	return ok(), nil
}

func (a *api) requestOptions(w http.ResponseWriter, c call) (any, error) {
	var in requestRequest
	if err := decode(c.body, &in); err != nil {
		return nil, err
	}
	options, err := a.rp.BeginDirectRequest(c.Context(), rp.Direct{
		Binding: a.visitor(w, c), UserName: in.UserName, Challenge: c.challenge(), Wishes: rp.Wishes{UserVerification: knownVerification(in.UserVerification), AppID: appID(in.Extensions)},
	})
	if err != nil {
		return nil, err
	}
	return withStatus(options.Options, in.Extensions)
}

func (a *api) requestResult(_ http.ResponseWriter, c call) (any, error) {
	if _, err := a.rp.FinishDirectRequest(c.Context(), c.binding, withRawID(c.body)); err != nil {
		return nil, err
	}
	return ok(), nil
}

func (a *api) removal(_ http.ResponseWriter, c call) (any, error) {
	var in struct {
		UserName string `json:"username"`
		ID       string `json:"id"`
	}
	if err := decode(c.body, &in); err != nil {
		return nil, err
	}
	user, err := a.rp.UserByName(c.Context(), in.UserName)
	if err == nil {
		err = a.rp.RemovePasskey(c.Context(), user.ID, in.ID)
	}
	if err != nil {
		return nil, err
	}
	return ok(), nil
}

// appID is that of the extension of the same name; what is no text is none.
func appID(extensions json.RawMessage) string {
	var asked struct {
		AppID string `json:"appid"`
	}
	if json.Unmarshal(extensions, &asked) != nil {
		return ""
	}
	return asked.AppID
}

// withRawID adds rawId, which the API leaves out and WebAuthn's JSON has, where there is only an id. Everything else stays as it is.
func withRawID(body []byte) []byte {
	var in struct {
		ID    json.RawMessage `json:"id"`
		RawID json.RawMessage `json:"rawId"`
	}
	if json.Unmarshal(body, &in) != nil || in.ID == nil || in.RawID != nil {
		return body
	}
	before, behind, _ := bytes.Cut(body, []byte("{"))
	return slices.Concat(before, []byte(`{"rawId":`), in.ID, []byte(","), behind)
}

// decode reads a JSON object with members of the right types.
func decode(body []byte, into any) error {
	if !bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")) || json.Unmarshal(body, into) != nil {
		return bad("The body is not the JSON object that is expected here.")
	}
	return nil
}

// withStatus puts the API's own members beside the options, and the caller's extensions among the relying party's.
func withStatus(options any, extensions json.RawMessage) (map[string]json.RawMessage, error) {
	encoded, err := json.Marshal(options)
	if err != nil {
		return nil, err
	}
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal(encoded, &members); err != nil {
		return nil, err
	}
	members["status"], members["errorMessage"] = json.RawMessage(`"ok"`), json.RawMessage(`""`)
	all := map[string]json.RawMessage{}
	for _, some := range []json.RawMessage{members["extensions"], extensions} {
		if len(some) == 0 {
			continue
		}
		if json.Unmarshal(some, &all) != nil {
			return nil, bad("extensions is no JSON object.")
		}
	}
	if len(all) > 0 {
		if members["extensions"], err = json.Marshal(all); err != nil {
			return nil, err
		}
	}
	return members, nil
}

// known returns the value if it is one of those that exist, "" otherwise.
func known[T ~string](value string, values ...T) T {
	for _, one := range values {
		if string(one) == value {
			return one
		}
	}
	return ""
}

func knownVerification(value string) protocol.UserVerificationRequirement {
	return known(value, protocol.VerificationRequired, protocol.VerificationPreferred, protocol.VerificationDiscouraged)
}
