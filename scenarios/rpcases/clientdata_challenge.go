package rpcases

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
)

// clientDataChallenge is about challenges that are nearly right (WebAuthn L3 §7.1 step 8, §7.2 step 11): the text must be that of
// the options, sign by sign.
func clientDataChallenge() []Case {
	return inBoth([]told{
		{
			reg: "reg/client-data/challenge-padded", auth: "auth/client-data/challenge-padded", sheet: "S-CDJ-062", level: robust, at: atChallenge,
			says: "the right challenge with padding behind it is decided on", want: observed, lies: editsOf("challenge", affix("", "=")),
		},
		{
			reg: "reg/client-data/challenge-in-another-alphabet", auth: "auth/client-data/challenge-in-another-alphabet", sheet: "S-CDJ-063", level: should, at: atChallenge,
			says: "the right challenge in the alphabet of plain base64 is refused", want: refused, ask: Ask{Until: withDashes},
			lies: editsOf("challenge", edit{"with + and / in place of - and _", strings.NewReplacer("-", "+", "_", "/").Replace}),
		},
		{
			reg: "reg/client-data/challenge-in-other-letters", auth: "auth/client-data/challenge-in-other-letters", sheet: "S-CDJ-064", level: must, at: atChallenge,
			says: "a challenge that is right but for capital letters is refused", want: refused, lies: editsOf("challenge", edit{"with its cases exchanged", otherCase}),
		},
		{
			reg: "reg/client-data/challenge-cut-off", auth: "auth/client-data/challenge-cut-off", sheet: "S-CDJ-065", level: must, at: atChallenge,
			says: "the beginning of the right challenge is refused", want: refused,
			lies: editsOf("challenge", edit{"without its last four signs", func(honest string) string { return honest[:len(honest)-4] }},
				edit{"of which only four signs are left", func(honest string) string { return honest[:4] }}),
		},
		{
			reg: "reg/client-data/challenge-with-more", auth: "auth/client-data/challenge-with-more", sheet: "S-CDJ-066", level: must, at: atChallenge,
			says: "the right challenge with bytes behind it is refused", want: refused, lies: editsOf("challenge", affix("", "AAAA")),
		},
		{
			reg: "reg/client-data/challenge-in-another-encoding", auth: "auth/client-data/challenge-in-another-encoding", sheet: "S-CDJ-067", level: must, at: atChallenge,
			says: "the right challenge in hexadecimal, or as bare bytes, is refused", want: refused,
			lies: editsOf("challenge", edit{"in hexadecimal", func(honest string) string { return hex.EncodeToString(decoded(honest)) }},
				edit{"as bytes", func(honest string) string { return string(decoded(honest)) }}),
		},
		{
			reg: "reg/client-data/challenge-with-spare-bits", auth: "auth/client-data/challenge-with-spare-bits", sheet: "S-CDJ-068", level: should, at: atChallenge,
			says: "another spelling of the right challenge, with spare bits that are not zero, is refused", want: refused, ask: Ask{Until: withSpareBits},
			lies: editsOf("challenge", edit{"with spare bits set", spareBits}),
		},
		{
			reg: "reg/client-data/challenge-of-zeros", auth: "auth/client-data/challenge-of-zeros", sheet: "S-CDJ-069", level: must, at: atChallenge,
			says: "a challenge of zero bytes is refused", want: refused,
			lies: editsOf("challenge", edit{"of as many zero bytes", func(honest string) string { return strings.Repeat("A", len(honest)) }}),
		},
		{
			reg: "reg/client-data/challenge-beside-the-signed-one", auth: "auth/client-data/challenge-beside-the-signed-one", sheet: "S-CDJ-070", level: must, at: atChallenge,
			says: "a wrong challenge is refused though the right one stands beside the client data", want: refused, cves: []string{"BossConsole#35"},
			lies: []Lie{{
				Is: "the right challenge everywhere but in the client data",
				Client: editClientData(func(d *ClientData) {
					d.Set("rightChallenge", d.Text("challenge"))
					d.Set("challenge", strings.Repeat("A", len(d.Text("challenge"))))
				}),
				Message: func(m *Message) error {
					signed := parseClientData(m.Bytes("response.clientDataJSON"))
					for _, path := range []string{"challenge", "expectedChallenge", "response.challenge"} {
						m.Set(path, signed.Text("rightChallenge"))
					}
					return nil
				},
			}},
		},
	})
}

// challengeOf is the challenge of options as they spell it.
func challengeOf(options []byte) string {
	var members struct{ Challenge string }
	if json.Unmarshal(options, &members) != nil {
		return ""
	}
	return members.Challenge
}

// withDashes and withSpareBits want options whose challenge a case can spell otherwise.
func withDashes(options []byte) bool { return strings.ContainsAny(challengeOf(options), "-_") }

func withSpareBits(options []byte) bool { return len(challengeOf(options))%4 != 0 }

func decoded(text string) []byte {
	bytes, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return bytes
}

func otherCase(honest string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r ^ 0x20
		}
		return r
	}, honest)
}

// spareBits sets the lowest bit of the last sign of base64url, which says nothing when its length is no multiple of four.
func spareBits(honest string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(honest) - 1
	return honest[:last] + string(alphabet[strings.IndexByte(alphabet, honest[last])^1])
}
