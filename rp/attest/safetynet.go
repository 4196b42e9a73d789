package attest

import (
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// safetyNetHost is whom the leaf certificate of a SafetyNet response must name.
const safetyNetHost = "attest.android.com"

// safetyNetLife is how old a response may be; one from the future is refused.
const safetyNetLife = time.Minute

// safetyNet is a response: the compact JWS and its payload. The payload is a claim until checkSafetyNetSignature.
type safetyNet struct {
	response string
	payload  safetyNetPayload
}

// safetyNetPayload is the payload as far as it is read.
type safetyNetPayload struct {
	jwt.RegisteredClaims
	Nonce           string `json:"nonce"` // base64 with padding
	TimestampMS     int64  `json:"timestampMs"`
	CTSProfileMatch bool   `json:"ctsProfileMatch"`
}

// readSafetyNet reads ver, response, and the certificates in the JWS header x5c (RFC 7515 §4.1.6).
func readSafetyNet(e *evidence) error {
	if version, ok := e.object.AttStatement["ver"].(string); !ok || version == "" {
		return errors.New("ver is no text, or empty")
	}
	response, ok := e.object.AttStatement["response"].([]byte)
	if !ok {
		return errors.New("response is no byte string")
	}
	e.safetyNet.response = string(response)
	token, _, err := jwt.NewParser().ParseUnverified(e.safetyNet.response, &e.safetyNet.payload)
	if err != nil {
		return err
	}
	list, _ := token.Header["x5c"].([]any)
	binary := make([]any, len(list))
	for i, entry := range list {
		text, _ := entry.(string)
		if binary[i], err = base64.StdEncoding.DecodeString(text); err != nil {
			return fmt.Errorf("x5c[%d]: %w", i, err)
		}
	}
	e.chain, err = certificates(map[string]any{"x5c": binary})
	return err
}

// checkSafetyNetSignature verifies the JWS by the leaf's key: RS256, what the service used.
func checkSafetyNetSignature(e *evidence) error {
	parser := jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodRS256.Alg()}), jwt.WithTimeFunc(e.Now))
	e.safetyNet.payload = safetyNetPayload{}
	_, err := parser.ParseWithClaims(e.safetyNet.response, &e.safetyNet.payload, func(*jwt.Token) (any, error) {
		return e.chain[0].PublicKey, nil
	})
	return err
}

func checkSafetyNetNonce(e *evidence) error {
	if e.safetyNet.payload.Nonce != base64.StdEncoding.EncodeToString(e.nonce()) {
		return errors.New("the nonce is not the hash of authenticator data and client data hash")
	}
	return nil
}

// checkSafetyNetService wants the certificate of the service, issued for its host name.
func checkSafetyNetService(e *evidence) error {
	if err := e.chain[0].VerifyHostname(safetyNetHost); err != nil {
		return err
	}
	for _, usage := range e.chain[0].ExtKeyUsage {
		if usage == x509.ExtKeyUsageServerAuth || usage == x509.ExtKeyUsageAny {
			return nil
		}
	}
	return errors.New("the certificate is not for a server")
}

// checkSafetyNetIntegrity wants a device that passed Android's compatibility tests.
func checkSafetyNetIntegrity(e *evidence) error {
	if !e.safetyNet.payload.CTSProfileMatch {
		return errors.New("ctsProfileMatch is not true")
	}
	return nil
}

func checkSafetyNetTime(e *evidence) error {
	at, now := time.UnixMilli(e.safetyNet.payload.TimestampMS), e.Now()
	if at.After(now) || at.Before(now.Add(-safetyNetLife)) {
		return fmt.Errorf("timestampMs is %s, and it is %s", at.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	return nil
}
