// Package jws writes JSON Web Signatures in compact form (RFC 7515 §3.1): that of SafetyNet and that of metadata.
//
//	base64url(header) "." base64url(payload) "." base64url(signature)
//
// Libraries that sign would do, if they let ECDSA be deterministic and an algorithm be claimed that nobody used.
package jws

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// Header is the protected header.
type Header struct {
	// Algorithm is "ES256", whose signature is r ‖ s, or "RS256" (RFC 7518 §3).
	Algorithm string `json:"alg"`
	// Type is "JWT" or empty.
	Type string `json:"typ,omitempty"`
	// X5U is where a chain could be fetched.
	X5U string `json:"x5u,omitempty"`
	// X5C are certificates in DER, that of the key first; nil leaves the member out.
	X5C [][]byte `json:"x5c,omitempty"`
}

// Sign returns the compact form. The header's certificates are written in base64 with padding, as RFC 7515 §4.1.6 says.
func Sign(header Header, payload []byte, sign func(input []byte) ([]byte, error)) ([]byte, error) {
	head, err := json.Marshal(header) // which writes byte slices in that very base64
	if err != nil {
		return nil, fmt.Errorf("jws: %w", err)
	}
	input := encode(head) + "." + encode(payload)
	signature, err := sign([]byte(input))
	if err != nil {
		return nil, fmt.Errorf("jws: %w", err)
	}
	return []byte(input + "." + encode(signature)), nil
}

// Forger returns how to sign without a private key under an algorithm that a verifier must not let the header choose
// (RFC 8725 §2.1): "none" signs with nothing, "HS256" with what everybody knows, the certificate.
func Forger(algorithm string, certificate []byte) (sign func(input []byte) ([]byte, error)) {
	return func(input []byte) ([]byte, error) {
		switch algorithm {
		case "none":
			return nil, nil
		case "HS256":
			mac := hmac.New(sha256.New, certificate)
			mac.Write(input)
			return mac.Sum(nil), nil
		}
		return nil, fmt.Errorf("no way to forge %q", algorithm)
	}
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
