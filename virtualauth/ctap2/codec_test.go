package ctap2_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// hash is a client data hash: a byte string of 32 bytes, encoded.
var hash = "5820" + strings.Repeat("ab", 32)

// The same two requests as structs and as bytes written by hand from CTAP 2.3 §6.1 and §6.2.
var (
	makeRequest = ctap2.MakeCredentialRequest{
		ClientDataHash: bytes.Repeat([]byte{0xab}, 32),
		RP:             ctap2.RelyingParty{ID: "a.example", Name: "A"},
		User:           ctap2.User{ID: []byte{1, 2}, Name: "ada", DisplayName: "Ada"},
		Parameters:     []ctap2.Parameters{{Algorithm: cose.ES256, Type: ctap2.PublicKey}},
		ExcludeList:    []ctap2.Descriptor{{ID: []byte{9}, Type: ctap2.PublicKey}},
		Options:        &ctap2.Options{ResidentKey: new(true)},
	}
	makeBytes = "a6" + "01" + hash +
		"02 a2 626964 69612e6578616d706c65 646e616d65 6141" +
		"03 a3 626964 420102 646e616d65 63616461 6b646973706c61794e616d65 63416461" +
		"04 81 a2 63616c67 26 6474797065 6a7075626c69632d6b6579" +
		"05 81 a2 626964 4109 6474797065 6a7075626c69632d6b6579" +
		"07 a1 62726b f5"

	getRequest = ctap2.GetAssertionRequest{
		RPID: "a.example", ClientDataHash: bytes.Repeat([]byte{0xab}, 32), Options: &ctap2.Options{UserPresence: new(false)},
	}
	getBytes = "a3" + "01 69612e6578616d706c65" + "02" + hash + "05 a1 627570 f4"
)

func TestRequestsAreWrittenCanonically(t *testing.T) {
	for _, c := range []struct {
		name    string
		command ctap2.Command
		request any
		want    string
	}{
		{"makeCredential", ctap2.CommandMakeCredential, makeRequest, "01" + makeBytes},
		{"getAssertion", ctap2.CommandGetAssertion, getRequest, "02" + getBytes},
		{"getInfo", ctap2.CommandGetInfo, nil, "04"},
		{"clientPIN", ctap2.CommandClientPIN, pinRequest, "06" + pinBytes},
		{"config", ctap2.CommandConfig, configRequest, "0d" + configBytes},
		{"a probe by makeCredential", ctap2.CommandMakeCredential, ctap2.MakeCredentialRequest{PINUVAuthParam: ctap2.Bytes{}}, "01 a1 08 40"},
		{"a probe by getAssertion", ctap2.CommandGetAssertion, ctap2.GetAssertionRequest{PINUVAuthParam: ctap2.Bytes{}}, "02 a1 06 40"},
		{"an empty clientPIN", ctap2.CommandClientPIN, ctap2.ClientPINRequest{}, "06a0"},
		{"an empty config", ctap2.CommandConfig, ctap2.ConfigRequest{}, "0da0"},
		{"an empty makeCredential", ctap2.CommandMakeCredential, ctap2.MakeCredentialRequest{}, "01a0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ctap2.EncodeRequest(c.command, c.request)
			if err != nil || !bytes.Equal(got, unhex(t, c.want)) {
				t.Errorf("%v\n got %x\nwant %x", err, got, unhex(t, c.want))
			}
		})
	}
}

func TestRequestsAreRead(t *testing.T) {
	var made ctap2.MakeCredentialRequest
	if err := ctap2.Unmarshal(unhex(t, makeBytes), &made); err != nil {
		t.Fatal(err)
	}
	if made.RP != makeRequest.RP || made.User.Name != "ada" || !bytes.Equal(made.User.ID, []byte{1, 2}) ||
		made.Parameters[0] != makeRequest.Parameters[0] || !bytes.Equal(made.ExcludeList[0].ID, []byte{9}) ||
		!*made.Options.ResidentKey || made.Options.UserVerification != nil || made.PINUVAuthParam != nil {
		t.Errorf("read %+v", made)
	}
	var got ctap2.GetAssertionRequest
	if err := ctap2.Unmarshal(unhex(t, getBytes), &got); err != nil {
		t.Fatal(err)
	}
	if got.RPID != "a.example" || len(got.ClientDataHash) != 32 || got.AllowList != nil || *got.Options.UserPresence {
		t.Errorf("read %+v", got)
	}
}

