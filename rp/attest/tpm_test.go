package attest_test

import (
	"crypto/sha256"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/go-webauthn/webauthn/protocol"

	"github.com/passkeylab/passkeylab/rp/attest"
)

// The W3C's statement of a TPM is refused for its manufacturer, behind which everything else was looked at, and with one byte
// behind certInfo for that byte.
func TestCertInfoEndsWhereItsStructureEnds(t *testing.T) {
	data, err := os.ReadFile("testdata/w3c-level3.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors struct {
		Registrations []struct{ Name, AttestationObject, ClientDataJSON string }
	}
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatal(err)
	}
	for _, vector := range vectors.Registrations {
		if vector.Name != "tpm-es256" {
			continue
		}
		var object protocol.AttestationObject
		if err := object.UnmarshalCBOR(unhex(t, vector.AttestationObject)); err != nil {
			t.Fatal(err)
		}
		if err := object.AuthData.Unmarshal(object.RawAuthData); err != nil {
			t.Fatal(err)
		}
		hash := sha256.Sum256(unhex(t, vector.ClientDataJSON))
		info := object.AttStatement["certInfo"].([]byte)
		for _, test := range []struct {
			certInfo []byte
			clause   string
		}{
			{info, "§7.1 step 22"}, {append(slices.Clone(info), 0), "§8.3 (syntax)"},
			{info[:len(info)-1], "§7.1 step 22"}, {info[:7], "§7.1 step 22"}, {nil, "§7.1 step 22"},
		} {
			object.AttStatement["certInfo"] = test.certInfo
			_, err := verifier(attest.Roots{}).Verify(object, hash[:])
			wantClause(t, err, test.clause)
		}
		return
	}
	t.Fatal("there is no such vector")
}
