package rpcases

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/passkeylab/passkeylab/harness/subject"
)

var atBody = alike(api("body"))

// envelopeBody is about bodies that are no JSON object, or are more than one (RFC 8259, FIDO's server API).
func envelopeBody() []Case {
	return inBoth([]told{
		{
			reg: "reg/envelope/not-json", auth: "auth/envelope/not-json", sheets: [2]string{"", "S-ENA-030"}, level: robust, at: atBody, want: refused,
			says: "a body that is no JSON object is refused",
			lies: []Lie{
				instead("nothing", ""), instead("null", "null"), instead("an array", "[]"), instead("a string", `"x"`), instead("no JSON", "id=AAAA&type=public-key"),
				{Is: "the response within an array", Body: wrap("[", "]")}, {Is: "the response cut off", Body: truncated},
			},
		},
		{
			reg: "reg/envelope/cut-off", auth: "auth/envelope/cut-off", sheets: [2]string{"S-ENR-039", ""}, level: robust, at: atBody, want: refused,
			says: "a body that is cut off is refused",
			lies: []Lie{{Is: "a body cut off within a string", Body: truncated}, {Is: "a body without its last brace", Body: func(honest []byte) []byte { return honest[:len(honest)-1] }}},
		},
		{
			reg: "reg/envelope/byte-order-mark", auth: "auth/envelope/byte-order-mark", sheets: [2]string{"S-ENR-026", ""}, level: robust, at: atBody, want: observed,
			says: "a body behind a byte order mark is decided on", lies: []Lie{{Is: "a byte order mark before the body", Body: wrap(byteOrderMark, "")}},
		},
		{
			reg: "reg/envelope/utf-16", auth: "auth/envelope/utf-16", sheets: [2]string{"S-ENR-027", ""}, level: robust, at: atBody, want: refused,
			says: "a body in UTF-16 is refused", lies: []Lie{{Is: "a body in UTF-16", Body: inUTF16}},
		},
		{
			reg: "reg/envelope/response-twice", auth: "auth/envelope/response-twice", sheets: [2]string{"S-ENR-025", ""}, level: robust, at: atBody, want: onceAtMost,
			says: "of two members response the server believes the first or the last, not whichever is right,",
			lies: []Lie{
				{Is: "a wrong response behind the right one", Body: func(honest []byte) []byte { return twoResponses(honest, false) }},
				{Is: "a wrong response before the right one", Body: func(honest []byte) []byte { return twoResponses(honest, true) }},
			},
		},
		{
			reg: "reg/envelope/content-type", auth: "auth/envelope/content-type", sheets: [2]string{"S-ENR-038", ""}, level: robust, at: atBody, want: refused,
			says: "a body that is said to be no JSON is refused",
			lies: []Lie{
				{Is: "no Content-Type", Request: func(r *subject.Request) { r.ContentType = "-" }},
				{Is: "the Content-Type of a form", Request: func(r *subject.Request) { r.ContentType = "application/x-www-form-urlencoded" }},
			},
		},
	})
}

// instead is a lie that sends another body.
func instead(is, body string) Lie {
	return Lie{Is: "a body that is " + is, Body: func([]byte) []byte { return []byte(body) }}
}

// twoResponses is a body with the member response twice: the right one, and one with a challenge that is wrong.
func twoResponses(honest []byte, wrongFirst bool) []byte {
	var right, wrong string
	rest := inBody(honest, func(members map[string]json.RawMessage) {
		right = string(members["response"])
		wrong = string(inBody(members["response"], func(response map[string]json.RawMessage) {
			var encoded string
			_ = json.Unmarshal(response["clientDataJSON"], &encoded) // it is what we made
			signed, _ := base64.RawURLEncoding.DecodeString(encoded)
			data := parseClientData(signed)
			data.Set("challenge", strings.Repeat("A", len(data.Text("challenge"))))
			response["clientDataJSON"], _ = json.Marshal(base64.RawURLEncoding.EncodeToString(data.encode()))
		}))
		delete(members, "response")
	})
	two := []string{right, wrong}
	if wrongFirst {
		two = []string{wrong, right}
	}
	return []byte(strings.TrimSuffix(string(rest), "}") + `,"response":` + two[0] + `,"response":` + two[1] + "}")
}
