package ctap2_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// rawRPIDHash and rawIDs are parameter maps of credential management written by hand from CTAP 2.3 §6.8.
const (
	rawRPIDHash = "a1 01 5820 abababababababababababababababababababababababababababababababab"
	rawIDs      = "a2 02 a2 626964 4109 6474797065 6a7075626c69632d6b6579 03 a2 626964 4101 646e616d65 63616461"
)

func TestSubCommandRequestsAreWrittenCanonically(t *testing.T) {
	for _, c := range []struct {
		name    string
		request any
		want    string
	}{
		{"enumerateRPsGetNextRP", ctap2.CredentialManagementRequest{SubCommand: new(ctap2.EnumerateRPsGetNextRP)}, "a1 01 03"},
		{"enumerateCredentialsBegin", ctap2.CredentialManagementRequest{
			SubCommand: new(ctap2.EnumerateCredentialsBegin), Parameters: unhex(t, rawRPIDHash),
			PINUVAuthProtocol: new(uint(2)), PINUVAuthParam: []byte{7},
		}, "a4 01 04 02 " + rawRPIDHash + " 03 02 04 4107"},
		{"its parameters", ctap2.CredentialManagementParameters{RPIDHash: bytes.Repeat([]byte{0xab}, 32)}, rawRPIDHash},
		{"updateUserInformation's parameters", ctap2.CredentialManagementParameters{
			Credential: &ctap2.Descriptor{ID: []byte{9}, Type: ctap2.PublicKey}, User: &ctap2.User{ID: []byte{1}, Name: "ada"},
		}, rawIDs},
		{"reading blobs from the start", ctap2.LargeBlobsRequest{Get: new(uint(17)), Offset: new(uint(0))}, "a2 01 11 03 00"},
		{"writing blobs", ctap2.LargeBlobsRequest{
			Set: []byte{0x80}, Offset: new(uint(0)), Length: new(uint(17)), PINUVAuthParam: []byte{7}, PINUVAuthProtocol: new(uint(1)),
		}, "a5 02 4180 03 00 04 11 05 4107 06 01"},
		{"getModality", ctap2.BioEnrollmentRequest{GetModality: true}, "a1 06 f5"},
		{"setFriendlyName", ctap2.BioEnrollmentRequest{
			Modality: ctap2.ModalityFingerprint, SubCommand: new(ctap2.SetFriendlyName),
			Parameters: unhex(t, "a2 01 4105 02 60"), PINUVAuthProtocol: new(uint(1)), PINUVAuthParam: []byte{7},
		}, "a5 01 01 02 05 03 a2 01 4105 02 60 04 01 05 4107"},
		{"its parameters, an empty name", ctap2.BioEnrollmentParameters{TemplateID: []byte{5}, FriendlyName: new("")}, "a2 01 4105 02 60"},
		{"a salt", ctap2.HMACSecretInput{
			KeyAgreement: unhex(t, "a0"), SaltEnc: []byte{1}, SaltAuth: []byte{2}, PINUVAuthProtocol: 2,
		}, "a4 01 a0 02 4101 03 4102 04 02"},
		{"a blob", ctap2.LargeBlobGetInput{Write: []byte{1}, OriginalSize: new(uint(0))}, "a2 657772697465 4101 6c6f726967696e616c53697a65 00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ctap2.Marshal(c.request)
			if err != nil || !bytes.Equal(got, unhex(t, c.want)) {
				t.Errorf("%v\n got %x\nwant %x", err, got, unhex(t, c.want))
			}
		})
	}
}

func TestMessagesUnderAToken(t *testing.T) {
	hash := sha256.Sum256([]byte{0x80, 0x76})
	ff := bytes.Repeat([]byte{0xff}, 32)
	for _, c := range []struct {
		name string
		got  []byte
		want []byte
	}{
		{"credential management without parameters", (&ctap2.CredentialManagementRequest{SubCommand: new(ctap2.EnumerateRPsBegin)}).Message(), []byte{2}},
		{"credential management with parameters",
			(&ctap2.CredentialManagementRequest{SubCommand: new(ctap2.DeleteCredential), Parameters: []byte{0xa0}}).Message(), []byte{6, 0xa0}},
		{"fingers", (&ctap2.BioEnrollmentRequest{Modality: 1, SubCommand: new(ctap2.EnrollBegin), Parameters: []byte{0xa0}}).Message(), []byte{1, 1, 0xa0}},
		{"large blobs", (&ctap2.LargeBlobsRequest{Set: []byte{0x80, 0x76}, Offset: new(uint(0x010203))}).Message(),
			append(append(ff, 0x0c, 0, 0x03, 0x02, 0x01, 0), hash[:]...)},
	} {
		if !bytes.Equal(c.got, c.want) {
			t.Errorf("%s: got %x, want %x", c.name, c.got, c.want)
		}
	}
}

// subCommandCallers are the callers whose result may be missing.
var subCommandCallers = map[ctap2.Command]func(*testing.T, ctap2.Transport) error{
	ctap2.CommandCredentialManagement: func(t *testing.T, device ctap2.Transport) error {
		_, err := ctap2.CredentialManagement(t.Context(), device, &ctap2.CredentialManagementRequest{})
		return err
	},
	ctap2.CommandLargeBlobs: func(t *testing.T, device ctap2.Transport) error {
		_, err := ctap2.LargeBlobs(t.Context(), device, &ctap2.LargeBlobsRequest{})
		return err
	},
	ctap2.CommandBioEnrollment: func(t *testing.T, device ctap2.Transport) error {
		_, err := ctap2.BioEnrollment(t.Context(), device, &ctap2.BioEnrollmentRequest{})
		return err
	},
}

