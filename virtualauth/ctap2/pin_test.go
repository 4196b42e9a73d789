package ctap2_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// Requests about PINs as structs and as bytes written by hand from CTAP 2.3 §6.5.5 and §6.11.
var (
	pinRequest = ctap2.ClientPINRequest{
		Protocol: new(uint(2)), SubCommand: new(ctap2.GetTokenUsingPIN), KeyAgreement: []byte{0xa1, 0x01, 0x02},
		PINHashEnc: []byte{6}, Permissions: new(uint(3)), RPID: new("a.example"),
	}
	pinBytes = "a6 01 02 02 09 03 a1 01 02 06 41 06 09 03 0a 69612e6578616d706c65"

	configRequest = ctap2.ConfigRequest{
		SubCommand: new(ctap2.SetMinPINLength), Parameters: []byte{0xa1, 0x01, 0x06}, Protocol: new(uint(1)), PINUVAuthParam: []byte{4},
	}
	configBytes = "a4 01 03 02 a1 01 06 03 01 04 41 04"
)

func TestRequestsAboutPINsAreRead(t *testing.T) {
	var pin ctap2.ClientPINRequest
	if err := ctap2.Unmarshal(unhex(t, pinBytes), &pin); err != nil {
		t.Fatal(err)
	}
	if *pin.SubCommand != ctap2.GetTokenUsingPIN || !bytes.Equal(pin.KeyAgreement, pinRequest.KeyAgreement) || pin.NewPINEnc != nil ||
		*pin.Permissions != 3 || *pin.RPID != "a.example" || pin.PINUVAuthParam != nil {
		t.Errorf("read %+v", pin)
	}
	var config ctap2.ConfigRequest
	if err := ctap2.Unmarshal(unhex(t, configBytes), &config); err != nil {
		t.Fatal(err)
	}
	var parameters ctap2.MinPINLengthParameters
	if err := ctap2.Unmarshal(config.Parameters, &parameters); err != nil || *parameters.NewMinPINLength != 6 || parameters.RPIDs != nil {
		t.Errorf("read %+v of %+v, %v", parameters, config, err)
	}
}

func TestConfigMessage(t *testing.T) {
	want := unhex(t, strings.Repeat("ff", 32)+"0d 03 a1 01 06")
	if got := ctap2.ConfigMessage(ctap2.SetMinPINLength, configRequest.Parameters); !bytes.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

func TestRequireMap(t *testing.T) {
	if err := ctap2.RequireMap("KeyAgreement", []byte{0xa0}); err != nil {
		t.Errorf("an empty map: %v", err)
	}
	for _, item := range [][]byte{nil, {0x80}, {0xf6}, {0x40}} {
		var wrongType *ctap2.TypeError
		if err := ctap2.RequireMap("KeyAgreement", item); !errors.As(err, &wrongType) || wrongType.Field != "KeyAgreement" {
			t.Errorf("%x: %v", item, err)
		}
	}
}

func TestClientPINHasAResultOrNone(t *testing.T) {
	got, err := ctap2.ClientPIN(t.Context(), &canned{response: unhex(t, "00 a2 03 08 04 f5")}, &pinRequest)
	if err != nil || *got.PINRetries != 8 || !*got.PowerCycleState || got.UVRetries != nil {
		t.Errorf("retries: %+v, %v", got, err)
	}
	if got, err = ctap2.ClientPIN(t.Context(), &canned{response: []byte{0}}, &pinRequest); err != nil || got == nil || got.PINRetries != nil {
		t.Errorf("no result: %+v, %v", got, err)
	}
	if _, err = ctap2.ClientPIN(t.Context(), &canned{response: []byte{0, 0x80}}, &pinRequest); err == nil {
		t.Error("an array was taken for a result")
	}
}
