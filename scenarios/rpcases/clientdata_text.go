package rpcases

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"
)

// clientDataText is about the bytes of client data: how they become text and the text becomes members (WebAuthn L3 §7.1 steps 5
// and 6, §7.2 steps 8 and 9; RFC 8259).
func clientDataText() []Case {
	return inBoth([]told{
		{
			reg: "reg/client-data/byte-order-mark", auth: "auth/client-data/byte-order-mark", sheet: "S-CDJ-040", level: must, at: atText,
			says: "a byte order mark before the client data is passed over, and hashed with it,", want: accepted,
			lies: []Lie{rewritten("client data behind a byte order mark", func(honest []byte) []byte { return append([]byte(byteOrderMark), honest...) })},
		},
		{
			reg: "reg/client-data/two-byte-order-marks", auth: "auth/client-data/two-byte-order-marks", sheet: "S-CDJ-041", level: must, at: atJSON,
			says: "two byte order marks before the client data, of which one is text, are refused", want: refused,
			lies: []Lie{rewritten("client data behind two byte order marks", func(honest []byte) []byte { return append([]byte(byteOrderMark+byteOrderMark), honest...) })},
		},
		{
			reg: "reg/client-data/invalid-utf-8-in-an-unknown-member", auth: "auth/client-data/invalid-utf-8-in-an-unknown-member", sheet: "S-CDJ-042", level: robust,
			at:   atText,
			says: "an invalid byte in a member that nobody knows is decided on", want: observed, lies: []Lie{withJSON("note", "\"a\xffb\"")},
		},
		{
			reg: "reg/client-data/invalid-utf-8-in-the-origin", auth: "auth/client-data/invalid-utf-8-in-the-origin", sheet: "S-CDJ-043", level: must, at: atOrigin,
			says: "an invalid byte within the origin, which decodes to another sign, is refused", want: refused,
			lies: []Lie{rewritten("an origin with an invalid byte", inOrigin(func(origin string) string { return origin[:len(origin)-1] + "\xff" + origin[len(origin)-1:] }))},
		},
		{
			reg: "reg/client-data/overlong-utf-8-in-the-origin", auth: "auth/client-data/overlong-utf-8-in-the-origin", sheet: "S-CDJ-044", level: must, at: atText,
			says: "a letter of the origin in two bytes instead of one is refused", want: refused,
			lies: []Lie{rewritten("an origin with an overlong letter", inOrigin(func(origin string) string {
				last := origin[len(origin)-1]
				return origin[:len(origin)-1] + string([]byte{0xc0 | last>>6, 0x80 | last&0x3f})
			}))},
		},
		{
			reg: "reg/client-data/utf-16", auth: "auth/client-data/utf-16", sheet: "S-CDJ-045", level: must, at: atText,
			says: "client data in UTF-16 is refused", want: refused, lies: []Lie{rewritten("client data in UTF-16", inUTF16)},
		},
		{
			reg: "reg/client-data/within-an-array", auth: "auth/client-data/within-an-array", sheet: "S-CDJ-046", level: must, at: atJSON,
			says: "an array that holds the client data is refused", want: refused, lies: []Lie{rewritten("client data within an array", wrap("[", "]"))},
		},
		{
			reg: "reg/client-data/no-object", auth: "auth/client-data/no-object", sheet: "S-CDJ-047", level: must, at: atJSON,
			says: "client data that is JSON and no object is refused", want: refused, lies: insteadOfClientData("null", "42", `"x"`, "true"),
		},
		{
			reg: "reg/client-data/garbage-behind", auth: "auth/client-data/garbage-behind", sheet: "S-CDJ-048", level: must, at: atJSON,
			says: "garbage behind the client data is refused", want: refused,
			lies: []Lie{rewritten("client data with an x behind it", wrap("", "x")), rewritten("client data with a brace behind it", wrap("", "}"))},
		},
		{
			reg: "reg/client-data/white-space-behind", auth: "auth/client-data/white-space-behind", sheet: "S-CDJ-049", level: must, at: atJSON,
			says: "white space behind the client data is JSON, and accepted", want: accepted,
			lies: []Lie{rewritten("client data that ends in a line break", wrap("", "\n")), rewritten("client data that ends in blanks and a tab", wrap("", "  \t"))},
		},
		{
			reg: "reg/client-data/two-objects", auth: "auth/client-data/two-objects", sheet: "S-CDJ-050", level: must, at: atJSON,
			says: "client data twice, one behind the other, is refused", want: refused,
			lies: []Lie{rewritten("client data twice", func(honest []byte) []byte { return bytes.Repeat(honest, 2) })},
		},
		{
			reg: "reg/client-data/members-in-another-order", auth: "auth/client-data/members-in-another-order", sheet: "S-CDJ-051", level: must, at: atMembers,
			says: "members of client data in an unusual order are accepted", want: accepted,
			lies: []Lie{{Is: "the members in reverse order", Client: editClientData(func(d *ClientData) {
				for i, j := 0, len(*d)-1; i < j; i, j = i+1, j-1 {
					(*d)[i], (*d)[j] = (*d)[j], (*d)[i]
				}
			})}},
		},
		{
			reg: "reg/client-data/unknown-member", auth: "auth/client-data/unknown-member", sheet: "S-CDJ-052", level: must, at: atMembers,
			says: "a member of client data that nobody knows is ignored", want: accepted, lies: []Lie{withMember("fromTheFuture", "compare no templates")},
		},
		{
			reg: "reg/client-data/unknown-member-of-any-kind", auth: "auth/client-data/unknown-member-of-any-kind", sheet: "S-CDJ-053", level: should, at: atMembers,
			says: "a member that nobody knows is ignored, whatever it holds,", want: accepted,
			lies: []Lie{
				withJSON("note", `{"a":{"b":[1,{"c":null}]}}`), withJSON("note", `[[],{},"",0,false]`), withJSON("note", "123456789012345678901234567890"),
				withJSON("note", "1e400"), withJSON("note", nested(20)),
			},
		},
		{
			reg: "reg/client-data/deeply-nested", auth: "auth/client-data/deeply-nested", sheet: "S-CDJ-054", level: robust, at: atJSON,
			says: "a member of ten thousand arrays within each other is decided on", want: observed, lies: []Lie{withJSON("note", nested(10_000))},
		},
		{
			reg: "reg/client-data/challenge-twice", auth: "auth/client-data/challenge-twice", sheet: "S-CDJ-055", level: robust, at: atChallenge,
			says: "of two challenges the server believes the first or the last, not whichever is right,", want: onceAtMost, lies: twice("challenge", "AAAAAAAAAAAAAAAAAAAAAA"),
		},
		{
			reg: "reg/client-data/origin-twice", auth: "auth/client-data/origin-twice", sheet: "S-CDJ-056", level: robust, at: atOrigin,
			says: "of two origins the server believes the first or the last, not whichever is right,", want: onceAtMost, lies: twice("origin", "https://phishing.example"),
		},
		{
			reg: "reg/client-data/type-twice", auth: "auth/client-data/type-twice", sheet: "S-CDJ-057", level: robust, at: atType,
			says: "of two types the server believes the first or the last, not whichever is right,", want: onceAtMost, lies: twice("type", "payment.get"),
		},
		{
			reg: "reg/client-data/origin-escaped", auth: "auth/client-data/origin-escaped", sheet: "S-CDJ-058", level: must, at: atJSON,
			says: "an origin whose letters are written as escapes is the same origin, and accepted", want: accepted,
			lies: []Lie{rewritten("an origin in escapes", inOrigin(func(origin string) string {
				var escaped strings.Builder
				for _, r := range origin {
					fmt.Fprintf(&escaped, `\u%04x`, r)
				}
				return escaped.String()
			}))},
		},
		{
			reg: "reg/client-data/name-escaped", auth: "auth/client-data/name-escaped", sheet: "S-CDJ-059", level: should, at: atJSON,
			says: "a name of a member that is written with escapes is the same name, and accepted", want: accepted,
			lies: []Lie{rewritten("a member named \\u0074ype", func(honest []byte) []byte { return bytes.Replace(honest, []byte(`"type"`), []byte(`"\u0074ype"`), 1) })},
		},
		{
			reg: "reg/client-data/white-space-between", auth: "auth/client-data/white-space-between", sheet: "S-CDJ-060", level: must, at: atJSON,
			says: "white space between the members is JSON, and accepted", want: accepted, lies: []Lie{rewritten("white space everywhere", spaced)},
		},
		{
			reg: "reg/client-data/not-quite-json", auth: "auth/client-data/not-quite-json", sheet: "S-CDJ-061", level: must, at: steps("6", "9", "rfc-8259"),
			says: "client data that only a lenient parser takes for JSON is refused", want: refused,
			lies: []Lie{
				rewritten("single quotes", func(honest []byte) []byte { return bytes.ReplaceAll(honest, []byte(`"`), []byte(`'`)) }),
				rewritten("a comment", wrap("/* hello */", "")),
				rewritten("a comma behind the last member", func(honest []byte) []byte { return append(honest[:len(honest)-1:len(honest)-1], ",}"...) }),
				withJSON("note", "NaN"), withJSON("note", "+1"), withJSON("note", "0x10"),
			},
		},
		{
			reg: "reg/client-data/a-million-bytes", auth: "auth/client-data/a-million-bytes", sheet: "S-CDJ-082", level: robust, at: atMembers,
			says: "client data of a million bytes is decided on", want: observed, lies: []Lie{withJSON("note", `"`+strings.Repeat("a", 1_000_000)+`"`)},
		},
		{
			reg: "reg/client-data/names-of-prototypes", auth: "auth/client-data/names-of-prototypes", sheet: "S-CDJ-083", level: robust, at: atMembers,
			says: "members named __proto__ and constructor are members that nobody knows, and ignored,", want: accepted,
			lies: []Lie{
				withJSON("__proto__", `{"crossOrigin":true,"isAdmin":true}`), withJSON("constructor", `{"prototype":{"crossOrigin":true,"challenge":"AAAA"}}`),
			},
		},
	})
}

