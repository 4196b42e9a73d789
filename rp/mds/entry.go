package mds

import (
	"crypto/sha1"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/metadata"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/google/uuid"
)

// Entry is what a BLOB says about one model (FIDO Metadata Service 3.1.1 §3.1.1).
type Entry struct {
	// AAGUID is the model of FIDO2; zero for one of FIDO U2F or UAF.
	AAGUID uuid.UUID
	// KeyIdentifiers name a model of FIDO U2F: see KeyIdentifier.
	KeyIdentifiers []string
	// Statement is the metadata statement: description, icon, versions, key protection, user verification and the roots
	// that attestations of the model lead to.
	Statement metadata.Statement
	// Reports are the status reports, the oldest first.
	Reports []metadata.StatusReport
	// Changed is the day of the last of them.
	Changed time.Time
}

// names are the keys under which an entry is found, as text.
func (e *Entry) names() []string {
	var names []string
	if e.AAGUID != uuid.Nil {
		names = append(names, "AAGUID "+e.AAGUID.String())
	}
	for _, identifier := range e.KeyIdentifiers {
		names = append(names, "key identifier "+identifier)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Description is the model's name, in English.
func (e *Entry) Description() string { return e.Statement.Description }

// Icon is a picture of the model as a data: URL, for a light page; empty when there is none. Show it only in an img
// element: an SVG picture must not run.
func (e *Entry) Icon() string {
	if e.Statement.Icon == nil || e.Statement.Icon.Scheme != "data" {
		return ""
	}
	return e.Statement.Icon.String()
}

// Algorithms are the COSE algorithms with which the model signs, as its statement lists them.
func (e *Entry) Algorithms() []webauthncose.COSEAlgorithmIdentifier {
	var algorithms []webauthncose.COSEAlgorithmIdentifier
	for _, algorithm := range e.Statement.AuthenticationAlgorithms {
		if id, known := algorithm.COSEAlgorithmIdentifier(); known && !slices.Contains(algorithms, id) {
			algorithms = append(algorithms, id)
		}
	}
	return algorithms
}

// VerifiesUser is true for a model that tells by itself who its user is: by a PIN, a finger or a face.
func (e *Entry) VerifiesUser() bool {
	info := e.Statement.AuthenticatorGetInfo
	if info.Options["uv"] || info.Options["clientPin"] {
		return true
	}
	// Without getInfo only the methods tell. Each alternative is a list of which all are used.
	return slices.ContainsFunc(e.Statement.UserVerificationDetails, func(all []metadata.VerificationMethodDescriptor) bool {
		return slices.ContainsFunc(all, func(m metadata.VerificationMethodDescriptor) bool {
			return m.UserVerificationMethod != "none" && m.UserVerificationMethod != "presence_internal"
		})
	})
}

// KeepsPasskeys is true for a model that stores discoverable credentials.
func (e *Entry) KeepsPasskeys() bool { return e.Statement.AuthenticatorGetInfo.Options["rk"] }

// DerivesSecrets is true for a model with the extension hmac-secret, which prf needs, or prf.
func (e *Entry) DerivesSecrets() bool {
	extensions := e.Statement.AuthenticatorGetInfo.Extensions
	return slices.Contains(extensions, "hmac-secret") || slices.Contains(extensions, "prf")
}

// Roots are the certificates that attestations of the model lead to; nil when none are listed.
func (e *Entry) Roots() *x509.CertPool {
	if len(e.Statement.AttestationRootCertificates) == 0 {
		return nil
	}
	pool := x509.NewCertPool()
	for _, root := range e.Statement.AttestationRootCertificates {
		pool.AddCert(root)
	}
	return pool
}

// Warned is true when a status in effect speaks against a device of the model: it was revoked, retired or compromised. chain
// is that of its attestation, and tells whether a report on one batch concerns it; without certificates nobody knows its batch,
// and every report does.
func (e *Entry) Warned(chain []*x509.Certificate, at time.Time) bool {
	reason, _ := warning(e, chain, at)
	return reason != ""
}

// Status is the latest status at a time; empty when no report is in effect.
func (e *Entry) Status(at time.Time) metadata.AuthenticatorStatus {
	effective := metadata.EffectiveStatusReports(e.Reports, at)
	if len(effective) == 0 {
		return ""
	}
	return effective[len(effective)-1].Status
}

// inOrder sorts reports by day, if each has one; otherwise they stand as the BLOB has them, where the latest is the last
// (FIDO Metadata Service 3.1.1 §3.1.1).
func inOrder(reports []metadata.StatusReport) []metadata.StatusReport {
	if slices.ContainsFunc(reports, func(r metadata.StatusReport) bool { return r.EffectiveDate == nil }) {
		return reports
	}
	slices.SortStableFunc(reports, func(a, b metadata.StatusReport) int { return a.EffectiveDate.Compare(*b.EffectiveDate) })
	return reports
}

// Level is how far FIDO has certified a model (FIDO Metadata Service 3.1.1 §3.1.4).
type Level int

// The levels, the lowest first. FIDO_CERTIFIED, which had no levels, is L1.
const (
	Uncertified Level = iota
	L1
	L1Plus
	L2
	L2Plus
	L3
	L3Plus
)

// String is the level's name, such as "L2+".
func (l Level) String() string {
	names := [...]string{"uncertified", "L1", "L1+", "L2", "L2+", "L3", "L3+"}
	if l < 0 || int(l) >= len(names) {
		return fmt.Sprintf("level %d", int(l))
	}
	return names[l]
}

// levels are the states that set the level. All others leave it as it was: an update that is available takes no
// certificate away.
func levels(status metadata.AuthenticatorStatus) (Level, bool) {
	level, sets := map[metadata.AuthenticatorStatus]Level{
		metadata.NotFidoCertified: Uncertified, metadata.Revoked: Uncertified, metadata.Retired: Uncertified,
		metadata.FidoCertified: L1, metadata.FidoCertifiedL1: L1, metadata.FidoCertifiedL1plus: L1Plus,
		metadata.FidoCertifiedL2: L2, metadata.FidoCertifiedL2plus: L2Plus,
		metadata.FidoCertifiedL3: L3, metadata.FidoCertifiedL3plus: L3Plus,
	}[status]
	return level, sets
}

// Level is the certification that the latest report about it gives at a time.
func (e *Entry) Level(at time.Time) Level {
	var level Level
	for _, report := range metadata.EffectiveStatusReports(e.Reports, at) {
		if set, sets := levels(report.Status); sets {
			level = set
		}
	}
	return level
}

// KeyIdentifier identifies the key of an attestation certificate as BLOBs do: SHA-1 of the public key's bits, in lower-case
// hexadecimal digits (RFC 5280 §4.2.1.2, method 1). It names, and protects nothing.
func KeyIdentifier(certificate *x509.Certificate) (string, error) {
	var info struct {
		Algorithm asn1.RawValue
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(certificate.RawSubjectPublicKeyInfo, &info); err != nil {
		return "", fmt.Errorf("mds: public key of the certificate: %w", err)
	}
	sum := sha1.Sum(info.Key.Bytes)
	return hex.EncodeToString(sum[:]), nil
}
