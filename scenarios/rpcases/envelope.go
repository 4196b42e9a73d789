package rpcases

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/passkeylab/passkeylab/harness/client"
)

// Where the JSON of a response is described.
var (
	atID        = alike(l3("5.1", "credential-id"))
	atKind      = alike(l3("5.1", "credential-type"))
	atResponse  = steps("3", "3", "response")
	atClient    = steps("5", "7", "client-data-json")
	atBase64url = alike(l3("5.1", "base64url"))
)

// envelope is about the JSON that both kinds of response have in common (WebAuthn L3 §5.1, §5.2).
func envelope() []Case {
	return inBoth([]told{
		{
			reg: "reg/envelope/id-missing", auth: "auth/envelope/id-missing", sheets: [2]string{"S-ENR-002", "S-ENA-002"}, level: must, at: atID, want: refused,
			says: "a response without id is refused", lies: []Lie{{Is: "no id", Message: without("id")}},
		},
		{
			reg: "reg/envelope/id-of-another-type", auth: "auth/envelope/id-of-another-type", sheets: [2]string{"S-ENR-003", "S-ENA-003"}, level: must, at: atID, want: refused,
			says: "a response whose id is no string is refused", lies: wrongTypes("id"),
		},
		{
			reg: "reg/envelope/id-not-base64url", auth: "auth/envelope/id-not-base64url", sheets: [2]string{"S-ENR-004", "S-ENA-004"}, level: must, at: atID, want: refused,
			says: "a response whose id has signs that base64url does not have is refused",
			lies: spelt("id", idsOf, edit{"with + in it", first("+")}, edit{"with / in it", first("/")}, edit{"with = in it", first("=")}, edit{"with ! in it", first("!")},
				edit{"with é in it", first("é")}, edit{"of one sign, which is no byte", func(string) string { return "A" }}),
		},
		{
			reg: "reg/envelope/id-padded", auth: "auth/envelope/id-padded", sheets: [2]string{"S-ENR-020", ""}, level: robust, at: atBase64url, want: observed,
			says: "an id with padding behind it is decided on", lies: spelt("id", idsOf, affix("", "=")),
		},
		{
			reg: "reg/envelope/type-missing", auth: "auth/envelope/type-missing", sheets: [2]string{"S-ENR-005", "S-ENA-005"}, level: must, at: atKind, want: refused,
			says: "a response without type is refused", lies: []Lie{{Is: "no type", Message: without("type")}},
		},
		{
			reg: "reg/envelope/type-of-another-type", auth: "auth/envelope/type-of-another-type", sheets: [2]string{"S-ENR-006", "S-ENA-006"}, level: must, at: atKind, want: refused,
			says: "a response whose type is no string is refused", lies: wrongTypes("type"),
		},
		{
			reg: "reg/envelope/type-not-public-key", auth: "auth/envelope/type-not-public-key", sheets: [2]string{"S-ENR-007", "S-ENA-007"}, level: must,
			at: alike(l3("5.8.2", "credential-type")), want: refused, says: "a response of another type than public-key is refused",
			lies: []Lie{{Is: "type password", Client: client.Misbehaviour{CredentialType: "password"}}, {Is: "an empty type", Message: set("type", "")}},
		},
		{
			reg: "reg/envelope/type-in-capitals", auth: "auth/envelope/type-in-capitals", sheets: [2]string{"S-ENR-024", ""}, level: must,
			at: alike(l3("5.8.2", "credential-type")), want: refused, says: "a type that is right but for capital letters is refused",
			lies: []Lie{{Is: "type Public-Key", Message: set("type", "Public-Key")}, {Is: "type PUBLIC-KEY", Message: set("type", "PUBLIC-KEY")}},
		},
		{
			reg: "reg/envelope/response-missing", auth: "auth/envelope/response-missing", sheets: [2]string{"S-ENR-008", "S-ENA-008"}, level: must, at: atResponse, want: refused,
			says: "a response without its member response is refused", lies: []Lie{{Is: "no response", Message: without("response")}},
		},
		{
			reg: "reg/envelope/response-no-object", auth: "auth/envelope/response-no-object", sheets: [2]string{"S-ENR-009", "S-ENA-009"}, level: must, at: atResponse, want: refused,
			says: "a response whose member response is no object is refused", lies: wrongObjects("response"),
		},
		{
			reg: "reg/envelope/client-data-missing", auth: "auth/envelope/client-data-missing", sheets: [2]string{"S-ENR-010", "S-ENA-010"}, level: must, at: atClient, want: refused,
			says: "a response without client data is refused", lies: []Lie{{Is: "no clientDataJSON", Message: without("response.clientDataJSON")}},
		},
		{
			reg: "reg/envelope/client-data-of-another-type", auth: "auth/envelope/client-data-of-another-type", sheets: [2]string{"S-ENR-011", "S-ENA-011"}, level: must,
			at: atClient, want: refused, says: "a response whose client data is no string is refused", lies: wrongTypes("response.clientDataJSON"),
		},
		{
			reg: "reg/envelope/client-data-empty", auth: "auth/envelope/client-data-empty", sheets: [2]string{"S-ENR-012", "S-ENA-012"}, level: must, at: atClient, want: refused,
			says: "a response whose client data is empty is refused", lies: []Lie{{Is: "an empty clientDataJSON", Message: set("response.clientDataJSON", "")}},
		},
		{
			reg: "reg/envelope/raw-id-missing", auth: "auth/envelope/raw-id-missing", sheets: [2]string{"S-ENR-017", ""}, level: interop, at: alike(l3("5.1", "raw-id")),
			want: acceptedByFIDO, says: "a response with id and without rawId is accepted under FIDO's profile, and decided on otherwise,",
			lies: []Lie{{Is: "no rawId", Message: without("rawId")}},
		},
		{
			reg: "reg/envelope/raw-id-of-another", auth: "auth/envelope/raw-id-of-another", sheets: [2]string{"S-ENR-018", "S-ENA-026"}, level: should,
			at: alike(l3("5.1", "raw-id")), want: refused, says: "a response whose rawId is another than its id is refused",
			lies: []Lie{{Is: "another rawId", Client: client.Misbehaviour{RawID: []byte("sixteen bytes!!!")}}},
		},
		{
			reg: "reg/envelope/unknown-members", auth: "auth/envelope/unknown-members", sheets: [2]string{"S-ENR-028", "S-ENA-031"}, level: should,
			at: alike(l3("5.1", "unknown-members")), want: accepted, says: "members that nobody knows yet are ignored",
			lies: []Lie{{Is: "unknown members", Message: func(m *Message) error {
				m.Set("fromTheFuture", map[string]any{"a": []int{1}})
				m.Set("response.fromTheFuture", true)
				m.Set("clientExtensionResults.fromTheFuture", map[string]any{"b": nil})
				return nil
			}}},
		},
		{
			reg: "reg/envelope/attachment-unknown", auth: "auth/envelope/attachment-unknown", sheets: [2]string{"S-ENR-031", "S-ENA-032"}, level: must,
			at: alike(l3("5.1", "authenticator-attachment")), want: accepted, says: "an authenticatorAttachment that nobody knows counts as none, and is accepted",
			lies: []Lie{{Is: "the attachment bogus", Client: client.Misbehaviour{Attachment: "bogus"}}, {Is: "no attachment", Message: without("authenticatorAttachment")}},
		},
		{
			reg: "reg/envelope/extension-results-missing", auth: "auth/envelope/extension-results-missing", sheets: [2]string{"S-ENR-029", ""}, level: robust,
			at: alike(l3("5.1", "client-extension-results")), want: observed, says: "a response without clientExtensionResults is decided on",
			lies: []Lie{{Is: "no clientExtensionResults", Message: without("clientExtensionResults")}},
		},
		{
			reg: "reg/envelope/extension-results-no-object", auth: "auth/envelope/extension-results-no-object", sheets: [2]string{"S-ENR-030", ""}, level: should,
			at: alike(l3("5.1", "client-extension-results")), want: refused, says: "a response whose clientExtensionResults are no object is refused",
			lies: wrongObjects("clientExtensionResults"),
		},
	})
}

