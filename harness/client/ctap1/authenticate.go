package ctap1

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// GetAssertion signs with the first credential of the allow list that the key holds (CTAP 2.3 §10.3). It fails with
// ctap2.UnsupportedOption when the user is to be verified, and with ctap2.NoCredentials: at once without an allow list, and
// after a touch when the key holds none of it, so that who asks learns as little as from a CTAP2 authenticator
// (CTAP 2.3 §6.2.2). Extensions go unheard.
func (k *Key) GetAssertion(ctx context.Context, r *ctap2.GetAssertionRequest) (*ctap2.GetAssertionResponse, error) {
	switch {
	case len(r.ClientDataHash) != parameter:
		return nil, ctap2.InvalidLength
	case verifies(r.Options, r.PINUVAuthParam):
		return nil, ctap2.UnsupportedOption
	case len(r.AllowList) == 0:
		return nil, ctap2.NoCredentials
	}
	silent := r.Options != nil && r.Options.UserPresence != nil && !*r.Options.UserPresence
	held, err := k.Known(ctx, r.RPID, r.AllowList)
	if err != nil {
		return nil, err
	}
	if held == nil {
		if !silent {
			err = k.Selection(ctx)
		}
		if err == nil {
			err = ctap2.NoCredentials
		}
		return nil, err
	}
	control := byte(enforcePresence)
	if silent {
		control = ignorePresence
	}
	response, err := k.touched(ctx, insAuthenticate, control, authentication(r.RPID, r.ClientDataHash, held.ID))
	if err != nil {
		return nil, err
	}
	return assertion(r.RPID, *held, response)
}

// authentication is the data of U2F_AUTHENTICATE (U2F raw §5.1):
//
//	challenge (32)  application (32)  length of key handle (1)  key handle
func authentication(rpID string, challenge, keyHandle []byte) []byte {
	application := authdata.HashRPID(rpID)
	return slices.Concat(challenge, application[:], []byte{byte(len(keyHandle))}, keyHandle)
}

// assertion makes what CTAP2 answers of a response to U2F_AUTHENTICATE (U2F raw §5.4):
//
//	user presence (1)  counter (4)  signature
//
// What U2F signs then reads as authenticator data and client data hash. Of the presence byte, the two lower bits are flags
// (CTAP 2.3 §10.3).
func assertion(rpID string, held ctap2.Descriptor, response []byte) (*ctap2.GetAssertionResponse, error) {
	const header = 1 + 4
	if len(response) <= header {
		return nil, fmt.Errorf("%w: authentication of %d bytes", ErrMalformed, len(response))
	}
	data := authdata.Data{
		RPIDHash:  authdata.HashRPID(rpID),
		Flags:     authdata.Flags(response[0] & 0x03),
		SignCount: binary.BigEndian.Uint32(response[1:]),
	}
	return &ctap2.GetAssertionResponse{Credential: held, AuthData: data.Encode(), Signature: response[header:]}, nil
}
