package attestation_test

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

// TestTheStepwiseVerifierAcceptsTheW3CsVectors: the verifier that judges our statements must accept those of WebAuthn L3 §16 up to
// their root, and refuse each of them for another client data hash (none excepted, which binds nothing).
func TestTheStepwiseVerifierAcceptsTheW3CsVectors(t *testing.T) {
	raw, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Root    string `json:"root"`
		Vectors []struct {
			Name       string `json:"name"`
			Object     string `json:"attestationObject"`
			ClientData string `json:"clientDataJSON"`
		} `json:"vectors"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	root, err := x509.ParseCertificate(unhex(t, file.Root))
	if err != nil {
		t.Fatal(err)
	}
	// The vectors' certificates name no AAGUID, their TPM a manufacturer that does not exist, and their U2F key has an AAGUID.
	j := judge{root: root, now: now, lenient: true}
	for _, v := range file.Vectors {
		t.Run(v.Name, func(t *testing.T) {
			if v.Name == "packed-ed448" {
				t.Log("go-webauthn's parser of COSE keys, which this verifier borrows, knows no Ed448: not judged")
				return
			}
			var object struct {
				Format    string          `cbor:"fmt"`
				Statement cbor.RawMessage `cbor:"attStmt"`
				AuthData  []byte          `cbor:"authData"`
			}
			if err := cbor.Unmarshal(unhex(t, v.Object), &object); err != nil {
				t.Fatal(err)
			}
			hash := sha256.Sum256(unhex(t, v.ClientData))
			e, err := read(object.Format, object.Statement, object.AuthData, hash[:])
			if err != nil {
				t.Fatal(err)
			}
			if err := j.verify(e); err != nil {
				t.Error(err)
			}
			hash[0] ^= 1
			if err := j.verify(e); object.Format != "none" && err == nil {
				t.Error("accepted for other client data")
			}
		})
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
