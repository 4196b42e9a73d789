package rpcases

import (
	"crypto/elliptic"
	"slices"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// attestationU2F is about statements of format fido-u2f (WebAuthn L3 §8.6). The key does not verify users, and has no AAGUID.
func attestationU2F() []Case {
	key := u2fKey()
	takes := []conformance.Capability{Attests, Takes(attestation.FormatFIDOU2F)}
	model := key.telling(Lie{Is: "an AAGUID that is not zero", Device: virtualauth.Misbehaviour{AAGUID: &otherAAGUID}})
	return slices.Concat(
		[]Case{
			{
				ID: "att/fido-u2f/valid", Aliases: []string{"S-FU2-001"}, Level: optional, Clause: l3("8.6", "fido-u2f-valid"),
				Needs: []conformance.Capability{Attests}, Says: "a registration of a key from before FIDO2 is accepted", Run: valid(attestation.FormatFIDOU2F, key),
			},
			{
				ID: "att/fido-u2f/aaguid", Aliases: []string{"S-FU2-002"}, Level: interop, Clause: l3("8.6", "fido-u2f-aaguid"),
				Needs: takes, Says: "an AAGUID beside a statement of U2F is refused under the profile fido, and accepted under the others: WebAuthn's own vector has one",
				Run: byProfile(model.Refused, model.Accepted),
			},
		},
		key.refusals(attestation.FormatFIDOU2F, "8.6", must, u2fStatement()),
		key.refusals(attestation.FormatFIDOU2F, "8.6", must, []row{u2fCoordinates()}),
		[]Case{
			{
				ID: "att/fido-u2f/credential-on-p384", Aliases: []string{"S-FU2-008"}, Level: must, Clause: l3("8.6", "fido-u2f-point"),
				Needs: append(takes, Offers(cose.ES384)), Says: "a credential on P-384 with a statement of U2F, which knows P-256 alone, is refused",
				Run: key.telling(pointing("a key on P-384", cose.ES384, 2, p384Point())).Refused,
			},
			{
				ID: "att/fido-u2f/verified", Aliases: []string{"S-FU2-012"}, Level: policy, Clause: l3("6.1", "fido-u2f-verified"),
				Needs: takes, Says: "a key of U2F that says it has verified its user, which it cannot, is decided on",
				Run: key.telling(Lie{Is: "UV set", Device: virtualauth.Misbehaviour{ClaimUV: true}}).Observed,
			},
		},
	)
}

// u2fStatement is about the statement's members and what was signed.
func u2fStatement() []row {
	type lie = attestation.Misbehaviour
	return []row{
		{
			"signature", "S-FU2-003", "signature", "a statement that the attestation key has not signed is refused",
			[]Lie{
				stating("a spoilt signature", lie{BadSignature: true}), stating("the signature of another key", lie{OtherKey: true}),
				stating("the signature of the credential's key", lie{CredentialKey: true}),
			},
		},
		{
			"two-certificates", "S-FU2-004", "one-certificate", "a statement with more than one certificate is refused",
			[]Lie{stating("the certificate twice", lie{RepeatLeaf: true}), stating("a second certificate", lie{ExtraCertificate: true})},
		},
		{"certificates", "S-FU2-005", "one-certificate", "a statement without a certificate is refused", misplaced("x5c", []any{}, nil, []byte{1}, "x")},
		{
			"certificate-key", "S-FU2-006", "certificate-key", "an attestation key that is not on P-256 is refused",
			[]Lie{stating("an attestation key on P-384", lie{P384: true}), stating("an attestation key for RSA", lie{RSAKey: true})},
		},
		{
			"reserved-byte", "S-FU2-009", "verification-data", "a signature of data without the zero that they begin with is refused",
			[]Lie{stating("no zero byte in front", lie{OmitReserved: true})},
		},
		{
			"rp-id-hash", "S-FU2-010", "verification-data", "a signature for another RP ID than that of authenticator data is refused",
			[]Lie{stating("another RP ID hash in what was signed", lie{OtherRPID: true})},
		},
		{"signature-missing", "S-FU2-011", "syntax", "a statement without a signature is refused", misplaced("sig", "x", nil, []byte{})},
	}
}

// u2fCoordinates is about keys whose coordinates are not of 32 bytes. What was signed is 0x04, x and y, as they stand there.
func u2fCoordinates() row {
	g := elliptic.P256().Params()
	x, y := g.Gx.Bytes(), g.Gy.Bytes()
	long := func(b []byte) []byte { return append([]byte{0}, b...) }
	return row{
		"coordinates", "S-FU2-007", "point", "a credential key whose coordinates do not have 32 bytes is refused",
		[]Lie{
			pointing("x of 33 bytes", cose.ES256, 1, [2][]byte{long(x), y}), pointing("y of 33 bytes", cose.ES256, 1, [2][]byte{x, long(y)}),
			pointing("x of 31 bytes", cose.ES256, 1, [2][]byte{x[1:], y}), pointing("y of 31 bytes", cose.ES256, 1, [2][]byte{x, y[1:]}),
			pointing("x of no bytes", cose.ES256, 1, [2][]byte{{}, y}), pointing("no y", cose.ES256, 1, [2][]byte{x, nil}),
		},
	}
}

func p384Point() [2][]byte {
	g := elliptic.P384().Params()
	return [2][]byte{g.Gx.FillBytes(make([]byte, 48)), g.Gy.FillBytes(make([]byte, 48))}
}

// pointing is a lie about the credential's key in authenticator data: a point as a COSE_Key has it, nil for a coordinate that is
// left out. The U2F key signs that point.
func pointing(is string, algorithm cose.Algorithm, curve int, point [2][]byte) Lie {
	key := map[int]any{1: 2, 3: int(algorithm), -1: curve}
	for i, coordinate := range point {
		if coordinate != nil {
			key[-2-i] = coordinate
		}
	}
	encoded, err := ctap2.Marshal(key)
	if err != nil {
		panic(err) // integers and byte strings: right on every run or wrong on every run
	}
	return Lie{Is: "a credential key with " + is, Device: virtualauth.Misbehaviour{
		PublicKey: encoded, Attestation: attestation.Misbehaviour{Point: slices.Concat([]byte{4}, point[0], point[1])},
	}}
}
