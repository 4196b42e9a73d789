package mutants

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// statement is one attestation statement (WebAuthn L3 §8), and what has been read of it.
type statement struct {
	format  string
	raw     cbor.RawMessage
	members map[string]cbor.RawMessage

	algorithm    cose.Algorithm
	hasAlgorithm bool
	signature    []byte
	// chain is x5c, the attestation certificate first; nil when there is none.
	chain []*x509.Certificate

	tpm         tpmStatement
	description keyDescription
	safetyNet   safetyNet
	parts       []*statement // of a compound one
}

func (s *statement) leaf() *x509.Certificate { return s.chain[0] }

// readMembers reads the map, and alg as far as there is one.
func (s *statement) readMembers() error {
	if !isMap(s.raw) || decoding.Unmarshal(s.raw, &s.members) != nil {
		return errors.New("the statement is no map with keys of text")
	}
	var algorithm int64
	if isNumber(s.members["alg"]) && decoding.Unmarshal(s.members["alg"], &algorithm) == nil {
		s.algorithm, s.hasAlgorithm = cose.Algorithm(algorithm), true
	}
	return nil
}

func (s *statement) bytes(name string) ([]byte, error) {
	var value []byte
	if !isBytes(s.members[name]) || decoding.Unmarshal(s.members[name], &value) != nil {
		return nil, fmt.Errorf("%s is no byte string", name)
	}
	return value, nil
}

func (s *statement) readSignature() (err error) {
	s.signature, err = s.bytes("sig")
	return err
}

// readChain reads x5c, which must be there.
func (s *statement) readChain() error {
	var list []cbor.RawMessage
	if !isArray(s.members["x5c"]) || decoding.Unmarshal(s.members["x5c"], &list) != nil {
		return errors.New("x5c is no list")
	}
	encoded := make([][]byte, len(list))
	for i, one := range list {
		if !isBytes(one) || decoding.Unmarshal(one, &encoded[i]) != nil {
			return errors.New("x5c has something else than byte strings")
		}
	}
	return s.parseChain(encoded)
}

func (s *statement) parseChain(encoded [][]byte) error {
	for _, der := range encoded {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return fmt.Errorf("x5c: %w", err)
		}
		s.chain = append(s.chain, certificate)
	}
	return unless(len(encoded) > 0, "x5c is empty")
}

// byLeaf verifies a signature of the attestation certificate's key.
func (s *statement) byLeaf(message []byte) error {
	return verification{s.leaf().PublicKey, s.algorithm, message, s.signature}.verify()
}

var (
	oidModel          = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 4} // id-fido-gen-ce-aaguid
	oidAlternative    = asn1.ObjectIdentifier{2, 5, 29, 17}                     // subject alternative name
	errOtherPublicKey = errors.New("the certificate is for another key than the credential's")
)

// extension returns the value of a certificate's extension; nil when there is none.
func extension(certificate *x509.Certificate, id asn1.ObjectIdentifier) (value []byte, critical bool) {
	for _, e := range certificate.Extensions {
		if e.Id.Equal(id) {
			return e.Value, e.Critical
		}
	}
	return nil, false
}

// modelOf is the extension with the AAGUID in a statement's certificate; nil when there is none: such a certificate speaks for a
// root that serves one model.
func modelOf(s *statement) ([]byte, bool) {
	if s.chain == nil {
		return nil, false
	}
	return extension(s.leaf(), oidModel)
}

// modelStep compares that extension with authenticator data, for the formats that have it (WebAuthn L3 §8.2, §8.3).
func modelStep(format, section string) Step {
	return Step{Name: format + "/certificate/aaguid", Clause: l3(section, format+"-aaguid"), check: of(format, func(a *attempt, s *statement) error {
		value, _ := modelOf(s)
		return unless(value == nil || bytes.HasSuffix(value, a.data.aaguid[:]), "the certificate is for another model")
	})}
}

