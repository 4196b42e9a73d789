package mutants

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// vectors are the W3C's (WebAuthn L3 §16), with the root that is printed there.
func vectors(t *testing.T) (registrations []vector, roots *x509.CertPool) {
	t.Helper()
	content, err := os.ReadFile("../../rp/attest/testdata/w3c-level3.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Root          string
		Registrations []vector
	}
	if err := json.Unmarshal(content, &file); err != nil {
		t.Fatal(err)
	}
	root, err := x509.ParseCertificate(unhex(t, file.Root))
	if err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	roots.AddCert(root)
	return file.Registrations, roots
}

type vector struct{ Name, AttestationObject, ClientDataJSON string }

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	decoded, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}

// posted is a vector as a client would post it. The credential's id is where authenticator data has it.
func (v vector) posted(t *testing.T) []byte {
	t.Helper()
	a := &attempt{kind: registering, envelope: envelope{attestationObject: unhex(t, v.AttestationObject)}}
	if err := readObject(a); err != nil {
		t.Fatal(err)
	}
	data, err := parseAuthData(a.object.authData, registering)
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	body, err := json.Marshal(map[string]any{
		"id": encode(data.credentialID), "type": "public-key",
		"response": map[string]any{"clientDataJSON": encode(unhex(t, v.ClientDataJSON)), "attestationObject": encode(unhex(t, v.AttestationObject))},
	})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// The W3C's own registrations pass every step, whatever their format, and none does when its client data is another.
func TestTheOfficialRegistrations(t *testing.T) {
	registrations, roots := vectors(t)
	for _, v := range registrations {
		t.Run(v.Name, func(t *testing.T) {
			var data struct{ Challenge string }
			if err := json.Unmarshal(unhex(t, v.ClientDataJSON), &data); err != nil {
				t.Fatal(err)
			}
			verify := func(body []byte, required bool) error {
				rp := New(Settings{
					Origin: "https://example.org", RPID: "example.org", Roots: roots, Now: time.Now, Rand: rand.Reader, AttestationRequired: required,
					Algorithms: []cose.Algorithm{cose.ES256, cose.ES384, cose.ES512, cose.RS256, cose.EdDSA},
				})
				rp.ceremonies = []*ceremony{{kind: registering, challenge: data.Challenge, user: rp.open("ada", ""), begun: time.Now()}}
				_, err := rp.creationResult(call{body: body})
				return err
			}
			bare := map[string]bool{"none-es256": true, "packed-self-es256": true}[v.Name]
			// The TPM's manufacturer in the vector is one that nobody has registered.
			want := map[string]string{"tpm-es256": "tpm/certificate/manufacturer"}[v.Name]
			if err := verify(v.posted(t), !bare); refusedBy(err) != want || want == "" && err != nil {
				t.Error(err)
			}
			if err := verify(v.posted(t), true); bare && refusedBy(err) != "reg/trust/required" {
				t.Errorf("without a trust path: %v", err)
			}
			spoilt := v
			spoilt.ClientDataJSON = hex.EncodeToString(append(unhex(t, v.ClientDataJSON), ' '))
			if err := verify(spoilt.posted(t), false); (err == nil) != (v.Name == "none-es256") {
				t.Errorf("with other client data: %v", err)
			}
		})
	}
}

func refusedBy(err error) string {
	var r *refusal
	if errors.As(err, &r) {
		return r.step
	}
	return ""
}

// A mutant is a hole: nobody but this machine gets an answer from it.
func TestOnlyThisMachineIsAnswered(t *testing.T) {
	rp := New(Settings{Origin: "http://localhost", RPID: "localhost", Rand: rand.Reader, Now: time.Now})
	for from, want := range map[string]int{
		"127.0.0.1:4000": http.StatusOK, "[::1]:4000": http.StatusOK, "127.8.8.8:1": http.StatusOK, "192.0.2.1:4000": http.StatusForbidden,
		"[2001:db8::1]:4000": http.StatusForbidden, "0.0.0.0:1": http.StatusForbidden, "localhost": http.StatusForbidden, "": http.StatusForbidden,
	} {
		request := httptest.NewRequest(http.MethodPost, "/attestation/options", bytes.NewReader([]byte(`{"username":"ada"}`)))
		request.Header.Set("Content-Type", "application/json")
		request.RemoteAddr = from
		answer := httptest.NewRecorder()
		rp.ServeHTTP(answer, request)
		if answer.Code != want {
			t.Errorf("from %q: HTTP %d, want %d", from, answer.Code, want)
		}
	}
}
