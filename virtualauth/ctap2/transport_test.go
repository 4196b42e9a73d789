package ctap2_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// canned is a Transport with one answer.
type canned struct {
	response []byte
	err      error
	request  []byte
}

func (c *canned) Exchange(_ context.Context, request []byte) ([]byte, error) {
	c.request = request
	return c.response, c.err
}

// callers are all that have no parameters, as one type.
var callers = map[ctap2.Command]func(context.Context, ctap2.Transport) error{
	ctap2.CommandMakeCredential: func(ctx context.Context, t ctap2.Transport) error {
		_, err := ctap2.MakeCredential(ctx, t, &makeRequest)
		return err
	},
	ctap2.CommandGetAssertion: func(ctx context.Context, t ctap2.Transport) error {
		_, err := ctap2.GetAssertion(ctx, t, &getRequest)
		return err
	},
	ctap2.CommandGetNextAssertion: func(ctx context.Context, t ctap2.Transport) error {
		_, err := ctap2.GetNextAssertion(ctx, t)
		return err
	},
	ctap2.CommandGetInfo: func(ctx context.Context, t ctap2.Transport) error {
		_, err := ctap2.GetInfo(ctx, t)
		return err
	},
	ctap2.CommandClientPIN: func(ctx context.Context, t ctap2.Transport) error {
		_, err := ctap2.ClientPIN(ctx, t, &pinRequest)
		return err
	},
	ctap2.CommandConfig:    func(ctx context.Context, t ctap2.Transport) error { return ctap2.Config(ctx, t, &configRequest) },
	ctap2.CommandReset:     ctap2.Reset,
	ctap2.CommandSelection: ctap2.Selection,
}

func TestCallersReturnStatusAndTransportErrors(t *testing.T) {
	for command, call := range callers {
		t.Run(command.String(), func(t *testing.T) {
			for _, c := range []struct {
				name string
				canned
				want error
			}{
				{"a status", canned{response: []byte{0x2e}}, ctap2.NoCredentials},
				{"an unknown status", canned{response: []byte{0xee}}, ctap2.Status(0xee)},
				{"a status with a body", canned{response: []byte{0x19, 0xa0}}, ctap2.CredentialExcluded},
				{"nothing", canned{}, ctap2.ErrEmptyResponse},
				{"a broken transport", canned{err: io.ErrClosedPipe}, io.ErrClosedPipe},
			} {
				if err := call(t.Context(), &c.canned); !errors.Is(err, c.want) {
					t.Errorf("%s: got %v, want %v", c.name, err, c.want)
				}
				if ctap2.Command(c.request[0]) != command {
					t.Errorf("%s: sent %x", c.name, c.request)
				}
			}
		})
	}
}

func TestCallersRefuseResponsesTheyCannotRead(t *testing.T) {
	for _, command := range []ctap2.Command{
		ctap2.CommandMakeCredential, ctap2.CommandGetAssertion, ctap2.CommandGetNextAssertion, ctap2.CommandGetInfo,
	} {
		for _, body := range []string{"", "a2 02 00 01 00", "80"} {
			response := append([]byte{0}, unhex(t, body)...)
			err := callers[command](t.Context(), &canned{response: response})
			var wrongEncoding *ctap2.EncodingError
			var wrongType *ctap2.TypeError
			if !errors.As(err, &wrongEncoding) && !errors.As(err, &wrongType) {
				t.Errorf("%v, response %x: got %v, want an EncodingError or TypeError", command, response, err)
			}
		}
	}
}

func TestCallersReadResults(t *testing.T) {
	made, err := ctap2.MakeCredential(t.Context(), &canned{response: unhex(t, "00 a3 01 646e6f6e65 02 4101 03 a0")}, &makeRequest)
	if err != nil || made.Format != "none" || !bytes.Equal(made.AuthData, []byte{1}) || !bytes.Equal(made.Statement, []byte{0xa0}) {
		t.Errorf("makeCredential: %+v, %v", made, err)
	}
	assertion := unhex(t, "00 a5 01 a2 626964 4109 6474797065 6a7075626c69632d6b6579 02 4101 03 4102 04 a1 626964 4103 05 02")
	got, err := ctap2.GetAssertion(t.Context(), &canned{response: assertion}, &getRequest)
	if err != nil || got.Count != 2 || !bytes.Equal(got.User.ID, []byte{3}) || !bytes.Equal(got.Signature, []byte{2}) || !bytes.Equal(got.Credential.ID, []byte{9}) {
		t.Errorf("getAssertion: %+v, %v", got, err)
	}
}

func TestNamesOfCommandsAndStatuses(t *testing.T) {
	for got, want := range map[string]string{
		ctap2.CommandMakeCredential.String():   "makeCredential",
		ctap2.CommandGetNextAssertion.String(): "getNextAssertion",
		ctap2.Command(0x77).String():           "command 0x77",
		ctap2.Command(0x41).String():           "credentialManagement (prototype)",
		ctap2.Command(0x40).String():           "bioEnrollment (prototype)",
		ctap2.NoCredentials.String():           "NO_CREDENTIALS (0x2e)",
		ctap2.Status(0xee).String():            "unknown status 0xee",
		ctap2.CredentialExcluded.Error():       "CTAP2 status CREDENTIAL_EXCLUDED (0x19)",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// A compound attestation statement with certificates is five levels deep, one more than requests may be:
// {1: "compound", 2: ”, 3: [{"fmt": "packed", "attStmt": {"x5c": [”]}}]}, and once more in an array.
func TestResponsesMayBeAsDeepAsACompoundStatement(t *testing.T) {
	const compound = "a3 01 68636f6d706f756e64 02 40 03 81 a2 63666d74 667061636b6564 6761747453746d74 a1 63783563 81 "
	for input, good := range map[string]bool{compound + "40": true, compound + "80": false} {
		answer := append([]byte{0}, unhex(t, input)...)
		device := &canned{response: answer}
		if _, err := ctap2.MakeCredential(t.Context(), device, &ctap2.MakeCredentialRequest{}); (err == nil) != good {
			t.Errorf("%s: %v", input, err)
		}
	}
	if err := ctap2.Unmarshal(unhex(t, compound+"40"), &ctap2.MakeCredentialResponse{}); err == nil {
		t.Error("a request may be as deep")
	}
}
