package rpcases

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// algorithms are all that the reference relying party verifies.
func algorithms() []int64 {
	var numbers []int64
	for _, a := range []cose.Algorithm{
		cose.ES256, cose.EdDSA, cose.RS256, cose.ES384, cose.ES512, cose.RS384, cose.RS512, cose.PS256, cose.PS384, cose.PS512,
	} {
		numbers = append(numbers, int64(a))
	}
	return numbers
}

// The page of the reference relying party, another site that may use its passkeys, and one that may frame it in one variant.
const (
	referenceOrigin  = "https://login.orchard.example"
	referenceRelated = "https://larkspur.example"
	referencePartner = "https://partner.example"
)

// configuration is one of the reference relying party.
type configuration struct {
	reference subject.Reference
	// policy is what is told of it; nil is what is told of the usual one.
	policy *Policy
}

// configurations are the variants.
func configurations() map[Variant]configuration {
	further := []string{
		referenceRelated, "https://" + punycoded + ".orchard.example", "https://accounts.orchard.example:8443",
		androidApp + "2lGTSkPHuAU4zzRHqgFBqoEH0m3AvN8-tFPZq5uC9Hk",
	}
	framed, wide, fake := usualPolicy(), usualPolicy(), usualPolicy()
	fake.Enumeration = "fake"
	framed.CrossOrigin, framed.TopOrigins = "accept", []string{referencePartner}
	wide.Origins, wide.Subdomains, wide.Ports = further, "accept", "accept"
	return map[Variant]configuration{
		AttestationRequired: {reference: subject.Reference{Policy: "userVerification: preferred\nattestation: direct\nattestationEnforcement: registrationOnly\n"}},
		OnlyLabModels: {reference: subject.Reference{Policy: "userVerification: preferred\nattestation: direct\nattestationEnforcement: registrationOnly\nkeyRestrictions: {isEnforced: true, enforcementType: allow, aaGuids: [" +
			LabAAGUID.String() + "]}\n"}},
		DeviceBoundOnly: {reference: subject.Reference{Policy: "userVerification: preferred\npasskeyTypes: deviceBound\n"}},
		SyncedOnly:      {reference: subject.Reference{Policy: "userVerification: preferred\npasskeyTypes: synced\n"}},
		Framed:          {reference: subject.Reference{Origins: subject.Origins{FramedBy: framed.TopOrigins}}, policy: &framed},
		WideOrigins:     {reference: subject.Reference{Origins: subject.Origins{More: further, Subdomains: true, Ports: true}}, policy: &wide},
		FakesAccounts:   {reference: subject.Reference{DecoyKey: []byte("the reference's own secret")}, policy: &fake},
		OnLocalhost:     {reference: subject.Reference{Origin: "http://localhost:8080"}},
	}
}

// usualPolicy is what the reference relying party decided.
func usualPolicy() Policy {
	return Policy{
		Origins: []string{referenceRelated}, Subdomains: "refuse", Ports: "refuse", CrossOrigin: "refuse", AppID: "accept", Enumeration: "deny",
		Counter: "refuse", SelfAttestation: "accept", NoAttestation: "accept", TrustsLab: true, BackupEligible: "accept", DeviceBound: "accept",
		BackupChanges: "refuse",
	}
}

// Reference returns the suite held against our own relying party, in this process, in all variants. Close it.
func Reference(ctx context.Context) (*Suite, error) {
	authority := Authority()
	root, err := authority.Root()
	if err != nil {
		return nil, fmt.Errorf("rpcases: reference: %w", err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(root)
	s := &Suite{
		Authority: authority, Variants: map[Variant]subject.RelyingParty{}, Policy: usualPolicy(), Policies: map[Variant]Policy{},
		Laboratory: referenceLaboratory,
	}
	s.Policy.decideFormats()
	s.Example = referenceExample
	if s.RP, err = (subject.Reference{
		Origin: referenceOrigin, Policy: "userVerification: preferred\nmaxPasskeys: 50\n", Roots: roots, RelatedOrigins: []string{referenceRelated}, Algorithms: algorithms(),
	}).Open(ctx); err != nil {
		return nil, fmt.Errorf("rpcases: reference: %w", err)
	}
	for name, c := range configurations() {
		if c.policy != nil {
			s.Policies[name] = *c.policy
		}
		c.reference.Roots = roots
		if c.reference.Origin == "" {
			c.reference.Origin = referenceOrigin
		}
		if s.Variants[name], err = c.reference.Open(ctx); err != nil {
			delete(s.Variants, name)
			return nil, errors.Join(fmt.Errorf("rpcases: reference, %s: %w", name, err), s.Close())
		}
	}
	listed := subject.Reference{}
	if listed.BLOB.Token, listed.BLOB.Root, listed.BLOB.Signer, err = SignedModels(ctx, authority, time.Now()); err == nil {
		s.Variants[LabMetadata], err = listed.Open(ctx)
	}
	if err != nil {
		delete(s.Variants, LabMetadata)
		return nil, errors.Join(fmt.Errorf("rpcases: reference, %s: %w", LabMetadata, err), s.Close())
	}
	required := subject.Reference{Origin: referenceOrigin, Policy: configurations()[AttestationRequired].reference.Policy, Roots: x509.NewCertPool()}
	if required.Services, err = MetadataServices(ctx, authority, time.Now()); err == nil {
		s.Variants[MetadataRequired], err = required.Open(ctx)
	}
	if err != nil {
		delete(s.Variants, MetadataRequired)
		return nil, errors.Join(fmt.Errorf("rpcases: reference, %s: %w", MetadataRequired, err), s.Close())
	}
	return s, nil
}

// referenceExample is Suite.Example of the reference relying party.
func referenceExample(ctx context.Context) (subject.RelyingParty, error) {
	root, err := VectorRoot()
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(root)
	return subject.Reference{
		Origin: "https://example.org", Origins: subject.Origins{FramedBy: []string{"https://example.com"}}, Roots: roots, Algorithms: algorithms(),
	}.Open(ctx)
}

// ReferenceFailures are the cases of a profile that our own relying party fails on purpose: it keeps WebAuthn L3 where FIDO's
// tool wants something else.
func ReferenceFailures(profile conformance.Profile) []conformance.Expected {
	if profile != conformance.FIDO {
		return nil
	}
	const u2f = "WebAuthn L3 §8.6 says nothing about the AAGUID beside a statement of U2F, and its vector 16.16 has one"
	return []conformance.Expected{
		{Pattern: pattern("att/fido-u2f/aaguid"), Reason: u2f}, {Pattern: pattern("vector/fido-u2f-es256"), Reason: u2f},
		{Pattern: pattern("att/chain/with-root"), Reason: "devices of several makers send their root; WebAuthn L3 §8.2 has no rule against it"},
	}
}

func pattern(id string) conformance.Pattern {
	p, err := conformance.ParsePattern(id)
	if err != nil {
		panic(err) // only an empty one is wrong
	}
	return p
}
