package jws_test

import (
	"errors"
	"io"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/attestation/internal/jws"
)

// The expected text was written by hand: base64url of {"alg":"ES256","typ":"JWT","x5c":["AQI="]}, of {} and of ff.
func TestTheCompactForm(t *testing.T) {
	var signed string
	got, err := jws.Sign(jws.Header{Algorithm: "ES256", Type: "JWT", X5C: [][]byte{{1, 2}}}, []byte("{}"), func(input []byte) ([]byte, error) {
		signed = string(input)
		return []byte{0xff}, nil
	})
	const input = "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCIsIng1YyI6WyJBUUk9Il19.e30"
	if err != nil || signed != input || string(got) != input+"._w" {
		t.Errorf("signed %s, got %s, %v", signed, got, err)
	}
}

func TestForgers(t *testing.T) {
	none, err := jws.Forger("none", nil)([]byte("x"))
	if err != nil || len(none) != 0 {
		t.Errorf("%x, %v", none, err)
	}
	mac, err := jws.Forger("HS256", []byte("certificate"))([]byte("x"))
	if err != nil || len(mac) != 32 {
		t.Errorf("%x, %v", mac, err)
	}
	if _, err := jws.Forger("RS256", nil)(nil); err == nil {
		t.Error("an RSA signature out of nothing")
	}
}

func TestSigningMayFail(t *testing.T) {
	_, err := jws.Sign(jws.Header{}, nil, func([]byte) ([]byte, error) { return nil, io.ErrUnexpectedEOF })
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
}
