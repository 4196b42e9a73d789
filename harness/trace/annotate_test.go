package trace

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

// secret is what must not be shown; the other bytes of these messages are no secrets.
var secretBytes = bytes.Repeat([]byte{0x5e}, 32)

// message is a command or a status byte with the CBOR of parameters.
func message(first byte, parameters any) []byte {
	return append([]byte{first}, encode(parameters)...)
}

func TestMembersAreNamedAndSecretsLeftOut(t *testing.T) {
	key := map[int]any{1: 2, 3: -25}
	for _, c := range []struct {
		name              string
		request, response []byte
		shows             []string
		secrets           int // how many
	}{
		{"token by PIN", message(6, map[int]any{1: 2, 2: 9, 3: key, 6: secretBytes, 9: 3, 10: "a.org"}), message(0, map[int]any{2: secretBytes}),
			[]string{"2 / subCommand /: 9 / getPinUvAuthTokenUsingPinWithPermissions /", "6 / pinHashEnc /: h'[redacted]' / 32 bytes /", "9 / permissions /: 3",
				`10 / rpId /: "a.org"`, "2 / pinUvAuthToken /: h'[redacted]'", "3 / keyAgreement /: {1: 2, 3: -25}"}, 2},
		{"change of PIN", message(6, map[int]any{1: 1, 2: 4, 4: []byte{1}, 5: secretBytes, 6: secretBytes}), message(0x31, nil)[:1],
			[]string{"4 / pinUvAuthParam /: h'01'", "5 / newPinEnc /: h'[redacted]'", "changePIN"}, 2},
		{"retries", message(6, map[int]any{2: 1}), message(0, map[int]any{3: 8, 4: false}), []string{"getPINRetries", "3 / pinRetries /: 8", "4 / powerCycleState /: false"}, 0},
		{"hmac-secret", message(2, map[int]any{1: "a.org", 4: map[string]any{"hmac-secret": map[int]any{1: key, 2: secretBytes, 3: []byte{1}, 4: 2}}}),
			message(0, map[int]any{3: []byte{9}, 7: secretBytes}),
			[]string{`4 / extensions /: {"hmac-secret": {1 / keyAgreement /`, "2 / saltEnc /: h'[redacted]'", "7 / largeBlobKey /: h'[redacted]'", "3 / signature /: h'09'"}, 2},
		{"extensions at creation", message(1, map[int]any{6: map[string]any{"credBlob": secretBytes, "hmac-secret": true, "credProtect": 2}}),
			message(0, map[int]any{5: secretBytes, 1: "none"}), []string{`"hmac-secret": true`, `"credProtect": 2`, `"credBlob": h'[redacted]'`, `1 / fmt /: "none"`}, 2},
		{"large blob by extension", message(2, map[int]any{4: map[string]any{"largeBlob": map[string]any{"write": secretBytes, "originalSize": 40}}}),
			message(0, map[int]any{8: map[string]any{"largeBlob": map[string]any{"blob": secretBytes}}}), []string{`"write": h'[redacted]'`, `"originalSize": 40`, `"blob": h'[redacted]'`}, 2},
		{"next assertion", message(8, nil)[:1], message(0, map[int]any{7: secretBytes, 2: []byte{1}}), []string{"2 / authData /: h'01'"}, 1},
		{"credential management", message(10, map[int]any{1: 4, 2: map[int]any{1: []byte{7}}, 3: 2, 4: []byte{8}}), message(0, map[int]any{11: secretBytes, 9: 1}),
			[]string{"4 / enumerateCredentialsBegin /", "2 / subCommandParams /: {1 / rpIDHash /: h'07'}", "9 / totalCredentials /: 1"}, 1},
		{"its prototype", message(0x41, map[int]any{1: 1}), message(0, map[int]any{11: secretBytes}), []string{"getCredsMetadata"}, 1},
		{"fingerprints", message(9, map[int]any{1: 1, 2: 5, 3: map[int]any{1: []byte{7}, 2: "left"}}),
			message(0, map[int]any{2: 2, 7: []any{map[int]any{1: []byte{7}, 2: "left"}}}),
			[]string{"5 / setFriendlyName /", `2 / templateFriendlyName /: "left"`, "2 / fingerprintKind /: 2 / swipe /", `7 / templateInfos /: [{1 / templateId /: h'07', 2 / templateFriendlyName /: "left"}]`}, 0},
		{"large blobs", message(12, map[int]any{1: 64, 3: 0}), message(0, map[int]any{1: []byte{0x80}}), []string{"1 / get /: 64", "3 / offset /: 0", "1 / config /: h'80'"}, 0},
		{"minimum PIN length", message(13, map[int]any{1: 3, 2: map[int]any{1: 6, 3: true}}), message(0, nil)[:1],
			[]string{"3 / setMinPINLength /", "1 / newMinPINLength /: 6", "3 / forceChangePin /: true"}, 0},
		{"vendor prototype", message(13, map[int]any{1: 0xff, 2: map[int]any{1: 6}}), message(0, nil)[:1], []string{"255 / vendorPrototype /", "1 / vendorCommandId /: 6"}, 0},
		{"toggle", message(13, map[int]any{1: 2}), message(0x34, nil)[:1], []string{"2 / toggleAlwaysUv /"}, 0},
		{"getInfo", message(4, nil)[:1], message(0, map[int]any{1: []string{"FIDO_2_1"}, 12: true, 31: []int{3}}),
			[]string{`1 / versions /: ["FIDO_2_1"]`, "12 / forcePINChange /: true", "31 / authenticatorConfigCommands /: [3]"}, 0},
		{"sub-commands without a name", message(6, map[int]any{2: 77}), message(0x3e, nil)[:1], []string{"{2 / subCommand /: 77}"}, 0},
		{"a sub-command that is no number", message(6, map[int]any{2: "x", 1: 2}), message(0x11, nil)[:1], []string{`2 / subCommand /: "x"}`}, 0},
		{"members without a name", message(6, map[any]any{2: 9, 99: 1, "x": 2}), message(0, 5), []string{"99: 1", `"x": 2`, "5"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := bytes.Count(append(bytes.Clone(c.request), c.response...), secretBytes); got != c.secrets {
				t.Fatalf("the messages hold %d secrets, not %d", got, c.secrets)
			}
			request, response := CTAPRequest(now, c.request), CTAPResponseTo(now, c.request, c.response)
			if strings.Contains(request.Hex+response.Hex, "5e5e") {
				t.Errorf("a secret is shown in hexadecimal: %s, %s", request.Hex, response.Hex)
			}
			text := request.Text + "\n" + response.Text
			joined := strings.Join(strings.Fields(text), " ")
			if strings.Contains(text, "5e5e") || strings.Count(text, Redacted) != c.secrets {
				t.Errorf("a secret stayed, or too few were left out: %s", joined)
			}
			for _, part := range c.shows {
				if !strings.Contains(joined, part) {
					t.Errorf("%q is not in %s", part, joined)
				}
			}
		})
	}
}

