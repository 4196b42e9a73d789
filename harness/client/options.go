package client

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// base64url is a member that travels as base64url without padding (WebAuthn L3 §3, §5.1.8, §5.1.9).
type base64url []byte

// errEncoding says that a base64url member is none.
var errEncoding = errors.New("it is not base64url without padding")

// UnmarshalJSON reads a string; anything else is an error.
func (b *base64url) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	// The strict decoder lets line breaks pass; a browser does not.
	decoded, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || strings.ContainsAny(s, "\r\n") {
		return fmt.Errorf("%w: %q", errEncoding, s)
	}
	*b = decoded
	return nil
}

// MarshalJSON writes a string.
func (b base64url) MarshalJSON() ([]byte, error) {
	return json.Marshal(base64.RawURLEncoding.EncodeToString(b))
}

// creationOptions is PublicKeyCredentialCreationOptionsJSON (WebAuthn L3 §5.1.8).
type creationOptions struct {
	RP struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"rp"`
	User struct {
		ID          base64url `json:"id"`
		Name        string    `json:"name"`
		DisplayName string    `json:"displayName"`
	} `json:"user"`
	Challenge              base64url    `json:"challenge"`
	PubKeyCredParams       []parameters `json:"pubKeyCredParams"`
	Timeout                float64      `json:"timeout"` // milliseconds
	ExcludeCredentials     []descriptor `json:"excludeCredentials"`
	AuthenticatorSelection struct {
		AuthenticatorAttachment string `json:"authenticatorAttachment"`
		ResidentKey             string `json:"residentKey"`
		RequireResidentKey      bool   `json:"requireResidentKey"`
		UserVerification        string `json:"userVerification"`
	} `json:"authenticatorSelection"`
	Attestation        string     `json:"attestation"`
	AttestationFormats []string   `json:"attestationFormats"`
	Extensions         extensions `json:"extensions"`

	appIDExclude string // what appidExclude comes to; empty without it
}

// requestOptions is PublicKeyCredentialRequestOptionsJSON (WebAuthn L3 §5.1.9).
type requestOptions struct {
	Challenge        base64url    `json:"challenge"`
	Timeout          float64      `json:"timeout"` // milliseconds
	RPID             string       `json:"rpId"`
	AllowCredentials []descriptor `json:"allowCredentials"`
	UserVerification string       `json:"userVerification"`
	Extensions       extensions   `json:"extensions"`

	appID string // what appid comes to; empty without it
}

type parameters struct {
	Type string         `json:"type"`
	Alg  cose.Algorithm `json:"alg"`
}

type descriptor struct {
	ID         base64url `json:"id"`
	Type       string    `json:"type"`
	Transports []string  `json:"transports"`
}

type override struct {
	Origin                  string `json:"origin"`
	SameOriginWithAncestors bool   `json:"sameOriginWithAncestors"`
}

// parseCreation reads and judges creation options (WebAuthn L3 §5.1.3 steps 4 and 5 and §5.1.8). Errors: *DOMError.
func parseCreation(data []byte) (*creationOptions, error) {
	o := new(creationOptions)
	if err := parse(data, o, "rp", "user", "challenge", "pubKeyCredParams"); err != nil {
		return nil, err
	}
	if n := len(o.User.ID); n < 1 || n > 64 {
		return nil, fail(TypeError, "user.id must be 1 to 64 bytes long, it has %d", n)
	}
	return o, checkDescriptors("excludeCredentials", o.ExcludeCredentials)
}

// parseRequest reads and judges request options (WebAuthn L3 §5.1.4 and §5.1.9). Errors: *DOMError.
func parseRequest(data []byte) (*requestOptions, error) {
	o := new(requestOptions)
	if err := parse(data, o, "challenge"); err != nil {
		return nil, err
	}
	return o, checkDescriptors("allowCredentials", o.AllowCredentials)
}

// parse reads a JSON object that must have some members.
func parse(data []byte, into any, required ...string) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil || members == nil {
		return &DOMError{Name: TypeError, Message: "the options must be a JSON object", Cause: err}
	}
	for _, name := range required {
		if value, ok := members[name]; !ok || string(value) == "null" {
			return fail(TypeError, "the options lack the member %s", name)
		}
	}
	err := json.Unmarshal(data, into)
	if errors.Is(err, errEncoding) {
		return &DOMError{Name: EncodingError, Message: "a member of the options must be base64url without padding", Cause: err}
	}
	if err != nil {
		return &DOMError{Name: TypeError, Message: "a member of the options has the wrong type", Cause: err}
	}
	return nil
}

// longestList is how many descriptors the browser's parser takes.
const longestList = 64

func checkDescriptors(name string, list []descriptor) error {
	if len(list) > longestList {
		return fail("RangeError", "%s has %d entries, at most %d are possible", name, len(list), longestList)
	}
	for i, d := range list {
		if d.Type == "" {
			return fail(TypeError, "%s[%d] lacks the member type", name, i)
		}
	}
	return nil
}

// algorithms are the parameters for the authenticator: the defaults for an empty list, else those of a known type
// (WebAuthn L3 §5.1.3 step 10).
func (o *creationOptions) algorithms() ([]ctap2.Parameters, error) {
	if len(o.PubKeyCredParams) == 0 {
		return []ctap2.Parameters{
			{Type: ctap2.PublicKey, Algorithm: cose.ES256}, {Type: ctap2.PublicKey, Algorithm: cose.RS256},
		}, nil
	}
	var out []ctap2.Parameters
	for _, p := range o.PubKeyCredParams {
		if p.Type == ctap2.PublicKey && p.Alg != 0 { // COSE reserves the number 0
			out = append(out, ctap2.Parameters{Type: p.Type, Algorithm: p.Alg})
		}
	}
	if len(out) == 0 {
		return nil, fail(NotSupportedError, "no entry of pubKeyCredParams has a known type")
	}
	return out, nil
}

// residentKey is the requirement, with the old boolean counted when the new member is absent (WebAuthn L3 §5.4.4).
func (o *creationOptions) residentKey() string {
	switch s := o.AuthenticatorSelection; {
	case s.ResidentKey == required || s.ResidentKey == preferred || s.ResidentKey == discouraged:
		return s.ResidentKey
	case s.RequireResidentKey:
		return required
	}
	return discouraged
}

// The values of UserVerificationRequirement and ResidentKeyRequirement (WebAuthn L3 §5.8.6, §5.4.6).
const (
	required    = "required"
	preferred   = "preferred"
	discouraged = "discouraged"
)

// known returns the requirement, or its default when it is absent or unknown (WebAuthn L3 §2.1.1).
func known(requirement string) string {
	if requirement == required || requirement == discouraged {
		return requirement
	}
	return preferred
}

// Timeouts: WebAuthn L3 §15.1 recommends these bounds for options that ask for none.
const (
	usualTimeout   = 5 * time.Minute
	longestTimeout = 10 * time.Minute
)

// timeout turns the milliseconds of the options into how long to wait.
func timeout(milliseconds float64) time.Duration {
	if !(milliseconds > 0) { // also what is not a number
		return usualTimeout
	}
	if milliseconds > float64(longestTimeout.Milliseconds()) {
		return longestTimeout
	}
	return time.Duration(milliseconds * float64(time.Millisecond))
}