// trustSteps are §7.1 steps 23 and 24.
func trustSteps() []Step {
	return []Step{
		{Name: "reg/trust/chain", Clause: registering.clause("24", "", "trust-path"), check: trusting(pathTo(exactly)), lax: []laxity{
			{name: "any-time", check: trusting(pathTo(anyTime))},
			{name: "root-of-that-name", check: trusting(rootOfThatName)},
			{name: "unknown-critical", check: trusting(pathTo(overlookingCritical)), clause: rfc("5280", "4.2", "unknown-critical")},
			{name: "any-authority", check: trusting(signedByNext)},
			{name: "unnamed-model", check: unnamed, clause: mdsService("3.1.1", "key-identifiers")},
		}},
		{Name: "reg/trust/required", Clause: registering.clause("24", "", "none-acceptable"), Also: or(registering.clause("24", "", "self-acceptable")), check: func(a *attempt) error {
			return unless(!a.rp.settings.AttestationRequired || a.statement.chain != nil, "a statement that leads to a root is required")
		}},
	}
}

// roots are the anchors for the model of a statement; nil when there are none (§7.1 step 23).
func (a *attempt) roots(s *statement) *x509.CertPool {
	if a.rp.settings.Metadata == nil {
		return a.rp.settings.Roots
	}
	if known := a.listed(s); known != nil {
		return known.roots
	}
	return nil
}

// trusting holds the certificates of a statement, or of each part of a compound one, against the roots. What has no
// certificates has nothing to lead anywhere.
func trusting(leads func(*attempt, *statement) error) func(*attempt) error {
	return func(a *attempt) error {
		for _, s := range append([]*statement{a.statement}, a.statement.parts...) {
			if known := a.listed(s); s.chain != nil && known != nil && known.roots == nil {
				return errors.New("the model attests to itself, and this is a chain")
			}
			if s.chain == nil || a.roots(s) == nil { // it leads nowhere, or nobody has said where to
				continue
			}
			if err := leads(a, s); err != nil {
				return err
			}
		}
		return nil
	}
}

// pathTo verifies the path to the roots at the relying party's time (RFC 5280 §6.1), after a change of the question.
func pathTo(change func(*x509.Certificate, *x509.VerifyOptions)) func(*attempt, *statement) error {
	return func(a *attempt, s *statement) error {
		leaf := *s.leaf()
		options := x509.VerifyOptions{
			Roots: a.roots(s), Intermediates: x509.NewCertPool(), CurrentTime: a.rp.settings.Now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
		}
		for _, certificate := range s.chain[1:] {
			options.Intermediates.AddCert(certificate)
		}
		// What has been read is no longer unhandled: the AAGUID, and the name of a TPM (WebAuthn L3 §8.3.1).
		leaf.UnhandledCriticalExtensions = slices.DeleteFunc(slices.Clone(leaf.UnhandledCriticalExtensions),
			func(id asn1.ObjectIdentifier) bool {
				return id.Equal(oidModel) || s.format == "tpm" && id.Equal(oidAlternative)
			})
		change(&leaf, &options)
		_, err := leaf.Verify(options)
		return err
	}
}

func exactly(*x509.Certificate, *x509.VerifyOptions) {}

func anyTime(leaf *x509.Certificate, options *x509.VerifyOptions) {
	options.CurrentTime = leaf.NotBefore
}

func overlookingCritical(leaf *x509.Certificate, _ *x509.VerifyOptions) {
	leaf.UnhandledCriticalExtensions = nil
}

// rootOfThatName believes the issuer's name.
func rootOfThatName(a *attempt, s *statement) error {
	if err := pathTo(exactly)(a, s); err == nil {
		return nil
	}
	last := s.chain[len(s.chain)-1]
	//lint:ignore SA1019 the pool is one of ours, and never the system's
	for _, name := range a.roots(s).Subjects() {
		if bytes.Equal(name, last.RawIssuer) {
			return nil
		}
	}
	return errors.New("no root has the name of the issuer")
}

// signedByNext believes every chain whose certificates sign each other, wherever it leads.
func signedByNext(_ *attempt, s *statement) error {
	for i, certificate := range s.chain[1:] {
		signed := s.chain[i]
		if err := certificate.CheckSignature(signed.SignatureAlgorithm, signed.RawTBSCertificate, signed.Signature); err != nil {
			return err
		}
	}
	return nil
}
