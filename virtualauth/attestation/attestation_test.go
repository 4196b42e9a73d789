package attestation_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

func TestStatements(t *testing.T) {
	var signed []byte
	subject := attestation.Subject{
		AuthData: []byte{1, 2}, ClientDataHash: []byte{3}, Algorithm: cose.ES256,
		Sign: func(message []byte) ([]byte, error) {
			signed = message
			return []byte{0xaa, 0xbb}, nil
		},
	}
	for _, c := range []struct {
		format     attestation.Format
		wantFormat attestation.Format
		body       string
		signed     []byte
	}{
		{"", attestation.FormatNone, "a0", nil},
		{attestation.FormatNone, attestation.FormatNone, "a0", nil},
		// {"alg": -7, "sig": h'aabb'}, by WebAuthn L3 §8.2
		{attestation.FormatPacked, attestation.FormatPacked, "a263616c67266373696742aabb", []byte{1, 2, 3}},
	} {
		signed = nil
		got, err := attestation.Make(c.format, subject)
		if err != nil || got.Format != c.wantFormat || hex.EncodeToString(got.Body) != c.body {
			t.Errorf("%q: got %q %x, %v; want %q %s", c.format, got.Format, got.Body, err, c.wantFormat, c.body)
		}
		if !bytes.Equal(signed, c.signed) {
			t.Errorf("%q signed %x, want %x", c.format, signed, c.signed)
		}
	}
}

func TestAnUnknownFormatIsNamed(t *testing.T) {
	var unknown *attestation.Error
	if _, err := attestation.Make("tea-leaves", attestation.Subject{}); !errors.As(err, &unknown) || unknown.Format != "tea-leaves" {
		t.Errorf("got %v, want an *attestation.Error", err)
	}
}

func TestPackedPassesOnThatSigningFailed(t *testing.T) {
	subject := attestation.Subject{Sign: func([]byte) ([]byte, error) { return nil, io.ErrUnexpectedEOF }}
	if _, err := attestation.Make(attestation.FormatPacked, subject); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}
