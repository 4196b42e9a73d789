package rpcases

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"slices"

	"github.com/google/go-tpm/tpm2"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// attestationTPM is about statements of format tpm (WebAuthn L3 §8.3). Where a lie changes what the TPM says, another attestation
// key signs it, with a certificate of the same kind: signature and chain fit.
func attestationTPM() []Case {
	inTPM := statements(attestation.FormatTPM)
	return slices.Concat(
		tpmAccepted(inTPM),
		inTPM.refusals(attestation.FormatTPM, "8.3", must, tpmStatement()),
		inTPM.refusals(attestation.FormatTPM, "8.3", must, tpmKey()),
		rsaInTPM().refusals(attestation.FormatTPM, "8.3", must, []row{{
			"exponent", "S-FTP-020", "key", "a public area whose RSA exponent is not that of the credential is refused",
			[]Lie{stating("a public area with the exponent 3", attestation.Misbehaviour{Public: editPublic(func(p *tpm2.TPMTPublic) { setExponent(p, 3) })})},
		}}),
		inTPM.refusals(attestation.FormatTPM, "8.3.1", must, tpmCertificate()),
		tpmDecided(inTPM),
	)
}

// rsaInTPM is a registration with a credential for RS256 in the TPM, and an attestation key for it.
func rsaInTPM() Registration {
	r := statements(attestation.FormatTPM, func(m *virtualauth.Model) { m.Algorithms = []cose.Algorithm{cose.RS256} })
	r.Equip = withAIK(cose.RS256)
	return r
}

// tpmAccepted are the statements that are right, in the forms in which they occur.
func tpmAccepted(inTPM Registration) []Case {
	old := inTPM.telling(stating("an attestation key for RS1", attestation.Misbehaviour{OldAIK: true}))
	takes := []conformance.Capability{Attests, Takes(attestation.FormatTPM)}
	return []Case{
		{
			ID: "att/tpm/valid", Aliases: []string{"S-FTP-001"}, Level: optional, Clause: l3("8.3", "tpm-valid"),
			Needs: []conformance.Capability{Attests, Offers(cose.RS256)},
			Says:  "a statement of a TPM about a credential for RS256, by an attestation key for RS256, is accepted",
			Run:   valid(attestation.FormatTPM, rsaInTPM()),
		},
		{
			ID: "att/tpm/valid-p256", Aliases: []string{"S-FTP-004"}, Level: optional, Clause: l3("8.3", "tpm-valid"),
			Needs: []conformance.Capability{Attests},
			Says:  "a statement of a TPM about a credential for ES256, by an attestation key for ES256, is accepted",
			Run:   valid(attestation.FormatTPM, inTPM),
		},
		{
			ID: "att/tpm/valid-sha1", Aliases: []string{"S-FTP-002"}, Level: interop, Clause: l3("8.3", "tpm-valid"),
			Needs: takes, Says: "a statement of an old TPM, whose attestation key signs with SHA-1, is accepted, or dealt with as the relying party says",
			Run: byProfile(old.Accepted, byPolicy(func(p Policy) string { return p.SHA1 }, old.Refused, old.Accepted, old.Observed)),
		},
		{
			ID: "att/tpm/name-by-another-hash", Aliases: []string{"S-FTP-003"}, Level: policy, Clause: l3("8.3", "tpm-name"),
			Needs: takes, Says: "a key whose name is by SHA-1, as its public area says, is decided on",
			Run: inTPM.telling(stating("a public area with the name algorithm SHA-1", attestation.Misbehaviour{
				Public: editPublic(func(p *tpm2.TPMTPublic) { p.NameAlg = tpm2.TPMAlgSHA1 }),
			})).Observed,
		},
		{
			ID: "att/tpm/exponent-in-full", Aliases: []string{"S-FTP-020"}, Level: must, Clause: l3("8.3", "tpm-key"),
			Needs: append(takes, Offers(cose.RS256)), Says: "a public area that writes the exponent 65537 in full, instead of 0, is accepted",
			Run: rsaInTPM().telling(stating("a public area with the exponent 65537", attestation.Misbehaviour{
				Public: editPublic(func(p *tpm2.TPMTPublic) { setExponent(p, 65537) }),
			})).Accepted,
		},
		{
			ID: "att/tpm/name-in-one", Aliases: []string{"S-FTP-028"}, Level: must, Clause: l3("8.3.1", "tpm-san"),
			Needs: takes, Says: "an alternative name is understood with its three parts in one relative name, and in three",
			Run: inTPM.telling(stating("manufacturer, model and version in one relative name", attestation.Misbehaviour{JoinTPMName: true})).Accepted,
		},
	}
}

