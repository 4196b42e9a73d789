package virtualauth_test

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// Lies about encoding: what a strict reader refuses, a lax one reads as the same.
func TestLiesAboutTheEncodingOfResponses(t *testing.T) {
	for name, c := range map[string]struct {
		lie     virtualauth.Misbehaviour
		problem string // what a strict reader says
		also    []byte // bytes behind the map that a lax reader leaves
	}{
		"nothing":       {virtualauth.Misbehaviour{}, "", nil},
		"TrailingCBOR":  {virtualauth.Misbehaviour{TrailingCBOR: true}, "bytes follow the item", []byte{0}},
		"DuplicateKey":  {virtualauth.Misbehaviour{DuplicateKey: true}, "a map key stands twice", nil},
		"IndefiniteMap": {virtualauth.Misbehaviour{IndefiniteMap: true}, "an indefinite or reserved length", nil},
		"UnsortedKeys":  {virtualauth.Misbehaviour{UnsortedKeys: true}, "map keys are not in canonical order", nil},
		"LongInteger":   {virtualauth.Misbehaviour{LongInteger: true}, "an integer or length longer than necessary", nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, virtualauth.Model{})
			s.register("ada")
			s.Misbehave = c.lie
			_, err := ctap2.GetAssertion(t.Context(), s, authentication())
			problem := ""
			if wrong := new(ctap2.EncodingError); errors.As(err, &wrong) {
				problem = wrong.Problem
			}
			if problem != c.problem {
				t.Errorf("a strict reader: %v", err)
			}
			request, err := ctap2.EncodeRequest(ctap2.CommandGetAssertion, authentication())
			if err != nil {
				t.Fatal(err)
			}
			response, err := s.Exchange(t.Context(), request)
			if err != nil || response[0] != 0 {
				t.Fatalf("%x, %v", response, err)
			}
			var body map[int]cbor.RawMessage
			rest, err := cbor.UnmarshalFirst(response[1:], &body)
			if err != nil || !bytes.Equal(rest, c.also) || !slices.Equal(slices.Sorted(maps.Keys(body)), []int{1, 2, 3, 4}) {
				t.Errorf("a lax reader: %v with %x left, %v", body, rest, err)
			}
			if status := s.exchange(ctap2.CommandReset, nil); status != ctap2.OK {
				t.Errorf("a response without a body: %v", status)
			}
		})
	}
}

// EditAuthData is signed as it is returned.
func TestEditedAuthData(t *testing.T) {
	s := newStage(t, virtualauth.Model{})
	made := s.register("ada")
	s.Misbehave = virtualauth.Misbehaviour{EditAuthData: func(honest []byte) []byte { honest[34] = 0x7f; return honest }}
	signed := s.signIn()
	if signed.AuthData[34] != 0x7f {
		t.Errorf("the edit is not in %x", signed.AuthData)
	}
	if err := made.verifyAssertion(signed); err != nil {
		t.Error(err)
	}
}

// CutAuthData makes it too short to read, wherever it ends.
func TestCutAuthData(t *testing.T) {
	for cut := range 38 {
		s := newStage(t, virtualauth.Model{})
		s.register("ada")
		s.Misbehave = virtualauth.Misbehaviour{CutAuthData: cut}
		response := s.signIn()
		if got := len(response.AuthData); got != 37-min(cut, 37) {
			t.Errorf("%d bytes cut leave %d", cut, got)
		}
	}
}

// Only ECDSA has a raw form that differs.
func TestRawSignatureOfEdDSAIsTheSame(t *testing.T) {
	s := newStage(t, virtualauth.Model{Algorithms: []cose.Algorithm{cose.EdDSA}})
	request := registration("ada")
	request.Parameters[0].Algorithm = cose.EdDSA
	made, err := ctap2.MakeCredential(t.Context(), s, request)
	if err != nil {
		t.Fatal(err)
	}
	s.Misbehave = virtualauth.Misbehaviour{RawSignature: true}
	if err := s.view(made.AuthData).verifyAssertion(s.signIn()); err != nil {
		t.Error(err)
	}
	ecdsa := newStage(t, virtualauth.Model{})
	ecdsa.register("ada")
	ecdsa.Misbehave = virtualauth.Misbehaviour{RawSignature: true}
	if got := len(ecdsa.signIn().Signature); got != 64 {
		t.Errorf("an ECDSA signature of %d bytes", got)
	}
}
