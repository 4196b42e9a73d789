package mutants

import (
	"bytes"
	"crypto/x509"
	"errors"
	"slices"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/harness/conformance"
)

// mdsService is a section of FIDO's Metadata Service.
func mdsService(section, slug string) conformance.Clause {
	return conformance.Clause{Spec: "FIDO MDS", Edition: "3.1.1", Section: section, Slug: slug}
}

// metadataSteps are FIDO Metadata Service 3.1.1 §3.2, by the models in the lists, and §3.1.4.
func metadataSteps() []Step {
	signature, chain := mdsService("3.2", "signature"), mdsService("3.2", "chain")
	batch := mdsService("3.1.3", "batch")
	return []Step{
		{Name: "reg/metadata/listed", Clause: registering.clause("24", "", "trust-path"), Also: or(signature, chain), check: func(a *attempt) error {
			return unless(!a.rp.settings.OnlyListed || a.listed(a.statement) != nil, "nobody has listed the model")
		}},
		faultStep("algorithm", signature), faultStep("signature", signature),
		faultStep("elsewhere", chain), faultStep("chain", chain), faultStep("signer", chain), faultStep("revoked", chain),
		faultStep("number", mdsService("3.2", "number")),
		{Name: "reg/metadata/status", Clause: mdsService("3.1.4", "status"), check: unbroken(broken, concerns), lax: []laxity{
			{name: "only-revoked", check: unbroken(func(status string) bool { return status == "REVOKED" }, concerns)},
			{name: "only-compromised", check: unbroken(func(status string) bool { return status != "REVOKED" && broken(status) }, concerns)},
			{name: "only-whole-models", check: unbroken(broken, func(r report, _ *x509.Certificate) bool { return len(r.certificates) == 0 }), clause: batch},
			{name: "only-certificates-sent", check: unbroken(broken, func(r report, sent *x509.Certificate) bool {
				return len(r.certificates) == 0 || slices.ContainsFunc(r.certificates, sent.Equal)
			}), clause: batch},
		}},
	}
}

// faultStep refuses models of lists with a fault.
func faultStep(fault string, clause conformance.Clause) Step {
	return Step{Name: "reg/metadata/list-" + fault, Clause: clause, check: func(a *attempt) error {
		if known := a.listed(a.statement); known != nil {
			return known.faults[fault]
		}
		return nil
	}}
}

// listed is what metadata says of the model that a statement is of: by the AAGUID, or by the key of the certificate where that is
// zero. It is nil where nothing is said.
func (a *attempt) listed(s *statement) *model {
	known := a.rp.settings.Metadata
	switch {
	case known == nil:
		return nil
	case a.data.aaguid != uuid.Nil:
		return known.models[a.data.aaguid]
	case s.chain == nil:
		return nil
	}
	return known.keys[keyIdentifier(s.leaf())]
}

// unbroken refuses models with a status that speaks against them, in a report that concerns a certificate of the statement.
func unbroken(against func(status string) bool, concerns func(report, *x509.Certificate) bool) func(*attempt) error {
	return func(a *attempt) error {
		known := a.listed(a.statement)
		if known == nil || !a.rp.settings.OnlyListed {
			return nil
		}
		for _, r := range known.reports {
			if against(r.status) && slices.ContainsFunc(a.statement.chain, func(c *x509.Certificate) bool { return concerns(r, c) }) {
				return errors.New("the model has the status " + r.status)
			}
		}
		return nil
	}
}

func broken(status string) bool {
	return slices.Contains([]string{
		"REVOKED", "RETIRED", "USER_VERIFICATION_BYPASS", "ATTESTATION_KEY_COMPROMISE", "USER_KEY_REMOTE_COMPROMISE", "USER_KEY_PHYSICAL_COMPROMISE",
	}, status)
}

// concerns reports whether a report is on the whole model, on a certificate's key, or on who has issued the certificate.
func concerns(r report, sent *x509.Certificate) bool {
	return len(r.certificates) == 0 || slices.ContainsFunc(r.certificates, func(c *x509.Certificate) bool {
		return bytes.Equal(c.RawSubjectPublicKeyInfo, sent.RawSubjectPublicKeyInfo) || sent.CheckSignatureFrom(c) == nil
	})
}

// unnamed accepts what has no AAGUID: its model was not looked for by its key, and one that nobody knows leads nowhere.
func unnamed(a *attempt) error {
	if a.rp.settings.Metadata != nil && a.data.aaguid == uuid.Nil {
		return nil
	}
	return trusting(pathTo(exactly))(a)
}