func setExponent(p *tpm2.TPMTPublic, exponent uint32) {
	if parameters, err := p.Parameters.RSADetail(); err == nil {
		changed := *parameters
		changed.Exponent = exponent
		p.Parameters = tpm2.NewTPMUPublicParms(tpm2.TPMAlgRSA, &changed)
	}
}

// tpmStatement is about the members of a statement, and about what certInfo says of the registration.
func tpmStatement() []row {
	type lie = attestation.Misbehaviour
	return []row{
		{
			"chain-reversed", "S-FTP-005", "signature", "a chain of certificates in the wrong order is refused",
			[]Lie{stating("x5c in reverse order", lie{ReverseChain: true})},
		},
		{
			"extra-data", "S-FTP-006", "extra-data", "a certification of something else than this registration is refused",
			[]Lie{
				stating("extraData that is the hash of something else", lie{WrongNonce: true}),
				stating("extraData that is the hash of other authenticator data", lie{Signed: attestation.OtherAuthData}),
				stating("extraData that is the hash of the client data hash alone", lie{Signed: attestation.OnlyTheHash}),
			},
		},
		{
			"magic", "S-FTP-007", "magic", "a certInfo that no TPM has generated is refused",
			[]Lie{stating("another magic number", lie{Magic: 0x00544347})},
		},
		{
			"version", "S-FTP-009", "syntax", "a statement of another version than 2.0 is refused",
			misplaced("ver", "1.2", "", 2, nil, []byte("2.0")),
		},
		{
			"algorithm", "S-FTP-010", "algorithm", "a statement without an algorithm that is known is refused",
			append(misplaced("alg", "RS256", nil, []byte{1}), stating("an algorithm that nobody knows", lie{Algorithm: -999})),
		},
		{
			"certificates", "S-FTP-011", "syntax", "a statement without certificates is refused: a TPM does not attest by the credential's key",
			misplaced("x5c", []any{}, nil, []byte{1}, "x", []any{"x"}),
		},
		{
			"signature", "S-FTP-012", "signature", "a statement that the attestation key has not signed is refused",
			append(misplaced("sig", "x", nil, []byte{}),
				stating("the signature of another key", lie{OtherKey: true}), stating("a spoilt signature", lie{BadSignature: true})),
		},
		{
			"cert-info", "S-FTP-013", "cert-info", "a certInfo that is no structure of a certification, from its first byte to its last, is refused",
			append(misplaced("certInfo", "x", nil, []byte{}),
				stating("a certInfo that lacks its last byte", lie{CertInfo: func(honest []byte) []byte { return honest[:len(honest)-1] }}),
				stating("a byte behind certInfo", lie{CertInfo: func(honest []byte) []byte { return append(bytes.Clone(honest), 0) }})),
		},
		{
			"type", "S-FTP-014", "type", "a certInfo that certifies no key is refused",
			[]Lie{stating("a certInfo of type quote", lie{Type: 0x8018}), stating("a certInfo of type creation", lie{Type: 0x801a})},
		},
		{
			"name", "S-FTP-015", "name", "a certification of another key than that of the public area is refused",
			[]Lie{
				stating("another hash in the name", lie{Name: func(n []byte) []byte { n = bytes.Clone(n); n[len(n)-1] ^= 1; return n }}),
				stating("an empty name", lie{Name: func([]byte) []byte { return []byte{} }}),
				stating("a name without its algorithm", lie{Name: func(n []byte) []byte { return n[2:] }}),
			},
		},
		{
			"name-algorithm", "S-FTP-016", "name", "a name that was computed with another hash than the public area names is refused",
			[]Lie{
				stating("a name that says SHA-1", lie{Name: func(n []byte) []byte { return slices.Concat([]byte{0, 4}, n[2:22]) }}),
				stating("a name that says SHA-384", lie{Name: func(n []byte) []byte { return slices.Concat([]byte{0, 12}, n[2:], n[2:18]) }}),
			},
		},
		{
			"extra-data-hash", "S-FTP-033", "extra-data", "extraData that was hashed by another algorithm than that of alg is refused",
			[]Lie{stating("extraData by SHA-384", lie{NonceHash: crypto.SHA384}), stating("extraData by SHA-1", lie{NonceHash: crypto.SHA1})},
		},
	}
}

