package rpcases

import (
	"context"
	"crypto/x509"
	"slices"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
)

// metadataKeys is about models of FIDO U2F, which have no AAGUID: metadata names the keys of their certificates (FIDO Metadata
// Service 3.1.1 §3.1.1, attestationCertificateKeyIdentifiers). Whether an entry was found is seen by a chain that does not lead to
// its anchor: for a model that nobody knows, there is nothing that it would have to lead to.
func metadataKeys() []Case {
	cases := inMetadata([]Case{
		{
			ID: "meta/key-identifier/listed", Aliases: []string{"S-TRU-018"}, Level: should, Clause: mdsService("3.1.1", "key-identifiers"),
			Says: "a key of U2F is accepted that metadata names by the key of its certificate", Run: keyListed,
		},
		{
			ID: "meta/key-identifier/another-root", Aliases: []string{"S-TRU-018"}, Level: should, Clause: mdsService("3.1.1", "key-identifiers"),
			Says: "a certificate for a listed key of U2F that leads to another root than the entry's is refused",
			Run:  u2fKey().telling(stating("a certificate from another root of the same name", attestation.Misbehaviour{ForeignRoot: true})).Refused,
		},
	})
	for i := range cases {
		cases[i].Needs = slices.Concat(cases[i].Needs, []conformance.Capability{Takes(attestation.FormatFIDOU2F)})
	}
	return cases
}

// u2fKey is an honest registration by the listed key of U2F, which does not verify users.
func u2fKey() Registration {
	return statements(attestation.FormatFIDOU2F, func(m *virtualauth.Model) { m.AAGUID, m.Verification = uuid.Nil, virtualauth.VerificationMissing })
}

// u2fCertificates are those that keys of its model attest with, by which metadata names the model.
func u2fCertificates(authority *attestation.Authority) ([]*x509.Certificate, error) {
	signer, err := authority.U2FSigner()
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(signer.Chain[0])
	return []*x509.Certificate{certificate}, err
}

// keyListed registers a model that is listed by its AAGUID, and then the key of U2F, which must be of use.
func keyListed(ctx context.Context, b *Bench) error {
	twin := statements(attestation.FormatPacked, func(m *virtualauth.Model) { m.AttestationType = attestation.Basic })
	if err := twin.control(ctx, b); err != nil {
		return err
	}
	key := u2fKey()
	p := b.Person(key.Model, key.Equip)
	if _, err := p.tells(ctx, key.Ask, Lie{Is: "a listed key of U2F"}, (*Bench).MustAccept); err != nil {
		return err
	}
	return p.signsInAfter(ctx, "registration with a listed key of U2F")
}
