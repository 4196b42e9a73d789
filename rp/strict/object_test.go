package strict_test

import (
	"encoding/hex"
	"errors"
	"testing"

	"github.com/passkeylab/passkeylab/rp/strict"
)

// Members of an attestation object, written by hand from RFC 8949.
const (
	fmtNone     = "63666d74" + "646e6f6e65"
	fmtCompound = "63666d74" + "68636f6d706f756e64"
	attStmt     = "6761747453746d74"
	authData    = "686175746844617461" + "4100"
)

func TestAnAttestationObjectHasItsThreeMembers(t *testing.T) {
	for name, test := range map[string]struct {
		object string
		want   error
	}{
		"none":                         {"a3" + fmtNone + attStmt + "a0" + authData, nil},
		"compound":                     {"a3" + fmtCompound + attStmt + "80" + authData, nil},
		"a member more":                {"a4" + fmtNone + attStmt + "a0" + authData + "6178f5", nil},
		"no map":                       {"80", strict.ErrObject},
		"nothing":                      {"", strict.ErrObject},
		"no fmt":                       {"a2" + attStmt + "a0" + authData, strict.ErrObject},
		"fmt as bytes":                 {"a3" + "63666d74" + "446e6f6e65" + attStmt + "a0" + authData, strict.ErrObject},
		"no attStmt":                   {"a2" + fmtNone + authData, strict.ErrObject},
		"attStmt null":                 {"a3" + fmtNone + attStmt + "f6" + authData, strict.ErrObject},
		"attStmt undefined":            {"a3" + fmtNone + attStmt + "f7" + authData, strict.ErrObject},
		"attStmt an array":             {"a3" + fmtNone + attStmt + "80" + authData, strict.ErrObject},
		"attStmt of compound as a map": {"a3" + fmtCompound + attStmt + "a0" + authData, strict.ErrObject},
		"no authData":                  {"a2" + fmtNone + attStmt + "a0", strict.ErrObject},
		"authData as text":             {"a3" + fmtNone + attStmt + "a0" + "686175746844617461" + "6178", strict.ErrObject},
	} {
		object, err := hex.DecodeString(test.object)
		if err != nil {
			t.Fatal(err)
		}
		if err := strict.CheckObject(object); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
}