// tpmKey is about the public area, which must be that of the credential. The name fits each.
func tpmKey() []row {
	type lie = attestation.Misbehaviour
	return []row{
		{
			"another-key", "S-FTP-008", "key", "a certification of another key than the credential's is refused",
			[]Lie{stating("another point", lie{Public: editPublic(func(p *tpm2.TPMTPublic) {
				g := elliptic.P256().Params()
				p.Unique = tpm2.NewTPMUPublicID(tpm2.TPMAlgECC, &tpm2.TPMSECCPoint{
					X: tpm2.TPM2BECCParameter{Buffer: g.Gx.Bytes()}, Y: tpm2.TPM2BECCParameter{Buffer: g.Gy.Bytes()},
				})
			})})},
		},
		{
			"public-area", "S-FTP-017", "public-area", "a public area that is no structure of a key, from its first byte to its last, is refused",
			append(misplaced("pubArea", "x", nil, []byte{}),
				stating("a public area that lacks its last byte", lie{Public: func(honest []byte) []byte { return honest[:len(honest)-1] }}),
				stating("a byte behind the public area", lie{Public: func(honest []byte) []byte { return append(bytes.Clone(honest), 0) }})),
		},
		{
			"key-type", "S-FTP-018", "key", "a public area of RSA for a credential on a curve is refused",
			[]Lie{stating("a public area of RSA", lie{Public: func([]byte) []byte {
				return tpm2.Marshal(&tpm2.TPMTPublic{
					Type: tpm2.TPMAlgRSA, NameAlg: tpm2.TPMAlgSHA256,
					Parameters: tpm2.NewTPMUPublicParms(tpm2.TPMAlgRSA, &tpm2.TPMSRSAParms{KeyBits: 2048}),
					Unique:     tpm2.NewTPMUPublicID(tpm2.TPMAlgRSA, &tpm2.TPM2BPublicKeyRSA{Buffer: bytes.Repeat([]byte{0xc5}, 256)}),
				})
			}})},
		},
		{
			"curve", "S-FTP-019", "key", "a public area on another curve than the credential's is refused",
			[]Lie{stating("a public area that says P-384", lie{Public: editPublic(func(p *tpm2.TPMTPublic) {
				p.Parameters = tpm2.NewTPMUPublicParms(tpm2.TPMAlgECC, &tpm2.TPMSECCParms{CurveID: tpm2.TPMECCNistP384})
			})})},
		},
	}
}

// tpmCertificate is about the certificate of the attestation key (WebAuthn L3 §8.3.1).
func tpmCertificate() []row {
	type lie = attestation.Misbehaviour
	empty := ""
	return []row{
		{
			"certificate-version", "S-FTP-023", "certificate-version", "an attestation key's certificate of X.509 version 1 is refused",
			[]Lie{stating("a certificate of version 1", lie{Version1: true})},
		},
		{
			"certificate-subject", "S-FTP-024", "subject", "an attestation key's certificate with a subject is refused",
			[]Lie{stating("a certificate with a subject", lie{AIKSubject: true})},
		},
		{
			"alternative-name-missing", "S-FTP-025", "san", "an attestation key's certificate that names no TPM is refused",
			[]Lie{stating("a certificate without alternative name", lie{OmitSAN: true})},
		},
		{
			"alternative-name-incomplete", "S-FTP-027", "san", "an attestation key's certificate that names manufacturer, model or version of the TPM not is refused",
			[]Lie{
				stating("a certificate without the TPM's model", lie{OmitTPMModel: true}), stating("a certificate without the TPM's version", lie{OmitTPMVersion: true}),
				stating("a certificate without the TPM's manufacturer", lie{Manufacturer: &empty}),
			},
		},
		{
			"usage", "S-FTP-029", "usage", "an attestation key's certificate without the usage of attestation keys is refused",
			[]Lie{stating("a certificate without tcg-kp-AIKCertificate", lie{OmitAIKUsage: true})},
		},
		{
			"certificate-authority", "S-FTP-030", "basic-constraints", "an attestation key's certificate that is an authority's is refused",
			[]Lie{stating("a certificate of an authority", lie{CA: true})},
		},
		{
			"aaguid", "S-FTP-031", "aaguid", "an attestation key's certificate for another model is refused",
			[]Lie{stating("another AAGUID in the certificate", lie{AAGUID: otherAAGUID[:]})},
		},
	}
}

