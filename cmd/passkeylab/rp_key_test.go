package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSecretKeyIsReadFromItsFile(t *testing.T) {
	for _, tc := range []struct{ name, text, wrong string }{
		{"the key with a line break", strings.Repeat("a1", 32) + "\n", ""},
		{"too short", "a1", "does not hold 64 hexadecimal digits"},
		{"no digits", strings.Repeat("xy", 32), "does not hold 64 hexadecimal digits"},
		{"empty", "", "does not hold 64 hexadecimal digits"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "key")
			if err := os.WriteFile(path, []byte(tc.text), 0o600); err != nil {
				t.Fatal(err)
			}
			key, err := readSecretKey(path)
			switch {
			case tc.wrong == "" && (err != nil || len(key) != 32):
				t.Errorf("%d bytes, %v", len(key), err)
			case tc.wrong != "" && (err == nil || !strings.Contains(err.Error(), tc.wrong)):
				t.Errorf("got %v", err)
			}
		})
	}
	if key, err := readSecretKey(""); key != nil || err != nil {
		t.Errorf("no file: %v, %v", key, err)
	}
	if _, err := readSecretKey(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that is not there is no error")
	}
}
