package virtualauth

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// This file attests new credentials: it chooses a statement format and lends package attestation what that needs.

// attest builds the response (CTAP 2.3 §6.1.2, steps on the attestation statement).
func (a *Authenticator) attest(ctx context.Context, r *ctap2.MakeCredentialRequest, made *record, c creation) (*ctap2.MakeCredentialResponse, error) {
	extensions, err := c.outputs.encodeSigned()
	if err != nil {
		return nil, err
	}
	format := a.chooseFormat(r.AttestationFormats, made, c.enterprise != 0)
	honest := a.credentialData(made.Credential, format)
	authData := a.authData(made.Credential, c.gesture, a.attested(honest), extensions)
	subject := attestation.Subject{
		AuthData: authData, ClientDataHash: r.ClientDataHash, Credential: honest, Algorithm: made.Algorithm,
		Sign: func(message []byte) ([]byte, error) { return a.storeOf(made).Sign(ctx, made.handle, message) },
		Type: a.model.AttestationType, KeyAlgorithm: a.model.AttestationKey, Compound: a.model.compound(),
		Authority: a.world.Authority, TPM: a.certifier(ctx, made), Time: a.world.Clock.Now(),
		Misbehave: a.Misbehave.Attestation,
	}
	if c.enterprise != 0 {
		subject.Serial = a.world.serial()
	}
	statement, err := attestation.Make(format, subject)
	if err != nil {
		return nil, fmt.Errorf("make an attestation statement: %w", err)
	}
	return &ctap2.MakeCredentialResponse{Format: string(statement.Format), AuthData: authData, Statement: statement.Body}, nil
}

// credentialData is the attested credential data as it is. U2F has no AAGUIDs: beside its statement stands zero, as
// FIDO's conformance tests ask.
func (a *Authenticator) credentialData(made Credential, format attestation.Format) authdata.AttestedCredential {
	honest := authdata.AttestedCredential{AAGUID: a.model.AAGUID, ID: made.ID, PublicKey: made.PublicKey}
	if format == attestation.FormatFIDOU2F {
		honest.AAGUID = uuid.Nil
	}
	return honest
}

// attested is the attested credential data as authenticator data tells it.
func (a *Authenticator) attested(honest authdata.AttestedCredential) *authdata.AttestedCredential {
	if a.Misbehave.OmitCredential {
		return nil
	}
	if a.Misbehave.AAGUID != nil {
		honest.AAGUID = *a.Misbehave.AAGUID
	}
	if a.Misbehave.PublicKey != nil {
		honest.PublicKey = a.Misbehave.PublicKey
	}
	return &honest
}

// certifier lends the TPM that has the key of a record; nil when none has.
func (a *Authenticator) certifier(ctx context.Context, made *record) *attestation.TPM {
	store, is := a.storeOf(made).(keystore.Certifier)
	if !is {
		return nil
	}
	return &attestation.TPM{
		AttestationKey: func() (key cose.Key, err error) { return store.AttestationKey(ctx) },
		Certify: func(extraData []byte) (attestation.Certification, error) {
			certification, err := store.Certify(ctx, made.handle, extraData)
			return attestation.Certification(certification), err
		},
	}
}

// chooseFormat takes the first preferred format that there can be a statement in, or else the model's own (CTAP 2.3 §6.1.2,
// attestationFormatsPreference).
func (a *Authenticator) chooseFormat(preferred []string, made *record, enterprise bool) attestation.Format {
	able := a.ableFormats(made, enterprise)
	for _, p := range preferred {
		if f := attestation.Format(p); slices.Contains(able, f) {
			return f
		}
	}
	return able[0]
}

// ableFormats are the formats that can speak of a credential, best first. A key that fell back to software has no TPM to
// certify it, and some formats know few algorithms; what is left then is what a compound has besides, and none at last.
// Enterprise attestation needs a format whose certificate can carry a serial number: packed where the model has no other.
func (a *Authenticator) ableFormats(made *record, enterprise bool) []attestation.Format {
	last := attestation.FormatNone
	if enterprise {
		last = attestation.FormatPacked
	}
	able := slices.DeleteFunc(a.model.formats(), func(f attestation.Format) bool {
		return !a.model.suits(f, made.Algorithm) || made.inSoftware && a.model.needsTPM(f) || enterprise && !individual(f)
	})
	return append(able, last)
}

// individual reports whether certificates of a format can carry the serial number of a device.
func individual(f attestation.Format) bool {
	return f == attestation.FormatPacked || f == attestation.FormatTPM || f == attestation.FormatCompound
}

// suits reports whether a format, or all that a compound is made of, can speak of credentials of an algorithm.
func (m Model) suits(f attestation.Format, algorithm cose.Algorithm) bool {
	if f != attestation.FormatCompound {
		return attestation.Suits(f, algorithm)
	}
	return !slices.ContainsFunc(m.compound(), func(part attestation.Format) bool { return !attestation.Suits(part, algorithm) })
}

// needsTPM reports whether a statement says that the key is in a TPM.
func (m Model) needsTPM(f attestation.Format) bool {
	return f == attestation.FormatTPM || f == attestation.FormatCompound && slices.Contains(m.compound(), attestation.FormatTPM)
}

// formats are those that the model makes of itself, its own first; never none, which every model can make.
func (m Model) formats() (formats []attestation.Format) {
	if m.Attestation == "" || m.Attestation == attestation.FormatNone {
		return nil
	}
	formats = append(formats, m.Attestation)
	if m.Attestation != attestation.FormatCompound {
		return formats
	}
	for _, f := range m.compound() {
		if !slices.Contains(formats, f) {
			formats = append(formats, f)
		}
	}
	return formats
}

// attestationFormats are those of getInfo (CTAP 2.3 §6.4).
func (m Model) attestationFormats() (names []string) {
	for _, f := range m.formats() {
		names = append(names, string(f))
	}
	return names
}

// compound are the formats in a compound statement.
func (m Model) compound() []attestation.Format {
	if m.Compound == nil {
		return []attestation.Format{attestation.FormatPacked, attestation.FormatTPM}
	}
	return m.Compound
}

func (w World) serial() string {
	if w.Serial == "" {
		return "1"
	}
	return w.Serial
}
