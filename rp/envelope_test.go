package rp

import (
	"bytes"
	"encoding/json"
	"testing"
)

func TestEnvelopes(t *testing.T) {
	for body, want := range map[string]bool{
		`{"id":"AA","rawId":"AA","response":{"clientDataJSON":"AA"},"more":1}`:   true,
		`{"id":"AA","response":{"userHandle":null},"clientExtensionResults":{}}`: true,
		``:                                        false,
		`null`:                                    false,
		`{"id":"AA"}`:                             false,
		`{"id":"AA","response":{}} x`:             false,
		`{"id":"AA","response":{}`:                false,
		`{"id":"AA","ID":"BB","response":{}}`:     true,
		`{"id":"AA=","response":{}}`:              false,
		`{"id":"AB","response":{}}`:               false,
		`{"id":"A+","response":{}}`:               false,
		`{"id":"A\nA","response":{}}`:             false,
		`{"id":null,"response":{}}`:               false,
		`{"id":7,"response":{}}`:                  false,
		`{"response":[]}`:                         false,
		`{"response":{"signature":"A A"}}`:        false,
		`{"response":{"attestationObject":null}}`: true,
		`{"response":{"signature":null}}`:         false,
		`{"response":{"clientDataJSON":"AA","clientDataJSON":"AA"}}`: false,
		`{"response":{},"clientExtensionResults":null}`:              false,
		"\ufeff{\"response\":{}}":                                    false,
	} {
		r := readEnvelope([]byte(body))
		r.credential()
		for _, name := range []string{"clientDataJSON", "signature"} {
			r.bytes(r.response, name)
		}
		if err := r.err; (err == nil) != want {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestClientDataIsReadExactly(t *testing.T) {
	for text, want := range map[string]string{
		`{"type":"a","challenge":"b","origin":"c","crossOrigin":false,"note":[1e400]}`: `{"type":"a","challenge":"b","origin":"c","crossOrigin":false}`,
		"\ufeff{\"type\":\"a\"} \n": `{"type":"a"}`,
		`{"Type":"a"}`:              `{}`,
		`{"\u0074ype":"\u0061"}`:    `{"type":"\u0061"}`,
		"\ufeff\ufeff{}":            "",
		`{"type":"a","type":"a"}`:   "",
		`{"type":"a","TYPE":"b"}`:   `{"type":"a"}`,
		`{"type":null}`:             "",
		`{"origin":["a"]}`:          "",
		`{"crossOrigin":"true"}`:    "",
		`{"crossOrigin":null}`:      "",
		`{"topOrigin":null}`:        "",
		`[{}]`:                      "",
		`{}{}`:                      "",
		`{"a":1,}`:                  "",
	} {
		got, err := collected([]byte(text))
		if (err == nil) != (want != "") || err == nil && string(got) != want {
			t.Errorf("%s: %s %v", text, got, err)
		}
	}
}

// What is read of client data is JSON with no member but those that are known, and reading it again changes nothing.
func FuzzClientData(f *testing.F) {
	for _, seed := range []string{
		`{"type":"webauthn.get","challenge":"AA","origin":"https://a","crossOrigin":false}`, "\ufeff{}", `{"a":{"b":[1]},"topOrigin":"\ud83d"}`, `{"type":1}`, `{"a":1`, "",
	} {
		f.Add([]byte(seed))
	}
	known := map[string]bool{"type": true, "challenge": true, "origin": true, "topOrigin": true, "crossOrigin": true, "tokenBinding": true}
	f.Fuzz(func(t *testing.T, clientData []byte) {
		read, err := collected(clientData)
		if err != nil {
			return
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(read, &members); err != nil {
			t.Fatalf("%q: %v", read, err)
		}
		for name := range members {
			if !known[name] {
				t.Errorf("%q is a member of %q", name, read)
			}
		}
		if again, err := collected(read); err != nil || !bytes.Equal(again, read) {
			t.Errorf("%q is read as %q: %v", read, again, err)
		}
	})
}

// What is read of an object is what encoding/json reads of it, wherever no name stands twice.
func FuzzExactMembers(f *testing.F) {
	for _, seed := range []string{
		`{"id":"AA","rawId":"AA","response":{"clientDataJSON":"AA"}}`, ` { "a" : [1, {"b":"]}"}] , "\u0041":-1.5e3,"c":null } `, `{"a":"\"","b":"\\"}`, `{"a":1,"a":2}`, "{\"\xff\":0}", `{`, ``, `[]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, encoded []byte) {
		got, err := exactMembers(encoded)
		if err != nil {
			return
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal(encoded, &want); err != nil || len(want) != len(got) {
			t.Fatalf("%q: %d members, want %d: %v", encoded, len(got), len(want), err)
		}
		for _, m := range got {
			if string(want[m.name]) != string(m.value) {
				t.Errorf("%q: %q is %q, want %q", encoded, m.name, m.value, want[m.name])
			}
		}
	})
}
