package apdu

import (
	"context"
	"errors"
)

// Transport carries one CTAP request to an authenticator and returns its response, status byte first.
type Transport interface {
	Exchange(ctx context.Context, request []byte) (response []byte, err error)
}

// U2F answers U2F commands that were taken out of their APDUs (FIDO U2F Raw Message Formats 1.2 §3): INS, P1 and data in,
// response data and status word out. An error means that the authenticator could not work at all.
type U2F interface {
	U2F(ctx context.Context, instruction, p1 byte, data []byte) (response []byte, status uint16, err error)
}

// The instructions of U2F (FIDO U2F Raw Message Formats 1.2 §4 to §6).
const (
	Register     = 0x01
	Authenticate = 0x02
	Version      = 0x03
)

// Messages answers what CTAPHID_MSG carries: U2F commands, each in one APDU (CTAP 2.3 §11.2.9.1.1). There is no applet to
// select and no chaining; a command without data expects a response whether or not it has an Le.
type Messages struct{ Handler U2F }

// Exchange answers one command APDU with a response APDU. Its error is the handler's.
func (m Messages) Exchange(ctx context.Context, message []byte) ([]byte, error) {
	command, err := ParseCommand(message)
	if err == nil && command.Class != classISO {
		err = ClassNotSupported
	}
	var status Status
	if errors.As(err, &status) {
		return Response{Status: status}.Encode(), nil
	}
	response, err := answerU2F(ctx, m.Handler, command)
	if err != nil {
		return nil, err
	}
	return response.Encode(), nil
}

func answerU2F(ctx context.Context, handler U2F, c Command) (Response, error) {
	data, status, err := handler.U2F(ctx, c.Instruction, c.P1, c.Data)
	if err != nil {
		return Response{}, err
	}
	return Response{Data: data, Status: Status(status)}, nil
}