// TestUnmarshalIsStrict says for each way to deviate from CTAP 2.3 §8 which status answers it.
func TestUnmarshalIsStrict(t *testing.T) {
	for _, c := range []struct {
		name, encoded string
		want          ctap2.Status
	}{
		{"valid", getBytes, ctap2.OK},
		{"nothing", "", ctap2.InvalidCBOR},
		{"cut short", getBytes[:len(getBytes)-2], ctap2.InvalidCBOR},
		{"a string that claims 4 GiB", "a10" + "1" + "7affffffff", ctap2.InvalidCBOR},
		{"an array that claims 2^63 elements", "a1039b7fffffffffffffff", ctap2.InvalidCBOR},
		{"a map that claims 2^64-1 pairs", "bbffffffffffffffff", ctap2.InvalidCBOR},
		{"a byte behind", getBytes + "00", ctap2.InvalidCBOR},
		{"keys out of order", "a2 02" + hash + "01 6161", ctap2.InvalidCBOR},
		{"a key twice", "a2 01 6161 01 6161", ctap2.InvalidCBOR},
		{"a key twice in an inner map", "a1 05 a2 627570 f5 627570 f4", ctap2.InvalidCBOR},
		{"text keys by content before length", "a1 05 a2 63616161 f5 627a7a f5", ctap2.InvalidCBOR},
		{"text keys by length first", "a1 05 a2 627a7a f5 63616161 f5", ctap2.OK},
		{"text before integer keys", "a2 6161 00 01 6161", ctap2.InvalidCBOR},
		{"negative before unsigned keys", "a2 20 00 01 6161", ctap2.InvalidCBOR},
		{"a long integer", "a1 1801 6161", ctap2.InvalidCBOR},
		{"a long length", "a1 01 7801 61", ctap2.InvalidCBOR},
		{"a 16-bit length for 32", "a1 02 590020" + strings.Repeat("ab", 32), ctap2.InvalidCBOR},
		{"an indefinite map", "bf 01 6161 ff", ctap2.InvalidCBOR},
		{"an indefinite string", "a1 01 7f 6161 ff", ctap2.InvalidCBOR},
		{"a reserved length", "a1 01 7c 61", ctap2.InvalidCBOR},
		{"a tag", "a1 01 c0 6161", ctap2.InvalidCBOR},
		{"a self-description tag", "d9d9f7" + getBytes, ctap2.InvalidCBOR},
		{"text that is not UTF-8", "a1 01 61ff", ctap2.InvalidCBOR},
		{"a simple value too long", "a1 05 f814", ctap2.InvalidCBOR},
		{"four levels", "a1 187f 81 81 80", ctap2.OK},
		{"five levels", "a1 187f 81 81 81 80", ctap2.InvalidCBOR},
		{"an array for the map", "80", ctap2.UnexpectedType},
		{"an integer for the map", "00", ctap2.UnexpectedType},
		{"null for the map", "f6", ctap2.UnexpectedType},
		{"text for bytes", "a1 02 6161", ctap2.UnexpectedType},
		{"an array of integers for bytes", "a1 02 8101", ctap2.UnexpectedType},
		{"bytes for text", "a1 01 4161", ctap2.UnexpectedType},
		{"a map for an array", "a1 03 a0", ctap2.UnexpectedType},
		{"an array for a map", "a1 05 80", ctap2.UnexpectedType},
		{"an integer for a truth value", "a1 05 a1 627570 01", ctap2.UnexpectedType},
		{"a float for a truth value", "a1 05 a1 627570 f93c00", ctap2.UnexpectedType},
		{"simple(32) for a truth value", "a1 05 a1 627570 f820", ctap2.UnexpectedType},
		{"a negative protocol", "a1 07 20", ctap2.UnexpectedType},
		{"a float for a protocol", "a1 07 f93c00", ctap2.UnexpectedType},
		{"null for text", "a1 01 f6", ctap2.UnexpectedType},
		{"undefined for bytes", "a1 02 f7", ctap2.UnexpectedType},
		{"null for options", "a1 05 f6", ctap2.UnexpectedType},
		{"null for an option", "a1 05 a1 627570 f6", ctap2.UnexpectedType},
		{"null in a list", "a1 03 81 f6", ctap2.UnexpectedType},
		{"null for an id in a list", "a1 03 81 a1 626964 f6", ctap2.UnexpectedType},
		{"null among transports", "a1 03 81 a1 6a7472616e73706f727473 81 f6", ctap2.UnexpectedType},
		{"null in an unknown member", "a1 187f f6", ctap2.OK},
		{"null in an unknown option", "a1 05 a1 627a7a f6", ctap2.OK},
		{"null for an extension input", "a1 04 a1 6161 f6", ctap2.OK},
		{"a float in an unknown member", "a1 187f fb3ff0000000000000", ctap2.OK},
		{"a text key that looks like a parameter", "a1 6131 00", ctap2.OK},
		{"a byte key among text keys", "a1 05 a1 427570 f4", ctap2.UnexpectedType},
		{"a key that differs in case", "a1 05 a1 625550 00", ctap2.OK},
		{"an empty map", "a0", ctap2.OK},
	} {
		t.Run(c.name, func(t *testing.T) {
			var request ctap2.GetAssertionRequest
			err := ctap2.Unmarshal(unhex(t, c.encoded), &request)
			if got, known := ctap2.StatusOf(err); !known || got != c.want {
				t.Errorf("got %v (%v), want %v", got, err, c.want)
			}
		})
	}
}

