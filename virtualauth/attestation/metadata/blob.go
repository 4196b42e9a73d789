package metadata

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/attestation/internal/jws"
)

// Entry is what the BLOB says about one model (FIDO Metadata Service 3.1.1 §3.1.1).
type Entry struct {
	AAGUID         string         `json:"aaguid,omitempty"`
	KeyIdentifiers []string       `json:"attestationCertificateKeyIdentifiers,omitempty"`
	Statement      Statement      `json:"metadataStatement"`
	Status         []StatusReport `json:"statusReports"`
	LastChange     string         `json:"timeOfLastStatusChange"`
}

// StatusReport is one event in a model's life (FIDO Metadata Service 3.1.1 §3.1.3).
type StatusReport struct {
	// Status is one of §3.1.4, such as "FIDO_CERTIFIED_L1" or "REVOKED".
	Status string `json:"status"`
	// EffectiveDate is a day, as "2026-01-31"; empty means unknown.
	EffectiveDate string `json:"effectiveDate,omitempty"`
	// AuthenticatorVersion is the lowest that the report speaks of.
	AuthenticatorVersion uint32 `json:"authenticatorVersion,omitempty"`
	// Certificate, in DER, and BatchCertificate limit the report to those who attest with it.
	Certificate      []byte `json:"certificate,omitempty"`
	BatchCertificate []byte `json:"batchCertificate,omitempty"`
	// URL, CertificationDescriptor and the others say where it comes from.
	URL                      string `json:"url,omitempty"`
	CertificationDescriptor  string `json:"certificationDescriptor,omitempty"`
	CertificateNumber        string `json:"certificateNumber,omitempty"`
	CertificationPolicy      string `json:"certificationPolicyVersion,omitempty"`
	CertificationRequirement string `json:"certificationRequirementsVersion,omitempty"`
}

func entry(m Model, s Statement) Entry {
	status := m.Status
	if status == nil {
		status = []StatusReport{{Status: "NOT_FIDO_CERTIFIED", EffectiveDate: m.Since.Format(time.DateOnly)}}
	}
	return Entry{
		AAGUID: s.AAGUID, KeyIdentifiers: s.KeyIdentifiers, Statement: s, Status: status,
		LastChange: m.Since.Format(time.DateOnly),
	}
}

// BLOB is the list of all models (FIDO Metadata Service 3.1.1 §3.1.6).
type BLOB struct {
	// Number grows by one with every change.
	Number int
	// NextUpdate is the day by which there will be another.
	NextUpdate time.Time
	Entries    []Entry
	// Misbehave is how to lie; zero is honest.
	Misbehave Misbehaviour
}

// Misbehaviour is the list of lies about the list itself; what an entry says is plain data that anybody can edit. The zero
// value is honest, each field is one deviation.
type Misbehaviour struct {
	// BadSignature spoils the signature. Breaks FIDO Metadata Service §3.1.7; noticed by §3.2, signature step.
	BadSignature bool
	// ForeignRoot signs with a chain from another root of the same name. Noticed by FIDO Metadata Service §3.2, chain step.
	ForeignRoot bool
	// OmitIntermediate leaves a gap in the chain. Noticed by FIDO Metadata Service §3.2, chain step.
	OmitIntermediate bool
	// OmitChain leaves x5c out. Noticed by FIDO Metadata Service §3.2, chain step.
	OmitChain bool
	// Expired lets the signer's certificate end early. Noticed by FIDO Metadata Service §3.2, chain step.
	Expired bool
	// Host is whose certificate signs instead of mds.passkeylab.test. Noticed by FIDO Metadata Service §3.2, chain step.
	Host string
	// Algorithm is "none", or "HS256" with the certificate as the key. Breaks RFC 8725 §3.1.
	Algorithm string
	// X5U points to a chain somewhere else. Noticed by FIDO Metadata Service §3.2, step on x5u.
	X5U string
}

// payload is the JWT's (FIDO Metadata Service 3.1.1 §3.1.6).
type payload struct {
	LegalHeader string  `json:"legalHeader"`
	Number      int     `json:"no"`
	NextUpdate  string  `json:"nextUpdate"`
	Entries     []Entry `json:"entries"`
}

// Host is the name in the certificate of the honest signer.
const Host = "mds.passkeylab.test"

// Sign returns the list as a JWT in compact form (FIDO Metadata Service 3.1.1 §3.1.7), signed with ES256 by a certificate
// that leads to the authority's MetadataRoot. Equal lists give equal bytes.
func (b BLOB) Sign(authority *attestation.Authority) ([]byte, error) {
	body, err := json.Marshal(payload{legalHeader, b.Number, b.NextUpdate.Format(time.DateOnly), append([]Entry{}, b.Entries...)})
	if err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	host := Host
	if b.Misbehave.Host != "" {
		host = b.Misbehave.Host
	}
	signer, err := authority.MetadataSigner(host, attestation.Misbehaviour{
		ForeignRoot: b.Misbehave.ForeignRoot, OmitIntermediate: b.Misbehave.OmitIntermediate,
		Expired: b.Misbehave.Expired, BadSignature: b.Misbehave.BadSignature,
	})
	if err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	header := jws.Header{Algorithm: "ES256", Type: "JWT", X5U: b.Misbehave.X5U, X5C: signer.Chain}
	sign := signer.Sign
	if b.Misbehave.Algorithm != "" {
		header.Algorithm = b.Misbehave.Algorithm
		sign = jws.Forger(header.Algorithm, signer.Chain[0])
	}
	if b.Misbehave.OmitChain {
		header.X5C = nil
	}
	return jws.Sign(header, body, sign)
}
