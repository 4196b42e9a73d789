package virtualauth

import (
	"context"
	"encoding/binary"
	"slices"
)

// Control bytes of an authentication: its P1 (U2F raw §5.1).
const (
	u2fEnforcePresence = 0x03
	u2fCheckOnly       = 0x07
	u2fIgnorePresence  = 0x08
)

// u2fAuthenticate is U2F_AUTHENTICATE (U2F raw §5).
//
//	request   challenge (32)  application (32)  length of key handle (1)  key handle
//	response  user presence (1)  counter (4)  signature
//
// What is signed is application, user presence, counter and challenge. A key handle of another application is unknown, and
// the user is not asked about it: that is how clients find the key to use.
func (a *Authenticator) u2fAuthenticate(ctx context.Context, p1 byte, data []byte) ([]byte, error) {
	const header = 2*u2fParameter + 1
	if len(data) < header || len(data) != header+int(data[header-1]) {
		return nil, u2fWrongLength
	}
	challenge, application, keyHandle := data[:u2fParameter], data[u2fParameter:header-1], data[header:]
	found, err := a.ofApplication(application, keyHandle)
	if err != nil {
		return nil, err
	}
	var presence byte
	switch p1 {
	case u2fIgnorePresence:
	case u2fEnforcePresence:
		prompt := Prompt{Reason: ToSignIn, RPID: found.RPID, RPName: found.RPName, Accounts: []Account{found.account()}}
		if _, err := a.ask(ctx, prompt); err != nil {
			return nil, err
		}
		presence = 1
	case u2fCheckOnly:
		return nil, u2fTestOfPresence
	default:
		return nil, u2fWrongData
	}
	used, err := a.use(ctx, found.ID)
	if err != nil {
		return nil, err
	}
	answer := binary.BigEndian.AppendUint32([]byte{presence}, used.SignCount)
	signature, err := a.storeOf(used).Sign(ctx, used.handle, slices.Concat(application, answer, challenge))
	if err != nil {
		return nil, err
	}
	return append(answer, signature...), nil
}