// What is not well-formed cannot be understood, and so may be a secret where PINs and tokens travel.
func TestMalformedMessages(t *testing.T) {
	pin := message(6, map[int]any{2: 9, 6: secretBytes})
	for name, c := range map[string]struct {
		text, want string
	}{
		"cut short":       {CTAPRequest(now, pin[:len(pin)-1]).Text, "not shown"},
		"with a tail":     {CTAPRequest(now, append(bytes.Clone(pin), secretBytes...)).Text, "32 bytes behind it, not shown"},
		"response cut":    {CTAPResponseTo(now, pin, message(0, map[int]any{2: secretBytes})[:9]).Text, "not shown"},
		"no secret there": {CTAPRequest(now, []byte{2, 0xa1, 1}).Text, "h'a101'"},
		"a tail there":    {CTAPRequest(now, []byte{2, 0xa0, 7}).Text, "{} / 1 bytes behind it: / h'07'"},
	} {
		if strings.Contains(c.text, "5e5e") || !strings.Contains(c.text, c.want) {
			t.Errorf("%s: %s", name, c.text)
		}
	}
}

// A map may be written in ways that authenticators do not use; what it holds is recognised all the same.
func TestOtherEncodingsOfMaps(t *testing.T) {
	for name, text := range map[string]string{
		"endless":         "bf 02 09 06 42 5e5e ff",
		"count of a byte": "b8 02 02 09 06 42 5e5e",
		"count of two":    "b9 0002 02 09 06 42 5e5e",
		"count of four":   "ba 00000002 02 09 06 42 5e5e",
		"count of eight":  "bb 0000000000000002 02 09 06 42 5e5e",
		"key repeated":    "a3 02 09 06 42 5e5e 06 42 5e5e",
		"secret as text":  "a2 02 09 06 62 5e5e",
		"secret in list":  "a2 02 09 06 81 42 5e5e",
	} {
		data, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		got := annotated(data, clientPINShape.request)
		if strings.Contains(got, "5e5e") || strings.Contains(got, "^^") || !strings.Contains(got, "6 / pinHashEnc /: h'[redacted]'") || !strings.Contains(got, "2 / subCommand /: 9") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// The outputs of extensions in authenticator data are shown by name and without what is secret.
func TestExtensionOutputsInAuthenticatorData(t *testing.T) {
	m := honest()
	m.flags |= flagED
	m.extensions = encode(map[string]any{"hmac-secret": secretBytes, "credProtect": 2})
	c := Decoder{}.Registration(creationOptions(), m.registration())
	if got := c.Authenticator.Extensions; got != `{"credProtect": 2, "hmac-secret": h'[redacted]' / 32 bytes /}` {
		t.Errorf("extensions %s", got)
	}
}