func TestSubCommandCallersReturnWhatCameBack(t *testing.T) {
	for command, call := range subCommandCallers {
		for _, c := range []struct {
			name string
			canned
			want error
		}{
			{"no result", canned{response: []byte{0}}, nil},
			{"an empty result", canned{response: []byte{0, 0xa0}}, nil},
			{"a status", canned{response: []byte{0x33}}, ctap2.PINAuthInvalid},
			{"a broken transport", canned{err: io.ErrClosedPipe}, io.ErrClosedPipe},
		} {
			if err := call(t, &c.canned); !errors.Is(err, c.want) {
				t.Errorf("%v, %s: got %v, want %v", command, c.name, err, c.want)
			}
			if !bytes.Equal(c.request, []byte{byte(command), 0xa0}) {
				t.Errorf("%v, %s: sent %x", command, c.name, c.request)
			}
		}
		var wrongType *ctap2.TypeError
		if err := call(t, &canned{response: []byte{0, 0x80}}); !errors.As(err, &wrongType) {
			t.Errorf("%v: a list instead of a map gives %v", command, err)
		}
	}
}

func TestSubCommandResultsAreRead(t *testing.T) {
	managed, err := ctap2.CredentialManagement(t.Context(), &canned{response: unhex(t, "00 a2 01 00 02 1818")}, &ctap2.CredentialManagementRequest{})
	if err != nil || *managed.Existing != 0 || *managed.MaxRemaining != 24 || managed.ThirdPartyPayment != nil {
		t.Errorf("credential management: %+v, %v", managed, err)
	}
	blobs, err := ctap2.LargeBlobs(t.Context(), &canned{response: unhex(t, "00 a1 01 4180")}, &ctap2.LargeBlobsRequest{})
	if err != nil || !bytes.Equal(blobs.Config, []byte{0x80}) {
		t.Errorf("large blobs: %+v, %v", blobs, err)
	}
	finger, err := ctap2.BioEnrollment(t.Context(), &canned{response: unhex(t, "00 a3 04 4105 05 07 06 00")}, &ctap2.BioEnrollmentRequest{})
	if err != nil || !bytes.Equal(finger.TemplateID, []byte{5}) || *finger.LastSample != ctap2.SamplePoorQuality || *finger.RemainingSamples != 0 {
		t.Errorf("fingers: %+v, %v", finger, err)
	}
}

func TestNamesOfSubCommands(t *testing.T) {
	for got, want := range map[string]string{
		ctap2.EnumerateRPsGetNextRP.String():                 "enumerateRPsGetNextRP",
		ctap2.UpdateUserInformation.String():                 "updateUserInformation",
		ctap2.CredentialManagementSubCommand(0).String():     "subCommand 0x00",
		ctap2.CredentialManagementSubCommand(0x1ff).String(): "subCommand 0x1ff",
		ctap2.GetFingerprintSensorInfo.String():              "getFingerprintSensorInfo",
		ctap2.SampleGood.String():                            "GOOD",
		ctap2.SampleStatus(0x0c).String():                    "sample status 0x0c",
		ctap2.UVRequired.String():                            "userVerificationRequired",
		ctap2.CredProtect(0x1000).String():                   "credProtect 0x1000",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// FuzzSubCommands holds the decoders of the commands with sub-commands, and of extension inputs, to what FuzzRequests asks.
func FuzzSubCommands(f *testing.F) {
	for _, s := range []string{
		rawRPIDHash, rawIDs, "a1 01 03", "a4 01 04 02 " + rawRPIDHash + " 03 02 04 4107", "a2 01 11 03 00",
		"a5 02 4180 03 00 04 11 05 4107 06 01", "a1 06 f5", "a5 01 01 02 05 03 a2 01 4105 02 60 04 01 05 4107",
		"a4 01 a0 02 4101 03 4102 04 02", "a2 657772697465 4101 6c6f726967696e616c53697a65 00", "a1 67737570706f7274 687265717569726564",
		"a1 01 190100", "a1 02 f6", "a1 07 81 a2 01 4105 02 6161", "a1 05 18ff",
	} {
		f.Add(unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		again(t, data, new(ctap2.CredentialManagementRequest), new(ctap2.CredentialManagementRequest))
		again(t, data, new(ctap2.CredentialManagementParameters), new(ctap2.CredentialManagementParameters))
		again(t, data, new(ctap2.CredentialManagementResponse), new(ctap2.CredentialManagementResponse))
		again(t, data, new(ctap2.LargeBlobsRequest), new(ctap2.LargeBlobsRequest))
		again(t, data, new(ctap2.LargeBlobsResponse), new(ctap2.LargeBlobsResponse))
		again(t, data, new(ctap2.BioEnrollmentRequest), new(ctap2.BioEnrollmentRequest))
		again(t, data, new(ctap2.BioEnrollmentParameters), new(ctap2.BioEnrollmentParameters))
		again(t, data, new(ctap2.BioEnrollmentResponse), new(ctap2.BioEnrollmentResponse))
		again(t, data, new(ctap2.HMACSecretInput), new(ctap2.HMACSecretInput))
		again(t, data, new(ctap2.LargeBlobCreateInput), new(ctap2.LargeBlobCreateInput))
		again(t, data, new(ctap2.LargeBlobGetInput), new(ctap2.LargeBlobGetInput))
		again(t, data, new(ctap2.LargeBlobGetOutput), new(ctap2.LargeBlobGetOutput))
	})
}
