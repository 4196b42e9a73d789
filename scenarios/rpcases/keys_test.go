package rpcases_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/reports"
	"github.com/passkeylab/passkeylab/scenarios/rpcases"
	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// response is what matters here of both kinds.
type response struct {
	Response struct{ ClientDataJSON, AttestationObject, AuthenticatorData, Signature string }
}

// credulous offers an algorithm, keeps what it is sent, and lets an assertion pass when verify says so.
type credulous struct {
	algorithm cose.Algorithm
	verify    func(key map[int64]any, signed, signature []byte) bool
	keys      []map[int64]any
	signed    int // assertions that passed
	problems  []string
}

func (c *credulous) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	challenge := base64.RawURLEncoding.EncodeToString(make([]byte, 32))
	switch body, _ := io.ReadAll(r.Body); {
	case strings.HasPrefix(r.URL.Path, "/attestation/options"):
		fmt.Fprintf(w, `{"status":"ok","errorMessage":"","challenge":%q,"rp":{"id":"localhost","name":"x"},"user":{"id":"AAAA","name":"a","displayName":"A"},
			"pubKeyCredParams":[{"type":"public-key","alg":-7},{"type":"public-key","alg":%d}],"attestation":"direct","authenticatorSelection":{"residentKey":"required"}}`, challenge, c.algorithm)
	case strings.HasPrefix(r.URL.Path, "/assertion/options"):
		fmt.Fprintf(w, `{"status":"ok","errorMessage":"","challenge":%q,"rpId":"localhost"}`, challenge)
	case c.takes(body):
		fmt.Fprint(w, `{"status":"ok","errorMessage":""}`)
	default:
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"status":"failed","errorMessage":"no"}`)
	}
}

// takes accepts registrations whose self attestation verifies, or that have none, and assertions by the newest key.
func (c *credulous) takes(body []byte) bool {
	decode := func(s string) []byte { b, _ := base64.RawURLEncoding.DecodeString(s); return b }
	var r response
	if err := json.Unmarshal(body, &r); err != nil {
		return false
	}
	hash := sha256.Sum256(decode(r.Response.ClientDataJSON))
	if r.Response.AttestationObject == "" {
		key := c.keys[len(c.keys)-1]
		if key[3] != int64(c.algorithm) {
			return true
		}
		passes := c.verify(key, slices.Concat(decode(r.Response.AuthenticatorData), hash[:]), decode(r.Response.Signature))
		if passes {
			c.signed++
		}
		return passes
	}
	var object struct {
		Format    string         `cbor:"fmt"`
		Statement map[string]any `cbor:"attStmt"`
		AuthData  []byte         `cbor:"authData"`
	}
	if err := cbor.Unmarshal(decode(r.Response.AttestationObject), &object); err != nil {
		return false
	}
	data, err := authdata.Parse(object.AuthData)
	if err != nil || data.Credential == nil {
		return false
	}
	var key map[int64]any
	if err := cbor.Unmarshal(data.Credential.PublicKey, &key); err != nil {
		return false
	}
	signature, signed := object.Statement["sig"].([]byte)
	if signed && object.Statement["alg"] == int64(c.algorithm) && !c.verify(key, slices.Concat(object.AuthData, hash[:]), signature) {
		c.problems = append(c.problems, "the statement does not verify")
		return false
	}
	c.keys = append(c.keys, number(key))
	return true
}

// number makes all integers of a key comparable.
func number(key map[int64]any) map[int64]any {
	for label, value := range key {
		if n, unsigned := value.(uint64); unsigned {
			key[label] = int64(n)
		}
	}
	return key
}

// held runs one case against a relying party of this file.
func held(t *testing.T, c *credulous, id string) reports.Result {
	t.Helper()
	server, err := subject.FIDOServer{Base: "http://localhost"}.InProcess(c)
	if err != nil {
		t.Fatal(err)
	}
	runner := (&rpcases.Suite{RP: server}).Runner()
	runner.Has.Add(rpcases.Offers(c.algorithm), rpcases.Offers(cose.ES256))
	if runner.Only, err = conformance.ParsePatterns([]string{id}); err != nil {
		t.Fatal(err)
	}
	finding, err := runner.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return finding.Run.Results[0]
}

func publicRSA(key map[int64]any) *rsa.PublicKey {
	n, _ := key[-1].([]byte)
	e, _ := key[-2].([]byte)
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
}

// A relying party that offers RS1 gets keys, statements and signatures for RS1.
func TestKeysForRS1Sign(t *testing.T) {
	c := &credulous{algorithm: cose.RS1, verify: func(key map[int64]any, signed, signature []byte) bool {
		digest := sha1.Sum(signed)
		return rsa.VerifyPKCS1v15(publicRSA(key), crypto.SHA1, digest[:], signature) == nil
	}}
	result := held(t, c, "reg/key/offers-rs1")
	if result.State != reports.Advised || c.signed != 1 || len(c.problems) > 0 || c.keys[len(c.keys)-1][3] != int64(cose.RS1) {
		t.Errorf("%s %s %+v, %d signed, %v", result.State, result.Reason, result.Failure, c.signed, c.problems)
	}
}

// The forged cube opens the door of whoever looks at how a signature begins, and not at how it ends.
func TestTheForgedCubeFoolsWhoParsesPadding(t *testing.T) {
	c := &credulous{algorithm: cose.RS256, verify: func(key map[int64]any, signed, signature []byte) bool {
		public := publicRSA(key)
		message := new(big.Int).Exp(new(big.Int).SetBytes(signature), big.NewInt(int64(public.E)), public.N).FillBytes(make([]byte, public.Size()))
		hash := sha256.Sum256(signed)
		_, behind, padded := strings.Cut(string(message), "\xff\x00")
		return padded && len(behind) >= 51 && behind[19:51] == string(hash[:])
	}}
	if result := held(t, c, "auth/key/forged-padding"); result.State != reports.Failed || c.signed != 2 {
		t.Errorf("%s %s %+v, %d signed", result.State, result.Reason, result.Failure, c.signed)
	}
}
