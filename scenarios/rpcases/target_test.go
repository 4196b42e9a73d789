package rpcases_test

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/scenarios/rpcases"
)

func write(t *testing.T, folder, name, content string) string {
	t.Helper()
	path := filepath.Join(folder, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestATargetIsReachedAsItIsDescribed(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tenant, _ := r.Cookie("tenant")
		if r.URL.Path != "/strict/attestation/options" && r.URL.Path != "/fido/begin" || r.Header.Get("Authorization") != "Bearer 1" || tenant == nil {
			http.NotFound(w, r)
			return
		}
		w.Write([]byte(`{"status":"ok","errorMessage":""}`))
	}))
	defer server.Close()
	folder := t.TempDir()
	write(t, folder, "ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	speak := "headers: {authorization: Bearer 1}\ncookies: {tenant: lab}\ntls: {ca: ca.pem}\n"
	path := write(t, folder, "target.yaml", "name: Ours\nbase: "+server.URL+"/fido\norigin: https://ours.example\npaths: {creationOptions: begin}\n"+speak+
		"limits: {time: 3s, body: 1000}\npolicy: {counter: refuse, origins: [https://other.example]}\n"+
		"variants:\n  attestation-required:\n    base: "+server.URL+"/strict\n    "+strings.ReplaceAll(strings.TrimSpace(speak), "\n", "\n    ")+
		"\nexpected: [{id: reg/*, reason: known}]\n")
	target, err := rpcases.ReadTarget(path)
	if err != nil {
		t.Fatal(err)
	}
	suite, err := target.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer suite.Close()
	if suite.RP.Name() != "Ours" || suite.RP.Origin() != "https://ours.example" || suite.Policy.Counter != "refuse" || suite.Policy.Origins[0] != "https://other.example" {
		t.Errorf("%+v", suite)
	}
	for name, rp := range map[string]subject.RelyingParty{"itself": suite.RP, "its variant": suite.Variants[rpcases.AttestationRequired]} {
		if got := rp.Visit().Do(t.Context(), subject.Request{Endpoint: subject.CreationOptions}); got.Outcome != subject.Accepted {
			t.Errorf("%s: %s", name, got)
		}
	}
	if failures, err := target.Failures(); err != nil || len(failures) != 1 || failures[0].Reason != "known" || failures[0].Pattern.String() != "reg/*" {
		t.Errorf("%v %v", failures, err)
	}
}

func TestATargetThatIsWrongSaysWhere(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "empty.pem", "nothing")
	for content, want := range map[string]string{
		"base: nowhere":                                               "no URL of a server",
		"bse: http://x":                                               "target.yaml:1:1: bse: there is no such key; did you mean base?",
		"base: [":                                                     "read the target",
		"base: http://x\ntls: {ca: none.pem}":                         "tls.ca",
		"base: http://x\ntls: {ca: empty.pem}":                        "holds no certificate",
		"base: http://x\ntls: {certificate: none.pem}":                "tls.certificate",
		"base: http://x\nvariants: {stricter: {base: http://x}}":      `no variant "stricter"`,
		"base: http://x\nvariants: {attestation-required: {base: x}}": "variants.attestation-required.base",
		"base: http://x\nexpected: [{id: 'reg/*'}]":                   "has no reason",
		"base: http://x\nvariants: {attestation-required: }":          "is empty",
		"base: http://x\nvariants: {framed: {base: http://y}}":        "names no page that may frame it",
		"base: http://x\nvariants: {wide-origins: {base: http://y}}":  "names no further origin",
		"base: http://x\nexpected: [{id: ' ', reason: x}]":            "empty pattern",
		"base: http://x\nlimits: {time: soon}":                        "soon",
		"base: http://x\npolicy: {counter: refuse, conter: accept}":   "target.yaml:2:27: policy.conter: there is no such key; did you mean counter?",
	} {
		target, err := rpcases.ReadTarget(write(t, folder, "target.yaml", content))
		if err == nil {
			_, err = target.Open(t.Context())
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", content, err, want)
		}
	}
	if _, err := rpcases.ReadTarget(filepath.Join(folder, "none.yaml")); err == nil {
		t.Error("a file that is not there was read")
	}
}

func TestAVariantHasAPolicyOfItsOwn(t *testing.T) {
	target, err := rpcases.ReadTarget(write(t, t.TempDir(), "target.yaml", "base: http://x\npolicy: {crossOrigin: refuse}\nvariants:\n"+
		"  framed: {base: http://y, policy: {crossOrigin: accept, topOrigins: [https://a.example]}}\n  localhost: {base: http://z}\n"))
	if err != nil {
		t.Fatal(err)
	}
	suite, err := target.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer suite.Close()
	framed, its := suite.Policies[rpcases.Framed]
	_, others := suite.Policies[rpcases.OnLocalhost]
	if !its || framed.CrossOrigin != "accept" || framed.TopOrigins[0] != "https://a.example" || others || suite.Policy.CrossOrigin != "refuse" {
		t.Errorf("%+v %+v", suite.Policies, suite.Policy)
	}
}

func TestAServerThatCannotBeJudgedIsNot(t *testing.T) {
	suite := stubborn(t, http.StatusBadRequest, `{"status":"failed","errorMessage":"no"}`)
	if _, err := suite.Probe(t.Context()); err == nil || !strings.Contains(err.Error(), "an honest client is not accepted") {
		t.Error(err)
	}
}
