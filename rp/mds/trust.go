package mds

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/metadata"
	"github.com/google/uuid"
)

// Requirements are what an authenticator must satisfy. The zero value trusts every listed model that nobody warns of.
type Requirements struct {
	// Level is the lowest certification that is accepted; Uncertified accepts all.
	Level Level
	// Fresh refuses to decide on a stale BLOB.
	Fresh bool
	// AllowCompromised accepts models with a known weakness, of keys, attestation or user verification. REVOKED and RETIRED
	// are never accepted.
	AllowCompromised bool
}

// Decision is why an attestation is trusted.
type Decision struct {
	Entry *Entry
	// Level and Status are those of the entry at the time of the decision.
	Level  Level
	Status metadata.AuthenticatorStatus
	// Root is the certificate of the entry that the chain leads to; it may be the leaf itself.
	Root *x509.Certificate
	// Stale says that the BLOB is past its nextUpdate.
	Stale bool
}

// Trust decides whether an attestation is trusted: by the AAGUID, or, if that is zero, by the key of the leaf. The chain
// begins with the leaf and has been used to verify the attestation statement by the caller. Errors: *Refusal.
func (b *BLOB) Trust(aaguid uuid.UUID, chain []*x509.Certificate, r Requirements, now time.Time) (Decision, error) {
	no := func(reason Reason, err error) (Decision, error) { return Decision{}, &Refusal{reason, aaguid, err} }
	stale := b.Stale(now)
	if stale && r.Fresh {
		return no(Stale, fmt.Errorf("metadata %d was to be replaced by %s", b.Number, b.NextUpdate.Format(time.DateOnly)))
	}
	entry, err := b.about(aaguid, chain)
	if err != nil {
		return no(NotListed, err)
	}
	if reason, status := warning(entry, chain, now); reason == Revoked || reason == Compromised && !r.AllowCompromised {
		return no(reason, fmt.Errorf("%s has the status %s", entry.Description(), status))
	}
	level := entry.Level(now)
	if level < r.Level {
		return no(NotCertified, fmt.Errorf("%s is certified as %s, at least %s is needed", entry.Description(), level, r.Level))
	}
	if len(chain) == 0 {
		return no(NoChain, errors.New("the attestation has no certificates"))
	}
	root, err := entry.rootOf(chain, now)
	if err != nil {
		return no(ForeignChain, err)
	}
	return Decision{Entry: entry, Level: level, Status: entry.Status(now), Root: root, Stale: stale}, nil
}

// about finds the entry for an authenticator.
func (b *BLOB) about(aaguid uuid.UUID, chain []*x509.Certificate) (*Entry, error) {
	if aaguid != uuid.Nil {
		if entry, found := b.Entry(aaguid); found {
			return entry, nil
		}
		return nil, fmt.Errorf("metadata %d has no entry for it", b.Number)
	}
	if len(chain) == 0 {
		return nil, errors.New("it has neither an AAGUID nor an attestation certificate")
	}
	identifier, err := KeyIdentifier(chain[0])
	if err != nil {
		return nil, err
	}
	if entry, found := b.EntryOfKey(identifier); found {
		return entry, nil
	}
	return nil, fmt.Errorf("metadata %d has no entry for the key %s", b.Number, identifier)
}

// warnings are the states that speak against a model.
func warnings(status metadata.AuthenticatorStatus) Reason {
	return map[metadata.AuthenticatorStatus]Reason{
		metadata.Revoked: Revoked, metadata.Retired: Revoked,
		metadata.AttestationKeyCompromise: Compromised, metadata.UserVerificationBypass: Compromised,
		metadata.UserKeyRemoteCompromise: Compromised, metadata.UserKeyPhysicalCompromise: Compromised,
	}[status]
}

// warning returns the worst state in effect that concerns this chain. A weakness counts although a later report certifies
// the model again: attestation does not tell which version of the firmware attests. What stops it from counting is the
// report's end, or its removal from the BLOB.
func warning(entry *Entry, chain []*x509.Certificate, now time.Time) (Reason, metadata.AuthenticatorStatus) {
	var worst Reason
	var status metadata.AuthenticatorStatus
	for _, report := range metadata.EffectiveStatusReports(entry.Reports, now) {
		reason := warnings(report.Status)
		if reason == "" || reason == Compromised && (worst != "" || !concerns(report, chain)) {
			continue
		}
		worst, status = reason, report.Status
	}
	return worst, status
}

// concerns is true for a report on the whole model, and for one on a certificate that the chain hangs on (FIDO Metadata
// Service 3.1.1 §3.1.3). Without a chain nobody knows which batch it would be, and every report counts.
func concerns(report metadata.StatusReport, chain []*x509.Certificate) bool {
	if report.Certificate == nil && report.BatchCertificate == nil || len(chain) == 0 {
		return true
	}
	return slices.ContainsFunc(chain, func(c *x509.Certificate) bool {
		return hangsOn(c, report.Certificate) || hangsOn(c, report.BatchCertificate)
	})
}

// hangsOn is true for a certificate with the key of the reported one, and for one that this key has issued: a chain does not
// bring its root, which a report may name. Certificates are told apart by their keys, because whoever has such a key can write
// its certificate's signature in another way, which makes other bytes and is as good.
func hangsOn(c, reported *x509.Certificate) bool {
	return reported != nil && (bytes.Equal(c.RawSubjectPublicKeyInfo, reported.RawSubjectPublicKeyInfo) || c.CheckSignatureFrom(reported) == nil)
}

// rootOf returns the listed certificate that a chain leads to. A listed certificate may be a root, an intermediate, or the
// attestation certificate itself (FIDO Metadata Statement 3.1.1 §4, attestationRootCertificates), and then the chain ends
// there. Extended key usages are not judged: attestation certificates are not those of web servers.
func (e *Entry) rootOf(chain []*x509.Certificate, now time.Time) (*x509.Certificate, error) {
	leaf := *chain[0]
	// Critical in certificates of a TPM, in a form that crypto/x509 does not read; whoever verified the statement has
	// (WebAuthn L3 §8.3.1).
	leaf.UnhandledCriticalExtensions = slices.DeleteFunc(slices.Clone(leaf.UnhandledCriticalExtensions),
		func(id asn1.ObjectIdentifier) bool { return id.Equal(asn1.ObjectIdentifier{2, 5, 29, 17}) })
	if err := modest(chain); err != nil {
		return nil, err
	}
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	for _, root := range e.Statement.AttestationRootCertificates {
		roots.AddCert(root)
	}
	for _, certificate := range chain[1:] {
		intermediates.AddCert(certificate)
	}
	paths, err := leaf.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: intermediates, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return nil, err
	}
	return paths[0][len(paths[0])-1], nil
}

// Trust decides by the newest BLOB, at the clock's time. Errors: *Refusal.
func (s *Service) Trust(ctx context.Context, aaguid uuid.UUID, chain []*x509.Certificate) (Decision, error) {
	blob := s.BLOB()
	if blob == nil {
		return Decision{}, &Refusal{NoMetadata, aaguid, errNoBLOB}
	}
	decision, err := blob.Trust(aaguid, chain, s.config.Requirements, s.config.Clock.Now())
	if err == nil && decision.Stale {
		s.config.Log.WarnContext(ctx, "stale metadata trusted", "number", blob.Number, "nextUpdate", blob.NextUpdate.Format(time.DateOnly))
	}
	return decision, err
}
