package tpmstore

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/google/go-tpm/tpm2"
)

// This file encodes the commands that an assertion consists of: TPM2_Load, TPM2_Sign and TPM2_FlushContext. go-tpm finds the
// layout of a command out by reflection each time, which takes about 30 µs each, and so seven times as long as the simulator
// takes to load a key. All other commands are left to go-tpm.

// emptyPassword is the authorisation area for one handle with an empty password (TPM 2.0 Part 1 §18.5 and §19.4):
//
//	 0 ..  3  length of the rest, 9
//	 4 ..  7  TPM_RS_PW
//	 8 ..  9  length of the nonce, 0
//	10        session attributes, none
//	11 .. 12  length of the password, 0
const emptyPassword = "\x00\x00\x00\x09\x40\x00\x00\x09\x00\x00\x00\x00\x00"

// errResponse says that a TPM's response is not what its command asks for.
var errResponse = errors.New("a malformed response of the TPM")

// newCommand is the header of a command, whose length execute fills in (TPM 2.0 Part 1 §18.2).
func newCommand(tag tpm2.TPMST, code tpm2.TPMCC) []byte {
	command := make([]byte, 0, 512)
	command = binary.BigEndian.AppendUint16(command, uint16(tag))
	return binary.BigEndian.AppendUint32(append(command, 0, 0, 0, 0), uint32(code))
}

// newAuthorised is a command with one handle, whose object has an empty password.
func newAuthorised(code tpm2.TPMCC, handle tpm2.TPMHandle) []byte {
	command := binary.BigEndian.AppendUint32(newCommand(tpm2.TPMSTSessions, code), uint32(handle))
	return append(command, emptyPassword...)
}

// appendSized appends two bytes of length and the data; sized reads them.
func appendSized(to, data []byte) []byte {
	return append(binary.BigEndian.AppendUint16(to, uint16(len(data))), data...)
}

// execute sends a command and returns what is behind the header of the response. A refusal is a tpm2.TPMRC.
func (m *machine) execute(command []byte) ([]byte, error) {
	binary.BigEndian.PutUint32(command[2:], uint32(len(command)))
	response, err := m.Send(command)
	if err != nil {
		return nil, err
	}
	return openResponse(response)
}

func openResponse(response []byte) ([]byte, error) {
	if len(response) < responseHeader || binary.BigEndian.Uint32(response[2:]) != uint32(len(response)) {
		return nil, fmt.Errorf("%w: %d bytes, its header says otherwise", errResponse, len(response))
	}
	if code := tpm2.TPMRC(binary.BigEndian.Uint32(response[6:])); code != tpm2.TPMRCSuccess {
		return nil, code
	}
	return response[responseHeader:], nil
}

// readLoaded reads the response of TPM2_Load: the handle, and as its parameter the name.
func readLoaded(response []byte) (object, error) {
	if len(response) < 4 {
		return object{}, fmt.Errorf("%w: no handle", errResponse)
	}
	handle := tpm2.TPMHandle(binary.BigEndian.Uint32(response))
	parameters, err := readParameters(response[4:])
	if err != nil {
		return object{}, err
	}
	name, rest, ok := sized(parameters)
	if !ok || len(rest) != 0 || handle == 0 {
		return object{}, fmt.Errorf("%w: no name", errResponse)
	}
	return object{handle, tpm2.TPM2BName{Buffer: name}}, nil
}

// readParameters returns the parameters of a response to an authorised command: four bytes of length stand before them, the
// acknowledgement of the password behind.
func readParameters(data []byte) ([]byte, error) {
	if len(data) < 4 || uint64(binary.BigEndian.Uint32(data)) > uint64(len(data)-4) {
		return nil, fmt.Errorf("%w: its parameters are cut short", errResponse)
	}
	return data[4 : 4+binary.BigEndian.Uint32(data)], nil
}
