package virtualauth_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// prfModel has prf and nothing else.
var prfModel = virtualauth.Model{AlwaysDiscoverable: true, Extensions: []string{ctap2.ExtensionPRF}}

func prfOf(t *testing.T, in ctap2.PRFInput) map[string]cbor.RawMessage {
	t.Helper()
	raw, err := ctap2.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]cbor.RawMessage{ctap2.ExtensionPRF: raw}
}

func prfResult(t *testing.T, outputs map[string]cbor.RawMessage) (out ctap2.PRFOutput) {
	t.Helper()
	if err := ctap2.Unmarshal(outputs[ctap2.ExtensionPRF], &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func prfCreate(in map[string]cbor.RawMessage) *ctap2.MakeCredentialRequest {
	yes := true
	return &ctap2.MakeCredentialRequest{
		ClientDataHash: make([]byte, 32), RP: ctap2.RelyingParty{ID: "rp.test"}, User: ctap2.User{ID: []byte{1}, Name: "ada"},
		Parameters: []ctap2.Parameters{{Algorithm: cose.ES256, Type: ctap2.PublicKey}}, Extensions: in,
		Options: &ctap2.Options{UserVerification: &yes},
	}
}

func prfGet(in map[string]cbor.RawMessage) *ctap2.GetAssertionRequest {
	yes := true
	return &ctap2.GetAssertionRequest{RPID: "rp.test", ClientDataHash: make([]byte, 32), Extensions: in, Options: &ctap2.Options{UserVerification: &yes}}
}

func TestPRFGivesTheSameOutputsWhenCreatingAndWhenSigningIn(t *testing.T) {
	s := newStage(t, prfModel)
	first, second := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	both := &ctap2.PRFValues{First: first, Second: second}
	made, err := ctap2.MakeCredential(t.Context(), s, prfCreate(prfOf(t, ctap2.PRFInput{Eval: both})))
	if err != nil {
		t.Fatal(err)
	}
	out := prfResult(t, made.UnsignedExtensions)
	if out.Enabled == nil || !*out.Enabled || out.Results == nil || len(out.Results.First) != 32 || bytes.Equal(out.Results.First, out.Results.Second) {
		t.Fatalf("outputs when creating: %+v", out)
	}
	id := cbor.ByteString(s.Credentials()[0].ID)
	for name, in := range map[string]ctap2.PRFInput{
		"for all":             {Eval: both},
		"for this credential": {Eval: &ctap2.PRFValues{First: second}, EvalByCredential: map[cbor.ByteString]ctap2.PRFValues{id: *both}},
	} {
		answer, err := ctap2.GetAssertion(t.Context(), s, prfGet(prfOf(t, in)))
		if err != nil {
			t.Fatal(err)
		}
		got := prfResult(t, answer.UnsignedExtensions)
		if got.Enabled != nil || got.Results == nil || !bytes.Equal(got.Results.First, out.Results.First) || !bytes.Equal(got.Results.Second, out.Results.Second) {
			t.Errorf("%s: %+v, not %+v", name, got, out)
		}
	}
}

func TestPRFSaysNothingWithoutASecretOrASalt(t *testing.T) {
	s := newStage(t, prfModel)
	if _, err := ctap2.MakeCredential(t.Context(), s, prfCreate(nil)); err != nil {
		t.Fatal(err)
	}
	in := prfOf(t, ctap2.PRFInput{Eval: &ctap2.PRFValues{First: make([]byte, 32)}})
	answer, err := ctap2.GetAssertion(t.Context(), s, prfGet(in))
	if err != nil || answer.UnsignedExtensions != nil {
		t.Errorf("a credential without secrets: %v, %v", answer, err)
	}
	made, err := ctap2.MakeCredential(t.Context(), s, prfCreate(prfOf(t, ctap2.PRFInput{})))
	if err != nil {
		t.Fatal(err)
	}
	if out := prfResult(t, made.UnsignedExtensions); out.Enabled == nil || !*out.Enabled || out.Results != nil {
		t.Errorf("without salts: %+v", out)
	}
}

func TestPRFRefusesSaltsThatCannotBe(t *testing.T) {
	s := newStage(t, prfModel)
	short := &ctap2.PRFValues{First: make([]byte, 31)}
	if _, err := ctap2.MakeCredential(t.Context(), s, prfCreate(prfOf(t, ctap2.PRFInput{Eval: short}))); !errors.Is(err, ctap2.InvalidLength) {
		t.Errorf("a short salt: %v", err)
	}
	named := ctap2.PRFInput{EvalByCredential: map[cbor.ByteString]ctap2.PRFValues{"x": {First: make([]byte, 32)}}}
	if _, err := ctap2.MakeCredential(t.Context(), s, prfCreate(prfOf(t, named))); !errors.Is(err, ctap2.InvalidParameter) {
		t.Errorf("a credential named before there is one: %v", err)
	}
	if len(s.Credentials()) != 0 {
		t.Error("a credential was made")
	}
}
