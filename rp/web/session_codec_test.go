package web

import (
	"maps"
	"testing"
	"time"
)

func TestCodecReadsWhatItWrote(t *testing.T) {
	deadline := time.Date(2031, 5, 6, 9, 0, 0, 123, time.UTC)
	for _, values := range []map[string]any{{}, {"session": "abc", "flash": `{"toast":"“Saved”"}`}} {
		data, err := codec{}.Encode(deadline, values)
		if err != nil {
			t.Fatal(err)
		}
		until, got, err := codec{}.Decode(data)
		if err != nil || !until.Equal(deadline) || !maps.Equal(got, values) {
			t.Errorf("%v became %v until %v: %v", values, got, until, err)
		}
	}
}

func TestCodecRefusesWhatItDoesNotKnow(t *testing.T) {
	if data, err := (codec{}).Encode(time.Time{}, map[string]any{"session": 1}); err == nil {
		t.Errorf("a number became %s", data)
	}
	for _, data := range []string{"", "{", `{"values":{"session":1}}`, "\x13\xff\x81\x03"} {
		if _, values, err := (codec{}).Decode([]byte(data)); err == nil {
			t.Errorf("%q became %v", data, values)
		}
	}
}
