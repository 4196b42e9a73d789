package ctap1_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/harness/client/ctap1"
	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// generator is the generator of P-256 as a point, the public key of the private key 1.
func generator(t testing.TB) []byte {
	t.Helper()
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), append(make([]byte, 31), 1))
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return point
}

// certificate stands for one: whoever only cuts it out needs no more than its length.
var certificate = []byte{0x30, 0x03, 0x02, 0x01, 0x07}

// registration is a response to U2F_REGISTER.
func registration(point []byte, length byte, rest ...[]byte) []byte {
	return slices.Concat([]byte{0x05}, point, []byte{length}, slices.Concat(rest...))
}

func creation() *ctap2.MakeCredentialRequest {
	return &ctap2.MakeCredentialRequest{
		ClientDataHash: dataHash[:], RP: ctap2.RelyingParty{ID: rpID}, User: ctap2.User{ID: []byte{1}},
		Parameters: []ctap2.Parameters{{Type: ctap2.PublicKey, Algorithm: cose.EdDSA}, {Type: ctap2.PublicKey, Algorithm: cose.ES256}},
	}
}

func TestRegistration(t *testing.T) {
	handle := bytes.Repeat([]byte{7}, 255)
	device := &script{answers: map[string]answer{"01 00": {data: registration(generator(t), 255, handle, certificate, []byte("signature")), status: 0x9000}}}
	request := creation()
	request.Options = &ctap2.Options{ResidentKey: new(false), UserVerification: new(false)}
	made, err := (&ctap1.Key{Device: device}).MakeCredential(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	if want := append(dataHash[:], ofRPID[:]...); !bytes.Equal(device.data, want) {
		t.Errorf("sent %x", device.data)
	}
	var statement map[string]any
	if err := ctap2.Unmarshal(made.Statement, &statement); err != nil {
		t.Fatal(err)
	}
	chain, _ := statement["x5c"].([]any)
	if made.Format != "fido-u2f" || len(statement) != 2 || len(chain) != 1 || !bytes.Equal(chain[0].([]byte), certificate) || string(statement["sig"].([]byte)) != "signature" {
		t.Errorf("statement %v in format %s", statement, made.Format)
	}
	data, err := authdata.Parse(made.AuthData)
	if err != nil {
		t.Fatal(err)
	}
	if data.RPIDHash != ofRPID || data.Flags != authdata.UP|authdata.AT || data.SignCount != 0 || data.Credential.AAGUID != uuid.Nil || !bytes.Equal(data.Credential.ID, handle) {
		t.Errorf("authenticator data %+v", data)
	}
	key, err := data.Credential.Key()
	if err != nil || key.Algorithm() != cose.ES256 {
		t.Fatalf("key %v, %v", key, err)
	}
	if point, err := key.Public().(*ecdsa.PublicKey).Bytes(); err != nil || !bytes.Equal(point, generator(t)) {
		t.Errorf("point %x, %v", point, err)
	}
}

func TestWhatNoRegistrationCanBe(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*ctap2.MakeCredentialRequest)
		want ctap2.Status
	}{
		"discoverable":              {func(r *ctap2.MakeCredentialRequest) { r.Options = &ctap2.Options{ResidentKey: new(true)} }, ctap2.UnsupportedOption},
		"verified":                  {func(r *ctap2.MakeCredentialRequest) { r.Options = &ctap2.Options{UserVerification: new(true)} }, ctap2.UnsupportedOption},
		"under a token":             {func(r *ctap2.MakeCredentialRequest) { r.PINUVAuthParam = make([]byte, 16) }, ctap2.UnsupportedOption},
		"of another algorithm":      {func(r *ctap2.MakeCredentialRequest) { r.Parameters = r.Parameters[:1] }, ctap2.UnsupportedAlgorithm},
		"of another type":           {func(r *ctap2.MakeCredentialRequest) { r.Parameters[1].Type = "something else" }, ctap2.UnsupportedAlgorithm},
		"of a hash of other length": {func(r *ctap2.MakeCredentialRequest) { r.ClientDataHash = r.ClientDataHash[1:] }, ctap2.InvalidLength},
	} {
		device, request := new(script), creation()
		c.edit(request)
		if _, err := (&ctap1.Key{Device: device}).MakeCredential(t.Context(), request); !errors.Is(err, c.want) || len(device.asked) > 0 {
			t.Errorf("%s: %v after %v, want %v", name, err, device.asked, c.want)
		}
	}
}

func TestExcludedCredentials(t *testing.T) {
	for _, c := range []struct {
		name            string
		check, register answer
		want            error
		asked           []string
	}{
		{"it is here", answer{status: 0x6985}, answer{status: 0x9000}, ctap2.CredentialExcluded, []string{"02 07", "01 00"}},
		{"it is here and she does not say so", answer{status: 0x6985}, answer{status: 0x6985}, ctap2.OperationDenied, []string{"02 07", "01 00"}},
		{"it cannot be asked about", answer{err: errCut}, answer{status: 0x9000}, errCut, []string{"02 07"}},
		{"it is not here", answer{status: 0x6a80}, answer{status: 0x6f00}, ctap1.Status(0x6f00), []string{"02 07", "01 00"}},
	} {
		device := &script{answers: map[string]answer{"02 07": c.check, "01 00": c.register}}
		request := creation()
		request.ExcludeList = entries([]byte("handle"))
		_, err := (&ctap1.Key{Device: device}).MakeCredential(t.Context(), request)
		if !errors.Is(err, c.want) || !slices.Equal(device.asked, c.asked) {
			t.Errorf("%s: %v after %v", c.name, err, device.asked)
		}
	}
}

func TestMalformedRegistrations(t *testing.T) {
	point, handle, signature := generator(t), []byte("handle"), []byte("signature")
	off := bytes.Clone(point)
	off[64]++
	for name, response := range map[string][]byte{
		"empty":                       nil,
		"only the public key":         registration(point, 0)[:66],
		"no legacy byte":              append([]byte{0x04}, registration(point, 6, handle, certificate, signature)[1:]...),
		"a key handle cut short":      registration(point, 7, handle),
		"no certificate":              registration(point, 6, handle),
		"a certificate cut short":     registration(point, 6, handle, certificate[:4]),
		"no signature":                registration(point, 6, handle, certificate),
		"a point that is not on it":   registration(off, 6, handle, certificate, signature),
		"a point in another spelling": registration(append([]byte{0x02}, point[1:]...), 6, handle, certificate, signature),
	} {
		device := &script{answers: map[string]answer{"01 00": {data: response, status: 0x9000}}}
		if _, err := (&ctap1.Key{Device: device}).MakeCredential(t.Context(), creation()); !errors.Is(err, ctap1.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