const byteOrderMark = "\ufeff"

// wrap puts bytes around the client data.
func wrap(before, behind string) func([]byte) []byte {
	return func(honest []byte) []byte { return []byte(before + string(honest) + behind) }
}

// insteadOfClientData are other values of JSON.
func insteadOfClientData(values ...string) []Lie {
	var lies []Lie
	for _, value := range values {
		lies = append(lies, rewritten("client data that is "+value, func([]byte) []byte { return []byte(value) }))
	}
	return lies
}

// inOrigin changes the bytes of the origin within client data.
func inOrigin(edit func(origin string) string) func([]byte) []byte {
	return func(honest []byte) []byte {
		data := parseClientData(honest)
		origin := data.Text("origin")
		return bytes.Replace(honest, []byte(`"`+origin+`"`), []byte(`"`+edit(origin)+`"`), 1)
	}
}

// inUTF16 is a text in UTF-16, little end first, behind a byte order mark.
func inUTF16(honest []byte) []byte {
	var encoded []byte
	for _, unit := range utf16.Encode([]rune(byteOrderMark + string(honest))) {
		encoded = binary.LittleEndian.AppendUint16(encoded, unit)
	}
	return encoded
}

// nested are arrays within each other.
func nested(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

// twice are two lies about a member that is there twice: the honest one first, and the honest one last.
func twice(name, wrong string) []Lie {
	bad := ClientMember{Name: name, Value: []byte(`"` + wrong + `"`)}
	return []Lie{
		{Is: "a wrong " + name + " behind the right one", Client: editClientData(func(d *ClientData) { *d = append(*d, bad) })},
		{Is: "a wrong " + name + " before the right one", Client: editClientData(func(d *ClientData) { *d = append(ClientData{bad}, *d...) })},
	}
}

// spaced is client data with white space around each member, each colon and each comma.
func spaced(honest []byte) []byte {
	var out bytes.Buffer
	out.WriteString("\n{\t")
	for i, member := range parseClientData(honest) {
		if i > 0 {
			out.WriteString(" ,\r\n")
		}
		fmt.Fprintf(&out, "%q : %s", member.Name, member.Value)
	}
	out.WriteString("\n}\n")
	return out.Bytes()
}
