package rp

import "testing"

func TestEnvelopes(t *testing.T) {
	for body, want := range map[string]bool{
		`{"id":"AA","rawId":"AA","response":{"clientDataJSON":"AA"},"more":1}`:   true,
		`{"id":"AA","response":{"userHandle":null},"clientExtensionResults":{}}`: true,
		``:                                        false,
		`null`:                                    false,
		`{"id":"AA"}`:                             false,
		`{"id":"AA","response":{}} x`:             false,
		`{"id":"AA","response":{}`:                false,
		`{"id":"AA","ID":"BB","response":{}}`:     false,
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
		if err := checkEnvelope([]byte(body), base64urlAssertionMembers); (err == nil) != want {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestClientDataIsReadExactly(t *testing.T) {
	for text, want := range map[string]string{
		`{"type":"a","challenge":"b","origin":"c","crossOrigin":false,"note":[1e400]}`: `{"challenge":"b","crossOrigin":false,"origin":"c","type":"a"}`,
		"\ufeff{\"type\":\"a\"} \n": `{"type":"a"}`,
		`{"Type":"a"}`:              `{}`,
		`{"\u0074ype":"\u0061"}`:    `{"type":"\u0061"}`,
		"\ufeff\ufeff{}":            "",
		`{"type":"a","type":"a"}`:   "",
		`{"type":"a","TYPE":"b"}`:   "",
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
