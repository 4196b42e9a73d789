package attestation

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/attestation/internal/jws"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

const (
	safetyNetHost = "attest.android.com"
	// safetyNetVersion is one of Google Play services, which provided the response.
	safetyNetVersion = "252635000"
)

// safetyNetPayload is what the service said about the device (SafetyNet Attestation API, response).
type safetyNetPayload struct {
	Nonce                 []byte   `json:"nonce"` // in base64
	TimestampMs           int64    `json:"timestampMs"`
	PackageName           string   `json:"apkPackageName"`
	PackageDigest         []byte   `json:"apkDigestSha256"`
	CertificateDigests    [][]byte `json:"apkCertificateDigestSha256"`
	CompatibilityMatches  bool     `json:"ctsProfileMatch"`
	BasicIntegrityMatches bool     `json:"basicIntegrity"`
}

// safetyNet lets the certificate of attest.android.com sign, in JWS compact form (WebAuthn L3 §8.5, legacy):
//
//	{"ver": version of Play services, "response": JWS}    nonce: SHA-256 of authenticator data ‖ client data hash
func safetyNet(s Subject) (members, error) {
	if s.Authority == nil {
		return nil, ErrNoAuthority
	}
	host := safetyNetHost
	if s.Misbehave.Host != "" {
		host = s.Misbehave.Host
	}
	key, err := s.Authority.key(host, cose.RS256) // the service signed with RSA, and verifiers insist on it
	if err != nil {
		return nil, err
	}
	service, err := s.certified(profile{
		format: FormatSafetyNet, subject: []attribute{{oidOrganization, ourOrganization}, {oidCommonName, host}}, hosts: []string{host},
		finish: func(t *x509.Certificate) { t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} },
	}, "service "+host, key)
	if err != nil {
		return nil, err
	}
	response, err := s.safetyNetResponse(service)
	return members{"ver": safetyNetVersion, "response": response}, err
}

func (s Subject) safetyNetResponse(service *issuer) ([]byte, error) {
	digest := sha256.Sum256([]byte("passkeylab"))
	payload := safetyNetPayload{
		Nonce:       s.nonce(crypto.SHA256, s.signed()),
		TimestampMs: s.safetyNetTime().UnixMilli(),
		PackageName: "com.google.android.gms", PackageDigest: digest[:], CertificateDigests: [][]byte{digest[:]},
		CompatibilityMatches: !s.Misbehave.FailCTS, BasicIntegrityMatches: true,
	}
	encoded, err := json.Marshal(payload)
	if err != nil {
		return nil, err
	}
	header := jws.Header{Algorithm: "RS256", X5C: s.x5c(service)}
	sign := func(input []byte) ([]byte, error) { return s.signature(service.key.sign, service.key.Public(), input) }
	if s.Misbehave.JWSAlgorithm != "" {
		header.Algorithm = s.Misbehave.JWSAlgorithm
		sign = jws.Forger(header.Algorithm, service.certificate.Raw)
	}
	if s.Misbehave.EmptyJWSChain {
		header.X5C = nil
	}
	return jws.Sign(header, encoded, sign)
}

func (s Subject) safetyNetTime() time.Time { return s.Time.Add(s.Misbehave.TimeShift) }
