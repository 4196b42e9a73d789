package ctap1

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// Version is the version string of U2F, in the response to U2F_VERSION as in getInfo.
const Version = "U2F_V2"

// MaxKeyHandle is the longest key handle in bytes: its length is one of them (U2F raw §4.3).
const MaxKeyHandle = 255

// Device carries one U2F command: INS, P1 and the data of its APDU in, response data and status word out. An error says that
// no response came.
type Device interface {
	U2F(ctx context.Context, instruction, p1 byte, data []byte) (response []byte, status uint16, err error)
}

// Key is a U2F key, as a client uses it. It keeps no state.
type Key struct {
	// Device is the key itself.
	Device Device
	// Poll waits until the key, which answered that it awaits a touch, is to be asked again; an error ends the command. Nil
	// is for devices that wait for their user by themselves: such an answer is then her refusal, and the command fails with
	// ctap2.OperationDenied.
	Poll func(ctx context.Context) error
}

// Status is a status word other than that of success (U2F raw §3.3).
type Status uint16

// The status words that mean something to a client.
const (
	statusOK          Status = 0x9000
	statusAwaitsTouch Status = 0x6985
	statusWrongData   Status = 0x6A80
	statusWrongLength Status = 0x6700
)

// Error gives the word in hexadecimal.
func (s Status) Error() string { return fmt.Sprintf("U2F status %04X", uint16(s)) }

// ErrMalformed says that a response is not as U2F has it.
var ErrMalformed = errors.New("ctap1: malformed response")

// The commands, by INS (U2F raw §4 to §6).
const (
	insRegister     = 0x01
	insAuthenticate = 0x02
	insVersion      = 0x03
)

// Control bytes of an authentication: its P1 (U2F raw §5.1).
const (
	enforcePresence = 0x03
	checkOnly       = 0x07
	ignorePresence  = 0x08
)

// Speaks asks for the version, and fails unless it is that of U2F.
func (k *Key) Speaks(ctx context.Context) error {
	version, err := k.send(ctx, insVersion, 0, nil)
	if err == nil && string(version) != Version {
		err = fmt.Errorf("%w: version %q", ErrMalformed, version)
	}
	return err
}

// Selection waits for a touch by a registration that nobody will use, which is the only way that U2F has (CTAP 2.3 §10.2, dummy
// registration). It is to a U2F key what authenticatorSelection is to others.
func (k *Key) Selection(ctx context.Context) error {
	challenge, application := bytes.Repeat([]byte{'B'}, parameter), bytes.Repeat([]byte{'A'}, parameter)
	_, err := k.touched(ctx, insRegister, 0, slices.Concat(challenge, application))
	return err
}

// Known returns the first entry of a list that the key holds for an RP ID or AppID; nil when it holds none. Nothing is signed,
// and the user notices nothing. Entries that no key handle can be are passed over.
func (k *Key) Known(ctx context.Context, rpID string, list []ctap2.Descriptor) (*ctap2.Descriptor, error) {
	for _, entry := range list {
		if entry.Type != ctap2.PublicKey || len(entry.ID) > MaxKeyHandle {
			continue
		}
		_, err := k.send(ctx, insAuthenticate, checkOnly, authentication(rpID, make([]byte, parameter), entry.ID))
		switch {
		case err == nil, errors.Is(err, statusAwaitsTouch):
			return &entry, nil
		case errors.Is(err, statusWrongData), errors.Is(err, statusWrongLength): // the latter for handles not of its own length
			continue
		}
		return nil, err
	}
	return nil, nil
}

// touched sends a command again and again until the user has touched the key.
func (k *Key) touched(ctx context.Context, instruction, p1 byte, data []byte) ([]byte, error) {
	for {
		response, err := k.send(ctx, instruction, p1, data)
		if !errors.Is(err, statusAwaitsTouch) {
			return response, err
		}
		if k.Poll == nil {
			err = fmt.Errorf("%w: %w", ctap2.OperationDenied, err)
		} else {
			err = k.Poll(ctx)
		}
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case err != nil:
			return nil, err
		}
	}
}

// send sends a command. A status word other than that of success is an error.
func (k *Key) send(ctx context.Context, instruction, p1 byte, data []byte) ([]byte, error) {
	response, status, err := k.Device.U2F(ctx, instruction, p1, data)
	if err != nil {
		return nil, err
	}
	if Status(status) != statusOK {
		return nil, fmt.Errorf("ctap1: command %02x: %w", instruction, Status(status))
	}
	return response, nil
}
