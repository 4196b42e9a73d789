package trace

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/passkeylab/passkeylab/reports"
)

// optionsJSON has the members of creation and of request options (WebAuthn L3 §5.4, §5.5).
type optionsJSON struct {
	RP struct {
		ID, Name string
	}
	User struct {
		ID, Name, DisplayName string
	}
	Challenge        string
	PubKeyCredParams []struct {
		Alg int64
	}
	Timeout                float64
	RPID                   string `json:"rpId"`
	ExcludeCredentials     []descriptor
	AllowCredentials       []descriptor
	AuthenticatorSelection struct {
		AuthenticatorAttachment, ResidentKey, UserVerification string
	}
	UserVerification string
	Attestation      string
	Hints            []string
	Extensions       map[string]json.RawMessage
}

type descriptor struct {
	ID         string
	Transports []string
}

func (c *ceremony) options(data []byte) {
	if len(data) == 0 {
		return
	}
	data = unwrapped(data)
	var o optionsJSON
	if err := json.Unmarshal(data, &o); err != nil {
		c.problem("the options are not the JSON of a ceremony: %v", err)
	}
	c.RPID = o.RPID
	if c.Kind == reports.Registration {
		c.RPID = o.RP.ID
	}
	c.Options = &reports.Options{Fields: o.fields(c.Kind), JSON: indented(data)}
}

// unwrapped is what is under "publicKey", when the options come in the shape of the argument of create() and get().
func unwrapped(data []byte) []byte {
	var outer struct {
		PublicKey json.RawMessage `json:"publicKey"`
	}
	if err := json.Unmarshal(data, &outer); err == nil && len(outer.PublicKey) > 0 {
		return outer.PublicKey
	}
	return data
}

// fields are the members that are there, in the order of the specification.
func (o optionsJSON) fields(kind string) []reports.Field {
	var fields []reports.Field
	add := func(name, value string) {
		if value != "" {
			fields = append(fields, reports.Field{Name: name, Value: value})
		}
	}
	if kind == reports.Registration {
		add("rp", strings.TrimSpace(o.RP.Name+" ("+o.RP.ID+")"))
		add("user", strings.TrimSpace(o.User.Name+" "+parenthesised(o.User.DisplayName)))
	}
	add("rpId", o.RPID)
	add("challenge", o.Challenge)
	add("pubKeyCredParams", o.algorithms())
	if o.Timeout > 0 {
		add("timeout", fmt.Sprintf("%g ms", o.Timeout))
	}
	add("excludeCredentials", descriptors(o.ExcludeCredentials))
	add("allowCredentials", descriptors(o.AllowCredentials))
	add("authenticatorAttachment", o.AuthenticatorSelection.AuthenticatorAttachment)
	add("residentKey", o.AuthenticatorSelection.ResidentKey)
	add("userVerification", o.AuthenticatorSelection.UserVerification)
	add("userVerification", o.UserVerification)
	add("hints", strings.Join(o.Hints, ", "))
	add("attestation", o.Attestation)
	for _, extension := range rawFields(o.Extensions) {
		add("extensions."+extension.Name, extension.Value)
	}
	return fields
}

func (o optionsJSON) algorithms() string {
	var names []string
	for _, p := range o.PubKeyCredParams {
		names = append(names, algorithm(p.Alg))
	}
	return strings.Join(names, ", ")
}

// descriptors lists credentials by the tails of their ids: "…c2FtcGxl (internal, hybrid)".
func descriptors(list []descriptor) string {
	var words []string
	for _, d := range list {
		words = append(words, strings.TrimSpace("…"+tail(d.ID)+" "+parenthesised(strings.Join(d.Transports, ", "))))
	}
	return strings.Join(words, "; ")
}

func parenthesised(text string) string {
	if text == "" {
		return ""
	}
	return "(" + text + ")"
}

// indented is JSON for reading, or the text as it is when it is not JSON.
func indented(data []byte) string {
	var b bytes.Buffer
	if err := json.Indent(&b, data, "", "  "); err != nil {
		return string(data)
	}
	return b.String()
}

func compact(data []byte) string {
	var b bytes.Buffer
	if err := json.Compact(&b, data); err != nil {
		return string(data)
	}
	return b.String()
}

// algorithm is a COSE algorithm by name and number (IANA COSE Algorithms).
func algorithm(alg int64) string {
	names := []struct {
		alg  int64
		name string
	}{
		{-7, "ES256"}, {-8, "EdDSA"}, {-9, "ESP256"}, {-19, "Ed25519"}, {-35, "ES384"}, {-36, "ES512"}, {-37, "PS256"},
		{-38, "PS384"}, {-39, "PS512"}, {-47, "ES256K"}, {-48, "ML-DSA-44"}, {-49, "ML-DSA-65"}, {-50, "ML-DSA-87"},
		{-51, "ESP384"}, {-52, "ESP512"}, {-53, "Ed448"},
		{-257, "RS256"}, {-258, "RS384"}, {-259, "RS512"}, {-65535, "RS1"},
	}
	for _, n := range names {
		if n.alg == alg {
			return fmt.Sprintf("%s (%d)", n.name, alg)
		}
	}
	return fmt.Sprintf("algorithm %d", alg)
}

// ceremony scrubs every text of a ceremony.
func (r *Redactor) ceremony(c *reports.Ceremony) {
	c.Problems = slices.Clone(c.Problems)
	run := reports.Run{Results: []reports.Result{{Ceremonies: []reports.Ceremony{*c}}}}
	r.Run(&run)
	*c = run.Results[0].Ceremonies[0]
}
