package ctap2

import (
	"context"
	"errors"
	"fmt"
)

// Transport carries one request to an authenticator and returns its response. A status byte other than OK is a
// successful exchange; err says that no response came, because the connection or the caller's own set-up failed.
type Transport interface {
	Exchange(ctx context.Context, request []byte) (response []byte, err error)
}

// ErrEmptyResponse says that a response had not even a status byte.
var ErrEmptyResponse = errors.New("ctap2: empty response")

// MakeCredential performs authenticatorMakeCredential (CTAP 2.3 §6.1). It fails with the authenticator's Status, with the
// transport's error, or with an *EncodingError or *TypeError when the response cannot be read; this holds for all callers
// in this file.
func MakeCredential(ctx context.Context, t Transport, request *MakeCredentialRequest) (*MakeCredentialResponse, error) {
	return call[MakeCredentialResponse](ctx, t, CommandMakeCredential, request)
}

// GetAssertion performs authenticatorGetAssertion (CTAP 2.3 §6.2).
func GetAssertion(ctx context.Context, t Transport, request *GetAssertionRequest) (*GetAssertionResponse, error) {
	return call[GetAssertionResponse](ctx, t, CommandGetAssertion, request)
}

// GetNextAssertion performs authenticatorGetNextAssertion (CTAP 2.3 §6.3).
func GetNextAssertion(ctx context.Context, t Transport) (*GetAssertionResponse, error) {
	return call[GetAssertionResponse](ctx, t, CommandGetNextAssertion, nil)
}

// GetInfo performs authenticatorGetInfo (CTAP 2.3 §6.4).
func GetInfo(ctx context.Context, t Transport) (*GetInfoResponse, error) {
	return call[GetInfoResponse](ctx, t, CommandGetInfo, nil)
}

// Reset performs authenticatorReset (CTAP 2.3 §6.6).
func Reset(ctx context.Context, t Transport) error {
	_, err := send(ctx, t, []byte{byte(CommandReset)})
	return wrap(CommandReset, err)
}

// Selection performs authenticatorSelection (CTAP 2.3 §6.9): it succeeds when the user touched this authenticator.
func Selection(ctx context.Context, t Transport) error {
	_, err := send(ctx, t, []byte{byte(CommandSelection)})
	return wrap(CommandSelection, err)
}

// call encodes parameters (nil for commands without any), exchanges, and decodes the result, which must be there.
func call[Result any](ctx context.Context, t Transport, c Command, parameters any) (*Result, error) {
	body, err := perform(ctx, t, c, parameters)
	if err != nil {
		return nil, wrap(c, err)
	}
	result := new(Result)
	if err := unmarshal(body, result, maxResponseNesting); err != nil {
		return nil, wrap(c, fmt.Errorf("response: %w", err))
	}
	return result, nil
}

// callMaybe is call for commands some of whose sub-commands have no result: the zero Result stands for none.
func callMaybe[Result any](ctx context.Context, t Transport, c Command, parameters any) (*Result, error) {
	body, err := perform(ctx, t, c, parameters)
	if err != nil {
		return nil, wrap(c, err)
	}
	result := new(Result)
	if len(body) == 0 {
		return result, nil
	}
	if err := unmarshal(body, result, maxResponseNesting); err != nil {
		return nil, wrap(c, fmt.Errorf("response: %w", err))
	}
	return result, nil
}

// perform encodes, exchanges, and returns the body of the response.
func perform(ctx context.Context, t Transport, c Command, parameters any) ([]byte, error) {
	request, err := EncodeRequest(c, parameters)
	if err != nil {
		return nil, err
	}
	return send(ctx, t, request)
}

// send exchanges and takes the status byte off.
func send(ctx context.Context, t Transport, request []byte) ([]byte, error) {
	response, err := t.Exchange(ctx, request)
	switch {
	case err != nil:
		return nil, err
	case len(response) == 0:
		return nil, ErrEmptyResponse
	case Status(response[0]) != OK:
		return nil, Status(response[0])
	}
	return response[1:], nil
}

func wrap(c Command, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("ctap2: %v: %w", c, err)
}

// EncodeRequest returns the bytes of a request: the command and, unless parameters is nil, their canonical CBOR.
func EncodeRequest(c Command, parameters any) ([]byte, error) {
	request := []byte{byte(c)}
	if parameters == nil {
		return request, nil
	}
	body, err := Marshal(parameters)
	return append(request, body...), err
}