// tpmDecided are the cases that the relying party decides.
func tpmDecided(inTPM Registration) []Case {
	type lie = attestation.Misbehaviour
	unlisted := "id:00000000"
	nobody := inTPM.telling(stating("the manufacturer id:00000000", lie{Manufacturer: &unlisted}))
	takes := []conformance.Capability{Attests, Takes(attestation.FormatTPM)}
	return []Case{
		{
			ID: "att/tpm/attributes", Aliases: []string{"S-FTP-021"}, Level: policy, Clause: l3("8.3", "tpm-attributes"),
			Needs: takes, Says: "a key that the TPM would not let sign, or would let decrypt as well, is decided on",
			Run: inTPM.telling(
				stating("a public area without the attribute sign", lie{Public: editPublic(func(p *tpm2.TPMTPublic) { p.ObjectAttributes.SignEncrypt = false })}),
				stating("a public area with the attribute decrypt", lie{Public: editPublic(func(p *tpm2.TPMTPublic) { p.ObjectAttributes.Decrypt = true })}),
			).Observed,
		},
		{
			ID: "att/tpm/scheme", Aliases: []string{"S-FTP-022"}, Level: policy, Clause: l3("8.3", "tpm-scheme"),
			Needs: takes, Says: "a key with a symmetric algorithm, or for another scheme than it signs with, is decided on",
			Run: inTPM.telling(
				stating("a public area with a symmetric algorithm", lie{Public: editPublic(func(p *tpm2.TPMTPublic) {
					p.Parameters = tpm2.NewTPMUPublicParms(tpm2.TPMAlgECC, &tpm2.TPMSECCParms{CurveID: tpm2.TPMECCNistP256, Symmetric: tpm2.TPMTSymDefObject{
						Algorithm: tpm2.TPMAlgAES, KeyBits: tpm2.NewTPMUSymKeyBits(tpm2.TPMAlgAES, tpm2.TPMKeyBits(128)), Mode: tpm2.NewTPMUSymMode(tpm2.TPMAlgAES, tpm2.TPMAlgCFB),
					}})
				})}),
				stating("a public area for ECDSA with SHA-384", lie{Public: editPublic(func(p *tpm2.TPMTPublic) {
					p.Parameters = tpm2.NewTPMUPublicParms(tpm2.TPMAlgECC, &tpm2.TPMSECCParms{CurveID: tpm2.TPMECCNistP256, Scheme: tpm2.TPMTECCScheme{
						Scheme: tpm2.TPMAlgECDSA, Details: tpm2.NewTPMUAsymScheme(tpm2.TPMAlgECDSA, &tpm2.TPMSSigSchemeECDSA{HashAlg: tpm2.TPMAlgSHA384}),
					}})
				})}),
			).Observed,
		},
		{
			ID: "att/tpm/manufacturer", Aliases: []string{"S-FTP-026"}, Level: policy, Clause: l3("8.3.1", "tpm-manufacturer"),
			Needs: takes, Says: "a TPM of a manufacturer that the TCG has not listed is dealt with as the relying party says",
			Run: byPolicy(func(p Policy) string { return p.UnlistedTPMs }, nobody.Refused, nobody.Accepted, nobody.Observed),
		},
		{
			ID: "att/tpm/unknown-root", Aliases: []string{"S-FTP-032"}, Level: policy, Clause: reg("24", "trust-path"),
			Needs: append(takes, TrustsLab), Says: "a TPM whose chain leads to no known root is dealt with as the relying party says", Run: fromNowhere(inTPM),
		},
	}
}
