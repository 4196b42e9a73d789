package ctap1_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/passkeylab/passkeylab/harness/client/ctap1"
	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

func request(ids ...[]byte) *ctap2.GetAssertionRequest {
	return &ctap2.GetAssertionRequest{RPID: rpID, ClientDataHash: dataHash[:], AllowList: entries(ids...)}
}

// signed is a response to U2F_AUTHENTICATE.
func signed(presence byte) answer {
	return answer{data: append([]byte{presence, 0, 0, 1, 2}, "signature"...), status: 0x9000}
}

func TestAssertion(t *testing.T) {
	for _, c := range []struct {
		presence byte
		want     authdata.Flags
	}{{0, 0}, {1, authdata.UP}, {3, authdata.UP | 1<<1}, {0xfd, authdata.UP}} {
		device := &script{answers: map[string]answer{"02 07": {status: 0x6985}, "02 03": signed(c.presence)}}
		got, err := (&ctap1.Key{Device: device}).GetAssertion(t.Context(), request([]byte("handle")))
		if err != nil {
			t.Fatal(err)
		}
		if want := slices.Concat(dataHash[:], ofRPID[:], []byte{6}, []byte("handle")); !bytes.Equal(device.data, want) {
			t.Errorf("sent %x", device.data)
		}
		if want := slices.Concat(ofRPID[:], []byte{byte(c.want), 0, 0, 1, 2}); !bytes.Equal(got.AuthData, want) || string(got.Signature) != "signature" {
			t.Errorf("presence %x: authenticator data %x, signature %q", c.presence, got.AuthData, got.Signature)
		}
		if got.Credential.Type != ctap2.PublicKey || string(got.Credential.ID) != "handle" || got.User != nil {
			t.Errorf("response %+v", got)
		}
	}
}

// Which commands a request becomes, and what is made of their failures.
func TestCommandsOfAnAssertion(t *testing.T) {
	here, elsewhere, touched := answer{status: 0x6985}, answer{status: 0x6a80}, answer{status: 0x9000}
	for _, c := range []struct {
		name    string
		silent  bool
		answers map[string]answer
		want    error
		asked   []string
	}{
		{"it is here", false, map[string]answer{"02 07": here, "02 03": signed(1)}, nil, []string{"02 07", "02 03"}},
		{"it is here, and nobody is to be asked", true, map[string]answer{"02 07": here, "02 08": signed(0)}, nil, []string{"02 07", "02 08"}},
		{"it is not here", false, map[string]answer{"02 07": elsewhere, "01 00": touched}, ctap2.NoCredentials, []string{"02 07", "01 00"}},
		{"it is not here, and nobody is to be asked", true, map[string]answer{"02 07": elsewhere}, ctap2.NoCredentials, []string{"02 07"}},
		{"it is not here, and she does not say so", false, map[string]answer{"02 07": elsewhere, "01 00": here}, ctap2.OperationDenied, []string{"02 07", "01 00"}},
		{"it cannot be asked about", false, map[string]answer{"02 07": {err: errCut}}, errCut, []string{"02 07"}},
		{"it does not sign", false, map[string]answer{"02 07": here, "02 03": {status: 0x6f00}}, ctap1.Status(0x6f00), []string{"02 07", "02 03"}},
		{"it signs nothing", false, map[string]answer{"02 07": here, "02 03": {data: make([]byte, 5), status: 0x9000}}, ctap1.ErrMalformed, []string{"02 07", "02 03"}},
	} {
		device, r := &script{answers: c.answers}, request([]byte("handle"))
		r.Options = &ctap2.Options{UserPresence: new(!c.silent)}
		_, err := (&ctap1.Key{Device: device}).GetAssertion(t.Context(), r)
		if !errors.Is(err, c.want) || !slices.Equal(device.asked, c.asked) {
			t.Errorf("%s: %v after %v", c.name, err, device.asked)
		}
	}
}

func TestWhatNoAuthenticationCanBe(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*ctap2.GetAssertionRequest)
		want ctap2.Status
	}{
		"verified":                  {func(r *ctap2.GetAssertionRequest) { r.Options = &ctap2.Options{UserVerification: new(true)} }, ctap2.UnsupportedOption},
		"under a token":             {func(r *ctap2.GetAssertionRequest) { r.PINUVAuthParam = make([]byte, 16) }, ctap2.UnsupportedOption},
		"without an id":             {func(r *ctap2.GetAssertionRequest) { r.AllowList = nil }, ctap2.NoCredentials},
		"of a hash of other length": {func(r *ctap2.GetAssertionRequest) { r.ClientDataHash = nil }, ctap2.InvalidLength},
	} {
		device, r := new(script), request([]byte("handle"))
		c.edit(r)
		if _, err := (&ctap1.Key{Device: device}).GetAssertion(t.Context(), r); !errors.Is(err, c.want) || len(device.asked) > 0 {
			t.Errorf("%s: %v after %v, want %v", name, err, device.asked, c.want)
		}
	}
}

// Whatever a device answers, what comes of it is well-formed or an error.
func FuzzResponses(f *testing.F) {
	f.Add(registration(generator(f), 6, []byte("handle"), certificate, []byte("signature")))
	f.Add(signed(1).data)
	f.Fuzz(func(t *testing.T, response []byte) {
		said := answer{data: response, status: 0x9000}
		key := &ctap1.Key{Device: &script{answers: map[string]answer{"01 00": said, "02 07": said, "02 03": said}}}
		made, err := key.MakeCredential(t.Context(), creation())
		if err == nil {
			var data authdata.Data
			if data, err = authdata.Parse(made.AuthData); err == nil {
				_, err = data.Credential.Key()
			}
			if err != nil {
				t.Errorf("authenticator data %x: %v", made.AuthData, err)
			}
		} else if !errors.Is(err, ctap1.ErrMalformed) {
			t.Error(err)
		}
		got, err := key.GetAssertion(t.Context(), request([]byte("handle")))
		if err == nil {
			if _, err := authdata.Parse(got.AuthData); err != nil || len(got.Signature) == 0 {
				t.Errorf("authenticator data %x, signature %x: %v", got.AuthData, got.Signature, err)
			}
		} else if !errors.Is(err, ctap1.ErrMalformed) {
			t.Error(err)
		}
	})
}
