package rpcases

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/passkeylab/passkeylab/virtualauth/authdata"
)

// editAuthData is a lie about authenticator data of a registration, told behind the authenticator's back: for statements of
// format none, which sign nothing. The copies beside the attestation object follow (WebAuthn L3 §5.2.1).
func editAuthData(edit func(honest []byte) []byte) func(*Message) error {
	return func(m *Message) error {
		changed := []byte{}
		if err := m.EditAttestation(func(o *AttestationObject) {
			changed = append(changed, edit(o.AuthData)...)
			o.AuthData = changed
		}); err != nil {
			return err
		}
		if m.Get("response.authenticatorData") != nil {
			m.SetBytes("response.authenticatorData", changed)
		}
		m.Delete("response.publicKey") // a client may not know the key
		return nil
	}
}

// editData is editAuthData for members; the flags AT and ED follow from them.
func editData(edit func(*authdata.Data)) func(*Message) error {
	return func(m *Message) (err error) {
		var data authdata.Data
		told := editAuthData(func(honest []byte) []byte {
			if data, err = authdata.Parse(honest); err != nil || data.Credential == nil {
				err = fmt.Errorf("authenticator data without a credential: %w", err)
				return honest
			}
			edit(&data)
			return data.Encode()
		})(m)
		if told != nil {
			return told
		}
		return err
	}
}

// editKey is a lie about the members of the credential public key, which are written in the order given.
func editKey(edit func([]cborPair) []cborPair) func(*Message) error {
	return rawKey(func(honest []byte) []byte {
		pairs, err := cborPairs(honest)
		if err != nil {
			panic(fmt.Sprintf("rpcases: the authenticator's own key: %v", err))
		}
		return cborMap(edit(pairs))
	})
}

// rawKey is a lie about the bytes of the credential public key.
func rawKey(edit func(honest []byte) []byte) func(*Message) error {
	return editData(func(d *authdata.Data) { d.Credential.PublicKey = edit(d.Credential.PublicKey) })
}

// Offsets in authenticator data (WebAuthn L3 §6.1, §6.5.1).
const (
	flagsAt    = 32
	attestedAt = 37
	lengthAt   = attestedAt + 16
	idAt       = lengthAt + 2
)

// flipFlags inverts flags and changes nothing else.
func flipFlags(flags authdata.Flags) func([]byte) []byte {
	return func(honest []byte) []byte {
		changed := bytes.Clone(honest)
		changed[flagsAt] ^= byte(flags)
		return changed
	}
}

// cutTo leaves the first bytes.
func cutTo(length int) func([]byte) []byte {
	return func(honest []byte) []byte { return honest[:min(length, len(honest))] }
}

// appending adds bytes at the end.
func appending(more []byte) func([]byte) []byte {
	return func(honest []byte) []byte { return slices.Concat(honest, more) }
}

// inTurn makes one change after another.
func inTurn(first, second func([]byte) []byte) func([]byte) []byte {
	return func(honest []byte) []byte { return second(first(honest)) }
}