func TestDecodingErrorsSayWhere(t *testing.T) {
	var request ctap2.GetAssertionRequest
	var wrongEncoding *ctap2.EncodingError
	err := ctap2.Unmarshal(unhex(t, "a2 01 6161 01 6161"), &request)
	if !errors.As(err, &wrongEncoding) || wrongEncoding.Offset != 4 {
		t.Errorf("got %v, want an EncodingError at byte 4", err)
	}
	var wrongType *ctap2.TypeError
	err = ctap2.Unmarshal(unhex(t, "a1 05 a1 627570 f6"), &request)
	if !errors.As(err, &wrongType) || wrongType.Field != "Options.UserPresence" {
		t.Errorf("got %v, want a TypeError at Options.UserPresence", err)
	}
}

func TestStatusOf(t *testing.T) {
	for _, c := range []struct {
		err   error
		want  ctap2.Status
		known bool
	}{
		{nil, ctap2.OK, true},
		{ctap2.NoCredentials, ctap2.NoCredentials, true},
		{fmt.Errorf("wrapped: %w", ctap2.KeyStoreFull), ctap2.KeyStoreFull, true},
		{&ctap2.EncodingError{}, ctap2.InvalidCBOR, true},
		{fmt.Errorf("wrapped: %w", &ctap2.TypeError{}), ctap2.UnexpectedType, true},
		{io.ErrUnexpectedEOF, ctap2.Other, false},
	} {
		if got, known := ctap2.StatusOf(c.err); got != c.want || known != c.known {
			t.Errorf("StatusOf(%v) is %v, %v; want %v, %v", c.err, got, known, c.want, c.known)
		}
	}
}

func TestGetInfoSurvivesTheWire(t *testing.T) {
	info := ctap2.GetInfoResponse{
		Versions: []string{"FIDO_2_1"}, AAGUID: uuid.MustParse("dd868f11-004c-544f-b49b-35dacdd504e4"),
		Options: map[string]bool{"rk": true, "uv": false}, RemainingDiscoverable: new(uint(0)),
	}
	encoded, err := ctap2.Marshal(info)
	want := unhex(t, "a4 01 81 684649444f5f325f31 03 50 dd868f11004c544fb49b35dacdd504e4 04 a2 62726b f5 627576 f4 14 00")
	if err != nil || !bytes.Equal(encoded, want) {
		t.Fatalf("%v\n got %x\nwant %x", err, encoded, want)
	}
	var read ctap2.GetInfoResponse
	if err := ctap2.Unmarshal(encoded, &read); err != nil || read.AAGUID != info.AAGUID || *read.RemainingDiscoverable != 0 {
		t.Errorf("read %+v, %v", read, err)
	}
	var short ctap2.GetInfoResponse
	if err := ctap2.Unmarshal(unhex(t, "a1 03 41 dd"), &short); err == nil {
		t.Error("an AAGUID of one byte was read")
	}
}

// FuzzRequests holds the decoders to: no panic, a typed error, and what is accepted can be written and read again.
func FuzzRequests(f *testing.F) {
	for _, s := range []string{makeBytes, getBytes, pinBytes, configBytes, "", "a0", "f6", "a1 05 a1 627570 f6", "a1 187f 81 81 80", "bbffffffffffffffff"} {
		f.Add(unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		again(t, data, new(ctap2.MakeCredentialRequest), new(ctap2.MakeCredentialRequest))
		again(t, data, new(ctap2.GetAssertionRequest), new(ctap2.GetAssertionRequest))
		again(t, data, new(ctap2.GetInfoResponse), new(ctap2.GetInfoResponse))
		again(t, data, new(ctap2.ClientPINRequest), new(ctap2.ClientPINRequest))
		again(t, data, new(ctap2.ClientPINResponse), new(ctap2.ClientPINResponse))
		again(t, data, new(ctap2.ConfigRequest), new(ctap2.ConfigRequest))
		again(t, data, new(ctap2.MinPINLengthParameters), new(ctap2.MinPINLengthParameters))
	})
}

func again(t *testing.T, data []byte, first, second any) {
	err := ctap2.Unmarshal(data, first)
	status, known := ctap2.StatusOf(err)
	if !known {
		t.Errorf("untyped error %v", err)
	}
	if status != ctap2.OK {
		return
	}
	encoded, err := ctap2.Marshal(first)
	if err != nil {
		t.Fatalf("%x was read and cannot be written: %v", data, err)
	}
	if err := ctap2.Unmarshal(encoded, second); err != nil {
		t.Errorf("%x was read, written as %x, and not read again: %v", data, encoded, err)
	}
}
