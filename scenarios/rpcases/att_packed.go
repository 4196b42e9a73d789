package rpcases

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// attestationPacked is about packed attestation with certificates (WebAuthn L3 §8.2): the statement's members, and what signs.
// Where the suite's authority is not trusted, such statements may be refused as such; these cases are skipped then.
func attestationPacked() []Case {
	syntax, signature := l3("8.2", "packed-syntax"), l3("8.2", "packed-signature")
	return packedCases([]Case{
		{
			ID: "att/packed/honest", Aliases: []string{"S-FPF-001", "S-FPF-002", "S-FPF-004"}, Level: must, Clause: reg("24", "trust-path"),
			Needs: []conformance.Capability{TrustsLab},
			Says:  "a statement with a certificate and its issuer's, up to a trusted root with critical basic constraints, is accepted",
			Run:   packedWith(Lie{Is: "a chain to the trusted root", Message: seenCertificates(2)}).Accepted,
		},
		{
			ID: "att/packed/signature", Aliases: []string{"S-FPF-006"}, Level: must, Clause: signature,
			Says: "a statement whose signature does not verify is refused",
			Run:  packedWith(statementLie("a spoilt signature", attestation.Misbehaviour{BadSignature: true})).Refused,
		},
		{
			ID: "att/packed/no-certificates", Aliases: []string{"S-FPF-007"}, Level: must, Clause: l3("8.2", "packed-self"),
			Says: "a statement whose certificates were taken away is refused",
			Run:  packedWith(statementLie("no x5c", attestation.Misbehaviour{Omit: []string{"x5c"}})).Refused,
		},
		{
			ID: "att/packed/certificates-of-another-kind", Aliases: []string{"S-FPF-008"}, Level: must, Clause: syntax,
			Says: "a statement whose x5c is no array is refused",
			Run:  packedWith(otherKinds("x5c", kindArray, statementWith("x5c"))...).Swept,
		},
		{
			ID: "att/packed/certificates-empty", Aliases: []string{"S-FPF-009"}, Level: must, Clause: syntax,
			Says: "a statement whose x5c is empty is refused",
			Run:  packedWith(statementLie("an empty x5c", attestation.Misbehaviour{Set: map[string]any{"x5c": []any{}}})).Refused,
		},
		{
			ID: "att/packed/certificate-of-another-kind", Aliases: []string{"S-FPF-033"}, Level: must, Clause: syntax,
			Says: "a statement with something else than byte strings among its certificates is refused",
			Run:  packedWith(slices.Concat(otherKinds("the first certificate", kindBytes, certificateAt(0)), otherKinds("the second certificate", kindBytes, certificateAt(1)))...).Swept,
		},
		{
			ID: "att/packed/certificate-broken", Aliases: []string{"S-FPF-034"}, Level: must, Clause: syntax,
			Says: "a certificate that is empty, cut, or followed by a byte is refused",
			Run: packedWith(
				renamed("an empty certificate", certificateAt(0)(cborBytes(nil))),
				statementLie("a certificate without its last byte", attestation.Misbehaviour{Leaf: attestation.Truncated}),
				statementLie("a certificate with a byte behind it", attestation.Misbehaviour{Leaf: attestation.Trailing}),
			).Refused,
		},
		{
			ID: "att/packed/certificate-pem", Aliases: []string{"S-FPF-035"}, Level: must, Clause: syntax,
			Says: "a certificate in PEM is refused",
			Run:  packedWith(statementLie("a certificate in PEM", attestation.Misbehaviour{Leaf: attestation.PEM})).Refused,
		},
		{
			ID: "att/packed/certificates-reversed", Aliases: []string{"S-FPF-015"}, Level: must, Clause: syntax,
			Says: "a chain in the wrong order is refused",
			Run:  packedWith(statementLie("the issuer's certificate in front", attestation.Misbehaviour{ReverseChain: true})).Refused,
		},
		{
			ID: "att/packed/by-another-key", Aliases: []string{"S-FPF-017"}, Level: must, Clause: signature,
			Says: "a signature by another key than the certificate's is refused",
			Run:  packedWith(statementLie("a signature by nobody's key", attestation.Misbehaviour{OtherKey: true})).Refused,
		},
		{
			ID: "att/packed/by-credential-key", Aliases: []string{"S-FPF-018"}, Level: must, Clause: signature,
			Says: "a signature by the credential's key in the place of the certificate's is refused",
			Run:  packedWith(statementLie("a signature by the credential's key", attestation.Misbehaviour{CredentialKey: true})).Refused,
		},
		{
			ID: "att/packed/algorithm-of-another", Aliases: []string{"S-FPF-044"}, Level: must, Clause: signature,
			Says: "an alg that is not of the certificate's key is refused",
			Run: packedWith(
				statementLie("alg of RS256 for an elliptic key", attestation.Misbehaviour{Algorithm: cose.RS256}),
				statementLie("alg of EdDSA for an elliptic key", attestation.Misbehaviour{Algorithm: cose.EdDSA}),
				statementLie("alg of ES384 for a signature with SHA-256", attestation.Misbehaviour{Algorithm: cose.ES384}),
			).Refused,
		},
		{
			ID: "att/packed/raw-signature", Aliases: []string{"S-FPF-049"}, Level: must, Clause: l3("6.5.5", "signature-form"),
			Says: "an elliptic signature that is r and s without DER is refused",
			Run:  packedWith(statementLie("a signature of 64 bytes", attestation.Misbehaviour{RawSignature: true})).Refused,
		},
		{
			ID: "att/packed/by-ed25519", Aliases: []string{"S-FPF-050"}, Level: optional, Clause: signature, Needs: slices.Concat(needs(cose.EdDSA), []conformance.Capability{TrustsLab}),
			Says: "a statement by an Ed25519 key is accepted where the algorithm is offered",
			Run:  attestedBy(cose.EdDSA),
		},
		{
			ID: "att/packed/by-rsa", Aliases: []string{"S-FPF-051"}, Level: optional, Clause: signature, Needs: slices.Concat(needs(cose.RS256), []conformance.Capability{TrustsLab}),
			Says: "a statement by an RSA key is accepted where RS256 is offered",
			Run:  attestedBy(cose.RS256),
		},
		{
			ID: "att/packed/by-rs1", Aliases: []string{"S-FPF-045"}, Level: policy, Clause: signature,
			Says: "a statement whose signature is over a hash of SHA-1 is decided on",
			Run:  Registration{Ask: Ask{Attestation: "direct"}, Model: chainAttested}.beside(attestingBy(cose.RS1)),
		},
	})
}

