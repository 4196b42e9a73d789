package mutants

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
)

// optionsDeeds are what the options must be (FIDO server API; WebAuthn L3 §5.4, §5.5, §13.4.3).
func optionsDeeds() []Step {
	return []Step{
		{Name: "options/challenge/fresh", Clause: l3("13.4.3", "challenge-random")},
		{Name: "options/challenge/long", Clause: l3("13.4.3", "challenge-random")},
		{Name: "options/exclude-list", Clause: registering.clause("27", "", "stored"), Also: or(l3("5.4", "exclude-credentials"))},
	}
}

// wishes are what an options endpoint is sent; what else there is is ignored.
type wishes struct {
	UserName    *string                    `json:"username"`
	DisplayName string                     `json:"displayName"`
	Attestation string                     `json:"attestation"`
	Extensions  map[string]json.RawMessage `json:"extensions"`
	Selection   struct {
		RequireResidentKey *bool  `json:"requireResidentKey"`
		ResidentKey        string `json:"residentKey"`
		Attachment         string `json:"authenticatorAttachment"`
		UserVerification   string `json:"userVerification"`
	} `json:"authenticatorSelection"`
	UserVerification string `json:"userVerification"`
}

func readWishes(body []byte) (wishes, error) {
	var in wishes
	if !bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")) || json.Unmarshal(body, &in) != nil {
		return in, &unserved{400, "the body is not the JSON object that is expected here"}
	}
	return in, nil
}

// known returns the value if it is one of those that exist, and otherwise the default: what nobody knows counts as absent
// (WebAuthn L3 §2.1.1).
func known(value, otherwise string, values ...string) string {
	if slices.Contains(values, value) {
		return value
	}
	return otherwise
}

func knownVerification(value string) string {
	return known(value, "preferred", "required", "preferred", "discouraged")
}

// challenge returns a new one, as client data will have it.
func (rp *RP) challenge() string {
	length := 32
	if !rp.does("options/challenge/long") {
		length = 8
	}
	challenge := rp.random(length)
	if !rp.does("options/challenge/fresh") {
		clear(challenge)
	}
	return base64.RawURLEncoding.EncodeToString(challenge)
}

func (rp *RP) creationOptions(c call) (map[string]any, error) {
	in, err := readWishes(c.body)
	if err != nil {
		return nil, err
	}
	if in.UserName == nil || *in.UserName == "" || len(*in.UserName) > 256 {
		return nil, &unserved{400, "username is missing, or longer than 256 bytes"}
	}
	user := rp.open(*in.UserName, in.DisplayName)
	selection := map[string]any{
		"userVerification": knownVerification(in.Selection.UserVerification),
		"residentKey":      in.residentKey(), "requireResidentKey": in.residentKey() == "required",
	}
	if attachment := known(in.Selection.Attachment, "", "platform", "cross-platform"); attachment != "" {
		selection["authenticatorAttachment"] = attachment
	}
	begun := rp.begin(&ceremony{kind: registering, visitor: rp.visit(c), user: user, verification: knownVerification(in.Selection.UserVerification)})
	excluded := descriptors(user.passkeys)
	if !rp.does("options/exclude-list") {
		excluded = []descriptor{}
	}
	return map[string]any{
		"challenge": begun.challenge, "rp": map[string]any{"id": rp.settings.RPID, "name": "Mutants"},
		"user":             map[string]any{"id": base64.RawURLEncoding.EncodeToString(user.handle), "name": user.name, "displayName": user.displayName},
		"pubKeyCredParams": rp.parameters(), "timeout": 300_000, "excludeCredentials": excluded, "authenticatorSelection": selection,
		"attestation": known(in.Attestation, "none", "none", "indirect", "direct", "enterprise"), "extensions": in.extensions(map[string]any{"credProps": true}),
	}, nil
}

func (in *wishes) residentKey() string {
	if wish := known(in.Selection.ResidentKey, "", "required", "preferred", "discouraged"); wish != "" {
		return wish
	}
	if old := in.Selection.RequireResidentKey; old != nil && !*old {
		return "discouraged"
	}
	return "required"
}

// extensions puts the caller's among the relying party's own.
func (in *wishes) extensions(own map[string]any) map[string]any {
	for name, value := range in.Extensions {
		own[name] = value
	}
	return own
}

func (rp *RP) requestOptions(c call) (map[string]any, error) {
	in, err := readWishes(c.body)
	if err != nil {
		return nil, err
	}
	begun := &ceremony{kind: authenticating, verification: knownVerification(in.UserVerification)}
	options := map[string]any{"rpId": rp.settings.RPID, "timeout": 300_000, "userVerification": begun.verification}
	if in.UserName != nil && *in.UserName != "" {
		user := rp.accounts[*in.UserName]
		if user == nil || len(user.passkeys) == 0 {
			if !rp.settings.Decoys {
				return nil, &unserved{400, "nobody of that name has a passkey"}
			}
			user = decoy(*in.UserName)
		}
		begun.user = user
		for _, p := range user.passkeys {
			begun.allowed = append(begun.allowed, p.id)
		}
		options["allowCredentials"] = descriptors(user.passkeys)
	}
	if len(in.Extensions) > 0 {
		options["extensions"] = in.Extensions
		asked, _ := text(in.Extensions["appid"])
		if asked == rp.settings.Origin || strings.HasPrefix(asked, rp.settings.Origin+"/") {
			begun.appID = asked
		}
	}
	begun.visitor = rp.visit(c)
	options["challenge"] = rp.begin(begun).challenge
	return options, nil
}

// decoy is an account that does not exist, with a passkey that is always the same (WebAuthn L3 §14.6.2).
func decoy(name string) *account {
	id := sha256.Sum256([]byte("decoy " + name))
	user := &account{name: name, handle: id[:]}
	user.passkeys = []*passkey{{id: id[:], owner: user}}
	return user
}

// begin keeps a ceremony.
func (rp *RP) begin(c *ceremony) *ceremony {
	c.challenge, c.begun = rp.challenge(), rp.settings.Now()
	rp.ceremonies = append(rp.ceremonies, c)
	return c
}

// open returns the account of a user name, a new one if there is none.
func (rp *RP) open(name, displayName string) *account {
	if user := rp.accounts[name]; user != nil {
		return user
	}
	if displayName == "" {
		displayName = name
	}
	user := &account{name: name, displayName: displayName, handle: rp.random(32)}
	rp.accounts[name] = user
	return user
}

// parameter is an entry of pubKeyCredParams, descriptor one of an exclude or allow list.
type parameter struct {
	Type      string `json:"type"`
	Algorithm int    `json:"alg"`
}

type descriptor struct {
	Type       string   `json:"type"`
	ID         string   `json:"id"`
	Transports []string `json:"transports,omitempty"`
}

func (rp *RP) parameters() []parameter {
	var all []parameter
	for _, algorithm := range rp.settings.Algorithms {
		all = append(all, parameter{"public-key", int(algorithm)})
	}
	return all
}

func descriptors(passkeys []*passkey) []descriptor {
	all := []descriptor{}
	for _, p := range passkeys {
		all = append(all, descriptor{"public-key", base64.RawURLEncoding.EncodeToString(p.id), p.transports})
	}
	return all
}