// spelt are lies about how members are spelt: the same edit in each of some places.
func spelt(what string, paths []string, edits ...edit) []Lie {
	var lies []Lie
	for _, e := range edits {
		lies = append(lies, Lie{Is: "its " + what + " " + e.is, Message: func(m *Message) error {
			for _, path := range paths {
				if honest, there := m.Get(path).(string); there {
					m.Set(path, e.make(honest))
				}
			}
			return nil
		}})
	}
	return lies
}

// idsOf are the places of the credential's id.
var idsOf = []string{"id", "rawId"}

// first replaces the first sign of a text.
func first(by string) func(string) string {
	return func(honest string) string { return by + honest[1:] }
}

// notBase64url are spellings of bytes that are no base64url, whoever reads them.
func notBase64url() []edit {
	return []edit{{"with ! in it", first("!")}, {"with é in it", first("é")}, {"with a comma in it", first(",")}, {"with = in it", first("=")}}
}

// withBlanks are spellings with white space within.
func withBlanks() []edit {
	within := func(blank string) func(string) string {
		return func(honest string) string { return honest[:8] + blank + honest[8:] }
	}
	return []edit{{"with a line break in it", within("\n")}, {"with a blank in it", within(" ")}, {"with a line break at its end", func(s string) string { return s + "\r\n" }}}
}

// plainBase64 spells the same bytes in the alphabet of plain base64, with padding.
func plainBase64(honest string) string {
	bytes, err := base64.RawURLEncoding.DecodeString(honest)
	if err != nil {
		return honest
	}
	return base64.StdEncoding.EncodeToString(bytes)
}

// inBody edits the members of a body, whose order is then that of the alphabet.
func inBody(honest []byte, edit func(members map[string]json.RawMessage)) []byte {
	members := map[string]json.RawMessage{}
	_ = json.Unmarshal(honest, &members) // it is what we made
	edit(members)
	encoded, _ := json.Marshal(members)
	return encoded
}

// truncated cuts a body off within its last string.
func truncated(honest []byte) []byte {
	end := strings.LastIndexByte(string(honest), '"')
	return honest[:end]
}
