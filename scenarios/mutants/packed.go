package mutants

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"slices"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// packedSteps are §8.2, and §8.2.1 for the certificate.
func packedSteps() []Step {
	self := func(check func(*attempt, *statement) error) func(*attempt) error {
		return of("packed", func(a *attempt, s *statement) error {
			if s.chain != nil {
				return nil
			}
			return check(a, s)
		})
	}
	full := func(check func(*attempt, *statement) error) func(*attempt) error {
		return of("packed", func(a *attempt, s *statement) error {
			if s.chain == nil {
				return nil
			}
			return check(a, s)
		})
	}
	certificate := func(holds func(*x509.Certificate) bool, otherwise string) func(*attempt) error {
		return full(func(_ *attempt, s *statement) error { return unless(holds(s.leaf()), "%s", otherwise) })
	}
	steps := []Step{
		reads("packed/read", of("packed", readPacked)),
		{Name: "packed/alg", Clause: l3("8.2", "packed-syntax"), check: of("packed", func(_ *attempt, s *statement) error {
			return unless(s.hasAlgorithm, "alg is no number")
		})},
		{Name: "packed/ecdaa", Clause: l3("8.2", "packed-syntax"), check: of("packed", func(_ *attempt, s *statement) error {
			return unless(s.members["ecdaaKeyId"] == nil, "ECDAA is not supported")
		})},
		{Name: "packed/self-alg", Clause: l3("8.2", "packed-self"), check: self(func(a *attempt, s *statement) error {
			return unless(!s.hasAlgorithm || s.algorithm == a.key.algorithm, "alg is not that of the credential")
		})},
		{Name: "packed/self-signature", Clause: l3("8.2", "packed-self"), check: self(bySelf((*attempt).signed)), lax: []laxity{
			{name: "only-hash", check: self(bySelfOr(func(a *attempt) []byte { return a.clientData.hash[:] }))},
			{name: "only-auth-data", check: self(bySelfOr(func(a *attempt) []byte { return a.data.raw }))},
			{name: "other-order", check: self(bySelfOr(func(a *attempt) []byte { return slices.Concat(a.clientData.hash[:], a.data.raw) }))},
		}},
		{Name: "packed/signature", Clause: l3("8.2", "packed-signature"), check: full(byAttestationKey), lax: []laxity{
			{name: "credential-key", check: full(func(a *attempt, s *statement) error {
				if bySelf((*attempt).signed)(a, s) == nil {
					return nil
				}
				return byAttestationKey(a, s)
			})},
		}},
		{Name: "packed/certificate/version", Clause: l3("8.2.1", "certificate-profile"), check: certificate(
			func(c *x509.Certificate) bool { return c.Version == 3 }, "the certificate is not of version 3")},
		{Name: "packed/certificate/country", Clause: l3("8.2.1", "certificate-profile"), check: certificate(
			func(c *x509.Certificate) bool { return len(c.Subject.Country) == 1 && isCountry(c.Subject.Country[0]) }, "the subject has no country of two letters")},
		{Name: "packed/certificate/organization", Clause: l3("8.2.1", "certificate-profile"), check: certificate(
			func(c *x509.Certificate) bool {
				return len(c.Subject.Organization) > 0 && c.Subject.Organization[0] != ""
			}, "the subject has no organization")},
		{Name: "packed/certificate/unit", Clause: l3("8.2.1", "certificate-profile"), check: certificate(
			func(c *x509.Certificate) bool {
				return slices.Equal(c.Subject.OrganizationalUnit, []string{"Authenticator Attestation"})
			}, "the unit is not Authenticator Attestation")},
		{Name: "packed/certificate/common-name", Clause: l3("8.2.1", "certificate-profile"), check: certificate(
			func(c *x509.Certificate) bool { return c.Subject.CommonName != "" }, "the subject has no common name")},
		{Name: "packed/certificate/authority", Clause: l3("8.2.1", "certificate-profile"), check: certificate(
			func(c *x509.Certificate) bool { return !c.IsCA }, "the certificate is an authority's")},
	}
	return append(steps, modelStep("packed", "8.2"),
		Step{Name: "packed/certificate/aaguid-form", Clause: l3("8.2.1", "certificate-profile"), check: full(func(_ *attempt, s *statement) error {
			value, _ := modelOf(s)
			return unless(value == nil || len(value) == 18 && value[0] == 4 && value[1] == 16, "the AAGUID is not 16 bytes in an OCTET STRING")
		})},
		Step{Name: "packed/certificate/aaguid-critical", Clause: l3("8.2.1", "certificate-profile"), check: full(func(_ *attempt, s *statement) error {
			_, critical := modelOf(s)
			return unless(!critical, "the extension with the AAGUID is critical")
		})},
	)
}

func isCountry(code string) bool {
	return len(code) == 2 && code[0] >= 'A' && code[0] <= 'Z' && code[1] >= 'A' && code[1] <= 'Z'
}

func readPacked(_ *attempt, s *statement) error {
	if err := s.readMembers(); err != nil {
		return err
	}
	if err := s.readSignature(); err != nil {
		return err
	}
	if s.members["x5c"] == nil {
		return nil
	}
	return s.readChain()
}

// bySelf verifies self attestation over a message; where alg is overlooked, by the credential's own.
func bySelf(message func(*attempt) []byte) func(*attempt, *statement) error {
	return func(a *attempt, s *statement) error {
		return verification{a.key.public, a.key.algorithm, message(a), s.signature}.verify()
	}
}

// bySelfOr accepts self attestation over something else, too.
func bySelfOr(message func(*attempt) []byte) func(*attempt, *statement) error {
	return func(a *attempt, s *statement) error {
		if bySelf(message)(a, s) == nil {
			return nil
		}
		return bySelf((*attempt).signed)(a, s)
	}
}

func byAttestationKey(a *attempt, s *statement) error {
	if !s.hasAlgorithm { // where that is overlooked
		s.algorithm = usual(s.leaf().PublicKey)
	}
	return s.byLeaf(a.signed())
}

// usual is the algorithm that keys of a kind are mostly used with.
func usual(key any) cose.Algorithm {
	switch key.(type) {
	case *rsa.PublicKey:
		return cose.RS256
	case *ecdsa.PublicKey:
		return cose.ES256
	}
	return cose.EdDSA
}
