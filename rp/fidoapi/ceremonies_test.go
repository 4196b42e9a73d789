package fidoapi

import "testing"

func TestOnlyAnIDIsEnough(t *testing.T) {
	for body, want := range map[string]string{
		` {"id":"AA","type":"x"}`:              ` {"rawId":"AA","id":"AA","type":"x"}`,
		`{"id":"AA","rawId":"BB"}`:             `{"id":"AA","rawId":"BB"}`,
		`{"id":"AA","rawId":null}`:             `{"id":"AA","rawId":null}`,
		`{"type":"x"}`:                         `{"type":"x"}`,
		`[{"id":"AA"}]`:                        `[{"id":"AA"}]`,
		`{"id":"AA"`:                           `{"id":"AA"`,
		`{"id":7,"response":{},"response":{}}`: `{"rawId":7,"id":7,"response":{},"response":{}}`,
	} {
		if got := string(withRawID([]byte(body))); got != want {
			t.Errorf("%s becomes %s", body, got)
		}
	}
}
