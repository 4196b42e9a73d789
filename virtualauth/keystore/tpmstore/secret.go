package tpmstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/go-tpm/tpm2"

	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// maxBuffer is the most that one command takes of a message, in bytes (TPM2B_MAX_BUFFER of every TPM for PCs).
const maxBuffer = 1024

// CreateSecret has the TPM make an HMAC-SHA-256 key of 32 bytes. Like a signing key it leaves the TPM only wrapped.
func (s *Store) CreateSecret(ctx context.Context) (keystore.Handle, error) {
	if !s.able[secret] {
		return nil, fmt.Errorf("tpmstore: create a secret: %w: HMAC-SHA-256", keystore.ErrUnsupportedAlgorithm)
	}
	var w wrapped
	err := s.do(ctx, func(m *machine) (err error) {
		w, err = m.create(secret)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("tpmstore: create a secret: %w", err)
	}
	return w.encode(), nil
}

// HMAC has the TPM compute HMAC-SHA-256: in one command (TPM2_HMAC) up to 1024 bytes, as a sequence beyond.
func (s *Store) HMAC(ctx context.Context, handle keystore.Handle, message []byte) ([]byte, error) {
	w, err := s.find(handle)
	if err == nil && w.algorithm != secret {
		err = fmt.Errorf("%w: it is that of an %v key", keystore.ErrUnknownHandle, w.algorithm)
	}
	var mac []byte
	if err == nil {
		err = s.do(ctx, func(m *machine) (err error) {
			if err = m.load(handle, w); err != nil {
				return err
			}
			mac, err = m.hmac(message)
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("tpmstore: hmac: %w", err)
	}
	return mac, nil
}

// hmac computes with the current key.
func (m *machine) hmac(message []byte) ([]byte, error) {
	if len(message) > maxBuffer {
		return m.hmacSequence(message)
	}
	response, err := tpm2.Hmac{
		Handle: m.current.auth(), Buffer: tpm2.TPM2BMaxBuffer{Buffer: message}, HashAlg: tpm2.TPMAlgSHA256,
	}.Execute(m)
	if err != nil {
		return nil, err
	}
	return response.OutHMAC.Buffer, nil
}

// hmacSequence computes in pieces. The sequence is an object too, and takes the place of the attestation key or the former one;
// once it has begun, it takes that of the current key, so that it is flushed like one if it cannot be completed.
func (m *machine) hmacSequence(message []byte) ([]byte, error) {
	if err := errors.Join(m.flush(&m.attester), m.flush(&m.former)); err != nil {
		return nil, err
	}
	begun, err := tpm2.HmacStart{Handle: m.current.auth(), HashAlg: tpm2.TPMAlgSHA256}.Execute(m)
	if err != nil {
		return nil, err
	}
	sequence := object{handle: begun.SequenceHandle}
	if err := m.flush(&m.current); err != nil {
		_ = m.flush(&sequence) // err is what matters
		return nil, err
	}
	m.current, m.currentHandle = sequence, nil
	for len(message) > maxBuffer {
		_, err := tpm2.SequenceUpdate{
			SequenceHandle: m.current.auth(), Buffer: tpm2.TPM2BMaxBuffer{Buffer: message[:maxBuffer]},
		}.Execute(m)
		if err != nil {
			return nil, err
		}
		message = message[maxBuffer:]
	}
	response, err := tpm2.SequenceComplete{
		SequenceHandle: m.current.auth(), Buffer: tpm2.TPM2BMaxBuffer{Buffer: message}, Hierarchy: tpm2.TPMRHNull,
	}.Execute(m)
	if err != nil {
		return nil, err
	}
	m.current = object{} // completing flushes it
	return response.Result.Buffer, nil
}
