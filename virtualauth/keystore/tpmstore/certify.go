package tpmstore

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/google/go-tpm/tpm2"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// attestationTemplates are the kinds of attestation keys. Each is a primary key of the owner hierarchy: it follows from
// the TPM's seed and its template, so it is the same after a restart though it is stored nowhere. It is restricted, which
// means that it signs only what the TPM itself says (TPM 2.0 Part 1 §25.2). Never written after the program has started.
var attestationTemplates = map[cose.Algorithm]tpm2.TPM2BPublic{
	cose.ES256: attestationTemplate(cose.ES256),
	cose.RS256: attestationTemplate(cose.RS256),
}

func attestationTemplate(algorithm cose.Algorithm) tpm2.TPM2BPublic {
	template := recipes[algorithm].template
	template.ObjectAttributes.Restricted = true
	// The unique field sets our key apart from those that other software derives from the same template.
	label := sha256.Sum256([]byte("passkeylab tpmstore attestation key"))
	switch template.Type {
	case tpm2.TPMAlgRSA:
		template.Unique = tpm2.NewTPMUPublicID(tpm2.TPMAlgRSA, &tpm2.TPM2BPublicKeyRSA{Buffer: label[:]})
	default:
		template.Unique = tpm2.NewTPMUPublicID(tpm2.TPMAlgECC, &tpm2.TPMSECCPoint{X: tpm2.TPM2BECCParameter{Buffer: label[:]}})
	}
	return tpm2.New2B(template)
}

// attest makes sure that the attestation key is loaded, in a place that the other keys must leave.
func (m *machine) attest() error {
	if m.attester.handle != 0 {
		return nil
	}
	if err := m.clear(); err != nil {
		return err
	}
	key, err := m.primary(attestationTemplates[m.attestation])
	if err != nil {
		return fmt.Errorf("make the attestation key: %w", err)
	}
	m.attester = key
	return nil
}

// AttestationKey returns the public half of the attestation key, an ES256 or RS256 key as Config says. It stays the same as
// long as the TPM is not cleared.
func (s *Store) AttestationKey(ctx context.Context) (cose.Key, error) {
	var key cose.Key
	err := s.do(ctx, func(m *machine) error {
		if err := m.attest(); err != nil {
			return err
		}
		response, err := tpm2.ReadPublic{ObjectHandle: m.attester.handle}.Execute(m)
		if err != nil {
			return err
		}
		key, err = attestationKey(m.attestation, response.OutPublic.Bytes())
		return err
	})
	if err != nil {
		return cose.Key{}, fmt.Errorf("tpmstore: attestation key: %w", err)
	}
	return key, nil
}

// attestationKey reads the public area of an attestation key.
func attestationKey(algorithm cose.Algorithm, public []byte) (cose.Key, error) {
	r := recipes[algorithm]
	r.template.ObjectAttributes.Restricted = true
	encoded := tpm2.Marshal(r.template)
	r.prefix = encoded[:len(encoded)-2*len(r.unique)]
	parts, ok := r.split(public)
	if !ok {
		return cose.Key{}, fmt.Errorf("the TPM made another kind of key than it was asked for")
	}
	return publicKey(algorithm, parts)
}

// maxExtraData is the length in bytes of the longest digest.
const maxExtraData = 64

// Certify has the attestation key certify a key (TPM2_Certify). extraData has at most 64 bytes, else ErrExtraData.
func (s *Store) Certify(ctx context.Context, handle keystore.Handle, extraData []byte) (keystore.Certification, error) {
	w, err := s.find(handle)
	if err == nil && w.algorithm == secret {
		err = fmt.Errorf("%w: a secret is no credential", keystore.ErrUnknownHandle)
	}
	if err == nil && len(extraData) > maxExtraData {
		err = ErrExtraData
	}
	var response *tpm2.CertifyResponse
	if err == nil {
		err = s.do(ctx, func(m *machine) (err error) {
			response, err = m.certify(handle, w, extraData)
			return err
		})
	}
	if err != nil {
		return keystore.Certification{}, fmt.Errorf("tpmstore: certify: %w", err)
	}
	signature, err := encodeSignature(tpm2.Marshal(response.Signature))
	if err != nil {
		return keystore.Certification{}, fmt.Errorf("tpmstore: certify: %w", err)
	}
	return keystore.Certification{Attest: response.CertifyInfo.Bytes(), Public: w.public, Signature: signature}, nil
}

func (m *machine) certify(handle keystore.Handle, w wrapped, extraData []byte) (*tpm2.CertifyResponse, error) {
	if err := m.attest(); err != nil {
		return nil, err
	}
	if err := m.load(handle, w); err != nil {
		return nil, err
	}
	return tpm2.Certify{
		ObjectHandle:   m.current.auth(),
		SignHandle:     m.attester.auth(),
		QualifyingData: tpm2.TPM2BData{Buffer: extraData},
		InScheme:       tpm2.TPMTSigScheme{Scheme: tpm2.TPMAlgNull},
	}.Execute(m)
}
