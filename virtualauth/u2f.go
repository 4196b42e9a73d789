package virtualauth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// This file is CTAP1, which is U2F: FIDO U2F Raw Message Formats 1.2 ("U2F raw" below). Its commands come out of their APDUs
// by packages apdu and ctaphid.

// u2fVersion is the version string of U2F, in getInfo as in its own version command.
const u2fVersion = "U2F_V2"

// u2fStatus is a status word, and the error inside the authenticator for U2F commands (U2F raw §3.3).
type u2fStatus uint16

// The status words of U2F.
const (
	u2fOK u2fStatus = 0x9000
	// u2fTestOfPresence, SW_CONDITIONS_NOT_SATISFIED: touch it and ask again; to check-only, yes.
	u2fTestOfPresence u2fStatus = 0x6985
	// u2fDisabled, SW_COMMAND_NOT_ALLOWED: U2F does not go with alwaysUv (CTAP 2.3 §7.2).
	u2fDisabled u2fStatus = 0x6986
	// u2fWrongData, SW_WRONG_DATA: no such key handle for this application.
	u2fWrongData   u2fStatus = 0x6A80
	u2fWrongLength u2fStatus = 0x6700
	// u2fUnknown, SW_INS_NOT_SUPPORTED: no such command.
	u2fUnknown u2fStatus = 0x6D00
)

// Error gives the word in hexadecimal.
func (s u2fStatus) Error() string { return fmt.Sprintf("U2F status %04X", uint16(s)) }

// u2fCommands is the whole command set by INS (U2F raw §4 to §6). Never written after the program has started.
var u2fCommands = map[byte]func(a *Authenticator, ctx context.Context, p1 byte, data []byte) ([]byte, error){
	0x01: (*Authenticator).u2fRegister,
	0x02: (*Authenticator).u2fAuthenticate,
	0x03: (*Authenticator).u2fSayVersion,
}

// U2F answers one U2F command: INS, P1 and the data of its APDU in, response data and status word out. It takes its turn with
// Exchange, drops what earlier commands have left for the next one, and stands in Requests like them. Refusals of every kind are
// status words; an error means the same as from Exchange.
//
// U2F has no way to say that the user declined, or that time is up: she is asked by each registration and each
// authentication that enforces her presence, whatever is no consent is 6985, and clients ask again until she touches it.
func (a *Authenticator) U2F(ctx context.Context, instruction, p1 byte, data []byte) (response []byte, status uint16, err error) {
	if err := a.check(); err != nil {
		return nil, 0, err
	}
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		return nil, uint16(u2fTestOfPresence), nil
	}
	a.dropPending(0)
	response, err = a.u2f(ctx, instruction, p1, data)
	word, known := u2fStatusOf(err)
	if !known && ctx.Err() != nil {
		word, known = u2fTestOfPresence, true
	}
	a.remember(newU2FRequest(instruction, p1, data, word))
	if !known {
		return nil, 0, fmt.Errorf("virtualauth: U2F: %w", err)
	}
	return response, uint16(word), nil
}

func (a *Authenticator) u2f(ctx context.Context, instruction, p1 byte, data []byte) ([]byte, error) {
	command, known := u2fCommands[instruction]
	switch {
	case !known || !a.model.speaks(u2fVersion) || !a.usable(cose.ES256):
		return nil, u2fUnknown
	case a.read((*Authenticator).alwaysUV):
		return nil, u2fDisabled
	}
	return command(a, ctx, p1, data)
}

// u2fStatusOf turns errors into status words. ok is false for a failure of the authenticator's surroundings.
func u2fStatusOf(err error) (word u2fStatus, ok bool) {
	if err == nil {
		return u2fOK, true
	}
	if errors.As(err, &word) {
		return word, true
	}
	status, known := ctap2.StatusOf(err)
	switch {
	case !known:
		return 0, false
	case status == ctap2.NoCredentials: // gone while she made up her mind
		return u2fWrongData, true
	case status == ctap2.UnsupportedAlgorithm: // no key store for the one algorithm of U2F
		return u2fUnknown, true
	}
	return u2fTestOfPresence, true
}

// u2fSayVersion is U2F_VERSION (U2F raw §6).
func (a *Authenticator) u2fSayVersion(_ context.Context, _ byte, data []byte) ([]byte, error) {
	if len(data) > 0 {
		return nil, u2fWrongLength
	}
	return []byte(u2fVersion), nil
}

// rpIDHash is the SHA-256 hash of its RP ID; to U2F, its application parameter.
func (c Credential) rpIDHash() (hash [32]byte) {
	if c.RPIDHash == nil {
		return authdata.HashRPID(c.RPID)
	}
	copy(hash[:], c.RPIDHash)
	return hash
}

// belongsTo reports whether a credential is one of an RP ID, be it an AppID at which it was registered by U2F (CTAP 2.3 §10.3).
func (r *record) belongsTo(rpID string) bool {
	if r.RPIDHash == nil {
		return r.RPID == rpID
	}
	return r.rpIDHash() == authdata.HashRPID(rpID)
}

// ofApplication returns a copy of the record that a key handle names, if U2F can use it: one of this application, with the one
// algorithm of U2F, that needs no verification. It fails with u2fWrongData.
func (a *Authenticator) ofApplication(application, keyHandle []byte) (*record, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.vault.find(keyHandle)
	if r == nil || r.Algorithm != cose.ES256 || !a.mayUse(r, false, true) {
		return nil, u2fWrongData
	}
	if hash := r.rpIDHash(); !bytes.Equal(hash[:], application) {
		return nil, u2fWrongData
	}
	return r.copied(), nil
}

// AwaitsUser reports whether a question is before the user right now: what keep-alives tell (CTAP 2.3 §11.2.9.1.7).
func (a *Authenticator) AwaitsUser() bool { return a.asked.Load() > 0 }

// attended counts the questions that are before a User.
type attended struct {
	user  User
	asked *atomic.Int32
}

// Consent asks the user.
func (u *attended) Consent(ctx context.Context, p Prompt) (Consent, error) {
	u.asked.Add(1)
	defer u.asked.Add(-1)
	return u.user.Consent(ctx, p)
}