// packedCases need a relying party that asks for attestation, and are skipped where it trusts nobody.
func packedCases(cases []Case) []Case {
	for i := range cases {
		cases[i].Needs = append(cases[i].Needs, Attests)
		cases[i].Run = chained(cases[i].Run)
	}
	return cases
}

// packedWith are registrations by a device that attests with certificates of the suite's authority, with lies about it.
func packedWith(lies ...Lie) Registration {
	return Registration{Ask: Ask{Attestation: "direct"}, Model: chainAttested, Lies: lies}
}

// attestedBy wants a statement by a key for an algorithm to be accepted, unless the relying party does not verify such statements:
// options say which algorithms credentials may have, and not attestation keys.
func attestedBy(algorithm cose.Algorithm) Run {
	return func(ctx context.Context, b *Bench) error {
		r := attestingBy(algorithm)
		if err := (Registration{Ask: r.Ask, Model: chainAttested}).control(ctx, b); err != nil {
			return err
		}
		answer, err := b.Person(r.Model, r.Equip).Registers(ctx, r.Ask, Lie{})
		if err != nil {
			return conformance.Control("registration", err)
		}
		if answer.Outcome.Refuses() {
			return conformance.Skip("the server does not take statements by a key for %s: %s", algorithm, answer)
		}
		return r.Accepted(ctx, b)
	}
}

// attestingBy is a registration whose attestation key is for an algorithm.
func attestingBy(algorithm cose.Algorithm) Registration {
	return Registration{Ask: Ask{Attestation: "direct"}, Lie: Lie{Is: fmt.Sprintf("a statement by a key for %v", algorithm)}, Model: func(m *virtualauth.Model) {
		chainAttested(m)
		m.AttestationKey = algorithm
	}}
}

// chainAttested is of the model that OnlyLabModels allows, and attests with a certificate of the suite's authority.
func chainAttested(m *virtualauth.Model) {
	m.AAGUID, m.Attestation, m.AttestationType = LabAAGUID, attestation.FormatPacked, attestation.Basic
}

// chained skips a case about certificates where the honest twin is refused and nobody says that the suite's authority is trusted.
func chained(run Run) Run {
	return func(ctx context.Context, b *Bench) error {
		err := run(ctx, b)
		inconclusive, mismatch := new(conformance.Inconclusive), new(conformance.Mismatch)
		if !b.Has.Has(TrustsLab) && errors.As(err, &inconclusive) && errors.As(err, &mismatch) && !mismatch.Broke && mismatch.What == "honest registration" {
			return conformance.Skip("the relying party refuses statements of an authority that it does not know (policy.trustsLab)")
		}
		return err
	}
}

// beside wants another registration to be decided on, whichever way, after the twin.
func (r Registration) beside(other Registration) Run {
	return func(ctx context.Context, b *Bench) error {
		if err := r.control(ctx, b); err != nil {
			return err
		}
		for _, lie := range other.lies() {
			answer, err := b.Person(other.Model, other.Equip).Registers(ctx, other.Ask, lie)
			if err != nil {
				return conformance.Control("registration with "+lie.Is, err)
			}
			if err := b.MustDecide("registration with "+lie.Is, answer); err != nil {
				return err
			}
		}
		return conformance.Control("an honest registration afterwards", r.control(ctx, b))
	}
}

// certificateAt are lies that put an item in the place of a certificate.
func certificateAt(index int) func(item []byte) Lie {
	return func(item []byte) Lie {
		return Lie{Message: editCertificates(func(chain [][]byte) [][]byte {
			chain[index] = item
			return chain
		})}
	}
}

func renamed(is string, lie Lie) Lie {
	lie.Is = is
	return lie
}

// editCertificates is a lie about the items of x5c.
func editCertificates(edit func([][]byte) [][]byte) func(*Message) error {
	return editStatement(func(s []cborPair) []cborPair {
		return withPair(s, cborText("x5c"), cborArray(edit(cborItems(pairValue(s, cborText("x5c"))))))
	})
}

// seenCertificates lets a response pass whose statement has so many certificates.
func seenCertificates(want int) func(*Message) error {
	return func(m *Message) error {
		got := -1
		if err := editCertificates(func(chain [][]byte) [][]byte {
			got = len(chain)
			return chain
		})(m); err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("%w: a statement with %d certificates", errNotTold, got)
		}
		return nil
	}
}
