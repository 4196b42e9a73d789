package client_test

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"maps"
	"slices"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// extended puts extensions in front of an authenticator: it takes their inputs out of requests, and puts outputs into responses
// whose signatures then fit no more. It stands for devices of any edition, and for strange ones.
type extended struct {
	ctap2.Transport
	t          *testing.T
	extensions []string
	options    map[string]bool
	protocols  []uint
	room       uint // maxSerializedLargeBlobArray
	blobRoom   uint // maxCredBlobLength

	inputs   map[string]cbor.RawMessage // of the last request
	signed   map[string]any             // outputs to come
	unsigned map[string]any
	blobKey  []byte // largeBlobKey to come
	array    []byte // the large-blob array
	pieces   int    // how many pieces of it were written
	secret   []byte // that of hmac-secret
	end      *pinuv.Authenticator
	log      []ctap2.Command

	enterprise *uint // what the last request asked for
}

func newExtended(t *testing.T, device ctap2.Transport, extensions ...string) *extended {
	t.Helper()
	end, err := pinuv.NewAuthenticator(pinuv.Two, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &extended{
		Transport: device, t: t, extensions: extensions, end: end, secret: []byte("secret of the credential"), room: 2048, blobRoom: 32,
		options: map[string]bool{}, protocols: []uint{2}, signed: map[string]any{}, unsigned: map[string]any{},
	}
}

func (e *extended) Exchange(ctx context.Context, request []byte) ([]byte, error) {
	e.t.Helper()
	e.log = append(e.log, ctap2.Command(request[0]))
	switch ctap2.Command(request[0]) {
	case ctap2.CommandGetInfo:
		var info ctap2.GetInfoResponse
		e.call(ctx, request, &info)
		maps.Copy(info.Options, e.options)
		info.Extensions, info.PINUVAuthProtocols = e.extensions, e.protocols
		info.MaxLargeBlobArray, info.MaxCredBlobLength = e.room, e.blobRoom
		return e.ok(&info), nil
	case ctap2.CommandClientPIN:
		return e.ok(&ctap2.ClientPINResponse{KeyAgreement: e.end.PublicKey()}), nil
	case ctap2.CommandLargeBlobs:
		return e.largeBlobs(request[1:]), nil
	case ctap2.CommandMakeCredential:
		return e.makeCredential(ctx, request)
	case ctap2.CommandGetAssertion:
		return e.getAssertion(ctx, request)
	}
	return e.Transport.Exchange(ctx, request)
}

// call passes a request on, and returns the response when it is a refusal.
func (e *extended) call(ctx context.Context, request []byte, into any) []byte {
	e.t.Helper()
	response, err := e.Transport.Exchange(ctx, request)
	if err != nil {
		e.t.Fatal(err)
	}
	if response[0] != 0 {
		return response
	}
	e.decode(response[1:], into)
	return nil
}

func (e *extended) decode(data []byte, into any) {
	e.t.Helper()
	if err := ctap2.Unmarshal(data, into); err != nil {
		e.t.Fatalf("%x: %v", data, err)
	}
}

func (e *extended) ok(result any) []byte {
	e.t.Helper()
	return append([]byte{0}, e.encode(result)...)
}

func (e *extended) encode(value any) []byte {
	e.t.Helper()
	data, err := ctap2.Marshal(value)
	if err != nil {
		e.t.Fatal(err)
	}
	return data
}

func (e *extended) makeCredential(ctx context.Context, request []byte) ([]byte, error) {
	var r ctap2.MakeCredentialRequest
	e.decode(request[1:], &r)
	e.inputs, r.Extensions = r.Extensions, nil
	e.enterprise, r.EnterpriseAttestation = r.EnterpriseAttestation, nil
	var made ctap2.MakeCredentialResponse
	if refusal := e.call(ctx, append(request[:1:1], e.encode(&r)...), &made); refusal != nil {
		return refusal, nil
	}
	made.AuthData, made.LargeBlobKey = e.extend(made.AuthData, ctap2.ExtensionHMACSecretMC), e.blobKey
	made.UnsignedExtensions = e.raw(e.unsigned)
	return e.ok(&made), nil
}

func (e *extended) getAssertion(ctx context.Context, request []byte) ([]byte, error) {
	var r ctap2.GetAssertionRequest
	e.decode(request[1:], &r)
	if r.Options != nil && r.Options.UserPresence != nil { // a silent question
		if r.Extensions != nil {
			e.t.Errorf("extensions where nobody is present: %v", r.Extensions)
		}
		return e.Transport.Exchange(ctx, request)
	}
	e.inputs, r.Extensions = r.Extensions, nil
	var signed ctap2.GetAssertionResponse
	if refusal := e.call(ctx, append(request[:1:1], e.encode(&r)...), &signed); refusal != nil {
		return refusal, nil
	}
	signed.AuthData, signed.LargeBlobKey = e.extend(signed.AuthData, ctap2.ExtensionHMACSecret), e.blobKey
	signed.UnsignedExtensions = e.raw(e.unsigned)
	return e.ok(&signed), nil
}

func (e *extended) raw(outputs map[string]any) map[string]cbor.RawMessage {
	if len(outputs) == 0 {
		return nil
	}
	raw := map[string]cbor.RawMessage{}
	for id, output := range outputs {
		raw[id] = e.encode(output)
	}
	return raw
}

// extend puts the outputs into authenticator data, that of hmac-secret among them when it was asked for.
func (e *extended) extend(authData []byte, secretOf string) []byte {
	e.t.Helper()
	outputs := maps.Clone(e.signed)
	if input, asked := e.inputs[secretOf]; asked && outputs[secretOf] == nil {
		outputs[secretOf] = e.outputOf(input)
	}
	if len(outputs) == 0 {
		return authData
	}
	data, err := authdata.Parse(authData)
	if err != nil {
		e.t.Fatal(err)
	}
	data.Extensions = e.encode(outputs)
	return data.Encode()
}

// outputOf evaluates salts: HMAC-SHA-256 under the secret.
func (e *extended) outputOf(input []byte) []byte {
	e.t.Helper()
	var in ctap2.HMACSecretInput
	e.decode(input, &in)
	secret, err := e.end.Decapsulate(in.KeyAgreement)
	if err != nil || secret.Verify(in.SaltEnc, in.SaltAuth) != nil || in.PINUVAuthProtocol != 2 {
		e.t.Fatalf("the salts are not authenticated: %v", err)
	}
	salts, err := secret.Decrypt(in.SaltEnc)
	if err != nil || len(salts) != 32 && len(salts) != 64 {
		e.t.Fatalf("salts of %d bytes: %v", len(salts), err)
	}
	var outputs []byte
	for salt := range slices.Chunk(salts, 32) {
		outputs = append(outputs, e.evaluate(salt)...)
	}
	encrypted, err := secret.Encrypt(outputs)
	if err != nil {
		e.t.Fatal(err)
	}
	return encrypted
}

// evaluate is the output for one salt.
func (e *extended) evaluate(salt []byte) []byte {
	mac := hmac.New(sha256.New, e.secret)
	mac.Write(salt)
	return mac.Sum(nil)
}

// largeBlobs reads and writes the array without asking for a token.
func (e *extended) largeBlobs(data []byte) []byte {
	e.t.Helper()
	var r ctap2.LargeBlobsRequest
	e.decode(data, &r)
	if r.Get != nil {
		end := min(*r.Offset+*r.Get, uint(len(e.array)))
		return e.ok(&ctap2.LargeBlobsResponse{Config: append([]byte{}, e.array[min(*r.Offset, end):end]...)})
	}
	if *r.Offset == 0 {
		e.array, e.pieces = nil, 0
	}
	if uint(len(e.array)) != *r.Offset || (*r.Offset == 0) != (r.Length != nil) {
		return []byte{byte(ctap2.InvalidSeq)}
	}
	e.array, e.pieces = append(e.array, r.Set...), e.pieces+1
	return []byte{0}
}
