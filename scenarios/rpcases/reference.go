package rpcases

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// variants of the reference relying party, by the policy that makes them.
var variants = map[Variant]string{
	AttestationRequired: "userVerification: preferred\nattestation: direct\nattestationEnforcement: registrationOnly\n",
	OnlyLabModels: "userVerification: preferred\nkeyRestrictions: {isEnforced: true, enforcementType: allow, aaGuids: [" +
		LabAAGUID.String() + "]}\n",
	DeviceBoundOnly: "userVerification: preferred\npasskeyTypes: deviceBound\n",
	SyncedOnly:      "userVerification: preferred\npasskeyTypes: synced\n",
}

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
		Authority: authority, Variants: map[Variant]subject.RelyingParty{},
		Policy: Policy{Origins: []string{"https://larkspur.example"}, AppID: "accept", Enumeration: "deny", Counter: "refuse", CrossOrigin: "refuse", SelfAttestation: "accept", TrustsLab: true, BackupEligible: "accept", DeviceBound: "accept"},
	}
	if s.RP, err = (subject.Reference{
		Policy: "userVerification: preferred\nmaxPasskeys: 50\n", Roots: roots, RelatedOrigins: []string{"https://larkspur.example"}, Algorithms: algorithms(),
	}).Open(ctx); err != nil {
		return nil, fmt.Errorf("rpcases: reference: %w", err)
	}
	for name, document := range variants {
		if s.Variants[name], err = (subject.Reference{Policy: document, Roots: roots}).Open(ctx); err != nil {
			delete(s.Variants, name)
			return nil, errors.Join(fmt.Errorf("rpcases: reference, %s: %w", name, err), s.Close())
		}
	}
	return s, nil
}
