package rpcases

import (
	"bytes"
	"context"
	"slices"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// registersRS1 registers a key for RS1, which no authenticator here has: it is an RSA key whose COSE_Key and statement say RS1,
// and whose signatures are by SHA-1.
func registersRS1(ctx context.Context, b *Bench) error {
	if err := (Registration{}).control(ctx, b); err != nil {
		return err
	}
	p := b.Person(models(attestingItself, only(cose.RS256)))
	claim := Lie{
		Is: "a key for RS1", Sign: signSHA1,
		Client: client.Misbehaviour{Algorithms: []cose.Algorithm{cose.RS256}},
		Device: virtualauth.Misbehaviour{EditAuthData: saysRS1, Attestation: attestation.Misbehaviour{Algorithm: cose.RS1}},
	}
	answer, err := p.Registers(ctx, Ask{Attestation: "direct"}, claim)
	if err != nil {
		return conformance.Control("registration with a key for RS1", err)
	}
	if err := b.MustAccept("registration with a key for RS1", answer); err != nil {
		return err
	}
	b.Advise("keys for RS1 are offered and accepted: SHA-1 is broken")
	answer, err = p.SignsIn(ctx, Ask{}, Lie{Is: "a signature for RS1", Sign: signSHA1})
	if err != nil {
		return conformance.Control("sign-in with a key for RS1", err)
	}
	return b.MustAccept("sign-in with a key for RS1", answer)
}

// saysRS1 writes RS1 (-65535) over RS256 (-257), which is as long.
func saysRS1(honest []byte) []byte {
	says := func(a cose.Algorithm) []byte { return slices.Concat(labelAlgorithm, cborInt(int64(a))) }
	return bytes.Replace(honest, says(cose.RS256), says(cose.RS1), 1)
}
